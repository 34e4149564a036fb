"""What the product can do that a control may rest on, each with its page, tests, commands and audit query."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from alertwhisperer.domain.audit import AuditAction


@dataclass(frozen=True, slots=True)
class Capability:
    """
    One thing that the product does.

    Attributes:
        does: in a sentence or two; no more than its tests show.
        page: of docs/.
        tests: files or folders of the repository that hold it to its word.
        commands: of the command line, that show it or set it.
        actions: what its use leaves in the audit log; empty where it leaves receipts, ledger entries or metrics.
    """

    slug: str
    title: str
    does: str
    page: str
    tests: tuple[str, ...]
    commands: tuple[str, ...] = ()
    actions: tuple[AuditAction, ...] = ()


_ALL = (
    Capability(
        "roles",
        "Roles and permissions",
        "One table says which role may do what; the doors ask it, deny by default, and a route without a rule keeps "
        "the server from starting.",
        "permissions.md",
        ("tests/guard/test_permissions.py", "tests/api/test_access.py", "tests/guard/test_people.py"),
        ("permissions", "user list", "user add", "user set"),
        (AuditAction.USER_ADDED, AuditAction.USER_CHANGED, AuditAction.COMPANIES_CROSSED),
    ),
    Capability(
        "isolation",
        "Separation of companies",
        "Each statement names its company and the database's row-level security enforces it again; another company's "
        "thing answers as an absent one.",
        "security.md",
        (
            "tests/isolation/test_mutants.py",
            "tests/isolation/test_proof.py",
            "tests/store/test_isolation.py",
            "tests/invariants/test_isolation.py",
        ),
        ("prove-isolation",),
        (AuditAction.COMPANIES_CROSSED,),
    ),
    Capability(
        "sign_in",
        "Signing in",
        "Passwords are hashed with Argon2id, tries are limited, a second factor can be set up, sessions are listed and "
        "ended.",
        "accounts.md",
        (
            "tests/sign_in/test_passwords.py",
            "tests/sign_in/test_throttle.py",
            "tests/sign_in/test_second_factor.py",
            "tests/sign_in/test_session.py",
            "tests/sign_in/test_forgery.py",
        ),
        (),
        (
            AuditAction.SIGNED_IN,
            AuditAction.SIGN_IN_REFUSED,
            AuditAction.SIGNED_OUT,
            AuditAction.SESSION_ENDED,
            AuditAction.PASSWORD_CHANGED,
            AuditAction.PASSWORD_LINK_MADE,
            AuditAction.SECOND_FACTOR_ADDED,
            AuditAction.SECOND_FACTOR_REMOVED,
            AuditAction.RECOVERY_CODES_MADE,
            AuditAction.RECOVERY_CODE_USED,
            AuditAction.FIRST_ADMIN_MADE,
        ),
    ),
    Capability(
        "tokens",
        "Personal API tokens",
        "A token is shown once, stored as a keyed hash, limited by scopes and a last day, and ended at any time.",
        "security.md",
        ("tests/guard/test_tokens.py", "tests/guard/test_keys.py"),
        ("token add", "token list", "token revoke"),
        (AuditAction.TOKEN_ADDED, AuditAction.TOKEN_REVOKED),
    ),
    Capability(
        "single_sign_on",
        "Signing in by an identity provider",
        "People can come by OpenID Connect; groups of the provider become roles and companies, and whom the provider "
        "removes is removed here.",
        "security.md",
        ("tests/peers/test_openid.py", "tests/peers/test_openid_browser.py"),
        ("identity list", "identity show"),
        (
            AuditAction.IDENTITY_PROVIDER_ADDED,
            AuditAction.IDENTITY_PROVIDER_CHANGED,
            AuditAction.IDENTITY_PROVIDER_REMOVED,
            AuditAction.DIRECTORY_TOKEN_MADE,
            AuditAction.DIRECTORY_TOKEN_ENDED,
            AuditAction.IDENTITY_LINKED,
            AuditAction.IDENTITY_UNLINKED,
            AuditAction.IDENTITY_REFUSED,
            AuditAction.IDENTITY_GONE,
            AuditAction.BREAK_GLASS_SET,
            AuditAction.BREAK_GLASS_USED,
        ),
    ),
    Capability(
        "offboarding",
        "Offboarding",
        "One step ends a person's ways in, hands on what they held and lists the secrets that they have seen.",
        "people.md",
        ("tests/guard/test_offboard.py",),
        ("user offboard",),
        (AuditAction.USER_OFFBOARDED,),
    ),
    Capability(
        "intake",
        "Authenticity of what comes in",
        "Each integration has keys of its own, stored as keyed hashes, and can demand a signature over the bytes; "
        "repeats are known, rates are limited.",
        "webhooks.md",
        ("tests/ingest/test_signature.py", "tests/ingest/test_gateway.py", "tests/ingest/test_admission.py"),
        ("integration add", "key add", "key revoke"),
        (
            AuditAction.INTEGRATION_ADDED,
            AuditAction.INTEGRATION_CHANGED,
            AuditAction.INTEGRATION_RESTORED,
            AuditAction.INTEGRATION_REMOVED,
            AuditAction.KEY_ADDED,
            AuditAction.KEY_REVOKED,
            AuditAction.SECRET_ROTATED,
            AuditAction.SOURCE_ACTION_APPROVED,
        ),
    ),
    Capability(
        "secrets",
        "Secrets",
        "Secrets are sealed with AES-GCM under keys that a master from outside the database wraps; both can be "
        "replaced while servers run, and secrets are masked wherever settings are shown.",
        "security.md",
        (
            "tests/guard/test_vault.py",
            "tests/ingest/test_secrets_stay.py",
            "tests/ingest/test_secret_settings.py",
            "tests/journeys/test_rotation.py",
        ),
        ("secrets status", "secrets rotate"),
        (AuditAction.SECRET_ROTATED, AuditAction.KEYS_ROTATED, AuditAction.MASTER_KEY_ROTATED),
    ),
    Capability(
        "outbound",
        "Guarded calls outside",
        "Addresses that a person or a tool had a say in are checked after resolving and connected to as checked; no "
        "redirects, no private networks that the operator did not name.",
        "security.md",
        ("tests/app/test_outbound.py",),
    ),
    Capability(
        "audit_log",
        "Audit log",
        "Every act is an entry in the transaction of the act. Entries are append-only, linked into a chain for each "
        "company, and signed checkpoints of all chains are kept outside the database; a verifier finds what was "
        "changed, removed, inserted or rolled back.",
        "audit.md",
        ("tests/guard/test_audit_chain.py", "tests/guard/test_audit_export.py", "tests/api/test_audit.py"),
        ("audit list", "audit export", "audit verify", "audit verifier"),
        (AuditAction.AUDIT_EXPORTED, AuditAction.EVIDENCE_EXPORTED, AuditAction.AUDIT_RETAINED),
    ),
    Capability(
        "witnesses",
        "Witnesses of the audit log",
        "Checkpoints go to a folder, a server, a locked bucket or a table, each number once; a place that lags is an "
        "alarm.",
        "witnesses.md",
        ("tests/contracts/test_witnesses.py",),
    ),
    Capability(
        "approvals",
        "Approvals of risky acts",
        "What is asked is bound by a hash over the bytes that would run; nobody approves their own request; a lapse "
        "refuses; one approval starts one act.",
        "approvals.md",
        (
            "tests/guard/test_approvals.py",
            "tests/guard/test_approvals_race.py",
            "tests/guard/test_approvals_canonical.py",
            "tests/api/test_approvals.py",
            "tests/journeys/test_approval.py",
        ),
        ("approval list", "approval show"),
        (
            AuditAction.APPROVAL_REQUESTED,
            AuditAction.APPROVAL_GRANTED,
            AuditAction.APPROVAL_REFUSED,
            AuditAction.DECISION_REJECTED,
            AuditAction.APPROVAL_LAPSED,
            AuditAction.APPROVAL_VOIDED,
            AuditAction.APPROVAL_CONSUMED,
            AuditAction.START_REFUSED,
        ),
    ),
    Capability(
        "brakes",
        "Freezes and kill switches",
        "A time in which nothing starts can be set, and a switch that stops every start at once.",
        "approvals.md",
        ("tests/guard/test_approvals.py", "tests/api/test_approvals.py"),
        ("brake show", "brake stop", "brake freeze"),
        (AuditAction.FREEZE_SET, AuditAction.KILL_SWITCH_ON, AuditAction.KILL_SWITCH_OFF),
    ),
    Capability(
        "settings",
        "Changes of settings",
        "What is set is validated when it is written; the log has who changed it, from what, to what.",
        "settings.md",
        ("tests/guard/test_company_settings.py", "tests/api/test_management.py", "tests/api/test_rules.py"),
        ("settings show", "config"),
        (
            AuditAction.COMPANY_ADDED,
            AuditAction.COMPANY_CHANGED,
            AuditAction.COMPANIES_IMPORTED,
            AuditAction.GROUP_ADDED,
            AuditAction.GROUP_CHANGED,
            AuditAction.GROUP_REMOVED,
            AuditAction.SETTINGS_CHANGED,
            AuditAction.RULES_CHANGED,
            AuditAction.ROUTES_CHANGED,
            AuditAction.SILENCE_CHECK_CHANGED,
            AuditAction.RUNBOOK_ADDED,
            AuditAction.RUNBOOK_CHANGED,
            AuditAction.RUNBOOK_REMOVED,
            AuditAction.RUNBOOK_OVERRIDDEN,
            AuditAction.RUNBOOK_OVERRIDE_REMOVED,
        ),
    ),
    Capability(
        "monitoring",
        "Monitoring of monitoring",
        "A tool that goes silent, a feed that fails and a heartbeat that does not come are incidents themselves.",
        "silence.md",
        ("tests/silence/test_decide.py", "tests/app/test_silence.py", "tests/app/test_feeds.py"),
        ("silence list", "feed list"),
        (AuditAction.FEED_PAUSED, AuditAction.FEED_RESUMED, AuditAction.SILENCE_CHECK_CHANGED),
    ),
    Capability(
        "incidents",
        "Incidents and their story",
        "Alerts become incidents, each with its timeline, its members and the reasons; acts of people on them are in "
        "the log.",
        "correlation.md",
        ("tests/journeys/test_first_incident.py", "tests/journeys/test_storm.py", "tests/api/test_incidents.py"),
        ("incidents list", "incidents show", "explain"),
        (
            AuditAction.INCIDENT_ACKNOWLEDGED,
            AuditAction.INCIDENT_UNACKNOWLEDGED,
            AuditAction.INCIDENT_ASSIGNED,
            AuditAction.INCIDENT_COMMENTED,
            AuditAction.INCIDENT_RESOLVED,
            AuditAction.INCIDENT_MERGED,
            AuditAction.INCIDENT_SPLIT,
        ),
    ),
    Capability(
        "conservation",
        "Nothing accepted is lost",
        "What was acknowledged survives a crash, has exactly one outcome, and the books are compared with the rows.",
        "operations.md",
        ("tests/crash/test_crash.py", "tests/invariants/test_core.py"),
        ("ledger", "quarantine list"),
        (AuditAction.QUARANTINE_RERUN, AuditAction.QUARANTINE_DISCARDED, AuditAction.QUARANTINE_HANDED_OVER),
    ),
    Capability(
        "reasons",
        "Decisions that can be replayed",
        "Each automated decision stores its inputs, rule and version; a replay gives the same answer.",
        "correlation.md",
        ("tests/journeys/test_replay.py",),
        ("explain", "replay"),
        (AuditAction.RULES_CHANGED,),
    ),
    Capability(
        "inventory",
        "Inventory of assets",
        "Assets, sites and contacts are kept for each company; a name that an alert brought is no target until a "
        "person confirms it.",
        "inventory.md",
        ("tests/api/test_inventory.py", "tests/inventory/test_importing.py"),
        ("asset list", "site list", "contact list"),
        (
            AuditAction.ASSET_ADDED,
            AuditAction.ASSET_CHANGED,
            AuditAction.ASSET_CONFIRMED,
            AuditAction.ASSET_ALIAS_ADDED,
            AuditAction.ASSET_ALIAS_REMOVED,
            AuditAction.ASSET_MERGED,
            AuditAction.ASSET_REMOVED,
            AuditAction.ASSET_CONNECTED,
            AuditAction.ASSET_DISCONNECTED,
            AuditAction.ASSETS_IMPORTED,
            AuditAction.SITE_ADDED,
            AuditAction.SITE_CHANGED,
            AuditAction.SITE_REMOVED,
            AuditAction.CONTACT_ADDED,
            AuditAction.CONTACT_CHANGED,
            AuditAction.CONTACT_REMOVED,
        ),
    ),
    Capability(
        "retention",
        "Retention",
        "Raw deliveries, occurrences and receipts are dropped when the days are over that the operator set.",
        "operations.md",
        ("tests/store/test_retention.py",),
        ("retention", "audit retain"),
        (AuditAction.RETENTION_DROPPED, AuditAction.AUDIT_RETAINED),
    ),
    Capability(
        "erasure",
        "Erasure of persons and companies",
        "What could name a person or a company in the audit log is destroyed with its key, in every copy; the chain "
        "still verifies.",
        "audit.md",
        ("tests/guard/test_erasures.py", "tests/guard/test_audit_export.py"),
        ("audit erase",),
        (AuditAction.PERSON_ERASED, AuditAction.COMPANY_ERASED),
    ),
    Capability(
        "upgrades",
        "Upgrades of the database",
        "Migrations are numbered, run once, and tried on databases of earlier versions.",
        "operations.md",
        ("tests/store/test_migrate.py",),
        ("config",),
    ),
)

CAPABILITIES: Mapping[str, Capability] = MappingProxyType({one.slug: one for one in _ALL})
"""By slug, in the order in which the page shows them."""
