"""Why a score moved and what would lift it, as `health explain` prints it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from health_pipeline.cli.house import out
from health_pipeline.core.schemas.words import score_words
from health_pipeline.core.scoring.display import shown_parts
from health_pipeline.orchestration.explained import Explained
from health_pipeline.orchestration.paths import WayUp

MOST_PARTS = 5


def print_moves(found: Explained) -> None:
    """One line for each earlier day, the largest parts first; then the way to the next tier."""
    for line in change_lines(found.changes):
        out.print(line, highlight=False, soft_wrap=True)
    if found.way_up is not None:
        out.print(way_line(found.way_up), highlight=False, soft_wrap=True)


def change_lines(changes: pl.DataFrame) -> Iterator[str]:
    """`Since 2026-05-24: −3.2 = usage_trend −2.1 (behaviour), …`; what is shown adds up."""
    for (day,), parts in changes.sort("compared_with", descending=True).group_by(
        "compared_with", maintain_order=True
    ):
        if isinstance(day, date):
            yield f"Since {day}: {_told(parts)}"


def _told(parts: pl.DataFrame) -> str:
    largest = parts.sort(pl.col("points").abs(), "signal", descending=[True, False])
    named = [
        (f"{signal or 'all signals'} ({effect})", points)
        for signal, effect, points in largest.select("signal", "effect", "points").iter_rows()
    ]
    told, rest = named[:MOST_PARTS], named[MOST_PARTS:]
    if rest:
        told.append((f"{len(rest)} smaller parts", sum(points for _, points in rest)))
    delta = round(float(parts["delta"][0]), 1)
    shown = shown_parts([points for _, points in told], delta)
    listed = ", ".join(f"{name} {_signed(one)}" for (name, _), one in zip(told, shown, strict=True))
    return f"{_signed(delta)} = {listed}"


def _signed(points: float) -> str:
    return "±0.0" if points == 0 else f"{points:+.1f}".replace("-", "−")


def way_line(way: WayUp) -> str:
    """What would bring the next tier with the least effort; arithmetic, not a promise."""
    path = way.path
    head = f"Cheapest way to {way.tier.capitalize()}"
    needs = (
        f"{path.needs:.1f} more points, to {way.border:g}"
        if path.needs
        else "the gates, not points"
    )
    steps = "; ".join(
        f"{step.signal} {score_words(step.start)} → {score_words(step.end)} "
        f"(+{step.points:.1f}, {step.play})"
        for step in path.steps
    )
    if path.reaches:
        return f"{head} ({needs}; arithmetic of the score, not a promise): {steps}."
    why = f"; nothing lifts {', '.join(path.blocked)}" if path.blocked else ""
    best = f"the best that can be reached is {score_words(path.best)}{why}"
    return f"{head} ({needs}): out of reach, {best}. Nearest: {steps or 'nothing to lift'}."
