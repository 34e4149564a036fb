"""What somebody gets by what a provider says of them: the pure decision, made again at each sign-in."""

from dataclasses import dataclass
from uuid import UUID

from alertwhisperer.domain.identity import MappingRule, On, ProviderSettings, Refusal
from alertwhisperer.domain.user import Role

_GREATEST_FIRST = (Role.MSP_ADMIN, Role.COMPANY_ADMIN, Role.TECHNICIAN, Role.READER)


@dataclass(frozen=True, slots=True)
class Rights:
    """What the rules give together: the greatest role, and every company; none are named for who sees all."""

    role: Role
    companies: frozenset[UUID]
    company_groups: frozenset[UUID]


def rights_of(settings: ProviderSettings, *, email: str, groups: frozenset[str]) -> Rights | Refusal:
    """
    What the rules give, or why nothing.

    Args:
        email: lower case and verified by the provider; empty when it is not, and then suits no rule.
    """
    domain = email.rpartition("@")[2]
    if settings.email_domains and domain not in {one.lower() for one in settings.email_domains}:
        return Refusal.DOMAIN
    fitting = [rule for rule in settings.rules if _fits(rule, email, domain, groups)]
    roles = {rule.role for rule in fitting}
    role = next((one for one in _GREATEST_FIRST if one in roles), None)
    if role is None:
        return Refusal.NO_RULE
    if role is Role.MSP_ADMIN:
        return Rights(role, frozenset(), _bounds([rule for rule in fitting if rule.role is role]))
    companies = frozenset(company for rule in fitting for company in rule.companies)
    company_groups = frozenset(group for rule in fitting for group in rule.company_groups)
    if not companies and not company_groups:
        return Refusal.NO_COMPANY
    return Rights(role, companies, company_groups)


def _bounds(rules: list[MappingRule]) -> frozenset[UUID]:
    """The groups that an MSP admin is bound to; none when any rule gives the role without one."""
    if any(not rule.company_groups for rule in rules):
        return frozenset()
    return frozenset(group for rule in rules for group in rule.company_groups)


def _fits(rule: MappingRule, email: str, domain: str, groups: frozenset[str]) -> bool:
    if rule.on is On.GROUP:
        return rule.value in groups
    return bool(email) and rule.value.lower() == (domain if rule.on is On.DOMAIN else email)
