"""Every kind of witness keeps each checkpoint under its number, once, and gives back the first that it was given."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from alertwhisperer.app.settings import Settings
from alertwhisperer.app.witnesses import all_kinds, open_witnesses
from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.witnesses.contract import Contradicted, Witness
from tests.peers.encrypted import encrypted
from tests.server import free_port
from tests.vendors.aws import REGION, Aws, aws
from tests.vendors.receiver import Receiver, receiver

KINDS = all_kinds()
SECRET = "a secret that both of us know"
NOW = datetime.now(UTC).replace(microsecond=0)  # moto asks the machine's clock whether a lock has ended


@dataclass(frozen=True, slots=True)
class Spot:
    """
    A real place of one kind.

    Attributes:
        witness: at it.
        kept: what the place holds, read behind the witness's back.
        away: the same kind at an address where nobody answers.
    """

    witness: Witness
    kept: Callable[[], list[bytes]]
    away: Witness


def settings_of(**more: object) -> Settings:
    """Settings that let a test call its own machine."""
    return Settings(
        environment="test",
        outbound_networks=(ipaddress.ip_network("127.0.0.0/8"),),
        audit_webhook_secret=SECRET,
        **more,  # type: ignore[arg-type]  # fields by name
    )


def witness_at(address: str, **more: object) -> Witness:
    """The one witness at an address, as the product opens it."""
    (witness,) = open_witnesses(settings_of(**more), ManualClock(NOW), [address])
    return witness


@contextmanager
def folder_spot(place: Path) -> Iterator[Spot]:
    """A folder; a file stands where the other one should be."""
    (place / "occupied").write_text("a file")
    yield Spot(
        witness_at(f"file:{place / 'checkpoints'}"),
        lambda: [path.read_bytes() for path in sorted((place / "checkpoints").rglob("*.json"))],
        witness_at(f"file:{place / 'occupied'}"),
    )


@contextmanager
def webhook_spot(place: Path) -> Iterator[Spot]:
    """A server behind TLS."""
    with receiver(SECRET) as running, encrypted(running.url, place) as relay:
        yield Spot(
            witness_at(f"{relay.url}/checkpoints", outbound_ca_file=place / "relay.pem"),
            lambda: [document for _, document in sorted(running.kept.items())],
            witness_at(f"https://127.0.0.1:{free_port()}/checkpoints"),
        )


@contextmanager
def s3_spot(place: Path) -> Iterator[Spot]:
    """A bucket of moto's."""
    with aws() as running, pytest.MonkeyPatch.context() as away:
        bucket = f"log-{uuid4().hex}"
        running.make_bucket(bucket)
        here = witness_at(f"s3://{bucket}/audit?region={REGION}&retain_days=30")
        away.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        yield Spot(here, lambda: list(bodies(running, bucket)), witness_at(f"s3://{bucket}/audit?region={REGION}"))


@contextmanager
def dynamodb_spot(place: Path) -> Iterator[Spot]:
    """A table of moto's."""
    with aws() as running, pytest.MonkeyPatch.context() as away:
        table = f"log-{uuid4().hex}"
        running.make_table(table)
        here = witness_at(f"dynamodb://{table}?region={REGION}")
        away.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        yield Spot(here, lambda: items(running, table), witness_at(f"dynamodb://{table}?region={REGION}"))


SPOTS: Mapping[str, Callable[[Path], object]] = {
    "file": folder_spot,
    "webhook": webhook_spot,
    "s3": s3_spot,
    "dynamodb": dynamodb_spot,
}


def bodies(running: Aws, bucket: str) -> Iterator[bytes]:
    """The current objects of a bucket, by key."""
    for one in running.s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
        yield running.s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()


def items(running: Aws, table: str) -> list[bytes]:
    """The documents of a table, by number."""
    found = running.dynamodb.scan(TableName=table)["Items"]
    return [bytes(one["document"]["B"]) for one in sorted(found, key=lambda one: int(one["number"]["N"]))]


@pytest.fixture(params=list(KINDS))
def spot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spot]:
    """A real place of each kind; a new kind needs one here, and then all promises below are tried on it."""
    with SPOTS[request.param](tmp_path) as made:  # type: ignore[attr-defined]  # each is a context manager
        yield made


async def documents(witness: Witness) -> list[bytes]:
    """What a witness gives back."""
    return [document async for document in witness.read_all()]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.slug)
def test_a_kind_declares_itself(kind: object) -> None:
    assert kind in KINDS.values()
    schemes = [one.scheme for one in KINDS.values()]
    assert len(set(schemes)) == len(schemes)
    for one in KINDS.values():
        assert one.example.startswith(f"{one.scheme}:")
        assert one.title
        assert len(one.setup) > 100
        assert "?" not in witness_at(one.example).name, "a name is an address without its options"


async def test_what_was_put_is_kept_by_its_number(spot: Spot) -> None:
    for number in (2, 10, 9, 1_000_001):
        await spot.witness.put(number, b'{"n":%d}' % number)
    expected = [b'{"n":%d}' % number for number in (2, 9, 10, 1_000_001)]
    assert spot.kept() == expected
    if spot.witness.readable:
        assert await documents(spot.witness) == expected


async def test_the_same_again_changes_nothing(spot: Spot) -> None:
    for _ in range(3):
        await spot.witness.put(7, b"the checkpoint")
    assert spot.kept() == [b"the checkpoint"]


async def test_another_document_under_one_number_is_refused(spot: Spot) -> None:
    await spot.witness.put(7, b"the checkpoint")
    with pytest.raises(Contradicted, match="another checkpoint 7"):
        await spot.witness.put(7, b"another history")
    assert spot.kept() == [b"the checkpoint"]


async def test_of_many_at_once_one_stays(spot: Spot) -> None:
    results = await asyncio.gather(
        *(spot.witness.put(7, b"history %d" % each) for each in range(6)), return_exceptions=True
    )
    refused = [one for one in results if isinstance(one, Contradicted)]
    assert [one for one in results if isinstance(one, BaseException) and not isinstance(one, Contradicted)] == []
    assert len(refused) == 5
    (kept,) = spot.kept()
    assert results[int(kept.removeprefix(b"history "))] is None


async def test_a_place_that_does_not_answer_is_asked_again_later(spot: Spot) -> None:
    with pytest.raises(Temporary):
        await spot.away.put(1, b"{}")


async def test_one_that_cannot_be_read_says_so(spot: Spot) -> None:
    if not spot.witness.readable:
        with pytest.raises(Invalid, match="cannot be read"):
            await documents(spot.witness)
    else:
        with pytest.raises((Invalid, Temporary)):
            await documents(spot.away)


@pytest.mark.parametrize(
    "address",
    [
        "file:",
        "ftp://host/x",
        "https:///x",
        "https://user:word@host/x",
        "https://host/x?token=1",
        "s3:///x",
        "s3://bucket/x?retain_days=0",
        "s3://bucket/x?retain_days=long",
        "s3://bucket/x?region=a&region=b",
        "s3://bucket/x?key=AKIA",
        "s3://user:word@bucket/x",
        "dynamodb://table/path",
        "dynamodb://table?endpoint=http://127.0.0.1",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_called(address: str) -> None:
    with pytest.raises(Invalid) as told:
        witness_at(address)
    assert told.value.where == "ALERTWHISPERER_AUDIT_WITNESSES"


def test_without_a_setting_checkpoints_lie_beside_the_data_folder(tmp_path: Path) -> None:
    (witness,) = open_witnesses(Settings(data_dir=tmp_path / "data"), ManualClock(NOW))
    assert witness.name == f"file:{tmp_path / 'data.checkpoints'}"


def test_a_webhook_needs_a_secret() -> None:
    with pytest.raises(Invalid, match="at least 16 characters"):
        open_witnesses(Settings(audit_webhook_secret="short"), ManualClock(NOW), ["https://auditor.example.org/x"])


async def test_the_machine_itself_is_called_in_tests_only() -> None:
    (witness,) = open_witnesses(Settings(audit_webhook_secret=SECRET), ManualClock(NOW), ["https://127.0.0.1/x"])
    with pytest.raises(Invalid, match="not public"):
        await witness.put(1, b"{}")


async def test_a_draft_that_a_crash_left_is_no_checkpoint(tmp_path: Path) -> None:
    witness = witness_at(f"file:{tmp_path}")
    await witness.put(1, b"{}")
    (tmp_path / "00000000" / ".checkpoint-abc").write_bytes(b"half")
    assert await documents(witness) == [b"{}"]
    assert (tmp_path / "00000000" / "000000000001.json").stat().st_mode & 0o222 == 0


@pytest.fixture
def posted(tmp_path: Path) -> Iterator[tuple[Receiver, Witness]]:
    """A receiver behind TLS, and the witness that speaks to it."""
    with receiver(SECRET) as running, encrypted(running.url, tmp_path) as relay:
        yield running, witness_at(f"{relay.url}/x", outbound_ca_file=tmp_path / "relay.pem")


async def test_what_is_posted_is_signed(posted: tuple[Receiver, Witness], tmp_path: Path) -> None:
    running, witness = posted
    await witness.put(1, b"{}")
    assert running.forged == 0
    running.secret = "another secret than ours"
    with pytest.raises(Invalid, match="401"):
        await witness.put(2, b"{}")
    assert running.forged == 1


@pytest.mark.parametrize(("status", "kind"), [(503, Temporary), (429, Temporary), (404, Invalid), (302, Invalid)])
async def test_a_receivers_refusal_says_whether_to_try_again(
    posted: tuple[Receiver, Witness], status: int, kind: type[Exception]
) -> None:
    running, witness = posted
    running.instead = status
    with pytest.raises(kind, match=str(status)):
        await witness.put(1, b"{}")


@pytest.fixture
def cloud() -> Iterator[Aws]:
    """Amazon's services."""
    with aws() as running:
        yield running


@pytest.fixture
def fresh() -> str:
    """A name for a bucket or a table; moto keeps what it has for the whole process."""
    return f"log-{uuid4().hex}"


async def test_a_locked_object_cannot_be_deleted_and_nothing_laid_over_it_counts(cloud: Aws, fresh: str) -> None:
    """The bucket's owner tries; what moto does not do (locks against root, clocks) is not shown here."""
    cloud.make_bucket(fresh)
    witness = witness_at(f"s3://{fresh}/audit?region={REGION}&retain_days=30")
    await witness.put(1, b"the truth")
    key = "audit/000000000001.json"
    version = cloud.s3.list_object_versions(Bucket=fresh)["Versions"][0]["VersionId"]
    kept = cloud.s3.head_object(Bucket=fresh, Key=key, VersionId=version)
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    assert kept["ObjectLockRetainUntilDate"] == NOW + timedelta(days=30)
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.s3.delete_object(Bucket=fresh, Key=key, VersionId=version)
    cloud.s3.put_object(Bucket=fresh, Key=key, Body=b"a lie")
    assert await documents(witness) == [b"the truth"]
    cloud.s3.delete_object(Bucket=fresh, Key=key)
    assert await documents(witness) == [b"the truth"]
    with pytest.raises(Contradicted):
        await witness.put(1, b"a lie")


async def test_a_bucket_that_is_not_there_is_named(cloud: Aws) -> None:
    witness = witness_at(f"s3://nowhere?region={REGION}")
    with pytest.raises(Invalid, match="NoSuchBucket") as told:
        await witness.put(1, b"{}")
    assert told.value.where == "s3://nowhere/"


async def test_a_table_gives_back_more_than_one_page_holds(cloud: Aws, fresh: str) -> None:
    cloud.make_table(fresh)
    witness = witness_at(f"dynamodb://{fresh}?region={REGION}")
    for number in range(1, 6):
        await witness.put(number, bytes([number]) * 300_000)
    assert [document[0] for document in await documents(witness)] == [1, 2, 3, 4, 5]
    with pytest.raises(Invalid, match="larger than an item"):
        await witness.put(6, bytes(400_000))


async def test_two_installations_may_share_a_table_by_the_name_of_their_log(cloud: Aws, fresh: str) -> None:
    cloud.make_table(fresh)
    ours = witness_at(f"dynamodb://{fresh}?region={REGION}&log=ours")
    theirs = witness_at(f"dynamodb://{fresh}?region={REGION}&log=theirs")
    await ours.put(1, b"ours")
    await theirs.put(1, b"theirs")
    assert await documents(ours) == [b"ours"]
