"""What mzgrid says of every damaged set, word for word, on 1 and on 3 ranks: tests/conformance/golden holds the messages of
convert, and the report of validate. `pytest --write-golden` writes them anew; the difference is then for people to read.
"""
from pathlib import Path

import pytest

from conftest import SHARED

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(p.name for p in (SHARED / "data-malformed").glob("*/")) or sorted(p.stem for p in GOLDEN.glob("*.txt"))
MORE = {"mut-truncated-xml": [["--allow-truncated"]], "mut-dup-coords": [["--duplicates", "error"]]}


def reduced(text, folder, work):
    """Without what differs from machine to machine."""
    return text.replace(f"{folder}/", "").replace(f"{work}/", "")


def commands(case, work):
    """(words, number of ranks, whether the store is made)"""
    source = f"{case}.imzML"
    for options in ([], ["--strict"], ["--verify"], *MORE.get(case, [])):
        yield ["convert", source, work / "out.zarr", *options, "-q", "--threads", 1]
    yield ["validate", source, "--threads", 1]


def conversation(mzgrid, folder, case, work, ranks):
    """All that is said, as a transcript."""
    lines = []
    for i, (name, source, *rest) in enumerate(commands(case, work / str(ranks))):
        (work / str(ranks)).mkdir(exist_ok=True)
        options = ["--overwrite"] if name == "convert" else []
        run = mzgrid(name, folder / source, *rest, *options, ranks=ranks)
        shown = " ".join(["mzgrid", name, source, *map(str, rest)])
        lines.append("$ " + reduced(shown, folder, work / str(ranks)))
        lines += (reduced(run.out, folder, work) + reduced(run.err, folder, work)).splitlines()
        lines += [f"exit status {run.status}", ""]
    return "\n".join(lines)


@pytest.mark.parametrize("case", CASES)
def test_golden(mzgrid, malformed, tmp_path, request, case):
    said = conversation(mzgrid, malformed / case, case, tmp_path, 1)
    golden = GOLDEN / f"{case}.txt"
    if request.config.getoption("--write-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(said)
    assert said == golden.read_text()
    assert conversation(mzgrid, malformed / case, case, tmp_path, 3) == said
