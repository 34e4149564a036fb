"""Tools that sign: with their secret set, an unsigned or wrongly signed request is refused at the door."""

import hmac
import time

import pytest

from tests.ingest.front import Front, accepted, refused
from tests.server import Sender, new_sender
from tests.sources.stored import load

SECRET = "a shared secret"  # of a test
SIGNED = [
    ("grafana", "hmac_secret", "X-Grafana-Alerting-Signature"),
    ("sentry", "client_secret", "Sentry-Hook-Signature"),
]


def signature(body: bytes) -> str:
    return hmac.digest(SECRET.encode(), body, "sha256").hex()


async def signing(front: Front, slug: str, setting: str) -> Sender:
    return await new_sender(front.house, front.company_id, slug, settings={setting: SECRET})


@pytest.mark.parametrize(("slug", "setting", "header"), SIGNED)
async def test_only_the_right_signature_is_let_in(front: Front, slug: str, setting: str, header: str) -> None:
    sender = await signing(front, slug, setting)
    body, key = load(slug, "firing").body, {"X-API-Key": sender.api_key}
    refused(await front.send(sender, body, headers=key), 403)
    refused(await front.send(sender, body, headers=key | {header: "0" * 64}), 403)
    refused(await front.send(sender, body + b" ", headers=key | {header: signature(body)}), 403)
    accepted(await front.send(sender, body, headers=key | {header: signature(body)}))


async def test_grafanas_timestamp_is_part_of_what_it_signs_and_must_be_fresh(front: Front) -> None:
    slug, setting, header = SIGNED[0]
    sender = await signing(front, slug, setting)
    body, key = load(slug, "firing").body, {"X-API-Key": sender.api_key}

    def stamped(age_s: int) -> dict[str, str]:
        stamp = str(int(time.time()) - age_s)
        return key | {"X-Grafana-Alerting-Timestamp": stamp, header: signature(stamp.encode() + b":" + body)}

    accepted(await front.send(sender, body, headers=stamped(0)))
    refused(await front.send(sender, body, headers=stamped(400)), 403)
    refused(await front.send(sender, body, headers=stamped(0) | {"X-Grafana-Alerting-Timestamp": "1"}), 403)


async def test_a_company_without_the_secret_takes_its_tool_by_the_key_alone(front: Front) -> None:
    for slug, _, _ in SIGNED:
        sender = await new_sender(front.house, front.company_id, slug)
        accepted(await front.send(sender, load(slug, "firing").body, headers={"X-API-Key": sender.api_key}))
