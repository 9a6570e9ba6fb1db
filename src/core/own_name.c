#include <core/own_name.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { SHOWN = 80 };

/* FNV-1a, which tells paths apart; nothing depends on its being hard to meet. */
static uint32_t digest_on(uint32_t digest, const char *text)
{
    for (; *text; text++)
        digest = (digest ^ (unsigned char)*text) * UINT32_C(16777619);
    return digest;
}

char *mzg_own_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

int mzg_own_stem(const char *output, char stem[MZG_OWN_STEM])
{
    char *copy = strdup(output);
    if (!copy)
        return -1;
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
        copy[n - 1] = '\0';
    char *directory = mzg_own_directory_of(copy);
    char *whole = directory ? realpath(directory, NULL) : NULL;
    const char *slash = strrchr(copy, '/');
    const char *name = slash ? slash + 1 : copy;
    if (whole) {
        uint32_t digest = digest_on(digest_on(digest_on(UINT32_C(2166136261), whole), "/"), name);
        snprintf(stem, MZG_OWN_STEM, "%.*s.%08" PRIx32 "-", SHOWN, name, digest);
    }
    int status = whole ? 0 : -1;
    free(whole);
    free(directory);
    free(copy);
    return status;
}

void mzg_own_tag(char tag[MZG_OWN_TAG])
{
    uint32_t number;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        number = (uint32_t)(now.tv_nsec ^ now.tv_sec) * UINT32_C(2654435761) ^ (uint32_t)getpid();
    }
    snprintf(tag, MZG_OWN_TAG, "%08" PRIx32, number);
}

bool mzg_own_is_name(const char *name, const char *stem, char tag[MZG_OWN_TAG], const char **role)
{
    size_t n = strlen(stem), digits = MZG_OWN_TAG - 1;
    if (strncmp(name, stem, n) != 0 || strspn(name + n, "0123456789abcdef") != digits ||
        name[n + digits] != '.')
        return false;
    memcpy(tag, name + n, digits);
    tag[digits] = '\0';
    *role = name + n + digits + 1;
    return true;
}

char *mzg_own_path(const char *directory, const char *stem, const char *tag, const char *role)
{
    char *path;
    const char *between = directory[strlen(directory) - 1] == '/' ? "" : "/";
    return asprintf(&path, "%s%s%s%s.%s", directory, between, stem, tag, role) < 0 ? NULL : path;
}
