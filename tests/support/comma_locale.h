/* A locale whose decimal point is a comma, as a program that uses the library may have chosen it. Machines
 * need not have one: this one is made for the test, as localedef would make it. */
#ifndef COMMA_LOCALE_H
#define COMMA_LOCALE_H

#include <criterion/criterion.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The calling process writes numbers with a comma from now on. What is needed lies in `directory`. */
static inline void choose_comma_locale(const char *directory)
{
    /* The form of glibc: what it is, six members, where they begin; the point, the separator of thousands,
     * their groups, the first two as wide characters, the codeset. */
    static const uint32_t head[] = {0x20031114, 6, 32, 34, 36, 40, 44, 48};
    static const char members[] = ",\0.\0\3\3\0\0,\0\0\0.\0\0\0UTF-8\0";
    char path[4096 + sizeof "/comma/LC_NUMERIC"], text[16];
    snprintf(path, sizeof path, "%s/comma", directory);
    cr_assert(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/comma/LC_NUMERIC", directory);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert(fwrite(head, sizeof head, 1, file) == 1 && fwrite(members, sizeof members, 1, file) == 1);
    cr_assert(fclose(file) == 0);
    cr_assert(setenv("LOCPATH", directory, 1) == 0);
    cr_assert_not_null(setlocale(LC_NUMERIC, "comma"));
    snprintf(text, sizeof text, "%.1f", 0.5);
    cr_assert(strcmp(text, "0,5") == 0, "%s", text);
}

#endif
