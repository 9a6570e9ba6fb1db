/* The parts of the man page that tables tell: the synopsis, and the options of all commands. scripts/man puts
 * them into what is prose, docs/man/mzgrid.1.in. */
#ifndef MZG_CLI_MAN_PAGE_H
#define MZG_CLI_MAN_PAGE_H

#include <cli/options.h>

#include <stdio.h>

/* Prints both as roff, the line .\" OPTIONS between them; `commands` ends with NULL. Local. */
void mzg_man_print(FILE *file, const struct mzg_command *const *commands);

#endif
