"""What the tests of spectra that come from Python share."""

import os
import subprocess
import sys
from pathlib import Path

import mzgrid

SOURCE = Path(mzgrid.__file__).parents[1]
TESTS = Path(__file__).parent
SAME = TESTS.parent / "install" / "same_but_uns.py"
CTRL_C = ["env", "--default-signal=INT"]  # which a shell in the background ignores
AXIS = dict(mass_axis_type="reflector_tof", bin_width="10mDa", reference_mz=500, pixel_size=50)
FAST = dict(
    mass_axis_type="constant", min_mz=100, max_mz=200, bins=50, pixel_size=10, progress=False, spectrum_type="centroid"
)


def one(i, x=None, y=1, z=1):
    """A spectrum of two peaks."""
    return (i + 1 if x is None else x, y, z, [110.0, 150.0 + i % 40], [1.0, 2.0 + i])


def left(folder):
    return sorted(p.name for p in folder.iterdir())


def script(text, *words, ranks=None, **more):
    """Runs a Python of its own, alone or as the ranks of mpirun."""
    environment = {**os.environ, "PYTHONPATH": f"{SOURCE}:{TESTS}"}
    start = ["mpirun", "-q", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks else []
    command = [*CTRL_C, *start, sys.executable, "-c", text, *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, **more)
