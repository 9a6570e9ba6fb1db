#include <stage/sink.h>

#include <core/agree.h>
#include <core/log.h>
#include <core/mpi.h>

#include <inttypes.h>
#include <stdlib.h>

enum mzg_status mzg_sink_open(const struct mzg_sink_kind *kind, const struct mzg_sink_spec *spec,
                              struct mzg_sink **sink, struct mzg_error *err)
{
    struct mzg_sink *opened = NULL;
    struct mzg_sink_part *parts = NULL;
    if (!kind->local) {
        parts = calloc((size_t)spec->context->size, sizeof *parts);
        if (!parts)
            mzg_fail(err, MZG_ENOMEM, "no memory for what %d ranks append", spec->context->size);
        if (mzg_agree(spec->context->comm, err) != MZG_OK) {
            free(parts);
            return err->status;
        }
    }
    if (kind->open(spec, &opened, err) != MZG_OK) {
        free(parts);
        return err->status;
    }
    opened->kind = kind;
    opened->spec = *spec;
    opened->parts = parts;
    opened->spec.by_column = spec->by_column && kind->wants_order;
    opened->spec.target = NULL;
    *sink = opened;
    return MZG_OK;
}

enum mzg_status mzg_sink_append(struct mzg_sink *sink, const struct mzg_rows *rows, struct mzg_error *err)
{
    if (sink->kind->local)
        return sink->kind->append(sink, rows, NULL, err);
    const struct mzg_context *context = sink->spec.context;
    struct mzg_sink_part mine = {rows->n_rows, rows->n_values};
    MZG_MPI(MPI_Allgather(&mine, 2, MPI_INT64_T, sink->parts, 2, MPI_INT64_T, context->comm));
    sink->kind->append(sink, rows, sink->parts, err);
    return mzg_agree(context->comm, err);
}

enum mzg_status mzg_sink_append_parts(struct mzg_sink *sink, const struct mzg_rows *rows,
                                      const struct mzg_sink_part *parts, struct mzg_error *err)
{
    return sink->kind->append(sink, rows, parts, err);
}

bool mzg_sink_room(struct mzg_sink *sink, const struct mzg_rows *rows, struct mzg_column_room *room)
{
    return sink->kind->room && sink->kind->room(sink, rows, room);
}

int64_t mzg_sink_bytes_of_rows(const struct mzg_sink *sink, const struct mzg_rows *rows)
{
    return sink->kind->bytes_of_rows(sink, rows);
}

bool mzg_sink_is_outgrown(const struct mzg_sink *sink, int64_t bytes)
{
    return sink->kind->local && sink->spec.most_bytes > 0 && bytes > sink->spec.most_bytes;
}

enum mzg_status mzg_sink_move(struct mzg_sink **sink, struct mzg_error *err)
{
    struct mzg_sink *from = *sink, *to = NULL;
    if (mzg_sink_open(&mzg_hdf5_sink, &from->spec, &to, err) != MZG_OK)
        return err->status;
    if (from->kind->move(from, to, err) != MZG_OK) {
        mzg_sink_close(to);
        return err->status;
    }
    mzg_sink_close(from);
    *sink = to;
    return MZG_OK;
}

enum mzg_status mzg_sink_seal(struct mzg_sink **sink, struct mzg_staged **staged, struct mzg_error *err)
{
    struct mzg_sink *s = *sink;
    if (s->kind->seal(s, staged, err) != MZG_ENOMEM || !s->kind->local || !s->spec.path)
        return err->status;
    mzg_log_line(s->spec.context->log, MZG_LOG_WARNING, "%s; the rows move to %s", err->text, s->spec.path);
    *err = (struct mzg_error){0};
    if (mzg_sink_move(sink, err) != MZG_OK || !*sink)
        return err->status;
    return (*sink)->kind->seal(*sink, staged, err);
}

void mzg_sink_close(struct mzg_sink *sink)
{
    if (!sink)
        return;
    free(sink->parts);
    sink->kind->close(sink);
}
