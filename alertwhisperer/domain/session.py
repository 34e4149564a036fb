"""Session: a person who is signed in, on one device, for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

LONGEST_DEVICE = 200
"""Letters kept of what a browser says of itself: enough to tell two of them apart."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """
    How long a session lasts.

    Attributes:
        idle: unseen for so long, it is over.
        most: over then, however much it is used.
    """

    idle: timedelta = timedelta(hours=12)
    most: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Session:
    """
    A session; what the cookie holds is not in it.

    Attributes:
        how: `password`, `password+code`, `password+recovery`, `link` or `identity:<provider>`.
        ip: where the person signed in from; empty when it is not known.
        device: what the browser said of itself then, shortened.
        seen_at: of the last request, to the minute.
        expires_at: over then, however much it is used.
    """

    id: UUID
    user_id: UUID
    how: str
    ip: str
    device: str
    made_at: datetime
    seen_at: datetime
    idle: timedelta
    expires_at: datetime

    def is_live(self, now: datetime) -> bool:
        """Whether it has neither been idle too long nor outlived its end; one that was ended is never read."""
        return now < self.expires_at and now < self.seen_at + self.idle
