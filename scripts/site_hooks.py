"""What MkDocs adds to the pages of docs/: the reference, generated from the code, and the notebook as a page.

reference/options.md   the option tables of the program, by its help
reference/python.md    the docstrings of the package, by mkdocstrings
reference/c.md         the public headers
tutorial/notebook.md   the notebook, with its outputs if scripts/site has run it
"""

import ast
import base64
import html
import json
import os
import re
import subprocess
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
EXECUTED = ROOT / "build/notebook/notebook.ipynb"


def run_program(*words):
    program = Path(os.environ.get("MZGRID_BUILD", ROOT / "build/release")) / "mzgrid"
    if not program.exists():
        raise PluginError(f"{program} is not there: build it, or name the build directory in MZGRID_BUILD")
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run([program, *words], capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def plain(text):
    """Text of a program or a comment, in which nothing is markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", text)


def option_tables(text):
    """The help of a command as Markdown: what stands before the first group, then a table for each group."""
    usage, _, rest = text.partition("\n\n")
    yield f"```text\n{usage}\n```"
    about, rows = [], []
    for line in [*rest.split("\n"), "End:"]:
        option = re.match(r" {2,4}(-\S.*?)(?: {2,}(.*))?$", line)
        if re.match(r"[A-Z][\w ,]*:$", line):
            if rows:
                yield "| option | |\n|---|---|\n" + "\n".join(f"| `{name}` | {plain(' '.join(what))} |" for name, what in rows)
            elif about:
                yield plain("\n".join(about))
            about, rows = [], []
            if line != "End:":
                yield f"**{line[:-1]}**"
        elif option:
            rows.append((option[1].replace("|", "\\|"), [option[2]] if option[2] else []))
        elif rows and line.strip():
            rows[-1][1].append(line.strip())
        else:
            about.append(line)


def commands():
    """Those that have a help of their own."""
    listed = run_program("--help").split("Commands:")[1].split("Options:")[0]
    return [name for name in re.findall(r"^  ([a-z]+) {2,}", listed, re.MULTILINE) if name not in ("help", "completion")]


def options_page():
    yield "# All options\n\nAs `mzgrid help COMMAND` prints them. [The command line](../cli.md) explains more."
    for command in commands():
        yield f"## mzgrid {command}"
        yield from option_tables(run_program("help", command))


def python_homes():
    """The modules of the package, and the public names that each has."""
    tree = ast.parse((ROOT / "src/python/mzgrid/__init__.py").read_text())
    values = {node.targets[0].id: node.value for node in tree.body
              if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}  # fmt: skip
    return ast.literal_eval(values["_HOMES"])


def python_page():
    yield "# All of Python\n\nFrom the docstrings of the package. [The Python package](../python.md) shows how it is used."
    first = ["open", "convert", "Dataset", "read_imzml", "MassAxis", "resample"]
    home_of = {name: home for home, names in python_homes().items() for name in names}
    for name in [*first, *sorted(set(home_of) - set(first))]:
        yield f"::: mzgrid.{home_of[name]}.{name}"
    yield "::: mzgrid._options.Options"


def comment_text(comment):
    """The prose of a C comment; a paragraph with lines that are set in is kept as it is."""
    inside = comment.strip().removeprefix("/*").removesuffix("*/")
    lines = [re.sub(r"^ \*? ?", "", line).rstrip() for line in inside.split("\n")]
    for paragraph in re.split(r"\n\n+", "\n".join(lines).strip("\n")):
        is_set_in = re.search(r"^ {3}", paragraph, re.MULTILINE)
        yield f"```text\n{paragraph}\n```" if is_set_in else plain(paragraph)


def header_page():
    yield "# All of C\n\nThe public headers. [Using the library](../library.md) shows how they are used."
    for path in sorted((ROOT / "include/mzgrid").glob("*.h")):
        text = path.read_text()
        comment = re.match(r"/\*.*?\*/", text, re.DOTALL)
        yield f"## mzgrid/{path.name}"
        yield from comment_text(comment[0])
        if path.name == "export.h":
            continue
        body = re.sub(r"^(#.*(\\\n.*)*|MZG_(BEGIN|END)_API)$", "", text[comment.end():], flags=re.MULTILINE)
        for part in re.split(r"\n\n+(?=\S)", body.strip("\n")):
            about = re.match(r"/\*.*?\*/\n?", part, re.DOTALL)
            code = part[about.end():] if about else part
            names = re.findall(r"^(?:struct|enum) (mzg_\w+) \{|^\w[\w \*]*?\b(mzg_\w+)\(", code, re.MULTILINE)
            if names:
                yield "### " + ", ".join("".join(name) for name in names)
            if about:
                yield from comment_text(about[0])
            if code.strip():
                yield f"```c\n{code.strip()}\n```"


def bar_text(widgets, model):
    """A bar of tqdm, as it was when its cell ended: two texts, and the bar between them."""
    parts = [widgets[part.removeprefix("IPY_MODEL_")]["state"] for part in widgets[model]["state"]["children"]]
    before, behind = (html.unescape(part["value"]).replace("\u2007", " ") for part in (parts[0], parts[2]))
    return f"{before}|{'█' * round(20 * parts[1]['value'] / parts[1]['max']):<20}|{behind}"


def notebook_page(pictures):
    """The cells one after the other; a picture is put into `pictures` by its name."""
    path = EXECUTED if EXECUTED.exists() else ROOT / "docs/tutorial/notebook.ipynb"
    notebook = json.loads(path.read_text())
    widgets = notebook["metadata"].get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield source
            continue
        yield f"```python\n{source}\n```"
        for i, output in enumerate(cell["outputs"]):
            data = output.get("data", {})
            text = "".join(output.get("text", data.get("text/plain", "")))
            if "application/vnd.jupyter.widget-view+json" in data:
                text = bar_text(widgets, data["application/vnd.jupyter.widget-view+json"]["model_id"])
            if "image/png" in data:
                name = f"notebook-{number}-{i}.png"
                pictures[name] = base64.b64decode(data["image/png"])
                yield f"![Output of the cell above]({name})"
            elif "text/html" in data and "<table" in "".join(data["text/html"]):
                table = re.sub(r"<style.*?</style>\n?", "", "".join(data["text/html"]), flags=re.DOTALL)
                yield table.replace('<table border="1" class="dataframe">', "<table>")
            elif text.strip() and output.get("name") != "stderr":
                yield f"```text\n{text.rstrip()}\n```"


def on_config(config):
    """Folders of nav become the lists of their pages."""

    def spread(entries):
        for entry in entries:
            if isinstance(entry, dict):
                for title, what in entry.items():
                    if isinstance(what, list):
                        spread(what)
                    elif what.endswith("/"):
                        entry[title] = [str(path.relative_to(ROOT / "docs")) for path in folder(what)]

    def folder(name):
        return sorted((ROOT / "docs" / name).glob("*.md"), key=lambda path: (path.name != "README.md", path.name))

    spread(config.nav)
    return config


def on_files(files, config):
    pictures = {}
    pages = {
        "reference/options.md": options_page(),
        "reference/python.md": python_page(),
        "reference/c.md": header_page(),
        "tutorial/notebook.md": notebook_page(pictures),
    }
    for name, parts in pages.items():
        files.append(File.generated(config, name, content="\n\n".join(parts) + "\n"))
    for name, content in pictures.items():
        files.append(File.generated(config, f"tutorial/{name}", content=content))
    return files


def on_page_markdown(markdown, page, **_):
    # In a table, forges want a bar in code to be escaped, and Python-Markdown does not.
    markdown = re.sub(r"`[^`\n]*`", lambda code: code[0].replace("\\|", "|"), markdown)
    # A link out of docs/ works on a forge; the site names the file.
    place = (ROOT / "docs" / page.file.src_uri).parent

    def stay_inside(link):
        path = (place / link[2]).resolve()
        if ":" in link[2] or path.is_relative_to(ROOT / "docs") or not path.exists():
            return link[0]
        return f"{link[1]} (`{path.relative_to(ROOT)}`)"

    markdown = re.sub(r"(?<!!)\[([^\]\n]*)\]\(([^)#\s]+)\)", stay_inside, markdown)
    # On a forge a link leads to the notebook, here to the page that it becomes.
    if page.file.src_uri == "tutorial/notebook.md":
        return markdown.replace("\n\n", "\n\n[Download it as a notebook](notebook.ipynb)\n\n", 1)
    markdown = markdown.replace("notebook.ipynb)", "notebook.md)")
    if page.file.src_uri != "decisions/README.md":
        return markdown
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    return markdown + "\n" + "\n".join(f"- [{path.read_text().split(chr(10))[0][2:]}]({path.name})" for path in records) + "\n"


def on_page_content(html, page, **_):
    return re.sub(r":(?:meth|class|func):(?=<code>)", "", html) if page.file.src_uri == "reference/python.md" else html


def on_post_build(config):
    """Nothing is lost on the way: the reference has each option, each symbol of the libraries and each name of the package."""
    place = Path(config.site_dir) / "reference"
    options = [run_program("help", command) for command in commands()]
    wanted = {
        "options.html": re.findall(r"^ {2,6}(?:-\w, )?(--[\w-]+)", "\n".join(options), re.MULTILINE),
        "c.html": "\n".join(path.read_text() for path in (ROOT / "tests/install").glob("*.symbols")).split(),
        "python.html": [f'id="mzgrid.{home}.{name}"' for home, names in python_homes().items() for name in names],
    }
    for page, names in wanted.items():
        text = (place / page).read_text()
        lost = sorted({name for name in names if name not in text})
        if lost or not names:
            raise PluginError(f"reference/{page} lacks {', '.join(lost) or 'everything'}")
