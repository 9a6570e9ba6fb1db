"""The version of this package, as it was installed."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """Without an installation, as in a source tree, "0"."""
    try:
        return metadata.version("mzgrid")
    except metadata.PackageNotFoundError:
        return "0"
