"""The blocks of the pages: what stands between fences, in which language, and whether it is run.

The line before a fence may say why a block is not run, or where its lines come from:

    <!-- not run: SLURM -->
    <!-- excerpt: docs/examples/convert.c -->

Blocks in `text` are drawings, messages and patterns of commands. Code that is indented instead of fenced has no
language, so a page may not have any.
"""
import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    str(path.relative_to(REPOSITORY))
    for path in [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *REPOSITORY.glob("docs/**/*.md")]
)
RUN = ("sh", "python", "r", "toml")
FENCE = re.compile(
    r"(?:^ *<!-- (?P<why>not run|excerpt): (?P<what>[^\n]*?) -->\n+)?"
    r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Block:
    language: str
    text: str
    line: int
    not_run: str | None
    excerpt: str | None

    @property
    def is_run(self):
        return self.language in RUN and self.not_run is None and self.excerpt is None


def blocks_of(page):
    text = (REPOSITORY / page).read_text()
    for found in FENCE.finditer(text):
        indent = len(found["indent"])
        lines = [line[indent:] for line in found["text"].split("\n")]
        yield Block(
            found["language"].strip(),
            "\n".join(lines),
            text.count("\n", 0, found.start("language")) + 1,
            found["what"] if found["why"] == "not run" else None,
            found["what"] if found["why"] == "excerpt" else None,
        )


def indented_code(page):
    """Lines of code without a fence: four blanks behind an empty line that no list goes on over."""
    text = FENCE.sub(lambda found: "\n" * found[0].count("\n"), (REPOSITORY / page).read_text())
    in_list = False
    before = ""
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(r"(- |\d+\. )", line):
            in_list = True
        elif line and not line.startswith(" "):
            in_list = False
        if line.startswith("    ") and not before.strip() and not in_list:
            yield number
        before = line
