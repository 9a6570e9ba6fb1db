#!/usr/bin/env python3
"""A table and a plot of a scaling series, from the run records that jobs/scaling.sbatch leaves in a folder:

    python3 jobs/scaling_table.py FOLDER        FOLDER/scaling.md and FOLDER/scaling.svg

Needs nothing but Python's standard library, because it runs on a node of a cluster.
"""

import json
import math
import re
import statistics
import sys
from pathlib import Path

PHASES = ("open", "axis", "stream", "assemble", "finish")
COLOURS = {"strong": "#0072B2", "weak": "#D55E00", "ideal": "#767676"}  # told apart by the colour-blind


def read(folder):
    """{series: {nodes: [report of each repeat]}} and what the records have in common."""
    series, common = {}, {}
    for path in sorted(folder.glob("*.zarr.run.json")):
        found = re.fullmatch(r"(strong|weak)-(\d+)-(\d+)\.zarr\.run\.json", path.name)
        if not found:
            continue
        record = json.loads(path.read_text())
        series.setdefault(found[1], {}).setdefault(int(found[2]), []).append(record["report"])
        common[found[1]] = record
    if not series:
        raise SystemExit(f"scaling_table.py: {folder} holds no run record of a series, such as strong-1-1.zarr.run.json")
    return series, common


def rows_of(kind, runs):
    """One row for each number of nodes; seconds are medians. Efficiency: 1 is ideal, of a strong series T(1) / (n T(n)),
    of a weak one T(1) / T(n)."""
    rows, seconds = [], {n: statistics.median(r["seconds"]["total"] for r in reports) for n, reports in runs.items()}
    least = min(seconds)
    for n in sorted(runs):
        more = n / least
        speedup = seconds[least] / seconds[n] * (1 if kind == "strong" else more)
        phases = [statistics.median(r["seconds"].get(p, 0) for r in runs[n]) for p in PHASES]
        rows.append({"nodes": n, "pixels": runs[n][0]["pixels"], "seconds": seconds[n], "speedup": speedup,
                     "efficiency": speedup / more, "phases": phases, "memory": max(r["peak_memory"] for r in runs[n])})
    return rows


def markdown(table, common):
    record = next(iter(common.values()))
    hosts = max(common.values(), key=lambda r: r["ranks"])["hosts"]
    each = next(iter(hosts.values()))
    lines = ["# Scaling", "",
             f"mzgrid {record['mzgrid']}, Open MPI {record['libraries'].get('Open MPI', '-')}, "
             f"{each['ranks']} ranks of {each['threads'] // max(1, each['ranks'])} threads a node, "
             f"started {record['started']}. Seconds of one conversion without the start of the job, medians.", ""]
    for kind, rows in table.items():
        title = f"Strong: {common[kind]['input']}" if kind == "strong" else "Weak: as many pixels for each node"
        lines += [f"## {title}", "", "| nodes | pixels | s | speed-up | efficiency | " + " | ".join(PHASES) + " | memory of a node, MiB |",
                  "|---:" * (6 + len(PHASES)) + "|"]
        lines += [f"| {r['nodes']} | {r['pixels']:,} | {r['seconds']:.2f} | {r['speedup']:.2f} | {100 * r['efficiency']:.0f} % | "
                  + " | ".join(f"{p:.2f}" for p in r["phases"]) + f" | {r['memory'] / 2**20:.0f} |" for r in rows]
        lines.append("")
    return "\n".join(lines)


def svg(table):
    """Speed-up over nodes, both axes logarithmic, with the ideal line."""
    most = max(2, max(r["nodes"] for rows in table.values() for r in rows))
    least = min(r["nodes"] for rows in table.values() for r in rows)
    top = max(most / least, max(r["speedup"] for rows in table.values() for r in rows))
    bottom = min(1, min(r["speedup"] for rows in table.values() for r in rows))
    width, height, left, right, above, below = 640, 420, 64, 110, 24, 52

    def log_place(value, low, high, begin, end):
        return begin + (math.log(value) - math.log(low)) / (math.log(high) - math.log(low)) * (end - begin)

    def x(n):
        return log_place(n, least, most if most > least else 2 * least, left, width - right)

    def y(s):
        return log_place(s, bottom, top * 1.1, height - below, above)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
           "<title>Speed-up over nodes</title>", f'<rect width="{width}" height="{height}" fill="white"/>']
    ticks = sorted({r["nodes"] for rows in table.values() for r in rows})
    for n in ticks:
        out.append(f'<line x1="{x(n):.1f}" x2="{x(n):.1f}" y1="{above}" y2="{height - below}" stroke="#e0e0e0"/>')
        out.append(f'<text x="{x(n):.1f}" y="{height - below + 18}" text-anchor="middle">{n}</text>')
    s = 1
    while s <= top * 1.1:
        out.append(f'<line x1="{left}" x2="{width - right}" y1="{y(s):.1f}" y2="{y(s):.1f}" stroke="#e0e0e0"/>')
        out.append(f'<text x="{left - 8}" y="{y(s) + 4:.1f}" text-anchor="end">{s}</text>')
        s *= 2
    lines = {"ideal": [(n, n / least) for n in ticks]}
    lines.update({kind: [(r["nodes"], r["speedup"]) for r in rows] for kind, rows in table.items()})
    ends = []
    for kind, points in lines.items():
        path = " ".join(f"{x(n):.1f},{y(v):.1f}" for n, v in points)
        dashes = ' stroke-dasharray="5 4"' if kind == "ideal" else ""
        out.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[kind]}" stroke-width="2"{dashes}/>')
        out += [f'<circle cx="{x(n):.1f}" cy="{y(v):.1f}" r="4" fill="{COLOURS[kind]}"/>' for n, v in points if kind != "ideal"]
        ends.append([y(points[-1][1]), kind])
    ends.sort()
    for a, b in zip(ends, ends[1:], strict=False):  # names stand apart
        b[0] = max(b[0], a[0] + 16)
    out += [f'<text x="{width - right + 10}" y="{at + 4:.1f}" fill="{COLOURS[kind]}">{kind}</text>' for at, kind in ends]
    out.append(f'<text x="{(left + width - right) / 2}" y="{height - 12}" text-anchor="middle">nodes</text>')
    out.append(f'<text transform="translate(18 {height / 2}) rotate(-90)" text-anchor="middle">speed-up</text>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        raise SystemExit(__doc__)
    folder = Path(sys.argv[1])
    series, common = read(folder)
    table = {kind: rows_of(kind, runs) for kind, runs in sorted(series.items())}
    (folder / "scaling.md").write_text(markdown(table, common))
    (folder / "scaling.svg").write_text(svg(table))
    print(markdown(table, common))


if __name__ == "__main__":
    main()
