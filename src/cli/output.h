/* Standard output, where results go. */
#ifndef MZG_CLI_OUTPUT_H
#define MZG_CLI_OUTPUT_H

#include <mzgrid/error.h>

/* Ends what was printed on standard output; MZG_EIO if not all of it could be written. Local. */
enum mzg_status mzg_output_flush(struct mzg_error *err);

#endif
