"""The recipes of scripts/packaging against the sources: the tools that read them (Spack, EasyBuild, rattler-build,
Apptainer) are not there, and what they refuse is mostly a name, a number or a dependency that the build has and a recipe
has not."""
import ast
import re
from pathlib import Path

import pytest
import yaml

HOUSE = Path(__file__).resolve().parents[2]
PACKAGING = HOUSE / "scripts" / "packaging"
SPACK = PACKAGING / "spack" / "mzgrid" / "package.py"
(EASYBUILD,) = (PACKAGING / "easybuild").glob("*.eb")
CONDA = PACKAGING / "conda"
APPTAINER = PACKAGING / "apptainer" / "mzgrid.def"
DYGRAPHS = "f515549becffeb0912b0dffa963f7d42726818ca7ef5605bdd7707995742b7ec"  # of dygraphs-2.2.1.tgz

# What cmake/Dependencies.cmake looks for, and what each calls it.
LIBRARIES = {
    # CMake: Spack, EasyBuild, conda, Debian
    "HDF5": ("hdf5", "HDF5", "hdf5", "libhdf5-openmpi-dev"),
    "HWLOC": ("hwloc", "hwloc", "libhwloc", "libhwloc-dev"),
    "LIBXML2": ("libxml2", "libxml2", "libxml2-devel", "libxml2-dev"),
    "DEFLATE": ("libdeflate", "libdeflate", "libdeflate", "libdeflate-dev"),
    "BLOSC": ("c-blosc", "Blosc", "blosc", "libblosc-dev"),
    "ZSTD": ("zstd", "zstd", "zstd", "libzstd-dev"),
    "JANSSON": ("jansson", "Jansson", "jansson", "libjansson-dev"),
    "CRYPTO": ("openssl", "OpenSSL", "openssl", "libssl-dev"),
    "CAIRO": ("cairo", "cairo", "cairo", "libcairo2-dev"),
    "PNG": ("libpng", "libpng", "libpng", "libpng-dev"),
    "TIFF": ("libtiff", "LibTIFF", "libtiff", "libtiff-dev"),
}

# What `from spack.package import *` brings, of what the recipe uses.
SPACK_PACKAGE = {"EnvironmentModifications", "depends_on", "join_path", "license", "resource", "version", "which"}


def version():
    return re.search(r"project\(mzgrid VERSION ([0-9.]+)", (HOUSE / "CMakeLists.txt").read_text())[1]


@pytest.fixture(scope="module")
def easyconfig():
    """Its names; what EasyBuild itself provides stands for itself."""
    known = {"SOURCE_TAR_GZ": "SOURCE_TAR_GZ", "SYSTEM": "SYSTEM", "SHLIB_EXT": "so"}
    exec(compile(EASYBUILD.read_text(), EASYBUILD, "exec"), known)
    return known


@pytest.fixture(scope="module")
def conda():
    return yaml.safe_load((CONDA / "recipe.yaml").read_text())


def calls(tree, name):
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", None) == name]


def test_they_name_one_version(easyconfig, conda):
    assert easyconfig["version"] == version() == conda["context"]["version"]
    toolchain = easyconfig["toolchain"]
    assert EASYBUILD.name == f"mzgrid-{version()}-{toolchain['name']}-{toolchain['version']}.eb"


def test_they_name_what_the_build_looks_for(easyconfig, conda):
    cmake = (HOUSE / "cmake" / "Dependencies.cmake").read_text()
    found = set(re.findall(r'(?:pkg_check_modules|find_module)\(([A-Z0-9]+)|"([A-Z]+) \S+ lib\S+-dev"', cmake))
    assert {a or b for a, b in found} | {"HDF5"} == set(LIBRARIES)
    spack = {re.match(r"[a-z0-9-]+", c.args[0].value)[0] for c in calls(ast.parse(SPACK.read_text()), "depends_on")}
    tools = {"c", "cmake", "ninja", "pkgconfig", "mpi"}
    assert spack - tools == {names[0] for names in LIBRARIES.values()}
    assert {d[0] for d in easyconfig["dependencies"]} == {names[1] for names in LIBRARIES.values()}
    assert {h.split()[0] for h in conda["requirements"]["host"]} - {"${{"} == {names[2] for names in LIBRARIES.values()}
    assert {names[3] for names in LIBRARIES.values()} <= set(APPTAINER.read_text().split())


def test_they_take_the_same_charts(easyconfig, conda):
    assert easyconfig["checksums"][1] == DYGRAPHS == conda["source"][1]["sha256"]
    (resource,) = calls(ast.parse(SPACK.read_text()), "resource")
    assert {k.arg: k.value.value for k in resource.keywords}["sha256"] == DYGRAPHS
    for text in (SPACK.read_text(), EASYBUILD.read_text(), (CONDA / "recipe.yaml").read_text()):
        assert all(f"MZGRID_DYGRAPHS_{part}" in text for part in ("JS", "CSS", "LICENCE"))


def test_spack_finds_each_name():
    """'name 'generator' is not defined': build systems bring names of their own since Spack 1.0."""
    tree = ast.parse(SPACK.read_text())
    known = {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names} | SPACK_PACKAGE
    known |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} | {"self", "env"}
    assert {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} <= known
    assert max(map(len, SPACK.read_text().splitlines())) <= 99  # what its style check allows


def test_spack_looks_for_the_charts_where_it_puts_them():
    tree = ast.parse(SPACK.read_text())
    (resource,) = calls(tree, "resource")
    placed = {k.arg: k.value.value for k in resource.keywords}
    sought = [[a.value for a in c.args[1:]] for c in calls(tree, "join_path") if "stage" in ast.unparse(c)]
    assert sought == [[placed["destination"], placed["placement"]]]
    ignored = (HOUSE / ".gitignore").read_text().splitlines()
    assert f"/{placed['destination']}/" in ignored  # dev-build puts them into the checkout


def test_easybuild_builds_with_what_it_configures_for(easyconfig):
    assert easyconfig["easyblock"] == "CMakeNinja" and "generator" not in easyconfig
    assert "Ninja" in {d[0] for d in easyconfig["builddependencies"]}
    assert len(easyconfig["checksums"]) == len(easyconfig["sources"])


def test_conda_has_a_c_library_with_what_is_called(conda):
    variants = yaml.safe_load((CONDA / "variants.yaml").read_text())
    assert variants == {"mpi": ["openmpi", "mpich"], "c_stdlib": ["sysroot"], "c_stdlib_version": ["2.28"]}
    assert "renameat2(" in (HOUSE / "src" / "core" / "file.c").read_text()  # of glibc 2.28
    assert "hdf5 >=1.10.6,<2 mpi_${{ mpi }}_*" in conda["requirements"]["host"]
