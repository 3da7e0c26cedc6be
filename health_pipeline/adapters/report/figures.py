"""How numbers, days and names are written on the page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

NOT_KNOWN = "–"


def count(number: float | None) -> str:
    """A whole number with thousands separators."""
    return NOT_KNOWN if number is None else f"{number:,.0f}"


def percent(share: float | None) -> str:
    """A share from 0 to 1; small ones with one decimal."""
    if share is None:
        return NOT_KNOWN
    return f"{share:.1%}" if 0 < share < 0.1 else f"{share:.0%}"


def words(name: str | None) -> str:
    """A snake_case name as people read it."""
    spaced = (name or NOT_KNOWN).replace("_", " ")
    return spaced[:1].upper() + spaced[1:]


def day(iso: str | date | None) -> str:
    """27 Nov 2026."""
    if iso is None:
        return NOT_KNOWN
    found = iso if isinstance(iso, date) else date.fromisoformat(iso)
    return f"{found.day} {found:%b %Y}"


def moment(iso: str) -> str:
    """27 Nov 2026, 02:13; of a moment in UTC."""
    found = datetime.fromisoformat(iso)
    return f"{day(found.date())}, {found:%H:%M}"


def changes(tier: Mapping[str, Any]) -> str:
    """How many accounts came or went: "−4 in a week, +2 in 30 days"."""
    told = [
        f"{_signed(tier['accounts'] - tier[f'accounts_{name}_ago'])} in {words_}"
        for name, words_ in (("week", "a week"), ("month", "30 days"))
        if tier[f"accounts_{name}_ago"] is not None
    ]
    return ", ".join(told) or "no earlier day to compare with"


def risk_share(part: Mapping[str, Any]) -> str:
    """Which share of the ARR of a segment or band is at risk."""
    if not part["arr"]:
        return NOT_KNOWN
    return percent(part["arr_at_risk"] / part["arr"])


def _signed(number: int) -> str:
    return "±0" if number == 0 else f"{number:+d}".replace("-", "−")
