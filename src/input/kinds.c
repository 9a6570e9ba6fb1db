#include <core/log.h>
#include <input/kinds.h>

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void mzg_kind_totals_add(struct mzg_kind_totals *totals, const struct mzg_kind_totals *more)
{
    totals->n += more->n;
    for (int type = 0; type < 3; type++)
        totals->n_type[type] += more->n_type[type];
    totals->n_without_range += more->n_without_range;
    if (more->n_with_range == 0)
        return;
    bool is_first = totals->n_with_range == 0;
    totals->min_mz = is_first ? more->min_mz : fmin(totals->min_mz, more->min_mz);
    totals->max_mz = is_first ? more->max_mz : fmax(totals->max_mz, more->max_mz);
    totals->stated_mz[0] = is_first ? more->stated_mz[0] : fmin(totals->stated_mz[0], more->stated_mz[0]);
    totals->stated_mz[1] = is_first ? more->stated_mz[1] : fmax(totals->stated_mz[1], more->stated_mz[1]);
    totals->n_with_range += more->n_with_range;
}

const char *mzg_polarity_name(enum mzg_polarity polarity)
{
    static const char *const names[] = {"unknown", "positive", "negative"};
    return names[polarity];
}

const char *mzg_spectrum_type_name(enum mzg_spectrum_type type)
{
    static const char *const names[] = {"unknown", "centroid", "profile"};
    return names[type];
}

/* Spectra of a level, or of all where it is 0, with a polarity, or with any where it is MZG_POLARITIES. */
static int64_t count(const struct mzg_kinds *kinds, int level, int polarity)
{
    int64_t n = 0;
    for (int l = 1; l < MZG_MS_LEVELS; l++)
        for (int p = 0; p < MZG_POLARITIES; p++)
            if ((level == 0 || l == level) && (polarity == MZG_POLARITIES || p == polarity))
                n += kinds->n[l][p];
    return n;
}

/* How many levels there are, and the highest of them. */
static int count_levels(const struct mzg_kinds *kinds, int *last)
{
    int n = 0;
    for (int level = 1; level < MZG_MS_LEVELS; level++) {
        if (count(kinds, level, MZG_POLARITIES) == 0)
            continue;
        n++;
        *last = level;
    }
    return n;
}

/* One kind, at most `size` bytes; the length that it wants. */
static size_t describe(const struct mzg_kinds *kinds, int level, int polarity, char *text, size_t size)
{
    bool polar = count(kinds, 0, MZG_POLARITY_UNKNOWN) < count(kinds, 0, MZG_POLARITIES);
    bool leveled = kinds->levels_vary || !polar;
    const char *name = polarity == MZG_POLARITY_UNKNOWN ? "of no stated polarity"
                                                        : mzg_polarity_name((enum mzg_polarity)polarity);
    char of_level[40] = "";
    if (leveled)
        snprintf(of_level, sizeof of_level, " of ms level %d%s%s", level,
                 level == MZG_MS_LEVELS - 1 ? " or above" : "", polar ? "," : "");
    return (size_t)snprintf(text, size, "%" PRId64 "%s%s%s", kinds->n[level][polarity], of_level,
                            polar ? " " : "", polar ? name : "");
}

char *mzg_kinds_text(const struct mzg_kinds *kinds, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (int level = 1; level < MZG_MS_LEVELS; level++)
        for (int p = 0; p < MZG_POLARITIES; p++) {
            if (kinds->n[level][p] == 0)
                continue;
            if (length > 0 && length < size)
                length += (size_t)snprintf(text + length, size - length, "; ");
            if (length < size)
                length += describe(kinds, level, p, text + length, size - length);
        }
    return text;
}

/* The level that is read. */
static enum mzg_status choose_level(const struct mzg_kinds_wish *wish, struct mzg_kinds *kinds,
                                    struct mzg_error *err)
{
    char counts[400];
    int only = 0;
    int n_levels = count_levels(kinds, &only);
    kinds->ms_level = wish->ms_level > 0 ? wish->ms_level : 1;
    if (count(kinds, kinds->ms_level, MZG_POLARITIES) > 0 || n_levels == 0)
        return MZG_OK;
    struct mzg_kinds told = *kinds;
    told.levels_vary = true; /* the level is what the user was wrong about */
    mzg_kinds_text(&told, counts, sizeof counts);
    if (wish->ms_level > 0)
        return mzg_fail(err, MZG_EFORMAT,
                        "no spectrum is of ms level %d, which --ms-level asks for; it has %s", wish->ms_level,
                        counts);
    if (n_levels > 1)
        return mzg_fail(
            err, MZG_EFORMAT,
            "no spectrum is of ms level 1, but several other levels are there: %s; choose one with "
            "--ms-level",
            counts);
    kinds->ms_level = only;
    return MZG_OK;
}

static enum mzg_status choose_polarity(const struct mzg_kinds_wish *wish, struct mzg_kinds *kinds,
                                       struct mzg_error *err)
{
    char counts[400];
    int64_t n_positive = count(kinds, kinds->ms_level, MZG_POLARITY_POSITIVE);
    int64_t n_negative = count(kinds, kinds->ms_level, MZG_POLARITY_NEGATIVE);
    kinds->polarity = n_positive > 0   ? MZG_POLARITY_POSITIVE
                      : n_negative > 0 ? MZG_POLARITY_NEGATIVE
                                       : MZG_POLARITY_UNKNOWN;
    mzg_kinds_text(kinds, counts, sizeof counts);
    if (wish->polarity == MZG_POLARITY_UNKNOWN && n_positive > 0 && n_negative > 0)
        return mzg_fail(
            err, MZG_EFORMAT,
            "its spectra are of both polarities, which are never mixed: %s; choose one with --polarity "
            "positive or --polarity negative",
            counts);
    if (wish->polarity == MZG_POLARITY_UNKNOWN || kinds->polarity == MZG_POLARITY_UNKNOWN)
        return MZG_OK;
    kinds->polarity = wish->polarity;
    if ((wish->polarity == MZG_POLARITY_POSITIVE ? n_positive : n_negative) > 0)
        return MZG_OK;
    return mzg_fail(err, MZG_EFORMAT,
                    "no spectrum of ms level %d is %s, which --polarity asks for; it has %s", kinds->ms_level,
                    mzg_polarity_name(wish->polarity), counts);
}

/* Marks what is read; spectra without a polarity belong to a level that has but one. */
static void mark(struct mzg_kinds *kinds)
{
    int64_t n_positive = count(kinds, kinds->ms_level, MZG_POLARITY_POSITIVE);
    int64_t n_negative = count(kinds, kinds->ms_level, MZG_POLARITY_NEGATIVE);
    for (int level = 1; level < MZG_MS_LEVELS; level++)
        for (int p = 0; p < MZG_POLARITIES; p++) {
            bool fits = p == (int)kinds->polarity ||
                        (p == MZG_POLARITY_UNKNOWN && (n_positive == 0 || n_negative == 0));
            kinds->is_read[level][p] = level == kinds->ms_level && fits;
        }
}

enum mzg_status mzg_kinds_choose(const struct mzg_kinds_table *table, const struct mzg_kinds_wish *wish,
                                 struct mzg_kinds *kinds, struct mzg_error *err)
{
    int only = 0;
    *kinds = (struct mzg_kinds){.unstated = wish->of_the_file};
    for (int level = 0; level < MZG_MS_LEVELS; level++)
        for (int p = 0; p < MZG_POLARITIES; p++)
            kinds->n[level > 0 ? level : 1][p > 0 ? p : (int)wish->of_the_file] += table->of[level][p].n;
    kinds->levels_vary = count_levels(kinds, &only) > 1;
    kinds->polarities_vary =
        count(kinds, 0, MZG_POLARITY_POSITIVE) > 0 && count(kinds, 0, MZG_POLARITY_NEGATIVE) > 0;
    if (wish->all) {
        memset(kinds->is_read, true, sizeof kinds->is_read);
        return MZG_OK;
    }
    if (choose_level(wish, kinds, err) != MZG_OK || choose_polarity(wish, kinds, err) != MZG_OK)
        return err->status;
    mark(kinds);
    for (int level = 1; level < MZG_MS_LEVELS; level++)
        for (int p = 0; p < MZG_POLARITIES; p++)
            kinds->n_left_out += kinds->is_read[level][p] ? 0 : kinds->n[level][p];
    return MZG_OK;
}

bool mzg_kinds_include(const struct mzg_kinds *kinds, int ms_level, enum mzg_polarity polarity)
{
    return kinds
        ->is_read[ms_level > 0 ? ms_level : 1][polarity != MZG_POLARITY_UNKNOWN ? polarity : kinds->unstated];
}

void mzg_kinds_log(const struct mzg_kinds *kinds, const struct mzg_kinds_wish *wish, const char *path,
                   struct mzg_log *log)
{
    char counts[400];
    mzg_kinds_text(kinds, counts, sizeof counts);
    bool is_chosen = wish->ms_level > 0 || wish->polarity != MZG_POLARITY_UNKNOWN;
    bool tells_polarity = kinds->polarities_vary && kinds->polarity != MZG_POLARITY_UNKNOWN;
    if (wish->all)
        return;
    if (kinds->n_left_out > 0)
        mzg_log_line(
            log, is_chosen ? MZG_LOG_INFO : MZG_LOG_WARNING,
            "%s: its spectra are of several kinds: %s; those of ms level %d%s%s are read, and the other "
            "%" PRId64 " left out (--ms-level and --polarity choose)",
            path, counts, kinds->ms_level, tells_polarity ? ", " : "",
            tells_polarity ? mzg_polarity_name(kinds->polarity) : "", kinds->n_left_out);
    else if (kinds->ms_level > 1 && wish->ms_level == 0)
        mzg_log_line(log, MZG_LOG_WARNING,
                     "%s: no spectrum is of ms level 1; ms level %d, the only one, is read", path,
                     kinds->ms_level);
    if (wish->polarity != MZG_POLARITY_UNKNOWN && kinds->polarity == MZG_POLARITY_UNKNOWN)
        mzg_log_line(log, MZG_LOG_WARNING,
                     "%s: --polarity %s: no spectrum states its polarity, so all are read", path,
                     mzg_polarity_name(wish->polarity));
}

static json_t *list(const struct mzg_kinds *kinds, bool as_objects)
{
    json_t *all = json_array();
    for (int level = 1; all && level < MZG_MS_LEVELS; level++)
        for (int p = 0; all && p < MZG_POLARITIES; p++) {
            char text[100];
            if (kinds->n[level][p] == 0)
                continue;
            describe(kinds, level, p, text, sizeof text);
            json_t *one = as_objects ? json_pack("{s:i, s:s, s:I}", "ms_level", level, "polarity",
                                                 mzg_polarity_name((enum mzg_polarity)p), "spectra",
                                                 (json_int_t)kinds->n[level][p])
                                     : json_string(text);
            if (json_array_append_new(all, one) != 0) {
                json_decref(all);
                all = NULL;
            }
        }
    return all;
}

struct json_t *mzg_kinds_json(const struct mzg_kinds *kinds)
{
    return list(kinds, true);
}

struct json_t *mzg_kinds_lines(const struct mzg_kinds *kinds)
{
    return list(kinds, false);
}
