#include <stage/column_tiles.h>

#include <core/pool.h>
#include <core/vectors.h>

#include <string.h>

#if MZG_HAS_AVX
#include <immintrin.h>
#endif

enum {
    LINE = 64,
    TILE_BYTES = 512 << 10,
    LEAST_BAND = 32,        /* columns, */
    MOST_BAND = 256,        /*  so that the lines to which a row is spread stay in the nearest cache */
    MOST_GAPS = 3,          /* for each value, */
    MOST_GAPS_AT_ONCE = 15, /*  where gaps are left out register by register */
    GROUP_ROWS = 64
};

/* How a sort is laid out. */
struct layout {
    int64_t stride; /* values from one column of a tile to the next: an odd number of lines, so that columns
                     * do not meet in a set of the cache */
    int64_t n_columns; /* of a band */
    int64_t n_bands;
    int64_t begins_size, cursors_size, tile_size; /* bytes */
};

typedef int64_t gather_fn(const void *column, int64_t n, int64_t at, int64_t end, uint16_t *rows,
                          void *values);

struct sort {
    const struct mzg_column_tiles *tiles;
    struct layout layout;
    int64_t *row_begins;  /* of each row: its first value, if rows lie one behind the other; */
    int64_t *band_begins; /*  of each band: its first value among the sorted ones; */
    uint32_t *cursors;    /*  of each band, of each row: its first value in the row */
    gather_fn *gather;
    char *memory; /* of tiles, one for each worker */
};

static int64_t rounded(int64_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

static struct layout layout_of(const struct mzg_column_tiles *t)
{
    int64_t n_rows = t->rows->n_rows;
    int64_t lines = rounded(n_rows * t->value_size) / LINE | 1;
    struct layout layout = {.stride = lines * LINE / t->value_size, .n_columns = MOST_BAND};
    while (layout.n_columns > LEAST_BAND && layout.n_columns * lines * LINE > TILE_BYTES)
        layout.n_columns /= 2;
    layout.n_bands = (t->n_columns + layout.n_columns - 1) / layout.n_columns;
    layout.begins_size = rounded((n_rows + layout.n_bands + 1) * (int64_t)sizeof(int64_t));
    layout.cursors_size = rounded((layout.n_bands + 1) * n_rows * (int64_t)sizeof(uint32_t));
    layout.tile_size = layout.n_columns * lines * LINE;
    return layout;
}

static bool gathers_at_once(const struct mzg_column_tiles *t)
{
    return !t->plain && mzg_vectors_of_cpu() == MZG_VECTORS_AVX512;
}

int64_t mzg_column_tiles_memory(const struct mzg_column_tiles *t)
{
    int64_t n_rows = t->rows->n_rows, most_gaps = gathers_at_once(t) ? MOST_GAPS_AT_ONCE : MOST_GAPS;
    if (n_rows == 0 || n_rows * t->value_size * LEAST_BAND > TILE_BYTES ||
        n_rows * t->n_columns > t->rows->n_values * (1 + most_gaps))
        return 0;
    struct layout layout = layout_of(t);
    return layout.begins_size + layout.cursors_size + t->n_workers * layout.tile_size;
}

static struct mzg_row_place place_of_row(const struct sort *s, int64_t row)
{
    return mzg_rows_place(s->tiles->rows, row, s->row_begins[row], s->tiles->value_size);
}

/* The first of n ascending bins that is not below `bin`, without a branch that no processor foresees. */
static int64_t lower_bound(const int32_t *bins, int64_t n, int64_t bin)
{
    const int32_t *from = bins;
    for (; n > 1; n -= n / 2)
        from += from[n / 2 - 1] < bin ? n / 2 : 0;
    return from - bins + (n == 1 && *from < bin);
}

/* A worker's task: finds where the bands begin in the rows of the item-th group. */
static void find_bands(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct sort *s = context;
    const struct mzg_rows *rows = s->tiles->rows;
    int64_t end = (item + 1) * GROUP_ROWS < rows->n_rows ? (item + 1) * GROUP_ROWS : rows->n_rows;
    int64_t n_columns = s->layout.n_columns;
    for (int64_t row = item * GROUP_ROWS; row < end; row++) {
        const int32_t *bins = place_of_row(s, row).bins;
        int64_t n = rows->row_counts[row], at = 0;
        uint32_t *cursor = s->cursors + row;
        for (int64_t band = 0; band <= s->layout.n_bands; band++, cursor += rows->n_rows) {
            int64_t left = n - at < n_columns ? n - at : n_columns;
            at += lower_bound(bins + at, left, band * n_columns);
            *cursor = (uint32_t)at;
        }
    }
}

static void add_up_bands(struct sort *s)
{
    int64_t n_rows = s->tiles->rows->n_rows, place = 0;
    const uint32_t *cursors = s->cursors;
    for (int64_t band = 0; band < s->layout.n_bands; band++, cursors += n_rows) {
        s->band_begins[band] = place;
        uint32_t n = 0;
        for (int64_t row = 0; row < n_rows; row++)
            n += cursors[n_rows + row] - cursors[row];
        place += n;
    }
    s->band_begins[s->layout.n_bands] = place;
}

/* Spreads the rows of a band out to a tile; compiled for each type of values (stage/rows.h). */
static inline void spread(const struct sort *s, int64_t band, void *restrict tile, bool wide)
{
    const struct mzg_rows *rows = s->tiles->rows;
    const uint32_t *cursors = s->cursors + band * rows->n_rows;
    int64_t stride = s->layout.stride, first = band * s->layout.n_columns;
    for (int64_t row = 0; row < rows->n_rows; row++) {
        struct mzg_row_place from = place_of_row(s, row);
        for (int64_t i = cursors[row], end = cursors[rows->n_rows + row]; i < end; i++) {
            int64_t place = (from.bins[i] - first) * stride + row;
            if (wide)
                ((double *)tile)[place] = ((const double *)from.values)[i];
            else
                ((float *)tile)[place] = ((const float *)from.values)[i];
        }
    }
}

/* Writes what rows row .. n - 1 of a column hold behind `at`, and returns where that ends. Whether a row has
 * a value no processor foresees, so where the next one goes is data, not a branch; nothing is written from
 * `end` on. */
static inline int64_t gather_rest(const void *restrict column, int64_t row, int64_t n, int64_t at,
                                  int64_t end, uint16_t *restrict rows, void *restrict values, bool wide)
{
    while (row < n && at < end) {
        int64_t safe = n - row < end - at ? n : row + end - at;
        for (; row < safe; row++) {
            rows[at] = (uint16_t)row;
            if (wide) {
                double value = ((const double *)column)[row];
                ((double *)values)[at] = value;
                at += value != 0;
            } else {
                float value = ((const float *)column)[row];
                ((float *)values)[at] = value;
                at += value != 0;
            }
        }
    }
    return at;
}

static int64_t gather_floats(const void *column, int64_t n, int64_t at, int64_t end, uint16_t *rows,
                             void *values)
{
    return gather_rest(column, 0, n, at, end, rows, values, false);
}

static int64_t gather_doubles(const void *column, int64_t n, int64_t at, int64_t end, uint16_t *rows,
                              void *values)
{
    return gather_rest(column, 0, n, at, end, rows, values, true);
}

#if MZG_HAS_AVX

/* The same for processors that leave gaps out of a register. Behind its n rows a column is 0 up to the end of
 * a line. What a register holds behind its values is written over. */
MZG_AVX512 static int64_t gather_floats_at_once(const void *column, int64_t n, int64_t at, int64_t end,
                                                uint16_t *rows, void *values)
{
    const float *from = column;
    float *to = values;
    __m512i numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int64_t row = 0;
    for (; row < n && end - at >= 16; row += 16) {
        __m512 value = _mm512_loadu_ps(from + row);
        __mmask16 has = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_NEQ_UQ);
        _mm512_storeu_ps(to + at, _mm512_maskz_compress_ps(has, value));
        _mm256_storeu_si256((__m256i *)(void *)(rows + at),
                            _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(has, numbers)));
        numbers = _mm512_add_epi32(numbers, _mm512_set1_epi32(16));
        at += __builtin_popcount(has);
    }
    return gather_rest(column, row, n, at, end, rows, values, false);
}

MZG_AVX512 static int64_t gather_doubles_at_once(const void *column, int64_t n, int64_t at, int64_t end,
                                                 uint16_t *rows, void *values)
{
    const double *from = column;
    double *to = values;
    __m256i numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    int64_t row = 0;
    for (; row < n && end - at >= 8; row += 8) {
        __m512d value = _mm512_loadu_pd(from + row);
        __mmask8 has = _mm512_cmp_pd_mask(value, _mm512_setzero_pd(), _CMP_NEQ_UQ);
        _mm512_storeu_pd(to + at, _mm512_maskz_compress_pd(has, value));
        _mm_storeu_si128((__m128i *)(void *)(rows + at),
                         _mm256_cvtepi32_epi16(_mm256_maskz_compress_epi32(has, numbers)));
        numbers = _mm256_add_epi32(numbers, _mm256_set1_epi32(8));
        at += __builtin_popcount(has);
    }
    return gather_rest(column, row, n, at, end, rows, values, true);
}

#endif

static gather_fn *gather_for(const struct mzg_column_tiles *t)
{
    bool wide = t->value_size == sizeof(double);
#if MZG_HAS_AVX
    if (gathers_at_once(t))
        return wide ? gather_doubles_at_once : gather_floats_at_once;
#endif
    return wide ? gather_doubles : gather_floats;
}

/* A worker's task: the item-th band. */
static void sort_band(void *context, int64_t band, int worker)
{
    const struct sort *s = context;
    const struct mzg_column_tiles *t = s->tiles;
    int64_t first = band * s->layout.n_columns;
    int64_t last = first + s->layout.n_columns < t->n_columns ? first + s->layout.n_columns : t->n_columns;
    int64_t at = s->band_begins[band], end = s->band_begins[band + 1];
    char *tile = s->memory + worker * s->layout.tile_size;
    memset(tile, 0, (size_t)s->layout.tile_size);
    if (t->value_size == sizeof(double))
        spread(s, band, tile, true);
    else
        spread(s, band, tile, false);
    for (int64_t column = first; column < last; column++) {
        const char *values = tile + (column - first) * s->layout.stride * t->value_size;
        int64_t before = at;
        if ((column & ((INT64_C(1) << t->bucket_shift) - 1)) == 0)
            t->bucket_begins[column >> t->bucket_shift] = at;
        at = s->gather(values, t->rows->n_rows, at, end, t->sorted_rows, t->sorted_values);
        t->column_counts[column] = (uint16_t)(at - before);
    }
}

void mzg_column_tiles_sort(const struct mzg_column_tiles *tiles, void *scratch, struct mzg_pool *pool)
{
    const struct mzg_rows *rows = tiles->rows;
    struct sort s = {.tiles = tiles, .layout = layout_of(tiles), .gather = gather_for(tiles)};
    char *memory = scratch;
    s.row_begins = scratch;
    s.band_begins = s.row_begins + rows->n_rows;
    s.cursors = (uint32_t *)(void *)(memory + s.layout.begins_size);
    s.memory = memory + s.layout.begins_size + s.layout.cursors_size;
    for (int64_t row = 0, begin = 0; row < rows->n_rows; row++) {
        s.row_begins[row] = begin;
        begin += rows->row_counts[row];
    }
    mzg_pool_run(pool, (rows->n_rows + GROUP_ROWS - 1) / GROUP_ROWS, find_bands, &s);
    add_up_bands(&s);
    mzg_pool_run(pool, s.layout.n_bands, sort_band, &s);
    tiles->bucket_begins[(tiles->n_columns - 1) / (INT64_C(1) << tiles->bucket_shift) + 1] = rows->n_values;
}
