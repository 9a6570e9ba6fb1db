"""Whether two stores are the same byte for byte but for uns: same_but_uns.py A.zarr B.zarr"""

import json
import pathlib
import sys


def without_uns(path, content):
    """The content of a file, without what consolidated metadata say of uns."""
    if path.name != "zarr.json":
        return content
    tree = json.loads(content)
    members = tree.get("consolidated_metadata", {}).get("metadata", {})
    for name in [name for name in members if "uns" in name.split("/")]:
        del members[name]
    return tree


def read(root):
    paths = [p.relative_to(root) for p in root.rglob("*") if p.is_file()]
    return {p: without_uns(p, (root / p).read_bytes()) for p in paths if "uns" not in p.parts}


a, b = (read(pathlib.Path(name)) for name in sys.argv[1:])
different = sorted(p for p in a.keys() | b.keys() if a.get(p) != b.get(p))
print(f"{len(a)} files, {len(different)} differ:", *different[:5])
sys.exit(bool(different) or len(a) < 20)
