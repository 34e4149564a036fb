"""
The one encoding of a plan, and its hash: what is not the same plan never has the same bytes.

Version 1. A document is `HEAD` and one map. A value is a tag of one byte, the length of its content in eight bytes, the
greatest first, and the content:

    b  bytes, as they are                     u  a UUID, its 16 bytes
    s  text in UTF-8, not normalised          t  a moment, as `i`, in microseconds since 1970 UTC
    i  a whole number in decimal digits       n  nothing, of length 0
    l  a list: its values, one after another  m  a map: name (s) and value, by the names' bytes, each once

Every length is written, so no content can be taken for structure; names are sorted, so the order of fields never
matters; the order of a list does. `decode` takes what `encode` makes and nothing else.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, TypeVar
from uuid import UUID

from alertwhisperer.domain.approval import Parameter, Plan, Risk, Target
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid, Permanent

HEAD = b"alertwhisperer plan 1\n"
MOST_BYTES = 1_048_576
"""Of one encoded plan: what a person is to read before saying yes cannot be longer."""

_LENGTH_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Value: TypeAlias = "bytes | str | int | UUID | datetime | Sequence[Value] | Mapping[str, Value] | None"
T = TypeVar("T")


def encode(plan: Plan) -> bytes:
    """
    The plan's bytes.

    Raises:
        Invalid: it holds text that is no Unicode, or it is larger than a person could read.
    """
    try:
        encoded = HEAD + _value(_fields(plan))
    except UnicodeEncodeError as failure:
        raise Invalid("a plan's text must be Unicode", where="plan", mend="give bytes where it is none") from failure
    if len(encoded) > MOST_BYTES:
        raise Invalid(f"the plan has {len(encoded)} bytes", where="plan", mend=f"keep to {MOST_BYTES}")
    return encoded


def fingerprint(encoded: bytes) -> bytes:
    """SHA-256 over an encoded plan, 32 bytes."""
    return hashlib.sha256(encoded).digest()


def decode(encoded: bytes) -> Plan:
    """
    The plan that `encode` made these bytes of.

    Raises:
        Permanent: they are not what `encode` makes.
    """
    try:
        plan = _plan(_Reader(encoded).document())
    except (KeyError, ValueError, TypeError, OverflowError) as failure:
        raise Permanent("a stored plan cannot be read") from failure
    if encode(plan) != encoded:
        raise Permanent("a stored plan is not written as plans are")
    return plan


def _fields(plan: Plan) -> Mapping[str, Value]:
    # Plans from before there were snapshots have none: left out when it is empty, so that their bytes stay theirs.
    snapshot: Mapping[str, Value] = {"snapshot": plan.snapshot} if plan.snapshot else {}
    return {
        **snapshot,
        "kind": plan.kind,
        "company": plan.company_id,
        "runbook": plan.runbook,
        "runbook_version": plan.runbook_version,
        "targets": [_target_fields(one) for one in plan.targets],
        "precheck": plan.precheck,
        "act": plan.act,
        "verify": plan.verify,
        "undo": plan.undo,
        "parameters": {name: {"value": one.value, "origin": one.origin} for name, one in plan.parameters.items()},
        "credential": plan.credential_id,
        "caps": dict(plan.caps),
        "risk": plan.risk.value,
        "requester": plan.requester,
        "start_by": plan.start_by,
    }


def _target_fields(target: Target) -> Mapping[str, Value]:
    # As with snapshots: only a target with a credential of its own names one.
    own: Mapping[str, Value] = {} if target.credential_id is None else {"credential": target.credential_id}
    return {
        **own,
        "kind": target.kind,
        "id": target.id,
        "account": target.account,
        "region": target.region,
        "host_key": target.host_key,
    }


def _plan(fields: Mapping[str, Value]) -> Plan:
    credential = fields["credential"]
    return Plan(
        kind=_as(str, fields["kind"]),
        company_id=CompanyId(_as(UUID, fields["company"])),
        runbook=_as(str, fields["runbook"]),
        runbook_version=_as(str, fields["runbook_version"]),
        targets=tuple(_target(_as(dict, one)) for one in _as(list, fields["targets"])),
        precheck=_as(bytes, fields["precheck"]),
        act=_as(bytes, fields["act"]),
        verify=_as(bytes, fields["verify"]),
        undo=_as(bytes, fields["undo"]),
        parameters={name: _parameter(_as(dict, one)) for name, one in _as(dict, fields["parameters"]).items()},
        credential_id=None if credential is None else _as(UUID, credential),
        caps={name: _as(int, one) for name, one in _as(dict, fields["caps"]).items()},
        risk=Risk(_as(str, fields["risk"])),
        requester=_as(str, fields["requester"]),
        start_by=_as(datetime, fields["start_by"]),
        snapshot=_as(bytes, fields.get("snapshot", b"")),
    )


def _target(fields: Mapping[str, Value]) -> Target:
    texts = {name: _as(str, value) for name, value in fields.items() if name != "credential"}
    return Target(**texts, credential_id=_as(UUID, fields["credential"]) if "credential" in fields else None)


def _parameter(fields: Mapping[str, Value]) -> Parameter:
    return Parameter(**{name: _as(str, value) for name, value in fields.items()})


def _as(kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} is wanted")
    return value


# ------------------------------------------------------------------------------------------------ values


def _value(value: Value) -> bytes:
    match value:
        case None:
            return _tagged(b"n", b"")
        case bytes():
            return _tagged(b"b", value)
        case str():
            return _tagged(b"s", value.encode())
        case UUID():
            return _tagged(b"u", value.bytes)
        case datetime():
            return _tagged(b"t", _digits((value - _EPOCH) // _MICROSECOND))
        case int():
            return _tagged(b"i", _digits(value))
        case Mapping():
            named = sorted(((name.encode(), one) for name, one in value.items()), key=lambda pair: pair[0])
            return _tagged(b"m", b"".join(_tagged(b"s", name) + _value(one) for name, one in named))
        case _:
            return _tagged(b"l", b"".join(_value(one) for one in value))


def _tagged(tag: bytes, content: bytes) -> bytes:
    return tag + len(content).to_bytes(_LENGTH_BYTES, "big") + content


def _digits(number: int) -> bytes:
    return str(int(number)).encode()


class _Reader:
    """Reads values back; `decode` compares with what `encode` would have written, so this need not be strict itself."""

    def __init__(self, encoded: bytes) -> None:
        self._bytes = encoded

    def document(self) -> Mapping[str, Value]:
        if not self._bytes.startswith(HEAD):
            raise ValueError("another head")
        [value] = list(self._values(len(HEAD), len(self._bytes)))
        return _as(dict, value)

    def _values(self, at: int, end: int) -> Iterator[Value]:
        while at < end:
            tag, begin = self._bytes[at : at + 1], at + 1 + _LENGTH_BYTES
            at = begin + int.from_bytes(self._bytes[at + 1 : begin], "big")
            if at > end:
                raise ValueError("cut short")
            yield self._content(tag, begin, at)

    def _content(self, tag: bytes, begin: int, end: int) -> Value:
        if tag == b"l":
            return list(self._values(begin, end))
        if tag == b"m":
            found = list(self._values(begin, end))
            names = [_as(str, name) for name in found[::2]]
            return dict(zip(names, found[1::2], strict=True))
        return _SIMPLE[tag](self._bytes[begin:end])


_SIMPLE: Mapping[bytes, Callable[[bytes], Value]] = {
    b"n": lambda content: None,
    b"b": bytes,
    b"s": lambda content: content.decode(),
    b"u": lambda content: UUID(bytes=content),
    b"i": int,
    b"t": lambda content: _EPOCH + int(content) * _MICROSECOND,
}
