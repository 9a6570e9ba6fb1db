/* What spectra say of their kind and of the range of their m/z, as the index counts it. */
#include <index_fixture.h>

TestSuite(index_range, .fini = end_test);

Test(index_range, types_of_spectra_are_counted)
{
    head("<referenceableParamGroup id=\"profile\"><cvParam "
         "accession=\"MS:1000128\"/></referenceableParamGroup>");
    spectrum_with(POSITION "<referenceableParamGroupRef ref=\"profile\"/>");
    spectrum_with(POSITION
                  "<referenceableParamGroupRef ref=\"profile\"/><cvParam accession=\"MS:1000127\"/>");
    spectrum_with(POSITION "<cvParam accession=\"MS:1000128\"/><cvParam accession=\"MS:1000127\"/>");
    spectrum_with(POSITION);
    parse_well();
    cr_expect(eq(i64, document.index.totals.kinds.of[0][0].n_type[MZG_SPECTRUM_PROFILE], 1));
    cr_expect(eq(i64, document.index.totals.kinds.of[0][0].n_type[MZG_SPECTRUM_CENTROID], 1),
              "the element wins");
    cr_expect(eq(i64, document.index.totals.kinds.of[0][0].n_type[MZG_SPECTRUM_UNKNOWN], 2),
              "both, and neither");
}

#define RANGE(low, high)                                                                                     \
    "<cvParam accession=\"MS:1000528\" value=\"" low "\"/><cvParam accession=\"MS:1000527\" value=\"" high   \
    "\"/>"

Test(index_range, observed_mz_is_widened_by_half_a_digit)
{
    head("");
    spectrum_with(POSITION RANGE("100.10", "500"));
    spectrum_with("<scanList><scan>" POSITION RANGE("99.5", "499.99") "</scan></scanList>");
    parse_well();
    cr_expect(eq(i64, document.index.totals.kinds.of[0][0].n_with_range, 2));
    cr_expect(epsilon_eq(dbl, document.index.totals.kinds.of[0][0].min_mz, 99.45, 1e-12));
    cr_expect(epsilon_eq(dbl, document.index.totals.kinds.of[0][0].max_mz, 500.5, 1e-12));
}

#define EMPTY PLACE("16", "0", "0")

/* A spectrum without points states no range, and one that has points must. */
Test(index_range, empty_spectra_have_no_range)
{
    head("");
    spectrum_with(POSITION RANGE("100", "500"));
    spectrum(POSITION RANGE("1", "9000"), "mz", EMPTY, "intensity", EMPTY);
    spectrum(POSITION, "mz", EMPTY, "intensity", EMPTY);
    parse_well();
    cr_expect(eq(i64, document.index.totals.kinds.of[0][0].n_with_range, 1));
    cr_expect(eq(i64, document.index.totals.kinds.of[0][0].n_without_range, 0));
    cr_expect(epsilon_eq(dbl, document.index.totals.kinds.of[0][0].min_mz, 99.5, 1e-12));
    cr_expect(epsilon_eq(dbl, document.index.totals.kinds.of[0][0].max_mz, 500.5, 1e-12));
    cr_expect(epsilon_eq(dbl, document.index.totals.kinds.of[0][0].stated_mz[0], 99, 1e-12));
    cr_expect(epsilon_eq(dbl, document.index.totals.kinds.of[0][0].stated_mz[1], 501, 1e-12));
}

Test(index_range, observed_mz_that_cannot_be_believed)
{
    head("");
    spectrum_with(POSITION RANGE("0", "500"));
    spectrum_with(POSITION RANGE("500", "100"));
    spectrum_with(POSITION RANGE("100", "1e7"));
    spectrum_with(POSITION RANGE("nan", "500"));
    spectrum_with(POSITION);
    parse_well();
    cr_expect(eq(i64, document.index.totals.kinds.of[0][0].n_with_range, 0));
    cr_expect(eq(i64, document.index.totals.kinds.of[0][0].n_without_range, 5));
}
