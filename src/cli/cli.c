#include <cli/cli.h>
#include <cli/commands.h>
#include <cli/completion.h>
#include <cli/help.h>
#include <cli/how_far.h>
#include <cli/launch.h>
#include <cli/man_page.h>
#include <cli/numbers.h>
#include <cli/options.h>
#include <cli/output.h>
#include <cli/signals.h>
#include <cli/sources.h>
#include <cli/suggest.h>
#include <cli/versions.h>
#include <core/agree.h>
#include <core/clock.h>
#include <core/context.h>
#include <core/file.h>
#include <core/log.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/own_file.h>
#include <core/pool.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct mzg_command *const commands[] = {
    &mzg_command_convert,  &mzg_command_axis,
    &mzg_command_info,     &mzg_command_image,
    &mzg_command_spectrum, &mzg_command_export,
    &mzg_command_report,   &mzg_command_merge,
    &mzg_command_peaks,    &mzg_command_validate,
    &mzg_command_generate, &mzg_command_topology,
    &mzg_command_metrics,  NULL,
};

void mzg_reserve_streams(void)
{
    /* open() takes the lowest free number. Opened for reading only, standard output and error refuse to be
     * written. */
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

int mzg_exit_status(enum mzg_status status)
{
    switch (status) {
    case MZG_OK:
        return 0;
    case MZG_EUSAGE:
        return 2;
    case MZG_ENOMEM:
    case MZG_EIO:
    case MZG_EFORMAT:
    case MZG_ERANGE:
    case MZG_ESKIPPED:
        break;
    case MZG_EINTERRUPTED:
        return 4;
    }
    return 1;
}

static enum mzg_status find_command(const char *name, const struct mzg_command **command,
                                    struct mzg_error *err)
{
    struct mzg_suggestion suggestion = {.typed = name};
    for (int i = 0; commands[i]; i++) {
        if (strcmp(name, commands[i]->name) == 0) {
            *command = commands[i];
            return MZG_OK;
        }
        mzg_suggest(&suggestion, commands[i]->name);
    }
    mzg_suggest(&suggestion, "help");
    mzg_suggest(&suggestion, "completion");
    for (const struct mzg_option *option = mzg_common_options; option->name; option++)
        if (option->kind != MZG_OPTION_GROUP && strncmp(name, "--", 2) == 0 &&
            strcmp(name + 2, option->name) == 0)
            return mzg_fail(err, MZG_EUSAGE, "%s stands behind the command: mzgrid COMMAND %s", name, name);
    const char *what = name[0] == '-' ? "option" : "command";
    if (strcmp(name, "version") == 0 || strcmp(name, "-v") == 0)
        suggestion.word = "--version";
    bool is_store = mzg_file_ends_in(name, ".zarr");
    if (!suggestion.word && (strchr(name, '.') || strchr(name, '/')) && name[0] != '-')
        return mzg_fail(err, MZG_EUSAGE, "'%s' is no command: a command comes first, such as 'mzgrid %s %s'",
                        name, is_store ? "info" : "convert", is_store ? name : "INPUT OUTPUT.zarr");
    if (suggestion.word)
        return mzg_fail(err, MZG_EUSAGE, "unknown %s '%s' (did you mean '%s'?)", what, name, suggestion.word);
    return mzg_fail(err, MZG_EUSAGE, "unknown %s '%s'", what, name);
}

/* Rank 0 prints what `print` writes. */
static int print_text(const struct mzg_context *context, void (*print)(FILE *file, const void *subject),
                      const void *subject, struct mzg_error *err)
{
    if (context->rank == 0) {
        print(stdout, subject);
        mzg_output_flush(err);
    }
    mzg_agree(context->comm, err);
    return 0;
}

static void print_program_help(FILE *file, const void *subject)
{
    mzg_help_program(file, subject);
}

static void print_command_help(FILE *file, const void *subject)
{
    mzg_help_command(file, subject);
}

static void print_version(FILE *file, const void *subject)
{
    (void)subject;
    mzg_version_print(file);
}

static int run_print_config(const struct mzg_context *context, const struct mzg_arguments *arguments,
                            struct mzg_error *err)
{
    if (context->rank == 0 && mzg_config_print(stdout, arguments, err) == MZG_OK)
        mzg_output_flush(err);
    mzg_agree(context->comm, err);
    return 0;
}

/* `hint` is where a usage error sends the user. */
static int run_command(struct mzg_context *context, const struct mzg_command *command, int argc, char **argv,
                       const char **hint, struct mzg_error *err)
{
    int status = 0;
    struct mzg_arguments arguments;
    mzg_arguments_parse(command, argc, argv, 2, &arguments, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    if (arguments.help) {
        status = print_text(context, print_command_help, command, err);
        goto cleanup;
    }
    if (mzg_sources_add(context, commands, &arguments, err) != MZG_OK)
        goto cleanup;
    if (arguments.sources && !arguments.print_config)
        *hint = "--print-config";
    status = arguments.print_config ? run_print_config(context, &arguments, err)
                                    : command->run(context, &arguments, err);

cleanup:
    mzg_arguments_destroy(&arguments);
    return status;
}

static void print_man_page(FILE *file, const void *subject)
{
    mzg_man_print(file, subject);
}

/* `mzgrid help`, `mzgrid help COMMAND`; `mzgrid help --man` is for scripts/man. */
static int run_help(struct mzg_context *context, int argc, char **argv, struct mzg_error *err)
{
    const struct mzg_command *command = NULL;
    if (argc > 3)
        mzg_fail(err, MZG_EUSAGE, "'%s' is one argument too many", argv[3]);
    else if (argc == 3 && strcmp(argv[2], "--man") == 0)
        return print_text(context, print_man_page, commands, err);
    else if (argc == 3 && strcmp(argv[2], "help") != 0 && strcmp(argv[2], "completion") != 0)
        find_command(argv[2], &command, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return 0;
    return command ? print_text(context, print_command_help, command, err)
                   : print_text(context, print_program_help, commands, err);
}

static void print_completion(FILE *file, const void *subject)
{
    mzg_completion_print(file, *(const int *)subject, commands);
}

/* `mzgrid completion SHELL`. */
static int run_completion(struct mzg_context *context, int argc, char **argv, struct mzg_error *err)
{
    int shell = 0;
    if (argc != 3)
        mzg_fail(err, MZG_EUSAGE, "completion takes one argument, the shell: bash, zsh or fish");
    while (argc == 3 && mzg_completion_shell(shell) && !mzg_same_word(argv[2], mzg_completion_shell(shell)))
        shell++;
    struct mzg_suggestion suggestion = {.typed = argc == 3 ? argv[2] : ""};
    for (int i = 0; mzg_completion_shell(i); i++)
        mzg_suggest(&suggestion, mzg_completion_shell(i));
    if (argc == 3 && !mzg_completion_shell(shell))
        mzg_fail(err, MZG_EUSAGE, "unknown shell '%s'%s%s%s, expected one of bash, zsh, fish", argv[2],
                 suggestion.word ? " (did you mean '" : "", suggestion.word ? suggestion.word : "",
                 suggestion.word ? "'?)" : "");
    if (mzg_agree(context->comm, err) != MZG_OK)
        return 0;
    return print_text(context, print_completion, &shell, err);
}

/* No command at all: the help, but as of a command line that cannot be understood. */
static int miss_command(const struct mzg_context *context)
{
    if (context->rank == 0)
        mzg_help_program(stderr, commands);
    return mzg_exit_status(MZG_EUSAGE);
}

/* Where a usage error sends the user: to an option of a command, or of the program. */
struct hint {
    const char *command, *option;
};

static int dispatch(struct mzg_context *context, int argc, char **argv, struct hint *hint,
                    struct mzg_error *err)
{
    int thread_level = MPI_THREAD_FUNNELED;
    if (context->comm != MPI_COMM_NULL)
        MZG_MPI(MPI_Query_thread(&thread_level));
    if (thread_level < MPI_THREAD_FUNNELED)
        mzg_fail(err, MZG_EIO, "this MPI library does not work with threads (MPI_THREAD_FUNNELED)");
    else if (argc < 2)
        return miss_command(context);
    else if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_text(context, print_program_help, commands, err);
    else if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return print_text(context, print_version, NULL, err);
    else if (strcmp(argv[1], "help") == 0)
        return run_help(context, argc, argv, err);
    else if (strcmp(argv[1], "completion") == 0)
        return run_completion(context, argc, argv, err);

    const struct mzg_command *command = NULL;
    if (err->status == MZG_OK)
        find_command(argv[1], &command, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return 0;
    hint->command = command->name;
    return run_command(context, command, argc, argv, &hint->option, err);
}

/* The one line that a failure leaves. */
static void log_failure(struct mzg_log *log, const struct hint *hint, const struct mzg_error *err)
{
    if (err->status == MZG_EUSAGE)
        mzg_log_line(log, MZG_LOG_ERROR, "%s; see 'mzgrid %s%s%s'", err->text, hint->command,
                     hint->command[0] ? " " : "", hint->option);
    else if (err->status == MZG_ENOMEM && mzg_memory_is_limited() && !strstr(err->text, "memory limit"))
        mzg_log_line(log, MZG_LOG_ERROR,
                     "%s; here a limit (ulimit -v or -d) counts what each process sets aside", err->text);
    else
        mzg_log_line(log, MZG_LOG_ERROR, "%s", err->text);
}

/* What an error of MPI needs for its one line. */
static const struct mzg_context *job;

static void log_end(const char *sentence)
{
    mzg_log_speak(job->log);
    mzg_log_line(job->log, MZG_LOG_ERROR, "%s", sentence);
    mzg_own_remove_all();
}

bool mzg_needs_mpi(int argc, char **argv)
{
    const struct mzg_command *command = NULL;
    struct mzg_arguments arguments;
    struct mzg_error unused = {0};
    if (argc < 2 || argv[1][0] == '-' || find_command(argv[1], &command, &unused) != MZG_OK)
        return false;
    mzg_arguments_parse(command, argc, argv, 2, &arguments, &unused);
    /* Who cannot tell for lack of memory starts MPI, or the other ranks would be without this one. */
    bool needs_mpi = unused.status == MZG_ENOMEM ||
                     (unused.status == MZG_OK && !arguments.help && !arguments.print_config &&
                      !(command->without_mpi && command->without_mpi(&arguments)));
    mzg_arguments_destroy(&arguments);
    return needs_mpi;
}

/* Without MPI nothing holds the ranks together, and mpirun ends all of them once one has failed: the others
 * wait, so that rank 0 has said why. */
static void let_rank_0_speak(const struct mzg_launch *launch)
{
    struct timespec moment = {.tv_sec = 1};
    if (launch->rank > 0)
        nanosleep(&moment, NULL);
}

int mzg_refuse(const struct mzg_launch *launch, struct mzg_error *err)
{
    struct mzg_log *log = NULL;
    let_rank_0_speak(launch);
    struct mzg_error no_log = {0};
    mzg_log_new(0, MZG_LOG_ERROR, NULL, &log, &no_log);
    log_failure(log, &(struct hint){"", "--help"}, err);
    mzg_log_free(log);
    return mzg_exit_status(err->status);
}

/* The ranks of `comm`, or this process alone. */
static void join(MPI_Comm comm, const struct mzg_launch *launch, struct mzg_context *context)
{
    context->comm = MPI_COMM_NULL;
    context->rank = launch->rank;
    context->size = 1;
    if (comm == MPI_COMM_NULL)
        return;
    MZG_MPI(MPI_Comm_dup(comm, &context->comm));
    mzg_mpi_watch(context->comm);
    MZG_MPI(MPI_Comm_rank(context->comm, &context->rank));
    MZG_MPI(MPI_Comm_size(context->comm, &context->size));
}

int mzg_main(MPI_Comm comm, const struct mzg_launch *launch, int argc, char **argv)
{
    struct mzg_context context = {0};
    struct mzg_error err = {0};
    struct hint hint = {"", "--help"};
    int status = 0;

    mzg_signals_install();
    mzg_how_far_begin(mzg_clock_seconds());
    context.stop = mzg_signals_stop();
    join(comm, launch, &context);
    bool connected = comm == MPI_COMM_NULL || mzg_launch_check(launch, context.size, &err) == MZG_OK;
    mzg_log_new(connected || !launch->by ? context.rank : launch->rank, MZG_LOG_INFO, NULL, &context.log,
                &err);
    job = &context;
    if (context.log)
        mzg_mpi_set_end(log_end);
    if (mzg_agree(context.comm, &err) == MZG_OK)
        status = dispatch(&context, argc, argv, &hint, &err);
    if (err.status != MZG_OK) {
        mzg_how_far_explain(*mzg_signals_stop(), mzg_clock_seconds(), &err);
        log_failure(context.log, &hint, &err);
        if (!context.log && context.rank == 0) /* there was no memory for one */
            fprintf(stderr, "mzgrid: error: %s\n", err.text);
        status = mzg_exit_status(err.status);
    }
    if (status != 0 && comm == MPI_COMM_NULL)
        let_rank_0_speak(launch);
    mzg_mpi_set_end(NULL);
    mzg_pool_free(context.pool);
    mzg_log_free(context.log);
    if (context.comm != MPI_COMM_NULL)
        MZG_MPI(MPI_Comm_free(&context.comm));
    return status;
}
