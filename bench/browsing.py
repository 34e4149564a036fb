"""
A real browser before the console's list: when a changed row stood on the page.

Run as a process of its own, so that neither loop waits for the other: `python -m bench.browsing ADDRESS LINK`. It says
`ready` when the list is live, waits for a line on standard input, and prints what it saw as JSON.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from playwright.sync_api import ViewportSize, sync_playwright

Seen = Mapping[str, list[tuple[int, float]]]
"""By asset: each count of firing occurrences that its row showed first, and when, in seconds since 1970."""

_PASSWORD = "four quiet words nobody knows"
_ALONE = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
_TALL = ViewportSize(width=1440, height=2_400)  # so that every row of the run is on the page
_WATCH = """() => {
  window.seen = {};
  const look = () => {
    const now = Date.now() / 1000;
    for (const row of document.querySelectorAll("[role=row][data-number]")) {
      const found = /(\\S+-\\d+)[\\s\\S]*?([\\d,]+)\\s*→/.exec(row.innerText);
      if (!found) continue;
      const [, asset, said] = found, count = Number(said.replaceAll(",", ""));
      const before = window.seen[asset] ??= [];
      if (!before.length || before[before.length - 1][0] < count) before.push([count, now]);
    }
  };
  const what = {subtree: true, childList: true, characterData: true};
  new MutationObserver(() => requestAnimationFrame(look)).observe(document.body, what);
}"""


def absent() -> str:
    """Why no page can be watched here; empty when one can."""
    return "" if shutil.which("chromium") else "there is no Chromium"


class Page:
    """A page under watch."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def told(self) -> Seen:
        """What it saw; it is looked at no more."""
        out, _ = self._process.communicate("\n", timeout=60)
        found: dict[str, list[tuple[int, float]]] = json.loads(out.splitlines()[-1])
        return found


@contextmanager
def page_of(url: str, link: str) -> Iterator[Page]:
    """The list of incidents as somebody new sees it, live when the block begins."""
    command = [sys.executable, "-m", "bench.browsing", url, link]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", "the page did not come to be live"
            yield Page(process)
        finally:
            process.kill()


def main() -> None:
    """Watch, until a line comes."""
    _, url, link = sys.argv
    found = shutil.which("chromium")
    assert found is not None, absent()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu", *_ALONE])
        page = browser.new_page(viewport=_TALL)
        page.goto(link)
        for box in page.query_selector_all("input[type=password]"):
            box.fill(_PASSWORD)
        page.click("form button")
        page.wait_for_url("**/board")
        page.goto(f"{url}/incidents?state=open")
        page.wait_for_selector("nav [data-word=live]")
        page.evaluate(_WATCH)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        sys.stdout.write(json.dumps(page.evaluate("window.seen")) + "\n")
        browser.close()


if __name__ == "__main__":
    main()
