"""
Seals what an audit entry says of people and things, under a key for each company and person.

Destroying a key erases what it sealed, wherever copies of the entries lie; the chain holds salted hashes only, and
still verifies. The keys themselves are sealed by the vault.
"""

import hashlib
import os
from collections import OrderedDict
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store.sealer import OpenKey, Sealed, SealedKey

SALT_BYTES = 16

_KEY_BYTES = 32
_NONCE_BYTES = 12
_MOST_KEPT = 10_000  # of about 200 bytes each


class AuditSealer:
    """The audit log's `Sealer`; keeps opened keys, the longest unused go first."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._kept: OrderedDict[tuple[CompanyId, UUID], OpenKey] = OrderedDict()

    def fresh(self, company_id: CompanyId, subject: UUID) -> SealedKey:
        """A new random key of a subject, sealed by the vault."""
        mark = uuid4()
        return SealedKey(mark, self._vault.seal(os.urandom(_KEY_BYTES), key_context(company_id, subject, mark)))

    def opened(self, company_id: CompanyId, subject: UUID, key: SealedKey) -> OpenKey:
        """
        The key, opened.

        Raises:
            Permanent: the vault cannot open it.
        """
        return OpenKey(key.mark, self._vault.open(key.sealed, key_context(company_id, subject, key.mark)))

    def known(self, company_id: CompanyId, subject: UUID) -> OpenKey | None:
        """The key, if it was kept."""
        key = self._kept.get((company_id, subject))
        if key is not None:
            self._kept.move_to_end((company_id, subject))
        return key

    def keep(self, company_id: CompanyId, subject: UUID, key: OpenKey | None) -> None:
        """Keep a key, or forget it."""
        if key is None:
            self._kept.pop((company_id, subject), None)
            return
        self._kept[company_id, subject] = key
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def seal(self, key: OpenKey, text: bytes, place: bytes) -> Sealed:
        """Seal a text under a fresh salt; the commitment is the hash of salt and text."""
        salted = os.urandom(SALT_BYTES) + text
        nonce = os.urandom(_NONCE_BYTES)
        cipher = nonce + AESGCM(key.key).encrypt(nonce, salted, place)
        return Sealed(cipher, hashlib.sha256(salted).digest())

    def unseal(self, key: OpenKey, cipher: bytes, place: bytes) -> tuple[bytes, bytes]:
        """
        Salt and text.

        Raises:
            Permanent: the sealed text was altered or moved.
        """
        try:
            salted = AESGCM(key.key).decrypt(cipher[:_NONCE_BYTES], cipher[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError) as failure:
            raise Permanent("an audit entry was altered: run `alertwhisperer audit verify`") from failure
        return salted[:SALT_BYTES], salted[SALT_BYTES:]


def key_context(company_id: CompanyId, subject: UUID, mark: UUID) -> str:
    """The vault's context of `audit_key.sealed`."""
    return f"audit/{company_id}/{subject}/{mark}"
