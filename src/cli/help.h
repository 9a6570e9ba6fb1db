/* The texts of `mzgrid --help` and `mzgrid COMMAND --help`, made from the tables of options, at most 80
 * columns wide. */
#ifndef MZG_CLI_HELP_H
#define MZG_CLI_HELP_H

#include <cli/options.h>

#include <stdio.h>

/* What `mzgrid --help` says; `commands` ends with NULL. Local. */
void mzg_help_program(FILE *file, const struct mzg_command *const *commands);

/* What `mzgrid NAME --help` says. Local. */
void mzg_help_command(FILE *file, const struct mzg_command *command);

#endif
