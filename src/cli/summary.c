#include <cli/summary.h>
#include <core/context.h>
#include <core/format.h>
#include <core/log.h>

#include <inttypes.h>
#include <stdio.h>

static void log_counts(struct mzg_log *log, const struct mzg_convert_report *report)
{
    char a[MZG_FORMAT_SIZE], b[MZG_FORMAT_SIZE], c[MZG_FORMAT_SIZE];
    mzg_log_line(log, MZG_LOG_INFO, "  pixels     %s (%s skipped), %s pixels/s",
                 mzg_format_count(a, sizeof a, report->pixels),
                 mzg_format_count(b, sizeof b, report->skipped),
                 mzg_format_rate(c, sizeof c, (double)report->pixels, report->seconds));
    mzg_log_line(log, MZG_LOG_INFO, "  bins       %s", mzg_format_count(a, sizeof a, report->bins));

    double cells = (double)report->pixels * (double)report->bins;
    mzg_log_line(log, MZG_LOG_INFO, "  non-zeros  %s (%.3g %% of the matrix)",
                 mzg_format_count(a, sizeof a, report->non_zeros),
                 cells > 0 ? 100 * (double)report->non_zeros / cells : 0);
}

static void log_sizes(const struct mzg_context *context, const struct mzg_convert_report *report)
{
    char a[MZG_FORMAT_SIZE], b[MZG_FORMAT_SIZE];
    mzg_log_line(context->log, MZG_LOG_INFO, "  read       %s, %s MB/s",
                 mzg_format_data(a, sizeof a, report->bytes_read),
                 mzg_format_rate(b, sizeof b, 1e-6 * (double)report->bytes_read, report->seconds));
    mzg_log_line(context->log, MZG_LOG_INFO, "  written    %s",
                 mzg_format_data(a, sizeof a, report->bytes_written));
    mzg_log_line(context->log, MZG_LOG_INFO, "  memory     %s at most (%d %s)",
                 mzg_format_memory(a, sizeof a, report->peak_memory), context->size,
                 context->size == 1 ? "rank" : "ranks together");
}

/* How many peaks, and of what kind. */
static void log_peaks(struct mzg_log *log, const struct mzg_peaks_report *report)
{
    char a[MZG_FORMAT_SIZE], b[MZG_FORMAT_SIZE], c[MZG_FORMAT_SIZE];
    const char *of = report->outside > 0 ? "outside of the axis" : "in the largest spectrum only";
    mzg_log_line(log, MZG_LOG_INFO, "  peaks      %s (%s %s), %s non-zeros%s",
                 mzg_format_count(a, sizeof a, report->peaks),
                 mzg_format_count(b, sizeof b, report->outside > 0 ? report->outside : report->of_maximum),
                 of, mzg_format_count(c, sizeof c, report->non_zeros), report->is_dense ? ", dense" : "");
}

void mzg_peaks_log(struct mzg_log *log, const struct mzg_peaks_report *report, const char *store)
{
    char a[MZG_FORMAT_SIZE], b[MZG_FORMAT_SIZE];
    mzg_log_line(log, MZG_LOG_INFO, "%s has its feature table", store);
    mzg_log_line(log, MZG_LOG_INFO, "  pixels     %s, %s bins", mzg_format_count(a, sizeof a, report->pixels),
                 mzg_format_count(b, sizeof b, report->bins));
    log_peaks(log, report);
    mzg_log_line(log, MZG_LOG_INFO, "  written    %s", mzg_format_data(a, sizeof a, report->bytes_written));
    mzg_log_line(log, MZG_LOG_INFO, "  time       %s", mzg_format_duration(a, sizeof a, report->seconds));
}

void mzg_summary_log(const struct mzg_context *context, const char *output,
                     const struct mzg_convert_report *report)
{
    char all[MZG_FORMAT_SIZE], phases[5][MZG_FORMAT_SIZE];
    const double seconds[5] = {report->seconds_open, report->seconds_axis, report->seconds_stream,
                               report->seconds_assemble, report->seconds_finish};
    for (int i = 0; i < 5; i++)
        mzg_format_duration(phases[i], sizeof phases[i], seconds[i]);

    mzg_log_line(context->log, MZG_LOG_INFO, "%s is complete", output);
    log_counts(context->log, report);
    if (report->peaks.peaks > 0)
        log_peaks(context->log, &report->peaks);
    log_sizes(context, report);
    mzg_log_line(context->log, MZG_LOG_INFO,
                 "  time       %s: open %s, axis %s, stream %s, assemble %s, finish %s",
                 mzg_format_duration(all, sizeof all, report->seconds), phases[0], phases[1], phases[2],
                 phases[3], phases[4]);
}
