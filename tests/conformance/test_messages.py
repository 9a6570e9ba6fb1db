"""Messages and bytes of conversions, counted rank by rank, beside the formulas of docs/scaling.md."""
import json
import subprocess
import sys

import pytest
from conftest import REPOSITORY, mpi_environment
from stores import tree

sys.path.insert(0, str(REPOSITORY / "scripts"))
import message_formulas as formulas


@pytest.fixture(scope="module")
def count(mzgrid):
    """Counts conversions on `ranks` ranks, by scripts/count-messages."""
    if not (mzgrid.path.parent / "tests/libcount_mpi.so").exists():
        pytest.fail("no library that counts calls: build the target conformance_programs")

    def run(source, ranks, *options, nodes=1, script=()):
        command = [REPOSITORY / "scripts/count-messages", "--build", mzgrid.path.parent, "--ranks", ranks, "--input", source,
                   "--nodes", nodes, "--json", *script, "--", *options]
        done = subprocess.run(list(map(str, command)), env=mpi_environment(), capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        counts = json.loads(done.stdout)[0]
        if ranks > 1 and counts["functions"]["Iallreduce"]["messages"] < 0:
            pytest.skip("messages are seen with Open MPI 4 and 5 only")
        return counts

    return run


def check_tallies(counts, nodes=1):
    ranks, tallies = counts["ranks"], counts["functions"]["Iallreduce"]
    assert tallies["calls"] == counts["rounds"] > 2
    assert tallies["messages"] == counts["rounds"] * 2 * (ranks - 1)
    assert tallies["bytes"] == tallies["messages"] * formulas.tally_bytes(ranks, nodes)


def messages_of(counts):
    """{function: messages of all ranks} of a round."""
    return {name: cost["messages"] for name, cost in counts["round"].items() if cost["messages"]}


def check_round(counts, streaming):
    """One call that waits for all, and nothing else."""
    ranks = counts["ranks"]
    assert messages_of(counts) == formulas.round_messages(ranks)
    assert counts["round"]["Iallreduce"]["calls"] == 1
    for name, sent in formulas.round_bytes(ranks, 1, streaming).items():
        assert counts["round"][name]["bytes"] == sent, name


@pytest.mark.parametrize("ranks", [3, 8])
def test_a_round_into_a_file(count, ranks):
    counts = count("synthetic:32x32:60:centroid:3:full", ranks, "--bins", 3000, "--streaming", "hdf5")
    check_tallies(counts)
    check_round(counts, "hdf5")


def test_a_round_into_the_store(count):
    """No unit of 2^18 values is whole before the end, so that nothing but the tally is sent."""
    counts = count("synthetic:32x32:60:centroid:3:full", 5, "--bins", 3000, "--streaming", "direct", "--layout", "csr")
    check_tallies(counts)
    check_round(counts, "direct")


def check_units(count, ranks):
    """A dense X of 1,024 rows, of which a unit has 128: ranks tell each other nothing but the tally, and send rows and units
    to those alone who need them."""
    counts = count("synthetic:32x32:60:centroid:3:full", ranks, "--bins", 3000, "--streaming", "direct", "--layout", "dense")
    check_tallies(counts)
    sent = messages_of(counts)
    assert sent.pop("Isend") <= formulas.most_direct_messages(ranks, 1, 0)
    assert sent == formulas.round_messages(ranks)
    units = 1024 // 128
    most = formulas.most_direct_messages(ranks, counts["rounds"] - 1, units)
    assert units * (1 - 1 / ranks) - 1 <= counts["functions"]["Isend"]["messages"] <= most


def test_units_of_a_store(count):
    check_units(count, 4)


def test_a_round_in_memory(count):
    check_tallies(count("synthetic:32x32:60:centroid:3:full", 4, "--bins", 3000, "--streaming", "off"))


def test_every_number_of_ranks(count, full):
    if not full:
        pytest.skip("--full counts on 1 to 32 ranks")
    for ranks in (1, 2, 5, 16, 32):
        for streaming, layout in (("hdf5", "csc"), ("direct", "csr")):
            counts = count("synthetic:32x32:60:centroid:3:full", ranks, "--bins", 3000, "--streaming", streaming, "--layout",
                           layout)
            if ranks > 1:
                check_tallies(counts)
                check_round(counts, streaming)
        if ranks > 1:
            check_units(count, ranks)


def exchanged(count, source, ranks, *options):
    """The bytes that turn rows into columns, and the values stored: all else that is exchanged, csr needs as well."""
    csc, csr = (count(source, ranks, *options, "--streaming", "hdf5", "--layout", layout, script=["--once"])
                for layout in ("csc", "csr"))
    return csc["functions"]["Alltoallv"]["bytes"] - csr["functions"]["Alltoallv"]["bytes"], csc["values"]


def test_rows_without_values_for_a_rank_are_not_sent(count):
    """One point a pixel: a count of each row for each rank would be 25,600 × 7 × 4 bytes."""
    pixels, ranks = 160 * 160, 8
    sent, _ = exchanged(count, "synthetic:160x160:1:centroid:3:full", ranks, "--bins", 3000)
    assert 0 < sent <= 16 * pixels < 4 * pixels * (ranks - 1)


def test_values_are_sent_once(count):
    """Five shards of X on four ranks, of which each reads as much."""
    pixels, ranks, points = 64 * 64, 4, 300
    sent, values = exchanged(count, "synthetic:64x64:300:centroid:3:full", ranks, "--bins", 30000)
    assert 0.8 * pixels * points < values < 1.2 * pixels * points  # so many shards
    assert 8 * values * 0.6 < sent <= formulas.transposition_bytes(pixels, values, ranks)


def test_ranks_on_two_nodes(mzgrid, count, tmp_path):
    source = "synthetic:32x32:60:centroid:3:full"
    check_tallies(count(source, 4, "--bins", 3000, "--streaming", "hdf5", nodes=2, script=["--once"]), nodes=2)
    preload = {"LD_PRELOAD": str(mzgrid.path.parent / "tests/libmany_nodes.so"), "MANY_NODES": "2"}
    export = [word for name, value in preload.items() for word in ("-x", f"{name}={value}")]

    def convert(store, *options):
        command = ["mpirun", "-q", "--oversubscribe", "--bind-to", "none", "-n", "4", *export, mzgrid.path, "convert",
                   source, tmp_path / store, "--threads", "1", "--bins", "3000", "--max-gap", "none", *options]
        return subprocess.run(list(map(str, command)), env=mpi_environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)

    done = convert("a.zarr")
    assert done.returncode == 0, done.stderr
    mzgrid.convert(source, tmp_path / "b.zarr", "--bins", 3000)
    assert tree(tmp_path / "a.zarr") == tree(tmp_path / "b.zarr")
    refused = convert("c.zarr", "--streaming", "off", "--log-file", tmp_path / "log")
    assert refused.returncode == 2 and "several nodes; use --streaming hdf5" in refused.stderr
    assert "axis" not in (tmp_path / "log").read_text()  # before anything is read
    assert not list(tmp_path.glob("c.zarr*"))


def test_the_page_has_what_the_model_predicts():
    page = (REPOSITORY / "docs/scaling.md").read_text()
    command = next(line for line in page.splitlines() if line.startswith("scripts/scaling-model "))
    done = subprocess.run([sys.executable, *command.split()], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in page


def test_the_model_reacts_to_what_it_is_told():
    def seconds(*options):
        command = [sys.executable, REPOSITORY / "scripts/scaling-model", "--json", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [row["all"] for row in json.loads(done.stdout)]

    usual = seconds("--nodes", "1,16,1000")
    assert usual[0] > 8 * usual[1] > 8 * usual[2] > 0
    assert seconds("--nodes", "16", "--set", "point=260e-9")[0] > usual[1]  # so slow that reading does not hide it
    assert seconds("--nodes", "1000", "--set", "write=500e9", "--set", "read=1e12")[0] < 0.7 * usual[2]
    unknown = subprocess.run([sys.executable, REPOSITORY / "scripts/scaling-model", "--set", "speed=1"], capture_output=True,
                             text=True, timeout=60)
    assert unknown.returncode == 1 and "--list shows the names" in unknown.stderr
