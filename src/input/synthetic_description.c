/* The description of synthetic tissue that stands in the place of a path. Pure text. */
#include <input/synthetic_kind.h>

#include <inttypes.h>
#include <string.h>

static const char prefix[] = "synthetic:";
static const char form[] =
    "synthetic:WxH:POINTS[:KIND[:SEED[:full]]], such as synthetic:200x100:1500:profile";

/* What is still to be read, and where it came from. */
struct description {
    const char *path;
    const char *at;
};

bool mzg_synthetic_claims(const char *path)
{
    return strncmp(path, prefix, sizeof prefix - 1) == 0;
}

static enum mzg_status refuse(const struct description *description, const char *expected,
                              struct mzg_error *err)
{
    int n = (int)strcspn(description->at, ":");
    return mzg_fail(err, MZG_EUSAGE, "%.200s: '%.*s' is not %s; expected %s", description->path,
                    n < 60 ? n : 60, description->at, expected, form);
}

/* Whole numbers of digits alone, as far as they go; false if there is none or it is above `most`. */
static bool read_number(struct description *description, int64_t most, int64_t *number)
{
    const char *at = description->at;
    int64_t value = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        int digit = *at - '0';
        if (value > (most - digit) / 10)
            return false;
        value = 10 * value + digit;
    }
    if (at == description->at)
        return false;
    description->at = at;
    *number = value;
    return true;
}

/* Whether a field ends here. */
static bool ends(const struct description *description)
{
    return *description->at == '\0' || *description->at == ':';
}

/* Goes to the next field; false if there is none. */
static bool next_field(struct description *description)
{
    if (*description->at != ':')
        return false;
    description->at++;
    return true;
}

static enum mzg_status read_size(struct description *description, struct mzg_synthetic_options *options,
                                 struct mzg_error *err)
{
    struct description begin = *description;
    bool good = read_number(description, INT64_MAX, &options->width) && *description->at == 'x';
    if (good) {
        description->at++;
        good = read_number(description, INT64_MAX, &options->height) && ends(description);
    }
    return good ? MZG_OK : refuse(&begin, "a width and a height", err);
}

static enum mzg_status read_field(struct description *description, const char *expected, int64_t *number,
                                  struct mzg_error *err)
{
    struct description begin = *description;
    if (!read_number(description, INT64_MAX, number) || !ends(description))
        return refuse(&begin, expected, err);
    return MZG_OK;
}

static enum mzg_status read_kind(struct description *description, enum mzg_synthetic_kind *kind,
                                 struct mzg_error *err)
{
    size_t n = strcspn(description->at, ":");
    for (int k = MZG_SYNTHETIC_CENTROID; k <= MZG_SYNTHETIC_CONTINUOUS; k++) {
        const char *name = mzg_synthetic_kind_name((enum mzg_synthetic_kind)k);
        if (strlen(name) == n && strncmp(description->at, name, n) == 0) {
            *kind = (enum mzg_synthetic_kind)k;
            description->at += n;
            return MZG_OK;
        }
    }
    return refuse(description, "a kind: centroid, profile or continuous", err);
}

static enum mzg_status read_fields(struct description *description, struct mzg_synthetic_options *options,
                                   struct mzg_error *err)
{
    int64_t seed = 1;
    if (read_size(description, options, err) != MZG_OK)
        return err->status;
    if (!next_field(description))
        return refuse(description, "the number of points", err);
    if (read_field(description, "a number of points", &options->points, err) != MZG_OK ||
        (next_field(description) && read_kind(description, &options->kind, err) != MZG_OK) ||
        (next_field(description) && read_field(description, "a seed", &seed, err) != MZG_OK))
        return err->status;
    options->seed = (uint64_t)seed;
    if (!next_field(description))
        return MZG_OK;
    if (strcmp(description->at, "full") != 0)
        return refuse(description, "'full' at the end", err);
    options->full = true;
    return MZG_OK;
}

enum mzg_status mzg_synthetic_parse(const char *path, struct mzg_synthetic_options *options,
                                    struct mzg_error *err)
{
    struct mzg_synthetic_options found = {.kind = MZG_SYNTHETIC_CENTROID};
    struct description description = {.path = path, .at = path + sizeof prefix - 1};
    struct mzg_error inner = {0};
    if (read_fields(&description, &found, err) != MZG_OK)
        return err->status;
    if (mzg_synthetic_check(&found, &inner) != MZG_OK)
        return mzg_fail(err, inner.status, "%.200s: %s", path, inner.text);
    if (found.width * found.height >= INT32_MAX)
        return mzg_fail(err, MZG_EUSAGE,
                        "%.200s: %" PRId64 " positions are more than a table can have; at most %d", path,
                        found.width * found.height, INT32_MAX - 1);
    *options = found;
    return MZG_OK;
}
