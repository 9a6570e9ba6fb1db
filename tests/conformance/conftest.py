"""Fixtures: the program under test, how it is started on several ranks, and the data beside the repository."""
import atexit
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

import own_folder

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared"


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="run the long sweeps as well")
    parser.addoption("--write-golden", action="store_true", help="write the expected messages of test_golden.py anew")


MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 1 << 30


def pytest_configure(config):
    """Stores are written in memory where there is room: every conversion syncs its files to disk, and the tests make
    hundreds of them."""
    config.own_basetemp = None
    if config.option.basetemp or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED:
        config.own_basetemp = config.option.basetemp = own_folder.make("mzgrid-test-", MEMORY)


def pytest_unconfigure(config):
    if config.own_basetemp:
        own_folder.remove(config.own_basetemp)


@pytest.fixture(scope="session")
def full(request):
    return request.config.getoption("--full")


# Open MPI keeps a directory for all jobs of a user, which the last one removes, at times while another one begins: each
# process of pytest has one of its own. Its path is short, for sockets lie in it.
JOBS = own_folder.make("mzg-")
atexit.register(own_folder.remove, JOBS)


def mpi_environment():
    """For an MPI job, or a job of one. Networks of other machines are not looked for, see src/cli/fabric.h. Ranks that
    failed leave together: mpirun need not wait for seconds before it ends those that it thinks are left."""
    return {
        **os.environ,
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_mtl": "^ofi,psm,psm2",
        "OMPI_MCA_odls_base_sigkill_timeout": "0",
        "OMPI_MCA_orte_tmpdir_base": JOBS,
    }


@dataclass
class Run:
    command: list
    status: int
    out: str
    err: str
    seconds: float

    def __str__(self):
        return f"{' '.join(self.command)}\nexit status {self.status}\n{self.out}{self.err}"


class Program:
    """mzgrid, started as a user would: directly for one rank, through mpirun for more."""

    def __init__(self, path):
        self.path = path

    def __call__(self, *args, ranks=1, launcher=None, timeout=120, cwd=None):
        """`launcher`: go through mpirun (default: for more than one rank)."""
        command = [str(self.path), *map(str, args)]
        if launcher or (launcher is None and ranks > 1):
            command = ["mpirun", "-q", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *command]
        begin = time.monotonic()
        done = subprocess.run(
            command,
            env=mpi_environment(),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
        # When ranks end in a hurry, the event library of mpirun itself sometimes warns of a pipe that is gone.
        errors = "".join(line for line in done.stderr.splitlines(True) if not line.startswith("[warn] Epoll "))
        return Run(command, done.returncode, done.stdout, errors, time.monotonic() - begin)

    def convert(self, source, store, *options, ranks=1, threads=1, **more):
        """A conversion that must succeed. The reference knows of no gaps, so these are off unless asked for."""
        if "--max-gap" not in options:
            options = (*options, "--max-gap", "none")
        run = self("convert", source, store, "--threads", threads, *options, ranks=ranks, **more)
        assert run.status == 0, str(run)
        assert Path(store).is_dir(), str(run)
        return run


@pytest.fixture(scope="session")
def mzgrid():
    path = Path(os.environ.get("MZGRID_BUILD", REPOSITORY / "build/release")).resolve() / "mzgrid"
    if not path.exists():
        pytest.exit(f"{path} does not exist: build it, or name the build directory in MZGRID_BUILD", returncode=2)
    return Program(path)


@pytest.fixture(scope="session")
def data():
    """The directory of the real sets; tests that want it are skipped where it is not there."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"{SHARED / 'data'}: no such directory, the real sets are not here")
    return SHARED / "data"


@pytest.fixture(scope="session")
def wild():
    """The directory of small inputs after reports of people who do this job."""
    if not (SHARED / "data-wild").is_dir():
        pytest.skip(f"{SHARED / 'data-wild'}: no such directory, the wild sets are not here")
    return SHARED / "data-wild"


@pytest.fixture(scope="session")
def malformed():
    if not (SHARED / "data-malformed").is_dir():
        pytest.skip(f"{SHARED / 'data-malformed'}: no such directory, the damaged sets are not here")
    return SHARED / "data-malformed"


# A small process between the tests and the program: the peak of a new process begins with that of the one that made it.
MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10)
"""


def measured(command):
    """Exit status, standard error, seconds of processors and peak of memory of one process."""
    run = subprocess.run([sys.executable, "-I", "-S", "-c", MEASURE, *map(str, command)], env=mpi_environment(),
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    status, seconds, peak = run.stdout.split()
    return int(status), run.stderr, float(seconds), int(peak)
