#include <cli/how_far.h>
#include <cli/progress_json.h>
#include <core/clock.h>
#include <core/json_text.h>

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const double interval = 0.1;

static const char *word_of(enum mzg_status status)
{
    switch (status) {
    case MZG_OK:
        break;
    case MZG_EUSAGE:
        return "usage";
    case MZG_ENOMEM:
        return "memory";
    case MZG_EIO:
        return "system";
    case MZG_EFORMAT:
        return "format";
    case MZG_ERANGE:
        return "range";
    case MZG_ESKIPPED:
        return "skipped";
    case MZG_EINTERRUPTED:
        return "interrupted";
    }
    return NULL;
}

/* Takes the reference; NULL, for lack of memory, is a line that is missing. */
static void print_line(json_t *object)
{
    if (object && json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) == 0)
        fputc('\n', stdout);
    json_decref(object);
    if (fflush(stdout) != 0)
        clearerr(stdout); /* who listened is gone; the store is still wanted */
}

void mzg_progress_json_tell(struct mzg_progress_json *json, const char *phase, int64_t done, int64_t total,
                            double now)
{
    bool is_new = strcmp(json->phase, phase) != 0;
    if (total <= 0 || (!is_new && done < total && now - json->last < interval))
        return;
    snprintf(json->phase, sizeof json->phase, "%s", phase);
    json->last = now;
    const char *unit = strcmp(phase, "resampling") == 0 ? "pixels" : "parts";
    print_line(json_pack("{s:s, s:I, s:I, s:s}", "phase", phase, "done",
                         (json_int_t)(done < total ? done : total), "total", (json_int_t)total, "unit",
                         unit));
}

void mzg_progress_json_update(void *json, const char *phase, int64_t done, int64_t total)
{
    double now = mzg_clock_seconds();
    mzg_how_far_note(phase, done, total, now);
    mzg_progress_json_tell(json, phase, done, total, now);
}

void mzg_progress_json_fail(const struct mzg_error *err)
{
    const char *word = word_of(err->status);
    if (word)
        print_line(json_pack("{s:s, s:o}", "error", word, "text", mzg_json_text(err->text)));
}
