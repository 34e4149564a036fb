#!/usr/bin/env python3
"""
Verifies one company's export of the audit log: this one file, Python 3.9 or newer, nothing else.

    python3 verify_export.py EXPORT.jsonl --key PUBLIC_KEY

It computes every link of the chain again from the entries, checks that the text shown is the text of then, and that the
chain's heads are in the signed checkpoints. The public key must come to you by another way than the export: from
`alertwhisperer audit key`, or from a checkpoint that you keep yourself.

Exit code: 0 proved, 1 not what it was, 2 not readable. docs/audit.md describes the format.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Point = tuple[int, int, int, int]

FORMAT = "alertwhisperer-audit-export/1"
CHECKPOINT_FORMAT = "alertwhisperer-checkpoint/1"


class Broken(Exception):
    """The export is not what it was; the text names the first place."""


def verify_lines(lines: Iterable[str], public_key: str) -> dict[str, Any]:
    """
    Verify the lines of an export.

    Args:
        lines: of text, the header first.
        public_key: 64 hexadecimal digits.

    Returns:
        A dictionary: entries, erased, first, last, covered (the last number that a checkpoint covers, or None).

    Raises:
        Broken: with the first fault. ValueError, KeyError: this is no export.
    """
    rest = iter(lines)
    header = json.loads(next(rest))
    if header["format"] != FORMAT:
        raise ValueError(f"this is a {header['format']!r}; this program reads {FORMAT}")
    company = uuid.UUID(header["company"])
    previous = bytes.fromhex(header["before"])
    seq = header["after"]
    if seq == 0 and previous != hashlib.sha256(b"alertwhisperer audit chain 1" + company.bytes).digest():
        raise Broken("the chain does not begin where this company's begins")
    told: dict[str, Any] = {"entries": 0, "erased": 0, "first": seq + 1, "last": seq, "covered": None}
    heads = {seq: previous}
    for text in rest:
        line = json.loads(text)
        if "checkpoint" in line:
            _check_checkpoint(line, company, heads, public_key)
            told["covered"] = max(told["covered"] or 0, line["seq"])
            continue
        if line["seq"] != seq + 1:
            raise Broken(f"after entry {seq} comes {line['seq']}: something between them is missing")
        seq, previous = line["seq"], _link(company, line, previous)
        heads[seq] = previous
        told["entries"] += 1
        told["erased"] += line["who"] is None or line["what"] is None
        told["last"] = seq
    return told


def _link(company: uuid.UUID, line: Mapping[str, Any], previous: bytes) -> bytes:
    fields = [
        previous,
        line["seq"].to_bytes(8, "big"),
        company.bytes,
        uuid.UUID(line["id"]).bytes,
        str(line["at_us"]).encode(),
        line["action"].encode(),
        line["resource_kind"].encode(),
        line["resource_id"].encode(),
        line["actor_kind"].encode(),
        _optional(line["actor_id"]),
        _optional(line["incident_id"]),
        line["trace_id"].encode(),
        uuid.UUID(line["subject"]).bytes,
        bytes.fromhex(line["who_digest"]),
        bytes.fromhex(line["what_digest"]),
        bytes.fromhex(line["who_commitment"]),
        bytes.fromhex(line["what_commitment"]),
        uuid.UUID(line["who_mark"]).bytes,
        uuid.UUID(line["what_mark"]).bytes,
    ]
    hasher = hashlib.sha256(b"alertwhisperer audit link 1")
    for field in fields:
        hasher.update(len(field).to_bytes(4, "big"))
        hasher.update(field)
    if hasher.hexdigest() != line["hash"]:
        raise Broken(f"entry {line['seq']} ({line['id']}) is not the one that was linked")
    for part in ("who", "what"):
        if line[part] is not None:
            salted = bytes.fromhex(line[part]["salt"]) + line[part]["text"].encode()
            if hashlib.sha256(salted).hexdigest() != line[part + "_commitment"]:
                raise Broken(f"entry {line['seq']} ({line['id']}): the text of {part!r} was changed")
    return hasher.digest()


def _optional(text: str | None) -> bytes:
    return b"" if text is None else uuid.UUID(text).bytes


def _check_checkpoint(line: Mapping[str, Any], company: uuid.UUID, heads: Mapping[int, bytes], public_key: str) -> None:
    signed = json.loads(line["checkpoint"])
    body = json.loads(signed["body"])
    name = f"checkpoint {body.get('number')}"
    if body.get("format") != CHECKPOINT_FORMAT:
        raise Broken(f"{name} is of an unknown form")
    if not ed25519_verifies(bytes.fromhex(public_key), signed["body"].encode(), bytes.fromhex(signed["signature"])):
        raise Broken(f"{name} was not signed with this key")
    head = heads.get(line["seq"])
    if head is None:
        raise Broken(f"{name} speaks of entry {line['seq']}, which is not in the export")
    node = hashlib.sha256(b"\x00" + company.bytes + line["seq"].to_bytes(8, "big") + head).digest()
    for side, neighbour in line["path"]:
        pair = bytes.fromhex(neighbour) + node if side == "left" else node + bytes.fromhex(neighbour)
        node = hashlib.sha256(b"\x01" + pair).digest()
    if node.hex() != body["root"]:
        raise Broken(f"{name} witnessed another chain: entries up to {line['seq']} were changed")


# Ed25519 as RFC 8032 defines it, in the plainest arithmetic: slow, and short enough to be read.

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)


def _recover_x(y: int, odd: int) -> int | None:
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    if square == 0:
        return None if odd else 0
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P != 0:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if (x * x - square) % _P != 0:
        return None
    return _P - x if x % 2 != odd else x


def _point(encoded: bytes) -> Point | None:
    number = int.from_bytes(encoded, "little")
    y, odd = number % 2**255, number >> 255
    x = None if y >= _P else _recover_x(y, odd)
    return None if x is None else (x, y, 1, x * y % _P)


def _add(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _times(factor: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = _add(result, point)
        point = _add(point, point)
        factor >>= 1
    return result


_BASE_Y = 4 * pow(5, _P - 2, _P) % _P
_BASE_X = _recover_x(_BASE_Y, 0) or 0
_BASE = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


def ed25519_verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature of 64 bytes is that of a message under a public key of 32."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key, commitment = _point(public_key), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    left = _times(scalar, _BASE)
    right = _add(commitment, _times(int.from_bytes(digest, "little") % _L, key))
    return (left[0] * right[2] - right[0] * left[2]) % _P == 0 and (left[1] * right[2] - right[1] * left[2]) % _P == 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; gives its exit code."""
    parser = argparse.ArgumentParser(description="Verify an export of Alert Whisperer's audit log.")
    parser.add_argument("export", help="the JSON lines file, or - for standard input")
    parser.add_argument("--key", required=True, help="public key of the checkpoints, 64 hexadecimal digits")
    given = parser.parse_args(arguments)
    try:
        if given.export == "-":
            told = verify_lines(sys.stdin, given.key)
        else:
            with open(given.export, encoding="utf-8") as source:
                told = verify_lines(source, given.key)
    except Broken as fault:
        print(f"NOT PROVED: {fault}")
        return 1
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as failure:
        print(f"not readable as an export: {type(failure).__name__}: {failure}", file=sys.stderr)
        return 2
    print(
        f"entries {told['first']} to {told['last']}: {told['entries']}, of which {told['erased']} have erased parts; "
        "the chain holds"
    )
    covered = told["covered"]
    if covered is None:
        print("no checkpoint is in the export: nothing outside vouches for it")
    elif covered < told["last"]:
        print(f"signed checkpoints cover up to {covered}; {told['last'] - covered} are newer")
    else:
        print("signed checkpoints cover all of them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
