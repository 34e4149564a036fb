"""Occurrence: one statement of a tool about one check on one asset, as a source's parser understood it."""

from datetime import datetime
from enum import IntEnum

import msgspec

from alertwhisperer.domain.severity import Severity


class Kind(IntEnum):
    """What an occurrence says of its problem."""

    FIRING = 1
    RESOLVED = 2
    NOTED = 3  # a test, an operator's update, information: stored and counted, changes nothing


class Content(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    What people read of an occurrence; none of it is identity.

    Attributes:
        asset: the host, pod, device, URL or service that is unwell, as the tool spells it; never empty.
        signature: stable name of the check or rule, without asset, value or state; never empty.
        message: one readable line.
        source: slug of the tool that spoke.
        labels: everything useful that is left; flat.
        links: console, runbook, graph, silence: name → URL.
    """

    asset: str
    signature: str
    message: str
    source: str
    labels: dict[str, str] = {}
    links: dict[str, str] = {}


class Occurrence(msgspec.Struct, frozen=True, gc=False):
    """
    One statement about one check on one asset.

    Attributes:
        kind: firing, resolved or neither.
        content: what people read.
        severity: as the tool said; `None` when it said nothing usable (a resolve, mostly): then the alert keeps what it
            has, and a new one is medium.
        problem: the same check on the same asset for ever, in the tool's words (a fingerprint, an alarm's ARN); unique
            within the integration; never empty.
        cycle: this firing cycle (Zabbix event id, Datadog cycle key); None when the tool has none.
        started_at: when the problem began, aware UTC; None when the tool did not say or said nonsense.
        ended_at: when it ended, aware UTC; on resolves only; None as above.
        note: why a NOTED occurrence changes nothing, a short code such as `test` or `operator_update`; else "".
    """

    kind: Kind
    content: Content
    severity: Severity | None
    problem: str
    cycle: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    note: str = ""


class Refused(msgspec.Struct, frozen=True, gc=False):
    """
    A member of a delivery that its parser could not use.

    Attributes:
        index: 0-based place among the delivery's members.
        what: what is wrong, in a sentence, without quoting the body at length.
        where: path of the offending field, e.g. `alerts[3].labels`.
        mend: what the sender should change.
    """

    index: int
    what: str
    where: str = ""
    mend: str = ""
