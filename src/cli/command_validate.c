/* `mzgrid validate`: every check on every spectrum, by all ranks; the verdict on standard output. */
#include <cli/commands.h>
#include <cli/json_print.h>
#include <cli/output.h>
#include <cli/prepare.h>
#include <cli/progress_view.h>
#include <cli/signals.h>
#include <core/agree.h>
#include <core/clock.h>
#include <core/context.h>
#include <core/escape.h>
#include <core/json_text.h>
#include <run/runs.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_FINDINGS = 1, PRINTED_FAULTS = 20 };

struct validate_settings {
    bool json;
    int64_t threads;
    int64_t memory_limit;
};

/* One row each, as a table is read. */
/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Options"},
    {.kind = MZG_OPTION_FLAG, .name = "json", .offset = offsetof(struct validate_settings, json),
     .help = "Print JSON instead of text."},
    {.kind = MZG_OPTION_INTEGER, .name = "threads", .argument = "N",
     .offset = offsetof(struct validate_settings, threads), .least = 1, .most = 4096,
     .standard = "the cores that the launcher gave the rank",
     .help = "Threads of each rank that compute, its main thread among them."},
    {.kind = MZG_OPTION_SIZE, .name = "memory-limit", .argument = "SIZE",
     .offset = offsetof(struct validate_settings, memory_limit),
     .standard = "the smaller of 8G and half of what the node has free",
     .help = "Refuse an input whose largest spectrum would take more memory, of all ranks of a node together."},
    {0},
};
/* clang-format on */

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "unknown";
}

static void print_line(const char *text)
{
    mzg_escape_print(stdout, text);
    putchar('\n');
}

static void print_fault(const json_t *fault)
{
    printf("  spectrum %" JSON_INTEGER_FORMAT, number_of(fault, "spectrum"));
    if (number_of(fault, "x") > INT32_MIN)
        printf(", pixel (%" JSON_INTEGER_FORMAT ",%" JSON_INTEGER_FORMAT ")", number_of(fault, "x"),
               number_of(fault, "y"));
    printf(": ");
    print_line(text_of(fault, "detail"));
}

/* Where there are several. */
static void print_kinds(const json_t *kinds)
{
    const json_t *kind;
    size_t i;
    if (json_array_size(kinds) < 2)
        return;
    printf("kinds     ");
    json_array_foreach(kinds, i, kind)
    {
        const char *polarity = text_of(kind, "polarity");
        bool is_polar = strcmp(polarity, "unknown") != 0;
        printf("%s%" JSON_INTEGER_FORMAT " of ms level %" JSON_INTEGER_FORMAT "%s%s", i > 0 ? "; " : "",
               number_of(kind, "spectra"), number_of(kind, "ms_level"), is_polar ? ", " : "",
               is_polar ? polarity : "");
    }
    printf("\n");
}

static void print_text(const json_t *verdict)
{
    const json_t *findings = json_object_get(verdict, "findings");
    const json_t *faults = json_object_get(verdict, "faulty_spectra");
    const json_t *listed = json_object_get(faults, "listed"), *item;
    json_int_t n_faulty = number_of(faults, "count");
    size_t i;
    print_line(text_of(verdict, "path"));
    printf("spectra   %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " pixels, %" JSON_INTEGER_FORMAT
           " of them empty; %" JSON_INTEGER_FORMAT " points\n",
           number_of(verdict, "spectra"), number_of(verdict, "pixels"), number_of(verdict, "empty_spectra"),
           number_of(verdict, "points"));
    print_kinds(json_object_get(verdict, "kinds"));
    printf("checksum  ");
    mzg_escape_print(stdout, text_of(verdict, "checksum_type"));
    printf(", %s\n", text_of(verdict, "checksum_status"));
    printf("findings  %zu\n", json_array_size(findings));
    json_array_foreach(findings, i, item)
    {
        printf("  %s: ", text_of(item, "kind"));
        print_line(text_of(item, "text"));
    }
    printf("faulty    %" JSON_INTEGER_FORMAT " spectra\n", n_faulty);
    json_array_foreach(listed, i, item) if (i < PRINTED_FAULTS) print_fault(item);
    if (n_faulty > PRINTED_FAULTS)
        printf("  ... and %" JSON_INTEGER_FORMAT " more; --json lists the first %zu\n",
               n_faulty - PRINTED_FAULTS, json_array_size(listed));
    printf("%s\n", json_is_true(json_object_get(verdict, "valid")) ? "valid" : "not valid");
}

/* An input that is not even opened has a verdict for programs, too; people read the line on standard error.
 */
static void print_refusal(const char *path, const struct mzg_error *err)
{
    struct mzg_error ignored = {0};
    json_t *verdict = json_pack("{s:o, s:b, s:o}", "path", mzg_json_text(path), "valid", 0, "refused",
                                mzg_json_text(err->text));
    if (verdict)
        mzg_json_print(stdout, verdict, &ignored);
    json_decref(verdict);
    mzg_output_flush(&ignored);
}

static bool is_refusal(const struct mzg_error *err)
{
    return err->status == MZG_EFORMAT || err->status == MZG_EIO || err->status == MZG_ERANGE;
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct validate_settings settings = {0};
    struct mzg_progress_view view;
    const char *path = arguments->operands[0];
    json_t *verdict = NULL;
    bool valid = false;
    mzg_arguments_apply(arguments, &settings, err);
    /* Findings are in the verdict, so the log is silent but for errors. */
    if (mzg_agree(context->comm, err) != MZG_OK ||
        mzg_prepare(context, MZG_LOG_ERROR, NULL, settings.threads, err) != MZG_OK)
        return 0;

    mzg_progress_begin(&view, context->log, false, mzg_clock_seconds());
    struct mzg_progress progress = {.update = mzg_progress_update, .context = &view};
    mzg_run_validate(context, path, settings.memory_limit, &progress, &verdict, &valid, err);
    mzg_progress_end(&view);
    if (context->rank == 0 && settings.json && is_refusal(err))
        print_refusal(path, err);
    if (err->status != MZG_OK)
        return 0;
    if (context->rank == 0) {
        if (settings.json)
            mzg_json_print(stdout, verdict, err);
        else
            print_text(verdict);
        if (err->status == MZG_OK)
            mzg_output_flush(err);
    }
    json_decref(verdict);
    mzg_agree(context->comm, err);
    return valid ? 0 : EXIT_FINDINGS;
}

const struct mzg_command mzg_command_validate = {
    .name = "validate",
    .summary = "Check every spectrum of an imzML file, and say what is odd.",
    .description = "Reads all of INPUT (imzML, with its .ibd beside it): decodes every array, and compares "
                   "UUID and checksum. "
                   "Prints each kind of oddity once, with a count and the first case, and the spectra that "
                   "cannot be used. "
                   "Writes nothing. The exit status is 0 if nothing was found, and 1 otherwise.",
    .examples = "mzgrid validate tissue.imzML\n"
                "mpirun -n 4 mzgrid validate tissue.imzML --json",
    .operands = {"INPUT"},
    .options = options,
    .run = run,
};
