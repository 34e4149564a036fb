"""Trial: a mapping tried on stored requests before it goes live, showing for each field which candidate matched."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Refused
from alertwhisperer.sources._mapping.engine import Mapper, Member, compile_mapping
from alertwhisperer.sources._mapping.limits import DELIVERY_STEPS, MEMBER_STEPS, Budget, Exhausted
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Sample

_MOST_SAMPLES = 50
_MOST_MEMBERS = 200
_LONGEST_VALUE = 200


class Match(msgspec.Struct, frozen=True):
    """
    How a target field got its value.

    Attributes:
        candidate: 0-based place of the candidate that had a value; None when none had.
        written: that candidate as the mapping has it.
        value: what it found, cut short.
    """

    candidate: int | None
    written: str = ""
    value: str = ""


class TriedMember(msgspec.Struct, frozen=True):
    """One alert of a sample: the match of each target field that has candidates."""

    index: int
    matches: dict[str, Match]


class TriedSample(msgspec.Struct, frozen=True):
    """
    What a mapping made of one sample.

    Attributes:
        name: the sample's.
        parsed: occurrences and refusals, as a real delivery would have them; None when the body is refused whole.
        members: how each alert's fields were found, the first 200.
        refused: why the whole body is refused, when it is.
    """

    name: str
    parsed: Parsed | None
    members: tuple[TriedMember, ...] = ()
    refused: Refused | None = None


def try_on(document: object, samples: Sequence[Sample], received_at: datetime) -> tuple[TriedSample, ...]:
    """
    Apply a mapping to samples; nothing is stored.

    Args:
        document: the mapping as JSON values.
        samples: at most 50 requests.
        received_at: the moment to read them at, aware UTC.

    Returns:
        One report for each sample, in their order.

    Raises:
        Invalid: the mapping is wrong, or there are too many samples.
    """
    mapper = compile_mapping(document)
    if len(samples) > _MOST_SAMPLES:
        raise Invalid(f"a mapping is tried on at most {_MOST_SAMPLES} samples", where="samples")
    return tuple(_tried(mapper, sample, received_at) for sample in samples)


def _tried(mapper: Mapper, sample: Sample, received_at: datetime) -> TriedSample:
    inbound = _inbound(sample, received_at)
    try:
        parsed = mapper.parse(inbound)
        members = mapper.members(inbound, Budget(DELIVERY_STEPS))[:_MOST_MEMBERS]
    except Invalid as wrong:
        return TriedSample(sample.name, None, refused=Refused(0, wrong.what, wrong.where, wrong.mend))
    return TriedSample(sample.name, parsed, tuple(_matches(mapper, member) for member in members))


def _matches(mapper: Mapper, member: Member) -> TriedMember:
    budget = Budget(MEMBER_STEPS)
    found: dict[str, Match] = {}
    try:
        scope = mapper.scope(member, budget)
        for name, choice in mapper.choices.items():
            if len(choice):
                chosen = choice.choose(scope, budget)
                found[name] = (
                    Match(None)
                    if chosen is None
                    else Match(chosen.place, choice.written[chosen.place], chosen.text[:_LONGEST_VALUE])
                )
    except Exhausted:
        pass  # the member's refusal in `parsed` says so; what was found before it stays in the report
    return TriedMember(member.index, found)


def _inbound(sample: Sample, received_at: datetime) -> Inbound:
    body = sample.body.encode("utf-8", "replace")
    settings: Mapping[str, Json] = {}
    return Inbound("POST", "generic", sample.query, sample.headers, body, _document(body), received_at, settings)


def _document(body: bytes) -> Json:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
