"""Two server processes on one database: what they admit of a company together is its limit, however much is sent."""

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass

import httpx

from tests.database import Migrated
from tests.server import Sender, bearer, house_of, new_company, new_sender, new_token, on_database, serving

LIMIT = 120  # a minute, and the burst
TIMES = 50
SECONDS = 12
QUIET_EVERY_S = 0.2
_BODY = b'{"asset_name": "web-01", "signature": "disk full"}'


@dataclass(slots=True)
class Tried:
    """What came of a sender's requests; `seconds` from the first to the last answer."""

    answers: Counter[int]
    seconds: float
    longest_wait_s: int = 0


async def hammer(urls: tuple[str, ...], sender: Sender, *, every_s: float, workers: int) -> Tried:
    """Send for `SECONDS`, one request every `every_s` over all workers, to each server in turn."""
    tried = Tried(Counter(), 0.0)
    began = time.monotonic()
    turns = itertools.count()

    async def work(client: httpx.AsyncClient) -> None:
        while (due := began + next(turns) * every_s) < began + SECONDS:
            await asyncio.sleep(max(due - time.monotonic(), 0))
            answer = await client.post(sender.path, content=_BODY, headers={"X-API-Key": sender.api_key})
            tried.answers[answer.status_code] += 1
            tried.seconds = time.monotonic() - began
            if answer.status_code == 429:
                tried.longest_wait_s = max(tried.longest_wait_s, int(answer.headers["retry-after"]))

    clients = [httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) for url in urls]
    try:
        await asyncio.gather(*(work(client) for client in clients for _ in range(workers)))
    finally:
        for client in clients:
            await client.aclose()
    return tried


async def test_the_sum_over_two_processes_is_the_limit(migrated: Migrated) -> None:
    """A company sends 50 times its limit to two servers; another one, far below its own, is not refused once."""
    place = on_database(migrated)
    with serving(place) as one, serving(place) as other:
        async with house_of(place, connections=2) as house:
            noisy = await new_company(house, "Noisy", requests_per_minute=LIMIT)
            quiet = await new_company(house, "Quiet", requests_per_minute=6_000)
            senders = [await new_sender(house, company.id, "generic") for company in (noisy, quiet)]
            token = await new_token(house)
            storm, calm = await asyncio.gather(
                hammer((one.url, other.url), senders[0], every_s=60 / (LIMIT * TIMES), workers=8),
                hammer((one.url, other.url), senders[1], every_s=QUIET_EVERY_S, workers=1),
            )

        earned = LIMIT + LIMIT / 60 * storm.seconds
        print(
            f"{storm.answers.total()} requests in {storm.seconds:.1f} s: {storm.answers[202]} of {earned:.0f} admitted"
        )
        assert set(storm.answers) == {202, 429}
        assert storm.answers[429] > 3 * storm.answers[202]  # it was a storm
        assert storm.answers[202] <= earned + 1
        assert storm.answers[202] >= 0.85 * earned  # at most what two processes hold back is unused
        assert 1 <= storm.longest_wait_s <= 60
        assert set(calm.answers) == {202}

        async with httpx.AsyncClient(base_url=one.url, headers=bearer(token), timeout=30, trust_env=False) as people:
            for company, tried in ((noisy, storm), (quiet, calm)):
                books = (await people.get(f"/api/companies/{company.id}/ledger")).json()
                assert books["deliveries_accepted"] == tried.answers[202]
    # Both servers ended in good order, so that the refusals they had counted in memory are written.
    with serving(place) as third:
        async with httpx.AsyncClient(base_url=third.url, headers=bearer(token), timeout=30, trust_env=False) as people:
            books = (await people.get(f"/api/companies/{noisy.id}/ledger")).json()
    assert books["refusals"] == {"rate_limited": storm.answers[429]}
    assert books["deliveries_refused"] == storm.answers[429]
