"""
Every place in the database where the vault sealed something: what a rotation seals again, and nothing besides.

A column that is sealed and not listed here would become unreadable one day; a test compares this with the schema.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.push import KEY_CONTEXT, address_context
from alertwhisperer.guard.audit.sealing import key_context
from alertwhisperer.guard.identity.admit import refresh_context
from alertwhisperer.guard.identity.providers import secret_context
from alertwhisperer.guard.sign_in.second_factor import context_of
from alertwhisperer.guard.vault import credential_context, integration_context

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """
    A column of sealed values.

    Attributes:
        key: the columns that name a row.
        also: further columns that the context needs.
        context: of a row's value, as whoever sealed it gave it.
    """

    table: str
    column: str
    key: tuple[str, ...]
    context: Callable[[Row], str]
    also: tuple[str, ...] = ()


SEALED_COLUMNS: tuple[SealedColumn, ...] = (
    SealedColumn(
        "integration",
        "secret",
        ("company_id", "integration_id"),
        lambda row: integration_context(CompanyId(row["company_id"]), row["integration_id"]),
    ),
    SealedColumn(
        "source_action",
        "secret",
        ("company_id", "id"),
        lambda row: integration_context(CompanyId(row["company_id"]), row["integration_id"]),
        ("integration_id",),
    ),
    SealedColumn(
        "audit_key",
        "sealed",
        ("company_id", "subject"),
        lambda row: key_context(CompanyId(row["company_id"]), row["subject"], row["mark"]),
        ("mark",),
    ),
    SealedColumn(
        "credential",
        "sealed",
        ("company_id", "credential_id"),
        lambda row: credential_context(CompanyId(row["company_id"]), row["credential_id"]),
    ),
    SealedColumn("second_factor", "secret", ("user_id",), lambda row: context_of(row["user_id"])),
    SealedColumn("identity_provider", "secret", ("provider_id",), lambda row: secret_context(row["provider_id"])),
    SealedColumn("user_identity", "refresh_token", ("identity_id",), lambda row: refresh_context(row["identity_id"])),
    SealedColumn("push_key", "sealed", ("one",), lambda row: KEY_CONTEXT),
    SealedColumn(
        "push_subscription",
        "sealed",
        ("subscription_id",),
        lambda row: address_context(row["address_hash"]),
        ("address_hash",),
    ),
)

SEALED_SETTINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("integration", ("company_id", "integration_id")),
    ("integration_version", ("company_id", "integration_id", "version")),
)
"""Tables whose `settings` may hold sealed secrets (`guard/vault.setting_context`), and what names their rows."""

NEVER_SEALED_AGAIN: Mapping[tuple[str, str], str] = {
    ("audit_entry", "who"): "sealed with a key of `audit_key`, which is sealed again in its place",
    ("audit_entry", "what"): "likewise",
    ("data_key", "wrapped"): "wrapped by the master key, not sealed by the vault",
}
"""Columns of bytes that hold something secret and are left alone, with the reason."""
