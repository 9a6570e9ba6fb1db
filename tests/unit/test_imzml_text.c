/* The words of a synthetic imzML: places that are computed ahead must hold for the largest numbers. */
#include <synthetic/imzml_text.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

Test(imzml_text, the_longest_spectrum_fits)
{
    struct mzg_imzml_spectrum spectrum = {.index = INT64_MAX - 1,
                                          .x = INT32_MIN,
                                          .y = INT32_MIN,
                                          .z = INT32_MIN,
                                          .has_z = true,
                                          .n = INT64_MAX / 8,
                                          .mz_offset = INT64_MAX,
                                          .intensity_offset = INT64_MAX,
                                          .intensity_size = 8,
                                          .lowest_mz = 1e6,
                                          .highest_mz = 1e6};
    char text[2 * MZG_IMZML_MAX_SPECTRUM];
    int64_t length = mzg_imzml_spectrum(&spectrum, text);
    cr_expect(lt(i64, length, MZG_IMZML_MAX_SPECTRUM));
}

Test(imzml_text, numbers_are_written_out)
{
    struct mzg_imzml_spectrum spectrum = {.index = 9,
                                          .x = 10,
                                          .y = 7,
                                          .n = 3,
                                          .mz_offset = 1234567890123,
                                          .intensity_offset = 0,
                                          .intensity_size = 4,
                                          .lowest_mz = 100.00000049,
                                          .highest_mz = 999.9999996};
    char text[2 * MZG_IMZML_MAX_SPECTRUM];
    text[mzg_imzml_spectrum(&spectrum, text)] = '\0';
    static const char *const parts[] = {"id=\"spectrum=10\" index=\"9\"",
                                        "\"position x\" value=\"10\"/>",
                                        "\"position y\" value=\"7\"/>",
                                        "\"external offset\" value=\"1234567890123\"/>",
                                        "\"external offset\" value=\"0\"/>",
                                        "\"external array length\" value=\"3\"/>",
                                        "\"external encoded length\" value=\"24\"/>",
                                        "\"external encoded length\" value=\"12\"/>",
                                        "\"lowest observed m/z\" value=\"100.000000\"",
                                        "\"highest observed m/z\" value=\"1000.000000\""};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_expect(strstr(text, parts[i]) != NULL, "%s", parts[i]);

    spectrum.lowest_mz = 0;
    text[mzg_imzml_spectrum(&spectrum, text)] = '\0';
    cr_expect(strstr(text, "observed") == NULL);
    cr_expect(strstr(text, "position z") == NULL);

    spectrum.z = -3;
    spectrum.has_z = true;
    spectrum.intensity_size = 8;
    text[mzg_imzml_spectrum(&spectrum, text)] = '\0';
    cr_expect(strstr(text, "IMS:1000052\" name=\"position z\" value=\"-3\"/>") != NULL);
    cr_expect(strstr(text, "\"external encoded length\" value=\"12\"/>") == NULL);
}

Test(imzml_text, the_checksum_does_not_move_anything)
{
    struct mzg_synthetic_options options = {.width = 3, .height = 4, .points = 5, .seed = UINT64_MAX};
    uint8_t uuid[MZG_IMZML_UUID] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd,
                                    0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76};
    uint8_t zeros[MZG_IMZML_SHA1] = {0}, sha1[MZG_IMZML_SHA1];
    memset(sha1, 0xa9, sizeof sha1);
    char *one = mzg_imzml_header(&options, 6, uuid, zeros),
         *other = mzg_imzml_header(&options, 6, uuid, sha1);
    cr_assert(one != NULL && other != NULL);
    cr_expect(eq(sz, strlen(one), strlen(other)));
    cr_expect(strstr(one, "{01234567-89ab-cdef-fedc-ba9876000000}") != NULL);
    cr_expect(strstr(other, "\"a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9\"") != NULL);
    cr_expect(strstr(one, "<spectrumList count=\"6\"") != NULL);
    cr_expect(strstr(one, "seed 18446744073709551615") != NULL);
    cr_expect(strstr(one, "max dimension y\" value=\"200\"") != NULL);
    free(one);
    free(other);
}
