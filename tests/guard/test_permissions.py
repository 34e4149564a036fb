"""Who may do what: one table, closed by default, and a company that one does not serve is not there."""

from itertools import product
from uuid import UUID

import pytest

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Forbidden, NotFound
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.permissions import PERMISSIONS, Action, allowed, require

HOME, AWAY = CompanyId(UUID(int=1)), CompanyId(UUID(int=2))
MSP_ONLY = {
    Action.COMPANY_ADD,
    Action.COMPANY_SET,
    Action.COMPANY_IMPORT,
    Action.COMPANY_EXPORT,
    Action.GROUP_READ,
    Action.GROUP_ADD,
    Action.GROUP_SET,
    Action.GROUP_REMOVE,
    Action.SETTING_SET,
    Action.INHERITED_READ,
    Action.INHERITED_SET,
    Action.ROUTE_READ,
    Action.ROUTE_SET,
    Action.USER_READ,
    Action.USER_ADD,
    Action.TOKEN_ADD,
}


def person(role: Role) -> User:
    return User(UUID(int=9), "a@example.org", role, frozenset({HOME}))


def test_every_action_stands_in_the_table() -> None:
    assert set(PERMISSIONS) == set(Action)
    assert all(Role.MSP_ADMIN in roles for roles in PERMISSIONS.values())


def test_a_technician_changes_incidents_and_nothing_else() -> None:
    changes = {action for action in Action if allowed(Role.TECHNICIAN, action) and not action.endswith(".read")}
    of_incidents = {action for action in Action if action.startswith("incident.") and not action.endswith(".read")}
    assert changes == of_incidents | {Action.FEED_POLL}, "to look at a tool now changes no setting"
    assert not allowed(Role.TECHNICIAN, Action.AUDIT_READ)


def test_a_company_admin_may_all_but_what_is_the_msps() -> None:
    assert {action for action in Action if not allowed(Role.COMPANY_ADMIN, action)} == MSP_ONLY


def test_the_table_cannot_be_changed_by_its_readers() -> None:
    with pytest.raises(TypeError):
        PERMISSIONS[Action.USER_ADD] = frozenset(Role)  # type: ignore[index]  # that is the promise


@pytest.mark.parametrize(("role", "action"), list(product(Role, Action)))
def test_require_says_what_the_table_says(role: Role, action: Action) -> None:
    if allowed(role, action):
        require(person(role), action, HOME)
        require(person(role), action, None)
    else:
        with pytest.raises(Forbidden):
            require(person(role), action, HOME)


@pytest.mark.parametrize(("role", "action"), list(product([Role.COMPANY_ADMIN, Role.TECHNICIAN], Action)))
def test_another_company_is_not_there_whatever_is_asked(role: Role, action: Action) -> None:
    with pytest.raises(NotFound):
        require(person(role), action, AWAY)


def test_an_msp_admin_serves_every_company() -> None:
    require(person(Role.MSP_ADMIN), Action.COMPANY_SET, AWAY)
