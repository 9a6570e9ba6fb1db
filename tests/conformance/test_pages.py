"""The pages, executed: each shell block with mzgrid on the path, each Python block in one session a page, each R block by
Rscript, in order, in an empty folder. No block escapes: NOT_CODE and NOT_RUN count those that are not run.
"""
import re
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import pytest
from conftest import mpi_environment
from pages import PAGES, REPOSITORY, blocks_of, indented_code

# How many blocks of each page are text, and how many are code that is not run; each of these says why.
NOT_CODE = {
    "docs/architecture.md": 2,
    "docs/cli.md": 2,
    "docs/performance/README.md": 2,
}
NOT_RUN = {
    "CONTRIBUTING.md": 1,
    "README.md": 2,
    "docs/cli.md": 1,
    "docs/how-to/clusters.md": 3,
    "docs/performance/io.md": 1,
    "docs/performance/pixels.md": 1,
    "docs/performance/wire.md": 1,
    "docs/how-to/many-files.md": 1,
    "docs/decisions/026-staged-files-pass-through-the-page-cache.md": 1,
    "docs/decisions/035-peaks.md": 1,
    "docs/install.md": 7,
    "docs/library.md": 3,
    "docs/performance/README.md": 1,
    "docs/performance/python.md": 3,
    "docs/python.md": 2,
    "docs/scaling.md": 2,
    "docs/thyra.md": 4,
    "docs/tuning.md": 2,
    "docs/viewers.md": 3,
}
STORE = "mzgrid convert synthetic:60x50:100:centroid:1:full"
# What a page finds in its folder: the reader's own files. imzML files that it names and does not make come by themselves.
BEFORE = {
    "README.md": f"for sample in liver kidney; do {STORE} $sample.zarr -q; done",
    "docs/cli.md": f"""
        {STORE} kidney.zarr -q
        for rat in rat1 rat2; do {STORE} $rat.zarr --dataset-id $rat -q; done
        echo '760.585, PC 34:1' >lipids.csv
        """,
    "docs/format.md": f"{STORE} OUT.zarr -q",
    "docs/how-to/lazy-reading.md": f"{STORE} liver.zarr -q",
    "docs/how-to/qupath.md": f"{STORE} liver.zarr -q",
}
SECONDS = 120


def test_every_block_is_run_or_says_why_not():
    not_code, not_run = Counter(), Counter()
    for page in PAGES:
        assert not list(indented_code(page)), f"{page}: code without a fence, so nobody runs it"
        for block in blocks_of(page):
            place = f"{page}:{block.line}"
            assert block.language in ("sh", "python", "r", "text", "c", "cmake", "toml"), f"{place}: {block.language!r}"
            if block.language == "text":
                not_code[page] += 1
            elif block.excerpt:
                lines = (REPOSITORY / block.excerpt).read_text()
                assert all(line.strip() in lines for line in block.text.split("\n")), f"{place}: not in {block.excerpt}"
            elif not block.is_run:
                assert block.not_run, f"{place}: {block.language} is not run here; say why in a comment before it"
                not_run[page] += 1
    assert not_code == NOT_CODE
    assert not_run == NOT_RUN


@pytest.mark.parametrize("page", PAGES)
def test_links_to_files_lead_somewhere(page):
    """As a forge sees them; scripts/site looks at those inside docs/ once more, with their anchors."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", (REPOSITORY / page).read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not re.match(r"[a-z]+:", target):
            assert ((REPOSITORY / page).parent / target).exists(), target


def make_inputs(page, blocks, program, environment):
    """The imzML files that the page takes for granted."""
    text = "\n".join(block.text for block in blocks)
    made = set(re.findall(r"mzgrid generate (\S+\.imzML)", text))
    made |= set(re.findall(r"export \S+ (\S+\.imzML)", text))
    made |= set(re.findall(r"mzgrid export .* -o (\S+\.imzML)", text))
    for name in sorted(set(re.findall(r"\b[\w-]+\.imzML", text)) - made - {"no.imzML"}):
        generate = [program, "generate", name, "--size", "60x50", "--points", "100", "--full", "-q"]
        subprocess.run(generate, env=environment, check=True, timeout=SECONDS)
    if page in BEFORE:
        subprocess.run(["bash", "-euc", BEFORE[page]], env=environment, check=True, timeout=SECONDS)


def run_python(block, place, session):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", "the pixel size is unknown")
        warnings.filterwarnings("ignore", category=UserWarning, module=r"(?!mzgrid|__main__)")
        exec(compile("\n" * block.line + block.text, place, "exec"), session)


@pytest.mark.parametrize("page", [page for page in PAGES if any(block.is_run for block in blocks_of(page))])
def test_the_blocks_of_the_page_work(page, mzgrid, tmp_path, monkeypatch):
    blocks = [block for block in blocks_of(page) if block.is_run]
    if any(block.language == "r" for block in blocks) and not shutil.which("Rscript"):
        pytest.skip("Rscript is not there: scripts/setup --tests installs it")
    if any("save_png" in block.text for block in blocks):
        pytest.importorskip("matplotlib")  # not in each environment of scripts/readers
    environment = {
        **mpi_environment(),
        # mpirun as on a machine with enough cores.
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "OMPI_MCA_hwloc_base_binding_policy": "none",
        "MZGRID_PROGRAM": str(mzgrid.path),
        "MPLBACKEND": "Agg",
        "PYTHONPATH": str(REPOSITORY / "src/python"),
    }
    environment["PATH"] = f"{mzgrid.path.parent}:{Path(sys.executable).parent}:{environment['PATH']}"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(REPOSITORY / "src/python")
    monkeypatch.chdir(tmp_path)
    make_inputs(page, blocks, mzgrid.path, environment)
    session = {"__name__": "__main__"}
    for block in blocks:
        place = f"{page}:{block.line}"
        if block.language == "toml":  # a file, whose name is in its first line
            Path(re.match(r"# (\S+)", block.text)[1]).write_text(block.text)
            continue
        if block.language == "python":
            run_python(block, place, session)
            continue
        command = ["bash", "-euc", block.text] if block.language == "sh" else ["Rscript", "-e", block.text]
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS)
        assert done.returncode == 0, f"{place}\n{block.text}\n{done.stdout}{done.stderr}"
