"""What the campaigns of this folder share: how mzgrid is run, watched and killed, and how a store is compared."""
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

try:
    import h5py
    import numpy as np
except ImportError:  # then kept files are not compared
    h5py = None

INPUT = "synthetic:12x10:100"
OLD_INPUT = "synthetic:9x9:50"  # what --overwrite replaces
MODES = {
    "off": ["--streaming", "off"],
    "hdf5": ["--streaming", "hdf5"],
    "keep": ["--streaming", "hdf5", "--keep-hdf5"],
    "native": ["--streaming", "off", "--mass-axis-type", "native"],
    "off-both": ["--streaming", "off", "--layout", "csc+csr"],
    "hdf5-both": ["--streaming", "hdf5", "--layout", "csc+csr"],
    "direct-csr": ["--streaming", "direct", "--layout", "csr"],
    "direct-dense": ["--streaming", "direct", "--layout", "dense"],
}
MARK = "MZG_FAULTS_RUN"  # in the environment of all processes of a run, its daemons included
SHARED_MEMORY = Path("/dev/shm")


@dataclass
class Result:
    status: int  # as the shell has it for signals: 128 + signal
    output: str
    lines: list  # of standard error, without what mpirun says about itself
    seconds: float
    hangs: bool = False
    # Not the program, but mpirun of Open MPI 4.1: two of its threads meet in PMIx_server_finalize(), so that it hangs or
    # crashes, about once in 60 times if all ranks have ended in a hurry. Such a run says nothing and is done again.
    mpirun_failed: bool = False

    @property
    def errors(self):
        return [line for line in self.lines if line.startswith("mzgrid: error: ")]

    @property
    def warnings(self):
        return [line for line in self.lines if line.startswith("mzgrid: warning: ")]


@dataclass
class Program:
    path: str
    shim: str
    work: Path  # where runs get their folders
    mpi_shim: str = None
    references: dict = field(default_factory=dict)

    def command(self, ranks, arguments, preload=None):
        """The command line for so many ranks, and what its environment needs. One rank runs as users start it, without mpirun."""
        if ranks == 1:
            return [self.path, *map(str, arguments)], {"LD_PRELOAD": preload} if preload else {}
        head = ["mpirun", "-q", "--oversubscribe", "--bind-to", "none"]
        if preload:  # into the ranks alone
            head += ["-x", f"LD_PRELOAD={preload}"]
        return [*head, "-n", str(ranks), self.path, *map(str, arguments)], {}

    def folder(self):
        """An empty folder for one run: out/ for outputs, temp/, and for Open MPI a session directory with a short path."""
        place = Path(tempfile.mkdtemp(dir=self.work))
        for name in ("out", "temp", "mpi"):
            (place / name).mkdir()
        return place

    def convert(self, output, mode, *more, source=INPUT):
        return ["convert", source, output, "-q", "--progress", "none", "--threads", "1", *MODES[mode], *more]

    def reference(self, mode, source=INPUT):
        """The folder of a run without a fault: its store and what lies beside it."""
        key = mode, source
        if key not in self.references:
            place = self.folder()
            command, extra = self.command(1, self.convert(place / "out" / "out.zarr", mode, source=source))
            result = run(command, environment(place, extra), 120)
            if result.status != 0:
                raise SystemExit(f"the run without a fault failed: {result.status} {result.lines}")
            self.references[key] = place / "out"
        return self.references[key]


def environment(place, *more):
    """The environment of a run in the folder `place`."""
    values = {**os.environ, "TMPDIR": str(place / "mpi"), MARK: uuid.uuid4().hex, "OMPI_MCA_odls_base_sigkill_timeout": "0",
              "OMPI_MCA_mpi_yield_when_idle": "1"}
    if os.geteuid() == 0:
        values.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    for extra in more:
        values.update({name: str(value) for name, value in extra.items()})
    return values


def processes(mark):
    """The processes that bear the mark, without those that are only waited for."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            if f"{MARK}={mark}".encode() not in Path(f"/proc/{entry}/environ").read_bytes():
                continue
            text = Path(f"/proc/{entry}/stat").read_text()
        except OSError:
            continue
        if text[text.rindex(")") + 2] not in "ZX":
            found.append(int(entry))
    return sorted(found)


def name_of(pid):
    """What a process runs; None if it ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


def ranks_of(mark):
    """Those of them that run the program."""
    return [pid for pid in processes(mark) if name_of(pid) == "mzgrid"]


def kill(pids, number=signal.SIGKILL):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


# What mpirun and the libraries under it print about themselves, not the program.
NOISE = re.compile(r"^(\[warn\] Epoll|,?mca_|\s*$)")


def start(command, values, place=None):
    """Starts it with its standard error in a file, so that nothing waits for a pipe that a daemon holds open."""
    errors = tempfile.TemporaryFile()
    output = tempfile.TemporaryFile()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=values, cwd=place,
                               start_new_session=True)
    process.files = output, errors
    process.begun = time.monotonic()
    return process


def finish(process, timeout=30, mark=None):
    """Waits for it; what still runs after `timeout` seconds is killed, which is a finding."""
    hangs = mpirun_failed = False
    try:
        status = process.wait(timeout)
    except subprocess.TimeoutExpired:
        hangs = True
        mpirun_failed = process.args[0] == "mpirun" and bool(mark) and not ranks_of(mark)
        kill(processes(mark) if mark else [process.pid])
        status = process.wait()
    seconds = time.monotonic() - process.begun
    texts = []
    for file in process.files:
        file.seek(0)
        texts.append(file.read().decode("utf8", "replace"))
        file.close()
    lines = [line for line in texts[1].splitlines() if not NOISE.match(line)]
    mpirun_failed = mpirun_failed or "PMIx_server_finalize" in texts[1]
    return Result(128 - status if status < 0 else status, texts[0], lines, seconds, hangs, mpirun_failed)


def run(command, values, timeout=30, place=None):
    return finish(start(command, values, place), timeout, values[MARK])


def tried(attempt, program, case):
    """What attempt() tells of the case. Its last word is whether mpirun itself failed: then it is tried again, three times at
    most."""
    for _ in range(3):
        *told, mpirun_failed = attempt(program, case)
        if not mpirun_failed:
            break
    return told


def tree(path):
    """Names and contents below `path`; None if there is nothing."""
    path = Path(path)
    if not path.exists() and not path.is_symlink():
        return None
    if not path.is_dir():
        return {"": hashlib.sha256(path.read_bytes()).hexdigest()}
    found = {}
    for folder, folders, files in os.walk(path):
        for name in folders:
            found[os.path.relpath(os.path.join(folder, name), path) + "/"] = ""
        for name in files:
            whole = os.path.join(folder, name)
            found[os.path.relpath(whole, path)] = hashlib.sha256(Path(whole).read_bytes()).hexdigest()
    return found


def same_h5ad(first, second):
    """Whether two HDF5 files hold the same; their bytes differ by times. True if they cannot be read here."""
    if h5py is None:
        return True

    def content(path):
        found = {}

        def visit(name, item):
            attributes = {key: repr(np.asarray(value).tolist()) for key, value in item.attrs.items()}
            values = None
            if isinstance(item, h5py.Dataset):
                values = repr(np.asarray(item[()]).tolist()) if item.dtype == object else (str(item.dtype), item.shape, item[()].tobytes())
            found[name] = attributes, values

        with h5py.File(path, "r") as file:
            visit("/", file["/"])
            file.visititems(visit)
        return found

    try:
        return content(first) == content(second)
    except (OSError, KeyError, RuntimeError, ValueError):
        return False


def listing(folder):
    return sorted(os.listdir(folder)) if Path(folder).is_dir() else []


def shared_memory():
    """Files of mzgrid in /dev/shm. Runs of other people have theirs there, too: campaign.py mounts its own, if it may."""
    return [name for name in listing(SHARED_MEMORY) if "mzg" in name]


def discard(place):
    shutil.rmtree(place, ignore_errors=True)


class Tally:
    """Counts and prints what a campaign finds. Findings of one kind are told apart, not summed up."""

    def __init__(self, name):
        self.name = name
        self.tried = 0
        self.outcomes = {}
        self.findings = []

    def note(self, outcome, problems, what, detail=""):
        self.tried += 1
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        if problems:
            self.findings.append((what, problems, detail))
            print(f"{self.name}: {what}: {'; '.join(problems)}{' | ' + detail if detail else ''}", flush=True)

    def row(self):
        outcomes = ", ".join(f"{count} {name}" for name, count in sorted(self.outcomes.items()))
        return f"| {self.name} | {self.tried} | {outcomes} | {len(self.findings)} |"
