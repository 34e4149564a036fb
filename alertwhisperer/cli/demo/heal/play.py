"""Plays the story of `demo --heal`: set up, break, alert, mend, prove; tells each thing when it has happened."""

import asyncio
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from alertwhisperer.cli.demo.heal import shop
from alertwhisperer.cli.demo.heal.doors import ASSET, RUNBOOK, SIGNATURE, Doors
from alertwhisperer.cli.demo.heal.own_server import PERMITTED, own_server, read_greeting
from alertwhisperer.cli.demo.heal.target import HOST, Target, answers, open_shop, target
from alertwhisperer.cli.demo.heal.world import Child
from alertwhisperer.cli.demo.server import Server
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.kit.clock import Clock

Tell = Callable[..., None]
"""Told a line of the story, and more that belongs to it, a line each."""

_MENDS_WITHIN_S = 60.0
_ANSWERS_WITHIN_S = 15.0
_LOOK_S = 0.2
_UNDECIDED = ("planned", "waiting_for_approval", "running")


async def play(place: Path, sshd: Path, clock: Clock, tell: Tell) -> dict[str, Any]:
    """
    The whole story, in the folder `place`.

    Returns:
        What was seen: `service` before, after the fault and after the run, `incident`, `run`, `healing`, `kpis`.

    Raises:
        Permanent: it did not go as it should; says what did not.
    """
    began = clock.now()
    tell(
        f"A world of its own: {place}, cleared away at the end with everything that runs in it.",
        "Production refuses targets on its own machine; so the server is the demo's own, with settings for tests:",
        *(f"  {name}={value}" for name, value in PERMITTED.items()),
    )
    with own_server(place) as running, target(place, sshd) as there, open_shop(there) as service:
        await answers(there, clock)
        before = await _answer(there, clock)
        tell(
            f"The target: {sshd} on {HOST}:{there.port}, process {there.sshd.process.pid}, account {there.user}.",
            f"On it a shop that people use: http://{HOST}:{there.shop_port}/ says {before!r}.",
        )
        greeting = await asyncio.to_thread(read_greeting, running)
        async with Server(running.url, "it ended: try the demo again") as server:
            doors = Doors(server, greeting)
            tell(f"The server: {running.url}, company {greeting.company_id}.")
            seen = await _mend(doors, there, service, clock, tell)
            kpis = await doors.kpis(began)
        tell("Clearing away …")
    names = ("total_incidents", "self_healed_count", "self_healed_pct", "self_healed_provisional")
    return {
        "company_id": greeting.company_id,
        "settings": PERMITTED,
        "target": {"address": HOST, "port": there.port, "user": there.user, "host_key": there.host_key},
        "service": {"before": before, **seen.pop("service")},
        **seen,
        "kpis": {name: kpis[name] for name in names},
    }


async def _mend(doors: Doors, there: Target, service: Child, clock: Clock, tell: Tell) -> dict[str, Any]:
    await doors.bind_target(there)
    tell(
        f"Set up through the API: a sealed key, the asset {ASSET}, and how it is reached; we were there, and it holds."
    )
    runbook = await doors.add_runbook(there)
    tell(f"The company's own runbook {RUNBOOK}, of {runbook['risk']} risk: {runbook['risk_reason']}")
    await doors.let_low_risk_pass()
    tool = await doors.add_tool()
    tell("The company lets low risk pass, and its monitoring signs what it says.")

    service.process.send_signal(signal.SIGKILL)
    service.process.wait()
    if (down := shop.answer_of(there.shop_port)) is not None:
        raise Permanent(f"the shop was killed and answers still: {down}")
    tell("", f"The fault: process {service.process.pid} is killed, and the shop does not answer any more.")
    await doors.tell(tool, firing=True, message=f"http://{HOST}:{there.shop_port}/ does not answer", now=clock.now())
    tell(f"The alert {SIGNATURE!r} on {ASSET} goes to the webhook. From here on nobody does anything.", "")

    seen = await _follow(doors, clock, tell)
    up = await _answer(there, clock)
    tell("", f"Asked from here, the shop says {up!r}.")
    await doors.tell(tool, firing=False, message="It answers again", now=clock.now())
    incident = await doors.incident(seen["incident"]["id"])
    healing = seen["healing"]
    tell(
        f"The incident is {incident['status']}: self-healed, {healing['state']} until {healing['until']}.",
        "If the fault stays away until then it counts as self-healed; if it comes back, that is withdrawn.",
        "",
    )
    return {"service": {"during": None, "after": up}, **seen, "incident": incident}


async def _follow(doors: Doors, clock: Clock, tell: Tell) -> dict[str, Any]:
    """Tell the incident's timeline as it grows, until a run has healed it."""
    until = clock.monotonic() + _MENDS_WITHIN_S
    told: set[tuple[str, str]] = set()
    mending: dict[str, Any] = {}
    chosen = False
    while clock.monotonic() < until:
        for one in await doors.incidents():
            mending = await doors.mending(one["id"])
            incident = await doors.incident(one["id"])
            if mending["choice"] is not None and not chosen:
                chosen = True
                _tell_choice(mending["choice"], tell)
            _tell_new(incident["timeline"], told, tell)
            if mending["healing"] is not None:
                run = await doors.run(mending["healing"]["run_id"])
                return {"incident": incident, "choice": mending["choice"], "run": run, "healing": mending["healing"]}
            if any(run["state"] not in _UNDECIDED for run in mending["runs"]):
                until = min(until, clock.monotonic() + _LOOK_S * 5)  # its end and the healing are one transaction
        await clock.sleep(_LOOK_S)
    raise Permanent(f"nothing healed it: {_why(mending)}")


def _tell_choice(choice: dict[str, Any], tell: Tell) -> None:
    for one in choice["candidates"]:
        at = clock_of(choice["at"])
        tell(
            f"{at}  Candidate {one['runbook']} on {one['asset']}: {one['because']}. {one['why']} {one['said']}".rstrip()
        )


def _tell_new(timeline: list[dict[str, Any]], told: set[tuple[str, str]], tell: Tell) -> None:
    for entry in timeline:
        key = (entry["at"], entry["text"])
        if key in told:
            continue
        told.add(key)
        tell(f"{clock_of(entry['at'])}  {entry['text']}", *output_of(entry))


def clock_of(at: str) -> str:
    """Hours to tenths of a second, as the timeline shows them."""
    return datetime.fromisoformat(at).strftime("%H:%M:%S.%f")[:-5]


def output_of(entry: dict[str, Any]) -> list[str]:
    """What a step's script printed, a line each."""
    detail = entry["detail"]
    lines = [*detail.get("stdout", "").splitlines(), *detail.get("stderr", "").splitlines()]
    return [f"            | {line}" for line in lines]


def _why(mending: dict[str, Any]) -> str:
    for run in mending.get("runs", ()):
        return f"the run is {run['state']}: {run['why']} {' '.join(one['said'] for one in run['targets'])}".strip()
    choice = mending.get("choice")
    candidates = [] if choice is None else choice["candidates"]
    return "; ".join(f"{one['runbook']}: {one['why']} {one['said']}".strip() for one in candidates) or "no runbook fits"


async def _answer(there: Target, clock: Clock) -> str:
    """What the shop says; raises `Permanent` when it says nothing for long."""
    until = clock.monotonic() + _ANSWERS_WITHIN_S
    while clock.monotonic() < until:
        answer = await asyncio.to_thread(shop.answer_of, there.shop_port)
        if answer is not None:
            return answer
        await clock.sleep(_LOOK_S)
    raise Permanent("the demo's shop does not answer")
