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
