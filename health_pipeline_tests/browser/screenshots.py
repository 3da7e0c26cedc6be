"""Take the pictures of docs/img: `make run`, `make ui`, then this in a second shell.

    python -m health_pipeline_tests.browser.screenshots [ADDRESS] [FOLDER] [REPORT]

ADDRESS defaults to that of `make ui`, FOLDER to docs/img, REPORT to data/report/index.html; with
`-` for ADDRESS only the pictures of the report are taken. Needs the `browser` extra and Chromium.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from health_pipeline_tests.browser import chromium

ADDRESS = "http://127.0.0.1:3000"
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "img"
REPORT = ROOT / "data" / "report" / "index.html"
SCORE_PATH = ("4_signals", "5_score")
Clip = dict[str, float]
"""The part of the page that is kept: x, y, width, height."""

RUN_ID = re.compile(r"^[0-9a-f]{8}$")
SETTLE = 3_000
"""Milliseconds for the layout of a graph, after its data are there."""


def asset_graph(page: Any, address: str) -> None:
    """All rooms."""
    page.set_viewport_size({"width": 1600, "height": 900})
    page.goto(f"{address}/asset-groups")
    page.get_by_text("7_learning").last.wait_for()
    page.get_by_text("Hide navigation").click()
    page.reload()  # the graph is fitted to its frame when it is loaded
    page.get_by_text("7_learning").last.wait_for()
    page.wait_for_timeout(SETTLE)


def asset_graph_score(page: Any, address: str) -> None:
    """The rooms of signals and score with their assets."""
    page.set_viewport_size({"width": 1600, "height": 1000})
    chosen = " or ".join(f'group:"{room}"' for room in SCORE_PATH)
    opened = ",".join(f"global@global:{room}" for room in SCORE_PATH)
    page.goto(f"{address}/asset-groups~{quote(chosen)}/?expanded={quote(opened)}")
    page.get_by_text("score_changes").last.wait_for()
    page.wait_for_timeout(SETTLE)


def asset_page(page: Any, address: str) -> None:
    """The last day of health_scores, with the plot that is behind its link."""
    page.goto(f"{address}/assets/health_scores?view=events")
    row = page.locator("tr", has=page.get_by_text("tier_shares", exact=True))
    row.get_by_text("Show Markdown").click()
    page.get_by_role("img", name="Share of accounts in each tier").wait_for()
    page.wait_for_timeout(SETTLE)


def run(page: Any, address: str) -> Clip:
    """The steps of the run that made the last day of health_scores, without the log below them.

    The log names places of the machine; a picture of it would carry them.
    """
    page.set_viewport_size({"width": 1600, "height": 1500})
    page.goto(f"{address}/assets/health_scores?view=events")
    link = page.locator('a[href*="/runs/"]', has_text=RUN_ID).first
    run_id = link.get_attribute("href").split("/runs/")[1].split("?")[0]
    page.goto(f"{address}/runs/{run_id}")
    page.get_by_text("landing", exact=True).first.wait_for()
    page.wait_for_timeout(SETTLE)
    log = page.get_by_text("stdout", exact=True)
    page.mouse.move(900, log.bounding_box()["y"] - 27)
    page.mouse.down()
    page.mouse.move(900, 1100, steps=5)  # the steps need more room than the log
    page.mouse.up()
    page.wait_for_timeout(SETTLE)
    return {"x": 0, "y": 0, "width": 1600, "height": log.bounding_box()["y"] - 27}


def report(page: Any, address: str) -> None:
    """The portfolio, as the report opens."""
    page.goto(address)
    page.locator("#trend svg").wait_for()


def report_account(page: Any, address: str) -> None:
    """The account that fell the most among those that are Red."""
    report(page, address)
    page.locator("#falls details", has=page.locator(".red")).first.locator("summary").click()
    page.locator("#falls details[open] a").click()
    page.get_by_role("dialog").locator(".chart svg").last.wait_for()
    page.wait_for_timeout(500)  # the sheet slides in
    page.evaluate("document.activeElement.blur()")


def report_phone(page: Any, address: str) -> None:
    """Movers and accounts on a phone, at night."""
    report(page, address)
    page.locator("#movers").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('movers').scrollIntoView()")


OF_REPORT: dict[Any, dict[str, Any]] = {
    report: {"viewport": {"width": 1280, "height": 900}},
    report_account: {"viewport": {"width": 1280, "height": 1150}},
    report_phone: {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


def main(address: str = ADDRESS, folder: str = str(FOLDER), found: str = str(REPORT)) -> None:
    """Take all pictures; they are named like the functions above."""
    lacking = chromium.missing()
    if lacking:
        raise SystemExit(lacking)
    Path(folder).mkdir(parents=True, exist_ok=True)
    if address != "-":
        with chromium.page() as page:
            for picture in (asset_graph, asset_graph_score, asset_page, run):
                clip = picture(page, address)
                _keep(page, Path(folder) / f"{picture.__name__}.png", clip)
    for picture, how in OF_REPORT.items():
        with chromium.page(**how) as page:
            picture(page, Path(found).resolve().as_uri())
            _keep(page, Path(folder) / f"{picture.__name__}.png")


def _keep(page: Any, target: Path, clip: Clip | None = None) -> None:
    page.screenshot(path=str(target), clip=clip)
    print(f"{target}: {target.stat().st_size // 1024} KB")  # noqa: T201 - a tool for the shell


if __name__ == "__main__":
    main(*sys.argv[1:])
