/*
 * Messages speak of options of the command line, such as --chunk-size. Whoever calls the library knows
 * members of structs, such as chunk_size: at its doors the names are exchanged.
 */
#ifndef MZG_CORE_PARAMETERS_H
#define MZG_CORE_PARAMETERS_H

#include <mzgrid/error.h>
#include <stddef.h>

/* Writes `text` with the names of parameters in place of those of options into `named`, of `size` bytes, cut
 * where it is longer. Local. */
void mzg_parameters_text(const char *text, char *named, size_t size);

/* The same in place in `err`; its status. Local. */
enum mzg_status mzg_name_parameters(struct mzg_error *err);

/* Checks the `size` with which a struct of the caller begins; `name` is that of the struct. MZG_EUSAGE.
 * Local. */
enum mzg_status mzg_size_check(const char *name, size_t size, size_t smallest, size_t largest,
                               struct mzg_error *err);

#endif
