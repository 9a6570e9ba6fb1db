"""Arrays that zarr-python wrote, read by this project's reader: every type, codec and shape of chunks that it takes."""
import os
import subprocess
from pathlib import Path

import numpy
import pytest
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec, ZstdCodec

from conftest import REPOSITORY

READ_STORE = Path(os.environ.get("MZGRID_BUILD", REPOSITORY / "build/release")).resolve() / "tests/read_store"
CODECS = {
    "none": None,
    "zstd": [ZstdCodec(level=3)],
    "zstd with checksum": [ZstdCodec(level=1, checksum=True)],
    "blosc-lz4": [BloscCodec(cname="lz4", shuffle="bitshuffle")],
    "blosc-zstd": [BloscCodec(cname="zstd", shuffle="shuffle")],
    "blosc-blosclz": [BloscCodec(cname="blosclz", shuffle="noshuffle")],
    "zstd and crc32c": [ZstdCodec(level=3), Crc32cCodec()],
    "crc32c": [Crc32cCodec()],
}
SHAPES = [  # shape, chunks, shards
    ((1000,), (64,), None),
    ((1000,), (64,), (256,)),
    ((1000,), (1000,), None),
    ((31, 17), (8, 5), None),
    ((31, 17), (8, 5), (16, 20)),
    ((5, 6, 7), (2, 3, 4), (4, 6, 8)),
    ((), (), None),
    ((0,), (4,), None),
]


def read(store, node, kind):
    return subprocess.run([READ_STORE, store, node, kind], capture_output=True, timeout=60)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("shape, chunks, shards", SHAPES)
def test_numbers(tmp_path, dtype, shape, chunks, shards):
    rng = numpy.random.default_rng(7)
    data = (rng.integers(0, 3, shape) * rng.integers(-40, 40, shape)).astype(dtype)
    group = zarr.open_group(tmp_path / "s.zarr", mode="w", zarr_format=3)
    for number, (name, codecs) in enumerate(CODECS.items()):
        array = group.create_array(f"a{number}", shape=shape, dtype=dtype, chunks=chunks, shards=shards,
                                   compressors=codecs, fill_value=data.dtype.type(1))
        array[...] = data
        run = read(tmp_path / "s.zarr", f"a{number}", "numbers")
        assert run.returncode == 0, (name, run.stderr)
        assert run.stdout == data.tobytes(), name


@pytest.mark.parametrize("shards", [None, (20,)])
def test_strings(tmp_path, shards):
    words = numpy.array(["", "a", "µm", "798.5421", "x" * 300] * 11, dtype=object)
    group = zarr.open_group(tmp_path / "s.zarr", mode="w", zarr_format=3)
    array = group.create_array("words", shape=words.shape, dtype="string", chunks=(10,), shards=shards)
    array[...] = words
    run = read(tmp_path / "s.zarr", "words", "strings")
    assert run.returncode == 0, run.stderr
    assert run.stdout.decode().split("\0")[:-1] == list(words)


def test_fill_values(tmp_path):
    group = zarr.open_group(tmp_path / "s.zarr", mode="w", zarr_format=3)
    for number, (dtype, fill) in enumerate([("float64", numpy.nan), ("float32", -numpy.inf), ("float32", 0.1),
                                            ("int64", -(2**63)), ("bool", True)]):
        group.create_array(f"a{number}", shape=(5,), dtype=dtype, chunks=(2,), fill_value=fill)
        run = read(tmp_path / "s.zarr", f"a{number}", "numbers")
        assert run.stdout == numpy.full(5, fill, dtype).tobytes(), (dtype, fill, run.stderr)


def test_what_is_not_read_is_said(tmp_path):
    group = zarr.open_group(tmp_path / "s.zarr", mode="w", zarr_format=3)
    group.create_array("gzip", shape=(5,), dtype="int32", chunks=(2,), compressors=[zarr.codecs.GzipCodec()])
    group.create_array("half", shape=(5,), dtype="float16", chunks=(2,))
    for node, word in [("gzip", b"gzip"), ("half", b"float16"), ("none", b"No such file"), ("", b"node_type")]:
        run = read(tmp_path / "s.zarr", node, "numbers")
        assert run.returncode == 1 and word in run.stderr and run.stderr.count(b"\n") == 1, run.stderr
