"""docs/guide.md, executed: its shell blocks with mzgrid on the path, its Python blocks in one session, in order."""
import os
import re
import subprocess
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[2] / "docs/guide.md"


def test_the_guide_works(mzgrid, tmp_path, monkeypatch):
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert {kind for kind, _ in blocks} == {"sh", "python"}
    monkeypatch.chdir(tmp_path)
    environment = dict(os.environ, PATH=f"{mzgrid.path.parent}:{os.environ['PATH']}")
    if os.geteuid() == 0:
        environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    session = {}
    for kind, text in blocks:
        if kind == "sh":
            done = subprocess.run(["bash", "-euc", text], env=environment, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        else:
            exec(compile(text, str(GUIDE), "exec"), session)
    box = session["table"].obs
    assert session["image"].shape == tuple(int(box[axis].max() - box[axis].min()) + 1 for axis in "yx")
    assert session["image"].max() > 0
