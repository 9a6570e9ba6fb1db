"""docs/python.md and the Python of README.md, executed: shell blocks with the program on the path, Python in one session."""

import os
import re
import subprocess
import warnings
from pathlib import Path

import matplotlib
import pytest

DOCUMENTS = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["docs/python.md", "README.md"])
def test_every_block_runs(name, program, tmp_path, monkeypatch):
    matplotlib.use("Agg")
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```", (DOCUMENTS / name).read_text(), re.MULTILINE | re.DOTALL)
    assert any(kind == "python" for kind, _ in blocks)
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    if name == "README.md":  # takes the reader's own file
        for file in ("tissue", "liver"):
            generate = [program, "generate", f"{file}.imzML", "--size", "30x20", "--points", "300", "-q"]
            subprocess.run(generate, check=True)
    session = {}
    for kind, text in blocks:
        if kind == "sh":
            subprocess.run(["bash", "-euc", text], env=environment, check=True, timeout=120)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)
                warnings.filterwarnings("ignore", "the pixel size is unknown")
                exec(compile(text, name, "exec"), session)
    assert session["d"].shape[0] > 100
