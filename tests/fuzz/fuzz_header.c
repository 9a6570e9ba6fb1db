/* Fuzzes the header: parsing, resolving its groups, and all that is read from it. */
#include "fuzz.h"

#include <imzml/facts.h>
#include <imzml/metadata.h>
#include <imzml/pair.h>
#include <jansson.h>
#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mzg_imzml_parse_options options = {.header_only = true};
    static const unsigned char ibd_head[16] = {1, 2, 3};
    struct mzg_imzml_document document;
    struct mzg_imzml_identity identity;
    struct mzg_imzml_geometry geometry;
    struct mzg_error err = {0};
    int64_t piece = 1 + (int64_t)(size * 2654435761u % 5000);
    if (mzg_imzml_parse_bytes((const char *)data, (int64_t)size, piece, "x.imzML", &options, &document,
                              &err) != MZG_OK) {
        must(err.text[0] != '\0');
        return 0;
    }
    mzg_imzml_require(&document.header, "x.imzML", &err);
    err = (struct mzg_error){0};
    mzg_imzml_identify(&document.header, ibd_head, &document.findings, &identity);
    const int64_t grid[2] = {4, 3};
    mzg_imzml_geometry(&document.header, size % 2 ? grid : NULL, &document.findings, &geometry);
    for (int d = 0; d < 2; d++)
        must(isfinite(geometry.pixel_size[d]) && geometry.pixel_size[d] >= 0);
    mzg_imzml_declared_mode(&document.header);
    mzg_imzml_declared_type(&document.header);

    json_t *metadata = NULL;
    const struct mzg_kinds kinds = {0};
    must(mzg_imzml_metadata(&document, &identity, &kinds, &metadata, &err) == MZG_OK);
    char *text = json_dumps(metadata, 0); /* what is no UTF-8 would fail */
    must(text != NULL);
    free(text);
    json_decref(metadata);
    mzg_imzml_document_destroy(&document);
    return 0;
}
