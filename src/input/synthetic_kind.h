/* The reader of synthetic tissue, for the registry. */
#ifndef MZG_INPUT_SYNTHETIC_KIND_H
#define MZG_INPUT_SYNTHETIC_KIND_H

#include <input/reader.h>
#include <synthetic/synthetic.h>

extern const struct mzg_reader_kind mzg_synthetic_kind;

/* Whether `path` describes synthetic tissue: it begins with "synthetic:". Local. */
bool mzg_synthetic_claims(const char *path);

/*
 * Reads a description such as "synthetic:200x100:1500:profile:7:full":
 *
 *     synthetic:WxH:POINTS[:KIND[:SEED[:full]]]
 *
 * What is left out is as `mzgrid generate` has it: centroid, seed 1, not full. MZG_EUSAGE, with what was
 * expected, for anything else. Local.
 */
enum mzg_status mzg_synthetic_parse(const char *path, struct mzg_synthetic_options *options,
                                    struct mzg_error *err);

#endif
