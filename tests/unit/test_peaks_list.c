/* Lists of peaks as people, METASPACE and SCiLS write them, and what is refused. */
#include <peaks/list.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

static struct mzg_peak_list list;

static void end(void)
{
    mzg_peak_list_destroy(&list);
}

TestSuite(peaks_list, .fini = end);

static void parse(const char *text)
{
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_peak_list_parse("list", text, strlen(text), &list, &err), MZG_OK), "%s", err.text);
}

static void expect(int64_t i, double mz, const char *name)
{
    cr_assert(i < list.n);
    cr_expect(eq(dbl, list.items[i].mz, mz));
    cr_expect(eq(str, list.items[i].name, (char *)name));
}

static void refuse(const char *text, const char *sentence)
{
    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_peak_list_parse("list", text, strlen(text), &list, &err), MZG_EFORMAT));
    cr_expect(eq(str, err.text, (char *)sentence));
}

Test(peaks_list, an_mz_on_each_line_and_a_name_behind_it)
{
    parse("# lipids\n798.541\tPC(34:1)\r\n\n  184.0733 , phospho choline\n703.5748;SM\n500\n");
    cr_assert(eq(i64, list.n, 4));
    expect(0, 184.0733, "phospho choline");
    expect(1, 500, "");
    expect(2, 703.5748, "SM");
    expect(3, 798.541, "PC(34:1)");
    cr_expect(eq(dbl, list.items[0].tolerance.value, 0));
}

Test(peaks_list, what_spreadsheets_save)
{
    parse("sep=;\r\nm/z;Name\r\n497,295;Lipid A\r\n");
    cr_assert(eq(i64, list.n, 1));
    expect(0, 497.295, "Lipid A");
    mzg_peak_list_destroy(&list);
    parse("497.295,1200.5\n"); /* m/z and an intensity */
    cr_assert(eq(i64, list.n, 1));
    mzg_peak_list_destroy(&list);
    refuse("PK\3\4 and more", "list: it is a workbook of a spreadsheet; save it as CSV");
    refuse("\xff\xfem", "list: it is text in UTF-16; save it as CSV in UTF-8");
    refuse("497.295,631.358,700.1\n", "list: 3 numbers stand on one line; expected an m/z on each line");
    refuse("497.295 631.358\t700.1", "list: 3 numbers stand on one line; expected an m/z on each line");
}

Test(peaks_list, annotations_of_metaspace)
{
    parse("# Generated at 11/5/2026\n# URL: https://metaspace2020.org\n"
          "group,datasetName,formula,adduct,ion,mz,msm,moleculeNames\n"
          "G,\"a, b\",C42H82NO8P,M+Na,C42H82NO8PNa+,782.5670,0.9,\"PC(34:1), PE(37:1)\"\n"
          "G,\"a, b\",C5H14NO4P,M+H,C5H15NO4P+,184.0733,0.8,x\n");
    cr_assert(eq(i64, list.n, 2));
    expect(0, 184.0733, "C5H15NO4P+");
    expect(1, 782.567, "C42H82NO8PNa+");
}

Test(peaks_list, feature_lists_of_scils_with_their_widths)
{
    parse("# Exported with SCiLS Lab Version 12\nm/z;Interval Width (+/- Da);Color;Name\n"
          "700,5;0,05;#ff0000;first\n300.25;0.1;#00ff00;\n");
    cr_assert(eq(i64, list.n, 2));
    expect(0, 300.25, "");
    expect(1, 700.5, "first");
    cr_expect(eq(dbl, list.items[1].tolerance.value, 0.05));
    cr_expect(not(list.items[1].tolerance.is_ppm));
    mzg_peak_list_destroy(&list);
    parse("m/z;Interval Width (+/- ppm)\n700.5;12\n");
    cr_expect(list.items[0].tolerance.is_ppm);
}

Test(peaks_list, the_same_mz_twice_is_one_peak_with_both_names)
{
    parse("500 a\n300\n500 b\n500 a\n500\n");
    cr_assert(eq(i64, list.n, 2));
    expect(1, 500, "a; b");
    cr_expect(eq(i64, list.n_repeated, 3));
}

Test(peaks_list, names_that_are_no_utf8_are_escaped)
{
    parse("500 \xb5m\n");
    expect(0, 500, "\\xb5m");
}

Test(peaks_list, what_is_no_mz_is_refused_with_its_line)
{
    refuse("500\nabout 600\n", "list: line 2: 'about'; expected an m/z above 0");
    refuse("500\n-3\n", "list: line 2: '-3'; expected an m/z above 0");
    refuse("0\n", "list: line 1: '0'; expected an m/z above 0");
    refuse("1e999\n",
           "list: line 1: '1e999'; expected an m/z above 0, or a line that names a column m/z or mz");
    refuse("nan\n", "list: line 1: 'nan'; expected an m/z above 0, or a line that names a column m/z or mz");
    refuse("mass;name\n500;a\n",
           "list: line 1: 'mass;name'; expected an m/z above 0, or a line that names a column m/z or mz");
    refuse("m/z;Interval Width (+/- Da)\n500;0\n", "list: line 2: '0'; expected a tolerance above 0");
    refuse("name,mz\nx\n", "list: line 2: ''; expected an m/z above 0");
    refuse("# nothing\n\n", "list: it lists no peak; expected an m/z on each line");
}

Test(peaks_list, more_fields_than_columns_are_refused)
{
    refuse("mz\n500,5\n",
           "list: line 2: '500,5'; expected no more columns than the first line names: points in numbers, "
           "quotes around a name that has the separator in it");
    refuse("mz,name\n500.5,PC(34:1)\n700.25,PE, PC\n",
           "list: line 3: '700.25,PE, PC'; expected no more columns than the first line names: points in "
           "numbers, quotes around a name that has the separator in it");
    parse("mz\n500.5\n600.25,\n"); /* an empty field more does no harm */
    cr_expect(eq(i64, list.n, 2));
    mzg_peak_list_destroy(&list);
    parse("mz,name\n500.5,\"PE, PC\"\n");
    expect(0, 500.5, "PE, PC");
}

Test(peaks_list, quotes_in_a_quoted_field_stand_twice)
{
    parse("mz,name\n500,\"a \"\"b\"\", c\"\n600,\"\"\"d\"\"\"\n700,\" e \"\n800,f\"\"g\n900,\"\"\n");
    expect(0, 500, "a \"b\", c");
    expect(1, 600, "\"d\"");
    expect(2, 700, "e");
    expect(3, 800, "f\"\"g");
    expect(4, 900, "");
    mzg_peak_list_destroy(&list);
}

Test(peaks_list, decimal_commas_without_a_header_are_refused)
{
    refuse(
        "600\n500,5\n700,25\n",
        "list: line 2: its m/z seems to have a decimal comma; use points, or begin with a line m/z;name and "
        "put semicolons between the columns");
    refuse(
        "500,5;lipid\n",
        "list: line 1: its m/z seems to have a decimal comma; use points, or begin with a line m/z;name and "
        "put semicolons between the columns");
    parse("500.5,1\n600.25,2\n"); /* names that are numbers */
    expect(0, 500.5, "1");
    mzg_peak_list_destroy(&list);
    parse("500,1\n600,water\n");
    expect(0, 500, "1");
    mzg_peak_list_destroy(&list);
    parse("m/z;name\n500,5;1\n");
    expect(0, 500.5, "1");
}

Test(peaks_list, bins_within_the_tolerance_or_the_one_that_holds_the_mz)
{
    const double mz[] = {100.5, 101.5, 102.5, 103.5}, mean[] = {1, 3, 2, 0};
    const double edges[] = {100, 101, 102, 103, 104};
    struct mzg_spectra spectra = {.n_bins = 4, .mz = mz, .mean = mean};
    struct mzg_peaks peaks;
    struct mzg_error err = {0};
    parse("mz,tolerance\n99,1\n101.9,0.01\n102,1\n104,0.1\n104.1,0.1\n");
    cr_assert(eq(int,
                 mzg_peak_list_place(&list, (struct mzg_tolerance){10, true}, &spectra, edges, &peaks, &err),
                 MZG_OK));
    const int64_t expected[][3] = {{-1, 0, 0}, {1, 1, 2}, {1, 1, 3}, {3, 3, 4}, {-1, 4, 4}};
    cr_assert(eq(i64, peaks.n, 5));
    for (int i = 0; i < 5; i++) {
        cr_expect(eq(i64, peaks.items[i].top, expected[i][0]));
        cr_expect(eq(i64, peaks.items[i].first, expected[i][1]));
        cr_expect(eq(i64, peaks.items[i].end, expected[i][2]));
        cr_expect(isnan(peaks.items[i].prominence));
    }
    mzg_peaks_destroy(&peaks);
}
