"""Patterns: regular expressions by RE2, whose time grows with the text and never with the cunning of the pattern."""

from typing import Any

import re2  # type: ignore[import-untyped]

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.sources._mapping.limits import LONGEST_MATCHED, LONGEST_PATTERN, PATTERN_MEMORY
from alertwhisperer.sources._reading import clean


class Pattern:
    """A compiled regular expression, and the group that a value is taken from."""

    __slots__ = ("_group", "_regex")

    def __init__(self, text: str, where: str, *, group: int | str | None = None) -> None:
        """
        Compile.

        Raises:
            Invalid: not RE2 syntax, too long or too big, or no such group.
        """
        if not text or len(text) > LONGEST_PATTERN:
            raise Invalid(f"a regular expression has 1 to {LONGEST_PATTERN} characters", where=where)
        self._regex: Any = _compiled(text, where)
        self._group = self._checked(group, where)

    def holds(self, text: str) -> bool:
        """Whether it is found somewhere in the text."""
        return self._regex.search(clean(text, LONGEST_MATCHED)) is not None

    def caught(self, text: str) -> str | None:
        """What the group caught; None when the pattern is not found or the group took no part."""
        match = self._regex.search(clean(text, LONGEST_MATCHED))
        if match is None:
            return None
        found: str | None = match.group(self._group)
        return found

    def _checked(self, group: int | str | None, where: str) -> int | str:
        if group is None:
            return min(1, int(self._regex.groups))
        known = group in self._regex.groupindex if isinstance(group, str) else 0 <= group <= self._regex.groups
        if not known:
            raise Invalid(f"the regular expression has no group {str(group)[:40]}", where=where)
        return group


def _compiled(text: str, where: str) -> Any:  # the library has no types
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY
    try:
        return re2.compile(text, options)
    except (re2.error, UnicodeEncodeError) as wrong:
        reason = wrong.args[0] if wrong.args else wrong
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise Invalid(
            f"this is not a regular expression of RE2: {reason[:200]}",
            where=where,
            mend="RE2 has no look-around and no back references",
        ) from wrong
