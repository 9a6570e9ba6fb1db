"""Conversions in this process: libmzgrid asks for spectra, Python gives them.

One thread makes all calls of the library (see `_imzml`). The thread that called `convert` reads meanwhile: what a
reader raises, and a Ctrl-C, arrive there, and readers that belong to a thread, as connections of sqlite3 do, work.
Under mpirun each rank is such a process, and all of them call `convert`."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from ctypes import CFUNCTYPE, POINTER, byref, c_bool, c_char_p, c_double, c_int, c_int64, c_size_t, c_void_p
from dataclasses import dataclass, field
from functools import cache
from types import FrameType
from typing import Any, NoReturn

from . import _feed, _imzml, _native, _parameters, _spool
from ._errors import ConversionError, InputError, InterruptedConversion, ReaderFailed, SystemFailure
from ._imzml import Spectra, on_worker, worker

READ = CFUNCTYPE(c_int, c_void_p, c_int64, c_int64, POINTER(Spectra))
LAST_ERROR = CFUNCTYPE(c_void_p, c_void_p)
RELEASE = CFUNCTYPE(None, c_void_p)
LOG = CFUNCTYPE(None, c_void_p, c_int, c_char_p)
UPDATE = CFUNCTYPE(None, c_void_p, c_char_p, c_int64, c_int64)
ERROR, WARNING, INFO, DETAIL, DEBUG = range(5)
INTERRUPTED = 7


class ForeignInput(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("n_spectra", c_int64),
        ("type", c_int),
        ("polarity", c_int),
        ("pixel_size", c_double * 2),
        ("metadata", c_char_p),
        ("read", READ),
        ("last_error", LAST_ERROR),
        ("release", RELEASE),
        ("data", c_void_p),
    ]


OPEN = CFUNCTYPE(c_int, c_void_p, c_char_p, POINTER(ForeignInput))


class ForeignReader(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("open", OPEN), ("data", c_void_p)]


class ContextOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("threads", c_int), ("log", LOG), ("log_data", c_void_p), ("log_level", c_int)]


class Progress(ctypes.Structure):
    _fields_ = [("update", UPDATE), ("context", c_void_p)]


class Outcome(ctypes.Structure):
    """The first members of what the library knows more of; a program may have less."""

    _fields_ = [("size", c_size_t), ("pixels", c_int64), ("skipped", c_int64), ("skipped_too_many", c_bool)]


Err = POINTER(_native.Error)
SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "mzg_context_new_world": (c_int, [POINTER(ContextOptions), POINTER(c_void_p), Err]),
    "mzg_context_free": (None, [c_void_p]),
    "mzg_context_rank": (c_int, [c_void_p]),
    "mzg_context_size": (c_int, [c_void_p]),
    "mzg_context_share": (c_int, [c_void_p, c_void_p, c_size_t, Err]),
    "mzg_context_stop": (None, [c_void_p]),
    "mzg_foreign_register": (c_int, [c_void_p, POINTER(ForeignReader), Err]),
    "mzg_convert_options_init": (c_int, [POINTER(_parameters.ConvertOptions), c_size_t, Err]),
    "mzg_peaks_options_init": (c_int, [POINTER(_parameters.PeaksOptions), c_size_t, Err]),
    "mzg_convert_check": (c_int, [POINTER(_parameters.ConvertOptions), Err]),
    "mzg_convert": (
        c_int,
        [c_void_p, POINTER(_parameters.ConvertOptions), POINTER(Progress), POINTER(Outcome), Err],
    ),
    "mzg_version": (c_char_p, []),
}


@cache
def library() -> ctypes.CDLL:
    return _native.load("libmzgrid.so.0", SIGNATURES)


@dataclass
class Teller:
    """Who is told what happens, on rank 0."""

    line: Callable[[int, str], None]
    progress: Callable[[str, int, int | None], None]
    pause: Callable[[], None]  # the phase has ended, and the next one is not there yet


class Stopped(BaseException):
    """A signal ends the reader that runs."""


class Signals:
    """Ctrl-C, and the SIGTERM of launchers and schedulers: the engine ends in order, and what is left is done as before."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self.stop = stop
        self.reading = False  # code of the reader runs, which an exception may leave
        self.pending: int | None = None
        self.before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
                if signal.getsignal(number) is usual:
                    self.before[number] = usual
                    signal.signal(number, self.handle)
        return self

    def handle(self, number: int, frame: FrameType | None) -> None:
        self.pending = self.pending or number
        self.stop()
        if self.reading:
            self.reading = False
            raise KeyboardInterrupt if number == signal.SIGINT else Stopped

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def follow(self) -> None:
        """What the signal would have done; called at the end, when nothing is left behind."""
        if self.pending == signal.SIGINT:
            raise KeyboardInterrupt
        if self.pending is not None:
            os.kill(os.getpid(), self.pending)

    @contextlib.contextmanager
    def open_to(self) -> Iterator[None]:
        """Around code of the reader."""
        try:
            if self.pending is not None:
                raise Stopped
            self.reading = True
            yield
        finally:
            self.reading = False


@dataclass
class Request:
    """The engine waits for spectra, of which the caller's thread knows."""

    first: int
    n: int
    done: threading.Event = field(default_factory=threading.Event)
    block: _feed.Block | None = None


class Conversion:
    """One conversion on this rank."""

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        self.context = c_void_p()
        self.requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self.failure: BaseException | None = None  # of the reader, on this rank
        self.signals = Signals(self.stop)
        self.source: _feed.Sequence | _spool.Spool | None = None
        self.spooled: _spool.Kept | None = None
        self.kept: Any = None  # what the library looks at until its next call
        self.text = b""
        self.callbacks = (
            OPEN(self.on_open),
            READ(self.on_read),
            LAST_ERROR(self.on_last_error),
            LOG(self.on_log),
            UPDATE(self.on_update),
        )

    # By the worker.

    def begin(self, options: Mapping[str, Any]) -> None:
        context = ContextOptions(size=ctypes.sizeof(ContextOptions), log=self.callbacks[3], log_level=INFO)
        with contextlib.suppress(Exception):  # of options that are wrong all ranks are told later
            context.threads = int(options.get("threads") or 0)
            context.log_level = WARNING if options.get("quiet") else min(INFO + int(options.get("verbose") or 0), DEBUG)
        _native.check(library().mzg_context_new_world, byref(context), byref(self.context))
        self.rank = int(library().mzg_context_rank(self.context))
        self.size = int(library().mzg_context_size(self.context))

    @staticmethod
    def free(context: c_void_p) -> None:
        if context:
            library().mzg_context_free(context)

    def run(self, settings: _parameters.Settings, source: _feed.Input, outcome: Outcome) -> None:
        try:
            open_, *_ = self.callbacks
            reader = ForeignReader(ctypes.sizeof(ForeignReader), source.kind.encode(), open_, None)
            _native.check(library().mzg_foreign_register, self.context, byref(reader))
            progress = Progress(self.callbacks[4], None)
            _native.check(library().mzg_convert, self.context, byref(settings.convert), byref(progress), byref(outcome))
        finally:
            self.requests.put(None)

    def exchange(self, text: bytes, error: _native.Error) -> bytes:
        """Rank 0's text for all, unless a rank came with an error, which then is that of all."""
        length = c_int64(len(text))
        if library().mzg_context_share(self.context, byref(length), 8, byref(error)):
            return b""
        buffer = ctypes.create_string_buffer(text if self.rank == 0 else b"", length.value + 1)
        library().mzg_context_share(self.context, buffer, length.value, byref(error))
        return buffer.raw[: length.value]

    # By the caller's thread.

    def end(self) -> None:
        """A signal that comes now finds no context any more."""
        context, self.context = self.context, c_void_p()
        on_worker(lambda: self.free(context))
        self.source = self.kept = None

    def stop(self) -> None:
        """At once, because mpirun kills a second after its SIGTERM: then at least no file is left."""
        if self.spooled is not None:
            self.spooled.remove()
        context = self.context
        if context:
            library().mzg_context_stop(context)

    def share(self, text: bytes = b"", failure: BaseException | None = None) -> bytes:
        """The same as `exchange`, where failures are exceptions: one's own, or ReaderFailed with what another rank says."""
        error = _native.Error()
        if failure is not None:
            is_signal = not isinstance(failure, Exception)
            told = "was interrupted" if is_signal else f"{type(failure).__name__}: {failure}"
            error.status = INTERRUPTED if is_signal else 4
            error.text = f"the reader failed on rank {self.rank}: {told}".encode()[:1000].replace(b"\n", b" ")
        got = on_worker(lambda: self.exchange(text, error))
        if failure is not None:
            raise failure
        if error.status:
            kind = InterruptedConversion if error.status == INTERRUPTED else ReaderFailed
            raise kind(error.text.decode(errors="replace"))
        return got

    def together(self, work: Callable[[], bytes]) -> bytes:
        """Work that a rank may fail at alone; then all fail. Returns what it came to on rank 0."""
        text, failure = b"", None
        try:
            text = work()
        except BaseException as fault:
            failure = fault
        return self.share(text, failure)

    def spool(self, stream: _feed.Stream, directory: str, output: str) -> _spool.Spool:
        """Rank 0 reads the stream; then all ranks have it."""
        kept: _spool.Kept | None = None

        def keep() -> bytes:
            nonlocal kept
            if self.rank != 0:
                return b""
            self.spooled = kept = _spool.Kept(directory, output)
            if self.size == 1:  # nobody else needs its name
                kept.remove()
            with self.signals.open_to():
                kept.take(stream, lambda n: self.teller.progress("reading", n, stream.n))
            self.teller.pause()
            if not kept.n:
                raise InputError(f"{stream.path}: no spectra")
            return json.dumps([kept.path, kept.n, kept.finish()]).encode()

        source: list[_spool.Spool] = []

        def open_kept() -> bytes:
            path, n, table = json.loads(place)
            file = os.dup(kept.file) if kept is not None else _spool.open_file(path)
            source.append(_spool.Spool(stream, file, n, table))
            return b""

        try:
            place = self.together(keep)
            self.together(open_kept)
        except BaseException:
            for one in source:
                one.close()
            raise
        finally:
            if kept is not None:
                kept.close()
        return source[0]

    def convert(self, settings: _parameters.Settings, source: _feed.Sequence | _spool.Spool) -> Outcome:
        """Gives spectra until the engine has ended."""
        self.source = source
        outcome = Outcome(size=ctypes.sizeof(Outcome))
        result = worker().submit(self.run, settings, source, outcome)
        before, _imzml.serving = _imzml.serving, threading.get_ident()
        try:
            while (request := self.next_request()) is not None:
                self.answer(request)
        finally:
            _imzml.serving = before
        failure: Exception | None = result.exception()  # type: ignore[assignment]
        if failure is None:
            return outcome
        self.share(b"", self.failure)  # whose fault it was
        if isinstance(failure, ConversionError):
            raise type(failure)(_parameters.named(str(failure))) from None
        raise failure

    def next_request(self) -> Request | None:
        while True:
            try:
                return self.requests.get()
            except BaseException as fault:  # a handler of signals that is not ours
                self.fail(fault)

    def answer(self, request: Request) -> None:
        try:
            assert isinstance(self.source, _feed.Sequence)
            if self.failure is None:
                with self.signals.open_to():
                    request.block = self.source.read(request.first, request.n)
        except BaseException as fault:
            self.fail(fault)
        request.done.set()

    def fail(self, fault: BaseException) -> None:
        self.failure = self.failure or fault
        if not isinstance(fault, Exception):
            self.stop()

    # By any thread of the engine. What Python raises here would be printed and forgotten.

    def on_open(self, _data: object, _path: bytes, opened: Any) -> int:
        try:
            source, image = self.source, opened[0]
            assert source is not None
            image.n_spectra = source.n
            image.type, image.polarity = source.facts.spectrum_type, source.facts.polarity
            image.pixel_size[:] = source.facts.pixel_size
            image.metadata = source.facts.metadata
            image.read, image.last_error = self.callbacks[1], self.callbacks[2]
        except BaseException as fault:
            self.fail(fault)
            return 1
        return 0

    def on_read(self, _input: object, first: int, n: int, spectra: Any) -> int:
        try:
            block = self.ask(first, n) if isinstance(self.source, _feed.Sequence) else self.source.read(first, n)  # type: ignore[union-attr]
            if block is None:
                return 1
            faults = None
            if block.faults:
                texts = [text.encode(errors="replace") if text is not None else None for text in block.faults]
                faults = (c_char_p * len(texts))(*texts)
            arrays = (block.positions, block.begin, block.mz, block.intensity)
            self.kept = arrays, faults
            spectra[0] = Spectra(len(block), *(array.ctypes.data for array in arrays), faults)
        except BaseException as fault:
            self.fail(fault)
            return 1
        return 0

    def ask(self, first: int, n: int) -> _feed.Block | None:
        request = Request(first, n)
        self.requests.put(request)
        while not request.done.wait(1):
            if self.failure is not None:
                return None
        return request.block

    def on_last_error(self, _input: object) -> int:
        self.text = str(self.failure or "").replace("\n", " ").encode(errors="replace")[:900] + b"\0"
        self.pointer = ctypes.create_string_buffer(self.text)
        return ctypes.addressof(self.pointer)

    def on_log(self, _data: object, level: int, text: bytes) -> None:
        try:
            self.teller.line(level, _parameters.named(text.decode(errors="replace")))
        except BaseException as fault:
            self.fail(fault)

    def on_update(self, _data: object, phase: bytes, done: int, total: int) -> None:
        try:
            self.teller.progress(phase.decode(), done, total)
        except BaseException as fault:
            self.fail(fault)


def convert(src: Any, output: str, options: Mapping[str, Any], teller: Teller) -> Outcome:
    """Converts what `_feed.open_input` makes of `src`. Collective under mpirun."""
    conversion = Conversion(teller)
    with conversion.signals:
        outcome = None
        try:
            outcome = attempt(conversion, src, output, options)
        except (Stopped, InterruptedConversion):
            if conversion.signals.pending is None:
                raise
        finally:
            conversion.end()
    conversion.signals.follow()
    assert outcome is not None
    return outcome


def attempt(conversion: Conversion, src: Any, output: str, options: Mapping[str, Any]) -> Outcome:
    on_worker(lambda: conversion.begin(options))
    settings, source = prepare(conversion, src, output, options)
    if not isinstance(source, _feed.Stream):
        return conversion.convert(settings, source)
    directory = os.fspath(options.get("temp_dir") or os.path.dirname(os.path.abspath(output)))
    kept = conversion.spool(source, directory, output)
    try:
        return conversion.convert(settings, kept)
    finally:
        kept.close()


def prepare(
    conversion: Conversion, src: Any, output: str, options: Mapping[str, Any]
) -> tuple[_parameters.Settings, _feed.Sequence | _feed.Stream]:
    """What can be refused before a spectrum is read."""
    made: list[Any] = []

    def look() -> bytes:
        settings = parameters(options)
        with conversion.signals.open_to():
            source = _feed.open_input(src)
        if source.n == 0:
            raise InputError(f"{source.path}: no spectra")
        settings.convert.input = os.fsencode(source.path)
        settings.convert.output = os.fsencode(output.rstrip("/") or output)
        try:
            _native.check(library().mzg_convert_check, byref(settings.convert))
        except ConversionError as fault:
            raise type(fault)(_parameters.named(str(fault))) from None
        if not settings.convert.dry_run and not settings.convert.overwrite and os.path.lexists(output):
            refuse_existing(output)
        made.extend([settings, source])
        return b""

    conversion.together(look)
    return made[0], made[1]


def parameters(options: Mapping[str, Any]) -> _parameters.Settings:
    convert, peaks = _parameters.ConvertOptions(), _parameters.PeaksOptions()
    _native.check(library().mzg_convert_options_init, byref(convert), ctypes.sizeof(convert))
    _native.check(library().mzg_peaks_options_init, byref(peaks), ctypes.sizeof(peaks))
    return _parameters.read(options, convert, peaks)


def refuse_existing(output: str) -> NoReturn:
    raise SystemFailure(f"{output} exists; use overwrite to replace it")
