#!/usr/bin/env python3
"""Mutants of real files through `validate` and `convert`, built with sanitizers: nothing crashes, hangs, leaks or takes
more memory than it may, and every pixel of what is written is accounted for.

    campaign.py DRIVER DATA [--each N] [--set NAME]... [--report FILE.md]

DRIVER is tests/mutation/driver.c, DATA the folder of real sets (../shared/data). A pixel of the output may
  - equal that of the undamaged pair,
  - equal what an independent decoder (tests/conformance/reference.py) reads from the damaged pair,
  - be absent, where it is listed as skipped, or the damaged XML has none at that position, or its spectra are among
    those of other kinds (ms level, polarity), of which the output tells how many were left out.
Anything else is a finding, as is a process that ends or does not answer. Exit status 1 where there are findings.
"""
import argparse
import itertools
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import zarr

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "conformance")]
import mutate  # noqa: E402
import reference  # noqa: E402

SETS = ["example-processed", "maldiquant-peaks-proc", "i2nca-pp", "thyra-iontof-sparse", "cardinal-9peaks", "imzy-simple"]
BINS = 97
DECLARATION = re.compile(rb"^\s*(<\?xml[^>]*\?>)?")
SECONDS = 60  # after which an answer is not waited for
MEMORY_LIMIT = 512 << 20  # that of the driver; held with what the sanitizer itself takes, but for memory that was freed
ASAN = f"max_allocation_size_mb={MEMORY_LIMIT >> 20}:hard_rss_limit_mb=3000:quarantine_size_mb=8:verify_asan_link_order=0"


def environment(library):
    """As the tests of programs with AddressSanitizer have it, see tests/CMakeLists.txt."""
    return {
        **os.environ,
        **ROOT,
        "ASAN_OPTIONS": ASAN,
        "LSAN_OPTIONS": f"suppressions={HERE.parent / 'support' / 'lsan.supp'}:print_suppressions=0",
        "LD_PRELOAD": str(library),
    }


ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}


class Ended(Exception):
    """The driver died or does not answer; the text says how."""


class Driver:
    """The program under test, started again whenever it ended."""

    def __init__(self, path, low, high, scratch, log):
        pipes = scratch / "requests", scratch / "answers"
        for pipe in pipes:
            if not pipe.exists():
                os.mkfifo(pipe)
        # Open at both ends, so that neither waits for the other.
        self.requests, self.answers = (os.open(pipe, os.O_RDWR) for pipe in pipes)
        self.library = path.parent.parent / "libkeep_loaded.so"
        self.command = ["mpirun", "-q", "-n", "1", "--bind-to", "none", str(path), *map(str, pipes), repr(low), repr(high),
                        str(BINS)]
        self.log = log
        self.process = None
        self.begun = b""

    def ask(self, imzml, output):
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                            env=environment(self.library))
        os.write(self.requests, f"{imzml}\t{output}\n".encode())
        until = time.monotonic() + SECONDS
        while b"\n" not in self.begun:
            if select.select([self.answers], [], [], 0.5)[0]:
                self.begun += os.read(self.answers, 1 << 16)
            elif self.process.poll() is not None:
                status = self.process.returncode
                self.process = None
                raise Ended(f"ended with status {status}")
            elif time.monotonic() > until:
                self.stop()
                raise Ended(f"no answer within {SECONDS} s")
        line, _, self.begun = self.begun.partition(b"\n")
        return json.loads(line)

    def finish(self):
        """The exit status of the driver when nothing more is asked: not 0 where memory was lost."""
        status = 0
        if self.process is not None:
            os.write(self.requests, b"\n")
            status = self.process.wait(timeout=SECONDS)
        os.close(self.requests)
        os.close(self.answers)
        return status

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process = None
        self.begun = b""


@dataclass
class Store:
    rows: dict  # position: values of its bins
    skipped: set  # positions
    skipped_spectra: set  # ordinals; a spectrum without a position is listed by this alone
    left_out: int  # spectra of other kinds than those that were read


def read_store(path):
    table = zarr.open_group(path, mode="r")["tables/msi_dataset_z0"]
    data, indices, indptr = (table["X"][name][:] for name in ("data", "indices", "indptr"))
    positions = zip(*(table["obs"][axis][:].tolist() for axis in "xyz"))
    rows = {}
    for i, position in enumerate(positions):
        rows[position] = np.zeros(BINS)
        rows[position][indices[indptr[i] : indptr[i + 1]]] = data[indptr[i] : indptr[i + 1]]
    skipped = table["uns/skipped_pixels"]
    return Store(rows, set(zip(*(skipped[axis][:].tolist() for axis in "xyz"))), set(skipped["spectrum_index"][:].tolist()),
                 left_out(table["uns"]))


def left_out(uns):
    """How many spectra are of other kinds, by texts such as "12 of ms level 2, negative"."""
    if "kinds" not in uns["imzml"]:
        return 0
    options = uns["mzgrid/options"]
    read = [f"ms level {options['ms_level'][()]}"] if "ms_level" in options else []
    read += [str(options["polarity"][()])] if "polarity" in options else []
    kinds = [str(kind).partition(" of ") for kind in uns["imzml/kinds"][:]]
    return sum(int(n) for n, _, kind in kinds if not all(word in kind.split(", ") for word in read))


def read_damaged(path):
    """The description of a damaged pair. Where its XML is not in the encoding that it declares it is read as ISO-8859-1,
    as writers mean it: mzgrid does so, too. Whole numbers may be written as 1e9."""
    try:
        document = reference.read_imzml(path)
    except LookupError:  # of an encoding that nobody knows
        document = None
    if document is None or document.truncated:
        again = path.with_name("again.imzML")
        xml = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        again.write_bytes(DECLARATION.sub(b'<?xml version="1.0" encoding="ISO-8859-1"?>', xml, count=1))
        shutil.copy(path.with_suffix(".ibd"), again.with_suffix(".ibd"))
        document = reference.read_imzml(again)
    return document


def expected_rows(document, axis):
    """position: values of its bins, None where none of its spectra can be decoded."""
    rows = {}
    for position, ordinals in reference.pixels(document):
        total = None
        for i in ordinals:
            try:
                points = reference.clean(*reference.decode(document, document.spectra[i]))
            except (reference.Fault, MemoryError, OverflowError, ValueError, KeyError):
                continue
            row = reference.nearest_neighbor(points, axis.edges, axis.centers)
            total = row if total is None else total + row
        rows[position] = total
    return rows


def same(a, b):
    return b is not None and np.allclose(a, b, rtol=1e-9, atol=0)


def stated_positions(spectrum):
    """Where it lies by any of its terms: mzgrid takes the first of those that contradict each other, and says so; the
    reference takes the last."""
    stated = [[t.value for t in spectrum.terms if t.accession == f"IMS:100005{i}"] for i in range(3)]
    numbers = [{int(text) for text in texts if re.fullmatch(r"[0-9]{1,9}", text or "")} for texts in stated]
    return set(itertools.product(numbers[0], numbers[1], numbers[2] or {1}))


def judge(store, base, base_document, expected, document):
    """What is wrong with the store of a mutant, as sentences. Spectra that the damaged XML puts elsewhere may have the
    values of the undamaged pair there, too."""
    ordinals = dict(reference.pixels(document))
    moved = {tuple(spectra): base[position] for position, spectra in reference.pixels(base_document)}
    for position, row in store.rows.items():
        undamaged = [base.get(position), moved.get(tuple(ordinals.get(position, [])))]
        undamaged += [moved.get((s.ordinal,)) for s in document.spectra if position in stated_positions(s)]
        if not any(same(row, other) for other in (*undamaged, expected.get(position))):
            yield f"pixel {position} is neither that of the undamaged pair nor what the damaged one holds"
    of_other_kinds = 0
    for position in base:
        spectra = ordinals.get(position, [])
        listed = position in store.skipped or store.skipped_spectra.issuperset(spectra)
        listed = listed or all(stated_positions(document.spectra[i]).intersection(store.rows) for i in spectra)
        if position not in store.rows and not listed:
            of_other_kinds += 1
            if of_other_kinds > store.left_out:
                yield f"pixel {position} is lost and not listed as skipped"


@dataclass
class Outcome:
    n: int = 0
    peak: int = 0  # bytes
    counts: Counter = field(default_factory=Counter)  # of (what was done, how it ended)
    findings: list = field(default_factory=list)


def run_set(name, data, driver_path, numbers, until, scratch, log):
    source = data / name
    xml, ibd = (source / f"{name}.imzML").read_bytes(), (source / f"{name}.ibd").read_bytes()
    base_document = reference.read_imzml(source / f"{name}.imzML")
    low, high = reference.scanned_range(base_document)
    low, high = float(low) * 0.99131, float(high) * 1.00717  # so that no point lies on an edge, where an ulp would decide
    axis = reference.axis("constant", low, high, bins=BINS)
    base = expected_rows(base_document, axis)
    driver = Driver(driver_path, low, high, scratch, log)
    pair = scratch / "a.imzML", scratch / "a.ibd"
    outcome = Outcome()

    for number in [-1, *numbers]:  # the first is not damaged
        if time.monotonic() > until:
            break
        what, bad_xml, bad_ibd = ("nothing", xml, ibd) if number < 0 else mutate.mutant(name, number, xml, ibd)
        pair[0].write_bytes(bad_xml)
        pair[1].write_bytes(bad_ibd)
        output = scratch / "a.zarr"
        outcome.n += number >= 0
        try:
            answer = driver.ask(pair[0], output)
        except Ended as ended:
            outcome.findings.append(f"{name} {number} ({what}): {ended}")
            shutil.rmtree(output, ignore_errors=True)
            continue
        if answer["peak"] > max(MEMORY_LIMIT, outcome.peak):
            outcome.findings.append(f"{name} {number} ({what}): took {answer['peak'] >> 20} MiB of memory")
        outcome.peak = max(outcome.peak, answer["peak"])
        if answer["convert"] is None:
            ended = "converted"
            try:
                document = read_damaged(pair[0])
                expected = {} if document.truncated else expected_rows(document, axis)
                problems = list(judge(read_store(output), base, base_document, expected, document))
            except Exception as error:  # of the reading, which is then a finding
                problems = [f"the output cannot be judged: {type(error).__name__}: {error}"]
            outcome.findings += [f"{name} {number} ({what}): {p}" for p in problems[:1]]
        else:
            ended = "refused"
            if number < 0:
                outcome.findings.append(f"{name}: the undamaged pair is refused: {answer['convert']}")
        if output.exists() != (ended == "converted"):
            outcome.findings.append(f"{name} {number} ({what}): {ended}, but the output says otherwise")
        shutil.rmtree(output, ignore_errors=True)
        if number >= 0:
            outcome.counts[what, ended] += 1
    if driver.finish() != 0:
        outcome.findings.append(f"{name}: memory was lost with some of its mutants, or the end went wrong")
    return outcome


def table(outcomes, seconds):
    kinds = sorted({what for o in outcomes.values() for what, _ in o.counts})
    lines = ["| set | mutants | " + " | ".join(kinds) + " | MiB | findings |", "|---|---|" + "---|" * (len(kinds) + 2)]
    for name, o in outcomes.items():
        cells = [f"{o.counts[k, 'converted']} / {o.counts[k, 'refused']}" for k in kinds]
        lines.append(f"| {name} | {o.n} | " + " | ".join(cells) + f" | {o.peak >> 20} | {len(o.findings)} |")
    total = sum(o.n for o in outcomes.values())
    lines += ["", f"{total} mutants in {seconds / 60:.0f} min; in each column converted / refused, by what was damaged; MiB is the",
              "most memory that the process held."]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("driver", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--each", type=int, default=34, help="mutants of each set")
    parser.add_argument("--only", type=int, nargs="+", help="these mutants alone, by their numbers")
    parser.add_argument("--set", action="append", dest="sets", help=f"one of the sets; all unless given: {', '.join(SETS)}")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no mutant after that time")
    parser.add_argument("--report", type=Path, help="write the table to this file")
    arguments = parser.parse_args()
    begin = time.monotonic()
    until = begin + 60 * arguments.minutes
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 28
    numbers = arguments.only or range(arguments.each)
    outcomes = {}
    with tempfile.TemporaryDirectory(dir=memory if roomy else None) as scratch, tempfile.TemporaryFile() as log:
        for name in arguments.sets or SETS:
            if not (arguments.data / name).is_dir():
                print(f"skipped: no {arguments.data / name}")
                continue
            outcomes[name] = run_set(name, arguments.data, arguments.driver.resolve(), numbers, until, Path(scratch),
                                     log)
            for finding in outcomes[name].findings:
                print(finding, flush=True)
            print(f"{name}: {outcomes[name].n} mutants, {len(outcomes[name].findings)} findings", flush=True)
        if any(o.findings for o in outcomes.values()):
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace")[-8000:])
    if outcomes:
        text = table(outcomes, time.monotonic() - begin)
        print(text)
        if arguments.report:
            arguments.report.write_text(text + "\n")
    return 1 if any(o.findings for o in outcomes.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
