/* Sizes that overflow, and the index of a frame. */
#include <core/frame.h>
#include <core/memory.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(size, products_that_fit)
{
    cr_expect(eq(i64, mzg_size_product(0, 5), 0));
    cr_expect(eq(i64, mzg_size_product(1 << 20, 8), 8 << 20));
    cr_expect(eq(i64, mzg_size_product3(2, 3, 4), 24));
}

Test(size, overflow_and_negative_factors_have_no_size)
{
    cr_expect(eq(i64, mzg_size_product(INT64_MAX, 2), -1));
    cr_expect(eq(i64, mzg_size_product(-1, 2), -1));
    cr_expect(eq(i64, mzg_size_product3(INT64_MAX / 2, 2, 2), -1));
}

Test(memory, probes_tell_something)
{
    int64_t resident = mzg_memory_resident(); /* first: asking takes memory */
    cr_expect(gt(i64, resident, 0));
    cr_expect(ge(i64, mzg_memory_peak(), resident));
    cr_expect(gt(i64, mzg_memory_available(), 0));
}

Test(frame, index_has_prefix_and_number)
{
    int64_t numbers[] = {1, 30};
    struct mzg_frame frame = {.n = 2, .index_prefix = "", .index_numbers = numbers};
    char text[32];
    cr_expect(eq(int, mzg_frame_index(&frame, 1, text, sizeof text), 2));
    cr_expect(eq(str, text, "30"));

    frame = (struct mzg_frame){.n = 2, .index_prefix = "mz_"};
    mzg_frame_index(&frame, 1, text, sizeof text);
    cr_expect(eq(str, text, "mz_1"));

    static const double values[] = {798.5421, 798.5471, 1000.5},
                        edges[] = {798.5396, 798.5446, 798.5496, 1001};
    frame = (struct mzg_frame){.n = 3, .index_values = values, .index_edges = edges};
    mzg_frame_index(&frame, 0, text, sizeof text);
    cr_expect(eq(str, text, "798.5421"));
    mzg_frame_index(&frame, 1, text, sizeof text);
    cr_expect(eq(str, text, "798.5471"));
    mzg_frame_index(&frame, 2, text, sizeof text);
    cr_expect(eq(str, text, "1000"), "a bin of 202 needs no digit behind the point");
}

/* Values that are as near to each other as doubles can be, and beside a wide gap. */
Test(frame, index_without_edges_reads_back_as_the_value)
{
    static const double values[] = {1e-5, 100, 103.05883026123047, 103.05983, 103.05983000000002, 1e6};
    static const char *const texts[] = {
        "1e-05", "100", "103.05883026123047", "103.05983", "103.05983000000002", "1000000"};
    struct mzg_frame frame = {.n = 6, .index_values = values};
    char text[32];
    for (int64_t i = 0; i < frame.n; i++) {
        mzg_frame_index(&frame, i, text, sizeof text);
        cr_expect(eq(str, text, (char *)texts[i]));
        cr_expect(strtod(text, NULL) == values[i]);
    }
}
