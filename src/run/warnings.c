#include <run/warnings.h>

#include <core/file_system.h>

#include <inttypes.h>
#include <limits.h>

void mzg_warn_of_counts(const struct mzg_stream_result *stream, bool repeats_meant, struct mzg_log *log)
{
    static const char *const texts[MZG_COUNTS] = {
        [MZG_COUNT_DROPPED_POINTS] =
            "points with an m/z or intensity that is not finite, or an m/z of 0 or below, were dropped",
        [MZG_COUNT_NEGATIVE_POINTS] = "points have a negative intensity, and were used as they are",
        [MZG_COUNT_UNSORTED] = "spectra had unsorted m/z and were sorted",
        [MZG_COUNT_MERGED] = "spectra had the same m/z more than once; the intensities were added",
        [MZG_COUNT_BY_NEAREST] =
            "spectra could not keep their sum by interpolation and were resampled by nearest_neighbor",
        [MZG_COUNT_CLAMPED] = "values were beyond what the stored type holds and were cut to its largest",
    };
    for (int i = 0; i < MZG_COUNTS; i++) {
        bool is_meant = repeats_meant && (i == MZG_COUNT_UNSORTED || i == MZG_COUNT_MERGED);
        if (stream->counts[i] > 0 && texts[i])
            mzg_log_line(log, is_meant ? MZG_LOG_DETAIL : MZG_LOG_WARNING,
                         "%" PRId64 " %s; first: spectrum %" PRId64, stream->counts[i], texts[i],
                         stream->first[i] + 1);
    }
    if (repeats_meant)
        mzg_log_line(log, MZG_LOG_INFO,
                     "%" PRId64 " spectra had an m/z at several ion mobilities; the intensities were added",
                     stream->counts[MZG_COUNT_MERGED]);
}

static void tell_file_system(const char *what, const char *path, enum mzg_file_use use, struct mzg_log *log)
{
    char text[PATH_MAX + 400], about[120];
    struct mzg_file_system fs;
    mzg_file_system_look(path, &fs);
    if (fs.name)
        mzg_log_line(log, MZG_LOG_DETAIL, "%s: %s", what, mzg_file_system_describe(&fs, about, sizeof about));
    if (mzg_file_system_advise(&fs, use, path, text, sizeof text))
        mzg_log_line(log, MZG_LOG_INFO, "%s", text);
}

void mzg_tell_file_systems(const struct mzg_convert_options *options, const char *directory, bool in_file,
                           struct mzg_log *log)
{
    tell_file_system("file system of the store", options->output, MZG_USE_MANY_FILES, log);
    if (in_file)
        tell_file_system("file system of the rows that wait", directory, MZG_USE_ONE_FILE, log);
    else if (options->mpi_info)
        mzg_log_line(log, MZG_LOG_DETAIL, "--mpi-info does nothing yet, because no rows wait in a file");
}
