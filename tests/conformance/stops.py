"""A run that stops, or kills, itself at a call that the test chooses, by the library that lets calls fail (tests/faults/shim).
What the test does meanwhile meets the run at this place, however fast the machine is and whatever else it does."""
import os
import signal
import subprocess
import time
from pathlib import Path

PATIENCE = 120  # seconds; only a run that hangs takes so long


def shim(program):
    """`program`: the path of mzgrid."""
    for place in (Path(os.environ.get("FAULTS_SHIM", "/nonexistent")), Path(program).parent / "tests/faults/libfaults_shim.so"):
        if place.exists():
            return place
    raise AssertionError("no library that makes calls fail: build the target conformance_programs")


def settings(program, call, parts, at=1, how="STOP", rank=None, mpirun=False):
    """Variables by which the `at`-th such call on a path that has `parts` in it stops, kills or fails the program, on all
    ranks or on one. See tests/faults/shim/shim.h."""
    values = {"MZG_FAULT_CALL": call, "MZG_FAULT_AT": str(at), "MZG_FAULT_AS": how, "MZG_FAULT_PATHS": str(parts)}
    if rank is not None:
        values["MZG_FAULT_RANK"] = str(rank)
    if mpirun:
        return {**values, "OMPI_MCA_mca_base_env_list": f"LD_PRELOAD={shim(program)}"}
    return {**values, "LD_PRELOAD": str(shim(program))}


def status_of(pid):
    """The letter of its state and the process that started it; (None, None) if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None, None
    return fields[0], int(fields[1])


class Stopped:
    """with Stopped(command, environment, program, call, parts, ...) as run: the run stands at that call, in one process; of an
    mpirun, in one of its ranks. go_on() lets it go on, end() waits for its end too."""

    def __init__(self, command, environment, program, call, parts, at=1, rank=None, **more):
        mpirun = str(command[0]) == "mpirun"
        values = {**environment, **settings(program, call, parts, at, rank=rank, mpirun=mpirun)}
        self.process = subprocess.Popen([str(word) for word in command], env=values, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)  # fmt: skip
        self.pid = None
        try:
            self.await_stop(mpirun)
        except BaseException:
            self.process.kill()
            raise

    def await_stop(self, mpirun):
        deadline = time.monotonic() + PATIENCE
        while self.pid is None:
            pids = [self.process.pid]
            if mpirun:
                pids = [pid for pid in os.listdir("/proc") if pid.isdigit() and status_of(pid)[1] == self.process.pid]
            self.pid = next((int(pid) for pid in pids if status_of(pid)[0] == "T"), None)
            ended = self.process.poll() is not None
            assert self.pid or not ended, f"it ended before it came to the place: {self.process.communicate()}"
            assert time.monotonic() < deadline, "it does not come to the place at which it is to stop"
            time.sleep(0.005)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def end(self):
        """Exit status, standard output, standard error."""
        self.go_on()
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            if self.pid != self.process.pid and status_of(self.pid)[1] == self.process.pid:
                os.kill(self.pid, signal.SIGKILL)
            self.process.kill()
            self.process.communicate()
