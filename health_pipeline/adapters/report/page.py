"""The report as one HTML document that needs nothing else: no server, no request."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from health_pipeline.adapters.report import figures
from health_pipeline.adapters.report.pack import as_json, detail_pieces, packed, row_pieces
from health_pipeline.core.report.report import Report
from health_pipeline.core.schemas.words import counted

HERE = Path(__file__).parent
SCRIPTS = ("base.js", "charts.js", "table.js", "detail.js", "app.js")
"""In this order, in one scope of their own."""


def page(report: Report) -> str:
    """The whole document.

    Names and words of sources are escaped wherever they stand. The template calls safe what is ours
    (style, scripts), what is base64, and JSON that `in_script` made harmless.
    """
    head = report.head
    rows = list(row_pieces(report.rows))
    details, opened = detail_pieces(report.details)
    data = {
        **head,
        "columns": list(report.rows),
        "row_chunks": len(rows),
        "details": opened,
        "charts": charts(),
    }
    shown = {
        **head,
        "lead": lead(head),
        "renewal_words": renewal_words(head),
        "trend_words": trend_words(head),
        "style": _static("style.css"),
        "script": _script(),
        "vega": _static("vega.js"),
        "head": in_script(as_json(data)),
        "rows": rows,
        "coming": packed(report.renewals),
        "details": details,
    }
    return str(_template().render(shown))


def lead(head: dict[str, Any]) -> str:
    """The portfolio in one or two sentences."""
    tiers = {row["tier"]: row for row in head["portfolio"]["tiers"]}
    red, currency = tiers["red"], head["currency"]
    arrs = [row["arr"] for row in tiers.values() if row["arr"] is not None]
    is_one = 1 in (red["accounts"], head["accounts"])
    told = (
        f"{figures.count(red['accounts'])} of {counted(head['accounts'], 'customer')} "
        f"{'is' if is_one else 'are'} Red"
    )
    if arrs and sum(arrs):
        at_risk = red["arr"] or 0.0
        told += (
            f", with {figures.count(at_risk)} of {figures.count(sum(arrs))} {currency} ARR "
            f"({figures.percent(at_risk / sum(arrs))})"
        )
    if red["accounts_week_ago"] is not None:
        told += f"; a week ago {figures.count(red['accounts_week_ago'])}"
    return f"{told}."


def renewal_words(head: dict[str, Any]) -> str:
    """How many renewals, what they are worth, how many are blocked."""
    found = head["renewals"]
    told = [counted(found["ahead"], "renewal")]
    if found["amount"] is not None:
        told.append(f"{figures.count(found['amount'])} {head['currency']}")
    said = f"{', '.join(told)}."
    if found["foreign"]:
        other, have = figures.count(found["foreign"]), "has" if found["foreign"] == 1 else "have"
        said += f" {other} in another currency {have} no amount here."
    if found["overdue"]:
        overdue, are = figures.count(found["overdue"]), _are(found["overdue"])
        said += f" {overdue} more should have been closed before and {are} still open."
    if found["long_overdue"]:
        longer, are = figures.count(found["long_overdue"]), _are(found["long_overdue"])
        said += f" {longer} overdue for longer {are} not listed."
    if found["blocked"]:
        said += f" The discount guard blocks {figures.count(found['blocked'])}."
    if not found["from_crm"]:
        said += " No renewals are connected: dates are those on which contracts end."
    return said


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def trend_words(head: dict[str, Any]) -> str:
    """What the chart of the portfolio shows, for those who do not see it."""
    trend = head["portfolio"]["trend"]
    if not trend["date"]:
        return "No history."
    first, last = trend["date"][0], trend["date"][-1]
    told = ", ".join(f"{tier} {trend[tier][0]} to {trend[tier][-1]}" for tier in head["tiers"])
    return f"Accounts by tier from {figures.day(first)} to {figures.day(last)}: {told}."


@cache
def charts() -> dict[str, Any]:
    """The Vega specifications by name, without data."""
    return {
        path.name.split(".")[0]: json.loads(path.read_text("utf-8"))
        for path in sorted((HERE / "charts").glob("*.vg.json"))
    }


def in_script(text: str) -> str:
    """JSON that cannot end the script element that it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _static(name: str) -> str:
    return (HERE / "static" / name).read_text("utf-8")


def _script() -> str:
    return '(() => {\n"use strict";\n' + "\n".join(map(_static, SCRIPTS)) + "\n})();"


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(HERE / "static"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {
        "count": figures.count,
        "counted": counted,
        "money": figures.count,
        "percent": figures.percent,
        "words": figures.words,
        "day": figures.day,
        "moment": figures.moment,
        "changes": figures.changes,
        "risk_share": figures.risk_share,
    }
    return environment.get_template("page.html")
