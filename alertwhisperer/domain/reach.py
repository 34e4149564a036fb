"""Reach: what a company lets us run scripts on, and with which secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Credential:
    """
    A secret that lets an executor in; its values are sealed, and shown to nobody.

    Attributes:
        executor: slug of who uses it.
        fields: names of what is in it.
        added_by: as the audit log says.
        rotated_at: when its values were last replaced.
        proven_at: when the way was last seen to be closed to everybody else; for an executor that proves it.
        bound: how many assets are bound with it.
    """

    id: UUID
    name: str
    executor: str
    fields: tuple[str, ...]
    added_by: str
    added_at: datetime
    rotated_at: datetime | None = None
    proven_at: datetime | None = None
    bound: int = 0


@dataclass(frozen=True, slots=True)
class Binding:
    """
    A person's word that scripts may run on an asset, and how it is reached.

    Attributes:
        settings: of the target, as the executor declares them; nothing in them is secret.
        bound_by: as the audit log says.
    """

    asset_id: UUID
    executor: str
    settings: Mapping[str, str]
    credential_id: UUID
    bound_by: str
    bound_at: datetime


@dataclass(frozen=True, slots=True)
class BindingCheck:
    """
    What was seen when somebody last went to a bound asset.

    Attributes:
        checked_at: when somebody set out.
        checked_by: as the audit log says.
        wrong: what was, each with its mend; empty when a script could begin there.
    """

    checked_at: datetime
    checked_by: str
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BoundAsset:
    """
    A binding as people look at it.

    Attributes:
        asset, credential: their names.
        check: None while nobody went there since it was bound so.
    """

    binding: Binding
    asset: str
    credential: str
    check: BindingCheck | None = None


@dataclass(frozen=True, slots=True)
class PatchState:
    """
    What a machine's patches are, as Systems Manager last said.

    Attributes:
        instance: its id there.
        missing, failed: patches; critical: how many of them are critical or of security.
        scanned_at: when the machine looked; asked_at: when we asked.
    """

    asset_id: UUID
    instance: str
    installed: int
    missing: int
    failed: int
    critical: int
    scanned_at: datetime
    asked_at: datetime
