#include <core/file.h>
#include <core/stop.h>
#include <imzml/ibd_checksum.h>

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 4 << 20 };

static const EVP_MD *digest_of(const char *type)
{
    if (strcmp(type, "SHA-256") == 0)
        return EVP_sha256();
    return strcmp(type, "SHA-1") == 0 ? EVP_sha1() : EVP_md5();
}

/* What ends it early, from the thread that waits for it or by a signal; each may be NULL. */
struct ending {
    const atomic_bool *by_thread;
    const atomic_int *stop;
};

static enum mzg_status hash_file(const struct mzg_ibd *ibd, struct ending ending, EVP_MD_CTX *hash,
                                 unsigned char *piece, struct mzg_error *err)
{
    for (int64_t done = 0; done < ibd->size; done += PIECE_BYTES) {
        if (mzg_check_stop(ending.stop, err) != MZG_OK)
            return err->status;
        if (ending.by_thread && atomic_load(ending.by_thread))
            return mzg_fail(err, MZG_EINTERRUPTED, "%s: its checksum was not computed to the end", ibd->path);
        int64_t n = ibd->size - done < PIECE_BYTES ? ibd->size - done : PIECE_BYTES;
        int error = mzg_read_at(ibd->fd, piece, n, done);
        if (error)
            return mzg_fail(err, MZG_EIO, "%s: cannot read bytes %lld to %lld: %s", ibd->path,
                            (long long)done, (long long)(done + n - 1), strerror(error));
        EVP_DigestUpdate(hash, piece, (size_t)n);
    }
    return MZG_OK;
}

static enum mzg_status checksum(const struct mzg_ibd *ibd, const char *type, struct ending ending,
                                char hex[65], struct mzg_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    unsigned char *piece = malloc(PIECE_BYTES);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    /* MD5 is refused where the administrator allows approved algorithms only. */
    if (!piece || !hash || EVP_DigestInit_ex(hash, digest_of(type), NULL) != 1)
        mzg_fail(err, MZG_ENOMEM, "%s: cannot compute its %s", ibd->path, type);
    else if (hash_file(ibd, ending, hash, piece, err) == MZG_OK)
        EVP_DigestFinal_ex(hash, digest, &length);
    EVP_MD_CTX_free(hash);
    free(piece);
    for (unsigned i = 0; i < length; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
    return err->status;
}

enum mzg_status mzg_ibd_checksum(const struct mzg_ibd *ibd, const char *type, const atomic_int *stop,
                                 char hex[65], struct mzg_error *err)
{
    return checksum(ibd, type, (struct ending){.stop = stop}, hex, err);
}

struct mzg_checksum_thread {
    pthread_t id;
    const struct mzg_ibd *ibd;
    const char *type;
    atomic_bool stop;
    atomic_bool done;
    char hex[65];
    struct mzg_error err;
};

static void *run(void *context)
{
    struct mzg_checksum_thread *thread = context;
    checksum(thread->ibd, thread->type, (struct ending){.by_thread = &thread->stop}, thread->hex,
             &thread->err);
    atomic_store(&thread->done, true);
    return NULL;
}

enum mzg_status mzg_checksum_start(const struct mzg_ibd *ibd, const char *type,
                                   struct mzg_checksum_thread **thread, struct mzg_error *err)
{
    struct mzg_checksum_thread *started = calloc(1, sizeof *started);
    if (!started)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to compute its checksum", ibd->path);
    started->ibd = ibd;
    started->type = type;
    int error = pthread_create(&started->id, NULL, run, started);
    if (error) {
        free(started);
        return mzg_fail(err, MZG_ENOMEM, "%s: no thread to compute its checksum: %s", ibd->path,
                        strerror(error));
    }
    *thread = started;
    return MZG_OK;
}

bool mzg_checksum_is_done(const struct mzg_checksum_thread *thread)
{
    return atomic_load(&thread->done);
}

enum mzg_status mzg_checksum_end(struct mzg_checksum_thread *thread, char hex[65], struct mzg_error *err)
{
    if (!thread)
        return MZG_OK;
    atomic_store(&thread->stop, true);
    pthread_join(thread->id, NULL);
    enum mzg_status status = thread->err.status;
    if (hex)
        memcpy(hex, thread->hex, sizeof thread->hex);
    if (err && status != MZG_OK)
        *err = thread->err;
    free(thread);
    return status;
}
