#include <run/merge_rows.h>

#include <core/array.h>
#include <core/piece.h>
#include <zarr/read.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a row can be asked for, in front of the columns of the description. */
enum { INDEX, SAMPLE, SPATIAL, FIRST_COLUMN };

enum { MOST_COLUMNS = FIRST_COLUMN + MZG_FRAME_MAX_COLUMNS };

struct column {
    const char *name;
    enum mzg_merge_column_kind kind;
    enum mzg_type type;
    size_t size;        /* bytes of a row */
    void *values;       /* of the rows of this rank, by mzg_piece_slot() */
    const char **texts; /* or these */
    int64_t n_categories;
    const char **categories; /* of all samples */
    const json_t *numbers;   /* for each sample, those of its categories */
};

struct mzg_merge_rows {
    const struct mzg_merge_samples *samples;
    const char **names; /* of the samples */
    int rank, n_ranks;
    int64_t held;
    int n;
    struct column columns[MOST_COLUMNS];
    int64_t n_blocks, block_capacity;
    struct mzg_zarr_strings *blocks; /* in which the texts lie */
    struct mzg_frame_rows frame;
};

/* Rows of a piece of this rank that are of one sample. */
struct part {
    int64_t in_sample; /* the first */
    int64_t n;
    int64_t slot; /* of the first */
};

/* The first part of a sample from row `row` of all on; false: there is none. */
static bool find_part(const struct mzg_merge_rows *rows, const struct mzg_merge_sample *sample, int64_t row,
                      struct part *part)
{
    int64_t piece = row / MZG_PIECE_ROWS, behind = (rows->rank - piece) % rows->n_ranks;
    int64_t mine = piece + (behind < 0 ? behind + rows->n_ranks : behind),
            end = sample->first_row + sample->n_rows;
    int64_t first = mine == piece ? row : mine * MZG_PIECE_ROWS;
    if (first >= end)
        return false;
    int64_t piece_end = (mine + 1) * MZG_PIECE_ROWS;
    part->in_sample = first - sample->first_row;
    part->n = (piece_end < end ? piece_end : end) - first;
    part->slot = mzg_piece_slot(first, rows->n_ranks);
    return true;
}

/* A column of a sample that is being read. */
struct reading {
    struct mzg_merge_rows *rows;
    struct column *column;
    const struct mzg_merge_sample *sample;
    const char *below;
    struct mzg_zarr_input *input;
    struct mzg_zarr_cursor cursor;
    const json_t *numbers; /* of its categories */
};

/* All pixels have a key: 0 is the background of the labels, and what a chunk that was lost reads as. */
static enum mzg_status check_keys(const struct reading *r, const struct part *part, const void *values,
                                  struct mzg_error *err)
{
    for (int64_t i = 0; i < part->n; i++) {
        int64_t key = r->column->type == MZG_INT64   ? ((const int64_t *)values)[i]
                      : r->column->type == MZG_INT32 ? ((const int32_t *)values)[i]
                                                     : 1;
        if (key == 0)
            return mzg_fail(err, MZG_EFORMAT,
                            "%s/%s/%s: row %" PRId64
                            " has none; the store is damaged or incomplete, copy it again",
                            r->sample->store, r->sample->node, r->below, part->in_sample + i);
    }
    return MZG_OK;
}

static enum mzg_status read_numbers(struct reading *r, const struct part *part, struct mzg_error *err)
{
    char *to = (char *)r->column->values + (size_t)part->slot * r->column->size;
    if (r->column->type != mzg_zarr_input_shape(r->input)->type)
        return mzg_fail(err, MZG_EFORMAT, "%s/%s/%s: its elements have another type than expected",
                        r->sample->store, r->sample->node, r->below);
    if (mzg_zarr_read_range(r->input, &r->cursor, part->in_sample, part->n, to, err) == MZG_OK &&
        strcmp(r->column->name, "instance_key") == 0)
        check_keys(r, part, to, err);
    return err->status;
}

static enum mzg_status read_places(struct reading *r, const struct part *part, struct mzg_error *err)
{
    int64_t origin[2] = {part->in_sample, 0}, count[2] = {part->n, 2};
    return mzg_zarr_read_box(r->input, &r->cursor, origin, count,
                             (double *)r->column->values + 2 * part->slot, err);
}

static enum mzg_status read_texts(struct reading *r, const struct part *part, struct mzg_error *err)
{
    struct mzg_merge_rows *rows = r->rows;
    struct mzg_zarr_strings texts = {0};
    if (mzg_array_grow(&rows->blocks, sizeof *rows->blocks, rows->n_blocks + 1, &rows->block_capacity,
                       "texts of the table of all samples", err) != MZG_OK ||
        mzg_zarr_read_texts(r->input, &r->cursor, part->in_sample, part->n, &texts, err) != MZG_OK)
        return err->status;
    rows->blocks[rows->n_blocks++] = texts;
    memcpy(r->column->texts + part->slot, texts.items, (size_t)part->n * sizeof *texts.items);
    return MZG_OK;
}

/* The codes of the sample become numbers of the categories of all. */
static enum mzg_status read_codes(struct reading *r, const struct part *part, struct mzg_error *err)
{
    int32_t *to = (int32_t *)r->column->values + part->slot;
    int64_t n = (int64_t)json_array_size(r->numbers);
    int64_t *codes = malloc((size_t)part->n * sizeof *codes);
    if (!codes)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " rows of the table of all samples",
                        part->n);
    mzg_zarr_read_int64(r->input, &r->cursor, part->in_sample, part->n, codes, err);
    for (int64_t i = 0; i < part->n && err->status == MZG_OK; i++) {
        if (codes[i] < -1 || codes[i] >= n)
            mzg_fail(err, MZG_EFORMAT, "%s/%s/%s: its code %" PRId64 " in row %" PRId64 " has no category",
                     r->sample->store, r->sample->node, r->below, codes[i], part->in_sample + i);
        else
            to[i] =
                codes[i] < 0 ? -1 : (int32_t)json_integer_value(json_array_get(r->numbers, (size_t)codes[i]));
    }
    free(codes);
    return err->status;
}

/* That the array has a row for each of the sample's. */
static enum mzg_status check_shape(const struct reading *r, const char *path, struct mzg_error *err)
{
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(r->input);
    bool is_places = r->column == &r->rows->columns[SPATIAL];
    if (shape->n_dimensions != (is_places ? 2 : 1))
        return mzg_fail(err, MZG_EFORMAT, "%s/%s: it has %d dimensions; expected %d", r->sample->store, path,
                        shape->n_dimensions, is_places ? 2 : 1);
    if (is_places && (shape->shape[0] != r->sample->n_rows || shape->shape[1] != 2))
        return mzg_fail(err, MZG_EFORMAT, "%s/%s: it does not have two numbers for each row",
                        r->sample->store, path);
    if (shape->shape[0] != r->sample->n_rows)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s/%s: it has %" PRId64 " elements; expected %" PRId64
                        ", as X has: the table is damaged",
                        r->sample->store, path, shape->shape[0], r->sample->n_rows);
    return MZG_OK;
}

typedef enum mzg_status read_fn(struct reading *r, const struct part *part, struct mzg_error *err);

/* Reads what this rank has of a column of one sample. Rank 0 looks at each array, if only at its shape. */
static enum mzg_status read_sample(struct reading *r, read_fn *read, struct mzg_error *err)
{
    struct part part;
    bool any = find_part(r->rows, r->sample, r->sample->first_row, &part);
    if (!any && r->rows->rank != 0)
        return MZG_OK;
    char *path = mzg_merge_sample_path(r->sample, r->below, err);
    if (path && mzg_zarr_input_open(r->sample->store, path, &r->input, err) == MZG_OK &&
        check_shape(r, path, err) == MZG_OK) {
        for (; any && err->status == MZG_OK;
             any = find_part(r->rows, r->sample, r->sample->first_row + part.in_sample + part.n, &part))
            read(r, &part, err);
    }
    mzg_zarr_cursor_close(&r->cursor);
    mzg_zarr_input_free(r->input);
    r->input = NULL;
    free(path);
    return err->status;
}

static enum mzg_status make_room(const struct mzg_merge_rows *rows, struct column *column,
                                 struct mzg_error *err)
{
    bool is_text = column->kind == MZG_MERGE_TEXTS;
    column->size = is_text ? sizeof *column->texts : column->size;
    void *room = calloc((size_t)rows->held + 1, column->size);
    if (!room)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " rows of the table of all samples",
                        rows->held);
    if (is_text)
        column->texts = room;
    else
        column->values = room;
    return MZG_OK;
}

/* Reads a column of all samples, which lies at `below`; if that is NULL at obs/ and what the sample calls its
 * index. */
static enum mzg_status read_column(struct mzg_merge_rows *rows, struct column *column, const char *below,
                                   const json_t *samples, read_fn *read, struct mzg_error *err)
{
    char path[512];
    struct reading r = {.rows = rows, .column = column, .below = path};
    if (make_room(rows, column, err) != MZG_OK)
        return err->status;
    for (int i = 0; i < rows->samples->n && err->status == MZG_OK; i++) {
        const char *index = json_string_value(json_object_get(json_array_get(samples, (size_t)i), "index"));
        snprintf(path, sizeof path, "%s%s", below ? below : "obs/", below ? "" : index);
        r.sample = &rows->samples->samples[i];
        r.numbers = json_array_get(column->numbers, (size_t)i);
        read_sample(&r, read, err);
    }
    return err->status;
}

/* The sample of each row. */
static enum mzg_status make_samples(struct mzg_merge_rows *rows, const json_t *samples, struct mzg_error *err)
{
    struct column *column = &rows->columns[SAMPLE];
    rows->names = calloc((size_t)rows->samples->n + 1, sizeof *rows->names);
    if (!rows->names)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the samples of one table");
    if (make_room(rows, column, err) != MZG_OK)
        return err->status;
    for (int i = 0; i < rows->samples->n; i++) {
        const struct mzg_merge_sample *sample = &rows->samples->samples[i];
        struct part part = {0};
        rows->names[i] = json_string_value(json_object_get(json_array_get(samples, (size_t)i), "name"));
        for (bool any = find_part(rows, sample, sample->first_row, &part); any;
             any = find_part(rows, sample, sample->first_row + part.in_sample + part.n, &part))
            for (int64_t k = 0; k < part.n; k++)
                ((int32_t *)column->values)[part.slot + k] = i;
    }
    return MZG_OK;
}

static enum mzg_status take_categories(struct column *column, const json_t *names, struct mzg_error *err)
{
    column->n_categories = (int64_t)json_array_size(names);
    column->categories = calloc((size_t)column->n_categories + 1, sizeof *column->categories);
    if (!column->categories)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the categories of '%s'", column->name);
    for (int64_t i = 0; i < column->n_categories; i++)
        column->categories[i] = json_string_value(json_array_get(names, (size_t)i));
    return MZG_OK;
}

static enum mzg_status add_column(struct mzg_merge_rows *rows, const json_t *description,
                                  struct mzg_error *err)
{
    struct column *column = &rows->columns[rows->n++];
    char below[512];
    column->name = json_string_value(json_object_get(description, "name"));
    column->kind = (enum mzg_merge_column_kind)json_integer_value(json_object_get(description, "kind"));
    column->type = (enum mzg_type)json_integer_value(json_object_get(description, "type"));
    column->size = (size_t)mzg_type_size(column->type);
    column->numbers = json_object_get(description, "numbers");
    bool has_categories = column->kind == MZG_MERGE_CATEGORIES;
    snprintf(below, sizeof below, "obs/%s%s", column->name, has_categories ? "/codes" : "");
    if (has_categories && take_categories(column, json_object_get(description, "categories"), err) != MZG_OK)
        return err->status;
    return read_column(rows, column, below, NULL,
                       has_categories                      ? read_codes
                       : column->kind == MZG_MERGE_NUMBERS ? read_numbers
                                                           : read_texts,
                       err);
}

static void fill_rows(const void *source, int column, int64_t first, int64_t n, void *values)
{
    const struct mzg_merge_rows *rows = source;
    const struct column *of = &rows->columns[column];
    memcpy(values, (const char *)of->values + (size_t)mzg_piece_slot(first, rows->n_ranks) * of->size,
           (size_t)n * of->size);
}

/* The index of a row is that of its sample, '-' and the name of the sample. */
static int64_t row_text(const void *source, int column, int64_t row, char *text, int64_t size)
{
    const struct mzg_merge_rows *rows = source;
    int64_t slot = mzg_piece_slot(row, rows->n_ranks);
    const char *parts[3] = {rows->columns[column].texts[slot], "", ""};
    if (column == INDEX) {
        parts[1] = "-";
        parts[2] = rows->names[((const int32_t *)rows->columns[SAMPLE].values)[slot]];
    }
    int64_t length = 0;
    for (int i = 0; i < 3; i++) {
        int64_t of_part = (int64_t)strlen(parts[i]), left = size - length;
        if (text && left > 0)
            memcpy(text + length, parts[i], (size_t)(of_part < left ? of_part : left));
        length += of_part;
    }
    return length;
}

enum mzg_status mzg_merge_rows_new(const struct mzg_context *context, const struct mzg_merge_samples *samples,
                                   const json_t *description, struct mzg_merge_rows **rows,
                                   struct mzg_error *err)
{
    const json_t *of_samples = json_object_get(description, "samples"),
                 *columns = json_object_get(description, "columns");
    struct mzg_merge_rows *made = calloc(1, sizeof *made);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the rows of the table of all samples");
    made->samples = samples;
    made->rank = context->rank;
    made->n_ranks = context->size;
    made->held = mzg_piece_held(samples->n_rows, context->size, context->rank);
    made->columns[INDEX] = (struct column){.name = "_index", .kind = MZG_MERGE_TEXTS};
    made->columns[SAMPLE] = (struct column){
        .name = "sample", .kind = MZG_MERGE_CATEGORIES, .type = MZG_INT32, .size = sizeof(int32_t)};
    made->columns[SPATIAL] = (struct column){.name = "spatial", .size = 2 * sizeof(double)};
    made->n = FIRST_COLUMN;
    made->frame = (struct mzg_frame_rows){.fill = fill_rows, .text = row_text, .source = made};
    if (make_samples(made, of_samples, err) == MZG_OK)
        read_column(made, &made->columns[INDEX], NULL, of_samples, read_texts, err);
    for (size_t i = 0; i < json_array_size(columns) && err->status == MZG_OK; i++)
        add_column(made, json_array_get(columns, i), err);
    if (err->status == MZG_OK)
        read_column(made, &made->columns[SPATIAL], "obsm/spatial", NULL, read_places, err);
    if (err->status == MZG_OK)
        *rows = made;
    else
        mzg_merge_rows_free(made);
    return err->status;
}

void mzg_merge_rows_free(struct mzg_merge_rows *rows)
{
    if (!rows)
        return;
    for (int i = 0; i < rows->n; i++) {
        free(rows->columns[i].values);
        free(rows->columns[i].texts);
        free(rows->columns[i].categories);
    }
    for (int64_t i = 0; i < rows->n_blocks; i++)
        mzg_zarr_strings_free(&rows->blocks[i]);
    free(rows->blocks);
    free(rows->names);
    free(rows);
}

void mzg_merge_rows_frame(const struct mzg_merge_rows *rows, struct mzg_frame *obs)
{
    *obs = (struct mzg_frame){.n = rows->samples->n_rows, .rows = &rows->frame, .index_of_rows = INDEX};
    for (int i = FIRST_COLUMN; i < rows->n; i++) {
        const struct column *column = &rows->columns[i];
        if (column->kind == MZG_MERGE_CATEGORIES)
            mzg_frame_add_categories_of_rows(obs, column->name, column->n_categories, column->categories, i);
        else
            mzg_frame_add_of_rows(obs, column->name, column->type, i);
    }
    mzg_frame_add_categories_of_rows(obs, "sample", rows->samples->n, rows->names, SAMPLE);
}

struct mzg_row_column mzg_merge_rows_spatial(const struct mzg_merge_rows *rows)
{
    return (struct mzg_row_column){&rows->frame, SPATIAL};
}
