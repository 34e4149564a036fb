"""
AWS for the witnesses there: clients with bounds, calls in threads, failures in our words.

Credentials and endpoints come the way AWS's own tools take them (environment, profile, role of the machine), never from
the database.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.witnesses.contract import wrong_address

T = TypeVar("T")

AT_ONCE = 16
"""Reads side by side: a year of checkpoints one by one would take hours."""

BOUNDS = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=AT_ONCE,
)
"""Bounds of one call: at most 45 seconds; later tries are the caller's."""

_TEMPORARY = frozenset(
    {
        "ConditionalRequestConflict",  # two writers at once
        "InternalError",
        "InternalServerError",
        "OperationAborted",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """The parts of `scheme://host/path?name=value`."""

    host: str
    path: str
    options: Mapping[str, str]


def place_of(address: str, example: str, options: frozenset[str]) -> Place:
    """
    Read an address.

    Raises:
        Invalid: it has no host, a user, or an option that is none of these.
    """
    try:
        parts = urlsplit(address)
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as failure:
        raise wrong_address(address, example) from failure
    names = [name for name, _ in given]
    if not parts.netloc or set("@:") & set(parts.netloc) or parts.fragment or not set(names) <= options:
        raise wrong_address(address, example)
    if len(names) != len(set(names)) or not all(value for _, value in given):
        raise wrong_address(address, example)
    return Place(parts.netloc, parts.path.lstrip("/"), dict(given))


def session(region: str | None) -> boto3.Session:
    """A session of its own: a shared one may not be used from several threads."""
    return boto3.Session(region_name=region)


async def in_thread(name: str, work: Callable[[], T]) -> T:
    """
    Run a call of AWS's library, which blocks.

    Raises:
        Temporary: no answer, or one that asks for patience.
        Invalid: refused; names the place and what AWS said.
        ClientError: an answer that the caller must understand itself.
    """

    def run() -> T:
        with told(name):
            return work()

    return await asyncio.to_thread(run)


@contextmanager
def told(name: str) -> Iterator[None]:
    """Failures of AWS's library in our words; conditions that did not hold pass through."""
    try:
        yield
    except (NoCredentialsError, NoRegionError) as failure:
        mend = "give credentials and region the way AWS's own tools take them"
        raise Invalid(f"AWS cannot be asked: {failure}", where=name, mend=mend) from failure
    except ClientError as failure:
        code, status = code_of(failure), failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in ("PreconditionFailed", "ConditionalCheckFailedException"):
            raise
        if code in _TEMPORARY or status >= 500:
            raise Temporary(f"{name} answered {code}") from failure
        said = failure.response.get("Error", {}).get("Message", "")
        raise Invalid(f"AWS refused: {code}: {said}", where=name, mend="look at the place and the rights to it") from (
            failure
        )
    except BotoCoreError as failure:
        raise Temporary(f"{name} did not answer: {type(failure).__name__}") from failure


def code_of(failure: ClientError) -> str:
    """AWS's name of what went wrong."""
    error: Any = failure.response.get("Error", {})
    return str(error.get("Code", ""))
