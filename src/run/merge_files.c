#include <run/merge_files.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/file.h>
#include <core/mpi.h>
#include <core/stop.h>
#include <run/merge_declare.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum mzg_status no_memory(struct mzg_error *err)
{
    return mzg_fail(err, MZG_ENOMEM, "no memory to list the files that are merged");
}

/* Room for one more file with `size` more bytes of text. */
static enum mzg_status reserve(struct mzg_merge_files *files, int64_t size, struct mzg_error *err)
{
    const struct mzg_array arrays[] = {{&files->begins, 2 * (int64_t)sizeof *files->begins},
                                       {&files->states, sizeof *files->states}};
    if (mzg_arrays_grow(arrays, 2, files->n + 1, &files->capacity, "files that are merged", err) == MZG_OK)
        mzg_array_grow(&files->text, 1, files->text_size + size, &files->text_capacity,
                       "bytes of the paths of files that are merged", err);
    return err->status;
}

static int64_t put(struct mzg_merge_files *files, const char *text)
{
    int64_t begin = files->text_size, size = (int64_t)strlen(text) + 1;
    memcpy(files->text + begin, text, (size_t)size);
    files->text_size += size;
    return begin;
}

static enum mzg_status add(struct mzg_merge_files *files, const char *from, const char *to,
                           const struct mzg_file_state *state, struct mzg_error *err)
{
    if (reserve(files, (int64_t)(strlen(from) + strlen(to)) + 2, err) != MZG_OK)
        return err->status;
    files->begins[2 * files->n] = put(files, from);
    files->begins[2 * files->n + 1] = put(files, to);
    files->states[files->n++] = *state;
    return MZG_OK;
}

/* Whether a file belongs to an array that is written anew: it lies in the directory of one. */
static bool is_of_rewritten(const struct mzg_element *element, const char *path)
{
    for (int64_t i = 0; i < element->n_nodes; i++) {
        const struct mzg_catalog_node *node = &element->nodes[i];
        size_t length = strlen(node->path);
        if (strncmp(path, node->path, length) == 0 && path[length] == '/' &&
            mzg_merge_is_rewritten(element, node))
            return true;
    }
    return false;
}

enum mzg_status mzg_merge_files_add(const struct mzg_merge_input *input, const struct mzg_element *element,
                                    const char *node, const char *path, struct mzg_merge_files *files,
                                    struct mzg_error *err)
{
    size_t length = strlen(node);
    for (int64_t i = 0; i < element->n_files && err->status == MZG_OK; i++) {
        const struct mzg_catalog_file *file = &element->files[i];
        if (strncmp(file->path, node, length) != 0 || (length > 0 && file->path[length] != '/') ||
            is_of_rewritten(element, file->path))
            continue;
        char *from, *to;
        if (asprintf(&from, "%s/%s/%s/%s", input->catalog.path, mzg_element_group(element->kind),
                     element->name, file->path) < 0)
            from = NULL;
        if (asprintf(&to, "%s/%s", path, file->path + (length > 0 ? length + 1 : 0)) < 0)
            to = NULL;
        if (from && to)
            add(files, from, to, &file->state, err);
        else
            no_memory(err);
        free(to);
        free(from);
    }
    return err->status;
}

enum mzg_status mzg_merge_files_list(const struct mzg_merge_inputs *inputs, struct mzg_merge_files *files,
                                     struct mzg_error *err)
{
    for (int i = 0; i < inputs->n; i++) {
        const struct mzg_merge_input *input = &inputs->inputs[i];
        for (int64_t k = 0; k < input->catalog.n_elements && err->status == MZG_OK; k++) {
            const struct mzg_element *element = &input->catalog.elements[k];
            char *path;
            if (k == input->table)
                continue;
            if (asprintf(&path, "%s/%s", mzg_element_group(element->kind), input->names[k]) < 0)
                return no_memory(err);
            mzg_merge_files_add(input, element, "", path, files, err);
            free(path);
        }
    }
    return err->status;
}

static void broadcast(void *bytes, int64_t size, MPI_Comm comm)
{
    enum { PIECE = 1 << 28 };
    for (int64_t first = 0; first < size; first += PIECE)
        MZG_MPI(MPI_Bcast((char *)bytes + first, (int)(size - first < PIECE ? size - first : PIECE), MPI_BYTE,
                          0, comm));
}

enum mzg_status mzg_merge_files_share(const struct mzg_context *context, struct mzg_merge_files *files,
                                      struct mzg_error *err)
{
    int64_t sizes[2] = {files->n, files->text_size};
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MZG_MPI(MPI_Bcast(sizes, 2, MPI_INT64_T, 0, context->comm));
    if (context->rank != 0) {
        *files = (struct mzg_merge_files){.n = sizes[0], .text_size = sizes[1]};
        files->text = malloc((size_t)sizes[1] + 1);
        files->begins = malloc((size_t)(2 * sizes[0] + 1) * sizeof *files->begins);
        files->states = malloc((size_t)(sizes[0] + 1) * sizeof *files->states);
        if (!files->text || !files->begins || !files->states)
            no_memory(err);
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    broadcast(files->text, files->text_size, context->comm);
    broadcast(files->begins, 2 * files->n * (int64_t)sizeof *files->begins, context->comm);
    broadcast(files->states, files->n * (int64_t)sizeof *files->states, context->comm);
    return MZG_OK;
}

static enum mzg_status clone_file(const struct mzg_context *context, const struct mzg_merge_files *files,
                                  int64_t i, const char *part, struct mzg_clone_limits *limits,
                                  int64_t done[MZG_CLONE_WAYS + 1], struct mzg_error *err)
{
    const char *from = files->text + files->begins[2 * i];
    enum mzg_clone_way way = MZG_CLONE_COPIED;
    char *to;
    if (asprintf(&to, "%s/%s", part, files->text + files->begins[2 * i + 1]) < 0)
        return no_memory(err);
    if (mzg_file_make_directories(to, err) == MZG_OK &&
        mzg_clone_file(from, &files->states[i], to, limits, context->stop, &way, err) == MZG_OK) {
        done[way]++;
        done[MZG_CLONE_WAYS] += way == MZG_CLONE_COPIED ? files->states[i].size : 0;
    }
    free(to);
    return err->status;
}

enum mzg_status mzg_merge_files_clone(const struct mzg_context *context, const struct mzg_merge_files *files,
                                      const char *part, bool copy, const struct mzg_progress *progress,
                                      struct mzg_merge_outcome *outcome, struct mzg_error *err)
{
    struct mzg_clone_limits limits = {.no_sharing = copy, .no_links = copy};
    int64_t done[MZG_CLONE_WAYS + 1] = {0};
    for (int64_t i = context->rank; i < files->n && mzg_check_stop(context->stop, err) == MZG_OK;
         i += context->size) {
        if (clone_file(context, files, i, part, &limits, done, err) != MZG_OK)
            break;
        if (context->rank == 0 && progress && progress->update)
            progress->update(progress->context, "taking over", i + 1, files->n);
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, done, MZG_CLONE_WAYS + 1, MPI_INT64_T, MPI_SUM, context->comm));
    outcome->shared = done[MZG_CLONE_SHARED];
    outcome->linked = done[MZG_CLONE_LINKED];
    outcome->copied = done[MZG_CLONE_COPIED];
    outcome->bytes_copied = done[MZG_CLONE_WAYS];
    return MZG_OK;
}

enum mzg_status mzg_merge_files_check(const struct mzg_context *context, const struct mzg_merge_files *files,
                                      struct mzg_error *err)
{
    for (int64_t i = context->rank; i < files->n && err->status == MZG_OK; i += context->size)
        mzg_file_check_state(files->text + files->begins[2 * i], &files->states[i], err);
    return mzg_agree(context->comm, err);
}

void mzg_merge_files_destroy(struct mzg_merge_files *files)
{
    free(files->text);
    free(files->begins);
    free(files->states);
    *files = (struct mzg_merge_files){0};
}
