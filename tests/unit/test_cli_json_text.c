/* A JSON object as text for people. */
#include <cli/json_print.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

Test(cli_json_text, names_are_aligned_and_objects_indented)
{
    json_t *object = json_loads(
        "{\"path\": \"a_b.imzML\", \"n_spectra\": 9, \"grid\": [3, 3], \"exponent\": 1, \"empty\": [],"
        " \"instrument\": {\"name\": \"X\\u001b\", \"m/z step\": 0.125, \"odd\": null},"
        " \"files\": [{\"path\": \"a\", \"bytes\": 1}, {\"path\": \"b\", \"bytes\": 2}],"
        " \"long\": [\"a text that takes much more than a half of the line\","
        " \"and another text that does\"], \"values_stored\": 1234567, \"ok\": true, \"bad\": false}",
        0, NULL);
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    mzg_json_print_text(file, object);
    fclose(file);
    cr_expect(eq(str, text,
                 "path            a_b.imzML\n"
                 "n spectra       9\n"
                 "size in pixels  3 x 3\n"
                 "empty           none\n"
                 "instrument\n"
                 "  name      X\\x1b\n"
                 "  m/z step  0.125\n"
                 "  odd       unknown\n"
                 "files           path a, size 1 B\n"
                 "                path b, size 2 B\n"
                 "long            a text that takes much more than a half of the line\n"
                 "                and another text that does\n"
                 "values          1,234,567\n"
                 "ok              yes\n"
                 "bad             no\n"));
    free(text);
    json_decref(object);
}
