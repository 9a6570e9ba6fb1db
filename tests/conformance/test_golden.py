"""What mzgrid says of every damaged set, word for word, on 1 and on 3 ranks: tests/conformance/golden holds the messages of
convert, and the verdict of validate. `pytest --write-golden` writes them anew; the difference is then for people to read.
"""
from pathlib import Path

import pytest

from conftest import SHARED

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(p.name for p in (SHARED / "data-malformed").glob("*/")) or sorted(p.stem for p in GOLDEN.glob("*.txt"))
MORE = {"mut-truncated-xml": [["--allow-truncated"]], "mut-dup-coords": [["--duplicates", "error"]]}


def commands(case):
    """Of convert with options, and of validate; those that one run on several ranks says enough of."""
    plain = [["convert", *options] for options in ([], *MORE.get(case, []))]
    return plain + [["validate"]], [["convert", "--strict"], ["convert", "--verify"]]


def transcript(mzgrid, folder, case, work, command, ranks):
    name, *options = command
    output = [work / f"{ranks}.zarr", "-q", "--overwrite"] if name == "convert" else []
    run = mzgrid(name, folder / f"{case}.imzML", *output, *options, "--threads", 1, ranks=ranks)
    said = (run.out + run.err).replace(f"{folder}/", "").replace(f"{work}/", "")
    return f"$ mzgrid {' '.join(command)} {case}.imzML\n{said}exit status {run.status}\n"


@pytest.mark.parametrize("case", CASES)
def test_golden(mzgrid, malformed, tmp_path, request, case):
    on_all, on_one = commands(case)
    said = [transcript(mzgrid, malformed / case, case, tmp_path, command, 1) for command in on_all + on_one]
    golden = GOLDEN / f"{case}.txt"
    if request.config.getoption("--write-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text("\n".join(said))
    assert "\n".join(said) == golden.read_text()
    for command, once in zip(on_all, said):
        assert transcript(mzgrid, malformed / case, case, tmp_path, command, 3) == once
