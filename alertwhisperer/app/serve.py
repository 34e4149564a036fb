"""The running server: doors, lanes and the scheduler of one process."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog
import uvicorn

from alertwhisperer.api.application import make_api
from alertwhisperer.api.console import ConsoleDoor
from alertwhisperer.api.desk import Desk
from alertwhisperer.api.hub import FORGET_S as FORGET_LIVE_S
from alertwhisperer.api.hub import LOOK_S as LIVE_S
from alertwhisperer.api.hub import Hub
from alertwhisperer.api.incidents import read_rows
from alertwhisperer.api.live import LiveDoor
from alertwhisperer.app.approvals import LOOK_S as APPROVALS_S
from alertwhisperer.app.approvals import Approvals
from alertwhisperer.app.audit import CHECKPOINT_S, LINK_S, WITNESS_S, AuditWork
from alertwhisperer.app.build import House
from alertwhisperer.app.doors import Doors
from alertwhisperer.app.drills import Drills
from alertwhisperer.app.entrance import FORGET_S, TELL_S, Doorkeeper, entrance_of
from alertwhisperer.app.feeds import POLL_S, Feeds
from alertwhisperer.app.handover import HAND_OVER_S, HandOver
from alertwhisperer.app.identity import CHECK_S, Identities, issuers_of
from alertwhisperer.app.keys import reload_keys
from alertwhisperer.app.lanes import Lanes
from alertwhisperer.app.mending import means_of
from alertwhisperer.app.outbound import Outbound
from alertwhisperer.app.patches import LOOK_S as PATCHES_S
from alertwhisperer.app.patches import Patches
from alertwhisperer.app.pipeline import Pipeline
from alertwhisperer.app.pulses import WRITE_S, Pulses
from alertwhisperer.app.push import FORGET_S as FORGET_PUSH_S
from alertwhisperer.app.push import PLAN_S as PLAN_PUSH_S
from alertwhisperer.app.push import SEND_S as SEND_PUSH_S
from alertwhisperer.app.push import Push
from alertwhisperer.app.refusals import Refusals
from alertwhisperer.app.remediation import FORGET_S as FORGET_OUTPUTS_S
from alertwhisperer.app.remediation import LOOK_S as REMEDIATION_S
from alertwhisperer.app.remediation import Remediation
from alertwhisperer.app.reports import FORGET_S as FORGET_REPORTS_S
from alertwhisperer.app.reports import LOOK_S as REPORTS_S
from alertwhisperer.app.reports import Reports
from alertwhisperer.app.rerun import Rerun
from alertwhisperer.app.rulebook import Rulebook
from alertwhisperer.app.scheduler import Duty, Scheduler
from alertwhisperer.app.silence import BEAT_S, LOOK_S, Silence
from alertwhisperer.app.witnesses import open_witnesses
from alertwhisperer.console.site import read_site
from alertwhisperer.domain.errors import Temporary
from alertwhisperer.domain.live import ChangeKind
from alertwhisperer.guard.identity.local_passwords import passwords_allowed
from alertwhisperer.ingest.admission import Admission
from alertwhisperer.ingest.gateway import Gateway
from alertwhisperer.ingest.intake import Intake
from alertwhisperer.ingest.keyring import Keyring
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.notify.carrying import Carrier
from alertwhisperer.sources.contract import Outside
from alertwhisperer.store.changes import CHANNEL
from alertwhisperer.store.data_keys import CHANNEL as KEYS_CHANNEL

_LISTEN_AGAIN_S = 1.0

_log = structlog.get_logger("serve")


async def serve(house: House, started: Callable[[], None] = lambda: None) -> None:
    """
    Run until told to stop (SIGINT, SIGTERM); finishes what was handed in first.

    Args:
        started: called once, when the doors are open.
    """
    settings = house.settings
    metrics = Metrics()
    rulebook = Rulebook(house.database)
    pipeline = Pipeline(rulebook, house.clock, metrics)
    lanes = Lanes(house.database, pipeline, house.clock, metrics, count=settings.lanes)
    keyring = Keyring(house.database, house.vault, house.sources, house.clock)
    admission = Admission(house.database, house.clock)
    refusals = Refusals(house.database, house.clock)
    pulses = Pulses(house.database, house.clock)
    silence = Silence(house, lanes.submit, metrics)
    outbound = Outbound(
        networks=settings.outbound_networks,
        resolve=dict(settings.outbound_resolve),
        ca_file=settings.outbound_ca_file,
    )
    # A person's browser names these addresses, so networks that the operator opened to feeds are closed to them.
    to_push_services = Outbound(resolve=dict(settings.outbound_resolve), ca_file=settings.outbound_ca_file)
    intake = Intake(admission, house.vault)
    gateway = Gateway(
        sources=house.sources,
        keyring=keyring,
        admission=admission,
        intake=intake,
        clock=house.clock,
        submit=lanes.submit_all,
        fetch=outbound.get,
        refused=refusals.count,
        heard=pulses.hear,
        metrics=metrics,
    )
    rerun = Rerun(house.database, house.sources, pipeline, house.clock)
    issuers = issuers_of(house)
    identities = Identities(house, issuers)
    console = ConsoleDoor(read_site(), secure=settings.url.startswith("https://"))
    means = means_of(house)
    desk = Desk(
        database=house.database,
        vault=house.vault,
        clock=house.clock,
        sources=house.sources,
        public_url=settings.url,
        ready=house.database.answers,
        metrics=metrics.text,
        rerun=rerun.rerun,
        rerun_all=rerun.rerun_all,
        entrance=replace(entrance_of(settings), may_use_password=passwords_allowed(house.clock)),
        trusted_proxies=settings.trusted_proxies,
        ways_in=identities.ways_in,
        home="/" if console.is_built else "/account",
        means=means,
        issuers=issuers,
        push_call=to_push_services.call,
        contact=settings.contact,
        drill_record_of=Drills(house).record_of,
    )
    doorkeeper = Doorkeeper(house)
    handover = HandOver(house.database, house.sources, pipeline, house.clock)
    feeds = Feeds(
        house=house,
        keyring=keyring,
        admission=admission,
        intake=intake,
        submit=lanes.submit_all,
        outside=Outside(outbound.call, outbound.connect),
        heard=pulses.hear,
        metrics=metrics,
    )
    audit_work = AuditWork(house, open_witnesses(settings, house.clock), metrics)
    carrier = Carrier(house.database, house.vault, house.clock, to_push_services.call, settings.contact)
    push = Push(house.database, house.clock, carrier, metrics)
    hub = Hub(house.database, house.clock, {ChangeKind.INCIDENT: partial(read_rows, house.database)})
    reports = Reports(house, metrics)
    remediation = Remediation(house, means, metrics)
    duties = (
        Duty(PLAN_PUSH_S, push.plan),
        Duty(SEND_PUSH_S, push.send_due),
        Duty(FORGET_PUSH_S, push.forget),
        Duty(LIVE_S, hub.follow),
        Duty(FORGET_LIVE_S, hub.forget),
        Duty(LINK_S, audit_work.link),
        Duty(CHECKPOINT_S, audit_work.checkpoint),
        Duty(WITNESS_S, audit_work.witness),
        Duty(HAND_OVER_S, handover.run_due),
        Duty(POLL_S, feeds.run_due),
        Duty(BEAT_S, silence.beat),
        Duty(LOOK_S, silence.run_due),
        Duty(WRITE_S, pulses.flush),
        Duty(TELL_S, doorkeeper.tell),
        Duty(FORGET_S, doorkeeper.forget),
        Duty(CHECK_S, identities.check),
        Duty(APPROVALS_S, Approvals(house, metrics).run_due),
        Duty(REMEDIATION_S, remediation.run_due),
        Duty(FORGET_OUTPUTS_S, remediation.forget),
        Duty(REPORTS_S, reports.make_due),
        Duty(REPORTS_S, reports.ask_due),
        Duty(FORGET_REPORTS_S, reports.forget),
        Duty(PATCHES_S, Patches(house).refresh),
    )
    scheduler = Scheduler(house, refusals, outbound.get, metrics, duties)

    tasks: list[asyncio.Task[None]] = []
    keys_changed = asyncio.Event()

    async def begin() -> None:
        _calm_collector()
        await audit_work.carry_over()
        lanes.start()
        tasks.append(asyncio.create_task(_listen(house, keyring.forget, keys_changed), name="settings listener"))
        tasks.append(asyncio.create_task(_follow_keys(house, keys_changed), name="keys"))
        tasks.append(asyncio.create_task(scheduler.work(), name="scheduler"))
        started()

    async def end() -> None:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await remediation.stop()
        await feeds.stop()
        await push.stop()
        await lanes.stop()
        await refusals.flush()
        await pulses.finish()

    config = uvicorn.Config(
        Doors(gateway, make_api(desk), LiveDoor(desk, hub), console, begin, end),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=1024,  # nothing that is sent to us there means anything
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        # Packing each message again for each line took more time than the bytes are worth, and memory for each line.
        ws_per_message_deflate=False,
        access_log=False,
        proxy_headers=False,
        log_config=None,
        server_header=False,
        date_header=False,
        backlog=2048,
        timeout_keep_alive=75,  # longer than the usual proxies' 60 s, so that they close first
        timeout_graceful_shutdown=20,
    )
    await uvicorn.Server(config).serve()


def _calm_collector() -> None:
    """
    Let the cycle collector rest: it took a tenth of the hot path's time, walking modules and caches that stay.

    A request's values have no cycles and go by reference count.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


async def _follow_keys(house: House, changed: asyncio.Event) -> None:
    """Read the data keys anew whenever they changed."""
    while True:
        await changed.wait()
        changed.clear()
        try:
            await reload_keys(house)
        except Temporary as failure:
            _log.warning("keys.later", why=str(failure))
            await house.clock.sleep(_LISTEN_AGAIN_S)
            changed.set()


async def _listen(house: House, forget: Callable[[], None], read_keys: asyncio.Event) -> None:
    """Drop what is remembered of settings and keys whenever they change; everything, after a lost connection."""
    while True:
        try:
            connection = await house.database.connect_listening()
            lost = asyncio.Event()
            connection.add_termination_listener(lambda *_, gone=lost: gone.set())
            await connection.add_listener(CHANNEL, lambda *_: forget())
            await connection.add_listener(KEYS_CHANNEL, lambda *_: read_keys.set())
            forget()
            read_keys.set()
            await lost.wait()
        except OSError as failure:
            _log.warning("listener.lost", why=type(failure).__name__)
        await house.clock.sleep(_LISTEN_AGAIN_S)
