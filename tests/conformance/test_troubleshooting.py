"""Each message that a page explains is one that the program or the package gives, word by word."""
import re

import pytest
from messages import messages, of_c, of_python
from pages import REPOSITORY


def explained():
    """The messages in the headings of the page on troubleshooting, and in the table at the end of that on Python."""
    for line in (REPOSITORY / "docs/troubleshooting.md").read_text().split("\n"):
        if line.startswith("### "):
            yield from re.findall(r'"(.+?)"(?=$|, )', line)
    table = (REPOSITORY / "docs/python.md").read_text().split("## When something is wrong")[1].split("\n## ")[0]
    for line in table.split("\n"):
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


MESSAGES = messages()


@pytest.mark.parametrize("message", list(explained()))
def test_the_message_is_in_the_sources(message):
    assert any(message.strip("…") in text for text in MESSAGES)


def test_there_are_messages_to_explain():
    assert len(list(explained())) > 25


def test_values_and_adjacent_literals():
    assert of_c('f("a %s of "\n  "%" PRId64 " b\\"c\\" %.1f %% of"); /* "no" */') == ['a … of … b"c" … % of']
    assert of_c('f("%" PRIu64 ", %" PRId64, 1, "d")') == ["…, …", "d"]
    assert list(of_python('f"a {b!r} c" "d"')) == ["a … cd", "a ", " cd"]
