"""Files of options are TOML: what `--print-config` makes of one is what another reader of TOML finds in it, and what it
prints is TOML again."""
import random
import subprocess

import pytest

tomllib = pytest.importorskip("tomllib", reason="Python has tomllib since 3.11")

NUMBERS = ["1", "+7", "1_0_0", "2.5", "1e1", "3E+0", "9_9.2_5", "0", "00", "1_", "_1", ".5", "5.", "0x1F", "inf", "1e"]
STRINGS = ['"plain"', "'C:\\data # no comment'", r'"tab\tquote\"\u00b5\U0001F600\\"', '"a" # "b"', "''", '"open',
           r'"\q"', '"""x"""', "'a'b", '"µm"']
WORDS = ["true", "false", "True", "[1]", "{}", "1979-05-27", ""]


def documents():
    """Lines put together at random, each of which may be wrong."""
    chance = random.Random(5)
    keys = {"min-mz": NUMBERS, "temp-dir": STRINGS, "overwrite": WORDS, '"max-mz"': NUMBERS, "'log-file'": STRINGS,
            "snr": NUMBERS, "verify": WORDS}
    for _ in range(130):
        lines = []
        for key, values in chance.sample(list(keys.items()), chance.randint(1, 2)):
            parts = [["", " "], [key], [" = ", "=", "\t=\t"], values, ["", "", " # why", "\t"]]
            lines.append("".join(chance.choice(part) for part in parts))
        lines.insert(0, chance.choice(["", "[convert]", '[ "convert" ]  # x', "# [x]"]))
        yield chance.choice(["\n", "\r\n"]).join(lines)


def print_config(program, path):
    return subprocess.run([program, "convert", "--print-config", "--config", path], capture_output=True, text=True)


def test_a_file_means_what_another_reader_says(mzgrid, tmp_path):
    path, taken, refused_alike = tmp_path / "f.toml", 0, 0
    for text in documents():
        path.write_bytes(text.encode())
        try:
            wanted = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            wanted = None
        run = print_config(mzgrid.path, path)
        if run.returncode != 0:
            assert run.stderr.startswith("mzgrid: error: ") and run.stderr.count("\n") == 1, run.stderr
            refused_alike += wanted is None
            continue
        assert wanted is not None, text
        assert tomllib.loads(run.stdout)["convert"] == wanted.get("convert", wanted), text
        path.write_text(run.stdout)
        again = print_config(mzgrid.path, path)
        assert tomllib.loads(again.stdout) == tomllib.loads(run.stdout), text
        taken += 1
    assert taken > 30 and refused_alike > 30, (taken, refused_alike)
