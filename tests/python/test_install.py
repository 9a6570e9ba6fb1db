"""What pip builds and installs: the package with its program, as docs/install.md tells. With --full it is done; always, the
description of the package is held against what it says, and its sources against what a build asks for."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from conftest import REPOSITORY

import mzgrid

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
USE = """
import os, sys, mzgrid
assert mzgrid.__file__.startswith(sys.prefix), mzgrid.__file__
d = mzgrid.convert("synthetic:12x9:80", "out.zarr", progress=False, bins=200)
assert d.shape[1] == 200 and d.ion_image(500.0, da=300).shape == mzgrid.open("out.zarr").ion_image(500.0, da=300).shape
assert mzgrid.MassAxis("constant", 100, 200, bins=10).centers.shape == (10,)
from mzgrid import _program
assert _program.find_program() == os.path.join(sys.prefix, "bin", "mzgrid")
print(mzgrid.__version__)
"""


def minor(version):
    return int(re.fullmatch(r"(?:>=|py)?3\.?(\d+)", version)[1])


def test_the_package_tells_the_truth_of_pythons():
    """The oldest is one that zarr 3 runs on; style and types are checked for that one, and it is the first classifier."""
    oldest = minor(PROJECT["project"]["requires-python"])
    told = re.findall(r"Programming Language :: Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert [minor(v) for v in told] == list(range(oldest, oldest + len(told)))
    assert minor(PROJECT["tool"]["mypy"]["python_version"]) == oldest
    assert minor(PROJECT["tool"]["ruff"]["target-version"]) == oldest
    assert minor(metadata.metadata("zarr")["Requires-Python"].split(",")[0]) >= oldest
    assert f"Python 3.{oldest} to 3.{oldest + len(told) - 1}" in (REPOSITORY / "docs/install.md").read_text()
    assert sys.version_info >= (3, oldest)


def test_what_is_imported_is_asked_for():
    """Each module that the package imports is of Python, its own, a dependency, or one of an extra."""
    extras = PROJECT["project"]["optional-dependencies"]
    needs = [*PROJECT["project"]["dependencies"], *(need for extra in extras.values() for need in extra)]
    names = {re.match(r"[\w-]+", need)[0] for need in needs}
    imported = set()
    for file in Path(mzgrid.__file__).parent.glob("*.py"):
        imported |= set(re.findall(r"^\s*(?:import|from) (\w+)", file.read_text(), re.MULTILINE))
    assert imported - set(sys.stdlib_module_names) - names == {"scipy"}  # anndata brings it


def sources(folder):
    """What the archive of the sources holds, by the rules of pyproject.toml."""
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("no repository of git: nobody tells which files are its own")
    left_out = PROJECT["tool"]["scikit-build"]["sdist"]["exclude"]
    for name in listed.stdout.splitlines():
        if any(name.startswith(part) for part in left_out) or not (REPOSITORY / name).is_file():
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, folder / name)


def test_the_sources_of_the_package_have_what_a_build_asks_for(tmp_path):
    sources(tmp_path / "sources")
    places = [f"-DSKBUILD_{place}_DIR={tmp_path}/{place}" for place in ("SCRIPTS", "PLATLIB")]
    words = [
        "cmake",
        "-S",
        tmp_path / "sources",
        "-B",
        tmp_path / "build",
        "-G",
        "Ninja",
        "-DBUILD_TESTING=OFF",
        *places,
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    targets = PROJECT["tool"]["scikit-build"]["build"]["targets"]
    rules = (tmp_path / "build/build.ninja").read_text()
    assert all(f"build {target}: phony" in rules or f"/{target}" in rules for target in targets)
    script = (tmp_path / "build/cmake_install.cmake").read_text()
    assert f"{tmp_path}/SCRIPTS" in script and f"{tmp_path}/PLATLIB/mzgrid" in script


@pytest.mark.parametrize("way", ["sdist", "folder"])
def test_pip_builds_and_installs_it(full, way, tmp_path):
    """`pip wheel` of an archive of the sources, and `pip install .`, each into an empty environment."""
    copy = tmp_path / "sources"
    subprocess.run(["git", "clone", "-q", REPOSITORY, copy], check=True)
    run(sys.executable, "-m", "venv", tmp_path / "env")
    python = tmp_path / "env/bin/python"
    if way == "sdist":
        run(sys.executable, "-m", "venv", tmp_path / "tools")
        tools = tmp_path / "tools/bin/python"
        run(tools, "-m", "pip", "install", "-q", "build", "wheel")
        run(tools, "-m", "build", "-q", "--sdist", "-o", tmp_path / "dist", copy)
        (archive,) = (tmp_path / "dist").iterdir()
        run(tools, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path / "dist", archive)
        (wheel,) = (tmp_path / "dist").glob("*.whl")
        assert re.fullmatch(r"mzgrid-[\d.]+-py3-none-linux_x86_64.whl", wheel.name)
        run(python, "-m", "pip", "install", "-q", wheel)
    else:
        run(python, "-m", "pip", "install", "-q", ".", cwd=copy)
    used = run(python, "-c", USE, cwd=tmp_path)
    told = run(tmp_path / "env/bin/mzgrid", "--version", cwd=tmp_path)
    assert told.splitlines()[0] == f"mzgrid {used.strip()}"


def run(*words, cwd=None):
    """In an environment in which nothing points to this checkout."""
    found = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MZGRID_PROGRAM", "MZGRID_LIBRARIES")}
    done = subprocess.run(list(map(str, words)), cwd=cwd, env=found, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout
