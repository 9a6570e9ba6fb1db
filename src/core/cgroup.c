#include <core/cgroup.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* How the two versions name the same things. */
struct version {
    const char *limits[2];
    const char *usage;
    const char *file_keys[2]; /* of memory.stat: pages of files, seldom and often used */
};

static const struct version version_1 = {.limits = {"memory.limit_in_bytes", NULL},
                                         .usage = "memory.usage_in_bytes",
                                         .file_keys = {"total_inactive_file", "total_active_file"}};
static const struct version version_2 = {.limits = {"memory.max", "memory.high"},
                                         .usage = "memory.current",
                                         .file_keys = {"inactive_file", "active_file"}};

enum { PATH_SIZE = 4096 };

static FILE *open_in(const char *directory, const char *name)
{
    char path[PATH_SIZE + 64];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return fopen(path, "r");
}

/* The single number in a file; -1 if there is none, or "max". */
static int64_t read_number(const char *directory, const char *name)
{
    FILE *file = open_in(directory, name);
    if (!file)
        return -1;
    int64_t number;
    if (fscanf(file, "%" SCNd64, &number) != 1)
        number = -1;
    fclose(file);
    return number;
}

/* The bytes of pages of files. */
static int64_t file_pages(const char *directory, const struct version *version)
{
    FILE *file = open_in(directory, "memory.stat");
    if (!file)
        return 0;
    char key[64];
    int64_t value, sum = 0;
    while (fscanf(file, "%63s %" SCNd64, key, &value) == 2)
        if (strcmp(key, version->file_keys[0]) == 0 || strcmp(key, version->file_keys[1]) == 0)
            sum += value;
    fclose(file);
    return sum;
}

/* What one group leaves. */
static int64_t left_in(const char *directory, const struct version *version)
{
    int64_t limit = INT64_MAX;
    for (int i = 0; i < 2 && version->limits[i]; i++) {
        int64_t value = read_number(directory, version->limits[i]);
        if (value >= 0 && value < limit)
            limit = value;
    }
    int64_t usage = read_number(directory, version->usage);
    if (limit == INT64_MAX || usage < 0)
        return INT64_MAX;
    /* The two are not read at the same moment, so that more files may be counted than there is in use. */
    int64_t files = file_pages(directory, version);
    usage = usage > files ? usage - files : 0;
    return limit > usage ? limit - usage : 0;
}

/* The least that the group at `path` below `mount`, and any group above it, leaves. A path that is not there,
 * as a container sees the paths of its host, is passed over up to the mount itself. */
static int64_t least_upwards(const char *mount, const char *path, const struct version *version)
{
    char directory[PATH_SIZE];
    size_t root = strlen(mount);
    if (snprintf(directory, sizeof directory, "%s%s", mount, path) >= (int)sizeof directory)
        return INT64_MAX;
    int64_t least = INT64_MAX;
    for (;;) {
        int64_t left = left_in(directory, version);
        least = left < least ? left : least;
        char *slash = strrchr(directory, '/');
        if (!slash || (size_t)(slash - directory) < root)
            return least;
        *slash = '\0';
    }
}

/* Whether the controllers of a line such as "4:cpu,memory:/path" have memory among them. */
static bool names_memory(const char *controllers, size_t length)
{
    while (length > 0) {
        size_t n = strcspn(controllers, ",:");
        if (n == 6 && strncmp(controllers, "memory", n) == 0)
            return true;
        if (n >= length)
            return false;
        controllers += n + 1;
        length -= n + 1;
    }
    return false;
}

/* What the groups that a line of the membership names leave. */
static int64_t left_by_line(char *line, const char *mount)
{
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!path)
        return INT64_MAX;
    controllers++;
    size_t length = (size_t)(path - controllers);
    path++;
    path[strcspn(path, "\n")] = '\0';
    if (strcmp(path, "/") == 0)
        *path = '\0';

    char root[PATH_SIZE];
    int64_t least = INT64_MAX;
    static const char *const roots_2[] = {"", "/unified"};
    if (length == 0) {
        for (int i = 0; i < 2; i++) {
            snprintf(root, sizeof root, "%s%s", mount, roots_2[i]);
            int64_t left = least_upwards(root, path, &version_2);
            least = left < least ? left : least;
        }
    } else if (names_memory(controllers, length)) {
        snprintf(root, sizeof root, "%s/memory", mount);
        least = least_upwards(root, path, &version_1);
    }
    return least;
}

int64_t mzg_cgroup_left(const char *membership, const char *mount)
{
    FILE *file = fopen(membership, "r");
    if (!file)
        return INT64_MAX;
    char line[PATH_SIZE];
    int64_t least = INT64_MAX;
    while (fgets(line, sizeof line, file)) {
        int64_t left = left_by_line(line, mount);
        least = left < least ? left : least;
    }
    fclose(file);
    return least;
}

/* Of the group at `path`, if it is one: the root of all groups has no limit of memory. */
static double pressure_in(const char *mount, const char *root, const char *path)
{
    char directory[PATH_SIZE];
    double percent = -1;
    if (snprintf(directory, sizeof directory, "%s%s%s", mount, root, path) >= (int)sizeof directory)
        return -1;
    FILE *group = open_in(directory, version_2.limits[0]);
    FILE *file = group ? open_in(directory, "memory.pressure") : NULL;
    if (file && fscanf(file, "some avg10=%lf", &percent) != 1)
        percent = -1;
    if (file)
        fclose(file);
    if (group)
        fclose(group);
    return percent;
}

double mzg_cgroup_pressure(const char *membership, const char *mount)
{
    FILE *file = fopen(membership, "r");
    if (!file)
        return -1;
    char line[PATH_SIZE];
    double percent = -1;
    while (percent < 0 && fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::", 3) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        const char *path = strcmp(line + 3, "/") == 0 ? "" : line + 3;
        percent = pressure_in(mount, "", path);
        if (percent < 0)
            percent = pressure_in(mount, "/unified", path);
    }
    fclose(file);
    return percent;
}
