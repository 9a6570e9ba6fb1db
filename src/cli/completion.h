/* Completion of command lines in a shell, made from the tables of options. */
#ifndef MZG_CLI_COMPLETION_H
#define MZG_CLI_COMPLETION_H

#include <cli/options.h>

#include <stdio.h>

/* The shells, "bash", "zsh", "fish", by number; NULL behind the last one. Local. */
const char *mzg_completion_shell(int number);

/* Prints the script for shell `number`; `commands` ends with NULL. Local. */
void mzg_completion_print(FILE *file, int number, const struct mzg_command *const *commands);

#endif
