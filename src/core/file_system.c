#include <core/file_system.h>

#include <core/file.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

/* What statfs() calls them. */
static const struct kind {
    uint32_t magic;
    const char *name;
    bool is_parallel;
} kinds[] = {
    {0x0BD00BD0, "Lustre", true}, {0x47504653, "GPFS", true},     {0x19830326, "BeeGFS", true},
    {0x00C36400, "CephFS", true}, {0x20030528, "OrangeFS", true}, {0x6969, "NFS", false},
    {0xFF534D42, "SMB", false},   {0xFE534D42, "SMB", false},
};

enum {
    PLAIN_1 = 0x0BD10BD0, /* layouts of one set of stripes */
    PLAIN_3 = 0x0BD30BD0,
    COMPOSITE = 0x0BD60BD0, /* one for each part of a file */
    PLAIN_BYTES = 32,
    STRIPE_BYTES_AT = 24,
    STRIPES_AT = 28,
    ENTRIES_AT = 14, /* how many; those follow the head */
    HEAD_BYTES = 32,
    ENTRY_BYTES = 48,
    PLACE_IN_ENTRY = 24,
    ALL_SERVERS = 0xFFFF,
    MIB = 1 << 20
};

static uint32_t little(const unsigned char *bytes, int n)
{
    uint32_t value = 0;
    for (int i = n; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

bool mzg_file_system_read_lustre(const unsigned char *bytes, size_t size, struct mzg_file_system *fs)
{
    if (size < PLAIN_BYTES)
        return false;
    uint32_t magic = little(bytes, 4);
    bool is_progressive = magic == COMPOSITE;
    if (is_progressive) {
        size_t n = little(bytes + ENTRIES_AT, 2), end = HEAD_BYTES + n * ENTRY_BYTES;
        if (n == 0 || end > size)
            return false;
        size_t place = little(bytes + end - ENTRY_BYTES + PLACE_IN_ENTRY, 4);
        if (place < end || place > size - PLAIN_BYTES)
            return false;
        bytes += place;
        magic = little(bytes, 4);
    }
    if (magic != PLAIN_1 && magic != PLAIN_3)
        return false;
    uint32_t stripes = little(bytes + STRIPES_AT, 2);
    fs->is_progressive = is_progressive;
    fs->unit = little(bytes + STRIPE_BYTES_AT, 4);
    fs->stripes = stripes == ALL_SERVERS ? -1 : (int)stripes;
    return true;
}

static void look_at(const char *path, const struct statfs *told, struct mzg_file_system *fs)
{
    unsigned char layout[1 << 16]; /* 24 bytes for each server of a file; as large as an attribute can be */
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].magic == (uint32_t)told->f_type) {
            fs->name = kinds[i].name;
            fs->is_parallel = kinds[i].is_parallel;
        }
    if (!fs->name)
        return;
    if (strcmp(fs->name, "GPFS") == 0)
        fs->unit = (int64_t)told->f_bsize; /* of its blocks, each on the next disk */
    if (strcmp(fs->name, "Lustre") == 0) {
        ssize_t n = getxattr(path, "lustre.lov", layout, sizeof layout);
        if (n > 0)
            mzg_file_system_read_lustre(layout, (size_t)n, fs);
    }
}

void mzg_file_system_look(const char *path, struct mzg_file_system *fs)
{
    struct statfs told;
    int status = -1, code = errno;
    char *copy = strdup(path);
    *fs = (struct mzg_file_system){0};
    while (copy && (status = statfs(copy[0] ? copy : ".", &told)) != 0 && errno == ENOENT && copy[0])
        mzg_file_go_up(copy);
    if (copy && status == 0)
        look_at(copy[0] ? copy : ".", &told, fs);
    free(copy);
    errno = code;
}

int64_t mzg_file_system_alignment(const struct mzg_file_system *fs, int64_t chunk_bytes)
{
    if (!fs->is_parallel || fs->unit <= 1 || chunk_bytes <= 0)
        return 0;
    int64_t least = fs->unit < chunk_bytes ? fs->unit : chunk_bytes;
    int64_t most = fs->unit < chunk_bytes ? chunk_bytes : fs->unit;
    return most % least == 0 ? least : 0;
}

char *mzg_file_system_describe(const struct mzg_file_system *fs, char *text, size_t size)
{
    char servers[40] = "", unit[64] = "";
    if (fs->stripes > 0)
        snprintf(servers, sizeof servers, " on %d server%s", fs->stripes, fs->stripes == 1 ? "" : "s");
    else if (fs->stripes < 0)
        snprintf(servers, sizeof servers, " on all servers");
    if (fs->unit >= MIB && fs->unit % MIB == 0)
        snprintf(unit, sizeof unit, "%" PRId64 " MiB", fs->unit / MIB);
    else
        snprintf(unit, sizeof unit, "%" PRId64 " KiB", fs->unit / 1024);
    if (!fs->name)
        text[0] = '\0';
    else if (fs->unit <= 0)
        snprintf(text, size, "%s", fs->name);
    else
        snprintf(text, size, "%s, %s of %s%s", fs->name, fs->stripes != 0 ? "stripes" : "blocks", unit,
                 servers);
    return text;
}

bool mzg_file_system_advise(const struct mzg_file_system *fs, enum mzg_file_use use, const char *directory,
                            char *text, size_t size)
{
    char what[120];
    if (!fs->name)
        return false;
    mzg_file_system_describe(fs, what, sizeof what);
    bool is_lustre = strcmp(fs->name, "Lustre") == 0;
    if (use == MZG_USE_ONE_FILE && is_lustre && fs->stripes == 1)
        return snprintf(text, size,
                        "%s: %s; one large file, in which rows wait, is faster on many servers: "
                        "'lfs setstripe -c -1 -S 4M DIR' of an empty directory for --temp-dir",
                        directory, what) > 0;
    if (use == MZG_USE_MANY_FILES && is_lustre && !fs->is_progressive && (fs->stripes > 1 || fs->stripes < 0))
        return snprintf(text, size,
                        "%s: %s; a store is many files, each of which is faster on one server: "
                        "'lfs setstripe -c 1 DIR' of the directory for the output",
                        directory, what) > 0;
    if (use == MZG_USE_ONE_FILE && !fs->is_parallel)
        return snprintf(text, size,
                        "%s: %s, one server for all nodes; rows that wait in a file are faster on a parallel "
                        "file system, or for one node on its own disk: give it as --temp-dir",
                        directory, what) > 0;
    return false;
}
