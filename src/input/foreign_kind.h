/* An open input of a foreign reader, as its own files see it. */
#ifndef MZG_INPUT_FOREIGN_KIND_H
#define MZG_INPUT_FOREIGN_KIND_H

#include <input/foreign_index.h>
#include <input/pixel_table.h>
#include <input/reader.h>

enum { MZG_FOREIGN_POINT = 16 }; /* bytes of a point: two doubles */

/* What rank 0 tells the others: plain data, sent as it is. */
struct mzg_foreign_summary {
    struct mzg_dataset dataset; /* without its pointers */
    int64_t faulty_pixels;
    bool has_table; /* of pixels: some position has several spectra, or not all are read */
    bool is_part;   /* not all are read */
};

struct mzg_foreign {
    struct mzg_reader base;
    char *path;
    struct mzg_foreign_source source;
    struct mzg_node_memory *index_memory;
    const struct mzg_foreign_spectrum *index; /* one for each spectrum */
    struct mzg_foreign_summary summary;
    struct mzg_pixel_table pixels;
};

/* What it can do once it is open; mzg_foreign_open() opens it. */
extern const struct mzg_reader_kind mzg_foreign_kind;

#endif
