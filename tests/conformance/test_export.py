"""`mzgrid export`: imzML as pyimzml reads it against X as anndata reads it, and back again by `convert`; CSV as pandas and
the csv module read it; and what it says of what cannot be exported."""
import csv
import hashlib
import shutil
import signal
import subprocess
import uuid
import xml.etree.ElementTree as ET

import anndata
import numpy as np
import pandas
import pytest
import scipy.sparse as sp
import spatialdata
import stores
from conftest import mpi_environment
from pyimzml.ImzMLParser import ImzMLParser
from spatialdata.transformations import get_transformation
from stops import Stopped, settings
from test_bytes import sample
from writer import Pixel, write_imzml

LAYOUTS = ["csc", "csr", "csc+csr", "dense"]
LARGE = ("synthetic:64x60:800:centroid:1:full", "--bins", 900)  # 2.3 million values
SMALL = ("synthetic:23x17:150", "--bins", 700, "--pixel-size", "20:10")
MZML = "{http://psi.hupo.org/ms/mzml}"


@pytest.fixture(scope="module")
def made(mzgrid, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    paths = {}

    def get(*arguments):
        if arguments not in paths:
            paths[arguments] = folder / f"{len(paths)}.zarr"
            mzgrid.convert(arguments[0], paths[arguments], "-q", *arguments[1:])
        return paths[arguments]

    return get


def table_of(store, suffix="_z0"):
    (folder,) = (store / "tables").glob(f"*{suffix}")
    table = anndata.read_zarr(folder)
    return table, np.ascontiguousarray(table.X.toarray() if sp.issparse(table.X) else table.X)


def export(mzgrid, store, output, *options, **more):
    run = mzgrid("export", store, "-o", output, *options, **more)
    assert run.status == 0, str(run)
    return run


def terms(imzml):
    """The terms of the header, by accession."""
    found = {}
    for _, element in ET.iterparse(imzml, ["start"]):
        if element.tag == f"{MZML}spectrum":
            return found
        if element.tag == f"{MZML}cvParam":
            found[element.get("accession")] = element.get("value")
    raise AssertionError("no spectrum")


def assert_whole(imzml):
    """UUID, checksum and the end of the XML belong together."""
    ibd = imzml.with_suffix(".ibd").read_bytes()
    said = terms(imzml)
    assert said["IMS:1000091"] == hashlib.sha1(ibd).hexdigest()
    assert uuid.UUID(said["IMS:1000080"]) == uuid.UUID(bytes=ibd[:16])
    assert ET.parse(imzml).getroot().tag == f"{MZML}mzML"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_pyimzml_reads_the_values_of_the_store(mzgrid, made, tmp_path, layout, dtype):
    store = made(*SMALL, "--layout", layout, "--dtype", dtype)
    table, x = table_of(store)
    mz = table.var["mz"].to_numpy()
    for processed in (False, True):
        out = tmp_path / f"{processed}.imzML"
        export(mzgrid, store, out, "--processed" if processed else "--imzml")
        assert_whole(out)
        parser = ImzMLParser(str(out))
        assert len(parser.coordinates) == len(table)
        assert [p[:2] for p in parser.coordinates] == list(zip(table.obs["x"], table.obs["y"]))
        for i in range(len(table)):
            at, values = parser.getspectrum(i)
            keep = x[i] != 0 if processed else slice(None)
            assert at.dtype == np.float64 and values.dtype == dtype
            assert np.array_equal(at, mz[keep])
            assert np.array_equal(values.view("u1"), np.ascontiguousarray(x[i][keep]).view("u1")), i
        said = terms(out)
        assert ("IMS:1000031" in said, "IMS:1000030" in said) == (processed, not processed)
        assert (float(said["IMS:1000046"]), float(said["IMS:1000047"])) == (20, 10)
        assert int(said["IMS:1000042"]) == table.obs["x"].max() and int(said["IMS:1000043"]) == table.obs["y"].max()


@pytest.mark.parametrize("form", ["--imzml", "--processed"])
def test_any_ranks_threads_layouts_and_memory_give_the_same_bytes(mzgrid, made, tmp_path, form):
    """A rank with 8 MiB for its rows, the least, reads the columns three times."""
    files, said = [], []
    for n, (layout, ranks, threads, limit) in enumerate([("csc", 1, 2, "2G"), ("csc", 1, 1, "20M"), ("csc", 3, 1, "60M"),
                                                         ("csr", 2, 1, "20M"), ("dense", 2, 1, "20M")]):
        store = made(*LARGE, "--layout", layout)
        out = tmp_path / f"{n}.imzML"
        run = export(mzgrid, store, out, form, "--threads", threads, "--memory-limit", limit, ranks=ranks)
        files.append((out.read_bytes(), out.with_suffix(".ibd").read_bytes()))
        said.append(run.err)
    assert len({files[i][1][16:] for i in range(5)}) == 1, "the arrays"
    assert files[0] == files[1] == files[2]
    assert not any("readings" in text for text in said)


def native(mzgrid, source, store, *options):
    mzgrid.convert(source, store, "--mass-axis-type", "native", *options)
    return stores.open_store(store, check=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", ["csc", "dense"])
def test_the_export_converts_to_the_same_matrix(mzgrid, made, tmp_path, layout, dtype):
    store = made(*SMALL, "--layout", layout, "--dtype", dtype)
    table, x = table_of(store)
    export(mzgrid, store, tmp_path / "out.imzML", "--imzml")
    assert mzgrid("validate", tmp_path / "out.imzML").status == 0
    back = native(mzgrid, tmp_path / "out.imzML", tmp_path / "back.zarr", "--layout", layout, "--dtype", dtype).table
    again = np.ascontiguousarray(back.X.toarray() if sp.issparse(back.X) else back.X)
    assert np.array_equal(back.var["mz"], table.var["mz"])
    assert np.array_equal(again.view("u1"), x.view("u1"))
    for column in ("x", "y", "z"):
        assert np.array_equal(back.obs[column], table.obs[column])
    assert np.array_equal(back.obsm["spatial"], table.obsm["spatial"])


def test_what_the_header_knows_comes_back(mzgrid, tmp_path):
    """Planes, negative scans, an offset, pixels without values, positions below 1 and skipped pixels."""
    mz = np.array([100.0, 200.5, 300.25])
    pixels = [Pixel(x, y, mz, np.array([x, 0, y + z], "f4"), z=z) for z in (2, 4) for y in (1, 3) for x in (1, 2, 5)]
    pixels[3].intensity[:] = 0
    write_imzml(tmp_path / "in.imzML", pixels)
    text = (tmp_path / "in.imzML").read_text()
    assert "</scanSettings>" in text and "</fileContent>" in text
    text = text.replace("</scanSettings>", '<cvParam cvRef="IMS" accession="IMS:1000053" name="absolute position offset x" value="125.5" '
                        'unitCvRef="UO" unitAccession="UO:0000017" unitName="micrometer"/></scanSettings>')
    text = text.replace("</fileContent>", '<cvParam cvRef="MS" accession="MS:1000129" name="negative scan"/></fileContent>')
    (tmp_path / "in.imzML").write_text(text)
    mzgrid.convert(tmp_path / "in.imzML", tmp_path / "a.zarr", "--mass-axis-type", "native", "--pixel-size", "20:10")
    export(mzgrid, tmp_path / "a.zarr", tmp_path / "out.imzML", "--imzml", ranks=2)
    parser = ImzMLParser(str(tmp_path / "out.imzML"))
    assert parser.coordinates == [(p.x, p.y, p.z) for p in pixels]
    assert terms(tmp_path / "out.imzML")["IMS:1000053"] == "125.5" and "MS:1000129" in terms(tmp_path / "out.imzML")
    mzgrid.convert(tmp_path / "out.imzML", tmp_path / "b.zarr", "--mass-axis-type", "native")
    one, other = table_of(tmp_path / "a.zarr")[0], table_of(tmp_path / "b.zarr")[0]
    assert (one.X != other.X).nnz == 0 and np.array_equal(one.obsm["spatial"], other.obsm["spatial"])
    assert str(other.uns["imzml"]["polarity"]) == "negative"
    a, b = (next(iter(spatialdata.read_zarr(tmp_path / f"{n}.zarr").labels.values())) for n in "ab")
    assert np.array_equal(a, b)
    assert np.array_equal(get_transformation(a).to_affine_matrix(("x", "y"), ("x", "y")),
                          get_transformation(b).to_affine_matrix(("x", "y"), ("x", "y")))


@pytest.mark.parametrize("continuous", [False, True])
def test_an_input_with_faults_and_duplicates_exports(mzgrid, tmp_path, continuous):
    source = sample(tmp_path / "in.imzML", continuous)
    mzgrid.convert(source, tmp_path / "a.zarr", "--bins", 300)
    table, x = table_of(tmp_path / "a.zarr")
    export(mzgrid, tmp_path / "a.zarr", tmp_path / "out.imzML", "--imzml", ranks=2)
    parser = ImzMLParser(str(tmp_path / "out.imzML"))
    assert np.array_equal([parser.getspectrum(i)[1] for i in range(len(table))], x)


def test_a_feature_table_exports_as_imzml(mzgrid, made, tmp_path):
    store = made("synthetic:20x14:300:centroid:7", "--peaks", "--bins", 20000)
    table, x = table_of(store, "_z0_peaks")
    export(mzgrid, store, tmp_path / "out.imzML", "--imzml", "--dataset", "msi_dataset_z0_peaks")
    parser = ImzMLParser(str(tmp_path / "out.imzML"))
    assert np.array_equal(parser.getspectrum(5)[0], table.var["mz"])
    assert np.array_equal([parser.getspectrum(i)[1] for i in range(len(table))], x)


@pytest.mark.parametrize("layout", ["csc", "dense"])
def test_csv(mzgrid, tmp_path, layout):
    store = tmp_path / "a.zarr"
    mzgrid.convert("synthetic:20x14:300:centroid:7", store, "--bins", 20000)
    said = mzgrid("export", store, "--csv")
    assert said.status == 2 and "run 'mzgrid peaks" in said.err and not list(tmp_path.glob("*.csv"))
    (tmp_path / "list.txt").write_text('m/z,name\n798.5,"PC(34:1), ""odd"""\n300.1,ä=\n5000,outside\n')
    assert mzgrid("peaks", store, "--layout", layout, "--peak-list", tmp_path / "list.txt", "--tolerance", "0.5Da").status == 0
    table, x = table_of(store, "_z0_peaks")
    run = mzgrid("export", store, "--csv")
    assert run.status == 0, str(run)
    data = (tmp_path / "a.peaks.csv").read_bytes()
    assert data.count(b"\r\n") == len(table) + 1 and data.endswith(b"\r\n") and data.count(b"\n") == len(table) + 1
    frame = pandas.read_csv(tmp_path / "a.peaks.csv")
    assert list(frame.columns) == ["x", "y", *table.var_names]
    assert np.array_equal(frame[["x", "y"]], table.obs[["x", "y"]])
    assert np.array_equal(frame[list(table.var_names)].to_numpy().astype(x.dtype), x), "every digit that is needed"

    run = mzgrid("export", store, "--peak-list", "-o", tmp_path / "peaks.csv")
    assert run.status == 0, str(run)
    with open(tmp_path / "peaks.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(r["mz"]) for r in rows] == table.var["mz"].tolist()
    assert [r["name"] for r in rows] == table.var["name"].tolist()
    assert [float(r["area"]) for r in rows] == table.var["area"].tolist() and rows[0]["snr"] == ""
    again = tmp_path / "again.zarr"
    shutil.copytree(store, again)
    assert mzgrid("peaks", again, "--replace", "--layout", layout, "--peak-list", tmp_path / "peaks.csv", "--tolerance", "0.5Da").status == 0
    other, y = table_of(again, "_z0_peaks")
    assert np.array_equal(x, y) and other.var["name"].tolist() == table.var["name"].tolist()
    assert table.var["name"][1] == 'PC(34:1), "odd"'


def test_planes_have_a_column_z(mzgrid, tmp_path):
    mz = np.linspace(100, 200, 400)
    shape = np.exp(-(((mz - 150) / 0.8) ** 2)) * 100
    pixels = [Pixel(x, 1, mz, shape * x + 0.01 * ((np.arange(400) * 7919) % 13), z=z) for z in (1, 2) for x in range(1, 30)]
    write_imzml(tmp_path / "in.imzML", pixels)
    mzgrid.convert(tmp_path / "in.imzML", tmp_path / "a.zarr", "--mass-axis-type", "native", "--peaks")
    export(mzgrid, tmp_path / "a.zarr", tmp_path / "a.csv")
    frame = pandas.read_csv(tmp_path / "a.csv")
    assert list(frame.columns[:3]) == ["x", "y", "z"] and frame["z"].tolist() == [p.z for p in pixels]


REFUSED = {
    "no format": (["STORE"], 2, "give --imzml, --csv or --peak-list"),
    "two": (["STORE", "--imzml", "--csv"], 2, "give one of them"),
    "processed csv": (["STORE", "--csv", "--processed"], 2, "--processed is for --imzml"),
    "into itself": (["STORE", "--imzml", "-o", "STORE/x.imzML"], 2, "the store"),
    "into its tables": (["STORE", "--csv", "-o", "STORE/tables/x.csv"], 2, "the store"),
    "into another store": (["STORE", "--imzml", "-o", "OTHER/images/x"], 2, "lies in the store"),
    "no directory": (["STORE", "--imzml", "-o", "nowhere/x"], 1, "nowhere"),
    "exists": (["STORE", "--imzml", "-o", "old"], 1, "--overwrite"),
    "a directory": (["STORE", "--imzml", "--overwrite", "-o", "folder"], 1, "is not a file"),
    "no store": (["nothing.zarr", "--imzml"], 1, "nothing.zarr"),
    "a file": (["file.zarr", "--imzml"], 1, "file.zarr"),
    "half": (["half.zarr", "--imzml"], 1, "half.zarr"),
    "no chunk": (["hole.zarr", "--imzml"], 1, "hole.zarr"),
    "foreign": (["foreign.zarr", "--imzml"], 1, "foreign.zarr"),
    "unknown table": (["STORE", "--imzml", "--dataset", "liver"], 2, "liver"),
}


@pytest.fixture(scope="module")
def odd_folder(mzgrid, made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    store = made(*SMALL)
    for name in ("STORE", "OTHER", "half.zarr", "hole.zarr"):
        shutil.copytree(store, folder / name)
    shutil.rmtree(folder / "half.zarr/tables/msi_dataset_z0/obs/y")
    shutil.rmtree(folder / "hole.zarr/tables/msi_dataset_z0/X/data/c")
    anndata.AnnData(np.eye(3, dtype="f4")).write_zarr(folder / "foreign.zarr")
    (folder / "file.zarr").write_text("no store")
    (folder / "old.ibd").write_text("mine")
    (folder / "folder.ibd").mkdir()
    return folder


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("ranks", [1, 2])
def test_refused(mzgrid, odd_folder, case, ranks):
    arguments, status, words = REFUSED[case]
    before = stores.tree(odd_folder)
    run = mzgrid("export", *arguments, ranks=ranks, cwd=odd_folder)
    assert run.status == status and words in run.err and run.err.count("\n") == 1, str(run)
    assert stores.tree(odd_folder) == before


@pytest.mark.parametrize("layout", ["csc", "csr"])
def test_a_damaged_matrix_is_told(mzgrid, made, tmp_path, layout):
    """An index beyond the table, and an index twice in a line."""
    import zarr

    for n, index in enumerate((10**6, None)):
        store = tmp_path / f"{n}.zarr"
        shutil.copytree(made(*SMALL, "--layout", layout), store)
        group = zarr.open_group(store / "tables/msi_dataset_z0/X", mode="r+")
        indptr = group["indptr"][:]
        line = int(np.flatnonzero(np.diff(indptr) > 2)[0])
        indices = group["indices"][:]
        indices[indptr[line] + 1] = index if index else indices[indptr[line]]
        group["indices"][:] = indices
        run = mzgrid("export", store, "--imzml")
        assert run.status == 1 and "damaged" in run.err, str(run)
        assert not list(tmp_path.glob("*.ibd*")) and not list(tmp_path.glob("*.part"))


def test_several_regions_are_refused(mzgrid, made, tmp_path):
    one, other = (made("synthetic:9x8:100", "--bins", 300, "--dataset-id", name) for name in ("a", "b"))
    run = mzgrid("merge", one, other, "--concat", "-o", tmp_path / "all.zarr")
    assert run.status == 0, str(run)
    run = mzgrid("export", tmp_path / "all.zarr", "--imzml", "--dataset", "all_samples")
    assert run.status == 2 and "2 regions" in run.err, str(run)


def test_overwrite_replaces_both_files_or_none(mzgrid, made, tmp_path):
    store = made(*SMALL)
    out = tmp_path / "out.imzML"
    export(mzgrid, store, out, "--imzml")
    first = stores.tree(tmp_path)
    assert mzgrid("export", store, "-o", out).status == 1
    assert stores.tree(tmp_path) == first
    export(mzgrid, store, out, "--processed", "--overwrite", ranks=2)
    assert_whole(out)
    assert sorted(stores.tree(tmp_path)) == sorted(first)


def writing(mzgrid, *arguments):
    """An export that has stopped at its second write of the .ibd."""
    command = [mzgrid.path, "export", *arguments, "--imzml", "--memory-limit", "20M", "--threads", "1"]
    return Stopped(command, mpi_environment(), mzgrid.path, "pwrite", ".ibd.part", at=2)


def test_a_store_that_changes_meanwhile_is_not_exported(mzgrid, made, tmp_path):
    """Another conversion takes its name while the first columns are read: the second look at its metadata tells."""
    store = tmp_path / "a.zarr"
    shutil.copytree(made(*LARGE, "--layout", "csc"), store)
    with writing(mzgrid, store) as run:
        text = (store / "zarr.json").read_text()
        (store / "zarr.json").write_text(text + " ")
        status, _, said = run.end()
    assert status == 1 and "zarr.json" in said, said
    assert not list(tmp_path.glob("*.ibd*"))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_killed(mzgrid, made, tmp_path, how):
    store = made(*LARGE, "--layout", "csc")
    with writing(mzgrid, store, "-o", tmp_path / "out") as run:
        run.process.send_signal(how)
        status, _, said = run.end()
    assert status == (4 if how == signal.SIGTERM else -how), said
    assert not (tmp_path / "out.imzML").exists()
    if how == signal.SIGTERM:
        assert not list(tmp_path.iterdir())
    export(mzgrid, store, tmp_path / "out.imzML", "--imzml")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.ibd", "out.imzML"], "what the dead run left is gone"


def test_two_at_once(mzgrid, made, tmp_path):
    store = made(*LARGE, "--layout", "csc")
    with writing(mzgrid, store, "-o", tmp_path / "out") as first:
        second = mzgrid("export", store, "--imzml", "-o", tmp_path / "out")
        assert second.status == 1 and "another run is writing it" in second.err, str(second)
        status, _, said = first.end()
    assert status == 0, said
    assert_whole(tmp_path / "out.imzML")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.ibd", "out.imzML"]


@pytest.mark.parametrize("form", ["--imzml", "--processed", "--csv"])
def test_a_file_that_may_not_grow(mzgrid, made, tmp_path, form):
    """As on a full disk: a limit of the size of files, whose signal is ignored."""
    store = made("synthetic:20x14:300:centroid:7", "--peaks", "--bins", 20000) if form == "--csv" else made(*SMALL)
    command = f"trap '' XFSZ; ulimit -f 8; exec {mzgrid.path} export {store} {form} -o {tmp_path}/out{'.csv' if form == '--csv' else ''}"
    run = subprocess.run(["bash", "-c", command], env=mpi_environment(), capture_output=True, text=True, timeout=60)
    assert run.returncode == 1 and run.stderr.count("\n") == 1, run.stderr
    assert not list(tmp_path.iterdir())


def test_the_format_stands_on_the_command_line(mzgrid, made, tmp_path, monkeypatch):
    """It says whether MPI is needed, which a file of options or a variable would say too late."""
    store = made("synthetic:20x14:300:centroid:7", "--peaks", "--bins", 20000)
    (tmp_path / "options.toml").write_text("[export]\nprocessed = true\n")
    run = mzgrid("export", store, "-o", tmp_path / "a.csv", "--config", tmp_path / "options.toml")
    assert run.status == 2 and "on the command line only" in run.err, str(run)
    monkeypatch.setenv("MZGRID_IMZML", "on")
    export(mzgrid, store, tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_text().startswith("x,y,")
    monkeypatch.setenv("MZGRID_OUTPUT", str(tmp_path / "c.imzML"))
    assert mzgrid("export", store, "--processed").status == 0
    assert_whole(tmp_path / "c.imzML")


@pytest.mark.parametrize("number", [1, 2])
def test_no_imzml_stands_beside_the_ibd_of_another_one(mzgrid, made, tmp_path, number):
    """A run with --overwrite is killed before it gives a file its name: the first time, the second time."""
    out = tmp_path / "out.imzML"
    export(mzgrid, made(*SMALL), out, "--imzml")
    store = made("synthetic:9x8:100", "--bins", 300)
    environment = {**mpi_environment(), **settings(mzgrid.path, "rename", tmp_path, at=number, how="KILL")}
    run = subprocess.run([mzgrid.path, "export", store, "--imzml", "-o", out, "--overwrite", "-q"], env=environment, capture_output=True)
    assert run.returncode == -signal.SIGKILL, run
    assert out.with_suffix(".ibd").exists()
    if out.exists():
        assert_whole(out)
    assert mzgrid("export", store, "--imzml", "-o", out, "--overwrite", "-q").status == 0
    assert_whole(out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.ibd", "out.imzML"]
