"""
In whose name a command acts, and whether they may.

Without a token that is whoever types on this machine: they hold the data anyway, may everything, and are recorded as
`cli:<user>`. With a token (ALERTWHISPERER_TOKEN, or --token-file) it is the token's person, and the same permission
table is asked as at the API's doors. Every command says what it does: `@acts(Action…)`, or why it needs no right.
"""

import getpass
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from alertwhisperer.app.build import House
from alertwhisperer.cli.groups import token_file
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Forbidden, Invalid
from alertwhisperer.domain.user import Person
from alertwhisperer.guard.crossing import Crossing, crossing, served_by
from alertwhisperer.guard.permissions import Action, require
from alertwhisperer.guard.permissions import may as permitted
from alertwhisperer.guard.tokens import person_of_token
from alertwhisperer.kit.ids import uuid7

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Machine:
    """Declared by a command that is for whoever runs the machine, with the reason; a token does not open it."""

    why: str


@dataclass(frozen=True, slots=True)
class Anybody:
    """Declared by a command that shows nothing of anybody, with the reason; it takes no notice of a token."""

    why: str


Declared = Action | Machine | Anybody

_doing: ContextVar[Declared | None] = ContextVar("doing", default=None)


@dataclass(frozen=True, slots=True)
class Acting:
    """
    Who acts, at what.

    Attributes:
        person: None for whoever types on the machine.
        action: what the command declares; None for one that a token does not open.
    """

    person: Person | None
    action: Action | None
    trace_id: str

    @property
    def by(self) -> Scope:
        """In the name of the installation."""
        if self.person is None:
            return Scope(INSTALLATION, operator(), self.trace_id)
        return Scope(INSTALLATION, self.person.user.email, self.trace_id, self.person.user.id)


_acting: ContextVar[Acting] = ContextVar("acting")


def acts(action: Action) -> Callable[[Command], Command]:
    """Declares what a command does; stands below `@app.command`."""
    return _declaring(action)


def machine_only(why: str) -> Callable[[Command], Command]:
    """Declares that a command is for whoever runs the machine."""
    return _declaring(Machine(why))


def anybody(why: str) -> Callable[[Command], Command]:
    """Declares that a command needs no right."""
    return _declaring(Anybody(why))


def declared(command: Callable[..., Any] | None) -> Declared | None:
    """What a command declares; None when it forgot."""
    found = getattr(command, "declares", None)
    return found if isinstance(found, Declared) else None


def operator() -> str:
    """Whoever types on this machine, as the audit log will say."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, as in some containers
        return f"cli:{os.geteuid()}"


def token_of_file() -> str | None:
    """
    The token in the file that `--token-file` names; None when it was not given.

    Raises:
        Invalid: the file cannot be read, or holds none.
    """
    file = token_file.get()
    if file is None:
        return None
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as failure:
        raise Invalid(
            f"{file} cannot be read", where="--token-file", mend="name a file with a token in it"
        ) from failure
    if not token:
        raise Invalid(f"{file} is empty", where="--token-file", mend="put a token into it")
    return token


async def come_in(house: House) -> None:
    """
    Learn who acts, and that they may do this at all; called once, when the house is open.

    Raises:
        Forbidden: the token is none, or does not allow this command.
    """
    what, token = _doing.get(), house.settings.token
    if isinstance(what, Anybody):
        token = ""
    if what is None:
        raise Forbidden("the command declares no right", mend="report this: it is a bug")
    person = await person_of_token(house.database, house.vault, token, now=house.clock.now()) if token else None
    if token and person is None:
        raise Forbidden("the token is not live", where="ALERTWHISPERER_TOKEN", mend="make another one, or unset it")
    if person is not None and not isinstance(what, Action):
        why = what.why if isinstance(what, Machine) else "it is for the machine's operator"
        raise Forbidden(f"a token does not open this command: {why}", mend="unset ALERTWHISPERER_TOKEN")
    action = what if isinstance(what, Action) else None
    if person is not None and action is not None:
        require(person.user, action, None, person.means)
    _acting.set(Acting(person, action, uuid7(house.clock.now()).hex))


def acting() -> Acting:
    """Who acts, once the house is open."""
    return _acting.get()


def somebody() -> Person:
    """
    The person who acts.

    Raises:
        Forbidden: it is whoever types on this machine, who is nobody in particular.
    """
    person = acting().person
    if person is None:
        raise Forbidden(
            "this is between people", where="ALERTWHISPERER_TOKEN", mend="set it to your token, so that it is you"
        )
    return person


def by() -> Scope:
    """Who acts, in the name of the installation."""
    return acting().by


def at(company_id: CompanyId) -> Scope:
    """
    The same in the name of one company.

    Raises:
        NotFound: the token's person does not serve it; an absent one looks the same.
    """
    now = acting()
    if now.person is not None and now.action is not None:
        require(now.person.user, now.action, company_id, now.person.means)
    return now.by.at(company_id)


def may(action: Action) -> bool:
    """Whether whoever acts may do something besides what the command declares."""
    person = acting().person
    return person is None or permitted(person.user, action, person.means)


def needs(action: Action) -> None:
    """Raise `Forbidden` unless whoever acts may do something besides what the command declares."""
    person = acting().person
    if person is not None:
        require(person.user, action, None, person.means)


def across_companies(house: House, action: Action) -> AbstractAsyncContextManager[Crossing]:
    """The audited door to the content of every company that whoever acts serves; raises as `needs`."""
    now = acting()
    return crossing(house.database, now.by, now.person, action, now=house.clock.now())


async def served(house: House) -> tuple[CompanyId, ...]:
    """The ids of the companies that whoever acts may see, oldest first."""
    return await served_by(house.database, acting().person)


def _declaring(what: Declared) -> Callable[[Command], Command]:
    def declare(command: Command) -> Command:
        @wraps(command)
        def run(*given: Any, **named: Any) -> Any:
            _doing.set(what)
            return command(*given, **named)

        run.declares = what  # type: ignore[attr-defined]  # read by `declared`
        return run  # type: ignore[return-value]  # it takes and gives what the command does

    return declare
