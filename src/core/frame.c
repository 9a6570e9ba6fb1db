#include <core/frame.h>

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void mzg_frame_add(struct mzg_frame *frame, const char *name, enum mzg_type type, const void *values)
{
    assert(frame->n_columns < MZG_FRAME_MAX_COLUMNS);
    frame->columns[frame->n_columns++] = (struct mzg_column){.name = name, .type = type, .values = values};
}

void mzg_frame_add_category(struct mzg_frame *frame, const char *name, const char *category)
{
    assert(frame->n_columns < MZG_FRAME_MAX_COLUMNS);
    frame->columns[frame->n_columns++] =
        (struct mzg_column){.name = name, .type = MZG_STRING, .category = category};
}

int mzg_type_size(enum mzg_type type)
{
    switch (type) {
    case MZG_BOOL:
    case MZG_INT8:
        return 1;
    case MZG_INT32:
    case MZG_FLOAT32:
        return 4;
    case MZG_INT64:
    case MZG_FLOAT64:
        return 8;
    case MZG_STRING:
        break;
    }
    return 0;
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

/* The shortest decimal that reads back as the very value: 15 digits do for what has no more, 17 for any. */
static int print_exactly(double value, char *text, int size)
{
    int length = 0;
    for (int digits = 15; digits <= 17; digits++) {
        length = snprintf(text, (size_t)size, "%.*g", digits, value);
        if (length >= size || strtod(text, NULL) == value)
            break;
    }
    return length;
}

int mzg_frame_index(const struct mzg_frame *frame, int64_t i, char *text, int size)
{
    if (frame->index_texts)
        return snprintf(text, (size_t)size, "%s", frame->index_texts[i]);
    if (frame->index_values && !frame->index_edges)
        return print_exactly(frame->index_values[i], text, size);
    if (frame->index_values)
        return snprintf(text, (size_t)size, "%.*f",
                        digits_of(frame->index_edges[i + 1] - frame->index_edges[i]), frame->index_values[i]);
    return snprintf(text, (size_t)size, "%s%" PRId64, frame->index_prefix ? frame->index_prefix : "",
                    frame->index_numbers ? frame->index_numbers[i] : i);
}
