#!/usr/bin/env python3
"""Runs a notebook from its first cell to its last, in an empty folder, with the package and the program of this checkout.

    scripts/run_notebook.py NOTEBOOK.ipynb EXECUTED.ipynb

Exit status 1 if a cell fails, or if the notebook was committed with outputs."""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[1]


def main():
    source, target = map(Path, sys.argv[1:])
    notebook = nbformat.read(source, as_version=4)
    if any(cell.cell_type == "code" and (cell.outputs or cell.execution_count) for cell in notebook.cells):
        print(f"{source}: has outputs; clear them, because the site makes its own", file=sys.stderr)
        return 1
    program = ROOT / "build/release/mzgrid"
    os.environ["MZGRID_PROGRAM"] = str(program)
    os.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    os.environ["PYTHONPATH"] = str(ROOT / "src/python")
    with tempfile.TemporaryDirectory() as folder:
        # Its messages go over the loopback interface and are signed; the kernel warns that they are not encrypted as well.
        client = NotebookClient(
            notebook,
            timeout=120,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            extra_arguments=["--log-level=ERROR"],
        )
        try:
            client.execute()
        except CellExecutionError as failure:
            print(f"{source}: {failure}", file=sys.stderr)
            return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(nbformat.writes(notebook).replace(f"{folder}/", ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
