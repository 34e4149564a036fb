"""
Witness: a bucket of Amazon S3 with object lock, or of a store that speaks its language.

Each checkpoint is an object locked in compliance mode: until the day it is kept to, nobody deletes or changes it, the
account's own root included. Somebody could still lay a newer version or a delete marker over it; so the first version
of each object is what counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from alertwhisperer.kit.clock import Clock
from alertwhisperer.witnesses._aws import AT_ONCE, BOUNDS, in_thread, place_of, session
from alertwhisperer.witnesses.contract import Means, Witness, WitnessKind, contradiction, name_of, wrong_address

if TYPE_CHECKING:  # the library makes its clients at run time; their types are for the checker alone
    from types_boto3_s3 import S3Client

_EXAMPLE = "s3://bucket/prefix?region=eu-central-1&retain_days=400"
_RETAIN_DAYS = 400  # a year that is audited, and the weeks in which it is
_MOST_DAYS = 36_500
_SETUP = f"""\
Make the bucket with object lock (which turns versioning on). Our role needs `s3:PutObject`, `s3:PutObjectRetention`,
`s3:GetObject`, `s3:GetObjectVersion` and `s3:ListBucketVersions` there, and should have nothing else; better, the
bucket is of another account. Each object is locked in compliance mode for `retain_days` ({_RETAIN_DAYS} when not said):
it cannot be deleted earlier by anybody, so its cost cannot be ended earlier either.
"""


class Bucket:
    """Checkpoints in a bucket, below a prefix."""

    readable = True

    def __init__(self, client: S3Client, bucket: str, prefix: str, keep: timedelta, clock: Clock) -> None:
        self.name = f"s3://{bucket}/{prefix}"
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._keep = keep
        self._clock = clock

    async def put(self, number: int, document: bytes) -> None:
        """Keep a checkpoint; see the contract."""
        if not await in_thread(self.name, lambda: self._put(number, document)):
            raise contradiction(self.name, number)

    async def read_all(self) -> AsyncIterator[bytes]:
        """Everything that it keeps, by number; see the contract."""
        firsts = await in_thread(self.name, lambda: list(self._firsts()))
        for start in range(0, len(firsts), AT_ONCE):
            some = firsts[start : start + AT_ONCE]
            for document in await asyncio.gather(*(self._read(key, version) for key, version in some)):
                yield document

    def _put(self, number: int, document: bytes) -> bool:
        """Whether the place now holds this document under this number."""
        key = self._prefix + name_of(number)
        held = self._first(key)
        if held is not None:
            return held == document
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=document,
                ContentType="application/json",
                ChecksumAlgorithm="SHA256",  # a locked object needs one
                IfNoneMatch="*",
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=self._clock.now() + self._keep,
            )
        except ClientError as failure:
            if failure.response.get("Error", {}).get("Code") != "PreconditionFailed":
                raise
            return self._first(key) == document
        return True

    def _first(self, key: str) -> bytes | None:
        """The first version of an object, whatever was laid over it."""
        version = next((version for found, version in self._firsts(key) if found == key), None)
        if version is None:
            return None
        return self._client.get_object(Bucket=self._bucket, Key=key, VersionId=version)["Body"].read()

    def _firsts(self, prefix: str | None = None) -> Iterator[tuple[str, str]]:
        """Key and version of the first version of each object; the store lists by key, the newest version first."""
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=self._prefix if prefix is None else prefix
        )
        versions = ((one["Key"], one["VersionId"]) for page in pages for one in page.get("Versions", ()))
        for key, several in groupby(versions, key=lambda one: one[0]):
            *_, (_, oldest) = several
            if key.endswith(".json"):
                yield key, oldest

    async def _read(self, key: str, version: str) -> bytes:
        def get() -> bytes:
            return self._client.get_object(Bucket=self._bucket, Key=key, VersionId=version)["Body"].read()

        return await in_thread(self.name, get)


def _open(address: str, means: Means) -> Witness:
    place = place_of(address, _EXAMPLE, frozenset({"region", "retain_days"}))
    days = place.options.get("retain_days", str(_RETAIN_DAYS))
    if not days.isascii() or not days.isdecimal() or not 1 <= int(days) <= _MOST_DAYS:
        raise wrong_address(address, _EXAMPLE)
    client = session(place.options.get("region")).client("s3", config=BOUNDS)
    return Bucket(client, place.host, place.path.rstrip("/"), timedelta(days=int(days)), means.clock)


WITNESS = WitnessKind("s3", "A bucket with object lock", "s3", _EXAMPLE, _SETUP, _open)
