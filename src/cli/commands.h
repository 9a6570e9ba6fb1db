/* The subcommands. A further one is a file that defines a struct mzg_command, a line here and one in cli.c.
 */
#ifndef MZG_CLI_COMMANDS_H
#define MZG_CLI_COMMANDS_H

#include <cli/options.h>

extern const struct mzg_command mzg_command_convert;
extern const struct mzg_command mzg_command_axis;
extern const struct mzg_command mzg_command_export;
extern const struct mzg_command mzg_command_image;
extern const struct mzg_command mzg_command_info;
extern const struct mzg_command mzg_command_spectrum;
extern const struct mzg_command mzg_command_validate;
extern const struct mzg_command mzg_command_peaks;
extern const struct mzg_command mzg_command_generate;
extern const struct mzg_command mzg_command_merge;
extern const struct mzg_command mzg_command_report;
extern const struct mzg_command mzg_command_metrics;
extern const struct mzg_command mzg_command_topology;

#endif
