"""Where a newer Python than Debian 12's is found: for programs and readers that need 3.12."""

import os
import pathlib
import shutil
import subprocess


def candidates(minors):
    """Interpreters that may be new enough, by the order of preference: the one that PEER_PYTHON names, else the first
    of Python 3.MINOR that is found, also among those of pyenv."""
    named = os.environ.get("PEER_PYTHON")
    if named:
        return [named]
    root = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    names = [f"python3.{minor}" for minor in minors]
    return names + [str(p) for name in names for p in sorted(root.glob(f"versions/*/bin/{name}"))]


def find_newer(minors=(12, 13, 14)):
    """The path of a Python 3.12 or newer, the first of these, that can make virtual environments, or None."""
    check = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))"
    for candidate in candidates(minors):
        path = shutil.which(candidate)
        if path and subprocess.run([path, "-c", check], capture_output=True).returncode == 0:
            return path
    return None
