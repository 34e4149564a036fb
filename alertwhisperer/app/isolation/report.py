"""What a proof of isolation says: what was tried, and what was found."""

from datetime import datetime

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """
    Something that one company could see or do to the other.

    Attributes:
        wall: where it was found: door, webhook, export, log, database, policy.
        where: which door, table or line.
        what: in words; never the other's data itself.
    """

    wall: str
    where: str
    what: str


class Proof(msgspec.Struct, frozen=True):
    """
    A proof, to be signed.

    Attributes:
        doors: routes that were walked.
        opened: those of them that answered somebody with own things; the others were tried and refused.
        requests: how many requests were made, by all people together.
        people: as whom.
        tables: tables whose rows were asked for as the application's role.
        policies: policies of the real database that were compared with what they must be.
        log_lines: lines of the server's log that were searched.
    """

    format: str
    version: str
    at: datetime
    doors: int
    opened: int
    requests: int
    people: tuple[str, ...]
    tables: int
    policies: int
    log_lines: int
    findings: tuple[Finding, ...]
