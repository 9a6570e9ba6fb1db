#include <cli/convert_words.h>
#include <cli/numbers.h>
#include <core/mpi_hints.h>
#include <input/kinds.h>

#include <stdio.h>
#include <string.h>

const char *mzg_axis_type_choice(int number)
{
    if (number == 0)
        return "auto";
    return number <= MZG_AXIS_TYPES ? mzg_axis_type_name((enum mzg_axis_type)(number - 1)) : NULL;
}

const char *mzg_method_choice(int number)
{
    if (number == 0)
        return "auto";
    return number <= MZG_METHODS ? mzg_method_name((enum mzg_method)(number - 1)) : NULL;
}

/* What is not known is found out. */
const char *mzg_spectrum_type_choice(int number)
{
    if (number == MZG_SPECTRUM_UNKNOWN)
        return "auto";
    return number <= MZG_SPECTRUM_PROFILE ? mzg_spectrum_type_name((enum mzg_spectrum_type)number) : NULL;
}

/* The orders are those of the settings' own numbers. */
const char *mzg_accuracy_choice(int number)
{
    static const char *const names[] = {"normal", "high", NULL};
    return names[number];
}

const char *mzg_on_error_choice(int number)
{
    static const char *const names[] = {"skip", "fail", NULL};
    return names[number];
}

const char *mzg_mobility_choice(int number)
{
    static const char *const names[] = {"skip", "sum", NULL};
    return names[number];
}

const char *mzg_polarity_choice(int number)
{
    if (number == MZG_POLARITY_UNKNOWN)
        return "auto";
    return number < MZG_POLARITIES ? mzg_polarity_name((enum mzg_polarity)number) : NULL;
}

const char *mzg_codec_choice(int number)
{
    static const char *const names[] = {"none", "zstd", "blosc-lz4", "blosc-zstd", "blosc-zstd:fast", NULL};
    return names[number];
}

const char *mzg_progress_choice(int number)
{
    static const char *const names[] = {"auto", "none", "json", NULL};
    return names[number];
}

enum mzg_status mzg_set_bin_width(const char *text, void *target, struct mzg_error *err)
{
    struct mzg_bin_width *width = target;
    const char *unit;
    double value;
    if (mzg_read_quantity(text, &unit, &value) && value > 0) {
        if (!*unit || mzg_same_word(unit, "Da"))
            *width = (struct mzg_bin_width){value, MZG_WIDTH_DA, !*unit};
        else if (mzg_same_word(unit, "mDa"))
            *width = (struct mzg_bin_width){value / 1000, MZG_WIDTH_DA, false};
        else if (mzg_same_word(unit, "ppm"))
            *width = (struct mzg_bin_width){value, MZG_WIDTH_PPM, false};
        else if (mzg_same_word(unit, "step") || mzg_same_word(unit, "steps"))
            *width = (struct mzg_bin_width){value, MZG_WIDTH_STEP, false};
        else
            return mzg_fail(err, MZG_EUSAGE, "'%s' has an unknown unit, expected Da, mDa, ppm or step", text);
        return MZG_OK;
    }
    return mzg_fail(err, MZG_EUSAGE, "'%s' is not a width above 0 such as 0.005, 5mDa, 10ppm or 1step", text);
}

/* "A:B", both above 0. */
static bool read_pair(const char *text, double pair[2])
{
    const char *rest;
    double a, b;
    if (!mzg_read_number(text, &rest, &a) || *rest != ':' || !mzg_read_number(rest + 1, NULL, &b))
        return false;
    if (a <= 0 || b <= 0)
        return false;
    pair[0] = a;
    pair[1] = b;
    return true;
}

enum mzg_status mzg_set_pixel_size(const char *text, void *target, struct mzg_error *err)
{
    double *size = target;
    double side;
    if (read_pair(text, size))
        return MZG_OK;
    if (!mzg_read_number(text, NULL, &side) || side <= 0)
        return mzg_fail(err, MZG_EUSAGE, "'%s' is not a size in micrometres above 0, such as 50 or 50:100",
                        text);
    size[0] = size[1] = side;
    return MZG_OK;
}

/* The field is a struct mzg_axis_spec. */
enum mzg_status mzg_set_tof_law(const char *text, void *target, struct mzg_error *err)
{
    struct mzg_axis_spec *axis = target;
    double pair[2];
    if (!read_pair(text, pair))
        return mzg_fail(err, MZG_EUSAGE, "'%s' is not two numbers above 0, such as 1:0.002", text);
    axis->tof_a = pair[0];
    axis->tof_b = pair[1];
    return MZG_OK;
}

enum mzg_status mzg_set_max_gap(const char *text, void *target, struct mzg_error *err)
{
    double steps = -1;
    if (mzg_same_word(text, "none"))
        steps = 0;
    else if (!mzg_same_word(text, "auto") && (!mzg_read_number(text, NULL, &steps) || steps < 1))
        return mzg_fail(err, MZG_EUSAGE,
                        "'%s' is not a number of sampling steps of 1 or more, nor 'none' or 'auto'", text);
    *(double *)target = steps;
    return MZG_OK;
}

enum mzg_status mzg_set_chunk_size(const char *text, void *target, struct mzg_error *err)
{
    int64_t pixels = 0;
    if (!mzg_same_word(text, "auto") && (!mzg_read_integer(text, &pixels) || pixels < 1))
        return mzg_fail(err, MZG_EUSAGE, "'%s' is not a number of pixels of 1 or more, nor 'auto'", text);
    *(int64_t *)target = pixels;
    return MZG_OK;
}

/* A whole number of 32 bits at the start of `text`; `*end` is where it ends. */
static bool read_coordinate(const char *text, const char **end, int32_t *coordinate)
{
    char number[16];
    size_t length = strspn(text, "+-0123456789");
    int64_t value;
    if (length >= sizeof number)
        return false;
    memcpy(number, text, length);
    number[length] = '\0';
    if (!mzg_read_integer(number, &value) || value <= INT32_MIN || value > INT32_MAX)
        return false;
    *end = text + length;
    *coordinate = (int32_t)value;
    return true;
}

/* "x0:x1,y0:y1" or "x0:x1,y0:y1,z0:z1"; the field is a struct mzg_box. */
enum mzg_status mzg_set_region(const char *text, void *target, struct mzg_error *err)
{
    struct mzg_box region = {
        .given = true, .min = {INT32_MIN, INT32_MIN, INT32_MIN}, .max = {INT32_MAX, INT32_MAX, INT32_MAX}};
    const char *at = text;
    int n = 0;
    bool fits = true;
    for (; n < 3 && fits; n++) {
        fits = read_coordinate(at, &at, &region.min[n]) && *at == ':' &&
               read_coordinate(at + 1, &at, &region.max[n]) && region.min[n] <= region.max[n];
        if (!fits || *at != ',')
            break;
        at++;
    }
    if (!fits || n < 1 || n > 2 || *at)
        return mzg_fail(err, MZG_EUSAGE,
                        "'%s' is not a region x0:x1,y0:y1 or x0:x1,y0:y1,z0:z1 in whole numbers, both ends "
                        "included, the lower one first",
                        text);
    *(struct mzg_box *)target = region;
    return MZG_OK;
}

enum mzg_status mzg_set_mpi_info(const char *text, void *target, struct mzg_error *err)
{
    struct mzg_hints *hints = target;
    size_t n = strlen(text), room = sizeof hints->lines - hints->n;
    if (mzg_mpi_hints_check(text, err) != MZG_OK)
        return err->status;
    if (n + 2 > room)
        return mzg_fail(err, MZG_EUSAGE, "more than %zu bytes of hints", sizeof hints->lines - 2);
    hints->n += (size_t)snprintf(hints->lines + hints->n, room, "%s\n", text);
    return MZG_OK;
}
