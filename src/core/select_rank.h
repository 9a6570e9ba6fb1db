/*
 * The value of a rank without sorting: Hoare's selection (Communications of the ACM 4, 1961). A template,
 * because images are float and statistics double.
 */
#ifndef MZG_CORE_SELECT_RANK_H
#define MZG_CORE_SELECT_RANK_H

#include <stdint.h>

/* Defines `name`(values, n, k), static: puts the value of rank k in [0, n) at its place, none larger before
 * it and none smaller behind it. No value is NaN. */
#define MZG_DEFINE_SELECT_RANK(name, type)                                                                   \
    static void name(type values[], int64_t n, int64_t k)                                                    \
    {                                                                                                        \
        int64_t left = 0, right = n - 1;                                                                     \
        while (left < right) {                                                                               \
            type pivot = values[left + (right - left) / 2];                                                  \
            int64_t i = left, j = right;                                                                     \
            while (i <= j) {                                                                                 \
                while (values[i] < pivot)                                                                    \
                    i++;                                                                                     \
                while (values[j] > pivot)                                                                    \
                    j--;                                                                                     \
                if (i <= j) {                                                                                \
                    type held = values[i];                                                                   \
                    values[i++] = values[j];                                                                 \
                    values[j--] = held;                                                                      \
                }                                                                                            \
            }                                                                                                \
            if (k <= j)                                                                                      \
                right = j;                                                                                   \
            else if (k >= i)                                                                                 \
                left = i;                                                                                    \
            else                                                                                             \
                return;                                                                                      \
        }                                                                                                    \
    }

#endif
