"""
Pictures of every page: light and dark, wide and phone, with nothing, little and much in it.

    python -m tests.screens [--into build/screens] [--only incidents,board] [--amounts much] [--shape wide]

Each picture is WebP, since PNG would be five times as large; Chromium itself makes it. `index.html` beside them shows
them all.
"""

from __future__ import annotations

import argparse
import base64
import html
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.places import open_place
from tests.screens.story import AMOUNTS, Story, Teller
from tests.server import in_folder, serving

SCHEMES = ("light", "dark")
SHAPES = {"wide": (1440, 900), "phone": (390, 844)}
_PASSWORD = "four quiet words nobody knows"
_ALONE = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
_QUALITY = 0.72
_PATIENCE_MS = 30_000
_TO_WEBP = """async ([png, quality]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""


@dataclass(frozen=True)
class Wanted:
    """Which pictures, and where they go."""

    into: Path
    amounts: Sequence[str]
    schemes: Sequence[str]
    shapes: Sequence[str]
    pages: Sequence[str]


class Shooter:
    """Takes pictures with one browser; each scheme and shape has a window that stays signed in."""

    def __init__(self, browser: Browser, wanted: Wanted) -> None:
        self._browser = browser
        self._wanted = wanted
        self._darkroom = browser.new_page()

    def shoot(self, amount: str, story: Story, url: str) -> Iterator[Path]:
        """All pictures of one amount."""
        entered = self._browser.new_context()
        self._enter(entered.new_page(), story.link)
        state = entered.storage_state()
        entered.close()
        for scheme in self._wanted.schemes:
            for shape in self._wanted.shapes:
                width, height = SHAPES[shape]
                context = self._browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if scheme == "dark" else "light",
                    reduced_motion="reduce",
                    storage_state=state,
                )
                context.set_default_timeout(_PATIENCE_MS)
                page = context.new_page()
                for name, path in story.pages.items():
                    if not self._wanted.pages or name in self._wanted.pages:
                        page.goto(url + path)
                        self._settle(page)
                        yield self._keep(page, f"{name}-{amount}-{scheme}-{shape}.webp")
                context.close()

    @staticmethod
    def _enter(page: Page, link: str) -> None:
        page.goto(link)
        for box in page.query_selector_all("input[type=password]"):
            box.fill(_PASSWORD)
        page.click("form button")
        page.wait_for_url("**/board")

    @staticmethod
    def _settle(page: Page) -> None:
        page.wait_for_load_state("networkidle")
        page.wait_for_function("() => document.querySelector('h1') && !document.querySelector('[data-skeleton]')")
        page.evaluate("() => document.fonts.ready")

    def _keep(self, page: Page, name: str) -> Path:
        png = base64.b64encode(page.screenshot()).decode()
        found: str = self._darkroom.evaluate(_TO_WEBP, [png, _QUALITY])
        path = self._wanted.into / name
        path.write_bytes(base64.b64decode(found))
        return path


def take(wanted: Wanted) -> Iterator[Path]:
    """Start a server for each amount, tell its story, and take its pictures."""
    wanted.into.mkdir(parents=True, exist_ok=True)
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("no Chromium here; `make services` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu", *_ALONE])
        shooter = Shooter(browser, wanted)
        for amount in wanted.amounts:
            with open_place("aw-screens-") as folder:
                place = in_folder(folder / "data")
                with serving(place) as server:
                    story = Teller(place, server).tell(amount, datetime.now(UTC))
                    yield from shooter.shoot(amount, story, server.url)
        browser.close()


def index(pictures: Sequence[Path]) -> str:
    """A page that shows them all."""
    figures = "".join(
        f'<figure><img loading="lazy" src="{html.escape(one.name)}"><figcaption>{html.escape(one.stem)}</figcaption>'
        "</figure>"
        for one in pictures
    )
    style = "body{display:flex;flex-wrap:wrap;gap:12px;font:13px sans-serif}img{height:320px;border:1px solid #999}"
    return f"<!doctype html><meta charset=utf-8><title>Screens</title><style>{style}figure{{margin:0}}</style>{figures}"


def _some(allowed: Sequence[str], text: str) -> list[str]:
    chosen = [one for one in text.split(",") if one] or list(allowed)
    if unknown := set(chosen) - set(allowed):
        raise SystemExit(f"there is no {', '.join(sorted(unknown))}: choose of {', '.join(allowed)}")
    return chosen


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("build/screens"))
    parser.add_argument("--only", default="", help="pages by name, separated by commas; else all")
    parser.add_argument("--amounts", default="")
    parser.add_argument("--schemes", default="")
    parser.add_argument("--shapes", default="")
    given = parser.parse_args()
    wanted = Wanted(
        given.into,
        _some(AMOUNTS, given.amounts),
        _some(SCHEMES, given.schemes),
        _some(tuple(SHAPES), given.shapes),
        [one for one in given.only.split(",") if one],
    )
    began = time.monotonic()
    pictures = []
    for path in take(wanted):
        pictures.append(path)
        sys.stdout.write(f"{path.name} {path.stat().st_size // 1024} KB\n")
        sys.stdout.flush()
    (wanted.into / "index.html").write_text(index(pictures))
    sys.stdout.write(f"{len(pictures)} pictures in {wanted.into}, {time.monotonic() - began:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
