/* Progress: what the line says, and when it is shown. */
#include <cli/progress_json.h>
#include <cli/progress_view.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct mzg_progress_state halfway = {.phase = "resampling",
                                                  .counts_pixels = true,
                                                  .done = 20000,
                                                  .total = 40000,
                                                  .done_before = 4000,
                                                  .seconds = 8,
                                                  .memory = 512 << 20};

Test(cli_progress, bar_fills_the_room_that_is_left)
{
    char text[250];
    cr_expect(
        eq(str, mzg_progress_bar(text, sizeof text, 107, &halfway),
           "resampling [###############---------------]  50%  2,000 px/s  ETA 10.0 s  memory 512.0 MiB"));
    cr_expect(eq(str, mzg_progress_bar(text, sizeof text, 71, &halfway),
                 "resampling [#####------]  50%  2,000 px/s  ETA 10.0 s  memory 512.0 MiB"));
    cr_expect(eq(str, mzg_progress_bar(text, sizeof text, 67, &halfway),
                 "resampling  50%  2,000 px/s  ETA 10.0 s  memory 512.0 MiB"));
    cr_expect(eq(str, mzg_progress_bar(text, sizeof text, 15, &halfway), "resampling  50%"));
}

Test(cli_progress, nothing_is_guessed_before_anything_is_done)
{
    char text[250];
    struct mzg_progress_state start = {
        .phase = "resampling", .counts_pixels = true, .total = 10, .memory = 1024};
    cr_expect(eq(str, mzg_progress_bar(text, sizeof text, 57, &start),
                 "resampling [--------]   0%  - px/s  ETA -  memory 1.0 KiB"));
    cr_expect(eq(str, mzg_progress_line(text, sizeof text, &start),
                 "resampling: 0%, 0 of 10 pixels, - px/s, ETA -, memory 1.0 KiB"));
}

Test(cli_progress, complete_is_100_percent_and_a_full_bar)
{
    char text[250];
    struct mzg_progress_state end = {
        .phase = "resampling", .counts_pixels = true, .done = 3, .total = 3, .seconds = 1, .memory = 1024};
    cr_expect(eq(str, mzg_progress_bar(text, sizeof text, 67, &end),
                 "resampling [##########] 100%  3.00 px/s  ETA 0.00 s  memory 1.0 KiB"),
              "%s", text);
}

Test(cli_progress, nothing_is_left_of_a_phase_that_is_first_seen_at_its_end)
{
    char text[250];
    struct mzg_progress_state end = {
        .phase = "writing", .done = 4, .total = 4, .done_before = 4, .memory = 1024};
    cr_expect(
        eq(str, mzg_progress_line(text, sizeof text, &end), "writing: 100%, ETA 0.00 s, memory 1.0 KiB"),
        "%s", text);
}

Test(cli_progress, a_rate_only_of_pixels)
{
    char text[250];
    struct mzg_progress_state writing = {
        .phase = "writing", .done = 1, .total = 4, .seconds = 1, .memory = 1024};
    cr_expect(eq(str, mzg_progress_bar(text, sizeof text, 51, &writing),
                 "writing [##------]  25%  ETA 3.00 s  memory 1.0 KiB"),
              "%s", text);
    cr_expect(
        eq(str, mzg_progress_line(text, sizeof text, &writing), "writing: 25%, ETA 3.00 s, memory 1.0 KiB"));
}

/* 16,000 of 36,000 pixels took 8 s, so resampling takes 18 s, of which 10 are left, and what follows 27 s. */
Test(cli_progress, the_time_left_is_that_of_the_whole_run)
{
    char text[250];
    struct mzg_progress_state state = halfway;
    state.following = 1.5;
    cr_expect(eq(str, mzg_progress_line(text, sizeof text, &state),
                 "resampling: 50%, 20,000 of 40,000 pixels, 2,000 px/s, ETA 37.0 s, memory 512.0 MiB"));
    state.done = 40000;
    state.seconds = 18;
    cr_expect(eq(str, mzg_progress_line(text, sizeof text, &state),
                 "resampling: 100%, 40,000 of 40,000 pixels, 2,000 px/s, ETA 27.0 s, memory 512.0 MiB"));
}

/* Runs a view on a log that goes to a file and not to a terminal, and counts the lines. */
static int count_lines(bool silent, double seconds)
{
    char path[] = "/tmp/test_cli_progress_XXXXXX";
    int fd = mkstemp(path);
    cr_assert(ge(int, fd, 0));
    cr_redirect_stderr();
    struct mzg_log *log = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_log_new(0, MZG_LOG_INFO, path, &log, &err), MZG_OK));

    struct mzg_progress_view view;
    mzg_progress_begin(&view, log, silent, 1000);
    int steps = (int)(seconds * 4);
    for (int i = 0; i <= steps; i++)
        mzg_progress_tell(&view, "resampling", i, steps, 1000 + 0.25 * i);
    mzg_progress_end(&view);
    mzg_log_free(log);

    FILE *file = fdopen(fd, "r");
    int lines = 0;
    for (int c; (c = getc(file)) != EOF;)
        lines += c == '\n';
    fclose(file);
    unlink(path);
    return lines;
}

Test(cli_progress, a_line_every_ten_seconds_where_there_is_no_terminal)
{
    cr_expect(eq(int, count_lines(false, 9.75), 0));
    cr_expect(eq(int, count_lines(false, 35), 3));
}

Test(cli_progress, none_when_silent)
{
    cr_expect(eq(int, count_lines(true, 35), 0));
}

Test(cli_progress, json_tells_beginnings_ends_and_every_tenth_of_a_second, .init = cr_redirect_stdout)
{
    struct mzg_progress_json json = {0};
    mzg_progress_json_tell(&json, "resampling", 1, 9, 5.0);
    mzg_progress_json_tell(&json, "resampling", 2, 9, 5.05);
    mzg_progress_json_tell(&json, "resampling", 3, 9, 5.2);
    mzg_progress_json_tell(&json, "resampling", 9, 9, 5.21);
    mzg_progress_json_tell(&json, "writing", 0, 2, 5.22);
    mzg_progress_json_tell(&json, "writing", 0, 0, 9.0);
    mzg_progress_json_fail(&(struct mzg_error){.status = MZG_OK});
    mzg_progress_json_fail(&(struct mzg_error){.status = MZG_ENOMEM, .text = "no \"room\"\xff"});
    cr_assert_stdout_eq_str("{\"phase\":\"resampling\",\"done\":1,\"total\":9,\"unit\":\"pixels\"}\n"
                            "{\"phase\":\"resampling\",\"done\":3,\"total\":9,\"unit\":\"pixels\"}\n"
                            "{\"phase\":\"resampling\",\"done\":9,\"total\":9,\"unit\":\"pixels\"}\n"
                            "{\"phase\":\"writing\",\"done\":0,\"total\":2,\"unit\":\"parts\"}\n"
                            "{\"error\":\"memory\",\"text\":\"no \\\"room\\\"\\\\xff\"}\n");
}
