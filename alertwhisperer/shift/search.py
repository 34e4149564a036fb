"""
Finding anything that has a name: by an id or its beginning, an incident's number, a host's name, a tool's own id, or a
part of a name; in the companies that one serves, and only what one may read.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from uuid import UUID

from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest.normalize import identity_hash
from alertwhisperer.store import search as store
from alertwhisperer.store.database import Connection
from alertwhisperer.store.search import Found, Kind, Sought

NEEDS: Mapping[Kind, Action] = {
    "incident": Action.INCIDENT_READ,
    "asset": Action.ASSET_READ,
    "company": Action.COMPANY_READ,
    "contact": Action.CONTACT_READ,
    "integration": Action.INTEGRATION_READ,
    "alert": Action.ALERT_READ,
}
"""What one must be allowed to, for each kind of thing; in the order in which they are shown."""

LONGEST = 200
_MOST_WORDS = 8
_SHORTEST_ID = 8  # hexadecimal digits: less is no beginning of an id that anybody would type
_ID_DIGITS = 32
_LARGEST_NUMBER = 2**63 - 1


async def find(
    connection: Connection, served: Sequence[CompanyId], text: str, kinds: Collection[Kind], *, limit: int
) -> list[Found]:
    """
    What fits, the surest first, and among equally sure ones some of each kind before more of any.

    Args:
        kinds: those that the person may read.

    Raises:
        Invalid: nothing was typed, or too much.
    """
    sought = read(text)
    wanted = [kind for kind in NEEDS if kind in kinds]
    apart = [await _of_kind(connection, served, sought, text.strip(), kind, limit=limit) for kind in wanted]
    return _in_turn(apart)[:limit]


def read(text: str) -> Sought:
    """
    What a person typed, in every way that makes sense.

    Raises:
        Invalid: nothing was typed, or too much.
    """
    folded = text.strip().lower()
    words = folded.split()
    if not words or len(folded) > LONGEST or len(words) > _MOST_WORDS or "\0" in folded:
        raise Invalid(
            "there is nothing to look for, or too much",
            where="q",
            mend=f"give 1 to {_MOST_WORDS} words, of {LONGEST} letters in all",
        )
    low, high = _ids(folded)
    return Sought(folded, canonical(folded), tuple(words), _number(folded), low, high)


def _number(text: str) -> int:
    """Of an incident; -1 when it is none, for a condition that is NULL has another plan."""
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit()):
        return -1
    number = int(digits)
    return number if number <= _LARGEST_NUMBER else -1


def _ids(text: str) -> tuple[UUID, UUID]:
    """The first and the last id that begins so; the last and the first of all when it is no such beginning."""
    digits = text.replace("-", "")
    if not _SHORTEST_ID <= len(digits) <= _ID_DIGITS or any(one not in "0123456789abcdef" for one in digits):
        return UUID(int=(1 << 128) - 1), UUID(int=0)
    return UUID(digits.ljust(_ID_DIGITS, "0")), UUID(digits.ljust(_ID_DIGITS, "f"))


async def _of_kind(
    connection: Connection, served: Sequence[CompanyId], sought: Sought, typed: str, kind: Kind, *, limit: int
) -> list[Found]:
    match kind:
        case "incident":
            return await store.incidents(connection, served, sought, limit=limit)
        case "asset":
            return await store.assets(connection, served, sought, limit=limit)
        case "company":
            return await store.companies(connection, served, sought, limit=limit)
        case "contact":
            return await store.contacts(connection, served, sought, limit=limit)
        case "integration":
            return await store.integrations(connection, served, sought, limit=limit)
        case "alert":
            # A tool's own id is compared as it was typed: case may matter to the tool.
            return await store.alerts(
                connection,
                served,
                sought,
                lambda integration: UUID(bytes=identity_hash(integration.bytes, typed)),
                limit=limit,
            )


def _in_turn(apart: Sequence[Sequence[Found]]) -> list[Found]:
    """By rank; of one rank the first of each kind, then the second of each, so that no kind crowds out the others."""
    dealt = [one for turn in zip_longest(*apart) for one in turn if one is not None]
    return sorted(dealt, key=lambda one: one.rank)
