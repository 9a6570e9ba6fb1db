/* Metrics read back: what is added up over ranks, and files that are none. */
#include <cli/metrics_file.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN "{\"event\":\"run\",\"schema\":1,\"ranks\":2,\"threads\":4}\n"
#define PHASE                                                                                                \
    "{\"event\":\"stage\",\"stage\":\"open\",\"at\":0.5,\"seconds\":0.5,\"pixels\":0,\"bytes_in\":100,"      \
    "\"bytes_out\":0,\"ranks\":[]}\n"

static enum mzg_status read_text(const char *text, struct mzg_metrics_file *file, struct mzg_error *err)
{
    char path[] = "/tmp/test_cli_metrics_XXXXXX";
    int fd = mkstemp(path);
    cr_assert(ge(int, fd, 0));
    cr_assert(eq(i64, write(fd, text, strlen(text)), (ssize_t)strlen(text)));
    close(fd);
    *err = (struct mzg_error){0};
    mzg_metrics_file_read(path, file, err);
    unlink(path);
    char *named = strstr(err->text, path); /* as "F" */
    if (named) {
        named[0] = 'F';
        memmove(named + 1, named + strlen(path), strlen(named + strlen(path)) + 1);
    }
    return err->status;
}

Test(cli_metrics_file, sums_over_ranks)
{
    struct mzg_metrics_file file;
    struct mzg_error err;
    const char *text = RUN PHASE
        "{\"event\":\"round\",\"stage\":\"stream\",\"at\":2.5,\"seconds\":2,\"pixels\":30,\"bytes_in\":7,"
        "\"bytes_out\":5,"
        "\"ranks\":[{\"rank\":0,\"busy\":3,\"waiting\":0.5,\"reading\":0.25,\"rss\":9,\"pss\":5},"
        "{\"rank\":1,\"busy\":1,\"waiting\":1,\"reading\":0,\"rss\":9,\"pss\":6},{\"rank\":2,\"busy\":99}]}\n"
        "{\"event\":\"rou";
    cr_assert(eq(int, (int)read_text(text, &file, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(i64, file.ranks, 2));
    cr_expect(eq(i64, file.threads, 4));
    cr_expect(eq(i64, file.n, 2));
    cr_expect(eq(int, file.is_cut, 1));
    const struct mzg_metrics_line *line = &file.lines[1];
    cr_expect(eq(str, (char *)line->phase, "stream"));
    cr_expect(eq(dbl, line->begin, 0.5));
    cr_expect(eq(dbl, line->end, 2.5));
    cr_expect(eq(dbl, line->busy, 4));
    cr_expect(eq(dbl, line->waiting, 1.5));
    cr_expect(eq(dbl, line->memory, 11));
    cr_expect(eq(dbl, line->most_memory, 6));
    cr_expect(eq(flt, file.waiting[2], 0.25f));
    cr_expect(eq(flt, file.waiting[3], 0.5f));
    cr_expect(isnan(file.waiting[0]));
    mzg_metrics_file_destroy(&file);
}

/* Killed in its stream, or complete: the pixels of rounds are those of their phase, too. */
Test(cli_metrics_file, pixels_of_a_killed_run_are_those_of_its_rounds)
{
    static const char round[] = "{\"event\":\"round\",\"stage\":\"stream\",\"at\":2,\"seconds\":1,"
                                "\"pixels\":30,\"ranks\":[]}\n",
                      end[] = "{\"event\":\"stage\",\"stage\":\"stream\",\"at\":3,\"seconds\":2,"
                              "\"pixels\":60,\"ranks\":[]}\n";
    struct mzg_metrics_file file;
    struct mzg_error err;
    char text[2000];
    snprintf(text, sizeof text, "%s%s%s%s", RUN, PHASE, round, round);
    cr_assert(eq(int, (int)read_text(text, &file, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(i64, mzg_metrics_file_open_rounds(&file), 1));
    cr_expect(eq(dbl, mzg_metrics_file_pixels(&file), 60));
    mzg_metrics_file_destroy(&file);
    snprintf(text, sizeof text, "%s%s%s%s%s", RUN, PHASE, round, round, end);
    cr_assert(eq(int, (int)read_text(text, &file, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(i64, mzg_metrics_file_open_rounds(&file), 4));
    cr_expect(eq(dbl, mzg_metrics_file_pixels(&file), 60));
    mzg_metrics_file_destroy(&file);
}

Test(cli_metrics_file, many_ranks_are_taken_together)
{
    struct mzg_metrics_file file;
    struct mzg_error err;
    const char *text =
        "{\"event\":\"run\",\"schema\":1,\"ranks\":1000,\"threads\":1000}\n"
        "{\"event\":\"stage\",\"stage\":\"open\",\"at\":2,\"seconds\":2,\"ranks\":["
        "{\"rank\":8,\"waiting\":1},{\"rank\":15,\"waiting\":2},{\"rank\":999,\"waiting\":2}]}\n";
    cr_assert(eq(int, (int)read_text(text, &file, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(int, file.ranks_of_row, 8));
    cr_expect(eq(int, file.n_rows, 125));
    cr_expect(eq(flt, file.waiting[1], 0.75f));
    cr_expect(eq(flt, file.waiting[124], 1.0f));
    mzg_metrics_file_destroy(&file);
}

/* Behind it a line would not be seen, or taken for the end of this one. */
Test(cli_metrics_file, a_zero_byte_is_told)
{
    struct mzg_metrics_file file;
    struct mzg_error err = {0};
    static const char text[] = RUN "\0" PHASE PHASE;
    char path[] = "/tmp/test_cli_metrics_XXXXXX";
    int fd = mkstemp(path);
    cr_assert(ge(int, fd, 0));
    cr_assert(eq(i64, write(fd, text, sizeof text - 1), (ssize_t)sizeof text - 1));
    close(fd);
    cr_expect(eq(int, (int)mzg_metrics_file_read(path, &file, &err), MZG_EFORMAT));
    cr_expect(strstr(err.text, "line 2: has a zero byte") != NULL, "%s", err.text);
    mzg_metrics_file_destroy(&file);
    unlink(path);
}

Test(cli_metrics_file, what_is_no_metrics)
{
    static const char *const cases[][2] = {
        {"", "F, line 1: nothing happened before the file ends"},
        {RUN, "F, line 2: nothing happened before the file ends"},
        {"a text\n", "F, line 1: is not JSON"},
        {"{}\n", "F, line 1: does not describe a run"},
        {"[1]\n", "F, line 1: does not describe a run"},
        {"{\"event\":\"run\",\"schema\":2,\"ranks\":1,\"threads\":1}\n", "F: has schema 2 of metrics"},
        {"{\"event\":\"run\",\"schema\":1,\"ranks\":99999999999,\"threads\":1}\n",
         "F, line 1: has no number of ranks"},
        {"{\"event\":\"run\",\"schema\":1,\"ranks\":0,\"threads\":1}\n", "F, line 1: has no number of ranks"},
        {RUN "broken\n" PHASE, "F, line 2: is not JSON"},
        {RUN "{\"event\":\"stage\"}\n", "F, line 2: describes neither a phase nor a round"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mzg_metrics_file file;
        struct mzg_error err;
        cr_expect(eq(int, (int)read_text(cases[i][0], &file, &err), MZG_EFORMAT), "%s", cases[i][0]);
        cr_expect(eq(int, strncmp(err.text, cases[i][1], strlen(cases[i][1])), 0), "%s, wanted %s", err.text,
                  cases[i][1]);
        mzg_metrics_file_destroy(&file);
    }
}
