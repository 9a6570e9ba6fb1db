"""Spectra that can be read only once, kept in a file of this run while they are converted: the engine needs any range of
them, several times, and on any rank.

The file lies beside the output, or in `temp_dir`, and has a name that no other file has. It is removed as soon as all ranks
have it open, at once if there is one rank: then it goes with the processes, however they end. It has blocks of about a
megabyte, of which one at a time is in memory:

    spectra, points, bytes of faults      three int64
    begin; m/z; intensities; x, y, z of each spectrum; faults as JSON

and at the end two int64 for each block: its first spectrum, and where it begins."""

from __future__ import annotations

import bisect
import contextlib
import fcntl
import glob
import json
import os
import stat
import tempfile
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ._errors import SystemFailure
from ._feed import Block, Input, Stream

HEAD = 24


class Spool(Input):
    """What a stream gave, by number. Any thread may read, one at a time."""

    def __init__(self, source: Input, file: int, n: int, table: int) -> None:
        super().__init__(source.label, source.facts)
        self.kind = source.kind
        self.n = n
        self.file = file  # which it closes
        end = os.fstat(self.file).st_size
        entries = np.frombuffer(read_exactly(self.file, table, end - table), dtype=np.int64).reshape(-1, 2)
        self.first: list[int] = entries[:, 0].tolist()
        self.at: list[int] = [*entries[:, 1].tolist(), table]
        self.block: Block | None = None
        self.number = -1

    def read(self, first: int, n: int) -> Block:
        """From one to n spectra: those of one block."""
        k = bisect.bisect_right(self.first, first) - 1
        if k != self.number or self.block is None:
            self.block = None  # before the next one takes memory
            self.block, self.number = unpack(read_exactly(self.file, self.at[k], self.at[k + 1] - self.at[k])), k
        block, i = self.block, first - self.first[k]
        end = min(i + n, len(block))
        faults = block.faults[i:end] if block.faults else None
        return Block(block.positions[i:end], block.begin[i : end + 1], block.mz, block.intensity, faults)

    def close(self) -> None:
        if self.file >= 0:
            os.close(self.file)
        self.file = -1


class Kept:
    """The file that is written; `close` removes it, unless `remove` did."""

    def __init__(self, directory: str, output: str) -> None:
        self.directory = directory
        self.path = ""
        self.file = -1
        stem = os.path.join(directory, f".{os.path.basename(output.rstrip('/'))}.")
        try:
            remove_left(stem)
            self.file, self.path = tempfile.mkstemp(prefix=os.path.basename(stem), suffix=".new", dir=directory)
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            name = self.path.removesuffix("new") + "spectra"
            os.rename(self.path, name)  # no file of that name is without its lock while it is used
            self.path = name
        except OSError as fault:
            failure = self.failure(fault)
            self.close()
            raise failure from None
        self.table: list[tuple[int, int]] = []
        self.n = 0
        self.size = 0

    def failure(self, fault: OSError) -> SystemFailure:
        return SystemFailure(
            f"{self.directory}: the spectra cannot be kept here while they are converted: {fault.strerror}; name another "
            "directory with temp_dir"
        )

    def take(self, stream: Stream, progress: Callable[[int], None]) -> None:
        """All that the stream gives. What it raises comes out as it is."""
        for block in stream.blocks():
            self.table.append((self.n, self.size))
            self.write(pack(block))
            self.n += len(block)
            progress(self.n)

    def write(self, parts: list[bytes | memoryview]) -> None:
        try:
            for part in parts:
                view = memoryview(part).cast("B")
                while view:
                    view = view[os.write(self.file, view) :]
                self.size += memoryview(part).nbytes
        except OSError as fault:
            raise self.failure(fault) from None

    def finish(self) -> int:
        """Writes the table, and returns where it begins."""
        begin = self.size
        self.write([np.array(self.table, dtype=np.int64).tobytes()])
        try:
            os.fsync(self.file)  # on a network file system other nodes see what was brought there
        except OSError as fault:
            raise self.failure(fault) from None
        return begin

    def remove(self) -> None:
        if self.path:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
        self.path = ""

    def close(self) -> None:
        self.remove()
        if self.file >= 0:
            os.close(self.file)
        self.file = -1


def remove_left(stem: str) -> None:
    """What a run left that was killed: its lock went with it."""
    for path in glob.glob(f"{glob.escape(stem)}????????.spectra"):
        with contextlib.suppress(OSError, SystemFailure):
            file = open_file(path)
            try:
                if stat.S_ISREG(os.fstat(file).st_mode):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(path)
            finally:
                os.close(file)


def pack(block: Block) -> list[bytes | memoryview]:
    faults = json.dumps(block.faults).encode() if block.faults else b""
    head = np.array([len(block), len(block.mz), len(faults)], dtype=np.int64)
    arrays = (head, block.begin, block.mz, block.intensity, block.positions)
    return [*(np.ascontiguousarray(array).tobytes() for array in arrays), faults]


def unpack(data: bytearray) -> Block:
    n, n_points, n_faults = np.frombuffer(data, dtype=np.int64, count=3).tolist()
    at = HEAD

    def take(dtype: npt.DTypeLike, count: int) -> npt.NDArray[np.generic]:
        nonlocal at
        array: npt.NDArray[np.generic] = np.ndarray(count, dtype=dtype, buffer=data, offset=at)
        at += array.nbytes
        return array

    begin, mz, intensity = take(np.int64, n + 1), take(np.float64, n_points), take(np.float64, n_points)
    positions = take(np.int32, 3 * n).reshape(n, 3)
    faults = json.loads(bytes(data[at : at + n_faults])) if n_faults else None
    return Block(positions, begin, mz, intensity, faults)  # type: ignore[arg-type]


def open_file(path: str) -> int:
    try:
        # Of a pipe of this name nobody waits for a writer.
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as fault:
        raise SystemFailure(
            f"{path}: this rank cannot read the spectra that rank 0 keeps here: {fault.strerror}; with several nodes, "
            "temp_dir must be a directory that all of them share"
        ) from None


def read_exactly(file: int, at: int, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        got = os.preadv(file, [view], at)
        if not got:
            raise SystemFailure("the file of spectra that this run keeps is shorter than it was")
        view, at = view[got:], at + got
    return data
