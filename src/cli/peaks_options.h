/* The options that say what a peak is, the same for `mzgrid peaks` and `mzgrid convert --peaks`. */
#ifndef MZG_CLI_PEAKS_OPTIONS_H
#define MZG_CLI_PEAKS_OPTIONS_H

#include <cli/options.h>
#include <mzgrid/peaks.h>

/* Reads "10ppm" or "5mDa" into a struct mzg_peaks_options. Local. */
enum mzg_status mzg_set_tolerance(const char *text, void *target, struct mzg_error *err);

/* Rows of a table of options; `at` is where the settings have their struct mzg_peaks_options. */
/* clang-format off */
#define MZG_PEAKS_ROWS(at) \
    {.kind = MZG_OPTION_TEXT, .name = "peak-list", .argument = "FILE", \
     .offset = (at) + offsetof(struct mzg_peaks_options, list), \
     .help = "Take the peaks that FILE lists instead of picking them: an m/z on each line, which a name may follow; or " \
             "CSV as METASPACE and SCiLS Lab export it."}, \
    {.kind = MZG_OPTION_OWN, .name = "tolerance", .argument = "T[ppm|mDa|Da]", .offset = (at), \
     .set = mzg_set_tolerance, .standard = "10ppm", \
     .help = "Bins this far from the m/z of a listed peak belong to it, unless the list gives a tolerance of its own."}, \
    {.kind = MZG_OPTION_NUMBER, .name = "snr", .rivals = "peak-list tolerance", .argument = "S", \
     .offset = (at) + offsetof(struct mzg_peaks_options, snr), .above_low = true, .standard = "10", \
     .help = "How many times higher than the noise around it a picked peak must be."}
/* clang-format on */

#endif
