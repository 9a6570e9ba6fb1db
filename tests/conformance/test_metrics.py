"""--metrics: the lines add up to what the run did, on any number of ranks, and the store does not change for them."""
import json

import pytest
from stores import tree

SOURCE = "synthetic:90x70:400:centroid:3:full"
PHASES = ["open", "axis", "stream", "assemble", "finish"]
COUNTERS = {"pixels", "bytes_in", "bytes_out", "busy", "waiting", "reading"}


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_lines_add_up(mzgrid, tmp_path, ranks):
    path = tmp_path / "metrics.json"
    store = tmp_path / "a.zarr"
    run = mzgrid.convert(SOURCE, store, "--bins", 4000, "--metrics", path, "--chunk-size", 100, ranks=ranks)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {"event": "run", "schema": 1, "ranks": ranks, "threads": ranks}
    phases = [line for line in lines if line["event"] == "stage"]
    assert [line["stage"] for line in phases] == PHASES
    for line in lines[1:]:
        assert line["event"] in ("stage", "round")
        assert [rank["rank"] for rank in line["ranks"]] == list(range(ranks))
        for rank in line["ranks"]:
            assert rank.keys() == COUNTERS | {"rank", "rss", "pss", "pressure"}
            assert 0 < rank["pss"] <= rank["rss"] * 1.5
            assert all(rank[counter] >= 0 for counter in COUNTERS)
        for total in ("pixels", "bytes_in", "bytes_out"):
            assert line[total] == sum(rank[total] for rank in line["ranks"])
    # Ranks do not end a phase together, but they all end within the run; each has one thread, which works or waits.
    for rank in range(ranks):
        assert sum(line["ranks"][rank]["busy"] + line["ranks"][rank]["waiting"] for line in phases) <= run.seconds
    assert {line["stage"]: line["pixels"] for line in phases} == {s: 6300 if s == "stream" else 0 for s in PHASES}
    assert all(line["stage"] == "stream" and line["chunk_size"] == 100 for line in lines if line["event"] == "round")
    record = json.loads((tmp_path / "a.zarr.run.json").read_text())["report"]["seconds"]
    for line in phases[1:]:
        assert line["seconds"] == pytest.approx(record[line["stage"]], rel=1e-5, abs=1e-6)
    assert 0 < phases[0]["seconds"] <= record["open"]  # metrics begin a little later
    assert sum(record[phase] for phase in PHASES) == pytest.approx(record["total"], rel=1e-5) and record["total"] <= run.seconds
    written = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
    assert sum(line["bytes_out"] for line in phases) >= written

    mzgrid.convert(SOURCE, tmp_path / "b.zarr", "--bins", 4000)
    assert tree(store) == tree(tmp_path / "b.zarr")


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_file_that_cannot_be_made_ends_the_run_before_it_begins(mzgrid, tmp_path, ranks):
    run = mzgrid("convert", SOURCE, tmp_path / "a.zarr", "--bins", 50, "--metrics", tmp_path / "none/m.json", ranks=ranks)
    assert run.status == 1
    assert "--metrics" in run.err and "No such file or directory" in run.err, str(run)
    assert list(tmp_path.iterdir()) == []
