/* A file of options: which of its lines are for a command, and whether all of them are understood. */
#ifndef MZG_CLI_CONFIG_FILE_H
#define MZG_CLI_CONFIG_FILE_H

#include <cli/options.h>

#include <stdio.h>

/* Reads the file at `path` and writes a record of each option that is for `command`. Names and types are
 * looked at in the whole file, values by mzg_arguments_apply(). MZG_EIO if it cannot be read, MZG_EUSAGE with
 * its line if it is not understood. Local. */
enum mzg_status mzg_config_read(const char *path, const struct mzg_command *const *commands,
                                const struct mzg_command *command, FILE *records, struct mzg_error *err);

/* The same for text that was read already, `n` bytes that may be changed, as one more behind them may. Local.
 */
enum mzg_status mzg_config_read_text(const char *name, char *bytes, size_t n,
                                     const struct mzg_command *const *commands,
                                     const struct mzg_command *command, FILE *records, struct mzg_error *err);

/* Writes a record (sources.c): row `number` of the command's table has the value `text`, as stands at
 * `place`. Local. */
void mzg_config_record(FILE *records, enum mzg_origin origin, int number, const char *text,
                       const char *place);

#endif
