/* The sampling step, and the law that it, the analyser or the instrument names. */
#include <axis/instruments.h>
#include <mzgrid/sampling.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

enum { N = 4000 };

/* Points equidistant in T for the exponent, from m/z 200 on. */
static void fill_grid(double exponent, double step, double *mz)
{
    double p = 1.0 - exponent;
    for (int i = 0; i < N; i++)
        mz[i] = p == 0.0 ? 200.0 * exp(step * i) : pow(pow(200.0, p) + p * step * i, 1.0 / p);
}

static const double steps[] = {0.1, 5e-3, 3e-4, 2e-5, 1e-6};

static struct mzg_sampling_fit fit_of(const double *mz, int64_t n)
{
    struct mzg_spectrum spectrum = {.mz = mz, .intensity = mz, .n = n};
    struct mzg_sampling_fit fit = {0};
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_sampling_fit(&spectrum, 1, &fit, &err), MZG_OK), "%s", err.text);
    return fit;
}

Test(sampling, the_step_of_each_law_is_found_and_names_it)
{
    for (int law = 0; law < 5; law++) {
        double mz[N];
        fill_grid(0.5 * law, steps[law], mz);
        struct mzg_sampling_fit fit = fit_of(mz, N);
        cr_expect(lt(dbl, fabs(fit.sampling.exponent - 0.5 * law), 1e-3));
        double step_at_220 = fit.sampling.scale * pow(220.0, fit.sampling.exponent);
        cr_expect(lt(dbl, fabs(step_at_220 / (steps[law] * pow(220.0, 0.5 * law)) - 1.0), 1e-3));
        cr_expect(eq(dbl, fit.agreement, 1.0));
        cr_expect(eq(i64, fit.n_intervals, N - 1));
        enum mzg_axis_type type;
        cr_assert(mzg_sampling_law(&fit, &type));
        cr_expect(eq(int, (int)type, law));
    }
}

Test(sampling, trimmed_zeros_do_not_disturb)
{
    for (int law = 0; law < 5; law++) {
        double mz[N];
        fill_grid(0.5 * law, steps[law], mz);
        int64_t n = 0;
        for (int i = 0; i < N; i++)
            if (i % 40 < 6) /* peaks of six points, then a gap: one difference in six is no step */
                mz[n++] = mz[i];
        struct mzg_sampling_fit fit = fit_of(mz, n);
        cr_expect(lt(dbl, fabs(fit.sampling.exponent - 0.5 * law), 2e-3));
        cr_expect(lt(dbl, fabs(fit.agreement - 5.0 / 6.0), 0.01));
    }
}

Test(sampling, numbers_that_make_no_sense_are_passed_over)
{
    double mz[N];
    fill_grid(1.0, steps[2], mz);
    mz[100] = NAN;
    mz[200] = -1.0;
    mz[300] = INFINITY;
    mz[400] = mz[399];
    mz[500] = 1.0;
    cr_expect(lt(dbl, fabs(fit_of(mz, N).sampling.exponent - 1.0), 1e-3));
}

Test(sampling, too_little_to_see_is_out_of_range)
{
    double few[16];
    for (int i = 0; i < 16; i++)
        few[i] = 100.0 + i;
    struct mzg_spectrum spectrum = {.mz = few, .intensity = few, .n = 16};
    struct mzg_sampling_fit fit;
    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_sampling_fit(&spectrum, 1, &fit, &err), MZG_ERANGE));
    err = (struct mzg_error){0};
    cr_expect(eq(int, mzg_sampling_fit(NULL, 0, &fit, &err), MZG_ERANGE));

    struct mzg_spectrum pairs[32];
    for (int i = 0; i < 32; i++)
        pairs[i] = (struct mzg_spectrum){.mz = few, .intensity = few, .n = 2};
    err = (struct mzg_error){0};
    cr_expect(eq(int, mzg_sampling_fit(pairs, 32, &fit, &err), MZG_ERANGE));
}

Test(sampling, a_fit_that_does_not_describe_its_data_names_no_law)
{
    enum mzg_axis_type type = MZG_AXIS_TOF;
    struct mzg_sampling_fit centroids = {.sampling = {1, 1}, .agreement = 0.2};
    struct mzg_sampling_fit strange = {.sampling = {1, 3}, .agreement = 1.0};
    cr_expect(not(mzg_sampling_law(&centroids, &type)));
    cr_expect(not(mzg_sampling_law(&strange, &type)));
    cr_expect(eq(int, (int)type, MZG_AXIS_TOF));
}

static enum mzg_axis_type choose(const char *const *terms, int64_t n, const struct mzg_sampling_fit *fit,
                                 bool is_centroid, const char *expected_reason)
{
    struct mzg_axis_evidence evidence = {
        .terms = terms, .n_terms = n, .fit = fit, .is_centroid = is_centroid};
    char reason[200];
    enum mzg_axis_type type = mzg_axis_choose(&evidence, reason, sizeof reason);
    cr_expect(strstr(reason, expected_reason) != NULL, "'%s' should tell of '%s'", reason, expected_reason);
    return type;
}

Test(choose, of_analysers_the_strongest_counts)
{
    const char *fticr[] = {"MS:1000264", "MS:1000079"};
    cr_expect(eq(int, (int)choose(fticr, 2, NULL, false, "FT-ICR"), MZG_AXIS_FTICR));
    const char *orbitrap[] = {"MS:1000081", "MS:1000484"};
    cr_expect(eq(int, (int)choose(orbitrap, 2, NULL, true, "orbitrap"), MZG_AXIS_ORBITRAP));
    const char *trap[] = {"MS:1000264"};
    cr_expect(eq(int, (int)choose(trap, 1, NULL, true, "ion trap"), MZG_AXIS_CONSTANT));
}

Test(choose, a_tof_needs_its_reflectron_to_tell)
{
    const char *on[] = {"MS:1000084", "MS:1000106"};
    cr_expect(eq(int, (int)choose(on, 2, NULL, true, "reflectron on"), MZG_AXIS_REFLECTOR_TOF));
    const char *off[] = {"MS:1000105", "MS:1000084"};
    cr_expect(eq(int, (int)choose(off, 2, NULL, true, "reflectron off"), MZG_AXIS_LINEAR_TOF));
    const char *hybrid[] = {"MS:1000081", "MS:1000084"};
    cr_expect(eq(int, (int)choose(hybrid, 2, NULL, true, "behind a quadrupole"), MZG_AXIS_REFLECTOR_TOF));
    const char *unknown[] = {"MS:1000084"};
    struct mzg_sampling_fit fit = {.sampling = {1, 0.5}, .agreement = 0.9};
    cr_expect(eq(int, (int)choose(unknown, 1, &fit, false, "m^0.500"), MZG_AXIS_LINEAR_TOF));
}

Test(choose, the_data_come_first_then_the_instrument_then_the_kind_of_spectra)
{
    struct mzg_sampling_fit fit = {.sampling = {1, 1.52}, .agreement = 0.9};
    const char *model[] = {"MS:1000529", "MS:1000557"};
    cr_expect(eq(int, (int)choose(model, 2, &fit, false, "90 %"), MZG_AXIS_ORBITRAP));
    cr_expect(eq(int, (int)choose(model, 2, NULL, true, "LTQ FT Ultra"), MZG_AXIS_FTICR));
    cr_expect(eq(int, (int)choose(NULL, 0, &fit, false, "90 %"), MZG_AXIS_ORBITRAP));
    cr_expect(eq(int, (int)choose(NULL, 0, NULL, true, "centroid"), MZG_AXIS_REFLECTOR_TOF));
    cr_expect(eq(int, (int)choose(NULL, 0, NULL, false, "not known"), MZG_AXIS_CONSTANT));
}

Test(choose, the_least_distance_of_centroids_tells_and_the_analyser_where_it_is_as_near)
{
    static const struct {
        double exponent;
        const char *term;
        enum mzg_axis_type type;
    } cases[] = {
        {0.95, NULL, MZG_AXIS_REFLECTOR_TOF},         {0.53, NULL, MZG_AXIS_LINEAR_TOF},
        {0.76, "MS:1000484", MZG_AXIS_REFLECTOR_TOF}, {1.24, "MS:1000484", MZG_AXIS_ORBITRAP},
        {1.24, NULL, MZG_AXIS_REFLECTOR_TOF},         {2.9, "MS:1000484", MZG_AXIS_ORBITRAP},
        {2.9, NULL, MZG_AXIS_REFLECTOR_TOF},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mzg_axis_evidence evidence = {.terms = &cases[i].term,
                                             .n_terms = cases[i].term != NULL,
                                             .close_exponent = &cases[i].exponent,
                                             .is_centroid = true};
        char reason[200];
        cr_expect(eq(int, (int)mzg_axis_choose(&evidence, reason, sizeof reason), (int)cases[i].type),
                  "%zu: %s", i, reason);
    }
}

Test(sampling, profiles_that_say_centroid_are_seen)
{
    struct mzg_sampling_fit regular = {.sampling = {1, 0.5}, .agreement = 0.99};
    struct mzg_sampling_fit irregular = {.sampling = {1, 0.5}, .agreement = 0.4};
    char reason[200];
    struct mzg_type_evidence evidence = {.fit = &regular, .points_per_spectrum = 5000, .curved = 0.9};
    cr_expect(mzg_sampling_is_plainly_profile(&evidence, reason, sizeof reason));
    cr_expect(strstr(reason, "99 %") != NULL && strstr(reason, "90 %") != NULL);
    evidence.curved = 0.02; /* peaks on a grid */
    cr_expect(not(mzg_sampling_is_plainly_profile(&evidence, reason, sizeof reason)));
    evidence.curved = 1;
    evidence.fit = &irregular;
    cr_expect(not(mzg_sampling_is_plainly_profile(&evidence, reason, sizeof reason)));
    evidence.fit = &regular;
    evidence.points_per_spectrum = 40;
    cr_expect(not(mzg_sampling_is_plainly_profile(&evidence, reason, sizeof reason)));
}

Test(instruments, are_found_by_accession)
{
    const struct mzg_instrument *first = mzg_instrument_find("MS:1000123");
    cr_assert(ne(ptr, (void *)first, NULL));
    cr_expect(eq(int, (int)first->type, MZG_AXIS_FTICR));
    const char *unknown[] = {"MS:1000121",  "MS:1000140", "MS:9999999", "IMS:1000123",
                             "MS:1000123x", "",           "MS:"};
    for (int i = 0; i < 7; i++)
        cr_expect(eq(ptr, (void *)mzg_instrument_find(unknown[i]), NULL), "%s", unknown[i]);
}

static void expect_named(const char *text, const char *model, enum mzg_axis_type type)
{
    const struct mzg_instrument *found = mzg_instrument_named(text);
    cr_assert(ne(ptr, (void *)found, NULL), "%s", text);
    cr_expect(eq(str, (char *)found->model, (char *)model));
    cr_expect(eq(int, (int)found->type, (int)type), "%s", text);
}

Test(instruments, are_found_by_name)
{
    expect_named("solariX 7T", "solariX", MZG_AXIS_FTICR);
    expect_named("Bruker SolariX-XR 12T", "solariX XR", MZG_AXIS_FTICR);
    expect_named("solarix7T", "solariX", MZG_AXIS_FTICR);
    expect_named("Thermo Scientific QExactive HF", "Q Exactive HF", MZG_AXIS_ORBITRAP);
    expect_named("LTQ-Orbitrap XL (old)", "LTQ Orbitrap XL", MZG_AXIS_ORBITRAP);
    expect_named("Synapt G2-Si", "SYNAPT G2-Si", MZG_AXIS_REFLECTOR_TOF);
    expect_named("timsTOF fleX", "timsTOF fleX", MZG_AXIS_REFLECTOR_TOF);
    const char *unknown[] = {
        "",       " - ",  "7T",          "3100", "serial 3100", "rapifleX", "our old instrument",
        "mixltq", "LTQs", "\xe2\x80\xae"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        cr_expect(eq(ptr, (void *)mzg_instrument_named(unknown[i]), NULL), "%s", unknown[i]);
}

Test(instruments, every_model_is_found_by_its_own_name)
{
    const struct mzg_instrument *instrument;
    int n = 0;
    for (int i = 0; (instrument = mzg_instrument_at(i)); i++) {
        const struct mzg_instrument *found = mzg_instrument_named(instrument->model);
        bool is_number = strspn(instrument->model, "0123456789") == strlen(instrument->model);
        cr_expect(is_number ? !found : found && found->type == instrument->type, "%s", instrument->model);
        n++;
    }
    cr_expect(gt(int, n, 400));
}

Test(choose, a_name_counts_behind_an_accession)
{
    const char *model[] = {"MS:1000529", "MS:1000557"}, *names[] = {"nobody's", "Q Exactive"};
    struct mzg_axis_evidence evidence = {.names = names, .n_names = 2, .is_centroid = true};
    char reason[200];
    cr_expect(eq(int, (int)mzg_axis_choose(&evidence, reason, sizeof reason), (int)MZG_AXIS_ORBITRAP));
    cr_expect(eq(str, reason, "instrument model Q Exactive, by its name"));
    evidence.terms = model;
    evidence.n_terms = 2;
    cr_expect(eq(int, (int)mzg_axis_choose(&evidence, reason, sizeof reason), (int)MZG_AXIS_FTICR));
}

static void expect_type(const struct mzg_sampling_fit *fit, double points, double zeros,
                        enum mzg_spectrum_type wanted)
{
    struct mzg_type_evidence evidence = {.fit = fit, .points_per_spectrum = points, .zeros = zeros};
    char reason[200];
    cr_expect(eq(int, (int)mzg_sampling_type(&evidence, reason, sizeof reason), (int)wanted), "%g %g %g",
              fit ? fit->agreement : -1, points, zeros);
    cr_expect(strlen(reason) > 10);
}

Test(sampling, the_data_tell_profiles_from_lists_of_peaks)
{
    struct mzg_sampling_fit fit = {.n_intervals = 1000};
    const double agreements[] = {0.1, 0.55, 0.7, 0.7, 0.85, 1};
    const double zeros[] = {0.5, 0.9, 0, 0.2, 0, 0.7};
    for (int i = 0; i < 6; i++) {
        fit.agreement = agreements[i];
        expect_type(&fit, 500, zeros[i], i < 3 ? MZG_SPECTRUM_CENTROID : MZG_SPECTRUM_PROFILE);
        expect_type(&fit, 20, zeros[i], MZG_SPECTRUM_CENTROID);
    }
    expect_type(NULL, 500, 0, MZG_SPECTRUM_CENTROID);
    expect_type(NULL, 0, 0, MZG_SPECTRUM_UNKNOWN);
}
