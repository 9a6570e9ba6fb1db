/* The kinds of input: a further one is a line in `kinds`. Those of foreign readers are known to a context. */
#include <core/agree.h>
#include <core/context.h>
#include <imzml/imzml_kind.h>
#include <input/foreign.h>
#include <input/not_input.h>
#include <input/reader.h>
#include <input/synthetic_kind.h>

static const struct mzg_reader_kind *const kinds[] = {&mzg_imzml_kind, &mzg_synthetic_kind};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static enum mzg_status find_kind(const char *path, const struct mzg_reader_kind **kind, struct mzg_error *err)
{
    for (int i = 0; i < N_KINDS; i++) {
        if (kinds[i]->claims(path)) {
            *kind = kinds[i];
            return MZG_OK;
        }
    }
    struct mzg_error why = {0}; /* the analyser does not see that another file fails */
    mzg_not_input(path, &why);
    return mzg_fail(err, why.status == MZG_EIO ? MZG_EIO : MZG_EFORMAT, "%s", why.text);
}

static enum mzg_status check_part(const struct mzg_reader_kind *kind, const char *path,
                                  const struct mzg_reader_options *options, struct mzg_error *err)
{
    if (!kind->ordinal && (options->region.given || options->pixels_file))
        return mzg_fail(err, MZG_EUSAGE, "%s: no part of a %s input can be chosen", path, kind->name);
    return MZG_OK;
}

/* What a kind that always reads the whole input need not tell. */
static void settle_whole(struct mzg_dataset *dataset)
{
    if (dataset->n_all_pixels > 0)
        return;
    dataset->n_all_pixels = dataset->n_pixels;
    for (int d = 0; d < 3; d++)
        dataset->origin[d] = dataset->min[d] < 1 ? dataset->min[d] : 1;
}

enum mzg_status mzg_reader_open(const struct mzg_context *context, const char *path,
                                const struct mzg_reader_options *options, struct mzg_reader **reader,
                                struct mzg_error *err)
{
    /* By the name alone, so that all ranks come to the same kind; but for the words of the refusal. */
    const struct mzg_reader_kind *kind = NULL;
    const struct mzg_foreign_entry *foreign = mzg_foreign_find(context, path);
    if (!foreign && find_kind(path, &kind, err) == MZG_OK)
        check_part(kind, path, options, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    if (foreign)
        mzg_foreign_open(context, foreign, path, options, reader, err);
    else
        kind->open(context, path, options, reader, err);
    if (err->status != MZG_OK)
        return err->status;
    settle_whole(&(*reader)->dataset);
    return MZG_OK;
}

enum mzg_status mzg_reader_describe(const char *path, struct json_t **description, struct mzg_error *err)
{
    const struct mzg_reader_kind *kind = NULL;
    if (find_kind(path, &kind, err) != MZG_OK)
        return err->status;
    return kind->describe(path, description, err);
}
