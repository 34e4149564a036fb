"""
Asset: how the name of an unwell thing is compared, and when a tool's text means that there is none.

Both functions stand on the hot path, so the common names (`web-01`, `10.0.0.5`) leave after a few tests in C.
"""

import ipaddress
import re
import unicodedata
from functools import lru_cache

_PLACEHOLDER_FIRST = frozenset("{$%*[<")
_ABSENT = frozenset({"null", "none", "n/a", "na", "nil", "unknown", "*unknown*", "-", "--", "undefined", "(null)"})
_LONGEST_ABSENT = max(map(len, _ABSENT))
# What templates leave behind when a variable has no value, each as the whole text: {HOST.NAME}, {$MACRO:"x"}, {{ x }},
# ${N=x}, $HOSTNAME, $TAGS[env], $HOSTNAME$, %device, %NAME%, *monitorURL*, [device_hostname], <no value>.
_PLACEHOLDER = re.compile(
    r"\{\{.*\}\}|\{[$#?][^{}]*\}|\{[A-Za-z_][\w.]*\}|\$\{[^{}]*\}|\$[A-Za-z_][\w.]*(?:\[[^\]]*\])?\$?"
    r"|%[A-Za-z_]\w*%?|\*[A-Za-z_]\w*\*|\[[A-Za-z_]\w*\]|<no value>",
    re.DOTALL,
)


def canonical(name: str) -> str:
    """
    The form of an asset's name under which two tools mean the same thing.

    Without scheme, user, path, port and trailing dot, case-folded, Unicode composed; IPv6 in its short form. A path is
    cut only behind a scheme or something that looks like a host: `app/my-balancer/50dc` is one name. The display keeps
    what the tool sent. Idempotent; empty only for blank text.
    """
    if name.isascii():
        name = name.lower().strip()
        if ":" not in name and "/" not in name and name[-1:] != ".":
            return name
    else:
        name = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return _stripped(name)


def present(value: object) -> str | None:
    """
    The text of a value, or None when the tool says in any of the known ways that it has none.

    Blank, `null`, `none`, `n/a`, `unknown`, `-`, and unexpanded placeholders (`{HOST.NAME}`, `$HOSTNAME`, `{{ x }}`)
    are absent; so is whatever is neither text nor a number.
    """
    if type(value) is not str:
        return _number(value)
    text = value.strip()
    if not text or (len(text) <= _LONGEST_ABSENT and text.lower() in _ABSENT):
        return None
    if text[0] in _PLACEHOLDER_FIRST and _PLACEHOLDER.fullmatch(text):
        return None
    return text


def without_port(name: str) -> str:
    """`web-01` for `web-01:9100` and `2001:db8::10` for `[2001:db8::10]:9100`; other names, URLs too, as they are."""
    head, colon, tail = name.rpartition(":")
    if not colon or not _is_port(tail):
        return name[1:-1] if name[:1] == "[" and name[-1:] == "]" and name.count(":") > 1 else name
    if head[:1] == "[" and head[-1:] == "]":
        return head[1:-1] or name
    return name if ":" in head or not head else head


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return str(value)
    except ValueError:  # an integer of thousands of digits, which Python refuses to print
        return None


@lru_cache(maxsize=8_192)  # the same `host:port` comes again and again; a flood of new ones holds a few MB at most
def _stripped(name: str) -> str:
    """Strip until nothing more comes off: `https://[2001:db8::1]:443/x.` needs more than one round."""
    fallback = name.strip()
    before, name = "", fallback
    while name and name != before:
        before, name = name, _once(name)
    return name or fallback


def _once(name: str) -> str:
    _, mark, rest = name.partition("://")
    if mark and rest.strip("/"):
        name = re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0].rpartition("@")[2]
    else:
        name = _without_path(name)
    name = without_port(name).strip().rstrip(".").strip()
    return _short_address(name) if name.count(":") > 1 else name


def _without_path(name: str) -> str:
    head, slash, tail = name.partition("/")
    if not slash or not _looks_like_host(head) or (tail.isdigit() and _is_address(head)):
        return name  # also a network, 10.0.0.0/8
    return head


def _looks_like_host(text: str) -> bool:
    return without_port(text) != text or ("." in text.strip(".") and ":" not in text and " " not in text)


def _is_port(text: str) -> bool:
    return 0 < len(text) <= 5 and text.isascii() and text.isdigit() and 0 < int(text) < 65536


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _short_address(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name
