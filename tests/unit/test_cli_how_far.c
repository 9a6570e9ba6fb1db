/* What is said of a run that was told to stop: the signal, the time, how far it was, and how long all would
 * take. */
#include <cli/how_far.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>

static struct mzg_error interrupted(void)
{
    struct mzg_error err = {0};
    mzg_fail(&err, MZG_EINTERRUPTED, "interrupted");
    return err;
}

Test(how_far, before_anything_was_done)
{
    struct mzg_error err = interrupted();
    mzg_how_far_begin(10);
    mzg_how_far_explain(SIGINT, 12.5, &err);
    cr_expect(eq(int, (int)err.status, MZG_EINTERRUPTED));
    cr_expect(eq(str, err.text, (char *)"interrupted by SIGINT after 2.50 s; nothing was written"));
}

Test(how_far, at_the_end_of_a_jobs_time)
{
    struct mzg_error err = interrupted();
    mzg_how_far_begin(0);
    mzg_how_far_note("resampling", 100, 2000, 20); /* 100 were there when the clock of this phase started */
    mzg_how_far_note("resampling", 600, 2000, 70); /* 500 in 50 s, so 1900 in 190 s */
    mzg_how_far_explain(SIGTERM, 71, &err);
    cr_expect(
        eq(str, err.text,
           (char *)"interrupted by SIGTERM after 1 min 11 s, with 600 of 2,000 pixels resampled (resampling "
                   "takes about 3 min 10 s in all); nothing was written"));
    mzg_how_far_explain(SIGTERM, 90, &err); /* told once */
    cr_expect(
        eq(str, err.text,
           (char *)"interrupted by SIGTERM after 1 min 11 s, with 600 of 2,000 pixels resampled (resampling "
                   "takes about 3 min 10 s in all); nothing was written"));
}

Test(how_far, of_another_phase_and_a_signal_that_another_rank_got)
{
    struct mzg_error err = interrupted();
    mzg_how_far_begin(0);
    mzg_how_far_note("resampling", 2000, 2000, 70);
    mzg_how_far_note("writing", 0, 40, 70);
    mzg_how_far_note("writing", 10, 40, 80);
    mzg_how_far_explain(0, 80, &err);
    cr_expect(eq(
        str, err.text,
        (char
             *)"interrupted after 1 min 20 s, with 25 % of writing done (writing takes about 40.0 s in all); "
               "nothing was written"));
}

Test(how_far, other_errors_stay)
{
    struct mzg_error err = {0};
    mzg_fail(&err, MZG_EIO, "no space left");
    mzg_how_far_begin(0);
    mzg_how_far_explain(SIGTERM, 1, &err);
    cr_expect(eq(str, err.text, (char *)"no space left"));
    cr_expect(eq(int, (int)err.status, MZG_EIO));
}
