#include <input/ibd_checksum.h>

#include <openssl/evp.h>
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

static enum mzg_status hash_file(const struct mzg_ibd *ibd, EVP_MD_CTX *hash, unsigned char *piece,
                                 struct mzg_error *err)
{
    for (int64_t done = 0; done < ibd->size; done += PIECE_BYTES) {
        int64_t n = ibd->size - done < PIECE_BYTES ? ibd->size - done : PIECE_BYTES;
        int error = mzg_read_at(ibd->fd, piece, n, done);
        if (error)
            return mzg_fail(err, MZG_EIO, "%s: cannot read bytes %lld to %lld: %s", ibd->path,
                            (long long)done, (long long)(done + n - 1), strerror(error));
        EVP_DigestUpdate(hash, piece, (size_t)n);
    }
    return MZG_OK;
}

enum mzg_status mzg_ibd_checksum(const struct mzg_ibd *ibd, const char *type, char hex[65],
                                 struct mzg_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    unsigned char *piece = malloc(PIECE_BYTES);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    /* MD5 is refused where the administrator allows approved algorithms only. */
    if (!piece || !hash || EVP_DigestInit_ex(hash, digest_of(type), NULL) != 1)
        mzg_fail(err, MZG_ENOMEM, "%s: cannot compute its %s", ibd->path, type);
    else if (hash_file(ibd, hash, piece, err) == MZG_OK)
        EVP_DigestFinal_ex(hash, digest, &length);
    EVP_MD_CTX_free(hash);
    free(piece);
    for (unsigned i = 0; i < length; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
    return err->status;
}
