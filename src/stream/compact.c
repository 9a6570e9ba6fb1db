/*
 * A mask says which of 4, 8 or 16 neighbours stay. They are moved to the front of a vector, all of it is
 * stored, and the next one begins behind those that stay:
 *
 *     from    a  b  c  d | e  f  g  h        to    b  d  .  .
 *     mask    0  1  0  1 | 1  1  0  0                    e  f  .  .
 *
 * So what is stored never reaches behind what was read. AVX-512 has an instruction for it; AVX2 shuffles by a
 * table of all masks. It is never stored by the instruction itself, which is slow on some CPUs.
 */
#include <stream/compact.h>

#include <core/vectors.h>

#include <float.h>
#include <math.h>

enum { LANES = 8 };

static double sum_of_lanes(const double lanes[LANES])
{
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

/* Values first .. n - 1, fewer than LANES of them unless no vectors go before. */
static void look_at_rest(const double *values, int64_t first, int64_t n, double low, double high,
                         double lanes[LANES], struct mzg_look *look, double *between)
{
    for (int64_t i = first; i < n; i++) {
        double value = values[i];
        lanes[(i - first) % LANES] += value * value;
        look->to_zero += value <= 0;
        look->to_low += value <= low;
        between[look->n_between] = value;
        look->n_between += (value > low) & (value <= high);
    }
    look->squares = sum_of_lanes(lanes);
}

/* Values first .. n - 1 of a row; `kept` of those before are kept. */
static int64_t keep_rest(const struct mzg_sparse_row *row, int64_t first, double min_intensity, int64_t kept,
                         int32_t *bins, float *values, int64_t *n_clamped)
{
    const int all = min_intensity <= 0;
    for (int64_t i = first; i < row->n; i++) {
        float value = (float)row->values[i];
        if (isinf(value)) {
            value = value > 0 ? FLT_MAX : -FLT_MAX;
            (*n_clamped)++;
        }
        bins[kept] = row->bins[i];
        values[kept] = value;
        kept += (value != 0) & (all | ((double)value >= min_intensity));
    }
    return kept;
}

static struct mzg_look look_plainly(const double *values, int64_t n, double low, double high, double *between)
{
    double lanes[LANES] = {0};
    struct mzg_look look = {0};
    look_at_rest(values, 0, n, low, high, lanes, &look, between);
    return look;
}

static int64_t keep_plainly(const struct mzg_sparse_row *row, double min_intensity, int32_t *bins,
                            float *values, int64_t *n_clamped)
{
    return keep_rest(row, 0, min_intensity, 0, bins, values, n_clamped);
}

#if MZG_HAS_AVX
#include <immintrin.h>

/* The smallest float that is not below `min_intensity`; all are not if that is 0. */
static float least_kept(double min_intensity)
{
    if (min_intensity <= 0)
        return -INFINITY;
    float least = (float)min_intensity;
    return (double)least < min_intensity ? nextafterf(least, INFINITY) : least;
}

/* Which of 8 are set in mask m, one in each byte: the lowest set bit first. */
#define PLACE(m, bit)                                                                                        \
    (((m) >> (bit)&1 ? (uint64_t)(bit) : 0) << (8 * __builtin_popcount((m) & ((1U << (bit)) - 1)) % 64))
#define PLACES(m)                                                                                            \
    (PLACE(m, 1) | PLACE(m, 2) | PLACE(m, 3) | PLACE(m, 4) | PLACE(m, 5) | PLACE(m, 6) | PLACE(m, 7))
#define PLACES_4(m) PLACES(m), PLACES((m) + 1), PLACES((m) + 2), PLACES((m) + 3)
#define PLACES_16(m) PLACES_4(m), PLACES_4((m) + 4), PLACES_4((m) + 8), PLACES_4((m) + 12)
#define PLACES_64(m) PLACES_16(m), PLACES_16((m) + 16), PLACES_16((m) + 32), PLACES_16((m) + 48)
static const uint64_t places_of_8[256] = {PLACES_64(0U), PLACES_64(64U), PLACES_64(128U), PLACES_64(192U)};

/* The same of 4 doubles, each of which is two neighbours of 8. */
#define PAIR(m, bit)                                                                                         \
    (((m) >> (bit)&1 ? UINT64_C(0x0100) + UINT64_C(0x0202) * (bit) : 0)                                      \
     << (16 * __builtin_popcount((m) & ((1U << (bit)) - 1)) % 64))
#define PAIRS(m) (PAIR(m, 0) | PAIR(m, 1) | PAIR(m, 2) | PAIR(m, 3))
#define PAIRS_4(m) PAIRS(m), PAIRS((m) + 1), PAIRS((m) + 2), PAIRS((m) + 3)
static const uint64_t places_of_4[16] = {PAIRS_4(0U), PAIRS_4(4U), PAIRS_4(8U), PAIRS_4(12U)};

MZG_AVX2 static inline __m256i order(uint64_t places)
{
    return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)places));
}

MZG_AVX2 static struct mzg_look look_avx2(const double *values, int64_t n, double low, double high,
                                          double *between)
{
    struct mzg_look look = {0};
    double lanes[LANES];
    __m256d sums[2] = {_mm256_setzero_pd(), _mm256_setzero_pd()};
    __m256i to_zero = _mm256_setzero_si256(), to_low = _mm256_setzero_si256();
    const __m256d zero = _mm256_setzero_pd(), lowest = _mm256_set1_pd(low), highest = _mm256_set1_pd(high);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int half = 0; half < 2; half++) {
            __m256d value = _mm256_loadu_pd(values + i + (ptrdiff_t)4 * half);
            sums[half] = _mm256_add_pd(sums[half], _mm256_mul_pd(value, value));
            __m256d below = _mm256_cmp_pd(value, lowest, _CMP_LE_OQ);
            to_zero = _mm256_sub_epi64(to_zero, _mm256_castpd_si256(_mm256_cmp_pd(value, zero, _CMP_LE_OQ)));
            to_low = _mm256_sub_epi64(to_low, _mm256_castpd_si256(below));
            unsigned mask = (unsigned)_mm256_movemask_pd(
                _mm256_andnot_pd(below, _mm256_cmp_pd(value, highest, _CMP_LE_OQ)));
            __m256i front = _mm256_permutevar8x32_epi32(_mm256_castpd_si256(value), order(places_of_4[mask]));
            _mm256_storeu_pd(between + look.n_between, _mm256_castsi256_pd(front));
            look.n_between += __builtin_popcount(mask);
        }
    }
    _mm256_storeu_pd(lanes, sums[0]);
    _mm256_storeu_pd(lanes + 4, sums[1]);
    int64_t counts[2][4];
    _mm256_storeu_si256((__m256i *)(void *)counts[0], to_zero);
    _mm256_storeu_si256((__m256i *)(void *)counts[1], to_low);
    for (int lane = 0; lane < 4; lane++) {
        look.to_zero += counts[0][lane];
        look.to_low += counts[1][lane];
    }
    look_at_rest(values, i, n, low, high, lanes, &look, between);
    return look;
}

MZG_AVX2 static int64_t keep_avx2(const struct mzg_sparse_row *row, double min_intensity, int32_t *bins,
                                  float *values, int64_t *n_clamped)
{
    const __m256 least = _mm256_set1_ps(least_kept(min_intensity)), largest = _mm256_set1_ps(FLT_MAX);
    const __m256 sign = _mm256_set1_ps(-0.0F), infinite = _mm256_set1_ps(INFINITY);
    const __m256 zero = _mm256_setzero_ps();
    /* NaN is not below any, and stays if all do. */
    const __m256 all = min_intensity <= 0 ? _mm256_cmp_ps(zero, zero, _CMP_EQ_OQ) : zero;
    int64_t kept = 0, i = 0;
    for (; i + LANES <= row->n; i += LANES) {
        __m256 value = _mm256_set_m128(_mm256_cvtpd_ps(_mm256_loadu_pd(row->values + i + 4)),
                                       _mm256_cvtpd_ps(_mm256_loadu_pd(row->values + i)));
        __m256 beyond = _mm256_cmp_ps(_mm256_andnot_ps(sign, value), infinite, _CMP_EQ_OQ);
        int clamped = _mm256_movemask_ps(beyond);
        if (clamped) {
            value = _mm256_blendv_ps(value, _mm256_or_ps(largest, _mm256_and_ps(sign, value)), beyond);
            *n_clamped += __builtin_popcount((unsigned)clamped);
        }
        __m256 enough = _mm256_or_ps(all, _mm256_cmp_ps(value, least, _CMP_GE_OQ));
        unsigned mask =
            (unsigned)_mm256_movemask_ps(_mm256_and_ps(enough, _mm256_cmp_ps(value, zero, _CMP_NEQ_UQ)));
        __m256i front = order(places_of_8[mask]);
        __m256i its_bins = _mm256_loadu_si256((const __m256i *)(const void *)(row->bins + i));
        _mm256_storeu_si256((__m256i *)(void *)(bins + kept), _mm256_permutevar8x32_epi32(its_bins, front));
        _mm256_storeu_ps(values + kept, _mm256_permutevar8x32_ps(value, front));
        kept += __builtin_popcount(mask);
    }
    return keep_rest(row, i, min_intensity, kept, bins, values, n_clamped);
}

MZG_AVX512 static struct mzg_look look_avx512(const double *values, int64_t n, double low, double high,
                                              double *between)
{
    struct mzg_look look = {0};
    double lanes[LANES];
    __m512d sums = _mm512_setzero_pd();
    __m512i to_zero = _mm512_setzero_si512(), to_low = to_zero;
    const __m512i one = _mm512_set1_epi64(1);
    const __m512d zero = _mm512_setzero_pd(), lowest = _mm512_set1_pd(low), highest = _mm512_set1_pd(high);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        __m512d value = _mm512_loadu_pd(values + i);
        sums = _mm512_add_pd(sums, _mm512_mul_pd(value, value));
        __mmask8 below = _mm512_cmp_pd_mask(value, lowest, _CMP_LE_OQ);
        __mmask8 between_both = _mm512_mask_cmp_pd_mask((__mmask8)~below, value, highest, _CMP_LE_OQ);
        to_zero = _mm512_mask_add_epi64(to_zero, _mm512_cmp_pd_mask(value, zero, _CMP_LE_OQ), to_zero, one);
        to_low = _mm512_mask_add_epi64(to_low, below, to_low, one);
        _mm512_storeu_pd(between + look.n_between, _mm512_maskz_compress_pd(between_both, value));
        look.n_between += __builtin_popcount(between_both);
    }
    _mm512_storeu_pd(lanes, sums);
    look.to_zero = _mm512_reduce_add_epi64(to_zero);
    look.to_low = _mm512_reduce_add_epi64(to_low);
    look_at_rest(values, i, n, low, high, lanes, &look, between);
    return look;
}

MZG_AVX512 static inline __m512 as_floats(const double *values)
{
    __m256d low = _mm256_castps_pd(_mm512_cvtpd_ps(_mm512_loadu_pd(values)));
    __m256d high = _mm256_castps_pd(_mm512_cvtpd_ps(_mm512_loadu_pd(values + 8)));
    return _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castpd256_pd512(low), high, 1));
}

MZG_AVX512 static int64_t keep_avx512(const struct mzg_sparse_row *row, double min_intensity, int32_t *bins,
                                      float *values, int64_t *n_clamped)
{
    const __m512 least = _mm512_set1_ps(least_kept(min_intensity)), largest = _mm512_set1_ps(FLT_MAX);
    const __m512 infinite = _mm512_set1_ps(INFINITY), zero = _mm512_setzero_ps();
    const __mmask16 all = (__mmask16)(min_intensity <= 0 ? 0xffff : 0); /* NaN, too, which is above nothing */
    int64_t kept = 0, i = 0;
    for (; i + 16 <= row->n; i += 16) {
        __m512 value = as_floats(row->values + i);
        __mmask16 above = _mm512_cmp_ps_mask(value, infinite, _CMP_EQ_OQ);
        __mmask16 under = _mm512_cmp_ps_mask(value, _mm512_sub_ps(zero, infinite), _CMP_EQ_OQ);
        if (above | under) {
            value = _mm512_mask_mov_ps(value, above, largest);
            value = _mm512_mask_mov_ps(value, under, _mm512_sub_ps(zero, largest));
            *n_clamped += __builtin_popcount((unsigned)(above | under));
        }
        __mmask16 enough = (__mmask16)(all | _mm512_cmp_ps_mask(value, least, _CMP_GE_OQ));
        __mmask16 mask = _mm512_mask_cmp_ps_mask(enough, value, zero, _CMP_NEQ_UQ);
        __m512i its_bins = _mm512_loadu_si512(row->bins + i);
        _mm512_storeu_si512(bins + kept, _mm512_maskz_compress_epi32(mask, its_bins));
        _mm512_storeu_ps(values + kept, _mm512_maskz_compress_ps(mask, value));
        kept += __builtin_popcount(mask);
    }
    return keep_rest(row, i, min_intensity, kept, bins, values, n_clamped);
}
#endif

static const struct mzg_compactor compactors[] = {
#if MZG_HAS_AVX
    [MZG_VECTORS_AVX512] = {"AVX-512", look_avx512, keep_avx512},
    [MZG_VECTORS_AVX2] = {"AVX2", look_avx2, keep_avx2},
#endif
    [MZG_VECTORS_NONE] = {"plain", look_plainly, keep_plainly},
};

const struct mzg_compactor *mzg_compactor(int i)
{
    int number = (int)mzg_vectors_of_cpu() + i;
    return number <= (int)MZG_VECTORS_NONE ? &compactors[number] : NULL;
}

const struct mzg_compactor *mzg_compactor_of_cpu(void)
{
    return &compactors[mzg_vectors_of_cpu()];
}
