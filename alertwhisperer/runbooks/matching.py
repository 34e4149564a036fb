"""Which runbooks are candidates for an alert, best first, each with its reason; and why the others are not."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.runbook import Platform, Runbook

_RISKS = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)


class MatchReason(StrEnum):
    """Why a runbook is a candidate, or is none."""

    SIGNATURE = "signature"
    """A pattern of it fits the alert's signature, on this platform, with these tags."""
    BY_HAND_ONLY = "by_hand_only"
    """It names no signature, so that only a person starts it."""
    OTHER_SIGNATURE = "other_signature"
    PLATFORM_UNKNOWN = "platform_unknown"
    """The inventory does not say what the asset runs."""
    OTHER_PLATFORM = "other_platform"
    TAG_MISSING = "tag_missing"


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A runbook that was looked at.

    Attributes:
        fits: the pattern that fitted, or the tag that is missing; empty for the other reasons.
    """

    runbook: Runbook
    reason: MatchReason
    fits: str = ""

    @property
    def applies(self) -> bool:
        """Whether it is a candidate."""
        return self.reason is MatchReason.SIGNATURE


def candidates(
    runbooks: Iterable[Runbook], signature: str, platform: Platform | None, tags: Collection[str]
) -> tuple[Candidate, ...]:
    """
    Those that apply: the most telling pattern first, then more tags, less risk, the slug.

    Args:
        signature: of the alert, as the tool wrote it.
        platform: of the asset, as the inventory says; None when it does not.
        tags: of the asset.
    """
    found = [one for one in considered(runbooks, signature, platform, tags) if one.applies]
    return tuple(sorted(found, key=_rank))


def considered(
    runbooks: Iterable[Runbook], signature: str, platform: Platform | None, tags: Collection[str]
) -> tuple[Candidate, ...]:
    """Every runbook with the reason why it is a candidate or not, in the order given."""
    folded = signature.casefold()
    return tuple(_considered(runbook, folded, platform, tags) for runbook in runbooks)


def _considered(runbook: Runbook, folded: str, platform: Platform | None, tags: Collection[str]) -> Candidate:
    if not runbook.applies.signatures:
        return Candidate(runbook, MatchReason.BY_HAND_ONLY)
    fitting = [glob for glob in runbook.applies.signatures if _pattern(glob).fullmatch(folded)]
    if not fitting:
        return Candidate(runbook, MatchReason.OTHER_SIGNATURE)
    if platform is None:
        return Candidate(runbook, MatchReason.PLATFORM_UNKNOWN)
    if platform is not runbook.platform:
        return Candidate(runbook, MatchReason.OTHER_PLATFORM)
    for tag in runbook.applies.tags:
        if tag not in tags:
            return Candidate(runbook, MatchReason.TAG_MISSING, tag)
    return Candidate(runbook, MatchReason.SIGNATURE, max(fitting, key=_telling))


def _rank(one: Candidate) -> tuple[int, int, int, str]:
    runbook = one.runbook
    return (-_telling(one.fits), -len(runbook.applies.tags), _RISKS.index(runbook.risk), runbook.slug)


def _telling(glob: str) -> int:
    """How much of a pattern is said: `nginx*down` tells more than `*down`."""
    return len(glob) - glob.count("*") - glob.count("?")


@lru_cache(maxsize=4_096)
def _pattern(glob: str) -> re.Pattern[str]:
    """
    `*` any signs, `?` one; nothing else is special.

    Each `*` takes as little as it can and never gives back (an atomic group): a signature of 10,000 signs from outside
    costs no more than a look at each.
    """
    pieces = [re.escape(piece).replace(r"\?", ".") for piece in re.sub(r"\*+", "*", glob).split("*")]
    head, rest = pieces[0], pieces[1:]
    if not rest:
        return re.compile(head, re.DOTALL)
    middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1])
    return re.compile(f"{head}{middle}.*{rest[-1]}", re.DOTALL)
