"""
What a witness is: a place outside the database that keeps checkpoints of the audit log, each under its number, once.

Whoever can change the database, and even put an older one in its place, must change the witnesses too to go unseen. So
a witness never overwrites: a second document under one number is refused, and that refusal is an alarm.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from alertwhisperer.domain.errors import Invalid, Permanent
from alertwhisperer.kit.clock import Clock

DIGITS = 12
"""Numbers in names have this many, so that names sort as numbers do; enough for a checkpoint a second for ages."""

Post = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]
"""POST to a URL with headers and a body, where the operator lets us call; answers the status; raises `Temporary` when
nobody answers, `Invalid` when it may not be called."""


class Contradicted(Permanent):
    """
    The place holds another document under this number.

    Either the database is an older one than the place has seen, or two installations write to one place, or somebody
    changed one of the two.
    """


class Witness(Protocol):
    """
    One place.

    Attributes:
        name: what and where, for people and logs; tells it from every other; holds no secret.
        readable: whether what it was given can be read from it again.
    """

    name: str
    readable: bool

    async def put(self, number: int, document: bytes) -> None:
        """
        Keep a checkpoint; returns when it would survive a crash. The same again changes nothing.

        Raises:
            Contradicted: there is another document under this number.
            Temporary: the place does not answer.
            Invalid: the place refuses us; the operator must change something.
        """
        ...

    def read_all(self) -> AsyncIterator[bytes]:
        """
        Everything that it keeps, by number; where one number was written twice, the first.

        Raises:
            Temporary: the place does not answer.
            Invalid: it cannot be read (`readable` says so), or refuses us.
        """
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """
    What the installation lends its witnesses.

    Attributes:
        post: calls out.
        secret: signs what is posted; empty when the operator gave none.
    """

    post: Post
    secret: str
    clock: Clock


@dataclass(frozen=True, slots=True)
class WitnessKind:
    """
    A kind of place.

    Attributes:
        slug: the module's name.
        title: for people.
        scheme: what its addresses begin with, before the colon.
        example: an address, as an operator writes it.
        setup: Markdown: how the place is made ready, and what it withstands.
        open: a witness at an address, which begins with the scheme; nothing is called yet. Raises `Invalid`.
    """

    slug: str
    title: str
    scheme: str
    example: str
    setup: str
    open: Callable[[str, Means], Witness]


def name_of(number: int) -> str:
    """The file or object name of a checkpoint."""
    return f"{number:0{DIGITS}d}.json"


def contradiction(name: str, number: int) -> Contradicted:
    """What to tell people when a place holds something else."""
    return Contradicted(
        f"{name} holds another checkpoint {number}: this database is older than what was witnessed, or two "
        "installations write to one place; run `alertwhisperer audit verify`"
    )


def wrong_address(address: str, example: str) -> Invalid:
    """What to tell people about an address that cannot be used."""
    return Invalid(
        f"{address!r} is no place for checkpoints", where="ALERTWHISPERER_AUDIT_WITNESSES", mend=f"write {example}"
    )
