"""What a provider's directory writes here of people and groups (SCIM); nobody is a person of ours by it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """
    Somebody in a provider's directory.

    Attributes:
        external_id: the directory's own id of them; empty when it tells none.
        email: lower case; empty when it tells none.
        is_active: False says that they are gone.
    """

    id: UUID
    external_id: str
    user_name: str
    display_name: str
    email: str
    is_active: bool
    created_at: datetime
    changed_at: datetime

    @property
    def addresses(self) -> tuple[str, ...]:
        """What a verified e-mail of the person may be: lower case, without doubles."""
        return tuple(sorted({one for one in (self.email, self.user_name.lower()) if "@" in one}))


@dataclass(frozen=True, slots=True)
class DirectoryGroup:
    """A group in a provider's directory; its name counts as a group of each member's."""

    id: UUID
    external_id: str
    display_name: str
    created_at: datetime
    changed_at: datetime
