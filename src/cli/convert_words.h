/* The words that options of `mzgrid convert` and `mzgrid axis` take: names of choices by their numbers, and
 * values that are more than one number. */
#ifndef MZG_CLI_CONVERT_WORDS_H
#define MZG_CLI_CONVERT_WORDS_H

#include <cli/convert_options.h>

/* The name of choice `number`, NULL behind the last one: struct mzg_option.choice. Local. */
const char *mzg_axis_type_choice(int number);
const char *mzg_method_choice(int number);
const char *mzg_spectrum_type_choice(int number);
const char *mzg_accuracy_choice(int number);
const char *mzg_on_error_choice(int number);
const char *mzg_mobility_choice(int number);
const char *mzg_polarity_choice(int number);
const char *mzg_codec_choice(int number);
const char *mzg_progress_choice(int number);

/* Reads a value into `target`, the field that the option's row names: struct mzg_option.set. MZG_EUSAGE with
 * what was expected. Local. */
enum mzg_status mzg_set_bin_width(const char *text, void *target, struct mzg_error *err);
enum mzg_status mzg_set_pixel_size(const char *text, void *target, struct mzg_error *err);
enum mzg_status mzg_set_tof_law(const char *text, void *target, struct mzg_error *err);
enum mzg_status mzg_set_max_gap(const char *text, void *target, struct mzg_error *err);
enum mzg_status mzg_set_chunk_size(const char *text, void *target, struct mzg_error *err);
enum mzg_status mzg_set_mpi_info(const char *text, void *target, struct mzg_error *err);
enum mzg_status mzg_set_region(const char *text, void *target, struct mzg_error *err);

#endif
