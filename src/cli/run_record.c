#include <cli/run_record.h>
#include <cli/versions.h>
#include <core/agree.h>
#include <core/context.h>
#include <core/file.h>
#include <core/json.h>
#include <core/json_text.h>
#include <core/log.h>
#include <core/mpi.h>
#include <core/own_file.h>
#include <core/pool.h>
#include <mzgrid/version.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char host[MPI_MAX_PROCESSOR_NAME];
    int threads;
};

/* Gives back `hosts` with one rank more; NULL without memory. */
static json_t *count_place(json_t *hosts, const struct place *place)
{
    json_t *host = json_object_get(hosts, place->host);
    json_int_t ranks = json_integer_value(json_object_get(host, "ranks"));
    json_int_t threads = json_integer_value(json_object_get(host, "threads"));
    return mzg_json_with(hosts, place->host,
                         json_pack("{s:I, s:I}", "ranks", ranks + 1, "threads", threads + place->threads));
}

enum mzg_status mzg_hosts_gather(const struct mzg_context *context, json_t **hosts, struct mzg_error *err)
{
    struct place mine = {.threads = mzg_pool_size(context->pool)};
    int length;
    MZG_MPI(MPI_Get_processor_name(mine.host, &length));

    struct place *all = NULL;
    json_t *found = NULL;
    if (context->rank == 0) {
        all = calloc((size_t)context->size, sizeof *all);
        found = json_object();
        if (!all || !found)
            mzg_fail(err, MZG_ENOMEM, "no memory for the list of hosts");
    }
    if (mzg_agree(context->comm, err) != MZG_OK) {
        json_decref(found);
        goto cleanup;
    }
    MZG_MPI(MPI_Gather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, 0, context->comm));
    for (int i = 0; all && i < context->size; i++)
        found = count_place(found, &all[i]);
    if (all && !found)
        mzg_fail(err, MZG_ENOMEM, "no memory for the list of hosts");
    if (mzg_agree(context->comm, err) != MZG_OK)
        json_decref(found);
    else
        *hosts = found;

cleanup:
    free(all);
    return err->status;
}

static json_t *command_line(const struct mzg_arguments *arguments)
{
    json_t *words = json_array();
    for (int i = 0; i < arguments->argc; i++)
        words = mzg_json_append(words, mzg_json_text(arguments->argv[i]));
    return words;
}

static json_t *options_as_given(const struct mzg_arguments *arguments)
{
    json_t *options = json_object();
    for (int i = 0; i < arguments->n_given; i++) {
        const struct mzg_argument *given = &arguments->given[i];
        bool is_flag = given->option->kind == MZG_OPTION_FLAG;
        json_t *value = is_flag       ? json_boolean(!given->text || strcmp(given->text, "false") != 0)
                        : given->text ? mzg_json_text(given->text)
                                      : json_true();
        options = mzg_json_with(options, given->option->name, value);
    }
    return options;
}

/* Who gave each of them. */
static json_t *options_from(const struct mzg_arguments *arguments)
{
    json_t *places = json_object();
    for (int i = 0; i < arguments->n_given; i++) {
        const struct mzg_argument *given = &arguments->given[i];
        places = mzg_json_with(places, given->option->name,
                               mzg_json_text(given->place ? given->place : "command line"));
    }
    return places;
}

static json_t *library_versions(void)
{
    struct mzg_library libraries[MZG_LIBRARIES];
    mzg_version_libraries(libraries);
    json_t *versions = json_object();
    for (int i = 0; i < MZG_LIBRARIES; i++)
        versions = mzg_json_with(versions, libraries[i].name, json_string(libraries[i].version));
    return versions;
}

static json_t *outcome_numbers(const struct mzg_convert_outcome *outcome)
{
    return json_pack("{s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:{s:f, s:f, s:f, s:f, s:f, s:f}}", //
                     "pixels", (json_int_t)outcome->pixels,                                             //
                     "skipped", (json_int_t)outcome->skipped,                                           //
                     "skipped_too_many", outcome->skipped_too_many,                                     //
                     "bins", (json_int_t)outcome->bins,                                                 //
                     "peaks", (json_int_t)outcome->peaks.peaks, "non_zeros",
                     (json_int_t)outcome->non_zeros,                      //
                     "bytes_read", (json_int_t)outcome->bytes_read,       //
                     "bytes_written", (json_int_t)outcome->bytes_written, //
                     "peak_memory", (json_int_t)outcome->peak_memory,     //
                     "seconds", "total", outcome->seconds, "open", outcome->seconds_open, "axis",
                     outcome->seconds_axis, "stream", outcome->seconds_stream, "assemble",
                     outcome->seconds_assemble, "finish", outcome->seconds_finish);
}

static json_t *warnings_of(const struct mzg_log *log)
{
    const char *text;
    json_t *warnings = json_array();
    for (int i = 0; (text = mzg_log_warning(log, i)); i++)
        warnings = mzg_json_append(warnings, mzg_json_text(text));
    return warnings;
}

json_t *mzg_run_record_new(const struct mzg_context *context, const struct mzg_arguments *arguments,
                           time_t started, json_t *hosts, const struct mzg_convert_outcome *outcome)
{
    char start[32];
    struct tm utc;
    gmtime_r(&started, &utc);
    strftime(start, sizeof start, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:i, s:O, s:o, s:o, s:o}", //
                     "mzgrid", mzg_version(),                                        //
                     "command_line", command_line(arguments),                        //
                     "input", mzg_json_text(arguments->operands[0]),                 //
                     "output", mzg_json_text(arguments->operands[1]),                //
                     "options", options_as_given(arguments),                         //
                     "options_from", options_from(arguments),                        //
                     "started", start,                                               //
                     "ranks", context->size,                                         //
                     "hosts", hosts,                                                 //
                     "libraries", library_versions(),                                //
                     "warnings", warnings_of(context->log),                          //
                     "report", outcome_numbers(outcome));
}

enum mzg_status mzg_run_record_write(const char *path, const json_t *record, struct mzg_error *err)
{
    char *text = record ? json_dumps(record, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;
    char *lines = text ? mzg_file_path(text, "\n") : NULL;
    if (lines)
        mzg_aside_write(path, true, lines, strlen(lines), "the run record", err);
    else
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the run record", path);
    free(lines);
    free(text);
    return err->status;
}

enum mzg_status mzg_run_record_check(const char *path, struct mzg_error *err)
{
    static const char first_bytes[] = "{\n  \"mzgrid\": \""; /* of every record, of all versions */
    char read[sizeof first_bytes - 1];
    struct stat info;
    struct mzg_error unread = {0};
    int64_t size;
    int fd = -1;
    if (lstat(path, &info) != 0) /* nothing, or what the output's own name will be refused for */
        return MZG_OK;
    bool ours = S_ISREG(info.st_mode) && mzg_open_regular(path, &fd, &size, &unread) == MZG_OK &&
                mzg_read_at(fd, read, sizeof read, 0) == 0 && memcmp(read, first_bytes, sizeof read) == 0;
    if (fd >= 0)
        close(fd);
    if (!ours)
        mzg_fail(err, MZG_EIO,
                 "%s: exists, and is not the record of an earlier run, which this run would replace; move "
                 "it, or give "
                 "the output another name",
                 path);
    return err->status;
}
