"""Results: one Markdown table for people, one JSON with every single run, and what machine they come from."""

import json
import os
import platform
import statistics
import subprocess


def machine():
    """What a reader must know of the machine; neither its name nor any path. To be asked before anything is run."""
    model = "unknown"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
        "kernel": ".".join(platform.release().split(".")[:2]),
        "load_before": round(os.getloadavg()[0], 1),
    }


def first_words(command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[0].strip()
    except OSError:
        return ""


def median(values):
    return statistics.median(values)


def spread(values, digits=2):
    """The median, and the least and the greatest behind it."""
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def runs(n):
    """How often something was measured, in words."""
    return "1 run" if n == 1 else f"{n} interleaved runs"


def table(head, rows):
    """A Markdown table; the first column is text, the others are numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def write(directory, suite, command, program, facts, result):
    """Writes SUITE.md and SUITE.json, and returns the Markdown. `facts` are those of machine(); `result` has a title, text
    and the single runs."""
    facts = dict(facts)
    facts["commit"] = first_words(["git", "describe", "--always", "--dirty"])
    facts["program"] = first_words([str(program), "--version"])
    text = "\n".join(
        [
            f"# {result['title']}",
            "",
            f"`{command}`, at commit {facts['commit']}, on {facts['cores']} cores ({facts['processor']}), "
            f"{facts['memory_gib']} GiB, Linux {facts['kernel']}. Processes that ran or waited to run when the bench began "
            f"(load average): {facts['load_before']}.",
            "",
            result["text"],
            "",
        ]
    )
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{suite}.md").write_text(text)
    data = {"command": command, "machine": facts, "runs": result["runs"]}
    (directory / f"{suite}.json").write_text(json.dumps(data, indent=1) + "\n")
    return text
