"""scripts/bench itself: each suite runs to its end on a thousandth of its work and leaves a table and all single runs, so
that it still works on the day when somebody measures. What it measures here means nothing."""
import json
import shutil
import subprocess

import pytest

from conftest import REPOSITORY

SHORT = {
    "end-to-end": ["--workload", "profile"],
    "memory": ["--workload", "million"],
    "scale": ["--workload", "centroid", "--workload", "million"],
}
N_RUNS = {"end-to-end": 3, "memory": 4, "scale": 8}


def run_bench(suite, options, program, directory):
    """The results of a suite on almost nothing: its table, and its single runs."""
    command = [REPOSITORY / "scripts" / "bench", suite, *options, "--runs", 1, "--scale", 0.001, "--program", program,
               "--cache", directory / "cache", "--into", directory]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (directory / f"{suite}.md").read_text()
    data = json.loads((directory / f"{suite}.json").read_text())
    assert text.strip() in done.stdout
    assert data["command"].startswith(f"scripts/bench {suite} ")
    assert str(directory) not in text.replace(data["command"], "")
    return text, data["runs"]


def assert_only_inputs_left(cache):
    assert [p.name for p in cache.iterdir() if p.is_file() and p.suffix not in (".imzML", ".ibd", ".json")] == []


@pytest.mark.parametrize("suite", SHORT)
def test_suite_leaves_its_results(mzgrid, tmp_path, suite):
    _, runs = run_bench(suite, SHORT[suite], mzgrid.path, tmp_path)
    assert len(runs) == N_RUNS[suite]
    for run in runs:
        assert run["seconds"] > 0 and run["store_bytes"] > 1000
        assert run["peak_pss"] > 1 << 20 or suite == "scale"  # which does not sample it
        assert sum(run["stages"].values()) < run["seconds"]
    assert_only_inputs_left(tmp_path / "cache")


def test_limit_does_as_much_as_the_conversion(mzgrid, tmp_path):
    _, (run,) = run_bench("limit", ["--workload", "million"], mzgrid.path, tmp_path)
    inputs = sum(p.stat().st_size for p in (tmp_path / "cache").iterdir() if p.suffix in (".imzML", ".ibd"))
    assert run["limit"]["bytes_read"] == inputs
    assert run["limit"]["bytes_written"] == run["store_bytes"]
    assert run["limit"]["codec"] == "blosc-zstd:1"
    # What it compresses is the result: 8 bytes a value, and the rest of the store in proportion.
    assert run["limit"]["bytes_compressed"] > 8 * run["non_zeros"]
    assert_only_inputs_left(tmp_path / "cache")


def test_reads_finds_images_and_spectra(mzgrid, tmp_path):
    text, runs = run_bench("reads", ["--workload", "million"], mzgrid.path, tmp_path)
    csc, csr, both = ([r["store_bytes"] for r in runs if r["layout"] == layout][0] for layout in ("csc", "csr", "csc+csr"))
    assert max(csc, csr) < both < csc + csr
    assert set(runs[-1]["reads"]) == {"an ion image of any bin", "an ion image of the fullest bins", "a spectrum"}
    assert all(t > 0 for kinds in runs[-1]["reads"].values() for times in kinds.values() for t in times)
    assert "`csc+csr`" in text
    assert_only_inputs_left(tmp_path / "cache")


def test_functions_adds_up(mzgrid, tmp_path):
    probe = ["perf", "record", "-q", "-e", "cpu-clock", "-o", tmp_path / "probe", "true"]
    if not shutil.which("perf") or subprocess.run(probe, capture_output=True).returncode != 0:
        pytest.skip("perf is not there, or may not count here (kernel.perf_event_paranoid)")
    text, (run,) = run_bench("functions", ["--workload", "centroid"], mzgrid.path, tmp_path)
    assert sum(run["samples"].values()) > 10
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|")][2:]
    assert sum(float(share) for _, share in rows) == pytest.approx(100, abs=0.1 * len(rows))
    assert rows[-1][0].strip() == "all else"
    assert_only_inputs_left(tmp_path / "cache")


def test_long_suites(mzgrid, tmp_path, full):
    if not full:
        pytest.skip("they install peers and time kernels for minutes; with --full")
    run_bench("kernels", [], mzgrid.path, tmp_path)
    some = ["--workload", "continuous", "--workload", "continuous-own-axis", "--workload", "processed-own-axis"]
    run_bench("peers", some, mzgrid.path, tmp_path)


@pytest.mark.parametrize("wrong", [["--scale", "0"], ["--scale", "1.5"], ["--runs", "0"], ["--workload", "none"], ["nosuchsuite"]])
def test_impossible_options(mzgrid, tmp_path, wrong):
    done = subprocess.run([REPOSITORY / "scripts" / "bench", *wrong, "--program", mzgrid.path], capture_output=True, text=True)
    assert done.returncode == 2
