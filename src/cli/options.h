/*
 * The command line as tables. A subcommand is a struct mzg_command whose options are rows of a table; the
 * parser, the text of --help (help.h) and the suggestions for misspelt options all come from these rows:
 *
 *     argv ── mzg_arguments_parse ──► pairs (row, text) and operands
 *          ── mzg_sources_add (sources.h) ──► with pairs from variables and a file of options
 *          ── mzg_arguments_apply ──► the command's settings
 *
 * Parsing needs no files and no MPI. Errors are MZG_EUSAGE and name the option as it was typed, or where it
 * stands.
 */
#ifndef MZG_CLI_OPTIONS_H
#define MZG_CLI_OPTIONS_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mzg_context;
struct mzg_arguments;

enum mzg_option_kind {
    MZG_OPTION_GROUP,   /* no option: `name` is the heading of the rows below */
    MZG_OPTION_FLAG,    /* bool: becomes true */
    MZG_OPTION_REPEAT,  /* int: 1 more each time it is given */
    MZG_OPTION_TEXT,    /* const char *: borrowed from argv, not empty */
    MZG_OPTION_INTEGER, /* int64_t in [least, most] */
    MZG_OPTION_NUMBER,  /* double in [low, high], or (low, high] with `above_low` */
    MZG_OPTION_SIZE,    /* int64_t: bytes, with K, M, G or T */
    MZG_OPTION_CHOICE,  /* int: the number of the word among those of `choice` */
    MZG_OPTION_OWN      /* whatever `set` makes of it */
};

/* Where a row's value goes is `offset`, in bytes from the start of the command's settings. */
struct mzg_option {
    const char *name;     /* without the dashes */
    const char *argument; /* its name in the help, such as "N"; NULL for FLAG and REPEAT */
    const char *help;     /* sentences */
    const char *standard; /* what holds where the option is not given; NULL: nothing worth telling */
    const char *(*choice)(
        int number); /* CHOICE: the words in order, then NULL. TEXT: with one of these it begins,
                        ':' and more may follow; NULL: it is any text */
    enum mzg_status (*set)(const char *text, void *target, struct mzg_error *err); /* OWN */
    size_t offset;
    int64_t least, most; /* INTEGER */
    double low, high;    /* NUMBER; high 0: no limit */
    const char *rivals;  /* names, with a blank between two: given later, this option takes the place of these
                            given  by a source that counts less, and these of it (sources.h); NULL: none */
    enum mzg_option_kind kind;
    bool adds;       /* OWN: given again, it adds to what was given before; one text may be several lines */
    bool above_low;  /* NUMBER: `low` itself is not allowed */
    bool only_typed; /* given on the command line or not at all, because it says whether MPI is needed */
    char letter;     /* short form, as -q, or -o VALUE; 0: none */
};

enum { MZG_MAX_OPERANDS = 2 };

struct mzg_command {
    const char *name;
    const char *summary;                    /* one line for `mzgrid --help` */
    const char *description;                /* sentences for `mzgrid NAME --help` */
    const char *examples;                   /* command lines for `mzgrid NAME --help`, one a line; or NULL */
    const char *operands[MZG_MAX_OPERANDS]; /* names of what must be given, such as "INPUT" */
    bool repeats;                           /* the last operand may be given more than once */
    const char *needed;                     /* options that must be given, as the usage shows them; or NULL */
    const struct mzg_option *options;       /* up to a row without a name */

    /* Whether `run` needs no MPI with these arguments, and gets MPI_COMM_NULL; NULL: it always does. Local.
     */
    bool (*without_mpi)(const struct mzg_arguments *arguments);

    /* Runs the command and returns the exit status, or fills `err`. It may set the log and the pool of
     * `context`, which its caller frees. Collective over context->comm. */
    int (*run)(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err);
};

/* Who gave an option; what stands later here counts more. */
enum mzg_origin { MZG_FROM_FILE, MZG_FROM_ENVIRONMENT, MZG_FROM_COMMAND_LINE };

/* One option as given. */
struct mzg_argument {
    const struct mzg_option *option;
    const char *text;  /* of FLAG "true" or "false", NULL: true; of REPEAT how often, NULL: once more */
    const char *place; /* "FILE, line 3" or "MZGRID_NAME"; NULL: on the command line */
    enum mzg_origin origin;
};

/* A parsed command line; what is not said to be owned is borrowed from argv and the command. */
struct mzg_arguments {
    const struct mzg_command *command;
    int argc; /* of the whole program, for the record of the run */
    char **argv;
    bool help;          /* --help was asked for: nothing else was looked at */
    bool print_config;  /* --print-config was asked for: operands may be missing */
    const char *config; /* the file of --config; NULL: none */
    int n_given;
    struct mzg_argument *given; /* owned; first what counts least, then in the order of argv */
    char *sources;              /* owned: the texts of what was given elsewhere; NULL: nothing was */
    const char *operands[MZG_MAX_OPERANDS];
    const char **repeated; /* owned: with command->repeats, the last operand and those behind it */
    int n_repeated;
};

/* What every command takes; these fill struct mzg_arguments itself. */
extern const struct mzg_option mzg_common_options[];

/* Row `number` of the options that a user of this command may give: its own, then those of every command;
 * NULL behind the last. Local. */
const struct mzg_option *mzg_command_option(const struct mzg_command *command, int number);

/* The option of a command's own that is called by the first `length` bytes of `name`, or NULL. Local. */
const struct mzg_option *mzg_command_find(const struct mzg_command *command, const char *name, size_t length);

/* Whether a row is an option that takes no value. Local. */
bool mzg_option_is_flag(const struct mzg_option *option);

/* Takes argv[first] .. argv[argc - 1] apart. Release with mzg_arguments_destroy(), also after a failure.
 * Local. */
enum mzg_status mzg_arguments_parse(const struct mzg_command *command, int argc, char **argv, int first,
                                    struct mzg_arguments *arguments, struct mzg_error *err);
void mzg_arguments_destroy(struct mzg_arguments *arguments);

/* Reads the texts of all given options into `settings`; if an option is given twice, the last one wins.
 * Local. */
enum mzg_status mzg_arguments_apply(const struct mzg_arguments *arguments, void *settings,
                                    struct mzg_error *err);

/* Whether the texts can be read, as mzg_arguments_apply() does. Local. */
enum mzg_status mzg_arguments_check(const struct mzg_arguments *arguments, struct mzg_error *err);

/* Whether the option of that name was given, and not undone. Local. */
bool mzg_arguments_has(const struct mzg_arguments *arguments, const char *name);

#endif
