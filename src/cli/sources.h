/*
 * Options that stand elsewhere than on the command line: in variables MZGRID_NAME of the environment, and in
 * a file of options (toml.h), which --config or MZGRID_CONFIG names. The command line counts more than a
 * variable, a variable more than the file. Rank 0 looks and tells all others, which may see neither the file
 * nor the variables.
 */
#ifndef MZG_CLI_SOURCES_H
#define MZG_CLI_SOURCES_H

#include <cli/options.h>
#include <core/context.h>

#include <stdio.h>

/* Adds to `arguments` what stands elsewhere, and leaves out what counts less. `commands`, which ends with
 * NULL, are all that a file may speak of. Warns of variables that are almost options. Collective over
 * context->comm; with MPI_COMM_NULL each process looks itself. */
enum mzg_status mzg_sources_add(const struct mzg_context *context, const struct mzg_command *const *commands,
                                struct mzg_arguments *arguments, struct mzg_error *err);

/* What --print-config prints: a file of options that says the same as `arguments`, and where each comes from.
 * What is not given stands in comments. Local. */
enum mzg_status mzg_config_print(FILE *file, const struct mzg_arguments *arguments, struct mzg_error *err);

/* The variable of an option, as MZGRID_BIN_WIDTH. Returns `name`. Local. */
char *mzg_variable_name(const struct mzg_option *option, char *name, size_t size);

#endif
