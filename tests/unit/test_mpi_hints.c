/* Hints of MPI-IO as text. */
#include <core/mpi_hints.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>

static void expect(const char *lines, const char *part)
{
    struct mzg_error err = {0};
    enum mzg_status status = mzg_mpi_hints_check(lines, &err);
    cr_expect(eq(int, (int)status, part ? MZG_EUSAGE : MZG_OK), "'%s': %s", lines, err.text);
    cr_expect(strstr(err.text, part ? part : "") != NULL, "'%s': %s", lines, err.text);
}

Test(mpi_hints, lines_of_key_and_value)
{
    expect("", NULL);
    expect("\n\n", NULL);
    expect("a=b", NULL);
    expect("striping_factor=8\nstriping_unit=4194304\n", NULL);
    expect("cb_config_list=*:1,*:2", NULL);
    expect("a=b=c", NULL); /* the value may be anything */
    expect("striping_factor", "'striping_factor' is not KEY=VALUE, such as striping_factor=8");
    expect("=8", "'=8' is not KEY=VALUE");
    expect("a=", "'a=' is not KEY=VALUE");
    expect("a=b\nstriping factor=8\n", "'striping factor=8' is not KEY=VALUE");
}

Test(mpi_hints, as_long_as_mpi_takes_them)
{
    char line[MPI_MAX_INFO_KEY + MPI_MAX_INFO_VAL + 10];
    memset(line, 'k', sizeof line);
    snprintf(line + MPI_MAX_INFO_KEY - 1, 20, "=v");
    expect(line, NULL);
    memset(line, 'k', sizeof line);
    snprintf(line + MPI_MAX_INFO_KEY, 20, "=v");
    expect(line, "longer than a key can be");
    memset(line, 'v', sizeof line);
    line[0] = 'k';
    line[1] = '=';
    line[1 + MPI_MAX_INFO_VAL] = '\0';
    expect(line, NULL);
    line[1 + MPI_MAX_INFO_VAL] = 'v';
    line[2 + MPI_MAX_INFO_VAL] = '\0';
    expect(line, "the value of k is longer than a value can be");
}
