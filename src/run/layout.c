#include <run/layout.h>

static const struct mzg_layout_rule rules[] = {
    [MZG_LAYOUT_CSC] = {"csc", 1, {{"X", MZG_MATRIX_CSC}}},
    [MZG_LAYOUT_CSR] = {"csr", 1, {{"X", MZG_MATRIX_CSR}}},
    [MZG_LAYOUT_DENSE] = {"dense", 1, {{"X", MZG_MATRIX_DENSE}}},
    [MZG_LAYOUT_CSC_CSR] = {"csc+csr", 2, {{"layers/csr", MZG_MATRIX_CSR}, {"X", MZG_MATRIX_CSC}}},
};

const struct mzg_layout_rule *mzg_layout_rule(enum mzg_layout layout)
{
    return &rules[layout];
}

const char *mzg_layout_name(int number)
{
    return (size_t)number < sizeof rules / sizeof *rules ? rules[number].name : NULL;
}

bool mzg_layout_has_columns(enum mzg_layout layout)
{
    for (int i = 0; i < rules[layout].n_matrices; i++)
        if (rules[layout].matrices[i].layout == MZG_MATRIX_CSC)
            return true;
    return false;
}
