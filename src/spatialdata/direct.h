/* X in CSR or dense layout as a sink that keeps nothing: the rows appended go into the arrays of the store as
 * they come, and sealing completes these; nothing can be read back. */
#ifndef MZG_SPATIALDATA_DIRECT_H
#define MZG_SPATIALDATA_DIRECT_H

#include <spatialdata/matrix.h>
#include <stage/sink.h>

/* What spec->target of this kind is. */
struct mzg_direct_target {
    struct mzg_sdata *sdata; /* borrowed until the sink is closed */
    struct mzg_matrix_spec matrix;
    int64_t memory; /* bytes that a rank may take */
};

extern const struct mzg_sink_kind mzg_direct_sink;

#endif
