"""The rules decide what somebody gets: the greatest role, every company; and nothing where no rule says anything."""

from uuid import UUID

import pytest

from alertwhisperer.domain.identity import Kind, MappingRule, On, ProviderSettings, Refusal
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.identity.mapping import Rights, rights_of
from tests.docs.pages import ROOT

A, B, G = UUID(int=1), UUID(int=2), UUID(int=3)

RULES = (
    MappingRule(On.GROUP, "admins", Role.MSP_ADMIN),
    MappingRule(On.GROUP, "regional", Role.MSP_ADMIN, (), (G,)),
    MappingRule(On.GROUP, "bosses", Role.COMPANY_ADMIN, (A,)),
    MappingRule(On.GROUP, "techs", Role.TECHNICIAN, (B,)),
    MappingRule(On.GROUP, "retail", None, (), (G,)),
    MappingRule(On.GROUP, "homeless", Role.TECHNICIAN),
    MappingRule(On.DOMAIN, "Customer.example", Role.READER, (A,)),
    MappingRule(On.PERSON, "kim@customer.example", Role.TECHNICIAN, (A,)),
)


@pytest.mark.parametrize(
    ("groups", "email", "expected"),
    [
        ((), "", Refusal.NO_RULE),
        (("others",), "kim@example.org", Refusal.NO_RULE),
        (("retail",), "", Refusal.NO_RULE),  # companies alone are no role
        (("homeless",), "", Refusal.NO_COMPANY),
        (("homeless", "retail"), "", Rights(Role.TECHNICIAN, frozenset(), frozenset({G}))),
        (("techs",), "", Rights(Role.TECHNICIAN, frozenset({B}), frozenset())),
        (("techs", "bosses"), "", Rights(Role.COMPANY_ADMIN, frozenset({A, B}), frozenset())),
        (("techs", "retail"), "", Rights(Role.TECHNICIAN, frozenset({B}), frozenset({G}))),
        (("admins", "techs", "retail"), "", Rights(Role.MSP_ADMIN, frozenset(), frozenset())),
        (("regional", "retail"), "", Rights(Role.MSP_ADMIN, frozenset(), frozenset({G}))),
        (("regional", "admins"), "", Rights(Role.MSP_ADMIN, frozenset(), frozenset())),
        ((), "ann@customer.example", Rights(Role.READER, frozenset({A}), frozenset())),
        ((), "kim@customer.example", Rights(Role.TECHNICIAN, frozenset({A}), frozenset())),
        ((), "kim@not-customer.example", Refusal.NO_RULE),
        (("Techs",), "", Refusal.NO_RULE),  # groups are compared as they are
    ],
)
def test_rules_together(groups: tuple[str, ...], email: str, expected: Rights | Refusal) -> None:
    settings = ProviderSettings(rules=RULES)
    assert rights_of(settings, email=email, groups=frozenset(groups)) == expected


@pytest.mark.parametrize("email", ["", "kim@evil.example", "kim@example.org.evil.example"])
def test_other_domains_stay_outside(email: str) -> None:
    settings = ProviderSettings(rules=RULES, email_domains=("Example.org",))
    assert rights_of(settings, email=email, groups=frozenset({"techs"})) is Refusal.DOMAIN
    assert isinstance(rights_of(settings, email="kim@example.org", groups=frozenset({"techs"})), Rights)


def test_the_page_has_every_setting() -> None:
    page = (ROOT / "docs" / "sign-in.md").read_text(encoding="utf-8")
    assert [name for name in ProviderSettings.__struct_fields__ if f"| `{name}` | " not in page] == []
    assert [kind for kind in Kind if f"--kind {kind}" not in page] == []
