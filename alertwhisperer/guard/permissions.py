"""
The one permission table: which role may do what. The doors, the documentation and the tests read it.

Deny by default: a role that an action does not name may not do it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Forbidden, NotFound
from alertwhisperer.domain.user import Role, User


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
    ROUTE_READ = "route.read"
    ROUTE_SET = "route.set"
    ALERT_READ = "alert.read"
    DELIVERY_READ = "delivery.read"
    INCIDENT_READ = "incident.read"
    INCIDENT_ACKNOWLEDGE = "incident.acknowledge"
    INCIDENT_ASSIGN = "incident.assign"
    INCIDENT_RESOLVE = "incident.resolve"
    INCIDENT_COMMENT = "incident.comment"
    INCIDENT_MERGE = "incident.merge"
    INCIDENT_SPLIT = "incident.split"
    RULE_READ = "rule.read"
    RULE_SET = "rule.set"
    SILENCE_READ = "silence.read"
    SILENCE_SET = "silence.set"
    SITE_READ = "site.read"
    SITE_SET = "site.set"
    ASSET_READ = "asset.read"
    ASSET_SET = "asset.set"
    ASSET_CONFIRM = "asset.confirm"
    ASSET_MERGE = "asset.merge"
    CONTACT_READ = "contact.read"
    CONTACT_SET = "contact.set"
    QUARANTINE_READ = "quarantine.read"
    QUARANTINE_RERUN = "quarantine.rerun"
    QUARANTINE_DISCARD = "quarantine.discard"
    LEDGER_READ = "ledger.read"
    KPI_READ = "kpi.read"
    AUDIT_READ = "audit.read"
    USER_READ = "user.read"
    USER_ADD = "user.add"
    TOKEN_ADD = "token.add"  # noqa: S105  # an action's name


_MSP = frozenset({Role.MSP_ADMIN})
_ADMINS = _MSP | {Role.COMPANY_ADMIN}
_ALL = frozenset(Role)

PERMISSIONS: Mapping[Action, frozenset[Role]] = MappingProxyType(
    {
        Action.COMPANY_READ: _ALL,
        Action.COMPANY_ADD: _MSP,
        # A company's limits protect the other companies, so they are not its own to raise.
        Action.COMPANY_SET: _MSP,
        Action.COMPANY_IMPORT: _MSP,
        Action.COMPANY_EXPORT: _MSP,
        # Groups, and what is set for them or for all, concern several companies.
        Action.GROUP_READ: _MSP,
        Action.GROUP_ADD: _MSP,
        Action.GROUP_SET: _MSP,
        Action.GROUP_REMOVE: _MSP,
        Action.SETTING_READ: _ALL,
        Action.SETTING_SET: _MSP,
        Action.INHERITED_READ: _MSP,
        Action.INHERITED_SET: _MSP,
        Action.INTEGRATION_READ: _ALL,
        Action.INTEGRATION_ADD: _ADMINS,
        Action.INTEGRATION_SET: _ADMINS,
        Action.INTEGRATION_TRY: _ADMINS,
        Action.INTEGRATION_REMOVE: _ADMINS,
        Action.FEED_READ: _ALL,
        Action.FEED_POLL: _ALL,
        # A paused feed is silent, so it is as grave as removing its integration.
        Action.FEED_PAUSE: _ADMINS,
        Action.KEY_ADD: _ADMINS,
        Action.KEY_REVOKE: _ADMINS,
        Action.ACTION_APPROVE: _ADMINS,
        # A route says which alerts are whose: it crosses companies.
        Action.ROUTE_READ: _MSP,
        Action.ROUTE_SET: _MSP,
        Action.ALERT_READ: _ALL,
        Action.DELIVERY_READ: _ALL,
        Action.INCIDENT_READ: _ALL,
        Action.INCIDENT_ACKNOWLEDGE: _ALL,
        Action.INCIDENT_ASSIGN: _ALL,
        Action.INCIDENT_RESOLVE: _ALL,
        Action.INCIDENT_COMMENT: _ALL,
        Action.INCIDENT_MERGE: _ALL,
        Action.INCIDENT_SPLIT: _ALL,
        Action.RULE_READ: _ALL,
        Action.RULE_SET: _ADMINS,
        Action.SILENCE_READ: _ALL,
        Action.SILENCE_SET: _ADMINS,
        Action.SITE_READ: _ALL,
        Action.SITE_SET: _ADMINS,
        Action.ASSET_READ: _ALL,
        Action.ASSET_SET: _ADMINS,
        # What is confirmed may become a target of runs.
        Action.ASSET_CONFIRM: _ADMINS,
        Action.ASSET_MERGE: _ADMINS,
        Action.CONTACT_READ: _ALL,
        Action.CONTACT_SET: _ADMINS,
        Action.QUARANTINE_READ: _ALL,
        Action.QUARANTINE_RERUN: _ADMINS,
        Action.QUARANTINE_DISCARD: _ADMINS,
        Action.LEDGER_READ: _ALL,
        Action.KPI_READ: _ALL,
        Action.AUDIT_READ: _ADMINS,
        # People serve several companies, so a list of them shows more than one company's own.
        Action.USER_READ: _MSP,
        Action.USER_ADD: _MSP,
        Action.TOKEN_ADD: _MSP,
    }
)


def allowed(role: Role, action: Action) -> bool:
    """Whether a role may do something, in a company that the person serves."""
    return role in PERMISSIONS.get(action, frozenset())


def require(user: User, action: Action, company_id: CompanyId | None) -> None:
    """
    Let the person pass, or raise.

    Args:
        company_id: whose thing it is; None for what belongs to the installation.

    Raises:
        NotFound: the person does not serve this company; an absent company and a forbidden one look the same.
        Forbidden: the person's role may not do it.
    """
    if company_id is not None and not user.serves(company_id):
        raise NotFound(f"there is no company {company_id}", where="company_id", mend="check the id")
    if not allowed(user.role, action):
        may = ", ".join(sorted(PERMISSIONS.get(action, frozenset())))
        raise Forbidden(
            f"the role {user.role} may not do {action}", mend=f"ask somebody with one of these roles: {may or 'none'}"
        )
