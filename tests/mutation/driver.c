/*
 * Validates and converts one input after the other in one process, for campaign.py: the start of MPI and of a
 * sanitizer takes longer than a small file.
 *
 *     driver REQUESTS ANSWERS MIN_MZ MAX_MZ BINS
 *
 * From the pipe REQUESTS it takes, for each input, a line: IMZML TAB OUTPUT, and ends with an empty one. Each
 * is answered in the pipe ANSWERS by a line of JSON, {"validate": …, "convert": …, "peak": …}: the sentence
 * of the error, or null, and the most memory in bytes that the process has held so far. What it lost tells a
 * sanitizer at its end. (mpirun passes standard input on, but slowly.)
 */
#include <core/context.h>
#include <core/pool.h>
#include <run/runs.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { MEMORY_LIMIT = 512 << 20 };

static json_t *sentence_of(const struct mzg_error *err)
{
    if (err->status == MZG_OK)
        return json_null();
    json_t *text = json_string(err->text);
    return text ? text : json_string("a sentence that is no UTF-8");
}

static json_t *validate(const struct mzg_context *context, const char *path)
{
    struct mzg_error err = {0};
    json_t *verdict = NULL;
    bool valid;
    mzg_run_validate(context, path, 0, NULL, &verdict, &valid, &err);
    json_decref(verdict);
    return sentence_of(&err);
}

static json_t *convert(const struct mzg_context *context, const struct mzg_convert_options *options)
{
    struct mzg_error err = {0};
    struct mzg_convert_outcome outcome = {0};
    mzg_run_convert(context, options, NULL, &outcome, &err);
    return sentence_of(&err);
}

static int64_t peak(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (int64_t)usage.ru_maxrss * 1024 : -1;
}

int main(int argc, char **argv)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .size = 1};
    struct mzg_convert_options options;
    struct mzg_error err = {0};
    char line[8192];
    MPI_Init(&argc, &argv);
    FILE *requests = argc == 6 ? fopen(argv[1], "r") : NULL;
    FILE *answers = argc == 6 ? fopen(argv[2], "w") : NULL;
    if (!requests || !answers || mzg_pool_new(context.comm, 1, &context.pool, &err) != MZG_OK) {
        fprintf(stderr, "usage: driver REQUESTS ANSWERS MIN_MZ MAX_MZ BINS\n%s\n", err.text);
        MPI_Abort(context.comm, 2);
    }
    mzg_convert_defaults(&options);
    options.axis = (struct mzg_axis_spec){.type = MZG_AXIS_CONSTANT,
                                          .min_mz = strtod(argv[3], NULL),
                                          .max_mz = strtod(argv[4], NULL),
                                          .bins = strtoll(argv[5], NULL, 10)};
    options.axis_type_auto = options.method_auto = false;
    options.method = MZG_NEAREST_NEIGHBOR;
    options.layout = MZG_LAYOUT_CSR;
    options.dtype = MZG_DTYPE_FLOAT64;
    options.compression = "none";
    options.streaming = MZG_STREAMING_OFF;
    options.memory_limit = MEMORY_LIMIT;
    options.keep_going = true;

    char *tab;
    while (fgets(line, sizeof line, requests) && (tab = strchr(line, '\t'))) {
        line[strcspn(line, "\n")] = '\0';
        *tab = '\0';
        options.input = line;
        options.output = tab + 1;
        json_t *validated = validate(&context, line);
        json_t *converted = convert(&context, &options);
        json_t *answer = json_pack("{s:o, s:o, s:I}", "validate", validated, "convert", converted, "peak",
                                   (json_int_t)peak());
        json_dumpf(answer, answers, JSON_COMPACT);
        fputc('\n', answers);
        fflush(answers);
        json_decref(answer);
    }
    fclose(requests);
    fclose(answers);
    mzg_pool_free(context.pool);
    MPI_Finalize();
    return 0;
}
