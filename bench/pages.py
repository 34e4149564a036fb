"""What a person waits for in a browser: pages, filters, search, and how smoothly the list scrolls."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize, sync_playwright

TIMES = 5

_PASSWORD = "four quiet words nobody knows"
_ALONE = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
_WIDE = ViewportSize(width=1440, height=900)
_PATIENCE_MS = 60_000
_PX_PER_S = 6_000  # faster than anybody reads: 200 rows a second
_SCROLL_S = 20

# Notes each moment at which what is wanted came to be painted: a frame after the change, as the frame itself is drawn
# between two callbacks.
_WATCH = """() => {
  window.looked = {};
  window.until = (name, test, from = 0) => new Promise((done, fail) => {
    setTimeout(() => fail(new Error(`${name} did not come in a minute: ${location}`)), 60000);
    const look = () => {
      if (!test()) return requestAnimationFrame(look);
      requestAnimationFrame(() => setTimeout(() => { window.looked[name] = performance.now() - from; done(); }, 0));
    };
    look();
  });
  window.rows = () => [...document.querySelectorAll("[role=row][data-number]")];
  window.shown = () => window.rows().map((one) => one.dataset.number).join();
}"""
_ROWS = "() => window.until('rows', () => window.rows().length)"
_WHOLE = """() => window.until('whole', () =>
  document.querySelector('nav') && document.querySelector('h1') && !document.querySelector('[aria-busy=true]'))"""
# Armed before the input: from the click, or from Enter, to the rows that answer it. Those of before go at once.
_ARM = """() => {
  const before = window.shown();
  const input = new Promise((done) => {
    const heard = (event) => {
      if (event.type === 'keydown' && event.key !== 'Enter') return;
      for (const kind of ['click', 'keydown']) removeEventListener(kind, heard, true);
      done(performance.now());
    };
    for (const kind of ['click', 'keydown']) addEventListener(kind, heard, true);
  });
  const gone = new Promise((done) => {
    const look = new MutationObserver(() => { if (window.shown() !== before) { look.disconnect(); done(); } });
    look.observe(document.body, {subtree: true, childList: true});
  });
  window.filtered = input.then((from) => gone.then(() => window.until('filter', () => {
    const grid = document.querySelector('[role=grid]');
    return grid && !grid.querySelector('[aria-busy=true]') && (window.rows().length || grid.innerText.trim());
  }, from)));
}"""
_FOUND = """() => {
  const from = performance.now();
  return window.until('found', () => document.querySelector('#found[aria-busy=false]')
    && document.querySelector('#found [role=option]:not(:last-child)'), from);
}"""
_SCROLL = """async ({speed, seconds}) => {
  const list = document.querySelector('[role=grid]');
  const frames = [], long = [];
  let empty = 0;
  const watch = new PerformanceObserver((entries) => entries.getEntries().forEach((one) => long.push(one.duration)));
  watch.observe({type: 'longtask'});
  const began = performance.now();
  let last = began, at = list.scrollTop;
  await new Promise((done) => {
    const step = (now) => {
      frames.push(now - last);
      at += Math.min(now - last, 100) / 1000 * speed;
      last = now;
      at = Math.min(at, list.scrollHeight - list.clientHeight);
      list.scrollTop = at;
      const box = list.getBoundingClientRect();
      const middle = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      if (!middle?.closest('[role=row]')) empty += 1;
      if (now - began < seconds * 1000) requestAnimationFrame(step); else done();
    };
    requestAnimationFrame(step);
  });
  watch.disconnect();
  const rows = Math.max(...window.rows().map((one) => Number(one.getAttribute('aria-rowindex'))));
  return {frames: frames.slice(1), long, rows, empty, seconds: (performance.now() - began) / 1000};
}"""
_LOADED = """() => {
  const files = performance.getEntriesByType('resource').filter((one) => /[.](js|css)$/.test(one.name));
  return files.reduce((sum, one) => sum + one.encodedBodySize, 0);
}"""


@dataclass(frozen=True)
class Scrolled:
    """
    What scrolling was like.

    Attributes:
        rows: down to which row it came.
        frame_ms: between each two frames; long_ms: tasks that kept the page from anything else for over 50 ms.
        empty: frames in whose middle there was no row.
        cpu_ms: processor time of the page's main thread, which is the same however busy the machine is.
    """

    name: str
    rows: int
    cpu_ms: float
    seconds: float
    frame_ms: Sequence[float] = field(repr=False)
    long_ms: Sequence[float]
    empty: int

    @property
    def frames(self) -> int:
        """How many were drawn."""
        return len(self.frame_ms)


@dataclass
class Found:
    """Milliseconds by what was waited for, each several times; what else is to be said of it; how it scrolled."""

    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    notes: dict[str, str] = field(default_factory=dict)
    scrolled: list[Scrolled] = field(default_factory=list)


def signed_in(link: str) -> dict[str, str]:
    """The cookies of somebody who chose a password by a link."""
    program = shutil.which("chromium")
    assert program is not None, absent()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu", *_ALONE])
        state = _enter(browser, link)
        browser.close()
    return {one["name"]: one["value"] for one in state.get("cookies", [])}


class _Processor:
    """Processor time of a page's main thread."""

    def __init__(self, page: Page) -> None:
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def ms(self) -> float:
        """Since the page was opened: it begins anew with each navigation."""
        told = self._devtools.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in told if one["name"] == "TaskDuration")) * 1e3


def absent() -> str:
    """Why no page can be looked at here; empty when one can."""
    return "" if shutil.which("chromium") else "there is no Chromium"


def look(url: str, link: str) -> Found:
    """
    Somebody who serves all companies opens the list, filters it, scrolls, searches, and opens the other pages.

    Args:
        link: by which that person chooses a password.
    """
    found, program = Found(), shutil.which("chromium")
    assert program is not None, absent()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu", *_ALONE])
        state = _enter(browser, link)
        _first_rows(browser, state, url, found)
        context = _window(browser, state)
        page = context.new_page()
        page.goto(f"{url}/incidents?state=open")
        page.evaluate(_ROWS)
        _filters(page, found)
        _searches(page, found)
        page.goto(f"{url}/incidents?state=open")
        page.evaluate(_ROWS)
        found.scrolled.append(_scrolled(page, "through what is fetched meanwhile"))
        page.evaluate("() => { document.querySelector('[role=grid]').scrollTop = 0; }")
        found.scrolled.append(_scrolled(page, "through what is there"))
        _others(page, url, found)
        browser.close()
    return found


def _enter(browser: Browser, link: str) -> StorageState:
    context = browser.new_context()
    page = context.new_page()
    page.goto(link)
    for box in page.query_selector_all("input[type=password]"):
        box.fill(_PASSWORD)
    page.click("form button")
    page.wait_for_url("**/board")
    state = context.storage_state()
    context.close()
    return state


def _window(browser: Browser, state: StorageState) -> BrowserContext:
    context = browser.new_context(viewport=_WIDE, storage_state=state)
    context.set_default_timeout(_PATIENCE_MS)
    context.add_init_script(f"({_WATCH})()")
    return context


def _first_rows(browser: Browser, state: StorageState, url: str, found: Found) -> None:
    """From the beginning of the navigation to the frame that has rows: with nothing kept, then with what was kept."""
    for _ in range(TIMES):
        context = _window(browser, state)
        page = context.new_page()
        processor = _Processor(page)
        for name in ("first rows, nothing in the cache", "first rows, from the cache"):
            page.goto(f"{url}/incidents?state=open", wait_until="commit")
            page.evaluate(_ROWS)
            found.waits[name].append(page.evaluate("() => window.looked.rows"))
            found.notes[name] = f"{processor.ms():.0f} ms of processor"
            if "nothing" in name:
                found.notes[name] += f"; scripts and styles: {page.evaluate(_LOADED) / 1000:.0f} KB as sent"
        context.close()


def _filters(page: Page, found: Found) -> None:
    """As a person sets them: by a tab, by a choice of a menu, by words; each in a list that was just opened."""
    company = page.evaluate("() => fetch('/api/companies').then((one) => one.json()).then((one) => one.items[0].name)")
    whole = page.url
    for name, what in (
        *((f"tab {tab}", _tab(tab)) for tab in ("Criticals", "Mine", "Unowned", "Resolved")),
        ("severity low", _choice("Severity", "Low")),
        ("waiting", _choice("State", "waiting")),
        ("one company", _choice("Company", company)),
        ("one tool", _choice("Tool", "Generic webhook")),
        ("words of many", _words("disk fra")),
        ("words of few", _words("db-0012")),
        ("words of none", _words("nowhere")),
    ):
        for _ in range(TIMES):
            page.goto(whole)
            page.evaluate(_ROWS)
            what(page)
            found.waits[f"filter, {name}"].append(page.evaluate("() => window.looked.filter"))


def _tab(title: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        tab = page.locator("nav[aria-label='Views of Incidents'] a", has_text=title)
        page.evaluate(_ARM)
        tab.click()
        page.evaluate("() => window.filtered")

    return press


def _choice(chip: str, item: str) -> Callable[[Page], None]:
    def choose(page: Page) -> None:
        page.locator("[data-filters] button", has_text=chip).click()
        choice = page.get_by_role("menuitem", name=item, exact=True)
        choice.wait_for()
        page.evaluate(_ARM)
        choice.click()
        page.evaluate("() => window.filtered")

    return choose


def _words(words: str) -> Callable[[Page], None]:
    def write(page: Page) -> None:
        page.fill("#list-words", words)
        page.evaluate(_ARM)
        page.press("#list-words", "Enter")
        page.evaluate("() => window.filtered")

    return write


def _searches(page: Page, found: Found) -> None:
    """Ctrl-K, from the last letter to what was found, the pause after typing included."""
    for words in ("db-0012", "replica", "54321"):
        for _ in range(TIMES):
            page.keyboard.press("Control+k")
            box = page.get_by_role("combobox", name="Find")
            box.fill(words)
            page.evaluate(_FOUND)
            found.waits[f"Ctrl-K, {words}"].append(page.evaluate("() => window.looked.found"))
            page.keyboard.press("Escape")
            box.wait_for(state="detached")


def _scrolled(page: Page, name: str) -> Scrolled:
    processor = _Processor(page)
    before = processor.ms()
    told: Mapping[str, Any] = page.evaluate(_SCROLL, {"speed": _PX_PER_S, "seconds": _SCROLL_S})
    return Scrolled(
        name, told["rows"], processor.ms() - before, told["seconds"], told["frames"], told["long"], told["empty"]
    )


def _others(page: Page, url: str, found: Found) -> None:
    number = page.evaluate("() => document.querySelector('[role=row][data-number]').dataset.number")
    for name, address in (("board", "board"), ("one incident", f"incidents/{number}"), ("dashboard", "dashboard")):
        for _ in range(TIMES):
            page.goto(f"{url}/{address}", wait_until="commit")
            page.evaluate(_WHOLE)
            found.waits[f"page: {name}"].append(page.evaluate("() => window.looked.whole"))
