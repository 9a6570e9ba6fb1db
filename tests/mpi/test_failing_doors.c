/*
 * The doors of the library that make no store: contexts, readers, one axis of several inputs, decisions, and
 * what a context is made of, in which one rank is denied memory, a thread or a file (failing_calls.h). All
 * ranks end with the same error, outputs are untouched, nothing is left.
 */
#include <core/placement.h>
#include <failing_calls.h>
#include <mpi_test.h>
#include <mzgrid/mzgrid.h>

#include <jansson.h>
#include <string.h>

static const char *const inputs[] = {"synthetic:6x5:40:centroid:1:full", "synthetic:5x4:40:centroid:2:full"};

static void ignore(void *log_data, enum mzg_log_level level, const char *text)
{
    (void)log_data;
    (void)level;
    (void)text;
}

static const struct mzg_context_options two_threads = {
    .size = sizeof two_threads, .threads = 2, .log = ignore};

static struct mzg_context *begin(void)
{
    struct mzg_context *context = NULL;
    struct mzg_error err;
    json_set_alloc_funcs(malloc, free); /* so that its memory is counted, too */
    cr_assert(eq(int, (int)mzg_context_new(MPI_COMM_WORLD, &two_threads, &context, &err), MZG_OK), "%s",
              err.text);
    return context;
}

enum door { OF_C, OF_FORTRAN, OF_NOBODY };

static enum mzg_status make(enum door door, const struct mzg_context_options *options,
                            struct mzg_context **context, struct mzg_error *err)
{
    switch (door) {
    case OF_C:
        return mzg_context_new(MPI_COMM_WORLD, options, context, err);
    case OF_FORTRAN:
        return mzg_context_new_f((int)MPI_Comm_c2f(MPI_COMM_WORLD), options, context, err);
    default:
        return mzg_context_new_world(options, context, err);
    }
}

static enum mzg_status try_to_make(void *fixture, struct mzg_error *err)
{
    struct mzg_context *context = NULL;
    enum mzg_status status = make(*(enum door *)fixture, &two_threads, &context, err);
    end_failing();
    cr_expect(eq(int, context != NULL, status == MZG_OK));
    mzg_context_free(context);
    return status;
}

MPI_TEST(failing_doors, of_contexts)
{
    for (enum door door = OF_C; door <= OF_NOBODY; door++) {
        fail_on_both(MEMORY, 6, try_to_make, &door, 2, 2);
        fail_on_both(THREADS, 0, try_to_make, &door, 2, 2); /* a worker, and the thread beside them */
    }
}

/* What a program asks for may differ from rank to rank by mistake. */
MPI_TEST(failing_doors, of_contexts_whose_options_make_no_sense_on_the_last_rank)
{
    const struct mzg_context_options senseless = {.size = sizeof senseless, .threads = -1};
    for (enum door door = OF_C; door <= OF_NOBODY; door++) {
        struct mzg_context *context = NULL;
        struct mzg_error err;
        const struct mzg_context_options *options = mpi_rank == mpi_size - 1 ? &senseless : &two_threads;
        cr_expect(eq(int, (int)make(door, options, &context, &err), MZG_EUSAGE));
        cr_expect(eq(str, err.text, "threads must be 0 or more, not -1"));
        cr_expect_null(context);
    }
}

static enum mzg_status try_to_place(void *fixture, struct mzg_error *err)
{
    struct mzg_placement *placement = NULL;
    (void)fixture;
    enum mzg_status status = mzg_placement_new(MPI_COMM_WORLD, 3, &placement, err);
    end_failing();
    mzg_placement_free(placement);
    return status;
}

MPI_TEST(failing_doors, of_places_for_threads)
{
    fail_on_both(MEMORY, 0, try_to_place, NULL, 2, 2);
}

static enum mzg_status try_to_read(void *fixture, struct mzg_error *err)
{
    struct mzg_spectra_reader *reader = NULL;
    enum mzg_status status = mzg_spectra_open(fixture, inputs[0], NULL, &reader, err);
    end_failing();
    cr_expect(eq(int, reader != NULL, status == MZG_OK));
    mzg_spectra_close(reader);
    return status;
}

MPI_TEST(failing_doors, of_spectra)
{
    struct mzg_context *context = begin();
    fail_on_both(MEMORY, 12, try_to_read, context, 2, 2);
    mzg_context_free(context);
}

struct decisions {
    struct mzg_context *context;
    struct mzg_convert_options options;
};

static struct decisions ask(enum mzg_axis_type type)
{
    struct decisions d = {.context = begin()};
    mzg_convert_defaults(&d.options);
    d.options.input = inputs[0];
    d.options.output = "/nowhere/out.zarr";
    d.options.axis_type_auto = false;
    d.options.axis = (struct mzg_axis_spec){.type = type};
    if (type != MZG_AXIS_NATIVE)
        d.options.axis.bins = 30;
    return d;
}

static enum mzg_status try_to_make_axis(void *fixture, struct mzg_error *err)
{
    const struct decisions *d = fixture;
    struct mzg_axis axis = {.n_bins = 77};
    enum mzg_status status = mzg_convert_axis(d->context, &d->options, inputs, 2, &axis, err);
    end_failing();
    if (status == MZG_OK)
        mzg_axis_destroy(&axis);
    else
        cr_expect(eq(i64, axis.n_bins, 77), "untouched");
    return status;
}

MPI_TEST(failing_doors, of_an_axis_of_two_inputs)
{
    static const enum mzg_axis_type types[] = {MZG_AXIS_CONSTANT, MZG_AXIS_NATIVE};
    for (int i = 0; i < 2; i++) {
        struct decisions d = ask(types[i]);
        fail_on_both(MEMORY, 7, try_to_make_axis, &d, 2, 2);
        mzg_context_free(d.context);
    }
}

static enum mzg_status try_to_preview(void *fixture, struct mzg_error *err)
{
    static char untouched[] = "untouched";
    const struct decisions *d = fixture;
    char *text = untouched;
    enum mzg_status status = mzg_convert_preview(d->context, &d->options, &text, err);
    end_failing();
    if (status != MZG_OK)
        cr_expect(eq(ptr, text, untouched));
    else
        mzg_free(text);
    return status;
}

MPI_TEST(failing_doors, of_decisions)
{
    struct decisions d = ask(MZG_AXIS_CONSTANT);
    fail_on_both(MEMORY, 10, try_to_preview, &d, 2, 2);
    mzg_context_free(d.context);
}
