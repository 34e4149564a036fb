"""
Lighthouse over the served console, where somebody installed it outside of the project: it is no dependency of ours.

Its performance score is wall time, so it says something only on a machine that does nothing else; `benchmark` is its
own measure of how quick the machine was (a desktop has 1,500 and more).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import pages

PRESETS = ("desktop", "mobile")
_PAGES = {"sign-in": "/sign-in", "incidents": "/incidents?state=open", "board": "/board", "dashboard": "/dashboard"}
_CATEGORIES = ("performance", "accessibility", "best-practices")
_TIMES = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
_FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-background-networking --no-first-run"
_PATIENCE_S = 300


def program_in(folder: Path) -> Path:
    """
    Lighthouse's command.

    Args:
        folder: where `npm install lighthouse` was run.

    Raises:
        FileNotFoundError: it is not there.
    """
    program = folder / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not program.is_file():
        raise FileNotFoundError(f"no Lighthouse in {folder}: run `npm install lighthouse` in it")
    return program


def table(program: Path, url: str, link: str, folder: Path) -> Iterator[str]:
    """
    The lines of the report, as Markdown: scores by page, then what a score below 100 names.

    Args:
        link: by which somebody who serves all companies chooses a password.
        folder: for what Lighthouse reads and writes.
    """
    cookies = pages.signed_in(link)
    headers = folder / "headers.json"
    headers.write_text(json.dumps({"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}))
    yield f"| Lighthouse | {' | '.join((*_CATEGORIES, *_TIMES))} | benchmark |"
    yield "|---|" + "---|" * (len(_CATEGORIES) + len(_TIMES) + 1)
    named: list[str] = []
    for preset in PRESETS:
        for name, path in _PAGES.items():
            found = _look(program, url + path, preset, folder, None if name == "sign-in" else headers)
            scores = [f"{found['categories'][one]['score'] * 100:.0f}" for one in _CATEGORIES]
            times = [found["audits"][one].get("displayValue", "") for one in _TIMES]
            machine = f"{found['environment']['benchmarkIndex']:.0f}"
            yield f"| {name}, {preset} | {' | '.join((*scores, *times, machine))} |"
            named += [f"- {name}, {preset}: {what}" for what in _named(found)]
    yield ""
    yield from named


def _look(program: Path, address: str, preset: str, folder: Path, headers: Path | None) -> dict[str, Any]:
    written = folder / "lighthouse.json"
    node, chromium = shutil.which("node"), shutil.which("chromium")
    assert node is not None, "there is no Node.js"
    assert chromium is not None, "there is no Chromium"
    command = [node, str(program), address, "--quiet", "--output=json", f"--output-path={written}"]
    command += [f"--only-categories={','.join(_CATEGORIES)}", f"--chrome-flags={_FLAGS}"]
    command += [f"--preset={preset}"] if preset == "desktop" else []
    command += [f"--extra-headers={headers}"] if headers is not None else []
    environ = {"PATH": str(Path(node).parent), "HOME": str(folder), "CHROME_PATH": chromium}
    subprocess.run(command, check=True, timeout=_PATIENCE_S, env=environ, capture_output=True)
    found: dict[str, Any] = json.loads(written.read_text())
    return found


def _named(found: dict[str, Any]) -> Iterator[str]:
    """What accessibility and best practices name."""
    for category in _CATEGORIES[1:]:
        for reference in found["categories"][category]["auditRefs"]:
            audit = found["audits"][reference["id"]]
            if reference["weight"] > 0 and audit["score"] is not None and audit["score"] < 1:
                items = audit.get("details", {}).get("items", [])
                where = [item["node"]["selector"] for item in items if "node" in item][:3]
                yield f"{audit['title']} ({reference['id']}) {'; '.join(where)}".strip()
