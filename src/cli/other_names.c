#include <cli/other_names.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define OUTPUTS " o out outfile output-file "

/* What is typed, and what it may mean; of several the first that the command has. With blanks around them,
 * words are found in a list. */
static const struct {
    const char *typed, *meant;
} others[] = {
    {" overwrite force f clobber ", "replace"},
    {" replace force f clobber ", "overwrite"},
    {" ppm da width resample-width-at-mz step mz-step bin-size binsize mass-resolution ", "bin-width"},
    {" ppm tol mz-tolerance mass-tolerance ", "tolerance"},
    {" tolerance tol mz-tolerance mass-tolerance width ", "ppm"},
    {" resample-bins nbins n-bins num-bins ", "bins"},
    {" resample-method method resampling interpolation resample ", "interpolation-method"},
    {" resample-reference-mz ", "reference-mz"},
    {" resample-min-mz mz-min mzmin mz-range mass-range range ", "min-mz"},
    {" resample-max-mz mz-max mzmax ", "max-mz"},
    {" mass-axis-plan mass-axis axis ", "mass-axis-file"},
    {" jobs j n-jobs nthreads num-threads t cpus cores workers processes ", "threads"},
    {" mem m memory ram max-memory max-mem ", "memory-limit"},
    {" tmp tmpdir tmp-dir scratch scratch-dir ", "temp-dir"},
    {" table name id sample-id ", "dataset"},
    {" dataset ", "table"},
    {" id name sample-id sample ", "dataset-id"},
    {" resample-gap-tolerance ", "max-gap"},
    {" cmap colourmap color-map ", "colormap"},
    {" normalise normalization norm ", "normalize"},
    {" mass masses m/z ", "mz"},
    {" h5ad hdf5 keep-h5ad ", "keep-hdf5"},
    {" csr csc format sparse dense ", "layout"},
    {" float64 float32 double ", "dtype"},
    {" profile centroid ", "spectrum-type"},
    {" roi crop ", "region"},
    {" silent s ", "quiet"},
    {" debug ", "verbose"},
    {OUTPUTS, "output"},
};

/* What is no option: arguments, and how many ranks there are. */
static const char paths[] = " i input in infile input-file output" OUTPUTS;
static const char ranks[] = " np n ranks nranks nodes mpi ";

static bool is_listed(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = list; n > 0 && (at = strchr(at, ' ')) && at[1]; at++)
        if (strncasecmp(at + 1, word, n) == 0 && at[1 + n] == ' ')
            return true;
    return false;
}

/* By the table alone: what looks for options as they are typed asks here for other names. */
static bool has_option(const struct mzg_command *command, const char *name)
{
    const struct mzg_option *option = command->options;
    while (option->name && strcmp(option->name, name) != 0)
        option++;
    return option->name != NULL;
}

static const char *other_name(const struct mzg_command *command, const char *typed)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_listed(others[i].typed, typed) && has_option(command, others[i].meant))
            return others[i].meant;
    return NULL;
}

bool mzg_is_other_name(const struct mzg_command *command, const char *typed)
{
    return other_name(command, typed) || is_listed(paths, typed) || is_listed(ranks, typed);
}

enum mzg_status mzg_refuse_option(const struct mzg_command *command, const char *typed, const char *guess,
                                  struct mzg_error *err)
{
    const char *name = typed + strspn(typed, "-");
    const char *meant = other_name(command, name);
    const char *const *operands = command->operands;
    if (!meant && operands[0] && is_listed(paths, name))
        return mzg_fail(err, MZG_EUSAGE,
                        "unknown option '%s': paths stand without one, as in 'mzgrid %s %s%s%s'", typed,
                        command->name, operands[0], operands[1] ? " " : "", operands[1] ? operands[1] : "");
    if (is_listed(ranks, name))
        return mzg_fail(err, MZG_EUSAGE,
                        "unknown option '%s': several ranks are started as in 'mpirun -n 4 mzgrid %s'", typed,
                        command->name);
    if (meant || guess) /* what others call so is surer than what looks alike */
        return mzg_fail(err, MZG_EUSAGE, "unknown option '%s' (did you mean '--%s'?)", typed,
                        meant ? meant : guess);
    return mzg_fail(err, MZG_EUSAGE, "unknown option '%s'", typed);
}
