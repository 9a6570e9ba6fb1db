/* A process is known by its node, the boot of that node, its number and the time at which it began: a number
 * alone is used again. */
#include <core/own_owner.h>

#include <core/file.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum { RECORD_BYTES = 1024, FIELD = 128, AGE_OF_NOTHING = 3600 /* seconds */ };

struct owner {
    char host[FIELD];
    char boot[FIELD];
    char space[FIELD]; /* of process numbers */
    char job[FIELD];   /* of SLURM, or "-" */
    long long pid;
    long long start; /* in ticks since boot */
    int locked;      /* by a lock that all nodes see */
};

static void end_at_blank(char *text)
{
    text[strcspn(text, "\n\t ")] = '\0';
}

static void read_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "re");
    if (!file || !fgets(line, size, file))
        snprintf(line, (size_t)size, "?");
    end_at_blank(line);
    if (file)
        fclose(file);
}

/* When the process began; -1: there is none. */
static long long start_of(long long pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%lld/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    const char *field = strrchr(text, ')'); /* the name of the program may hold anything */
    if (!field || !field[1] || field[2] == 'Z' || field[2] == 'X')
        return -1;
    enum { FIELDS_BEFORE = 20 }; /* state .. itrealvalue */
    for (int i = 0; i < FIELDS_BEFORE && field; i++)
        field = strchr(field + 1, ' ');
    return field ? strtoll(field, NULL, 10) : -1;
}

static void describe_self(struct owner *self)
{
    *self = (struct owner){.pid = getpid(), .start = start_of(getpid())};
    if (gethostname(self->host, sizeof self->host - 1) != 0 || !self->host[0])
        snprintf(self->host, sizeof self->host, "?");
    end_at_blank(self->host);
    read_line("/proc/sys/kernel/random/boot_id", self->boot, sizeof self->boot);
    if (readlink("/proc/self/ns/pid", self->space, sizeof self->space - 1) < 0)
        snprintf(self->space, sizeof self->space, "?");
    const char *job = getenv("SLURM_JOB_ID");
    snprintf(self->job, sizeof self->job, "%s", job && *job ? job : "-");
    end_at_blank(self->job);
}

/* Whether a lock taken here is seen on other nodes. Lustre mounted with localflock and NFS with local_lock
 * keep locks to themselves; a disk of this node is seen nowhere else. */
static bool locks_reach(int fd)
{
    struct stat info;
    char line[4096];
    bool reach = true;
    FILE *mounts = fstat(fd, &info) == 0 ? fopen("/proc/self/mountinfo", "re") : NULL;
    if (!mounts)
        return true;
    while (fgets(line, sizeof line, mounts)) {
        unsigned int large, small;
        if (sscanf(line, "%*d %*d %u:%u", &large, &small) == 2 && makedev(large, small) == info.st_dev)
            reach = !strstr(line, "localflock") && !strstr(line, "local_lock=all") &&
                    !strstr(line, "local_lock=flock") && !strstr(line, ",nolock");
    }
    fclose(mounts);
    return reach;
}

enum mzg_status mzg_owner_write(int fd, const char *path, bool *lost, struct mzg_error *err)
{
    struct owner self;
    char text[RECORD_BYTES];
    describe_self(&self);
    self.locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    *lost = !self.locked && errno == EWOULDBLOCK;
    int n = snprintf(text, sizeof text,
                     "mzgrid owner 1\nhost %s\nboot %s\nspace %s\npid %lld\nstart %lld\njob %s\nlocked %d\n",
                     self.host, self.boot, self.space, self.pid, self.start, self.job,
                     self.locked && locks_reach(fd));
    ssize_t written = pwrite(fd, text, (size_t)n, 0);
    if (written != n)
        return mzg_file_write_failed(err, path, "who owns temporary files", written < 0 ? errno : ENOSPC);
    return MZG_OK;
}

static bool read_owner(int fd, struct owner *owner)
{
    char text[RECORD_BYTES];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    *owner = (struct owner){0};
    return sscanf(text,
                  "mzgrid owner 1\nhost %127s\nboot %127s\nspace %127s\npid %lld\nstart %lld\njob "
                  "%127s\nlocked %d",
                  owner->host, owner->boot, owner->space, &owner->pid, &owner->start, owner->job,
                  &owner->locked) == 7;
}

enum mzg_own_life mzg_owner_judge(int fd, char *text, size_t size)
{
    struct owner owner, self;
    bool known = read_owner(fd, &owner);
    bool has_job = known && strcmp(owner.job, "-") != 0;
    if (known)
        snprintf(text, size, "process %lld on node %s%s%s", owner.pid, owner.host,
                 has_job ? ", SLURM job " : "", has_job ? owner.job : "");
    else
        snprintf(text, size, "a process that did not write who it is");
    bool got_lock = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!got_lock && errno == EWOULDBLOCK)
        return MZG_OWN_LIVES;
    if (!known) { /* it had no time to write, or no space */
        struct stat info;
        bool is_old = fstat(fd, &info) == 0 && time(NULL) - info.st_mtime > AGE_OF_NOTHING;
        return got_lock || is_old ? MZG_OWN_DEAD : MZG_OWN_UNKNOWN;
    }
    describe_self(&self);
    bool same_boot = self.boot[0] != '?' && strcmp(owner.boot, self.boot) == 0;
    if (same_boot && strcmp(owner.space, self.space) == 0)
        return start_of(owner.pid) == owner.start ? MZG_OWN_LIVES : MZG_OWN_DEAD;
    if (got_lock && owner.locked && locks_reach(fd))
        return MZG_OWN_DEAD;
    bool rebooted = strcmp(owner.host, self.host) == 0 && strncmp(owner.host, "localhost", 9) != 0 &&
                    !same_boot && self.boot[0] != '?' && owner.boot[0] != '?';
    return rebooted ? MZG_OWN_DEAD : MZG_OWN_UNKNOWN;
}
