"""Between the password and the code: a signed note, good for minutes, that the first step was passed."""

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from alertwhisperer.guard.vault import Vault
from alertwhisperer.store.sign_in import Credentials

LASTS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Pending:
    """A note as a browser brings it back; nothing in it is believed before `is_for`."""

    user_id: UUID
    until_s: int
    mark: str = field(repr=False)

    def is_for(self, vault: Vault, known: Credentials, *, now: datetime) -> bool:
        """Whether it is ours, in time, and the person's password is still the one that was right."""
        right = _mark(vault, known, self.until_s)
        return hmac.compare_digest(right.encode(), self.mark.encode("utf-8", "surrogatepass")) and (
            now.timestamp() < self.until_s
        )


def pending_of(vault: Vault, known: Credentials, *, now: datetime) -> str:
    """The note for a person whose password was right."""
    until_s = int((now + LASTS).timestamp())
    return f"{known.user_id.hex}.{until_s}.{_mark(vault, known, until_s)}"


def read_pending(text: str) -> Pending | None:
    """A note, or None when the text is none."""
    parts = text.split(".")
    if len(parts) != 3 or not parts[1].isascii() or not parts[1].isdecimal() or len(parts[1]) > 12:
        return None
    try:
        return Pending(UUID(parts[0]), int(parts[1]), parts[2])
    except ValueError:
        return None


def _mark(vault: Vault, known: Credentials, until_s: int) -> str:
    since = (known.set_at or datetime.min.replace(tzinfo=UTC)).isoformat()
    return vault.hash(f"pending/{known.user_id}/{until_s}/{since}").hex
