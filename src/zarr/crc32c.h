/* CRC-32C (Castagnoli), which closes the index of a shard. */
#ifndef MZG_ZARR_CRC32C_H
#define MZG_ZARR_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of `size` bytes. Local. */
uint32_t mzg_crc32c(const void *bytes, size_t size);

#endif
