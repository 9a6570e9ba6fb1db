/* Which call fails: the settings of shim.h, the counters, and the decision. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const names[N_CALLS] = {
    [CALL_WRITE] = "write",
    [CALL_PWRITE] = "pwrite",
    [CALL_READ] = "read",
    [CALL_PREAD] = "pread",
    [CALL_FSYNC] = "fsync",
    [CALL_SYNCFS] = "syncfs",
    [CALL_RENAME] = "rename",
    [CALL_LINK] = "link",
    [CALL_MKDIR] = "mkdir",
    [CALL_FTRUNCATE] = "ftruncate",
    [CALL_FALLOCATE] = "fallocate",
    [CALL_MMAP] = "mmap",
    [CALL_ALIGNED_ALLOC] = "aligned_alloc",
    [CALL_MALLOC] = "malloc",
    [CALL_OPEN] = "open",
    [CALL_OPENDIR] = "opendir",
    [CALL_CLOSE] = "close",
    [CALL_FCLOSE] = "fclose",
    [CALL_UNLINK] = "unlink",
    [CALL_RMDIR] = "rmdir",
    [CALL_FLOCK] = "flock",
};

static const struct {
    const char *name;
    int value;
} errors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC},        {"EDQUOT", EDQUOT}, {"EINTR", EINTR},
              {"ENOMEM", ENOMEM}, {"ENOLCK", ENOLCK},        {"ENOSYS", ENOSYS}, {"EMFILE", EMFILE},
              {"EACCES", EACCES}, {"EOPNOTSUPP", EOPNOTSUPP}};

enum { MAX_PARTS = 8, MAX_RANGES = 64 };

bool shim_active;
static enum fault way;
static int error_number;
static bool kills, stops, sticky, any_call;
static int wanted = -1;
static long at;
static char path_list[PATH_SIZE];
static const char *parts[MAX_PARTS];
static int n_parts;
static const char *log_path, *counts_path, *caller, *while_path;
static struct {
    uintptr_t low, high;
} ranges[MAX_RANGES];
static int n_ranges;
static atomic_long counts[N_CALLS], total;

void shim_append(const char *name, const void *bytes, size_t size)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return;
    syscall(SYS_write, fd, bytes, size);
    syscall(SYS_close, fd);
}

static int note_ranges(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    // The program itself has no name here.
    const char *name = info->dlpi_name && *info->dlpi_name ? info->dlpi_name : (const char *)data;
    if (!strstr(name, caller))
        return 0;
    for (int i = 0; i < info->dlpi_phnum && n_ranges < MAX_RANGES; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
            continue;
        ranges[n_ranges].low = info->dlpi_addr + segment->p_vaddr;
        ranges[n_ranges].high = ranges[n_ranges].low + segment->p_memsz;
        n_ranges++;
    }
    return 0;
}

static void read_way(const char *text)
{
    way = FAULT_ERRNO;
    error_number = EIO;
    if (strcmp(text, "SHORT") == 0)
        way = FAULT_SHORT;
    kills = strcmp(text, "KILL") == 0;
    stops = strcmp(text, "STOP") == 0;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(text, errors[i].name) == 0)
            error_number = errors[i].value;
}

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value ? value : otherwise;
}

__attribute__((constructor)) static void begin(void)
{
    char program[512];
    ssize_t length = syscall(SYS_readlink, "/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(program, '/'), *own = setting("MZG_FAULT_PROGRAM", "mzgrid");
    if (strcmp(slash ? slash + 1 : program, own) != 0)
        return;
    const char *rank = getenv("MZG_FAULT_RANK");
    if (rank && strcmp(rank, setting("OMPI_COMM_WORLD_RANK", "0")) != 0)
        return;
    const char *call = setting("MZG_FAULT_CALL", "");
    any_call = strcmp(call, "any") == 0;
    for (int i = 0; i < N_CALLS; i++)
        if (strcmp(call, names[i]) == 0)
            wanted = i;
    at = atol(setting("MZG_FAULT_AT", "0"));
    read_way(setting("MZG_FAULT_AS", "EIO"));
    sticky = getenv("MZG_FAULT_STICKY") != NULL;
    snprintf(path_list, sizeof path_list, "%s", setting("MZG_FAULT_PATHS", ""));
    char *rest = NULL;
    for (char *part = strtok_r(path_list, ":", &rest); part && n_parts < MAX_PARTS;
         part = strtok_r(NULL, ":", &rest))
        parts[n_parts++] = part;
    log_path = getenv("MZG_FAULT_LOG");
    counts_path = getenv("MZG_FAULT_COUNTS");
    while_path = getenv("MZG_FAULT_WHILE");
    caller = setting("MZG_FAULT_CALLER", own);
    dl_iterate_phdr(note_ranges, (void *)(uintptr_t)own);
    if (getenv("MZG_FAULT_RECORD"))
        record_open(getenv("MZG_FAULT_RECORD"));
    shim_active = true;
}

__attribute__((destructor)) static void end(void)
{
    if (!shim_active || !counts_path)
        return;
    char text[1024];
    int length = snprintf(text, sizeof text, "any=%ld", (long)total);
    for (int i = 0; i < N_CALLS; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, " %s=%ld", names[i], (long)counts[i]);
    text[length++] = '\n';
    shim_append(counts_path, text, (size_t)length);
}

bool shim_meant(const char *path)
{
    for (int i = 0; i < n_parts; i++)
        if (strstr(path, parts[i]))
            return true;
    return n_parts == 0;
}

bool shim_is_caller(const void *address)
{
    for (int i = 0; i < n_ranges; i++)
        if ((uintptr_t)address >= ranges[i].low && (uintptr_t)address < ranges[i].high)
            return true;
    return false;
}

bool shim_wants_memory(void)
{
    return shim_active && (wanted == CALL_MALLOC || wanted == CALL_ALIGNED_ALLOC || any_call || counts_path);
}

void shim_resolve(int directory, const char *name, char *path)
{
    char link[64] = "/proc/self/cwd";
    if (*name == '/') {
        snprintf(path, PATH_SIZE, "%s", name);
        return;
    }
    if (directory != AT_FDCWD)
        snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t length = syscall(SYS_readlink, link, path, PATH_SIZE / 2);
    if (length < 0)
        length = 0;
    snprintf(path + length, PATH_SIZE - (size_t)length, "/%s", name);
}

enum fault shim_due(enum call call, const char *path)
{
    if (!shim_active || (path && !shim_meant(path)))
        return FAULT_NONE;
    long nth = atomic_fetch_add(&counts[call], 1) + 1, nth_of_all = atomic_fetch_add(&total, 1) + 1;
    if (any_call)
        nth = nth_of_all;
    else if (wanted != (int)call)
        return FAULT_NONE;
    if (at == 0 || nth < at || (nth > at && !sticky))
        return FAULT_NONE;
    if (while_path && syscall(SYS_faccessat, AT_FDCWD, while_path, F_OK) != 0)
        return FAULT_NONE;
    if (log_path && nth == at) {
        char text[PATH_SIZE + 64];
        int length = snprintf(text, sizeof text, "%s %ld %s\n", names[call], nth, path ? path : "");
        shim_append(log_path, text, (size_t)length < sizeof text ? (size_t)length : sizeof text);
    }
    if (kills) {
        syscall(SYS_kill, (pid_t)syscall(SYS_getpid), SIGKILL);
        for (;;)
            ;
    }
    if (stops) {
        syscall(SYS_tgkill, (pid_t)syscall(SYS_getpid), (pid_t)syscall(SYS_gettid), SIGSTOP);
        return FAULT_NONE;
    }
    errno = error_number;
    return way;
}

enum fault shim_due_fd(enum call call, int fd, char *path)
{
    char link[64];
    path[0] = '\0';
    if (!shim_active)
        return FAULT_NONE;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlink, link, path, PATH_SIZE - 1);
    path[length > 0 ? length : 0] = '\0';
    if (path[0] != '/' || strncmp(path, "/dev/pts/", 9) == 0 || strcmp(path, "/dev/null") == 0)
        return FAULT_NONE;
    return shim_due(call, path);
}
