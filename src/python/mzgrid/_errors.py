"""What can go wrong, as exceptions to branch on. Each has one sentence: what, where, what was expected, what to do.

An argument that is not possible, such as an m/z outside the axis, is a ValueError; the rest is a MzgridError."""

from __future__ import annotations


class MzgridError(Exception):
    """The base of all that follow."""


class StoreError(MzgridError):
    """What was opened is no store that this version reads, or a damaged one."""


class ProgramError(MzgridError):
    """The program mzgrid is missing, of another version, cannot be started, or was killed."""


class ConversionError(MzgridError):
    """The program refused or failed, and says why. Nothing stands under the name of the output."""


class UsageError(ConversionError, ValueError):
    """The options ask for something impossible or contradictory."""


class OutOfMemory(ConversionError, MemoryError):
    """There is no memory, or the limit is too small."""


class SystemFailure(ConversionError, OSError):
    """The operating system refused: a file that is not there, an output that exists, a full disk."""


class InputError(ConversionError, ValueError):
    """The input does not hold what it should, or numbers that cannot be stored."""


class SkippedTooMany(ConversionError):
    """More pixels could not be read than may be left out."""


class ReaderFailed(ConversionError):
    """A reader of Python failed on another rank, where its own exception is raised."""


class InterruptedConversion(ConversionError):
    """A signal from outside ended the program."""


class ConversionWarning(UserWarning):
    """The result may not be what is expected: a warning of the program."""


class CostWarning(UserWarning):
    """The store is laid out for something else, and the call reads all of its values."""
