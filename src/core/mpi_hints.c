#include <core/mpi_hints.h>

#include <core/file.h>
#include <core/mpi.h>

#include <stdlib.h>
#include <string.h>

enum {
    /* Open MPI 4.1 writes the names of files of its own beside this one into 256 bytes, and ends the job if
     * they do not fit. */
    LONGEST_PATH = 200
};

/* Whether the first `length` bytes of `line` are KEY=VALUE of lengths that MPI takes. */
static enum mzg_status check_hint(const char *line, size_t length, struct mzg_error *err)
{
    const char *equals = memchr(line, '=', length);
    size_t key = equals ? (size_t)(equals - line) : 0, value = equals ? length - key - 1 : 0;
    if (key == 0 || value == 0 || memchr(line, ' ', key))
        return mzg_fail(err, MZG_EUSAGE, "'%.*s' is not KEY=VALUE, such as striping_factor=8",
                        (int)(length < 200 ? length : 200), line);
    if (key >= MPI_MAX_INFO_KEY)
        return mzg_fail(err, MZG_EUSAGE, "'%.*s...' is longer than a key can be, %d bytes", 40, line,
                        MPI_MAX_INFO_KEY - 1);
    if (value >= MPI_MAX_INFO_VAL)
        return mzg_fail(err, MZG_EUSAGE, "the value of %.*s is longer than a value can be, %d bytes",
                        (int)key, line, MPI_MAX_INFO_VAL - 1);
    return MZG_OK;
}

enum mzg_status mzg_mpi_hints_check(const char *lines, struct mzg_error *err)
{
    for (const char *line = lines; *line; line += strspn(line, "\n")) {
        size_t length = strcspn(line, "\n");
        if (length > 0 && check_hint(line, length, err) != MZG_OK)
            return err->status;
        line += length;
    }
    return MZG_OK;
}

static void set_hints(MPI_Info info, const char *lines)
{
    char key[MPI_MAX_INFO_KEY], value[MPI_MAX_INFO_VAL];
    for (const char *line = lines; *line; line += strspn(line, "\n")) {
        size_t length = strcspn(line, "\n");
        const char *equals = memchr(line, '=', length);
        if (equals) {
            size_t before = (size_t)(equals - line), behind = length - before - 1;
            memcpy(key, line, before);
            key[before] = '\0';
            memcpy(value, equals + 1, behind);
            value[behind] = '\0';
            MZG_MPI(MPI_Info_set(info, key, value));
        }
        line += length;
    }
}

enum mzg_status mzg_mpi_hints_make_file(const char *path, const char *lines, struct mzg_error *err)
{
    MPI_File file;
    MPI_Info info;
    char why[MPI_MAX_ERROR_STRING] = "";
    int length;
    /* A word and ':' at the beginning of a name would be a kind of file system. */
    char *name = mzg_file_path(path[0] == '/' ? "" : "./", path);
    if (!name)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", path);
    if (strlen(name) > LONGEST_PATH) {
        mzg_fail(err, MZG_EUSAGE,
                 "%s: a file that --mpi-info is for can have a path of %d bytes, this one has %zu; choose a "
                 "shorter --temp-dir, or leave --mpi-info out",
                 path, LONGEST_PATH, strlen(name));
        goto cleanup;
    }
    MZG_MPI(MPI_Info_create(&info));
    set_hints(info, lines);
    int code =
        MPI_File_open(MPI_COMM_SELF, name, MPI_MODE_CREATE | MPI_MODE_EXCL | MPI_MODE_RDWR, info, &file);
    if (code == MPI_SUCCESS)
        code = MPI_File_close(&file);
    MZG_MPI(MPI_Info_free(&info));
    if (code != MPI_SUCCESS) {
        if (MPI_Error_string(code, why, &length) != MPI_SUCCESS)
            why[0] = '\0';
        mzg_fail(err, MZG_EIO, "%s: cannot make this file with --mpi-info: MPI says \"%s\"", path, why);
    }

cleanup:
    free(name);
    return err->status;
}
