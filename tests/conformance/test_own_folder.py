"""The folders of these tests themselves: what a run leaves that was killed is removed by the next one, and only that."""
import subprocess
import sys
from pathlib import Path

import own_folder

HOLD = "import own_folder, sys; print(own_folder.make('t-', sys.argv[1]), flush=True); sys.stdin.read()"


def test_what_a_killed_run_left_is_removed_and_what_is_at_work_stays(tmp_path):
    def begin():
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   cwd=Path(own_folder.__file__).parent)
        return process, Path(process.stdout.readline().strip())

    killed, left = begin()
    working, kept = begin()
    for folder in (left, kept):
        (folder / "store").mkdir()
    killed.kill()
    killed.communicate()
    own = Path(own_folder.make("t-", tmp_path))
    assert not left.exists() and (kept / "store").is_dir() and own.is_dir()
    working.communicate("")
    own_folder.remove(own)
    own_folder.remove_left("t-", tmp_path)
    assert not list(tmp_path.iterdir())
