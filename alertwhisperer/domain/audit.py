"""
Audit entry: an act of a person, of the command line or of the product on itself, kept and never changed.

`AuditAction` is the documented catalogue: what is not in it cannot be recorded, and `docs/audit.md` is written from it.
Alerts leave receipts and ledger entries instead, never an entry here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from alertwhisperer.domain.company import CompanyId


class AuditAction(StrEnum):
    """What was done; each with its meaning for whoever reads the log."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> "AuditAction":
        """A member of the catalogue: its name in the log, and its meaning."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    COMPANY_ADDED = "company_added", "A company was added."
    COMPANY_CHANGED = "company_changed", "A company's name, zone, limits or group were changed."
    COMPANIES_IMPORTED = "companies_imported", "A sheet of companies was imported."
    COMPANIES_EXPORTED = "companies_exported", "The sheet of companies was exported."
    GROUP_ADDED = "group_added", "A group of companies was added."
    GROUP_CHANGED = "group_changed", "A group of companies was renamed."
    GROUP_REMOVED = "group_removed", "A group of companies was removed."
    SETTINGS_CHANGED = "settings_changed", "Settings of a company, of a group or of all were changed."
    INTEGRATION_ADDED = "integration_added", "An integration was added."
    INTEGRATION_CHANGED = "integration_changed", "An integration's settings were changed."
    INTEGRATION_RESTORED = "integration_restored", "An integration went back to an earlier version of its settings."
    INTEGRATION_REMOVED = "integration_removed", "An integration was removed; its keys ended."
    KEY_ADDED = "key_added", "A key of an integration was made and shown once."
    KEY_REVOKED = "key_revoked", "A key of an integration was ended."
    SECRET_ROTATED = "secret_rotated", "An integration's signing secret was replaced; the new one was shown once."
    SOURCE_ACTION_APPROVED = "source_action_approved", "What a tool asked us to call outside was approved."
    FEED_POLLED = "feed_polled", "A feed was asked to look at once."
    FEED_PAUSED = "feed_paused", "A feed was paused."
    FEED_RESUMED = "feed_resumed", "A feed was resumed."
    ROUTES_CHANGED = "routes_changed", "Which customer of a tool is which company was changed."
    RULES_CHANGED = "rules_changed", "A new version of a company's correlation rules was saved."
    WINDOW_ADDED = "window_added", "A maintenance window was made; the detail has what it holds and when."
    WINDOW_EXTENDED = "window_extended", "A time of a maintenance window was let end later."
    WINDOW_ENDED = "window_ended", "A maintenance window was ended before its time, for once or for good."
    WINDOW_SETTLED = "window_settled", "A time of a maintenance window was over; the detail has what it held back."
    SILENCE_CHECK_CHANGED = "silence_check_changed", "How long something may be silent was changed."
    SITE_ADDED = "site_added", "A site was added."
    SITE_CHANGED = "site_changed", "A site was changed."
    SITE_REMOVED = "site_removed", "A site was removed."
    SITES_IMPORTED = "sites_imported", "A sheet of sites was imported."
    ASSET_ADDED = "asset_added", "An asset was added."
    ASSET_CHANGED = "asset_changed", "An asset was changed."
    ASSET_CONFIRMED = "asset_confirmed", "An asset that had appeared in an alert was confirmed."
    ASSET_ALIAS_ADDED = "asset_alias_added", "An asset was given one more name."
    ASSET_ALIAS_REMOVED = "asset_alias_removed", "A name of an asset was taken away."
    ASSET_MERGED = "asset_merged", "Two assets were merged."
    ASSET_REMOVED = "asset_removed", "An asset was removed."
    ASSET_CONNECTED = "asset_connected", "Two assets were connected."
    ASSET_DISCONNECTED = "asset_disconnected", "A connection between two assets was removed."
    ASSETS_IMPORTED = "assets_imported", "A sheet of assets was imported."
    CREDENTIAL_ADDED = "credential_added", "A credential for reaching targets was added."
    CREDENTIAL_ROTATED = "credential_rotated", "A credential's values were replaced."
    CREDENTIAL_REMOVED = "credential_removed", "A credential was removed."
    CREDENTIAL_PROVEN = "credential_proven", "A way into AWS was seen to be closed to everybody else, or not to be."
    EXTERNAL_ID_MADE = "external_id_made", "A company was given its external ID for AWS."
    ASSET_BOUND = "asset_bound", "A person said that scripts may be run on an asset, and how it is reached."
    ASSET_UNBOUND = "asset_unbound", "Scripts may not be run on an asset any more."
    BINDING_CHECKED = "binding_checked", "A person went to an asset to see whether a script could begin there."
    CONTACT_ADDED = "contact_added", "A contact was added."
    CONTACT_CHANGED = "contact_changed", "A contact was changed."
    CONTACT_REMOVED = "contact_removed", "A contact was removed."
    CONTACTS_IMPORTED = "contacts_imported", "A sheet of contacts was imported."
    INCIDENT_ACKNOWLEDGED = "incident_acknowledged", "A person took notice of an incident."
    INCIDENT_UNACKNOWLEDGED = "incident_unacknowledged", "A person took an acknowledgement back."
    INCIDENT_SNOOZED = "incident_snoozed", "A person let an incident keep quiet for a time, or until it clears."
    INCIDENT_UNSNOOZED = "incident_unsnoozed", "A person ended an incident's snooze."
    INCIDENT_ASSIGNED = "incident_assigned", "An incident was given to a person, or to nobody."
    INCIDENT_COMMENTED = "incident_commented", "A comment was written on an incident."
    INCIDENT_RESOLVED = "incident_resolved", "A person resolved an incident."
    INCIDENT_MERGED = "incident_merged", "Incidents were merged into one."
    INCIDENT_SPLIT = "incident_split", "Alerts were split off an incident."
    REPORT_ASKED = "report_asked", "A report was asked for, by a person or by a schedule."
    REPORT_MADE = "report_made", "A report's file was made; the detail has its SHA-256."
    REPORT_FAILED = "report_failed", "A report's file could not be made."
    REPORT_REMOVED = "report_removed", "A report was removed with its file."
    REPORT_SCHEDULE_ADDED = "report_schedule_added", "A schedule of reports was added."
    REPORT_SCHEDULE_CHANGED = "report_schedule_changed", "A schedule of reports was changed."
    REPORT_SCHEDULE_REMOVED = "report_schedule_removed", "A schedule of reports was removed."
    BASELINE_SET = "baseline_set", "The figures from before, which reports compare with, were set."
    BASELINE_REMOVED = "baseline_removed", "Reports compare with nothing any more."
    PROMISE_MADE = "promise_made", "A client was promised something about an incident."
    PROMISE_KEPT = "promise_kept", "A promise to a client was kept."
    PROMISE_DROPPED = "promise_dropped", "A promise to a client was given up, for a reason."
    HANDOVER_OFFERED = "handover_offered", "A person offered another to take incidents over."
    HANDOVER_ACCEPTED = "handover_accepted", "A person took over the incidents that another had offered."
    HANDOVER_WITHDRAWN = "handover_withdrawn", "A person took back what they had offered to hand over."
    ON_CALL_SCHEDULE_ADDED = "on_call_schedule_added", "A schedule of who is on call was added."
    ON_CALL_SCHEDULE_CHANGED = "on_call_schedule_changed", "A new version of an on-call schedule was saved."
    ON_CALL_SCHEDULE_REMOVED = "on_call_schedule_removed", "An on-call schedule was removed; its history stays."
    ON_CALL_OVERRIDDEN = "on_call_overridden", "A person was put on call for a stretch, by themselves or by an admin."
    ON_CALL_ABSENCE_SET = "on_call_absence_set", "It was said when a person is away, so that they are not on call."
    ON_CALL_CHANGE_WITHDRAWN = "on_call_change_withdrawn", "An override, an absence or a swap was taken back."
    ON_CALL_SWAP_ASKED = "on_call_swap_asked", "A person asked another to exchange stretches on call."
    ON_CALL_SWAP_ACCEPTED = "on_call_swap_accepted", "A person agreed to exchange stretches on call."
    ON_CALL_SWAP_DECLINED = "on_call_swap_declined", "A person did not agree to exchange stretches on call."
    ON_CALL_IMPORTED = "on_call_imported", "Overrides or absences were imported from a calendar."
    ON_CALL_FEED_ADDED = "on_call_feed_added", "A secret address of a calendar was made and shown once."
    ON_CALL_FEED_REVOKED = "on_call_feed_revoked", "A secret address of a calendar was ended."
    VIEW_ADDED = "view_added", "A view of a list was saved."
    VIEW_CHANGED = "view_changed", "A saved view was changed."
    VIEW_REMOVED = "view_removed", "A saved view was removed."
    RUNBOOK_ADDED = "runbook_added", "A runbook of a company's own was added; the detail has its SHA-256."
    RUNBOOK_CHANGED = "runbook_changed", "A new version of a company's own runbook was saved."
    RUNBOOK_REMOVED = "runbook_removed", "A runbook of a company's own was removed."
    RUNBOOK_OVERRIDDEN = "runbook_overridden", "A company's risk or values of a runbook were set, or it was disabled."
    RUNBOOK_OVERRIDE_REMOVED = "runbook_override_removed", "A runbook holds in a company as its file says again."
    RUNBOOK_DRILLED = "runbook_drilled", "A runbook was tried in a throwaway root; the detail has how it went."
    QUARANTINE_RERUN = "quarantine_rerun", "A unit in quarantine was read again."
    QUARANTINE_DISCARDED = "quarantine_discarded", "A unit in quarantine was discarded."
    APPROVAL_REQUESTED = "approval_requested", "A risky act was asked for; the detail has the hash of its plan."
    APPROVAL_GRANTED = "approval_granted", "A person agreed to an act, or a company's setting did."
    APPROVAL_REFUSED = "approval_refused", "A person refused an act, for a reason."
    DECISION_REJECTED = "decision_rejected", "A person tried to decide an act that is not theirs to decide."
    APPROVAL_LAPSED = "approval_lapsed", "An act was not agreed to and started in time, so it is refused."
    APPROVAL_VOIDED = "approval_voided", "An approval ended because what was asked is not what there is now."
    APPROVAL_CONSUMED = "approval_consumed", "An act was started; its approval is used up."
    START_REFUSED = "start_refused", "An act was not started although it was asked to; the reason says why."
    FREEZE_SET = "freeze_set", "The times in which nothing starts were changed."
    KILL_SWITCH_ON = "kill_switch_on", "Nothing starts from now on, in a company or in all."
    KILL_SWITCH_OFF = "kill_switch_off", "A kill switch was released."
    OLD_ACT = "old_act", "What an earlier version recorded under a name that this one does not know; the detail has it."
    QUARANTINE_HANDED_OVER = "quarantine_handed_over", "What waited for a customer went to its company."
    PERSON_ERASED = "person_erased", "What could name a person was erased from the audit log for ever."
    COMPANY_ERASED = "company_erased", "What could name anything of a company was erased from the audit log for ever."
    AUDIT_RETAINED = "audit_retained", "Old audit entries that outside checkpoints cover were dropped."
    KEYS_ROTATED = "keys_rotated", "Secrets are sealed with a new key from now on; what is old is sealed again."
    DATA_KEY_FORGOTTEN = "data_key_forgotten", "An old key that sealed nothing any more was destroyed."
    MASTER_KEY_ROTATED = "master_key_rotated", "The data keys were put under a new master key."
    RETENTION_DROPPED = "retention_dropped", "Days past their retention were dropped by hand."
    AUDIT_EXPORTED = "audit_exported", "A company's audit log, or a time of it, was exported."
    RUN_ASKED = "run_asked", "A run was planned and asked for, by a person or by the product itself."
    RUN_STARTED = "run_started", "A run was started; the detail has the hash of what was approved."
    RUN_NOT_STARTED = "run_not_started", "A run was refused, has lapsed or was voided, so it was not started."
    RUN_ACTED = "run_acted", "A script of a run ended on a target; the detail has the SHA-256 of its output."
    RUN_ENDED = "run_ended", "A run ended; the detail says how, on each target."
    RUN_CANCELLED = "run_cancelled", "Somebody wants a run to end."
    RUN_CHOSEN = "run_chosen", "The product looked for what could mend an incident; the detail has the candidates."
    RUN_ESCALATED = "run_escalated", "A person must look at a run, or at one that did not come to be."
    RUN_OUTPUTS_REMOVED = (
        "run_outputs_removed",
        "What scripts of runs printed was as old as the company keeps it, and was removed; the detail counts it.",
    )
    RUN_POLICY_CHANGED = "run_policy_changed", "What alerts may decide about runs was changed."
    INCIDENT_HEALED = "incident_healed", "A run healed an incident, for now."
    HEALING_CONFIRMED = "healing_confirmed", "What a run healed did not come back in time."
    HEALING_WITHDRAWN = "healing_withdrawn", "What a run healed came back, or a person had acted."
    EVIDENCE_EXPORTED = "evidence_exported", "A report of evidence for an audit of controls was written."
    USER_ADDED = "user_added", "A person was let in."
    USER_CHANGED = "user_changed", "A person's role, or which companies they serve, was changed."
    USER_OFFBOARDED = "user_offboarded", "A person was removed: all ways in ended, what they held was handed on."
    COMPANIES_CROSSED = (
        "companies_crossed",
        "A person looked across companies; one entry an hour and kind of look.",
    )
    TOKEN_ADDED = "token_added", "A personal API token was made and shown once."  # a name in the log
    TOKEN_REVOKED = "token_revoked", "A personal API token was ended."  # a name in the log
    PUSH_DEVICE_SET = (
        "push_device_set",
        "A person switched on that a device tells them of incidents, or changed of which.",
    )
    PUSH_DEVICE_REMOVED = "push_device_removed", "A device does not tell its person of incidents any more."
    SIGNED_IN = "signed_in", "A person signed in; a session began."
    SIGN_IN_REFUSED = "sign_in_refused", "Tries to sign in were refused; counted, one entry a minute for each account."
    SIGNED_OUT = "signed_out", "A person ended a session of their own."
    SESSION_ENDED = "session_ended", "Sessions of a person were ended."
    PASSWORD_CHANGED = "password_changed", "A person's password was set or changed."  # a name in the log
    PASSWORD_LINK_MADE = "password_link_made", "A link to set a password was made and shown once."  # likewise
    SECOND_FACTOR_ADDED = "second_factor_added", "A person's second factor was set up."
    SECOND_FACTOR_REMOVED = "second_factor_removed", "A person's second factor was taken away."
    RECOVERY_CODES_MADE = "recovery_codes_made", "New recovery codes were made and shown once."
    RECOVERY_CODE_USED = "recovery_code_used", "A person signed in with a recovery code in place of the second factor."
    FIRST_ADMIN_MADE = "first_admin_made", "The first start made an MSP admin."
    IDENTITY_PROVIDER_ADDED = "identity_provider_added", "An identity provider was added."
    IDENTITY_PROVIDER_CHANGED = "identity_provider_changed", "An identity provider's settings or rules were changed."
    IDENTITY_PROVIDER_REMOVED = "identity_provider_removed", "An identity provider was removed; its sessions ended."
    DIRECTORY_TOKEN_MADE = "directory_token_made", "A token for a provider's directory was made and shown once."
    DIRECTORY_TOKEN_ENDED = "directory_token_ended", "The token of a provider's directory was ended."
    IDENTITY_LINKED = "identity_linked", "A person was linked to an account at an identity provider."
    IDENTITY_UNLINKED = "identity_unlinked", "A person's link to an identity provider was taken away."
    IDENTITY_REFUSED = "identity_refused", "People who came by an identity provider were not let in; counted."
    IDENTITY_GONE = "identity_gone", "An identity provider said that a person is gone, or lets them in no more."
    BREAK_GLASS_SET = "break_glass_set", "Whose password always works, whatever a provider's settings say, was changed."
    BREAK_GLASS_USED = "break_glass_used", "The person whose password always works signed in by it."


@dataclass(frozen=True, slots=True)
class Resource:
    """
    On what something was done.

    Attributes:
        kind: a noun of the field in the singular: incident, asset, user, …
        id: never a name or an e-mail, which an erasure could not take back.
    """

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """
    One act.

    Attributes:
        id: UUIDv7, so entries sort by the moment they were written.
        company_id: whose log it is in; `INSTALLATION` for acts on the installation itself.
        at: when, aware UTC.
        actor: who, as `Scope.actor` said then.
        user_id: the person, where it was one.
        action: what.
        resource: on what.
        detail: what was said of it; a changed field is `name: [before, after]`; never a secret.
        reason: why, in the person's own words; empty when none was asked for.
        ip: where the person was, as the trusted proxies said; empty for the command line and for timers.
        incident_id: the incident that it concerns.
        erased: whether what could name a person or a thing was destroyed since; the chain still holds the entry.
    """

    id: UUID
    company_id: CompanyId
    at: datetime
    actor: str
    user_id: UUID | None
    action: AuditAction
    resource: Resource
    detail: Mapping[str, object] = field(default_factory=dict)
    reason: str = ""
    ip: str = ""
    incident_id: UUID | None = None
    erased: bool = False
