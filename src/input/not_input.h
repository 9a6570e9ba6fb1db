/* Words about a path that is no input: what it is instead, and what to do about that. */
#ifndef MZG_INPUT_NOT_INPUT_H
#define MZG_INPUT_NOT_INPUT_H

#include <mzgrid/error.h>

/* What a file is by its first bytes and by its name, if it is something that users take for an input: packed,
 * raw data of an instrument, or of another program. The words go behind "it is"; NULL: nothing known, or it
 * cannot be read. Local. */
const char *mzg_not_input_words(const char *path);

/* Refuses `path`, which cannot be opened because of `code`, an errno. Local. */
enum mzg_status mzg_not_there(const char *path, int code, struct mzg_error *err);

/* Refuses `path`, which no kind of reader knows. Local. */
enum mzg_status mzg_not_input(const char *path, struct mzg_error *err);

#endif
