"""Packages that only some calls need."""

from __future__ import annotations

import importlib


def require(package: str, extra: str) -> None:
    """An ImportError that says how to install `package`, if it is not there."""
    try:
        importlib.import_module(package)
    except ImportError as fault:
        raise ImportError(
            f"this needs {package}, which cannot be imported ({fault}): pip install 'mzgrid[{extra}]'", name=package
        ) from fault
