"""Audit entry: what a person or the command line did, kept for ever and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.company import CompanyId


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """
    One act.

    Attributes:
        id: UUIDv7, so entries sort by the moment they were written.
        company_id: whose log it is in; `INSTALLATION` for acts on the installation itself.
        at: when, aware UTC.
        actor: who, as `Scope.actor` says.
        action: what, as `noun.verb`.
        subject: on what: an id, an e-mail.
        detail: what was said of it; never a secret.
    """

    id: UUID
    company_id: CompanyId
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, object] = field(default_factory=dict)
