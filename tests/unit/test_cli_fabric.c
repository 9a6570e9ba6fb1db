/* What Open MPI is told to leave out, by the devices of a made-up machine. */
#include <cli/fabric.h>
#include <temp_files.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static void put_device(const char *directory, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    cr_assert(ne(ptr, file, NULL));
    fclose(file);
}

static void forget_choice(void)
{
    unsetenv("OMPI_MCA_pml");
    unsetenv("OMPI_MCA_mtl");
}

Test(fabric, left_out_where_no_device_is_for_it, .init = forget_choice)
{
    char devices[256];
    make_temp_directory(devices);
    put_device(devices, "null");
    char infiniband[512];
    snprintf(infiniband, sizeof infiniband, "%s/infiniband", devices);
    cr_assert(zero(int, mkdir(infiniband, 0777))); /* without a device in it */
    mzg_skip_absent_fabrics(devices);
    cr_expect(eq(str, getenv("OMPI_MCA_mtl"), "^ofi,psm,psm2"));
}

Test(fabric, no_shared_pointers_unless_asked_for)
{
    unsetenv("OMPI_MCA_sharedfp");
    mzg_skip_shared_pointers();
    cr_expect(eq(str, getenv("OMPI_MCA_sharedfp"), "individual"));
    setenv("OMPI_MCA_sharedfp", "sm", 1);
    mzg_skip_shared_pointers();
    cr_expect(eq(str, getenv("OMPI_MCA_sharedfp"), "sm"));
}

Test(fabric, a_device_keeps_them, .init = forget_choice)
{
    const char *const names[] = {"hfi1_0", "ipath", "cxi0", "kgni0"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char devices[256];
        make_temp_directory(devices);
        put_device(devices, names[i]);
        mzg_skip_absent_fabrics(devices);
        cr_expect(zero(ptr, getenv("OMPI_MCA_mtl")), "%s", names[i]);
    }
    char devices[256], verbs[512];
    make_temp_directory(devices);
    snprintf(verbs, sizeof verbs, "%s/infiniband", devices);
    cr_assert(zero(int, mkdir(verbs, 0777)));
    put_device(verbs, "uverbs0");
    mzg_skip_absent_fabrics(devices);
    cr_expect(zero(ptr, getenv("OMPI_MCA_mtl")), "uverbs0");
}

Test(fabric, what_the_user_chose_stays, .init = forget_choice)
{
    setenv("OMPI_MCA_pml", "cm", 1);
    mzg_skip_absent_fabrics("/nonexistent");
    cr_expect(zero(ptr, getenv("OMPI_MCA_mtl")));
    unsetenv("OMPI_MCA_pml");
    setenv("OMPI_MCA_mtl", "psm2", 1);
    mzg_skip_absent_fabrics("/nonexistent");
    cr_expect(eq(str, getenv("OMPI_MCA_mtl"), "psm2"));
}

/* A folder as pip fills it: bin/mzgrid, lib/libmpi.so.40, a link to it, and perhaps the texts of Open MPI. */
static void fill_prefix(char prefix[256], bool texts)
{
    static const char *const folders[] = {"bin", "lib", "share", "share/openmpi"};
    char path[512];
    make_temp_directory(prefix);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/%s", prefix, folders[i]);
        cr_assert(zero(int, mkdir(path, 0777)));
    }
    put_device(prefix, "bin/mzgrid");
    put_device(prefix, "lib/libmpi.so.40");
    if (texts)
        put_device(prefix, "share/openmpi/help-mpi-runtime.txt");
}

/* What mzg_place_open_mpi() makes of a program and a library in these folders. */
static const char *placed(const char *of_program, const char *of_library)
{
    char program[544], library[544];
    snprintf(program, sizeof program, "%s/bin/mzgrid", of_program);
    snprintf(library, sizeof library, "%s/lib/libmpi.so.40", of_library);
    mzg_place_open_mpi(program, library);
    return getenv("OPAL_PREFIX");
}

Test(fabric, open_mpi_beside_the_program_is_told_where_it_lies)
{
    char prefix[256], other[256], bare[256], link[512], whole[4096];
    unsetenv("OPAL_PREFIX");
    fill_prefix(prefix, true);
    fill_prefix(other, true);
    fill_prefix(bare, false);
    cr_expect(zero(ptr, (void *)placed(prefix, other)), "that of somebody else");
    cr_expect(zero(ptr, (void *)placed(bare, bare)), "another MPI");
    cr_expect(zero(ptr, (void *)placed("/nonexistent", "/nonexistent")));

    snprintf(link, sizeof link, "%s/link", other);
    cr_assert(zero(int, symlink(prefix, link)));
    cr_assert(ne(ptr, realpath(prefix, whole), NULL));
    cr_expect(eq(str, (char *)placed(link, prefix), whole));
    setenv("OPAL_PREFIX", "/site", 1);
    cr_expect(eq(str, (char *)placed(prefix, prefix), "/site"), "what the user chose stays");
}
