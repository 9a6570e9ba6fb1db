#!/usr/bin/env python3
"""Runs a notebook from its first cell to its last, in an empty folder, with the package and the program of this checkout.

    scripts/run_notebook.py NOTEBOOK.ipynb EXECUTED.ipynb

Exit status 1 if a cell fails or warns, if no bar of progress is shown or one ends early, or if the notebook was committed
with outputs."""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[1]


def faults_of(notebook):
    """What is wrong with the outputs of a notebook that was executed."""
    widgets = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    bars = [w["state"] for w in widgets.values() if w["model_name"] == "FloatProgressModel"]
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    shown = sum("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in outputs)
    if not bars or shown != len(bars):
        yield f"shows {shown} bars of progress, {len(bars)} were made"
    for bar in bars:
        if bar["value"] != bar["max"]:
            yield f"a bar ends at {bar['value']} of {bar['max']}"
    for output in outputs:
        if output.get("name") == "stderr":
            yield f"a cell says: {output['text']}"


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
    faults = list(faults_of(notebook))
    for fault in faults:
        print(f"{source}: {fault}", file=sys.stderr)
    if faults:
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(nbformat.writes(notebook).replace(f"{folder}/", ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
