"""Websites: which host a watched address is about, for the tools that check from outside."""

from alertwhisperer.domain.asset import canonical
from alertwhisperer.sources._reading import given


def host_of(value: object) -> str | None:
    """The host of a URL or of a bare address; None when there is none (`https://` alone is a form's empty field)."""
    text = given(value)
    if text is None:
        return None
    _, mark, rest = text.partition("://")
    return given(canonical(text)) if rest.strip("/ ") or not mark else None
