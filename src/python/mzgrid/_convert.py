"""convert(): the program on all cores, with a bar, and what goes wrong as exceptions."""

from __future__ import annotations

import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from . import _errors as errors
from . import _leftovers, _options, _program
from ._matrix import find_caller

if TYPE_CHECKING:
    from ._dataset import Dataset
    from ._feed import Readable

log = logging.getLogger("mzgrid")

TOO_MANY_SKIPPED = 3
CLASSES: dict[str, type[errors.ConversionError]] = {
    "usage": errors.UsageError,
    "memory": errors.OutOfMemory,
    "system": errors.SystemFailure,
    "format": errors.InputError,
    "range": errors.InputError,
    "skipped": errors.SkippedTooMany,
    "interrupted": errors.InterruptedConversion,
}


@overload
def convert(
    src: str | os.PathLike[str] | Readable,
    out: str | os.PathLike[str],
    *,
    ranks: int | None = None,
    memory_limit: str | int | None = None,
    progress: bool = True,
    dry_run: Literal[False] = False,
    **options: Unpack[_options.Options],
) -> Dataset: ...


@overload
def convert(
    src: str | os.PathLike[str] | Readable,
    out: str | os.PathLike[str],
    *,
    ranks: int | None = None,
    memory_limit: str | int | None = None,
    progress: bool = True,
    dry_run: Literal[True],
    **options: Unpack[_options.Options],
) -> str: ...


def convert(
    src: str | os.PathLike[str] | Readable,
    out: str | os.PathLike[str],
    *,
    ranks: int | None = None,
    memory_limit: str | int | None = None,
    progress: bool = True,
    dry_run: bool = False,
    **options: Unpack[_options.Options],
) -> Dataset | str:
    """Converts `src` to the store `out`, and opens it: an imzML file (or synthetic input), or what a reader of Python gives.

    For a file, the program runs in processes of its own: `ranks` of MPI, by default one that uses all cores. Its options
    are keyword arguments, ``--bin-width 5mDa`` being ``bin_width="5mDa"``; a flag is True. A tqdm bar shows how far it is.
    Warnings of the program are warnings of Python (ConversionWarning), the rest of what it says goes to the logger "mzgrid".

    A failure is a ConversionError with the program's own sentence, and nothing is left under the name of the output.
    Ctrl-C ends all ranks, which remove what they began. With `dry_run` nothing is made, and the plan is returned.

    A reader is whatever gives spectra ``(x, y, z, mz, intensity)``: a list or anything else with a length and spectra by
    number; an iterator, or a function that returns one; a reader of Thyra. It is converted in this process, or by all
    ranks of ``mpirun -n R python script.py``. What it raises comes out of this call."""
    from ._dataset import open

    if not isinstance(src, (str, os.PathLike)):
        return convert_reader(
            src, os.fspath(out), ranks, progress, {**options, "memory_limit": memory_limit, "dry_run": dry_run}
        )
    source, target = os.fspath(src), os.fspath(out)
    if ranks is not None and (isinstance(ranks, bool) or not isinstance(ranks, int) or ranks < 1):
        raise errors.UsageError(f"ranks is {ranks!r}, expected a whole number above 0")
    words = ["convert", "--progress=json", *_options.arguments(options)]
    if memory_limit is not None:
        words.append(f"--memory-limit={_options.text('memory_limit', memory_limit)}")
    if dry_run:
        words.append("--dry-run")
    program = _program.find_program()
    command = _program.command_of(program, ranks or 1, [*words, "--", source, target])
    _program.check_version(program)

    talk = Talk(bar=progress and not dry_run, loud=bool(options.get("verbose")))
    listener = _program.Listener(talk.progress, talk.line)
    status = None
    try:
        status = _program.run(program, command, listener)
    finally:
        talk.close()
        if status != 0:
            _leftovers.remove(target, options.get("temp_dir"))
    if status not in (0, TOO_MANY_SKIPPED):
        raise failure(status, listener)
    if status == TOO_MANY_SKIPPED:
        talk.warnings.append(f"{target}: more pixels could not be read than max_skipped allows; see skipped_pixels")
    for text in talk.warnings:
        warnings.warn(text, errors.ConversionWarning, stacklevel=find_caller())
    return "\n".join(talk.said) if dry_run else open(target)


def convert_reader(
    src: Any,
    out: str,
    ranks: int | None,
    progress: bool,
    options: dict[str, Any],
    warn: Callable[[str], None] | None = None,
) -> Dataset | str:
    """The same in this process, which asks `src` for spectra. Warnings go to `warn` instead of Python's."""
    from . import _engine
    from ._dataset import open

    if ranks not in (None, 1):
        raise errors.UsageError(
            f"ranks={ranks!r} is for files, a reader is in this process alone; run the script by mpirun -n {ranks} python"
        )
    talk = Talk(bar=progress and not options["dry_run"], loud=bool(options.get("verbose")))
    kinds = {_engine.ERROR: "error: ", _engine.WARNING: "warning: "}
    teller = _engine.Teller(
        line=lambda level, text: talk.line(kinds.get(level, "") + text),
        progress=lambda phase, done, total: talk.progress(
            {"phase": phase, "done": done, "total": total, "unit": "parts" if phase == "writing" else "pixels"}
        ),
        pause=talk.close,
    )
    try:
        outcome = _engine.convert(src, out, options, teller)
    finally:
        talk.close()
    if outcome.skipped_too_many:
        talk.warnings.append(f"{out}: more pixels could not be read than max_skipped allows; see skipped_pixels")
    for text in talk.warnings:
        if warn is not None:
            warn(text)
        else:
            warnings.warn(text, errors.ConversionWarning, stacklevel=find_caller())
    return "\n".join(talk.said) if options["dry_run"] else open(out)


class Talk:
    """What a run shows on its way: a bar for each phase, lines of the log. Called by the threads that listen."""

    def __init__(self, bar: bool, loud: bool) -> None:
        self.bar = bar
        self.loud = loud
        self.phase = ""
        self.tqdm: Any = None
        self.warnings: list[str] = []
        self.said: list[str] = []

    def progress(self, message: dict[str, Any]) -> None:
        if not self.bar:
            return
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self.bar = False
            return
        phase, done, total = str(message["phase"]), int(message["done"]), message["total"]
        if phase != self.phase or self.tqdm is None:
            self.close()
            pixels = message.get("unit") == "pixels"
            self.phase = phase
            self.tqdm = tqdm(total=total, desc=phase, unit="px" if pixels else "part", unit_scale=pixels, leave=False)
        self.tqdm.update(done - self.tqdm.n)
        if done == total:
            self.tqdm.refresh()  # else a notebook keeps what it showed a moment ago

    def line(self, text: str) -> None:
        kind, _, rest = text.partition(": ")
        if kind == "warning":
            self.warnings.append(rest)
        elif kind != "error":
            self.said.append(text)
            log.info(text)
            if self.loud:
                print(f"mzgrid: {text}", file=sys.stderr)

    def close(self) -> None:
        if self.tqdm is not None:
            self.tqdm.close()
            self.tqdm = None


def failure(status: int, listener: _program.Listener) -> errors.MzgridError:
    """What ended the run, by what it said; without a word, by how it ended."""
    fault = listener.fault
    if fault is not None:
        return CLASSES.get(str(fault["error"]), errors.ConversionError)(str(fault["text"]))
    said = [line.removeprefix("mzgrid: error: ") for line in listener.log if line.startswith("mzgrid: error: ")]
    if said:
        return (errors.UsageError if status == 2 else errors.ConversionError)(said[-1])
    number = -status if status < 0 else status - 128 if 128 < status < 160 else 0
    if number:
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        hint = ": the system kills who takes too much memory; try a smaller memory_limit" if name == "SIGKILL" else ""
        return errors.ProgramError(f"the program was ended by {name}{hint}")
    reason = f": {listener.errors[-1]}" if listener.errors else ""
    return errors.ProgramError(f"the program ended with status {status} and said nothing{reason}")
