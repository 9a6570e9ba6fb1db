#!/usr/bin/env python3
"""Faults by force: mzgrid with failing calls, cut power, killed processes, and a second run beside it.

    campaign.py PROGRAM SHIM [sweep|replay|kills|store-kills|pairs|exports]... [--full] [--only CASE]... [--count N] [--seed N] [--jobs N]
                [--seconds S] [--report FILE.md] [--mpi-shim FILE]

Exit status 1 if anything was found that should not be. The docstrings of the campaigns say what that is; --only
takes the case that a finding begins with.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import exports  # noqa: E402
import harness  # noqa: E402
import kills  # noqa: E402
import pairs  # noqa: E402
import replay  # noqa: E402
import store_kills  # noqa: E402
import sweep  # noqa: E402

CAMPAIGNS = {"sweep": sweep, "replay": replay, "kills": kills, "store-kills": store_kills, "pairs": pairs, "exports": exports}


def own_shared_memory():
    """Starts this program again with a /dev/shm of its own, if it may, so that what is left there can be told."""
    if os.environ.get("MZG_FAULTS_OWN_SHM") or subprocess.run(
        ["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        return
    os.environ["MZG_FAULTS_OWN_SHM"] = "1"
    script = 'mount -t tmpfs tmpfs /dev/shm 2>/dev/null; exec "$@"'
    os.execvp("unshare", ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, *sys.argv])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("shim")
    parser.add_argument("campaigns", nargs="*", metavar="CAMPAIGN", help=f"of {', '.join(CAMPAIGNS)}; none: all")
    parser.add_argument("--full", action="store_true", help="every number of every call, 200 kills of each kind, 40 pairs")
    parser.add_argument("--only", action="append", default=[], help="this case alone, as findings name it")
    parser.add_argument("--count", type=int, help="at most so many cases of each campaign")
    parser.add_argument("--most", type=int, help="sweep: at most so many numbers of a call")
    parser.add_argument("--ways", type=int, help="sweep: in how many ways each fails")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="runs at once in the sweep")
    parser.add_argument("--seconds", type=float, help="begin no case after so many seconds")
    parser.add_argument("--mpi-shim", help="library that lets calls of MPI fail; without it the sweep leaves them out")
    parser.add_argument("--report", type=Path, help="file for the table")
    options = parser.parse_intermixed_args()
    for name in options.campaigns:
        if name not in CAMPAIGNS:
            parser.error(f"unknown campaign {name}; known are {', '.join(CAMPAIGNS)}")
    own_shared_memory()
    begun = time.monotonic()
    options.end = lambda: options.seconds is not None and time.monotonic() - begun > options.seconds
    rows = ["| campaign | cases | outcomes | findings |", "|---|---|---|---|"]
    findings = 0
    with tempfile.TemporaryDirectory(prefix="faults.") as work:
        program = harness.Program(os.path.realpath(options.program), os.path.realpath(options.shim), Path(work),
                                  options.mpi_shim and os.path.realpath(options.mpi_shim))
        for name in options.campaigns or CAMPAIGNS:
            tally = CAMPAIGNS[name].campaign(program, options)
            rows.append(tally.row())
            findings += len(tally.findings)
    print("\n".join(rows))
    print(f"{findings} findings in {time.monotonic() - begun:.0f} s")
    if options.report:
        options.report.write_text("\n".join(rows) + "\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
