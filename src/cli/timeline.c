#include <cli/timeline.h>
#include <core/clock.h>
#include <core/memory.h>

#include <stddef.h>
#include <string.h>

static const double first_interval = 0.05;

void mzg_timeline_begin(struct mzg_timeline *timeline, const struct mzg_progress *next, double now,
                        int64_t memory)
{
    timeline->n = 1;
    timeline->points[0] = (struct mzg_report_point){.memory = memory};
    timeline->begin = now;
    timeline->interval = first_interval;
    timeline->pixels = 0;
    timeline->next = next;
}

static void thin(struct mzg_timeline *timeline)
{
    for (ptrdiff_t i = 0; 2 * i < timeline->n; i++)
        timeline->points[i] = timeline->points[2 * i];
    timeline->n = (timeline->n + 1) / 2;
    timeline->interval *= 2;
}

void mzg_timeline_tell(struct mzg_timeline *timeline, const char *phase, int64_t done, double now,
                       int64_t memory)
{
    double seconds = now - timeline->begin;
    if (strcmp(phase, "resampling") == 0)
        timeline->pixels = done;
    if (phase[0] && seconds - timeline->points[timeline->n - 1].seconds < timeline->interval)
        return;
    if (timeline->n == MZG_TIMELINE_POINTS)
        thin(timeline);
    timeline->points[timeline->n++] = (struct mzg_report_point){seconds, timeline->pixels, memory};
}

void mzg_timeline_update(void *context, const char *phase, int64_t done, int64_t total)
{
    struct mzg_timeline *timeline = context;
    double now = mzg_clock_seconds();
    if (now - timeline->begin - timeline->points[timeline->n - 1].seconds >= timeline->interval)
        mzg_timeline_tell(timeline, phase, done, now, mzg_memory_resident());
    timeline->next->update(timeline->next->context, phase, done, total);
}
