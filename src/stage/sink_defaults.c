/* What the slots of a sink's kind do if its rows wait in no memory. */
#include <stage/sink.h>

int64_t mzg_sink_takes_no_memory(const struct mzg_sink *sink, const struct mzg_rows *rows)
{
    (void)sink;
    (void)rows;
    return 0;
}

enum mzg_status mzg_sink_cannot_move(struct mzg_sink *sink, struct mzg_sink *to, struct mzg_error *err)
{
    (void)to;
    return mzg_fail(err, MZG_EUSAGE, "rows of the kind \"%s\" do not wait in memory, and cannot move",
                    sink->kind->name);
}
