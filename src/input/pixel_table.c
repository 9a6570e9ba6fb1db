#include <input/pixel_table.h>

#include <string.h>

enum mzg_status mzg_pixel_table_share(MPI_Comm comm, int rank, const struct mzg_pixels *pixels,
                                      const struct mzg_dataset *dataset, bool is_part,
                                      struct mzg_pixel_table *table, struct mzg_error *err)
{
    int64_t n_begin = dataset->n_pixels + 1;
    int64_t n_spectra = dataset->n_spectra;
    int64_t n_ordinals = is_part ? dataset->n_pixels : 0;
    int64_t size = (n_begin + n_spectra + n_ordinals) * (int64_t)sizeof(int64_t);
    if (mzg_node_memory_new(comm, size, &table->memory, err) != MZG_OK)
        return err->status;
    int64_t *numbers = mzg_node_memory_bytes(table->memory);
    if (rank == 0) {
        memcpy(numbers, pixels->begin, (size_t)n_begin * sizeof *numbers);
        memcpy(numbers + n_begin, pixels->spectra, (size_t)n_spectra * sizeof *numbers);
        if (n_ordinals > 0)
            memcpy(numbers + n_begin + n_spectra, pixels->ordinals, (size_t)n_ordinals * sizeof *numbers);
    }
    mzg_node_memory_share(table->memory, 0, rank == 0 ? size : 0);
    table->begin = numbers;
    table->spectra = numbers + n_begin;
    table->ordinals = n_ordinals > 0 ? numbers + n_begin + n_spectra : NULL;
    return MZG_OK;
}

void mzg_pixel_table_destroy(struct mzg_pixel_table *table)
{
    mzg_node_memory_free(table->memory);
    *table = (struct mzg_pixel_table){0};
}
