"""Runs a command and measures it: wall time, processor time, and the memory of all its processes together."""

import atexit
import dataclasses
import mmap
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time

PERIOD = 0.1  # seconds between two samples of memory, at least
SHARE = 0.02  # of a core, that sampling may take: the more memory, the longer a sample
TOUCHED = 3 << 30  # bytes of free memory made ready for a run


class BenchError(Exception):
    """Ends the bench with one line."""


@dataclasses.dataclass
class Measured:
    status: int
    seconds: float
    processor_seconds: float
    peak_pss: int  # bytes: the largest sum over the processes, among the samples, with rows that wait in files in memory
    message: str  # the last lines on standard error
    log: str  # all of it
    out: str  # standard output


def launch(program, ranks, arguments, threads=None):
    """The command of one MPI job, or of 0 ranks: of the program alone, as a user starts it first. Each rank is bound to as many cores as it has threads, as a SLURM step binds it, so that
    reading ahead takes no core that is not counted; unbound where that is not told, or the machine has fewer."""
    if ranks == 0:
        return [str(program), *map(str, arguments)]
    if threads and ranks * threads <= os.cpu_count():
        placement = ["--map-by", f"slot:PE={threads}", "--bind-to", "core"]
    else:
        placement = ["--oversubscribe", "--bind-to", "none"]
    return ["mpirun", *placement, "-n", str(ranks), str(program), *map(str, arguments)]


def environment():
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}
    quiet = {"OMPI_MCA_orte_execute_quiet": "1", "PRTE_MCA_prte_execute_quiet": "1"}  # mpirun -q, which Open MPI 5 has not
    return {**os.environ, **allowed, **quiet}


def children(pid):
    """All processes below `pid`, its own included."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += children(int(child))
    return found


PSS = re.compile(r"^Pss: +(\d+) kB", re.MULTILINE)
PSS_OF_MEMFD = re.compile(r"/memfd:.*\nSize:(?:.*\n)+?Pss: +(\d+) kB")


def pss(pid):
    """The proportional set size of a process without the files in memory (memfd) that it maps."""
    maps = pathlib.Path(f"/proc/{pid}/smaps").read_text()
    sums = [sum(map(int, pattern.findall(maps))) for pattern in (PSS, PSS_OF_MEMFD)]
    return (sums[0] - sums[1]) * 1024


def files_in_memory(pid):
    """The bytes of those files (memfd) that a process holds, mapped or not, by their inode."""
    found = {}
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            if os.readlink(fd).startswith("/memfd:"):
                status = fd.stat()
                found[status.st_ino] = status.st_blocks * 512
        except OSError:  # it was closed meanwhile
            pass
    return found


class Sampler(threading.Thread):
    """Sums the proportional set sizes of a job's processes, its launcher left out, and their files in memory, ten times
    a second at most. With `watch` it also calls watch()."""

    def __init__(self, pid, with_root, watch):
        super().__init__(daemon=True)
        self.pid = pid
        self.with_root = with_root
        self.watch = watch
        self.peak = 0
        self.over = threading.Event()

    def sample(self):
        total = 0
        files = {}
        try:
            processes = children(self.pid)
        except OSError:
            return 0
        for process in processes:
            if process != self.pid or self.with_root:
                try:
                    files.update(files_in_memory(process))
                    total += pss(process)
                except OSError:  # it ended meanwhile
                    pass
        return total + sum(files.values())

    def run(self):
        while not self.over.is_set():
            begin = time.monotonic()
            self.peak = max(self.peak, self.sample())
            if self.watch:
                self.watch()
            self.over.wait(max(PERIOD, (time.monotonic() - begin) / SHARE))


def on_core(core, command):
    """The command of an MPI job of one rank, on this core alone."""
    return ["taskset", "-c", str(core), *["none" if word == "core" else word for word in command]]


def free_memory():
    """Bytes that hold nothing, not even cached files."""
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemFree:"):
            return int(line.split()[1]) * 1024
    return 0


def touch_memory():
    """Makes free memory ready. The host of a virtual machine may take it back once it lies idle (free page reporting does so
    after two seconds), and gives it again at a tenth of its speed to whoever touches it next."""
    size = min(TOUCHED, free_memory() // 2)
    with mmap.mmap(-1, max(size, mmap.PAGESIZE), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        try:
            memory.madvise(mmap.MADV_HUGEPAGE)
        except OSError:  # a kernel without huge pages
            pass
        for offset in range(0, size, mmap.PAGESIZE):
            memory[offset] = 1


def run(command, watch=None, sample=True):
    """Runs `command` to its end. For an MPI job the memory is that of the ranks, not of mpirun. `watch` as for Sampler.
    Sampling takes a little of a core: without it, the memory is 0."""
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as output:
        os.sync()  # what earlier runs left to be written is not to be paid for by this one
        before = os.times()
        begin = time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in command],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        sampler = Sampler(process.pid, command[0] != "mpirun", watch)
        if sample:
            sampler.start()
        status = process.wait()
        seconds = time.monotonic() - begin
        sampler.over.set()
        if sample:
            sampler.join()
        after = os.times()
        log, out = (whole(file) for file in (errors, output))
        message = " / ".join(log.split("\n")[-4:]).strip(" /")
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return Measured(status, seconds, processor, sampler.peak, message, log, out)


def whole(file):
    file.seek(0)
    return file.read().decode(errors="replace")


def tree_bytes(path):
    """The bytes of all files below `path`."""
    return sum(f.stat().st_size for f in pathlib.Path(path).rglob("*") if f.is_file())


def discard(store):
    """Frees the bytes of a store, if it is there, and removes its empty files when the bench ends: ext4 passes over every
    file that was removed in the last minutes, one by one, when it makes a new one, which a run would be charged with."""
    if not store.exists():
        return
    for file in store.rglob("*"):
        if file.is_file():
            os.truncate(file, 0)
    grave = pathlib.Path(tempfile.mkdtemp(prefix=".emptied-", dir=store.parent))
    store.rename(grave / store.name)
    atexit.register(shutil.rmtree, grave, ignore_errors=True)


def build(program, target):
    """The program of the bench named `target`, built beside mzgrid."""
    directory = pathlib.Path(program).parent
    command = ["cmake", "--build", str(directory), "--target", target]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)} ended with status {done.returncode}: {done.stdout.strip()[-400:]}")
    return directory / "tests" / target


def empty_job_seconds(program, ranks, runs):
    """What starting and ending the ranks alone takes, the median of some runs. (--version starts no MPI.)"""
    times = sorted(run(launch(program, ranks, ["info", "--decisions", "synthetic:2x2:50"])).seconds for _ in range(runs))
    return times[len(times) // 2]
