"""The running server: doors, lanes and the scheduler of one process."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress

import structlog
import uvicorn

from alertwhisperer.api.application import make_api
from alertwhisperer.api.desk import Desk
from alertwhisperer.app.build import House
from alertwhisperer.app.doors import Doors
from alertwhisperer.app.feeds import POLL_S, Feeds
from alertwhisperer.app.handover import HAND_OVER_S, HandOver
from alertwhisperer.app.lanes import Lanes
from alertwhisperer.app.outbound import Outbound
from alertwhisperer.app.pipeline import Pipeline
from alertwhisperer.app.pulses import WRITE_S, Pulses
from alertwhisperer.app.refusals import Refusals
from alertwhisperer.app.rerun import Rerun
from alertwhisperer.app.rulebook import Rulebook
from alertwhisperer.app.scheduler import Duty, Scheduler
from alertwhisperer.app.silence import BEAT_S, LOOK_S, Silence
from alertwhisperer.ingest.admission import Admission
from alertwhisperer.ingest.gateway import Gateway
from alertwhisperer.ingest.intake import Intake
from alertwhisperer.ingest.keyring import Keyring
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.sources.contract import Outside
from alertwhisperer.store.changes import CHANNEL

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
    )
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
    duties = (
        Duty(HAND_OVER_S, handover.run_due),
        Duty(POLL_S, feeds.run_due),
        Duty(BEAT_S, silence.beat),
        Duty(LOOK_S, silence.run_due),
        Duty(WRITE_S, pulses.flush),
    )
    scheduler = Scheduler(house, refusals, outbound.get, metrics, duties)

    tasks: list[asyncio.Task[None]] = []

    async def begin() -> None:
        _calm_collector()
        lanes.start()
        tasks.append(asyncio.create_task(_listen(house, keyring.forget), name="settings listener"))
        tasks.append(asyncio.create_task(scheduler.work(), name="scheduler"))
        started()

    async def end() -> None:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await feeds.stop()
        await lanes.stop()
        await refusals.flush()
        await pulses.finish()

    config = uvicorn.Config(
        Doors(gateway, make_api(desk), begin, end),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
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


async def _listen(house: House, forget: Callable[[], None]) -> None:
    """Drop what is remembered of settings whenever they change anywhere; everything, after a lost connection."""
    while True:
        try:
            connection = await house.database.connect_listening()
            lost = asyncio.Event()
            connection.add_termination_listener(lambda *_, gone=lost: gone.set())
            await connection.add_listener(CHANNEL, lambda *_: forget())
            forget()
            await lost.wait()
        except OSError as failure:
            _log.warning("listener.lost", why=type(failure).__name__)
        await house.clock.sleep(_LISTEN_AGAIN_S)
