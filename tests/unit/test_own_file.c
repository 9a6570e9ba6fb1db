/* What is a run's own: unique names, what a dead run left, what is never touched. */
#include <core/own_file.h>
#include <core/own_name.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <temp_files.h>

static char directory[256], output[300];
static struct mzg_error err;

static void setup(void)
{
    make_temp_directory(directory);
    snprintf(output, sizeof output, "%s/out.zarr", directory);
}

static int count_entries(void)
{
    int n = 0;
    DIR *stream = opendir(directory);
    while (readdir(stream))
        n++;
    closedir(stream);
    return n - 2;
}

static struct mzg_own *claim(void)
{
    struct mzg_own *own = NULL;
    cr_assert(eq(int, mzg_own_claim(directory, output, false, &own, &err), MZG_OK), "%s", err.text);
    return own;
}

/* A process that claims the output, makes a file and a directory with a file in it, and is killed. */
static void die_with_a_claim(void)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        const char *path;
        char inside[600];
        struct mzg_own *own = NULL;
        mzg_own_claim(directory, output, true, &own, &err);
        mzg_own_file(own, "h5ad.part", NULL, NULL, &err);
        mzg_own_directory(own, "part", &path, &err);
        snprintf(inside, sizeof inside, "%s/zarr.json", path);
        close(open(inside, O_WRONLY | O_CREAT, 0666));
        raise(SIGKILL);
    }
    int status;
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    cr_assert(eq(int, WIFSIGNALED(status), 1));
}

Test(own, claim_leaves_nothing, .init = setup)
{
    const char *path, *part;
    int fd;
    struct stat info;
    struct mzg_own *own = claim();
    cr_assert(eq(int, mzg_own_file(own, "h5ad.part", &path, &fd, &err), MZG_OK));
    cr_expect(eq(int, fstat(fd, &info), 0));
    cr_expect(eq(int, (int)(info.st_mode & 07777), 0600));
    cr_assert(eq(int, mzg_own_directory(own, "part", &part, &err), MZG_OK));
    cr_expect(eq(int, count_entries(), 3));
    cr_expect(mzg_own_stands(own, path));
    cr_expect(mzg_own_stands(own, part));
    mzg_own_end(own);
    cr_expect(eq(int, count_entries(), 0));
}

Test(own, fatal_end_leaves_nothing, .init = setup)
{
    struct mzg_aside *aside;
    char path[512];
    struct mzg_own *own = claim();
    mzg_own_directory(own, "part", NULL, &err);
    snprintf(path, sizeof path, "%s/axis.json", directory);
    cr_assert(eq(int, mzg_aside_new(path, false, &aside, &err), MZG_OK));
    cr_expect(eq(int, count_entries(), 3));
    mzg_own_remove_all();
    cr_expect(eq(int, count_entries(), 0));
    mzg_own_remove_all();
}

Test(own, what_a_killed_run_left_is_removed_by_the_next_of_this_output, .init = setup)
{
    die_with_a_claim();
    cr_assert(eq(int, count_entries(), 3));

    char other[300];
    struct mzg_own *own = NULL;
    snprintf(other, sizeof other, "%s/out", directory);
    cr_assert(eq(int, mzg_own_claim(directory, other, true, &own, &err), MZG_OK));
    cr_expect(eq(int, count_entries(), 4), "another output's leftovers stay");
    mzg_own_end(own);

    own = claim();
    cr_expect(eq(int, count_entries(), 1));
    cr_expect(eq(str, (char *)mzg_own_left(own), ""));
    mzg_own_end(own);
}

Test(own, what_a_living_run_has_stays, .init = setup)
{
    struct mzg_own *first = claim(), *second = NULL;
    mzg_own_file(first, "h5ad.part", NULL, NULL, &err);
    mzg_own_directory(first, "part", NULL, &err);
    cr_expect(eq(int, mzg_own_claim(directory, output, true, &second, &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, "another run is writing it (process "), "%s", err.text);
    cr_expect(eq(int, count_entries(), 3));
    err.status = MZG_OK;
    cr_assert(eq(int, mzg_own_claim(directory, output, false, &second, &err), MZG_OK));
    cr_expect(eq(int, mzg_own_file(second, "h5ad.part", NULL, NULL, &err), MZG_OK), "names are unique");
    mzg_own_end(second);
    cr_expect(eq(int, count_entries(), 3));
    mzg_own_end(first);
}

Test(own, what_took_the_place_of_ours_stays, .init = setup)
{
    const char *path;
    char moved[512];
    struct mzg_own *own = claim();
    mzg_own_file(own, "h5ad.part", &path, NULL, &err);
    snprintf(moved, sizeof moved, "%s/moved", directory);
    cr_assert(eq(int, rename(path, moved), 0));
    const char *name = strrchr(path, '/') + 1;
    write_whole_file(directory, name, "theirs");
    cr_expect_not(mzg_own_stands(own, path));
    mzg_own_end(own);
    cr_expect(eq(int, count_entries(), 2));
}

Test(own, what_only_looks_alike_stays, .init = setup)
{
    static const char *const names[] = {"out.zarr.part", "out.zarr.old", "out.h5ad.part", "out.zarr.owner"};
    char stem[MZG_OWN_STEM], name[160], path[512];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        write_whole_file(directory, names[i], "mine");
    cr_assert(eq(int, mzg_own_stem(output, stem), 0));
    snprintf(name, sizeof name, "%s0123456z.part", stem);
    write_whole_file(directory, name, "mine");
    snprintf(path, sizeof path, "%s/%s01234567.part", directory, stem);
    cr_assert(eq(int, mkfifo(path, 0600), 0));
    snprintf(path, sizeof path, "%s/%s01234568.owner", directory, stem);
    cr_assert(eq(int, symlink("out.zarr.old", path), 0));
    mzg_own_end(claim());
    cr_expect(eq(int, count_entries(), 7));
}

Test(own, names_tell_outputs_apart_and_stay_short, .init = setup)
{
    char a[MZG_OWN_STEM], b[MZG_OWN_STEM], path[600], tag[MZG_OWN_TAG];
    const char *role;
    cr_assert(eq(int, mzg_own_stem(output, a), 0));
    snprintf(path, sizeof path, "%s/./out.zarr//", directory);
    cr_assert(eq(int, mzg_own_stem(path, b), 0));
    cr_expect(eq(str, a, b), "the same output in other words");
    snprintf(path, sizeof path, "%s/%0250d", directory, 7);
    cr_assert(eq(int, mzg_own_stem(path, b), 0));
    cr_expect(lt(sz, strlen(b), 92));
    snprintf(path, sizeof path, "%s0a1b2c3d.h5ad.part", a);
    cr_expect(mzg_own_is_name(path, a, tag, &role));
    cr_expect(eq(str, tag, "0a1b2c3d"));
    cr_expect(eq(str, (char *)role, "h5ad.part"));
    cr_expect_not(mzg_own_is_name(path, b, tag, &role));
    cr_expect(eq(int, mzg_own_stem("/nonexistent/out.zarr", b), -1));
}

Test(own, owner_on_a_node_that_cannot_be_asked_is_left_alone, .init = setup)
{
    char stem[MZG_OWN_STEM], owner[160], part[160];
    cr_assert(eq(int, mzg_own_stem(output, stem), 0));
    snprintf(owner, sizeof owner, "%s00000001.owner", stem);
    snprintf(part, sizeof part, "%s00000001.part", stem);
    static const char *const records[] = {
        "mzgrid owner 1\nhost far\nboot b\nspace s\npid 1\nstart 1\njob 77\nlocked 0\n",
        "mzgrid owner 1\nhost far\nboot b\nspace s\npid 1\nstart 1\njob 77\nlocked 1\n"};
    for (int locked = 0; locked < 2; locked++) {
        write_whole_file(directory, owner, records[locked]);
        write_whole_file(directory, part, "rows");
        struct mzg_own *own = claim();
        cr_expect(eq(int, path_exists(directory, part), !locked), "locks that reach are believed");
        cr_expect(eq(int, strstr(mzg_own_left(own), "process 1 on node far, SLURM job 77") != NULL, !locked));
        mzg_own_end(own);
    }
}

Test(own, reserved_name_is_removed_at_the_end, .init = setup)
{
    const char *path;
    struct mzg_own *own = claim();
    cr_assert(eq(int, mzg_own_reserve(own, "h5ad.part", &path, &err), MZG_OK));
    cr_expect(eq(int, count_entries(), 1));
    close(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
    cr_expect(eq(int, count_entries(), 2));
    mzg_own_end(own);
    cr_expect(eq(int, count_entries(), 0));
}

Test(aside, takes_its_name_when_complete, .init = setup)
{
    struct mzg_aside *aside;
    struct stat info;
    char path[512];
    size_t size;
    snprintf(path, sizeof path, "%s/axis.json", directory);
    cr_assert(eq(int, mzg_aside_new(path, false, &aside, &err), MZG_OK));
    cr_expect_not(path_exists(directory, "axis.json"));
    cr_assert(eq(int, (int)write(mzg_aside_fd(aside), "text", 4), 4));
    umask(022);
    cr_assert(eq(int, mzg_aside_end(aside, &err), MZG_OK), "%s", err.text);
    cr_assert(eq(int, stat(path, &info), 0));
    cr_expect(eq(int, (int)(info.st_mode & 07777), 0644));
    cr_expect(eq(int, mzg_aside_write(path, false, "new", 3, "text", &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, "exists already"));
    err.status = MZG_OK;
    cr_expect(eq(int, mzg_aside_write(path, true, "new", 3, "text", &err), MZG_OK));
    unsigned char *text = read_whole_file(directory, "axis.json", &size);
    cr_expect(eq(str, (char *)text, "new"));
    free(text);
    cr_expect(eq(int, count_entries(), 1));
}

Test(aside, follows_no_link_and_replaces_no_device, .init = setup)
{
    char path[512];
    size_t size;
    write_whole_file(directory, "precious", "mine");
    snprintf(path, sizeof path, "%s/link", directory);
    cr_assert(eq(int, symlink("precious", path), 0));
    cr_expect(eq(int, mzg_aside_write(path, true, "new", 3, "text", &err), MZG_OK));
    unsigned char *text = read_whole_file(directory, "precious", &size);
    cr_expect(eq(str, (char *)text, "mine"));
    free(text);
    snprintf(path, sizeof path, "%s/fifo", directory);
    cr_assert(eq(int, mkfifo(path, 0600), 0));
    cr_expect(eq(int, mzg_aside_write(path, true, "new", 3, "text", &err), MZG_EIO));
    cr_expect_not_null(strstr(err.text, "is not a file"));
    cr_expect(eq(int, count_entries(), 3));
}

Test(aside, failure_leaves_the_old_file, .init = setup)
{
    struct mzg_aside *aside;
    char path[512];
    size_t size;
    write_whole_file(directory, "axis.json", "old");
    snprintf(path, sizeof path, "%s/axis.json", directory);
    cr_assert(eq(int, mzg_aside_new(path, true, &aside, &err), MZG_OK));
    mzg_fail(&err, MZG_EIO, "no space");
    cr_expect(eq(int, mzg_aside_end(aside, &err), MZG_EIO));
    unsigned char *text = read_whole_file(directory, "axis.json", &size);
    cr_expect(eq(str, (char *)text, "old"));
    free(text);
    cr_expect(eq(int, count_entries(), 1));
}
