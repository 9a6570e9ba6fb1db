/* `mzgrid convert`: from words to struct mzg_convert_options. */
#include <cli/commands.h>
#include <cli/convert_options.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

/* Reads "mzgrid convert in out.zarr" with the options of `line`, whose words are separated by one blank each.
 */
static enum mzg_status read_settings(const char *line, struct mzg_convert_settings *settings,
                                     struct mzg_error *err)
{
    enum { MOST_WORDS = 128 };
    char words[4096];
    char *argv[MOST_WORDS];
    int argc = 0;
    snprintf(words, sizeof words, "mzgrid convert in out.zarr %s", line);
    for (char *word = strtok(words, " "); word && argc < MOST_WORDS; word = strtok(NULL, " "))
        argv[argc++] = word;
    struct mzg_arguments arguments;
    *err = (struct mzg_error){0};
    *settings = (struct mzg_convert_settings){0};
    if (mzg_arguments_parse(&mzg_command_convert, argc, argv, 2, &arguments, err) == MZG_OK)
        mzg_convert_settings_read(&arguments, settings, err);
    mzg_arguments_destroy(&arguments);
    return err->status;
}

/* Texts in the settings would point into `words` above; these tests look at numbers only. */
static struct mzg_convert_options read_options(const char *line)
{
    struct mzg_convert_settings settings;
    struct mzg_error err;
    cr_expect(eq(int, read_settings(line, &settings, &err), MZG_OK), "'%s': %s", line, err.text);
    struct mzg_convert_options options = settings.convert;
    mzg_convert_settings_destroy(&settings);
    return options;
}

static void expect_refusal(const char *line, const char *part)
{
    struct mzg_convert_settings settings;
    struct mzg_error err;
    cr_expect(eq(int, read_settings(line, &settings, &err), MZG_EUSAGE), "'%s' is accepted", line);
    cr_expect(strstr(err.text, part) != NULL, "'%s': %s", line, err.text);
    mzg_convert_settings_destroy(&settings);
}

Test(cli_convert, nothing_given_leaves_everything_to_mzgrid)
{
    struct mzg_convert_options options = read_options("");
    cr_expect(options.axis_type_auto);
    cr_expect(options.method_auto);
    cr_expect(eq(dbl, options.axis.bin_width, 0));
    cr_expect(eq(i64, options.axis.bins, 0));
    cr_expect(eq(i64, options.max_skipped, -1));
    cr_expect(eq(int, (int)options.layout, MZG_LAYOUT_CSC));
    cr_expect(eq(int, (int)options.dtype, MZG_DTYPE_FLOAT32));
    cr_expect(eq(int, (int)options.duplicates, MZG_DUPLICATES_SUM));
    cr_expect(not(options.fail_on_error));
}

Test(cli_convert, axis_types_and_methods_by_name)
{
    for (int i = 0; i < MZG_AXIS_TYPES; i++) {
        char line[96];
        snprintf(line, sizeof line, "--mass-axis-type %s%s", mzg_axis_type_name((enum mzg_axis_type)i),
                 i == MZG_AXIS_TOF ? " --tof-law 3:0.5" : "");
        struct mzg_convert_options options = read_options(line);
        cr_expect(not(options.axis_type_auto));
        cr_expect(eq(int, (int)options.axis.type, i));
    }
    cr_expect(eq(dbl, read_options("--mass-axis-type tof --tof-law 3:0.5").axis.tof_a, 3));
    cr_expect(eq(dbl, read_options("--mass-axis-type tof --tof-law 3:0.5").axis.tof_b, 0.5));
    cr_expect(read_options("--mass-axis-type auto").axis_type_auto);

    struct mzg_convert_options options = read_options("--interpolation-method linear");
    cr_expect(not(options.method_auto));
    cr_expect(eq(int, (int)options.method, MZG_LINEAR));
}

Test(cli_convert, bin_widths_in_their_units)
{
    struct mzg_convert_options options = read_options("--bin-width 0.01");
    cr_expect(eq(dbl, options.axis.bin_width, 0.01));
    cr_expect(eq(dbl, options.axis.reference_mz, 1000));
    cr_expect(eq(dbl, read_options("--bin-width 0.25Da --reference-mz 300").axis.bin_width, 0.25));
    cr_expect(eq(dbl, read_options("--bin-width 0.25Da --reference-mz 300").axis.reference_mz, 300));
    cr_expect(eq(dbl, read_options("--bin-width 5mDa").axis.bin_width, 0.005));
    cr_expect(eq(dbl, read_options("--resolution 20000 --reference-mz 400").axis.bin_width, 0.02));

    /* 10 ppm of 200, whichever of the two comes first. */
    cr_expect(
        ieee_ulp_eq(dbl, read_options("--bin-width 10ppm --reference-mz 200").axis.bin_width, 0.002, 2));
    cr_expect(
        ieee_ulp_eq(dbl, read_options("--reference-mz 200 --bin-width 10ppm").axis.bin_width, 0.002, 2));
}

Test(cli_convert, the_other_values)
{
    struct mzg_convert_options options = read_options(
        "--bins 500 --min-mz 50.5 --max-mz 1e3 --scan-range --min-intensity 2 --layout csr --dtype float64 "
        "--pixel-size 50 --z-spacing 10 --duplicates error --on-error fail --max-skipped 0 --keep-going "
        "--chunk-size 64 --keep-hdf5 --strict --allow-truncated --allow-large-grid --overwrite");
    cr_expect(eq(i64, options.axis.bins, 500));
    cr_expect(eq(dbl, options.axis.min_mz, 50.5));
    cr_expect(eq(dbl, options.axis.max_mz, 1000));
    cr_expect(eq(dbl, options.min_intensity, 2));
    cr_expect(eq(int, (int)options.layout, MZG_LAYOUT_CSR));
    cr_expect(eq(int, (int)options.dtype, MZG_DTYPE_FLOAT64));
    cr_expect(eq(dbl, options.pixel_size[0], 50));
    cr_expect(eq(dbl, options.pixel_size[1], 50));
    cr_expect(eq(dbl, options.z_spacing, 10));
    cr_expect(eq(int, (int)options.duplicates, MZG_DUPLICATES_ERROR));
    cr_expect(eq(i64, options.max_skipped, 0));
    cr_expect(eq(i64, options.chunk_size, 64));
    cr_expect(options.scan_range && options.fail_on_error && options.keep_going && options.keep_hdf5);
    cr_expect(options.strict && options.allow_truncated && options.allow_large_grid && options.overwrite);

    cr_expect(eq(dbl, read_options("--pixel-size 50:25").pixel_size[1], 25));
    cr_expect(eq(i64, read_options("--chunk-size auto").chunk_size, 0));
}

Test(cli_convert, slashes_at_the_end_of_the_output_do_not_count)
{
    char *argv[] = {"mzgrid", "convert", "in", "dir/out.zarr//"};
    struct mzg_arguments arguments;
    struct mzg_convert_settings settings;
    struct mzg_error err = {0};
    mzg_arguments_parse(&mzg_command_convert, 4, argv, 2, &arguments, &err);
    cr_expect(eq(int, mzg_convert_settings_read(&arguments, &settings, &err), MZG_OK));
    cr_expect(eq(str, (char *)settings.convert.output, "dir/out.zarr"));
    mzg_convert_settings_destroy(&settings);
    mzg_arguments_destroy(&arguments);
}

Test(cli_convert, what_cannot_be)
{
    expect_refusal("--bins 0", "--bins: '0'");
    expect_refusal("--bins 2147483648", "--bins: '2147483648'");
    expect_refusal("--bins 10 --bin-width 5mDa", "--bins");
    expect_refusal("--resolution 1000 --bin-width 5mDa", "--resolution");
    expect_refusal("--bin-width 0", "'0' is not a width above 0");
    expect_refusal("--bin-width 5kDa", "unknown unit");
    expect_refusal("--reference-mz 500", "needs --bin-width or --resolution");
    expect_refusal("--min-mz 500 --max-mz 100", "--max-mz");
    expect_refusal("--min-mz 0", "--min-mz: '0'");
    expect_refusal("--max-mz 1000001", "at most 1000000");
    expect_refusal("--mass-axis-type quadrupole", "unknown value 'quadrupole'");
    expect_refusal("--interpolation-method kubic", "unknown value 'kubic'");
    expect_refusal("--mass-axis-type tof", "--tof-law");
    expect_refusal("--tof-law 1:1", "--mass-axis-type tof");
    expect_refusal("--mass-axis-type tof --tof-law 1:0", "'1:0' is not two numbers above 0");
    expect_refusal("--pixel-size 10:", "'10:'");
    expect_refusal("--pixel-size 10:-1", "'10:-1'");
    expect_refusal("--pixel-size 0", "'0'");
    expect_refusal("--chunk-size 0", "'0' is not a number of pixels");
    expect_refusal("--threads 0", "--threads: '0'");
    expect_refusal("--max-skipped -1", "--max-skipped: '-1'");
    expect_refusal("--dataset-id a/b", "--dataset-id");
    expect_refusal("-q -v", "contradict");
}

Test(cli_convert, log_levels)
{
    static const struct {
        const char *line;
        enum mzg_log_level level;
    } cases[] = {{"", MZG_LOG_INFO},
                 {"-q", MZG_LOG_WARNING},
                 {"-v", MZG_LOG_DETAIL},
                 {"-vv", MZG_LOG_DEBUG},
                 {"-vvv", MZG_LOG_DEBUG}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mzg_convert_settings settings;
        struct mzg_error err;
        read_settings(cases[i].line, &settings, &err);
        cr_expect(eq(int, (int)mzg_convert_log_level(&settings), (int)cases[i].level), "'%s'", cases[i].line);
        mzg_convert_settings_destroy(&settings);
    }
}

Test(cli_convert, hints_of_mpi_io_add_up)
{
    struct mzg_convert_settings settings;
    struct mzg_error err;
    cr_assert(eq(int, read_settings("--mpi-info a=1 --mpi-info=b=2", &settings, &err), MZG_OK));
    cr_expect(eq(str, (char *)settings.convert.mpi_info, "a=1\nb=2\n"));
    mzg_convert_settings_destroy(&settings);
    cr_assert(eq(int, read_settings("", &settings, &err), MZG_OK));
    cr_expect(eq(ptr, (void *)settings.convert.mpi_info, NULL));
    mzg_convert_settings_destroy(&settings);
    expect_refusal("--mpi-info a", "--mpi-info: 'a' is not KEY=VALUE, such as striping_factor=8");
    char line[4096] = "";
    for (int i = 0; i < 14; i++) /* 13 fit */
        snprintf(line + strlen(line), sizeof line - strlen(line), "--mpi-info k=%0140d ", i);
    expect_refusal(line, "--mpi-info: more than 1998 bytes of hints");
}
