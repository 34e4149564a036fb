"""Who may do what: one table, closed by default, and a company that one does not serve is not there."""

from itertools import product
from uuid import UUID

import pytest

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Forbidden, Invalid, NotFound
from alertwhisperer.domain.user import Means, MeansKind, Role, User
from alertwhisperer.guard.permissions import (
    PERMISSIONS,
    Action,
    Reach,
    allowed,
    check_scopes,
    covered,
    may,
    require,
)

HOME, AWAY = CompanyId(UUID(int=1)), CompanyId(UUID(int=2))
GROUP = UUID(int=3)
MSP_ONLY = {action for action, rule in PERMISSIONS.items() if rule.reach is Reach.INSTALLATION} | {
    Action.COMPANY_SET,
    Action.SETTING_SET,
    Action.APPROVAL_DECIDE_HIGH,
}
READERS = {
    Action.COMPANY_READ,
    Action.ALERT_READ,
    Action.INCIDENT_CROSS,
    Action.INCIDENT_READ,
    Action.SITE_READ,
    Action.ASSET_READ,
    Action.LEDGER_READ,
    Action.KPI_READ,
    Action.KPI_CROSS,
    Action.SEARCH_CROSS,
    Action.REPORT_READ,
    Action.BASELINE_READ,
    Action.PATCH_READ,
    Action.WINDOW_READ,
    Action.WINDOW_CROSS,
}


def person(role: Role, *groups: UUID) -> User:
    return User(UUID(int=9), "a@example.org", role, frozenset({HOME}), frozenset(groups))


def token(*scopes: str, companies: frozenset[CompanyId] | None = None) -> Means:
    return Means(MeansKind.TOKEN, UUID(int=8), frozenset(scopes), companies)


def test_every_action_stands_in_the_table_with_its_reason() -> None:
    assert set(PERMISSIONS) == set(Action)
    assert all(Role.MSP_ADMIN in rule.roles for rule in PERMISSIONS.values())
    assert all(rule.why.endswith(".") for rule in PERMISSIONS.values())


def test_what_is_the_installations_is_for_msp_admins_alone() -> None:
    for action, rule in PERMISSIONS.items():
        if rule.reach is Reach.INSTALLATION:
            assert rule.roles == {Role.MSP_ADMIN}, action


def test_a_reader_looks_at_what_is_the_customers_own_and_changes_nothing() -> None:
    theirs = {action for action, rule in PERMISSIONS.items() if Role.READER in rule.roles}
    assert {action for action in theirs if PERMISSIONS[action].reach is Reach.COMPANY} == READERS
    own = {action for action in theirs if PERMISSIONS[action].reach is Reach.SELF}
    assert own == {
        *(Action.PERMISSION_READ, Action.SELF_READ, Action.SELF_SET, Action.TOKEN_OWN),
        *(Action.VIEW_READ, Action.VIEW_SET),
    }


def test_a_technician_works_incidents_and_sets_nothing_up() -> None:
    changes = {
        action
        for action in Action
        if allowed(Role.TECHNICIAN, action)
        and PERMISSIONS[action].reach is Reach.COMPANY
        and not action.endswith((".read", ".cross"))
    }
    of_incidents = {action for action in Action if action.startswith("incident.") and not action.endswith(".read")}
    assert changes == (of_incidents - {Action.INCIDENT_CROSS}) | {
        Action.FEED_POLL,  # to look at a tool now changes no setting
        Action.HANDOVER_OFFER,
        Action.HANDOVER_ACCEPT,  # one gives incidents to oneself
        Action.ON_CALL_TAKE,  # likewise stretches
        Action.ON_CALL_SWAP,  # counts when the other has agreed
        Action.REPORT_MAKE,  # shows nothing that they could not read
        Action.APPROVAL_ASK,
        Action.APPROVAL_DECIDE,
        Action.APPROVAL_DECIDE_LOW,
        Action.RUN_START,  # asks; who agrees is in the risk's row
        Action.RUN_CANCEL,
        Action.KILL_SWITCH_SET,
        Action.WINDOW_SET,  # for what is named, once and shortly
    }
    assert not allowed(Role.TECHNICIAN, Action.AUDIT_READ)


def test_a_company_admin_may_all_but_what_is_the_msps() -> None:
    assert {action for action in Action if not allowed(Role.COMPANY_ADMIN, action)} == MSP_ONLY


def test_who_decides_which_risk() -> None:
    decides = (Action.APPROVAL_DECIDE_LOW, Action.APPROVAL_DECIDE_MEDIUM, Action.APPROVAL_DECIDE_HIGH)
    assert {role: [allowed(role, action) for action in decides] for role in Role} == {
        Role.MSP_ADMIN: [True, True, True],
        Role.COMPANY_ADMIN: [True, True, False],
        Role.TECHNICIAN: [True, False, False],
        Role.READER: [False, False, False],
    }


def test_the_table_cannot_be_changed_by_its_readers() -> None:
    with pytest.raises(TypeError):
        PERMISSIONS[Action.USER_ADD] = PERMISSIONS[Action.KPI_READ]  # type: ignore[index]  # that is the promise


@pytest.mark.parametrize(("role", "action"), list(product(Role, Action)))
def test_require_says_what_the_table_says(role: Role, action: Action) -> None:
    if allowed(role, action):
        require(person(role), action, HOME)
        require(person(role), action, None)
        assert may(person(role), action)
    else:
        with pytest.raises(Forbidden):
            require(person(role), action, HOME)
        assert not may(person(role), action)


@pytest.mark.parametrize(("role", "action"), list(product([one for one in Role if one is not Role.MSP_ADMIN], Action)))
def test_another_company_is_not_there_whatever_is_asked(role: Role, action: Action) -> None:
    with pytest.raises(NotFound):
        require(person(role), action, AWAY)


def test_an_msp_admin_serves_every_company() -> None:
    require(person(Role.MSP_ADMIN), Action.COMPANY_SET, AWAY)


@pytest.mark.parametrize("action", list(Action))
def test_an_msp_admin_of_groups_has_only_these_and_nothing_of_the_installation(action: Action) -> None:
    admin = person(Role.MSP_ADMIN, GROUP)
    with pytest.raises(NotFound):
        require(admin, action, AWAY)
    if PERMISSIONS[action].reach is Reach.INSTALLATION:
        with pytest.raises(Forbidden, match="whole installation"):
            require(admin, action, HOME)
    else:
        require(admin, action, HOME)


@pytest.mark.parametrize("action", list(Action))
def test_a_scope_narrows_what_a_person_may(action: Action) -> None:
    admin, (noun, verb) = person(Role.MSP_ADMIN), action.split(".")
    for scope in ("*", f"{noun}.*", f"*.{verb}", action.value):
        require(admin, action, HOME, token("kpi.read", scope))
    with pytest.raises(Forbidden, match="scope"):
        require(admin, action, HOME, token("nothing.like_it"))


@pytest.mark.parametrize("action", list(Action))
def test_a_token_for_some_companies_reaches_no_other_and_not_the_installation(action: Action) -> None:
    admin, means = person(Role.MSP_ADMIN), token("*", companies=frozenset({HOME}))
    with pytest.raises(NotFound):
        require(admin, action, AWAY, means)
    if PERMISSIONS[action].reach is Reach.INSTALLATION:
        with pytest.raises(Forbidden, match="some companies"):
            require(admin, action, None, means)
    else:
        require(admin, action, HOME, means)


def test_a_scope_never_widens_a_role() -> None:
    with pytest.raises(Forbidden, match="role"):
        require(person(Role.READER), Action.RULE_SET, HOME, token("*"))


@pytest.mark.parametrize("scope", ["*", "*.read", "incident.*", "incident.read", " alert.* "])
def test_scopes_that_there_are(scope: str) -> None:
    assert check_scopes([scope, "kpi.read"]) == {scope.strip(), "kpi.read"}


@pytest.mark.parametrize(
    "scope", ["", "*.*", "incident", "incident.reads", "incidents.*", "*.everything", "**", "read"]
)
def test_scopes_that_there_are_not(scope: str) -> None:
    with pytest.raises(Invalid):
        check_scopes([scope])
    with pytest.raises(Invalid):
        check_scopes([])


@pytest.mark.parametrize(
    ("wanted", "given", "fits"),
    [
        (["*"], ["*"], True),
        (["*"], ["*.read"], False),
        (["incident.*"], ["incident.*", "alert.*"], True),
        (["incident.*"], ["*.read"], False),
        (["*.read"], ["incident.*"], False),
        (["incident.read", "alert.read"], ["*.read"], True),
        (["*.acknowledge"], ["incident.*"], True),  # no other noun has that verb
        # All that there is today, noun by noun, is not `*`: tomorrow's nouns would come with it.
        (["*"], [f"{noun}.*" for noun in {one.split(".")[0] for one in Action}], False),
    ],
)
def test_what_a_token_can_pass_on(wanted: list[str], given: list[str], fits: bool) -> None:
    assert covered(wanted, token(*given)) is fits
