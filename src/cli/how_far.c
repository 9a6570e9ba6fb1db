#include <cli/how_far.h>
#include <core/format.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct {
    double begin; /* of the run */
    char phase[48];
    double phase_begin, last;
    int64_t done_before; /* of `done`, what was there when the phase began */
    int64_t done, total; /* 0, 0: nothing yet */
    bool is_explained;
} far;

void mzg_how_far_begin(double now)
{
    memset(&far, 0, sizeof far);
    far.begin = now;
}

void mzg_how_far_note(const char *phase, int64_t done, int64_t total, double now)
{
    if (strcmp(far.phase, phase) != 0) {
        snprintf(far.phase, sizeof far.phase, "%s", phase);
        far.phase_begin = now;
        far.done_before = done;
    }
    far.last = now;
    far.done = done < total ? done : total;
    far.total = total;
}

static const char *name_of(int number)
{
    switch (number) {
    case SIGINT:
        return " by SIGINT";
    case SIGTERM:
        return " by SIGTERM";
    case SIGHUP:
        return " by SIGHUP";
    case SIGUSR1:
        return " by SIGUSR1";
    case SIGXCPU:
        return " by SIGXCPU";
    default:
        return "";
    }
}

/* ", with 340 of 1,000 pixels resampled; resampling takes about 3 min in all", or "" if nothing is known. */
static void describe(char *text, size_t size)
{
    char done[MZG_FORMAT_SIZE], total[MZG_FORMAT_SIZE], whole[MZG_FORMAT_SIZE];
    int64_t since = far.done - far.done_before;
    bool counts_pixels = strcmp(far.phase, "resampling") == 0;
    text[0] = '\0';
    if (far.total <= 0)
        return;
    int length = counts_pixels ? snprintf(text, size, ", with %s of %s pixels resampled",
                                          mzg_format_count(done, sizeof done, far.done),
                                          mzg_format_count(total, sizeof total, far.total))
                               : snprintf(text, size, ", with %d %% of %s done",
                                          (int)(100 * ((double)far.done / (double)far.total)), far.phase);
    if (since > 0 && far.last > far.phase_begin && length >= 0 && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, " (%s takes about %s in all)", far.phase,
                 mzg_format_duration(whole, sizeof whole,
                                     (far.last - far.phase_begin) * (double)(far.total - far.done_before) /
                                         (double)since));
}

void mzg_how_far_explain(int signal, double now, struct mzg_error *err)
{
    char how_far[200], seconds[MZG_FORMAT_SIZE];
    if (err->status != MZG_EINTERRUPTED || far.is_explained)
        return;
    far.is_explained = true;
    describe(how_far, sizeof how_far);
    mzg_fail(err, MZG_EINTERRUPTED, "interrupted%s after %s%s; nothing was written", name_of(signal),
             mzg_format_duration(seconds, sizeof seconds, now - far.begin), how_far);
}
