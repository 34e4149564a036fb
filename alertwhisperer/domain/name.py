"""Name: what people call a thing; bounded and printable, so that it is safe to store and to show."""

import unicodedata

from alertwhisperer.domain.errors import Invalid

LONGEST_NAME = 200
# Control, surrogate, private and unassigned characters, and line and paragraph ends: none is part of a name.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


def check_name(name: str, *, where: str = "name") -> str:
    """
    The name without the space around it.

    Raises:
        Invalid: it is empty, longer than 200 characters, or holds a character that cannot be printed.
    """
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(
            f"a name has 1 to {LONGEST_NAME} characters, this one {len(name)}", where=where, mend="choose another"
        )
    if any(unicodedata.category(letter) in _UNPRINTABLE for letter in name):
        raise Invalid("the name holds a character that cannot be printed", where=where, mend="remove it")
    return name
