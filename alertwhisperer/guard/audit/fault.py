"""What can be wrong with the audit log, and where."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from alertwhisperer.domain.company import CompanyId


class FaultKind(StrEnum):
    """What is wrong."""

    ENTRY_CHANGED = "entry_changed"
    ENTRY_DELETED = "entry_deleted"
    ENTRY_INSERTED = "entry_inserted"
    LINK_MISSING = "link_missing"
    CHAIN_CUT = "chain_cut"
    HISTORY_REWRITTEN = "history_rewritten"
    COMPANY_REMOVED = "company_removed"
    KEY_DESTROYED = "key_destroyed"
    DATABASE_ROLLED_BACK = "database_rolled_back"
    CHECKPOINT_ALTERED = "checkpoint_altered"
    CHECKPOINT_MISSING = "checkpoint_missing"


class Fault(msgspec.Struct, frozen=True):
    """
    One thing that is wrong.

    Attributes:
        company_id: whose chain; None for the whole.
        seq: number of the first link that is wrong, or of the first that may be (then `until` ends the range).
        entry_id, at: of the entry that it holds, as the database has it; None when it is gone.
        what: in words.
    """

    kind: FaultKind
    what: str
    company_id: CompanyId | None = None
    seq: int | None = None
    until: int | None = None
    entry_id: UUID | None = None
    at: datetime | None = None
