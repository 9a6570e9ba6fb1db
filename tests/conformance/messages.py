"""The messages of the program and of the package, as they stand in the sources: adjacent literals joined, and each value that
is put in as `…`."""
import ast
import re

from pages import REPOSITORY

LITERAL = r'"(?:[^"\\\n]|\\.)*"'
LITERALS = re.compile(rf"{LITERAL}(?:\s+(?:PRI\w+|{LITERAL}))*")
VALUE = re.compile(r"%[-+ #0-9.*]*(?:hh|h|ll|l|j|z|t)?[diouxXeEfgGcspn]")


def joined(found):
    text = re.sub(r'"\s+PRI(\w)\w*', r'\1"', found[0])  # the number of the format, inside
    text = re.sub(r'(?<!\\)"\s+"', "", text)[1:-1].replace("%%", "\0")
    return VALUE.sub("…", text.replace('\\"', '"')).replace("\0", "%")


def of_c(text):
    return [joined(found) for found in LITERALS.finditer(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))]


def of_python(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def messages():
    found = []
    for path in REPOSITORY.glob("src/**/*.[ch]"):
        found += of_c(path.read_text())
    for path in REPOSITORY.glob("src/python/mzgrid/*.py"):
        found += of_python(path.read_text())
    return found
