/*
 * The bits of a float are taken apart as integers, 8 or 16 at a time, as mzg_exact_sum_split_float32() does,
 * and shifted to their place in words of 64 bits. The largest is found among integers that are ordered as the
 * floats are.
 */
#include <stream/like_sum.h>

#include <core/vectors.h>

#include <string.h>

#if MZG_HAS_AVX
#include <immintrin.h>

enum { EXPONENT = 0xff, FRACTION = 0x7fffff, ONE = 0x800000 };

/* The bits of a float as an integer that is ordered like it; and back. */
static float float_in_order(int32_t bits)
{
    float value;
    bits ^= (int32_t)((uint32_t)(bits >> 31) >> 1);
    memcpy(&value, &bits, sizeof value);
    return value;
}

MZG_AVX2 static struct mzg_like_sum sum_avx2(const float *values, int64_t n, uint32_t position)
{
    static const int32_t masks[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    const __m256i zero = _mm256_setzero_si256(), one = _mm256_set1_epi32(1);
    const __m256i lowest = _mm256_set1_epi32((int32_t)position), widest = _mm256_set1_epi32(MZG_LIKE_SHIFT);
    __m256i sums = zero, unlike = zero, most = _mm256_set1_epi32(INT32_MIN);
    for (int64_t i = 0; i < n; i += 8) {
        int64_t missing = n - i < 8 ? 8 - (n - i) : 0;
        __m256i here = _mm256_loadu_si256((const __m256i *)(const void *)(masks + missing));
        __m256i bits = _mm256_maskload_epi32((const int *)(const void *)(values + i), here);
        __m256i exponent = _mm256_and_si256(_mm256_srli_epi32(bits, 23), _mm256_set1_epi32(EXPONENT));
        __m256i normal = _mm256_andnot_si256(_mm256_cmpeq_epi32(exponent, zero), _mm256_set1_epi32(ONE));
        __m256i mantissa = _mm256_or_si256(_mm256_and_si256(bits, _mm256_set1_epi32(FRACTION)), normal);
        __m256i shift = _mm256_sub_epi32(_mm256_sub_epi32(_mm256_max_epi32(exponent, one), one), lowest);
        /* As unsigned numbers those below the lowest are huge. */
        __m256i narrow = _mm256_cmpeq_epi32(_mm256_min_epu32(shift, widest), shift);
        __m256i finite = _mm256_cmpgt_epi32(_mm256_set1_epi32(EXPONENT), exponent);
        unlike = _mm256_or_si256(unlike, _mm256_andnot_si256(_mm256_and_si256(narrow, finite), here));
        __m256i sign = _mm256_srai_epi32(bits, 31);
        mantissa = _mm256_sub_epi32(_mm256_xor_si256(mantissa, sign), sign);
        for (int half = 0; half < 2; half++) {
            __m128i halves[2] = {half ? _mm256_extracti128_si256(mantissa, 1)
                                      : _mm256_castsi256_si128(mantissa),
                                 half ? _mm256_extracti128_si256(shift, 1) : _mm256_castsi256_si128(shift)};
            sums = _mm256_add_epi64(
                sums, _mm256_sllv_epi64(_mm256_cvtepi32_epi64(halves[0]), _mm256_cvtepu32_epi64(halves[1])));
        }
        __m256i ordered = _mm256_xor_si256(bits, _mm256_srli_epi32(sign, 1));
        most = _mm256_max_epi32(most, _mm256_blendv_epi8(most, ordered, here));
    }
    if (!_mm256_testz_si256(unlike, unlike))
        return (struct mzg_like_sum){0};
    int64_t lanes[4];
    int32_t largest[8], found = INT32_MIN;
    _mm256_storeu_si256((__m256i *)(void *)lanes, sums);
    _mm256_storeu_si256((__m256i *)(void *)largest, most);
    for (int i = 0; i < 8; i++)
        found = largest[i] > found ? largest[i] : found;
    return (struct mzg_like_sum){
        .sum = lanes[0] + lanes[1] + lanes[2] + lanes[3], .maximum = float_in_order(found), .is_like = true};
}

MZG_AVX512 static struct mzg_like_sum sum_avx512(const float *values, int64_t n, uint32_t position)
{
    const __m512i zero = _mm512_setzero_si512(), one = _mm512_set1_epi32(1);
    const __m512i lowest = _mm512_set1_epi32((int32_t)position), widest = _mm512_set1_epi32(MZG_LIKE_SHIFT);
    __m512i sums = zero, most = _mm512_set1_epi32(INT32_MIN);
    __mmask16 unlike = 0;
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 here = (__mmask16)(n - i < 16 ? (1U << (n - i)) - 1 : 0xffff);
        __m512i bits = _mm512_maskz_loadu_epi32(here, values + i);
        __m512i exponent = _mm512_and_si512(_mm512_srli_epi32(bits, 23), _mm512_set1_epi32(EXPONENT));
        __m512i mantissa = _mm512_and_si512(bits, _mm512_set1_epi32(FRACTION));
        mantissa = _mm512_mask_or_epi32(mantissa, _mm512_test_epi32_mask(exponent, exponent), mantissa,
                                        _mm512_set1_epi32(ONE));
        __m512i shift = _mm512_sub_epi32(_mm512_sub_epi32(_mm512_max_epi32(exponent, one), one), lowest);
        /* As unsigned numbers those below the lowest are huge. */
        unlike |= _mm512_mask_cmpgt_epu32_mask(here, shift, widest) |
                  _mm512_cmpeq_epi32_mask(exponent, _mm512_set1_epi32(EXPONENT));
        __m512i sign = _mm512_srai_epi32(bits, 31);
        mantissa = _mm512_sub_epi32(_mm512_xor_si512(mantissa, sign), sign);
        __m512i low = _mm512_sllv_epi64(_mm512_cvtepi32_epi64(_mm512_castsi512_si256(mantissa)),
                                        _mm512_cvtepu32_epi64(_mm512_castsi512_si256(shift)));
        __m512i high = _mm512_sllv_epi64(_mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(mantissa, 1)),
                                         _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(shift, 1)));
        sums = _mm512_add_epi64(sums, _mm512_add_epi64(low, high));
        most = _mm512_mask_max_epi32(most, here, most, _mm512_xor_si512(bits, _mm512_srli_epi32(sign, 1)));
    }
    if (unlike)
        return (struct mzg_like_sum){0}; /* the sum may have overflowed */
    return (struct mzg_like_sum){.sum = _mm512_reduce_add_epi64(sums),
                                 .maximum = float_in_order(_mm512_reduce_max_epi32(most)),
                                 .is_like = true};
}

static mzg_like_sum_fn *const sums[] = {
    [MZG_VECTORS_AVX512] = sum_avx512, [MZG_VECTORS_AVX2] = sum_avx2, [MZG_VECTORS_NONE] = NULL};
#else
static mzg_like_sum_fn *const sums[] = {[MZG_VECTORS_NONE] = NULL};
#endif

mzg_like_sum_fn *mzg_like_sum_number(int i)
{
    int number = (int)mzg_vectors_of_cpu() + i;
    return number <= (int)MZG_VECTORS_NONE ? sums[number] : NULL;
}

mzg_like_sum_fn *mzg_like_sum_of_cpu(void)
{
    return sums[mzg_vectors_of_cpu()];
}
