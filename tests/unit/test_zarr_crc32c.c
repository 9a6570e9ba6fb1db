/* CRC-32C against the vectors of RFC 3720 (iSCSI), appendix B.4, and the check value of the polynomial. */
#include <zarr/crc32c.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

Test(crc32c, check_value)
{
    cr_expect(eq(u32, mzg_crc32c("123456789", 9), 0xe3069283));
    cr_expect(eq(u32, mzg_crc32c("", 0), 0));
}

Test(crc32c, vectors_of_iscsi)
{
    unsigned char bytes[32];
    memset(bytes, 0, sizeof bytes);
    cr_expect(eq(u32, mzg_crc32c(bytes, sizeof bytes), 0x8a9136aa));
    memset(bytes, 0xff, sizeof bytes);
    cr_expect(eq(u32, mzg_crc32c(bytes, sizeof bytes), 0x62a8ab43));
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)i;
    cr_expect(eq(u32, mzg_crc32c(bytes, sizeof bytes), 0x46dd794e));
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)(31 - i);
    cr_expect(eq(u32, mzg_crc32c(bytes, sizeof bytes), 0x113fdb5c));
}
