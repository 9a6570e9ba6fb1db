#include <cli/summary.h>
#include <core/context.h>
#include <core/format.h>
#include <core/log.h>

#include <inttypes.h>
#include <stdio.h>

static void log_counts(struct mzg_log *log, const struct mzg_convert_outcome *outcome)
{
    char a[MZG_FORMAT_SIZE], b[MZG_FORMAT_SIZE], c[MZG_FORMAT_SIZE];
    mzg_log_line(log, MZG_LOG_INFO, "  pixels     %s (%s skipped), %s pixels/s",
                 mzg_format_count(a, sizeof a, outcome->pixels),
                 mzg_format_count(b, sizeof b, outcome->skipped),
                 mzg_format_rate(c, sizeof c, (double)outcome->pixels, outcome->seconds));
    mzg_log_line(log, MZG_LOG_INFO, "  bins       %s", mzg_format_count(a, sizeof a, outcome->bins));

    double cells = (double)outcome->pixels * (double)outcome->bins;
    mzg_log_line(log, MZG_LOG_INFO, "  non-zeros  %s (%.3g %% of the matrix)",
                 mzg_format_count(a, sizeof a, outcome->non_zeros),
                 cells > 0 ? 100 * (double)outcome->non_zeros / cells : 0);
}

static void log_sizes(const struct mzg_context *context, const struct mzg_convert_outcome *outcome)
{
    char a[MZG_FORMAT_SIZE], b[MZG_FORMAT_SIZE];
    mzg_log_line(context->log, MZG_LOG_INFO, "  read       %s, %s MB/s",
                 mzg_format_data(a, sizeof a, outcome->bytes_read),
                 mzg_format_rate(b, sizeof b, 1e-6 * (double)outcome->bytes_read, outcome->seconds));
    mzg_log_line(context->log, MZG_LOG_INFO, "  written    %s",
                 mzg_format_data(a, sizeof a, outcome->bytes_written));
    mzg_log_line(context->log, MZG_LOG_INFO, "  memory     %s at most (%d %s)",
                 mzg_format_memory(a, sizeof a, outcome->peak_memory), context->size,
                 context->size == 1 ? "rank" : "ranks together");
}

/* How many peaks, and of what kind. */
static void log_peaks(struct mzg_log *log, const struct mzg_peaks_outcome *outcome)
{
    char a[MZG_FORMAT_SIZE], b[MZG_FORMAT_SIZE], c[MZG_FORMAT_SIZE];
    const char *of = outcome->outside > 0 ? "outside of the axis" : "in the largest spectrum only";
    mzg_log_line(log, MZG_LOG_INFO, "  peaks      %s (%s %s), %s non-zeros%s",
                 mzg_format_count(a, sizeof a, outcome->peaks),
                 mzg_format_count(b, sizeof b, outcome->outside > 0 ? outcome->outside : outcome->of_maximum),
                 of, mzg_format_count(c, sizeof c, outcome->non_zeros), outcome->is_dense ? ", dense" : "");
}

void mzg_peaks_log(struct mzg_log *log, const struct mzg_peaks_outcome *outcome, const char *store)
{
    char a[MZG_FORMAT_SIZE], b[MZG_FORMAT_SIZE];
    mzg_log_line(log, MZG_LOG_INFO, "%s has its feature table", store);
    mzg_log_line(log, MZG_LOG_INFO, "  pixels     %s, %s bins",
                 mzg_format_count(a, sizeof a, outcome->pixels),
                 mzg_format_count(b, sizeof b, outcome->bins));
    log_peaks(log, outcome);
    mzg_log_line(log, MZG_LOG_INFO, "  written    %s", mzg_format_data(a, sizeof a, outcome->bytes_written));
    mzg_log_line(log, MZG_LOG_INFO, "  time       %s", mzg_format_duration(a, sizeof a, outcome->seconds));
}

void mzg_summary_log(const struct mzg_context *context, const char *output,
                     const struct mzg_convert_outcome *outcome)
{
    char all[MZG_FORMAT_SIZE], phases[5][MZG_FORMAT_SIZE];
    const double seconds[5] = {outcome->seconds_open, outcome->seconds_axis, outcome->seconds_stream,
                               outcome->seconds_assemble, outcome->seconds_finish};
    for (int i = 0; i < 5; i++)
        mzg_format_duration(phases[i], sizeof phases[i], seconds[i]);

    mzg_log_line(context->log, MZG_LOG_INFO, "%s is complete", output);
    log_counts(context->log, outcome);
    if (outcome->peaks.peaks > 0)
        log_peaks(context->log, &outcome->peaks);
    log_sizes(context, outcome);
    mzg_log_line(context->log, MZG_LOG_INFO,
                 "  time       %s: open %s, axis %s, stream %s, assemble %s, finish %s",
                 mzg_format_duration(all, sizeof all, outcome->seconds), phases[0], phases[1], phases[2],
                 phases[3], phases[4]);
}
