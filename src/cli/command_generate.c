/* `mzgrid generate`: synthetic tissue as an imzML file. */
#include <cli/commands.h>
#include <cli/numbers.h>
#include <core/agree.h>
#include <core/context.h>
#include <core/file.h>
#include <core/log.h>
#include <core/pool.h>
#include <synthetic/synthetic.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const int64_t max_side = 1000000;

struct generate_settings {
    int64_t size[2]; /* width, height */
    int kind;        /* enum mzg_synthetic_kind */
    int64_t points;
    int64_t seed;
    bool full;
    bool overwrite;
    int64_t threads;
    bool quiet;
};

static const char *kind_choice(int number)
{
    return number <= MZG_SYNTHETIC_CONTINUOUS ? mzg_synthetic_kind_name((enum mzg_synthetic_kind)number)
                                              : NULL;
}

static enum mzg_status set_size(const char *text, void *target, struct mzg_error *err)
{
    int64_t *size = target;
    int64_t sides[2];
    char width[24];
    size_t length = strcspn(text, "x");
    bool good = text[length] == 'x' && length < sizeof width;
    if (good) {
        memcpy(width, text, length);
        width[length] = '\0';
        good = mzg_read_integer(width, &sides[0]) && mzg_read_integer(text + length + 1, &sides[1]);
    }
    for (int i = 0; good && i < 2; i++)
        good = sides[i] >= 1 && sides[i] <= max_side;
    if (!good)
        return mzg_fail(err, MZG_EUSAGE,
                        "'%s' is not a width and a height of 1 to 1000000 pixels, such as 200x100", text);
    memcpy(size, sides, sizeof sides);
    return MZG_OK;
}

/* One row each, as a table is read. */
/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Options"},
    {.kind = MZG_OPTION_OWN, .name = "size", .argument = "WxH",
     .offset = offsetof(struct generate_settings, size), .set = set_size, .standard = "100x100",
     .help = "Width and height of the image in pixels."},
    {.kind = MZG_OPTION_CHOICE, .name = "kind", .argument = "KIND",
     .offset = offsetof(struct generate_settings, kind), .choice = kind_choice, .standard = "centroid",
     .help = "centroid: lists of peaks; profile: curves with their zeros trimmed; continuous: curves on "
             "one m/z array."},
    {.kind = MZG_OPTION_INTEGER, .name = "points", .argument = "N",
     .offset = offsetof(struct generate_settings, points), .least = 1, .most = 10000000,
     .standard = "1000",
     .help = "Points of a spectrum, or their mean if the number varies."},
    {.kind = MZG_OPTION_INTEGER, .name = "seed", .argument = "S",
     .offset = offsetof(struct generate_settings, seed), .least = 0, .most = INT64_MAX, .standard = "1",
     .help = "Another seed gives other data. The same seed gives the same bytes on any number of ranks."},
    {.kind = MZG_OPTION_FLAG, .name = "full", .offset = offsetof(struct generate_settings, full),
     .help = "Write a spectrum at every position, even far from the tissue."},
    {.kind = MZG_OPTION_FLAG, .name = "overwrite", .offset = offsetof(struct generate_settings, overwrite),
     .help = "Replace existing files."},
    {.kind = MZG_OPTION_INTEGER, .name = "threads", .argument = "N",
     .offset = offsetof(struct generate_settings, threads), .least = 1, .most = 4096,
     .standard = "the cores that the launcher gave the rank",
     .help = "Threads of each rank that compute, its main thread among them."},
    {.kind = MZG_OPTION_FLAG, .name = "quiet", .letter = 'q',
     .offset = offsetof(struct generate_settings, quiet),
     .help = "Only warnings and errors."},
    {0},
};
/* clang-format on */

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct generate_settings settings = {.size = {100, 100}, .points = 1000, .seed = 1};
    mzg_arguments_apply(arguments, &settings, err);
    if (mzg_agree(context->comm, err) != MZG_OK ||
        mzg_pool_new(context->comm, (int)settings.threads, &context->pool, err) != MZG_OK)
        return 0;

    const char *path = arguments->operands[0];
    struct mzg_synthetic_options synthetic = {.width = settings.size[0],
                                              .height = settings.size[1],
                                              .kind = (enum mzg_synthetic_kind)settings.kind,
                                              .points = settings.points,
                                              .seed = (uint64_t)settings.seed,
                                              .full = settings.full,
                                              .overwrite = settings.overwrite};
    if (mzg_synthetic_write(context, path, &synthetic, err) == MZG_OK && !settings.quiet)
        mzg_log_line(context->log, MZG_LOG_INFO, "%s%s is complete: %" PRId64 " x %" PRId64 " positions, %s",
                     path, mzg_file_ends_in(path, ".imzML") ? "" : ".imzML", synthetic.width,
                     synthetic.height, kind_choice(settings.kind));
    return 0;
}

const struct mzg_command mzg_command_generate = {
    .name = "generate",
    .summary = "Write a synthetic imzML file, to try and to measure with.",
    .description =
        "Writes synthetic tissue as OUTPUT.imzML and OUTPUT.ibd: a few regions with peaks of their own, "
        "noise, and empty pixels around them. Runs on any number of MPI ranks and writes the same bytes.",
    .examples = "mzgrid generate sample.imzML --size 100x80 --points 400",
    .operands = {"OUTPUT.imzML"},
    .options = options,
    .run = run,
};
