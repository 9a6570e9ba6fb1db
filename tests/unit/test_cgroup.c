/* Limits of control groups, read from a made-up tree of both versions. */
#include <core/cgroup.h>
#include <temp_files.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* Writes a file below `directory`, whose own directories are made. */
static void put(const char *directory, const char *path, const char *content)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "%s/%s", directory, path);
    for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0777);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    cr_assert(ne(ptr, file, NULL));
    cr_assert(ge(int, fputs(content, file), 0));
    cr_assert(eq(int, fclose(file), 0));
}

static int64_t left(const char *directory, const char *membership)
{
    char file[600], mount[600];
    put(directory, "self", membership);
    snprintf(file, sizeof file, "%s/self", directory);
    snprintf(mount, sizeof mount, "%s/mount", directory);
    return mzg_cgroup_left(file, mount);
}

Test(cgroup, without_groups_or_limits_there_is_no_limit)
{
    char directory[256];
    make_temp_directory(directory);
    cr_expect(eq(i64, mzg_cgroup_left("/nonexistent/self", "/nonexistent"), INT64_MAX));
    cr_expect(eq(i64, left(directory, "0::/\n"), INT64_MAX));
    put(directory, "mount/job/memory.max", "max\n");
    put(directory, "mount/job/memory.current", "5000\n");
    cr_expect(eq(i64, left(directory, "0::/job\n"), INT64_MAX));
}

Test(cgroup, the_tightest_group_above_a_process_holds)
{
    char directory[256];
    make_temp_directory(directory);
    put(directory, "mount/slurm/job/step/memory.max", "9000\n");
    put(directory, "mount/slurm/job/step/memory.current", "1000\n");
    put(directory, "mount/slurm/job/memory.max", "max\n");
    put(directory, "mount/slurm/job/memory.high", "4000\n");
    put(directory, "mount/slurm/job/memory.current", "1500\n");
    put(directory, "mount/slurm/memory.max", "3000\n");
    put(directory, "mount/slurm/memory.current", "2900\n");
    put(directory, "mount/slurm/memory.stat", "anon 100\ninactive_file 1500\nactive_file 700\nfile 2200\n");
    cr_expect(eq(i64, left(directory, "0::/slurm/job/step\n"), 2300)); /* 3000 - (2900 - 2200) */
    put(directory, "mount/slurm/memory.max", "max\n");
    cr_expect(eq(i64, left(directory, "0::/slurm/job/step\n"), 2500)); /* 4000 - 1500 */
    put(directory, "mount/slurm/job/memory.current", "4500\n");
    cr_expect(eq(i64, left(directory, "0::/slurm/job/step\n"), 0));
}

Test(cgroup, version_1_and_paths_of_the_host)
{
    char directory[256];
    make_temp_directory(directory);
    put(directory, "mount/memory/memory.limit_in_bytes", "8000\n");
    put(directory, "mount/memory/memory.usage_in_bytes", "2000\n");
    put(directory, "mount/memory/memory.stat", "cache 1\ntotal_inactive_file 300\ntotal_active_file 200\n");
    const char *membership = "7:cpu,cpuacct:/a\n5:memory:/docker/0123/in/the/host\n0::/\n";
    cr_expect(eq(i64, left(directory, membership), 6500));
    put(directory, "mount/unified/memory.max", "100\n");
    put(directory, "mount/unified/memory.current", "40\n");
    cr_expect(eq(i64, left(directory, membership), 60));
    cr_expect(eq(i64, left(directory, "5:hugetlb:/docker\nnonsense\n"), INT64_MAX));
}

/* A version 1 group without a limit says so by a number that is nearly the largest. */
Test(cgroup, more_files_than_use_leave_no_more_than_the_limit)
{
    char directory[256];
    make_temp_directory(directory);
    put(directory, "mount/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put(directory, "mount/memory/memory.usage_in_bytes", "1000\n");
    put(directory, "mount/memory/memory.stat", "total_inactive_file 900000\ntotal_active_file 700000\n");
    cr_expect(eq(i64, left(directory, "4:memory:/\n"), INT64_C(9223372036854771712)));
}

static double pressure(const char *directory, const char *membership)
{
    char file[600], mount[600];
    put(directory, "self", membership);
    snprintf(file, sizeof file, "%s/self", directory);
    snprintf(mount, sizeof mount, "%s/mount", directory);
    return mzg_cgroup_pressure(file, mount);
}

Test(cgroup, the_pressure_is_that_of_the_own_group)
{
    char directory[256];
    make_temp_directory(directory);
    cr_expect(eq(dbl, mzg_cgroup_pressure("/nonexistent/self", "/nonexistent"), -1));
    put(directory, "mount/memory.pressure", "some avg10=90.00 avg60=9 avg300=2 total=1\n");
    put(directory, "mount/job/memory.pressure", "some avg10=12.50 avg60=9 avg300=2 total=1\n");
    put(directory, "mount/job/memory.max", "max\n");
    cr_expect(eq(dbl, pressure(directory, "4:memory:/x\n0::/job\n"), 12.5));
    cr_expect(eq(dbl, pressure(directory, "0::/\n"), -1)); /* all of the machine */
    put(directory, "mount/memory.max", "max\n");           /* as a container sees its own group */
    cr_expect(eq(dbl, pressure(directory, "0::/\n"), 90));
    put(directory, "mount/unified/task/memory.max", "max\n");
    put(directory, "mount/unified/task/memory.pressure", "some avg10=3.00 avg60=9 avg300=2 total=1\n");
    cr_expect(eq(dbl, pressure(directory, "0::/task\n"), 3));
}
