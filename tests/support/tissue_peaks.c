/* Prints the catalogue of the peaks of a synthetic tissue: m/z, and the mean intensity that a spectrum of
 * each region is expected to have of it, regions in the order of enum mzg_region. Arguments: WIDTH HEIGHT
 * POINTS KIND SEED. For tests/conformance/test_peaks.py. */
#include <synthetic/tissue.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct mzg_error err = {0};
    struct mzg_tissue *tissue = NULL;
    struct mzg_synthetic_options options = {0};
    if (argc != 6)
        return 2;
    options.width = atoll(argv[1]);
    options.height = atoll(argv[2]);
    options.points = atoll(argv[3]);
    options.seed = strtoull(argv[5], NULL, 10);
    if (mzg_synthetic_kind_parse(argv[4], &options.kind, &err) != MZG_OK ||
        mzg_tissue_new(&options, &tissue, &err) != MZG_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (int64_t k = 0; k < tissue->n_peaks; k++) {
        printf("%.17g", tissue->peak_t[k] * tissue->peak_t[k]);
        for (int region = MZG_REGION_MATRIX; region < MZG_REGIONS; region++) {
            double shown = tissue->expected[region][k + 1] - tissue->expected[region][k];
            printf(" %.9g", shown * (double)tissue->abundance[region][k]);
        }
        printf("\n");
    }
    mzg_tissue_free(tissue);
    return 0;
}
