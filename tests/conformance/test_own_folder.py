"""What the tests themselves take of the disk: a run that is killed leaves folders, which the next one removes, and only those."""
import os
import subprocess
import sys
from pathlib import Path

import own_folder
from conftest import REPOSITORY

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


def test_the_whole_run_refuses_a_disk_without_room(tmp_path):
    df = tmp_path / "df"
    df.write_text("#!/bin/sh\necho Avail\necho 900000\n")
    df.chmod(0o755)
    rm = tmp_path / "rm"  # a run that begins all the same would remove the logs of the one that runs this test
    rm.write_text("#!/bin/sh\nkill $PPID\n")
    rm.chmod(0o755)
    run = subprocess.run([REPOSITORY / "scripts/test"], env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}, timeout=10,
                         capture_output=True, text=True)
    assert run.returncode == 1 and not run.stdout, run
    assert run.stderr.startswith(f"test: {REPOSITORY} has 878 MB free, and builds ") and run.stderr.count("\n") == 1, run
