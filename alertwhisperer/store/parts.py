"""
Text that several statements of one SQL file share, written once.

`-- part: NAME` begins a part, which ends before the next part or statement; a line `-- with: NAME` in a statement
stands for it. Comments at the part's head stay there. What is put in is text of our own files alone, never a value:
values stay parameters.
"""

import re
import textwrap
from collections.abc import Mapping
from itertools import dropwhile

_BEGIN = re.compile(r"^-- (?P<kind>part|name): (?P<name>\S+)[ ]*$", re.MULTILINE)
_WITH = re.compile(r"^(?P<margin>[ ]*)-- with: (?P<name>\S+)[ ]*$", re.MULTILINE)


def with_parts(text: str) -> str:
    """
    A file's text with each part in its places, at their margin, and none by itself.

    Raises:
        ValueError: a part is absent, has two texts, is nobody's, or asks for another one.
    """
    begins = list(_BEGIN.finditer(text))
    if not begins:  # the file is one statement
        return text
    ends = [begin.start() for begin in begins[1:]] + [len(text)]
    parts: dict[str, str] = {}
    statements = [text[: begins[0].start()]]
    for begin, end in zip(begins, ends, strict=True):
        if begin["kind"] == "name":
            statements.append(text[begin.start() : end])
        elif begin["name"] in parts:
            raise ValueError(f"the part {begin['name']} is written twice")
        else:
            lines = text[begin.end() : end].strip("\n").split("\n")
            parts[begin["name"]] = "\n".join(dropwhile(lambda line: line.startswith("--"), lines))
    _check(parts, "".join(statements))
    return _WITH.sub(lambda found: textwrap.indent(parts[found["name"]], found["margin"]), "".join(statements))


def _check(parts: Mapping[str, str], statements: str) -> None:
    wanted = {found["name"] for found in _WITH.finditer(statements)}
    for name in sorted(wanted.symmetric_difference(parts)):
        raise ValueError(f"no part is called {name}" if name in wanted else f"no statement has the part {name}")
    for name, part in parts.items():
        if _WITH.search(part):
            raise ValueError(f"the part {name} asks for another part")
