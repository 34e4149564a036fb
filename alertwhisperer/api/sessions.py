"""Where people are signed in: one's own sessions, and those of others for the MSP's admins."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.cookies import Kind, jar_of
from alertwhisperer.api.fields import NO_NUL, Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.api.session import SessionsShown, scope_of_self, show_session
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.guard import people
from alertwhisperer.guard.permissions import Action
from alertwhisperer.guard.sign_in import second_factor, sessions

router = APIRouter(tags=["session"])

_Email = Annotated[str, Path(pattern=NO_NUL, max_length=people.LONGEST_EMAIL)]


class Ended(Shown):
    """How many sessions were ended."""

    model_config = example({"ended": 2})

    ended: int


@router.get("/api/sessions", summary="Where one is signed in", responses=responses())
async def list_own_sessions(caller: Annotated[Caller, allow(Action.SELF_READ)]) -> SessionsShown:
    found = await sessions.list_sessions(caller.desk.database, caller.user.id, now=caller.now)
    this = None if caller.signed_in is None else caller.signed_in.session.id
    return SessionsShown(items=[show_session(one, this=this) for one in found])


@router.delete("/api/sessions", summary="Sign out everywhere else", responses=responses())
async def end_other_sessions(caller: Annotated[Caller, allow(Action.SELF_SET)]) -> Ended:
    """The session that asks stays."""
    this = None if caller.signed_in is None else caller.signed_in.session.id
    return await _end_all(caller, caller.user.id, why="signed out everywhere else", but=this)


@router.delete("/api/sessions/{session_id}", status_code=204, summary="End a session", responses=responses(404))
async def end_own_session(
    session_id: UUID, response: Response, caller: Annotated[Caller, allow(Action.SELF_SET)]
) -> None:
    await sessions.end_session(caller.desk.database, scope_of_self(caller), caller.user.id, session_id, now=caller.now)
    if caller.signed_in is not None and caller.signed_in.session.id == session_id:
        jar_of(caller.desk).drop(response, Kind.SESSION)


@router.get("/api/users/{email}/sessions", summary="Where a person is signed in", responses=responses(404))
async def list_sessions_of(caller: Annotated[Caller, allow(Action.SESSION_READ)], email: _Email) -> SessionsShown:
    user = await people.get_user(caller.desk.database, email)
    found = await sessions.list_sessions(caller.desk.database, user.id, now=caller.now)
    return SessionsShown(items=[show_session(one, this=None) for one in found])


@router.delete("/api/users/{email}/sessions", summary="Sign a person out everywhere", responses=responses(404))
async def end_sessions_of(caller: Annotated[Caller, allow(Action.SESSION_END)], email: _Email) -> Ended:
    user = await people.get_user(caller.desk.database, email)
    return await _end_all(caller, user.id, why="ended by an administrator", but=None)


@router.delete(
    "/api/users/{email}/second-factor",
    status_code=204,
    summary="Take a person's second factor away",
    responses=responses(404),
)
async def remove_second_factor_of(caller: Annotated[Caller, allow(Action.SECOND_FACTOR_REMOVE)], email: _Email) -> None:
    """For somebody who lost the app and the recovery codes. Their sessions end."""
    user = await people.get_user(caller.desk.database, email)
    async with caller.desk.database.unit_of_work(_installation(caller)) as unit:
        await second_factor.remove(unit, user.id, now=caller.now)
        await sessions.end_all(unit, user.id, why="second factor removed", now=caller.now)


async def _end_all(caller: Caller, user_id: UUID, *, why: str, but: UUID | None) -> Ended:
    async with caller.desk.database.unit_of_work(_installation(caller)) as unit:
        return Ended(ended=len(await sessions.end_all(unit, user_id, why=why, now=caller.now, but=but)))


def _installation(caller: Caller) -> Scope:
    return scope_of_self(caller).at(INSTALLATION)
