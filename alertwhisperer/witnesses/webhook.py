"""
Witness: a server of somebody else's that takes checkpoints by POST, such as a customer's or an auditor's.

Signed as our own webhooks ask their senders to: HMAC-SHA256 of `timestamp.delivery_id.body`. What it keeps cannot be
asked back: whoever keeps it hands the documents to `alertwhisperer audit verify --witness file:FOLDER`.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.kit.clock import Clock
from alertwhisperer.witnesses.contract import Means, Post, Witness, WitnessKind, contradiction, wrong_address

_EXAMPLE = "https://auditor.example.org/checkpoints"
_CONFLICT = 409
_LEAST_SECRET = 16
_SETUP = """\
`POST` of the checkpoint, with `X-Delivery-Id: checkpoint-NUMBER`, `X-Timestamp` (seconds) and
`X-Signature: sha256=hex(HMAC-SHA256(secret, timestamp + "." + delivery_id + "." + body))`; the secret is
`ALERTWHISPERER_AUDIT_WEBHOOK_SECRET`. Answer 2xx once it is stored, also for a repeat of the same bytes, and 409 when
there is another document under this number. The address may hold no password and no query: the signature is the proof.
"""


class Webhook:
    """Checkpoints by POST."""

    readable = False

    def __init__(self, url: str, post: Post, secret: str, clock: Clock) -> None:
        self.name = url
        self._post = post
        self._secret = secret.encode()
        self._clock = clock

    async def put(self, number: int, document: bytes) -> None:
        """Hand a checkpoint over; see the contract. That it is never overwritten there is the receiver's promise."""
        status = await self._post(self.name, self._headers(number, document), document)
        if 200 <= status < 300:
            return
        if status == _CONFLICT:
            raise contradiction(self.name, number)
        if status == 429 or status >= 500:
            raise Temporary(f"{self.name} answered {status}")
        raise Invalid(f"it answered {status}", where=self.name, mend="look at the receiver, and at the secret")

    def read_all(self) -> AsyncIterator[bytes]:
        """Raises `Invalid`: it cannot be asked."""
        raise Invalid(
            "a webhook cannot be read", where=self.name, mend="get the documents, and verify with --witness file:FOLDER"
        )

    def _headers(self, number: int, document: bytes) -> dict[str, str]:
        at, name = str(int(self._clock.now().timestamp())), f"checkpoint-{number}"
        signed = hmac.new(self._secret, f"{at}.{name}.".encode() + document, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "X-Delivery-Id": name,
            "X-Timestamp": at,
            "X-Signature": f"sha256={signed}",
        }


def _open(address: str, means: Means) -> Witness:
    try:
        parts = urlsplit(address)
        right = bool(parts.hostname) and "@" not in parts.netloc and not parts.query and not parts.fragment
    except ValueError:
        right = False
    if not right:
        raise wrong_address(address, _EXAMPLE)
    if len(means.secret) < _LEAST_SECRET:
        raise Invalid(
            f"a webhook for checkpoints needs a secret of at least {_LEAST_SECRET} characters",
            where="ALERTWHISPERER_AUDIT_WEBHOOK_SECRET",
            mend="set it here and at the receiver",
        )
    return Webhook(address, means.post, means.secret, means.clock)


WITNESS = WitnessKind("webhook", "A server that takes checkpoints", "https", _EXAMPLE, _SETUP, _open)
