/* A store written by all ranks: its files are there on every rank's return, its metadata agree, and an error
 * reaches all. */
#include <mpi_directory.h>
#include <string.h>
#include <unistd.h>
#include <zarr/store.h>

struct fixture {
    char directory[256];
    struct mzg_context context;
    struct mzg_zarr_store *store;
    struct mzg_error err;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){0};
    begin_directory(&f->context, 2, f->directory);
    cr_assert(eq(int, mzg_zarr_store_new(&f->context, f->directory, &f->store, &f->err), MZG_OK));
    cr_assert(eq(int, mzg_zarr_group(f->store, "", json_pack("{s:s}", "a", "b"), &f->err), MZG_OK));
}

static void end(struct fixture *f)
{
    mzg_zarr_store_free(f->store);
    end_directory(&f->context, f->directory);
}

static json_t *load(const struct fixture *f, const char *name)
{
    size_t size;
    json_error_t where;
    char *text = (char *)read_whole_file(f->directory, name, &size);
    json_t *json = text ? json_loads(text, 0, &where) : NULL;
    free(text);
    cr_assert_not_null(json, "%s is missing or no JSON", name);
    return json;
}

/* An array of 40 shards, whose element i is i, written by the ranks in turn. */
static void write_numbers(struct fixture *f)
{
    struct mzg_zarr_array_spec spec = {.type = MZG_INT32,
                                       .n_dimensions = 1,
                                       .shape = {399},
                                       .chunk = {5},
                                       .shard = {10},
                                       .codec = {.kind = MZG_CODEC_NONE}};
    struct mzg_zarr_array *array;
    cr_assert(eq(int, mzg_zarr_array(f->store, "n", &spec, json_object(), &array, &f->err), MZG_OK));
    for (int64_t file = mpi_rank; file < mzg_zarr_array_files(array); file += mpi_size) {
        int32_t data[10];
        for (int i = 0; i < 10; i++)
            data[i] = (int32_t)(10 * file + i);
        cr_assert(eq(int, mzg_zarr_write(array, file, data, &f->err), MZG_OK));
    }
}

MPI_TEST(zarr_store, all_ranks_see_the_whole_store)
{
    struct fixture f;
    begin(&f);
    write_numbers(&f);
    if (mpi_rank == 0) /* only here: no other rank writes below it */
        mzg_zarr_group(f.store, "group", json_pack("{s:i}", "only", 1), &f.err);
    cr_assert(eq(int, mzg_zarr_store_finish(f.store, &f.err), MZG_OK), "%s", f.err.text);

    int32_t expected = 0;
    for (int file = 0; file < 40; file++) {
        char name[64];
        size_t size;
        snprintf(name, sizeof name, "n/c/%d", file);
        unsigned char *bytes = read_whole_file(f.directory, name, &size);
        cr_assert_not_null(bytes, "%s is missing", name);
        for (int i = 0; i < 10 && expected < 399; i++, expected++) {
            int32_t value;
            memcpy(&value, bytes + 4 * i, 4);
            cr_expect(eq(i32, value, expected));
        }
        free(bytes);
    }

    json_t *root = load(&f, "zarr.json"), *group = load(&f, "group/zarr.json"),
           *array = load(&f, "n/zarr.json");
    json_t *all = json_object_get(json_object_get(root, "consolidated_metadata"), "metadata");
    cr_expect(eq(sz, json_object_size(all), 2));
    cr_expect(json_equal(json_object_get(all, "group"), group) == 1);
    cr_expect(json_equal(json_object_get(all, "n"), array) == 1);
    cr_expect(
        eq(str, (char *)json_string_value(json_object_get(json_object_get(root, "attributes"), "a")), "b"));
    json_decref(root);
    json_decref(group);
    json_decref(array);
    end(&f);
}

/* Of a group that is to hold copies of what lies below it, and of nothing else, whatever it is called. */
MPI_TEST(zarr_store, metadata_of_a_group_hold_those_below)
{
    struct fixture f;
    begin(&f);
    static const char *const paths[] = {"t", "t/a", "t/a/b", "t2", "u"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        mzg_zarr_group(f.store, paths[i], json_pack("{s:i}", "k", (int)i), &f.err);
    mzg_zarr_consolidate(f.store, "t", &f.err);
    cr_assert(eq(int, mzg_zarr_store_finish(f.store, &f.err), MZG_OK), "%s", f.err.text);
    json_t *group = load(&f, "t/zarr.json"), *root = load(&f, "zarr.json"), *a = load(&f, "t/a/zarr.json"),
           *b = load(&f, "t/a/b/zarr.json");
    json_t *expected = json_pack("{s:s, s:b, s:{s:O, s:O}}", "kind", "inline", "must_understand", 0,
                                 "metadata", "a", a, "a/b", b);
    cr_expect(json_equal(json_object_get(group, "consolidated_metadata"), expected) == 1);
    json_t *all = json_object_get(json_object_get(root, "consolidated_metadata"), "metadata");
    cr_expect(eq(sz, json_object_size(all), 5));
    cr_expect_null(json_object_get(json_object_get(all, "t"), "consolidated_metadata"));
    cr_expect_null(json_object_get(a, "consolidated_metadata"));
    json_decref(expected);
    json_decref(group);
    json_decref(root);
    json_decref(a);
    json_decref(b);
    end(&f);
}

MPI_TEST(zarr_store, metadata_of_an_array_are_complete)
{
    struct fixture f;
    begin(&f);
    struct mzg_zarr_array_spec spec = {.type = MZG_FLOAT32,
                                       .n_dimensions = 2,
                                       .shape = {3, 20},
                                       .chunk = {1, 4},
                                       .shard = {2, 8},
                                       .codec = {.kind = MZG_CODEC_BLOSC_ZSTD, .level = 5},
                                       .dimension_names = "yx"};
    struct mzg_zarr_array *array;
    mzg_zarr_array(f.store, "a", &spec, json_pack("{s:s}", "k", "v"), &array, &f.err);
    cr_assert(eq(int, mzg_zarr_store_finish(f.store, &f.err), MZG_OK));
    const char *text =
        "{'zarr_format':3,'node_type':'array','shape':[3,20],'data_type':'float32',"
        "'chunk_grid':{'name':'regular','configuration':{'chunk_shape':[2,8]}},"
        "'chunk_key_encoding':{'name':'default','configuration':{'separator':'/'}},'fill_value':0.0,"
        "'codecs':[{'name':'sharding_indexed','configuration':{'chunk_shape':[1,4],'codecs':["
        "{'name':'bytes','configuration':{'endian':'little'}},{'name':'blosc','configuration':"
        "{'cname':'zstd','clevel':5,'shuffle':'noshuffle','typesize':1,'blocksize':16}}],'index_codecs':["
        "{'name':'bytes','configuration':{'endian':'little'}},{'name':'crc32c'}],'index_location':'end'}}],"
        "'attributes':{'k':'v'},'dimension_names':['y','x']}";
    char quoted[2048];
    snprintf(quoted, sizeof quoted, "%s", text);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_error_t where;
    json_t *expected = json_loads(quoted, 0, &where), *metadata = load(&f, "a/zarr.json");
    cr_assert_not_null(expected);
    cr_expect(json_equal(metadata, expected) == 1);
    json_decref(expected);
    json_decref(metadata);
    end(&f);
}

MPI_TEST(zarr_store, can_be_synced_before_it_is_finished)
{
    struct fixture f;
    begin(&f);
    write_numbers(&f);
    mzg_zarr_store_start_sync(f.store);
    cr_expect(eq(int, mzg_zarr_store_finish(f.store, &f.err), MZG_OK), "%s", f.err.text);
    json_decref(load(&f, "n/zarr.json"));
    mzg_zarr_store_start_sync(f.store); /* which freeing waits for */
    end(&f);
}

/* Rank 0, the first of the node, cannot sync a store that is gone. */
MPI_TEST(zarr_store, failure_of_an_early_sync_reaches_all_ranks)
{
    struct fixture f;
    struct mzg_zarr_store *store;
    char path[512];
    begin(&f);
    snprintf(path, sizeof path, "%s/gone", f.directory);
    cr_assert(eq(int, mzg_zarr_store_new(&f.context, path, &store, &f.err), MZG_OK));
    mzg_zarr_store_start_sync(store);
    cr_expect(eq(int, mzg_zarr_store_finish(store, &f.err), MZG_EIO));
    cr_expect_not_null(strstr(f.err.text, "gone: cannot bring it to the disk"), "%s", f.err.text);
    mzg_zarr_store_free(store);
    end(&f);
}

/* What syncing tells of begins when its descriptor is opened: before anything is written, and not by name. */
MPI_TEST(zarr_store, syncing_does_not_open_the_store_again)
{
    struct fixture f;
    struct mzg_zarr_store *store;
    char path[512], moved[512];
    begin(&f);
    snprintf(path, sizeof path, "%s/here", f.directory);
    snprintf(moved, sizeof moved, "%s/moved", f.directory);
    if (mpi_rank == 0)
        cr_assert(eq(int, mkdir(path, 0777), 0));
    MPI_Barrier(MPI_COMM_WORLD);
    cr_assert(eq(int, mzg_zarr_store_new(&f.context, path, &store, &f.err), MZG_OK));
    cr_assert(eq(int, mzg_zarr_group(store, "", json_object(), &f.err), MZG_OK));
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0)
        cr_assert(eq(int, rename(path, moved), 0));
    mzg_zarr_store_start_sync(store);
    cr_expect(eq(int, mzg_zarr_store_finish(store, &f.err), MZG_OK), "%s", f.err.text);
    mzg_zarr_store_free(store);
    end(&f);
}

/* What only the last rank misses. `each`: as where each file is synced, which the kernel of the test need not
 * ask for. */
static void finish_without_a_file(bool each, bool shorter)
{
    struct fixture f;
    begin(&f);
    write_numbers(&f);
    f.store->sync_each = each;
    cr_assert(gt(i64, f.store->n_written, 0));
    if (mpi_rank == mpi_size - 1) {
        const struct mzg_zarr_written *last = &f.store->written[f.store->n_written - 1];
        char *path = mzg_zarr_file_path(last->array, last->number);
        cr_assert(eq(int, shorter ? truncate(path, last->size - 1) : unlink(path), 0));
        free(path);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    cr_expect(eq(int, mzg_zarr_store_finish(f.store, &f.err), MZG_EIO));
    cr_expect_not_null(strstr(f.err.text, shorter ? "were written" : "it was written and is gone"), "%s",
                       f.err.text);
    end(&f);
}

MPI_TEST(zarr_store, file_that_is_gone_when_all_is_done_is_missed)
{
    finish_without_a_file(false, false);
    finish_without_a_file(true, false);
    finish_without_a_file(false, true);
}

MPI_TEST(zarr_store, files_are_synced_one_by_one_where_syncing_all_tells_nothing)
{
    struct fixture f;
    begin(&f);
    write_numbers(&f);
    f.store->sync_each = true;
    cr_expect(eq(int, mzg_zarr_store_finish(f.store, &f.err), MZG_OK), "%s", f.err.text);
    end(&f);
}

MPI_TEST(zarr_store, failure_while_finishing_reaches_all_ranks)
{
    struct fixture f;
    begin(&f);
    write_numbers(&f);
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0) /* where the metadata of the array belongs stands a directory */
        cr_assert_eq(mkdir(strcat(strcpy((char[512]){0}, f.directory), "/n/zarr.json"), 0777), 0);
    cr_expect(eq(int, mzg_zarr_store_finish(f.store, &f.err), MZG_EIO));
    cr_expect_not_null(strstr(f.err.text, "n/zarr.json"), "%s", f.err.text);
    cr_expect_not(path_exists(f.directory, "zarr.json"), "an unfinished store has no root");
    end(&f);
}

MPI_TEST(zarr_store, error_of_the_last_rank_before_finishing_stops_all)
{
    struct fixture f;
    begin(&f);
    if (mpi_rank == mpi_size - 1)
        mzg_fail(&f.err, MZG_EIO, "the last rank");
    cr_expect(eq(int, mzg_zarr_store_finish(f.store, &f.err), MZG_EIO));
    cr_expect(eq(str, f.err.text, "the last rank"));
    cr_expect_not(path_exists(f.directory, "zarr.json"));
    end(&f);
}
