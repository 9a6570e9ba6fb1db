#include <core/escape.h>
#include <core/log.h>

#include <core/named_file.h>
#include <core/parameters.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_LINE = 2000 /* bytes, before controls are escaped */, MOST_WARNINGS = 100 };

struct mzg_log {
    enum mzg_log_level level;
    enum mzg_log_level file_level;
    FILE *file;
    char *path; /* of the file */
    bool terminal;
    bool coloured; /* errors and warnings */
    bool speaks;   /* rank 0 */
    void (*take)(void *taker, enum mzg_log_level level,
                 const char *text); /* gets all lines; NULL: they are printed */
    void *taker;
    char *warnings[MOST_WARNINGS];
    int n_warnings;
    char status[256]; /* the status line as it stands on the terminal; "" when there is none */
};

/* Whether what is written on standard error appears on a terminal. Behind mpirun it is a pipe to mpirun, the
 * parent of a rank on its node, which passes everything on to its own standard error. */
static bool ends_on_terminal(void)
{
    struct stat info;
    if (isatty(STDERR_FILENO))
        return true;
    if (!getenv("OMPI_COMM_WORLD_RANK") || fstat(STDERR_FILENO, &info) != 0 || !S_ISFIFO(info.st_mode))
        return false;
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/fd/2", (long)getppid());
    int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    bool terminal = fd >= 0 && isatty(fd);
    if (fd >= 0)
        close(fd);
    return terminal;
}

/* As inside an editor: what moves the cursor would be shown as it is. */
static bool is_dumb(void)
{
    const char *term = getenv("TERM");
    return term && strcmp(term, "dumb") == 0;
}

/* https://no-color.org */
static bool is_coloured(bool terminal)
{
    const char *plain = getenv("NO_COLOR");
    return terminal && !(plain && *plain);
}

enum mzg_status mzg_log_new(int rank, enum mzg_log_level level, const char *path, struct mzg_log **log,
                            struct mzg_error *err)
{
    struct mzg_log *new_log = calloc(1, sizeof *new_log);
    if (!new_log)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the log");
    new_log->level = level;
    new_log->file_level = level > MZG_LOG_DETAIL ? level : MZG_LOG_DETAIL;
    new_log->speaks = rank == 0;
    new_log->terminal = new_log->speaks && !is_dumb() && ends_on_terminal();
    new_log->coloured = is_coloured(new_log->terminal);
    if (path && new_log->speaks) {
        int fd = -1;
        if (mzg_named_open("--log-file", path, &fd, err) == MZG_OK) {
            new_log->file = fdopen(fd, "a");
            new_log->path = strdup(path);
        }
        if (!new_log->file || !new_log->path) {
            if (err->status == MZG_OK)
                mzg_fail(err, MZG_ENOMEM, "%s: no memory for the log file", path);
            if (new_log->file)
                fclose(new_log->file);
            else if (fd >= 0)
                close(fd);
            free(new_log->path);
            free(new_log);
            return err->status;
        }
    }
    *log = new_log;
    return MZG_OK;
}

enum mzg_status mzg_log_new_told(int rank, enum mzg_log_level level,
                                 void (*take)(void *taker, enum mzg_log_level level, const char *text),
                                 void *taker, struct mzg_log **log, struct mzg_error *err)
{
    struct mzg_log *new_log = calloc(1, sizeof *new_log);
    if (!new_log)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the log");
    new_log->level = level;
    new_log->speaks = rank == 0;
    new_log->take = take;
    new_log->taker = taker;
    *log = new_log;
    return MZG_OK;
}

static void erase_status(const struct mzg_log *log)
{
    if (log->status[0])
        fputs("\r\033[K", stderr);
}

static void draw_status(const struct mzg_log *log)
{
    if (log->status[0])
        fputs(log->status, stderr);
    fflush(stderr);
}

/* The run goes on without the file, but not without a word. */
static void tell_of_failure(struct mzg_log *log, int code)
{
    erase_status(log);
    fprintf(stderr, "mzgrid: warning: %s: the log cannot be written any more: %s\n", log->path,
            strerror(code));
    draw_status(log);
}

static void close_file(struct mzg_log *log)
{
    if (log->file && fclose(log->file) != 0)
        tell_of_failure(log, errno);
    log->file = NULL;
}

void mzg_log_free(struct mzg_log *log)
{
    if (!log)
        return;
    mzg_log_status(log, "");
    close_file(log);
    for (int i = 0; i < log->n_warnings; i++)
        free(log->warnings[i]);
    free(log->path);
    free(log);
}

/* One that there is no memory for was still printed. */
static void keep_warning(struct mzg_log *log, const char *text)
{
    if (log->n_warnings < MOST_WARNINGS && (log->warnings[log->n_warnings] = strdup(text)))
        log->n_warnings++;
}

const char *mzg_log_warning(const struct mzg_log *log, int i)
{
    return log && i < log->n_warnings ? log->warnings[i] : NULL;
}

static void print_to_file(struct mzg_log *log, const char *text)
{
    char stamp[32];
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &local);
    if (fprintf(log->file, "%s %s\n", stamp, text) >= 0 && fflush(log->file) == 0)
        return;
    tell_of_failure(log, errno);
    fclose(log->file); /* whatever it says now */
    log->file = NULL;
}

static void tell(const struct mzg_log *log, enum mzg_log_level level, const char *text)
{
    char named[2 * MZG_ESCAPE_SIZE(LONGEST_LINE)];
    if (level > log->level)
        return;
    mzg_parameters_text(text, named, sizeof named);
    log->take(log->taker, level, named);
}

/* On standard error, where "error:" or "warning:", the end of the prefix, may have a colour. */
static void print_line(const struct mzg_log *log, enum mzg_log_level level, const char *text, size_t prefix)
{
    const char *colour = level == MZG_LOG_ERROR ? "\033[1;31m" : "\033[1;33m";
    size_t name = strlen("mzgrid: ");
    if (log->coloured && level <= MZG_LOG_WARNING)
        fprintf(stderr, "%.*s%s%.*s\033[0m%s\n", (int)name, text, colour, (int)(prefix - name - 1),
                text + name, text + prefix - 1);
    else
        fprintf(stderr, "%s\n", text);
}

void mzg_log_line(struct mzg_log *log, enum mzg_log_level level, const char *format, ...)
{
    static const char *const prefixes[] = {
        "mzgrid: error: ", "mzgrid: warning: ", "mzgrid: ", "mzgrid: ", "mzgrid: "};
    if (!log || !log->speaks)
        return;

    char line[LONGEST_LINE + 1], text[32 + MZG_ESCAPE_SIZE(LONGEST_LINE)];
    va_list args;
    va_start(args, format);
    bool cut = vsnprintf(line, sizeof line, format, args) >= (int)sizeof line;
    va_end(args);
    if (cut)
        mzg_escape_trim(line);
    /* What a line quotes may come from a file. */
    size_t length = (size_t)snprintf(text, sizeof text, "%s", log->take ? "" : prefixes[level]);
    length += mzg_escape(line, strlen(line), text + length, sizeof text - length - strlen("..."));
    if (cut)
        memcpy(text + length, "...", sizeof "...");

    if (level == MZG_LOG_WARNING)
        keep_warning(log, text + strlen(log->take ? "" : prefixes[level]));
    if (log->take) {
        tell(log, level, text);
        return;
    }
    if (level <= log->level) {
        erase_status(log);
        print_line(log, level, text, strlen(prefixes[level]));
        draw_status(log);
    }
    if (log->file && level <= log->file_level)
        print_to_file(log, text);
}

void mzg_log_speak(struct mzg_log *log)
{
    if (log)
        log->speaks = true;
}

void mzg_log_status(struct mzg_log *log, const char *text)
{
    if (!log || !log->terminal)
        return;
    erase_status(log);
    mzg_escape(text, strlen(text), log->status, sizeof log->status);
    draw_status(log);
}

bool mzg_log_is_terminal(const struct mzg_log *log)
{
    return log && log->terminal;
}
