/* Options as other commands, and other programs, call them: what is meant here. */
#ifndef MZG_CLI_OTHER_NAMES_H
#define MZG_CLI_OTHER_NAMES_H

#include <cli/options.h>

/* Whether it is known what is meant by `typed`, without dashes, which is no option of `command`. Local. */
bool mzg_is_other_name(const struct mzg_command *command, const char *typed);

/* Refuses an option as it was typed, such as "-o": says which one is meant, how arguments are given if it is
 * one of them, or `guess`, an option whose name is close; NULL: none is. Local. */
enum mzg_status mzg_refuse_option(const struct mzg_command *command, const char *typed, const char *guess,
                                  struct mzg_error *err);

#endif
