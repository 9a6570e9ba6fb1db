#include <run/table_rows.h>

#include <core/mpi.h>
#include <core/piece.h>
#include <input/pixels.h>

#include <stdlib.h>

/* What a row can be asked for. */
enum column {
    KEY_TEXT, /* the index of obs, as a number */
    KEY,
    X,
    Y,
    Z,
    SPATIAL_X,
    SPATIAL_Y,
    SPATIAL, /* both */
    SPECTRUM_INDEX,
    MS_LEVEL,
    N_SPECTRA,
    N_POINTS,
    DROPPED_POINTS,
    TIC,
    RMS,
    MEDIAN_INTENSITY,
    BASE_PEAK_MZ,
    BASE_PEAK_INTENSITY
};

struct mzg_table_rows {
    const struct mzg_records *records;
    const struct mzg_reader *reader;
    double origin[2]; /* of the first cell's corner, */
    double size[2];   /*  and how large cells are, x and y: the geometry changes when it is cut down */
    double offset[2];
    int64_t n_rows; /* of all ranks */
    int n_ranks;
    struct mzg_frame_rows frame;
};

static int32_t position_of(const struct mzg_table_rows *rows, const struct mzg_row_record *record, int axis)
{
    int32_t position[3];
    int64_t first, n;
    mzg_reader_pixel(rows->reader, record->pixel, position, &first, &n);
    return position[axis];
}

/* The centre of a row's cell. */
static double center_of(const struct mzg_table_rows *rows, const struct mzg_row_record *record, int axis)
{
    return (position_of(rows, record, axis) - rows->origin[axis] + 0.5) * rows->size[axis] +
           rows->offset[axis];
}

static int64_t key_of(const struct mzg_table_rows *rows, const struct mzg_row_record *record)
{
    return mzg_reader_ordinal(rows->reader, record->pixel) + 1;
}

/* Fills `n` values of `type`, of which `record` is what it takes. A type cannot stand in parentheses. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define FILL(type, value)                                                                                    \
    do {                                                                                                     \
        type *to = values;                                                                                   \
        for (int64_t i = 0; i < n; i++) {                                                                    \
            const struct mzg_row_record *record = &records[i];                                               \
            to[i] = (value);                                                                                 \
        }                                                                                                    \
    } while (0)
/* NOLINTEND(bugprone-macro-parentheses) */

/* Of rows that follow each other in the records of this rank. */
static void fill(const struct mzg_table_rows *rows, enum column column, const struct mzg_row_record *records,
                 int64_t n, void *values)
{
    switch (column) {
    case KEY_TEXT:
        FILL(int64_t, key_of(rows, record));
        break;
    case KEY:
        FILL(int32_t, (int32_t)key_of(rows, record));
        break;
    case X:
    case Y:
    case Z:
        FILL(int32_t, position_of(rows, record, (int)column - X));
        break;
    case SPATIAL_X:
    case SPATIAL_Y:
        FILL(double, center_of(rows, record, (int)column - SPATIAL_X));
        break;
    case SPATIAL:
        for (int64_t i = 0; i < 2 * n; i++)
            ((double *)values)[i] = center_of(rows, &records[i / 2], (int)(i % 2));
        break;
    case SPECTRUM_INDEX:
        FILL(int64_t, record->of_pixel.first_spectrum);
        break;
    case MS_LEVEL:
        for (int64_t i = 0; i < n; i++)
            ((int32_t *)values)[i] = rows->reader->dataset.kinds.ms_level;
        break;
    case N_SPECTRA:
        FILL(int64_t, record->of_pixel.n_spectra);
        break;
    case N_POINTS:
        FILL(int64_t, record->of_pixel.n_points);
        break;
    case DROPPED_POINTS:
        FILL(int64_t, record->of_pixel.dropped_points);
        break;
    case TIC:
        FILL(double, record->of_pixel.tic);
        break;
    case RMS:
        FILL(double, record->of_pixel.intensities.rms);
        break;
    case MEDIAN_INTENSITY:
        FILL(double, record->of_pixel.intensities.median);
        break;
    case BASE_PEAK_MZ:
        FILL(double, record->of_pixel.base_peak_mz);
        break;
    case BASE_PEAK_INTENSITY:
        FILL(double, record->of_pixel.base_peak_intensity);
        break;
    }
}

/* As the frame asks: rows of one piece. */
static void fill_rows(const void *source, int column, int64_t first, int64_t n, void *values)
{
    const struct mzg_table_rows *rows = source;
    fill(rows, (enum column)column, rows->records->list + mzg_piece_slot(first, rows->n_ranks), n, values);
}

enum mzg_status mzg_table_rows_new(const struct mzg_context *context, const struct mzg_table_source *source,
                                   struct mzg_table_rows **rows, struct mzg_error *err)
{
    struct mzg_table_rows *made = calloc(1, sizeof *made);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the rows of the table");
    made->records = &source->stream->records;
    made->reader = source->reader;
    for (int axis = 0; axis < 2; axis++) {
        made->origin[axis] = source->reader->dataset.origin[axis];
        made->size[axis] = source->geometry->pixel_size[axis];
        made->offset[axis] = source->geometry->offset[axis];
    }
    made->n_rows = source->stream->n_rows;
    made->n_ranks = context->size;
    made->frame = (struct mzg_frame_rows){.fill = fill_rows, .source = made};
    *rows = made;
    return MZG_OK;
}

void mzg_table_rows_frame(const struct mzg_table_rows *rows, const struct mzg_kinds *kinds,
                          const char *region, struct mzg_frame *obs)
{
    *obs = (struct mzg_frame){.n = rows->n_rows, .rows = &rows->frame, .index_of_rows = KEY_TEXT};
    mzg_frame_add_of_rows(obs, "instance_key", MZG_INT32, KEY);
    mzg_frame_add_category(obs, "region", region);
    mzg_frame_add_of_rows(obs, "x", MZG_INT32, X);
    mzg_frame_add_of_rows(obs, "y", MZG_INT32, Y);
    mzg_frame_add_of_rows(obs, "z", MZG_INT32, Z);
    mzg_frame_add_of_rows(obs, "spatial_x", MZG_FLOAT64, SPATIAL_X);
    mzg_frame_add_of_rows(obs, "spatial_y", MZG_FLOAT64, SPATIAL_Y);
    mzg_frame_add_of_rows(obs, "spectrum_index", MZG_INT64, SPECTRUM_INDEX);
    if (kinds->levels_vary)
        mzg_frame_add_of_rows(obs, "ms_level", MZG_INT32, MS_LEVEL);
    if (kinds->polarities_vary)
        mzg_frame_add_category(obs, "polarity", mzg_polarity_name(kinds->polarity));
    mzg_frame_add_of_rows(obs, "n_spectra", MZG_INT64, N_SPECTRA);
    mzg_frame_add_of_rows(obs, "n_points", MZG_INT64, N_POINTS);
    mzg_frame_add_of_rows(obs, "dropped_points", MZG_INT64, DROPPED_POINTS);
    mzg_frame_add_of_rows(obs, "tic", MZG_FLOAT64, TIC);
    mzg_frame_add_of_rows(obs, "rms", MZG_FLOAT64, RMS);
    mzg_frame_add_of_rows(obs, "median_intensity", MZG_FLOAT64, MEDIAN_INTENSITY);
    mzg_frame_add_of_rows(obs, "base_peak_mz", MZG_FLOAT64, BASE_PEAK_MZ);
    mzg_frame_add_of_rows(obs, "base_peak_intensity", MZG_FLOAT64, BASE_PEAK_INTENSITY);
}

struct mzg_row_column mzg_table_rows_spatial(const struct mzg_table_rows *rows)
{
    return (struct mzg_row_column){&rows->frame, SPATIAL};
}

/* As the rasters ask: by their number among those of this rank. */
static void load_pixels(const void *source, int64_t first, int64_t n, const struct mzg_sdata_room *room)
{
    const struct mzg_table_rows *rows = source;
    const struct mzg_row_record *records = rows->records->list + first;
    for (int axis = 0; axis < 3; axis++)
        fill(rows, (enum column)(X + axis), records, n, room->position[axis]);
    fill(rows, KEY, records, n, room->instance_key);
    fill(rows, TIC, records, n, room->tic);
}

static void cut_records(void *owner, int64_t n)
{
    mzg_records_cut(owner, n);
}

struct mzg_sdata_pixels mzg_table_pixels(const struct mzg_table *table, struct mzg_records *spent)
{
    return (struct mzg_sdata_pixels){.n = table->rows->records->n,
                                     .load = load_pixels,
                                     .source = table->rows,
                                     .cut = spent ? cut_records : NULL,
                                     .owner = spent};
}

void mzg_table_narrow(const struct mzg_context *context, const struct mzg_table *table,
                      const struct mzg_dataset *dataset, struct mzg_sdata_geometry *geometry)
{
    const struct mzg_table_rows *rows = table->rows;
    int32_t min[3] = {INT32_MAX, INT32_MAX, INT32_MAX}, max[3] = {INT32_MIN, INT32_MIN, INT32_MIN};
    for (int64_t i = 0; i < rows->records->n; i++) {
        int32_t position[3];
        int64_t first, n;
        mzg_reader_pixel(rows->reader, rows->records->list[i].pixel, position, &first, &n);
        mzg_pixels_box(position, sizeof position, 1, min, max);
    }
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, min, 3, MPI_INT32_T, MPI_MIN, context->comm));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, max, 3, MPI_INT32_T, MPI_MAX, context->comm));
    if (rows->n_rows > 0)
        mzg_table_geometry_box(dataset, min, max, geometry);
}
