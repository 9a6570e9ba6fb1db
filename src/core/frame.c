#include <core/frame.h>

#include <core/number.h>

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void mzg_frame_add(struct mzg_frame *frame, const char *name, enum mzg_type type, const void *values)
{
    assert(frame->n_columns < MZG_FRAME_MAX_COLUMNS);
    frame->columns[frame->n_columns++] = (struct mzg_column){.name = name, .type = type, .values = values};
}

void mzg_frame_add_of_rows(struct mzg_frame *frame, const char *name, enum mzg_type type, int of_rows)
{
    assert(frame->rows && frame->n_columns < MZG_FRAME_MAX_COLUMNS);
    frame->columns[frame->n_columns++] = (struct mzg_column){.name = name, .type = type, .of_rows = of_rows};
}

void mzg_frame_add_category(struct mzg_frame *frame, const char *name, const char *category)
{
    assert(frame->n_columns < MZG_FRAME_MAX_COLUMNS);
    frame->columns[frame->n_columns++] =
        (struct mzg_column){.name = name, .type = MZG_STRING, .category = category};
}

void mzg_frame_add_categories(struct mzg_frame *frame, const char *name, int64_t n_categories,
                              const char *const *categories, enum mzg_type type, const void *codes)
{
    assert(frame->n_columns < MZG_FRAME_MAX_COLUMNS);
    frame->columns[frame->n_columns++] = (struct mzg_column){
        .name = name, .type = type, .values = codes, .n_categories = n_categories, .categories = categories};
}

void mzg_frame_add_categories_of_rows(struct mzg_frame *frame, const char *name, int64_t n_categories,
                                      const char *const *categories, int of_rows)
{
    assert(frame->rows);
    mzg_frame_add_categories(frame, name, n_categories, categories, MZG_INT32, NULL);
    frame->columns[frame->n_columns - 1].of_rows = of_rows;
}

static const struct {
    const char *name;
    int size;
} types[] = {
    [MZG_BOOL] = {"bool", 1},     [MZG_INT8] = {"int8", 1},       [MZG_INT32] = {"int32", 4},
    [MZG_INT64] = {"int64", 8},   [MZG_FLOAT32] = {"float32", 4}, [MZG_FLOAT64] = {"float64", 8},
    [MZG_STRING] = {"string", 0},
};

int mzg_type_size(enum mzg_type type)
{
    return types[type].size;
}

const char *mzg_type_name(enum mzg_type type)
{
    return types[type].name;
}

bool mzg_type_of(const char *name, enum mzg_type *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, name) == 0) {
            *type = (enum mzg_type)i;
            return true;
        }
    }
    return false;
}

/* The digits behind the point of a value in a bin of this width, of which they tell apart a seventh. That is
 * no width that people choose, so rounding does not let the number of digits jump from bin to bin. */
static int digits_of(double width)
{
    enum { PARTS = 7, MOST = 17 };
    int digits = 0;
    for (double scale = 1; digits < MOST && width * scale < PARTS; scale *= 10)
        digits++;
    return digits;
}

int mzg_frame_index(const struct mzg_frame *frame, int64_t i, char *text, int size)
{
    if (frame->index_texts)
        return snprintf(text, (size_t)size, "%s", frame->index_texts[i]);
    if (frame->index_values && !frame->index_edges)
        return mzg_number_print_exactly(text, (size_t)size, frame->index_values[i]);
    if (frame->index_values)
        return mzg_number_print_fixed(text, (size_t)size,
                                      digits_of(frame->index_edges[i + 1] - frame->index_edges[i]),
                                      frame->index_values[i]);
    return snprintf(text, (size_t)size, "%s%" PRId64, frame->index_prefix ? frame->index_prefix : "",
                    frame->index_numbers ? frame->index_numbers[i] : i);
}
