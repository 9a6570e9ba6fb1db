/* What is wrong with the places of threads: hosts that are not here, as the ranks would tell of them. */
#include <cli/job_places.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { CORES = 8, SOCKETS = 2 };

/* Adds a rank on `host`, of two sockets of four cores, whose threads run on the cores that the digits of
 * `cores` name. */
static void add_rank(json_t *places, const char *host, const char *launcher, bool is_bound, const char *cores)
{
    json_t *threads = json_array(), *sockets = json_array();
    for (const char *c = cores; *c; c++)
        json_array_append_new(threads, json_pack("{s:[i], s:s}", "cores", *c - '0', "hardware_threads", ""));
    for (int c = 0; c < CORES; c++)
        json_array_append_new(sockets, json_integer(c / (CORES / SOCKETS)));
    json_array_append_new(places, json_pack("{s:i, s:s, s:s, s:b, s:b, s:{s:i, s:i, s:o}, s:o}", "rank",
                                            (int)json_array_size(places), "host", host, "launcher", launcher,
                                            "bound", is_bound, "threads_asked", 0, "node", "sockets", SOCKETS,
                                            "hardware_threads", 2 * CORES, "socket_of_core", sockets,
                                            "threads", threads));
}

/* Judges and frees `places`; `wanted` has a line "HOST WHAT TEXT" for each finding. */
static void expect(json_t *places, const char *wanted)
{
    char *text = NULL;
    size_t size, i;
    FILE *file = open_memstream(&text, &size);
    json_t *findings = mzg_places_judge(places), *finding;
    json_array_foreach(findings, i, finding)
    {
        fprintf(file, "%s %s %s\n", json_string_value(json_object_get(finding, "host")),
                json_string_value(json_object_get(finding, "what")),
                json_string_value(json_object_get(finding, "text")));
    }
    fclose(file);
    cr_expect(eq(str, text, (char *)wanted));
    free(text);
    json_decref(findings);
    json_decref(places);
}

Test(cli_places, a_core_for_each_thread_and_a_rank_for_each_socket_is_right)
{
    json_t *places = json_array();
    add_rank(places, "a", "mpirun", true, "0123");
    add_rank(places, "a", "mpirun", true, "4567");
    add_rank(places, "b", "mpirun", true, "4567");
    add_rank(places, "b", "mpirun", true, "0123");
    expect(places, "");
    places = json_array();
    for (int i = 0; i < 8; i++)
        add_rank(places, "a", "other", false, (char[]){(char)('0' + i), '\0'});
    expect(places, "");
}

Test(cli_places, threads_that_share_a_core)
{
    json_t *places = json_array();
    add_rank(places, "a", "mpirun", true, "00000000");
    expect(places,
           "a crowded rank 0: 8 threads share 1 core, to which the launcher bound it; start it with mpirun "
           "--map-by slot:PE=8 --bind-to core, or with --bind-to none\n"
           "a idle 1 of 8 cores are used; start more ranks, or each with more cores: mpirun --map-by "
           "slot:PE=8 --bind-to core\n");
    places = json_array();
    for (int i = 0; i < 4; i++)
        add_rank(places, "a", "srun", true, i < 2 ? "0011" : "4455");
    expect(
        places,
        "a crowded ranks 0, 1 and 2 more: 4 threads of each share 2 cores, to which the launcher bound them; "
        "start it with srun -c 4\n"
        "a idle 4 of 8 cores are used; start it with srun -c 2\n"
        "a shared up to 2 ranks share a core (core 0 and others); give each 2 of its own: srun "
        "--cpu-bind=cores -c N\n");
}

Test(cli_places, what_an_unbound_rank_is_told)
{
    json_t *places = json_array();
    add_rank(places, "a", "other", false, "01");
    expect(places, "a idle 2 of 8 cores are used; leave --threads out, or take --threads 8\n");
    places = json_array();
    add_rank(places, "a", "other", false, "01234567");
    expect(places,
           "a spread rank 0: threads on several sockets, which reach each other's memory slowly; a rank for "
           "each socket is faster: mpirun --map-by ppr:1:socket:PE=4 --bind-to core\n");
}

Test(cli_places, more_ranks_than_cores)
{
    json_t *places = json_array();
    for (int i = 0; i < 9; i++)
        add_rank(places, "a", "mpirun", false, (char[]){(char)('0' + i % 8), '\0'});
    expect(places, "a shared 9 ranks have 8 cores; start at most 8 ranks here\n");
}

Test(cli_places, each_host_is_judged_by_itself)
{
    json_t *places = json_array();
    add_rank(places, "a", "mpirun", true, "0123");
    add_rank(places, "b", "mpirun", true, "01");
    add_rank(places, "a", "mpirun", true, "4567");
    add_rank(places, "b", "mpirun", true, "23");
    expect(
        places,
        "b idle 4 of 8 cores are used; start more ranks, or each with more cores: mpirun --map-by slot:PE=4 "
        "--bind-to core\n");
}

Test(cli_places, names_of_what_runs_on_a_core)
{
    int n_cores = 0;
    json_t *places = json_array();
    add_rank(places, "a", "mpirun", true, "0000");
    add_rank(places, "b", "mpirun", true, "0");
    add_rank(places, "a", "mpirun", true, "10");
    json_t *hosts = mzg_places_by_host(places);
    cr_assert(eq(sz, json_array_size(hosts), 2));
    struct mzg_core_use *use = mzg_places_use(json_array_get(hosts, 0), &n_cores);
    cr_assert(ne(ptr, use, NULL));
    cr_assert(eq(int, n_cores, CORES));
    cr_expect(eq(str, use[0].text, "0.0 0.1 0.2 +2"));
    cr_expect(eq(int, use[0].n_threads, 5));
    cr_expect(eq(int, use[0].rank, 0));
    cr_expect(eq(str, use[1].text, "2.0"));
    cr_expect(eq(int, use[1].rank, 2));
    cr_expect(eq(int, use[4].socket, 1));
    free(use);
    use = mzg_places_use(json_array_get(hosts, 1), &n_cores);
    cr_assert(ne(ptr, use, NULL));
    cr_expect(eq(str, use[0].text, "1.0"));
    cr_expect(eq(str, use[1].text, "-"));
    cr_expect(eq(int, use[1].rank, -1));
    free(use);
    json_decref(hosts);
    json_decref(places);
}
