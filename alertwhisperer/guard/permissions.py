"""
The one permission table: which role may do what, and why so. Code, API, documentation and tests read it.

Deny by default: a role that an action does not name may not do it, and an action without a row may nobody do.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Forbidden, Invalid, NotFound
from alertwhisperer.domain.user import AT_THE_MACHINE, EVERYTHING, Means, Role, User


class Action(StrEnum):
    """What a person can ask for, as `noun.verb`."""

    COMPANY_READ = "company.read"
    COMPANY_ADD = "company.add"
    COMPANY_SET = "company.set"
    COMPANY_IMPORT = "company.import"
    COMPANY_EXPORT = "company.export"
    GROUP_READ = "group.read"
    GROUP_ADD = "group.add"
    GROUP_SET = "group.set"
    GROUP_REMOVE = "group.remove"
    SETTING_READ = "setting.read"
    SETTING_SET = "setting.set"
    INHERITED_READ = "inherited.read"
    INHERITED_SET = "inherited.set"
    INTEGRATION_READ = "integration.read"
    INTEGRATION_ADD = "integration.add"
    INTEGRATION_SET = "integration.set"
    INTEGRATION_TRY = "integration.try"
    INTEGRATION_REMOVE = "integration.remove"
    FEED_READ = "feed.read"
    FEED_POLL = "feed.poll"
    FEED_PAUSE = "feed.pause"
    KEY_ADD = "key.add"
    KEY_REVOKE = "key.revoke"
    ACTION_APPROVE = "action.approve"
    APPROVAL_READ = "approval.read"
    APPROVAL_ASK = "approval.ask"
    APPROVAL_DECIDE = "approval.decide"
    APPROVAL_DECIDE_LOW = "approval.decide_low"
    APPROVAL_DECIDE_MEDIUM = "approval.decide_medium"
    APPROVAL_DECIDE_HIGH = "approval.decide_high"
    BRAKE_READ = "brake.read"
    BRAKE_SET = "brake.set"
    KILL_SWITCH_SET = "kill_switch.set"
    KILL_SWITCH_RELEASE = "kill_switch.release"
    BRAKES_FOR_ALL_READ = "brakes_for_all.read"
    BRAKES_FOR_ALL_SET = "brakes_for_all.set"
    ERASURE_ASK = "erasure.ask"
    ERASURE_START = "erasure.start"
    RUN_READ = "run.read"
    RUN_START = "run.start"
    RUN_CANCEL = "run.cancel"
    RUN_CROSS = "run.cross"
    RUN_POLICY_READ = "run_policy.read"
    RUN_POLICY_SET = "run_policy.set"
    ROUTE_READ = "route.read"
    ROUTE_SET = "route.set"
    ALERT_READ = "alert.read"
    ALERT_CROSS = "alert.cross"
    DELIVERY_READ = "delivery.read"
    INCIDENT_READ = "incident.read"
    INCIDENT_CROSS = "incident.cross"
    INCIDENT_ACKNOWLEDGE = "incident.acknowledge"
    INCIDENT_SNOOZE = "incident.snooze"
    INCIDENT_BULK = "incident.bulk"
    INCIDENT_ASSIGN = "incident.assign"
    INCIDENT_RESOLVE = "incident.resolve"
    INCIDENT_COMMENT = "incident.comment"
    INCIDENT_MERGE = "incident.merge"
    INCIDENT_SPLIT = "incident.split"
    BOARD_CROSS = "board.cross"
    SEARCH_CROSS = "search.cross"
    VIEW_READ = "view.read"
    VIEW_SET = "view.set"
    VIEW_SHARE = "view.share"
    VIEW_SHARE_ALL = "view.share_all"
    INCIDENT_PROMISE = "incident.promise"
    HANDOVER_CROSS = "handover.cross"
    HANDOVER_OFFER = "handover.offer"
    HANDOVER_ACCEPT = "handover.accept"
    ON_CALL_READ = "on_call.read"
    ON_CALL_CROSS = "on_call.cross"
    ON_CALL_SET = "on_call.set"
    ON_CALL_SET_ALL = "on_call.set_all"
    ON_CALL_TAKE = "on_call.take"
    ON_CALL_SWAP = "on_call.swap"
    ON_CALL_OWN = "on_call.own"
    RULE_READ = "rule.read"
    RULE_SET = "rule.set"
    WINDOW_READ = "window.read"
    WINDOW_CROSS = "window.cross"
    WINDOW_SET = "window.set"
    WINDOW_SET_WIDE = "window.set_wide"
    SILENCE_READ = "silence.read"
    SILENCE_SET = "silence.set"
    SITE_READ = "site.read"
    SITE_SET = "site.set"
    ASSET_READ = "asset.read"
    ASSET_SET = "asset.set"
    ASSET_CONFIRM = "asset.confirm"
    ASSET_MERGE = "asset.merge"
    BINDING_READ = "binding.read"
    BINDING_SET = "binding.set"
    BINDING_CHECK = "binding.check"
    CREDENTIAL_READ = "credential.read"
    CREDENTIAL_SET = "credential.set"
    AWS_READ = "aws.read"
    AWS_TEMPLATE = "aws.template"
    AWS_CHECK = "aws.check"
    PATCH_READ = "patch.read"
    CONTACT_READ = "contact.read"
    CONTACT_SET = "contact.set"
    RUNBOOK_READ = "runbook.read"
    RUNBOOK_SET = "runbook.set"
    QUARANTINE_READ = "quarantine.read"
    QUARANTINE_RERUN = "quarantine.rerun"
    QUARANTINE_DISCARD = "quarantine.discard"
    LEDGER_READ = "ledger.read"
    KPI_READ = "kpi.read"
    REPORT_READ = "report.read"
    REPORT_MAKE = "report.make"
    REPORT_REMOVE = "report.remove"
    BASELINE_READ = "baseline.read"
    BASELINE_SET = "baseline.set"
    KPI_CROSS = "kpi.cross"
    AUDIT_READ = "audit.read"
    AUDIT_READ_ALL = "audit.read_all"
    AUDIT_EXPORT = "audit.export"
    EVIDENCE_EXPORT = "evidence.export"
    USER_READ = "user.read"
    USER_ADD = "user.add"
    USER_INVITE = "user.invite"
    SELF_READ = "self.read"
    SELF_SET = "self.set"
    SESSION_READ = "session.read"
    SESSION_END = "session.end"
    PASSWORD_RESET = "password.reset"  # noqa: S105  # an action's name
    SECOND_FACTOR_REMOVE = "second_factor.remove"
    USER_SET = "user.set"
    USER_OFFBOARD = "user.offboard"
    TOKEN_READ = "token.read"  # noqa: S105  # an action's name, as the next three
    TOKEN_ADD = "token.add"  # noqa: S105
    TOKEN_REVOKE = "token.revoke"  # noqa: S105
    TOKEN_OWN = "token.own"  # noqa: S105
    PUSH_OWN = "push.own"
    PERMISSION_READ = "permission.read"
    IDENTITY_PROVIDER_READ = "identity_provider.read"
    IDENTITY_PROVIDER_SET = "identity_provider.set"
    IDENTITY_PROVIDER_TRY = "identity_provider.try"
    DIRECTORY_TOKEN_SET = "directory_token.set"  # noqa: S105  # an action's name
    IDENTITY_READ = "identity.read"
    IDENTITY_LINK = "identity.link"
    BREAK_GLASS_READ = "break_glass.read"
    BREAK_GLASS_SET = "break_glass.set"


class Reach(StrEnum):
    """Whose thing an action is about."""

    COMPANY = "company"
    """One company's: the person must serve it."""
    INSTALLATION = "installation"
    """The MSP's own or everybody's: closed to an admin who is restricted to groups, and to a token of few companies."""
    SELF = "self"
    """The person's own."""


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A row of the table.

    Attributes:
        roles: those who may.
        why: the reason, for whoever reads the table.
    """

    roles: frozenset[Role]
    why: str
    reach: Reach = Reach.COMPANY


_MSP = frozenset({Role.MSP_ADMIN})
_ADMINS = _MSP | {Role.COMPANY_ADMIN}
_STAFF = _ADMINS | {Role.TECHNICIAN}
_ALL = frozenset(Role)


def _of_msp(why: str) -> Rule:
    return Rule(_MSP, why, Reach.INSTALLATION)


PERMISSIONS: Mapping[Action, Rule] = MappingProxyType(
    {
        Action.COMPANY_READ: Rule(_ALL, "Whoever serves a company knows its name."),
        Action.COMPANY_ADD: _of_msp("Companies are the MSP's customers."),
        Action.COMPANY_SET: Rule(
            _MSP, "A company's limits protect the other companies, so they are not its own to raise."
        ),
        Action.COMPANY_IMPORT: _of_msp("A sheet makes and changes many companies at once."),
        Action.COMPANY_EXPORT: _of_msp("The sheet has every company on it."),
        Action.GROUP_READ: _of_msp("A group is of several companies."),
        Action.GROUP_ADD: _of_msp("What is set for a group holds in several companies."),
        Action.GROUP_SET: _of_msp("As group.add."),
        Action.GROUP_REMOVE: _of_msp("As group.add."),
        Action.SETTING_READ: Rule(_STAFF, "Whoever works for a company sees by what it is bound."),
        Action.SETTING_SET: Rule(
            _MSP, "Limits protect the other companies, and who approves is the MSP's promise to the customer."
        ),
        Action.INHERITED_READ: _of_msp("What is set for all or for a group concerns several companies."),
        Action.INHERITED_SET: _of_msp("As inherited.read."),
        Action.INTEGRATION_READ: Rule(_STAFF, "Whoever answers alerts sees where they come from."),
        Action.INTEGRATION_ADD: Rule(_ADMINS, "An integration lets a tool in; its key is shown once."),
        Action.INTEGRATION_SET: Rule(_ADMINS, "What is set there decides which alerts count."),
        Action.INTEGRATION_TRY: Rule(_ADMINS, "A trial shows what bodies of that tool contain."),
        Action.INTEGRATION_REMOVE: Rule(_ADMINS, "A removed integration is silent."),
        Action.FEED_READ: Rule(_STAFF, "Whoever answers alerts sees whether they still come."),
        Action.FEED_POLL: Rule(_STAFF, "To look at a tool now changes no setting."),
        Action.FEED_PAUSE: Rule(_ADMINS, "A paused feed is silent, so it is as grave as removing its integration."),
        Action.KEY_ADD: Rule(_ADMINS, "A key lets a tool in."),
        Action.KEY_REVOKE: Rule(_ADMINS, "A tool whose key ends is shut out."),
        Action.ACTION_APPROVE: Rule(_ADMINS, "It lets a tool make us call an address outside."),
        Action.APPROVAL_READ: Rule(_STAFF, "Whoever may ask or decide reads what was asked."),
        Action.APPROVAL_ASK: Rule(_STAFF, "Asking starts nothing."),
        Action.APPROVAL_DECIDE: Rule(
            _STAFF,
            "Whoever may answer at all; which risk is whose is in the next three rows. Nobody decides "
            "what they asked for.",
        ),
        Action.APPROVAL_DECIDE_LOW: Rule(_STAFF, "Low risk is a technician's own work."),
        Action.APPROVAL_DECIDE_MEDIUM: Rule(_ADMINS, "Medium risk is for those who answer for the company."),
        Action.APPROVAL_DECIDE_HIGH: Rule(
            _MSP,
            "High risk is the MSP's; and the senior technician's, where the company's setting "
            "`senior_technician` names one.",
        ),
        Action.BRAKE_READ: Rule(_STAFF, "Whoever works for a company sees why nothing starts."),
        Action.BRAKE_SET: Rule(_ADMINS, "Times in which nothing starts are the company's own business."),
        Action.KILL_SWITCH_SET: Rule(_STAFF, "Whoever sees that something goes wrong may stop everything."),
        Action.KILL_SWITCH_RELEASE: Rule(_ADMINS, "Going on is for those who answer for it."),
        Action.BRAKES_FOR_ALL_READ: _of_msp("They hold in every company."),
        Action.BRAKES_FOR_ALL_SET: _of_msp("They hold in every company."),
        Action.ERASURE_ASK: _of_msp("What is erased cannot be had back; another MSP admin must agree."),
        Action.ERASURE_START: _of_msp("As erasure.ask."),
        Action.RUN_READ: Rule(_STAFF, "Whoever answers incidents sees what was run for them, and what it said."),
        Action.RUN_START: Rule(
            _STAFF, "Asking starts nothing: the risk says who must agree, and nobody agrees to what they asked for."
        ),
        Action.RUN_CANCEL: Rule(_STAFF, "Whoever sees that something goes wrong may stop it."),
        Action.RUN_CROSS: Rule(_STAFF, "What runs now, over all companies that one serves; audited as alert.cross."),
        Action.RUN_POLICY_READ: Rule(_STAFF, "Whoever works for a company sees what alerts may decide."),
        Action.RUN_POLICY_SET: Rule(_ADMINS, "It decides which alerts may start something by themselves."),
        Action.ROUTE_READ: _of_msp("A route says which alerts are whose: it crosses companies."),
        Action.ROUTE_SET: _of_msp("As route.read."),
        Action.ALERT_READ: Rule(_ALL, "What a company's tools say is what everybody here is for."),
        Action.ALERT_CROSS: Rule(
            _STAFF, "A list over all companies that one serves; each hour of it is an entry of the audit log."
        ),
        Action.DELIVERY_READ: Rule(_STAFF, "What a request became, in the words of a tool's set-up."),
        Action.INCIDENT_READ: Rule(_ALL, "As alert.read."),
        Action.INCIDENT_CROSS: Rule(
            _ALL,
            "The list that everybody's day begins with, over the companies that one serves; audited as alert.cross.",
        ),
        Action.INCIDENT_ACKNOWLEDGE: Rule(_STAFF, "A reader changes nothing."),
        Action.INCIDENT_SNOOZE: Rule(_STAFF, "As incident.acknowledge."),
        Action.INCIDENT_BULK: Rule(_STAFF, "To act on many at once; the act itself must be allowed as well."),
        Action.INCIDENT_ASSIGN: Rule(_STAFF, "As incident.acknowledge."),
        Action.INCIDENT_RESOLVE: Rule(_STAFF, "As incident.acknowledge."),
        Action.INCIDENT_COMMENT: Rule(_STAFF, "As incident.acknowledge."),
        Action.INCIDENT_MERGE: Rule(_STAFF, "As incident.acknowledge."),
        Action.INCIDENT_SPLIT: Rule(_STAFF, "As incident.acknowledge."),
        Action.BOARD_CROSS: Rule(_STAFF, "Who burns now, of all companies that one serves; audited as alert.cross."),
        Action.VIEW_READ: Rule(_ALL, "One's own views, and those shared with whoever serves a company.", Reach.SELF),
        Action.VIEW_SET: Rule(_ALL, "A view of one's own changes nothing for others.", Reach.SELF),
        Action.VIEW_SHARE: Rule(_ADMINS, "A shared view is what everybody of a company finds in their list."),
        Action.VIEW_SHARE_ALL: _of_msp("It is what all of the MSP's people find in their list."),
        Action.INCIDENT_PROMISE: Rule(_STAFF, "As incident.acknowledge."),
        Action.HANDOVER_CROSS: Rule(_STAFF, "What a shift leaves to the next; audited as alert.cross."),
        Action.HANDOVER_OFFER: Rule(_STAFF, "An offer moves nothing."),
        Action.HANDOVER_ACCEPT: Rule(_STAFF, "As incident.assign: one gives the incidents to oneself."),
        Action.SEARCH_CROSS: Rule(
            _ALL, "Only what one may read is looked through, each kind of thing by its own row; audited as alert.cross."
        ),
        Action.ON_CALL_READ: Rule(_STAFF, "Whoever answers incidents sees whom to call; a reader calls nobody."),
        Action.ON_CALL_CROSS: Rule(_STAFF, "The same of all companies that one serves; audited as alert.cross."),
        Action.ON_CALL_SET: Rule(_ADMINS, "It decides who is called at night."),
        Action.ON_CALL_SET_ALL: _of_msp("A schedule of the MSP is for several companies."),
        Action.ON_CALL_TAKE: Rule(
            _STAFF, "To take a stretch oneself, or to say that one is away; to put somebody else there is on_call.set."
        ),
        Action.ON_CALL_SWAP: Rule(_STAFF, "A swap counts when the other has agreed."),
        Action.ON_CALL_OWN: Rule(
            _STAFF, "One's own stretches, and the secret addresses of one's calendars.", Reach.SELF
        ),
        Action.RULE_READ: Rule(_STAFF, "Whoever answers incidents sees why alerts became one."),
        Action.RULE_SET: Rule(_ADMINS, "Rules decide what becomes an incident, and what does not."),
        Action.WINDOW_READ: Rule(_ALL, "Whoever reads alerts sees why one of them opened no incident."),
        Action.WINDOW_CROSS: Rule(
            _ALL,
            "Which companies and machines are meant to be quiet now, of all that one serves; audited as alert.cross.",
        ),
        Action.WINDOW_SET: Rule(
            _STAFF,
            "A technician keeps the machines quiet that they work on: by name, once, and no longer than the setting "
            "`window_hours_technician` says.",
        ),
        Action.WINDOW_SET_WIDE: Rule(
            _ADMINS, "A window for a whole company, one that recurs or a longer one can hide what nobody looks at."
        ),
        Action.SILENCE_READ: Rule(_STAFF, "Whoever answers alerts sees whether they still come."),
        Action.SILENCE_SET: Rule(_ADMINS, "What is off here is never missed."),
        Action.SITE_READ: Rule(_ALL, "A company's own places."),
        Action.SITE_SET: Rule(_ADMINS, "Hours and holidays decide when somebody is called."),
        Action.ASSET_READ: Rule(_ALL, "A company's own machines."),
        Action.ASSET_SET: Rule(_ADMINS, "An asset may become a target."),
        Action.ASSET_CONFIRM: Rule(_ADMINS, "What is confirmed may become a target of runs."),
        Action.ASSET_MERGE: Rule(_ADMINS, "It decides whose alerts are whose."),
        Action.BINDING_READ: Rule(_STAFF, "Whoever plans a run sees how its targets are reached; no secret is shown."),
        Action.BINDING_SET: Rule(_ADMINS, "On what is bound, scripts may be run."),
        Action.BINDING_CHECK: Rule(_ADMINS, "It signs in to the client's machine, and runs nothing."),
        Action.CREDENTIAL_READ: Rule(_ADMINS, "Which secrets there are, and for what; never the secrets themselves."),
        Action.CREDENTIAL_SET: Rule(_ADMINS, "A credential lets us into the client's machines."),
        Action.AWS_READ: Rule(_ADMINS, "Which roles a client made for us, and the external ID that they demand."),
        Action.AWS_TEMPLATE: Rule(_ADMINS, "The template has the external ID, which is for the client's own account."),
        Action.AWS_CHECK: Rule(_ADMINS, "It signs in to the client's account."),
        Action.PATCH_READ: Rule(_ALL, "Whether a customer's machines are patched is the customer's to know."),
        Action.CONTACT_READ: Rule(
            _STAFF, "Telephone numbers of people are for those who call them; a reader sees none."
        ),
        Action.CONTACT_SET: Rule(_ADMINS, "It decides who is called."),
        Action.RUNBOOK_READ: Rule(_STAFF, "Whoever answers incidents sees what could mend them."),
        Action.RUNBOOK_SET: Rule(_ADMINS, "It decides what runs on the company's machines, and who is asked."),
        Action.QUARANTINE_READ: Rule(_STAFF, "Whoever answers alerts sees which could not be read."),
        Action.QUARANTINE_RERUN: Rule(_ADMINS, "It makes alerts of what was kept."),
        Action.QUARANTINE_DISCARD: Rule(_ADMINS, "What is discarded is never looked at again."),
        Action.LEDGER_READ: Rule(_ALL, "What was received and what became of it is the customer's own account."),
        Action.KPI_READ: Rule(_ALL, "Figures of a company are the customer's own."),
        Action.REPORT_READ: Rule(_ALL, "A report is written for the customer."),
        Action.REPORT_MAKE: Rule(_STAFF, "A report shows nothing that whoever asks for it could not read."),
        Action.REPORT_REMOVE: Rule(_ADMINS, "What a customer was shown should not vanish by the way."),
        Action.BASELINE_READ: Rule(_ALL, "What figures are compared with is part of them."),
        Action.BASELINE_SET: Rule(_ADMINS, "It decides how much better everything looks."),
        Action.KPI_CROSS: Rule(_ALL, "The same over all companies that one serves; recorded as alert.cross is."),
        Action.AUDIT_READ: Rule(_ADMINS, "The log tells what every colleague did."),
        Action.AUDIT_READ_ALL: _of_msp("It is the log of several companies at once."),
        Action.AUDIT_EXPORT: Rule(_ADMINS, "As audit.read; the export is an entry itself."),
        Action.EVIDENCE_EXPORT: _of_msp("It tells of people and settings of the whole installation."),
        Action.PERMISSION_READ: Rule(_ALL, "Everybody may know the rules.", Reach.SELF),
        Action.USER_READ: _of_msp(
            "People serve several companies, so a list of them shows more than one company's own."
        ),
        Action.USER_ADD: _of_msp("It lets somebody in."),
        Action.USER_INVITE: _of_msp("As user.add."),
        Action.SELF_READ: Rule(_ALL, "One's own name, role and sessions.", Reach.SELF),
        Action.SELF_SET: Rule(_ALL, "One's own password, second factor and sessions.", Reach.SELF),
        Action.SESSION_READ: _of_msp("Where other people are signed in."),
        Action.SESSION_END: _of_msp("It signs somebody else out."),
        Action.PASSWORD_RESET: _of_msp("Whoever has the link signs in as that person."),
        Action.SECOND_FACTOR_REMOVE: _of_msp("It takes a lock off somebody's door."),
        Action.USER_SET: _of_msp("It decides what somebody sees."),
        Action.USER_OFFBOARD: _of_msp("It shuts somebody out, and hands on what they held."),
        Action.TOKEN_READ: _of_msp("Tokens of other people."),
        Action.TOKEN_ADD: _of_msp("Whoever has another person's token acts as that person."),
        Action.TOKEN_REVOKE: _of_msp("Tokens of other people."),
        Action.TOKEN_OWN: Rule(_ALL, "One's own tokens can do no more than one may oneself.", Reach.SELF),
        Action.PUSH_OWN: Rule(
            _STAFF, "One's own devices; who may not take an incident is not called to one.", Reach.SELF
        ),
        Action.IDENTITY_PROVIDER_READ: _of_msp("Its rules say who gets into which company."),
        Action.IDENTITY_PROVIDER_SET: _of_msp("A provider lets people in, and its rules say as what."),
        Action.IDENTITY_PROVIDER_TRY: _of_msp("It makes the server call an address outside."),
        Action.DIRECTORY_TOKEN_SET: _of_msp("Whoever has the token can shut people out."),
        Action.IDENTITY_READ: _of_msp("Who somebody is elsewhere."),
        Action.IDENTITY_LINK: _of_msp("Whoever has the account there then signs in as the person here."),
        Action.BREAK_GLASS_READ: _of_msp("It names the account that is worth the most."),
        Action.BREAK_GLASS_SET: _of_msp("That account gets in whatever a provider says."),
    }
)


def allowed(role: Role, action: Action) -> bool:
    """Whether a role may do something, in a company that the person serves."""
    return action in PERMISSIONS and role in PERMISSIONS[action].roles


def require(user: User, action: Action, company_id: CompanyId | None, means: Means = AT_THE_MACHINE) -> None:
    """
    Let the person pass, or raise.

    Args:
        company_id: whose thing it is; None for what belongs to the installation, or where it is not known yet.
        means: by what the person came in.

    Raises:
        NotFound: the person, by this means, does not serve this company; an absent and a forbidden one look the same.
        Forbidden: the person's role may not do it, or the means does not allow it.
    """
    if company_id is not None and not (user.serves(company_id) and means.reaches(company_id)):
        raise NotFound(f"there is no company {company_id}", where="company_id", mend="check the id")
    if not allowed(user.role, action):
        may = ", ".join(sorted(PERMISSIONS[action].roles)) if action in PERMISSIONS else ""
        raise Forbidden(
            f"the role {user.role} may not do {action}", mend=f"ask somebody with one of these roles: {may or 'none'}"
        )
    if not means.covers(action):
        raise Forbidden(f"this token has no scope for {action}", mend="make one whose scopes cover it")
    if PERMISSIONS[action].reach is Reach.INSTALLATION:
        _require_whole(user, action, means)


def may(user: User, action: Action, means: Means = AT_THE_MACHINE) -> bool:
    """Whether the person, by this means, may do something in whatever they serve; for a list of what to offer."""
    try:
        require(user, action, None, means)
    except Forbidden:
        return False
    return True


def _require_whole(user: User, action: Action, means: Means) -> None:
    if not user.serves_all:
        raise Forbidden(
            f"{action} concerns the whole installation, and you serve only some groups of companies",
            mend="ask an MSP admin who serves all",
        )
    if means.companies is not None:
        raise Forbidden(
            f"{action} concerns the whole installation, and this token only some companies",
            mend="use a token for all companies",
        )


def check_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """
    The scopes of a token: `*`, `*.read`, `incident.*`, `incident.read`, …

    Raises:
        Invalid: there are none, or one of them covers no action.
    """
    wanted = frozenset(scope.strip() for scope in scopes)
    known = {EVERYTHING, *Action, *(f"*.{verb}" for verb in _verbs()), *(f"{noun}.*" for noun in _nouns())}
    unknown = sorted(wanted - known)
    if unknown or not wanted:
        raise Invalid(
            f"{unknown[0][:60]!r} is no scope" if unknown else "a token needs a scope",
            where="scopes",
            mend="use *, *.read, a noun such as incident.*, or an action of the permission table",
        )
    return wanted


def covered(scopes: Collection[str], means: Means) -> bool:
    """Whether these scopes allow nothing that the means does not."""
    given = Means(means.kind, scopes=frozenset(scopes))
    return EVERYTHING in means.scopes or (
        EVERYTHING not in given.scopes and all(means.covers(action) for action in Action if given.covers(action))
    )


def _nouns() -> Iterable[str]:
    return (action.partition(".")[0] for action in Action)


def _verbs() -> Iterable[str]:
    return (action.partition(".")[2] for action in Action)
