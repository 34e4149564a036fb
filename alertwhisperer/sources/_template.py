"""
Template: a log message without what varies from one occurrence to the next, so that it can name the check.

`payment 4711 of "jo" failed after 12 ms` is `payment * of * failed after * ms`, today and tomorrow.
"""

import re

from alertwhisperer.sources._reading import LONGEST_MESSAGE

_ANY = "*"
# Each alternative begins with a character that fixes it or at a word's start, so the whole is linear in the text.
_VARYING = re.compile(
    r"""
      "[^"]*"                                                             # quoted; an apostrophe inside a word is none
    | (?<!\w)'[^']*'(?!\w)
    | `[^`]*`
    | \b[a-z][a-z0-9+.-]{1,15}://[^\s"'<>]+                               # addresses of the web and the like
    | \b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b                     # UUIDs
    | \b\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:z|[+-]\d\d:?\d\d)?\b
    | \b\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d{1,5})?\b                         # IPv4, with a port or as a network
    | (?<![\w:])\[?(?=[0-9a-f:]*:[0-9a-f]*:)[0-9a-f:]{3,39}(?:%\w+)?\]?(?::\d{1,5})?(?![\w:])    # IPv6
    | (?<![\w./])(?:~?/[\w.@%+~=-]+)+/?                                   # paths
    | \b[a-z]:\\[^\s"']+
    | \b0x[0-9a-f]+\b
    | \b(?=[a-f]*\d)[0-9a-f]{7,}\b                                        # hex ids; `facade` is a word
    | \b(?=[a-z]*\d+[a-z]+\d)[a-z0-9]{10,}\b                              # random ids of letters and digits
    | (?:(?<!\w)[-+])?\d+(?:[.,:]\d+)*                                     # numbers, versions, times of day
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_REPEATED = re.compile(r"\*(?:[\s,;]*\*)+")


def template(text: str) -> str:
    """The text's first line with `*` for quoted texts, addresses, paths, ids, times and numbers; may be empty."""
    first_line = text.strip()[: 2 * LONGEST_MESSAGE].partition("\n")[0]
    masked = _VARYING.sub(_ANY, first_line[:LONGEST_MESSAGE])
    return " ".join(_REPEATED.sub(_ANY, masked).split())  # a list of ids may be longer the next time
