/* `mzgrid topology`: where ranks and threads of a job run, and what is wrong with that. */
#include <cli/commands.h>
#include <cli/job_places.h>
#include <cli/json_print.h>
#include <cli/new_file.h>
#include <cli/output.h>
#include <core/agree.h>
#include <core/context.h>
#include <core/escape.h>
#include <core/file_system.h>
#include <core/json.h>
#include <core/json_text.h>
#include <core/pool.h>
#include <core/stop.h>

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

struct topology_settings {
    int64_t threads;
    bool json, overwrite;
    const char *output;
};

/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Options"},
    {.kind = MZG_OPTION_INTEGER, .name = "threads", .argument = "N", .offset = offsetof(struct topology_settings, threads),
     .least = 1, .most = 4096, .standard = "the cores that the launcher gave the rank",
     .help = "Threads of each rank, as for 'mzgrid convert'."},
    {.kind = MZG_OPTION_FLAG, .name = "json", .offset = offsetof(struct topology_settings, json),
     .help = "Print JSON instead of text."},
    {.kind = MZG_OPTION_TEXT, .name = "output", .letter = 'o', .argument = "FILE", .offset = offsetof(struct topology_settings, output),
     .help = "Draw a picture as well: FILE.svg or FILE.png."},
    {.kind = MZG_OPTION_FLAG, .name = "overwrite", .offset = offsetof(struct topology_settings, overwrite),
     .help = "Replace an existing file."},
    {0},
};
/* clang-format on */

/* Before threads start. Rank 0. */
static enum mzg_status check_output(const struct topology_settings *settings, struct mzg_error *err)
{
    enum mzg_file_kind kind = mzg_file_kind_of(settings->output);
    if (kind != MZG_FILE_SVG && kind != MZG_FILE_PNG)
        return mzg_fail(err, MZG_EUSAGE, "-o: '%s' does not end in .svg or .png", settings->output);
    return mzg_check_new_file("-o", settings->output, NULL, settings->overwrite, err);
}

/* Which file system the working directory lies on, and what would be faster there; NULL without memory. */
static json_t *look_at_files(void)
{
    struct mzg_file_system fs;
    char about[120], text[PATH_MAX + 400];
    char *directory = getcwd(NULL, 0);
    mzg_file_system_look(directory ? directory : ".", &fs);
    json_t *advice = json_array();
    for (int use = MZG_USE_ONE_FILE; use <= MZG_USE_MANY_FILES && advice; use++)
        if (mzg_file_system_advise(&fs, (enum mzg_file_use)use, "here", text, sizeof text))
            advice = mzg_json_append(advice, json_string(text));
    json_t *files =
        advice ? json_pack("{s:o, s:s?, s:s, s:I, s:i, s:o}", "directory",
                           mzg_json_text(directory ? directory : "."), "file_system", fs.name, "about",
                           mzg_file_system_describe(&fs, about, sizeof about), "stripe_bytes",
                           (json_int_t)fs.unit, "stripes", fs.stripes, "advice", advice)
               : NULL;
    free(directory);
    return files;
}

/* Nothing, if it is one of this node. */
static void print_files(FILE *file, const json_t *files)
{
    size_t i;
    json_t *advice;
    const char *about = json_string_value(json_object_get(files, "about"));
    if (!about || !*about)
        return;
    fprintf(file, "Files of this directory: %s\n", about);
    json_array_foreach(json_object_get(files, "advice"), i, advice)
    {
        fputs("  ! ", file);
        mzg_escape_print(file, json_string_value(advice));
        fputc('\n', file);
    }
}

/* On rank 0. */
static enum mzg_status show(const struct topology_settings *settings, json_t *places, struct mzg_error *err)
{
    json_t *findings = mzg_places_judge(places);
    json_t *files = findings ? look_at_files() : NULL;
    json_t *all =
        files ? json_pack("{s:O, s:O, s:O}", "places", places, "findings", findings, "files", files) : NULL;
    if (!all)
        mzg_fail(err, MZG_ENOMEM, "no memory to judge the places of threads");
    else if (settings->json)
        mzg_json_print(stdout, all, err);
    else if (mzg_places_print(stdout, places, findings, err) == MZG_OK)
        print_files(stdout, files);
    if (err->status == MZG_OK && settings->output)
        mzg_places_draw(settings->output, mzg_file_kind_of(settings->output) == MZG_FILE_SVG,
                        settings->overwrite, places, findings, err);
    json_decref(all);
    json_decref(files);
    json_decref(findings);
    return err->status == MZG_OK ? mzg_output_flush(err) : err->status;
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct topology_settings settings = {0};
    json_t *places = NULL;
    if (mzg_arguments_apply(arguments, &settings, err) == MZG_OK && settings.output && context->rank == 0)
        check_output(&settings, err);
    if (mzg_agree(context->comm, err) != MZG_OK ||
        mzg_pool_new(context->comm, (int)settings.threads, &context->pool, err) != MZG_OK ||
        mzg_places_gather(context, settings.threads > 0, &places, err) != MZG_OK)
        return 0;
    if (context->rank == 0 && mzg_check_stop(context->stop, err) == MZG_OK)
        show(&settings, places, err);
    json_decref(places);
    mzg_agree(context->comm, err);
    return 0;
}

const struct mzg_command mzg_command_topology = {
    .name = "topology",
    .summary = "Show where ranks and threads run, and what is wrong with that.",
    .description = "Starts the threads that 'mzgrid convert' would have and shows which core runs which of "
                   "them, on all nodes of the "
                   "job. It names what makes runs slow, with the option of mpirun or srun that mends it: "
                   "several threads on one core, "
                   "cores that idle, ranks that share cores, a rank on two sockets. It says, too, what "
                   "would make the files of the working directory faster, if that lies on Lustre or NFS. "
                   "Start it as the "
                   "conversion is started: 'mpirun -n "
                   "4 mzgrid topology'.",
    .examples = "mpirun -n 4 mzgrid topology\n"
                "mpirun -n 3 --bind-to none mzgrid topology --threads 4 -o places.svg",
    .operands = {NULL},
    .options = options,
    .run = run,
};
