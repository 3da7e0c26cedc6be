"""Why a score moved and what would lift it, as `health explain` prints it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from rich.markup import escape

from health_pipeline.cli.house import out
from health_pipeline.core.explanation.path import LEAST, Path
from health_pipeline.core.explanation.waterfall import Waterfall, waterfall
from health_pipeline.core.schemas.words import score_words
from health_pipeline.core.scoring.display import shown_parts
from health_pipeline.orchestration.explained import Explained
from health_pipeline.orchestration.paths import WayUp

BAR = 24
"""Characters of the longest bar."""


def print_moves(found: Explained) -> None:
    """A waterfall for each earlier day, the largest parts first; then the way to the next tier."""
    if found.score is not None and found.score["score"] is not None:
        for line in change_lines(found.changes, found.score["score"]):
            out.print(line, highlight=False, soft_wrap=True)
    if found.way_up is not None:
        for line in way_lines(found.way_up):
            out.print(line, highlight=False, soft_wrap=True)


def change_lines(changes: pl.DataFrame, score: float) -> Iterator[str]:
    """A line for the move, and one with a bar for each part; what is shown adds up."""
    for _, parts in changes.sort("compared_with", descending=True).group_by(
        "compared_with", maintain_order=True
    ):
        yield from waterfall_lines(waterfall(parts, score))


def waterfall_lines(shown: Waterfall) -> Iterator[str]:
    """`Since 2026-11-20: 69.9 → 61.9, −8.0`, then `  integrations  −4.1 ▇▇▇▇▇▇▇`."""
    moved = signed(round(shown.end - shown.start, 1))
    yield f"[bold]Since {shown.since}: {shown.start:.1f} → {shown.end:.1f}, {moved}[/]"
    width = max((len(name) for name, _ in shown.parts), default=0)
    longest = max((abs(points) for _, points in shown.parts), default=0.0) or 1.0
    for name, points in shown.parts:
        colour = "red" if points < 0 else "green"
        bar = "▇" * max(1, round(abs(points) / longest * BAR))
        drawn = f" [{colour}]{bar}[/]" if points else ""
        yield f"  {escape(name):<{width}} {signed(points):>6}{drawn}"


def signed(points: float) -> str:
    """Points with their sign, and a real minus."""
    return "±0.0" if points == 0 else f"{points:+.1f}".replace("-", "−")


def way_lines(way: WayUp) -> Iterator[str]:
    """What would bring the next tier with the least effort; arithmetic, not a promise."""
    path, tier = way.path, way.tier.capitalize()
    points = f"{path.needs:.1f} more points, to {way.border:g}" if path.needs else ""
    if path.reaches:
        needs = points or "the gates, not points, keep it from there"
        yield f"[bold]Cheapest way to {tier}[/]: {needs}. Arithmetic of the score, not a promise:"
    else:
        blocked = ", ".join(escape(gate.replace("_", " ")) for gate in path.blocked)
        lifted = f"nothing lifts {blocked}" if blocked else ""
        best = f"the best that can be reached is {score_words(path.best)}"
        why = "; ".join(filter(None, [points, lifted, best]))
        yield f"[bold]{tier} is out of reach[/]: {why}. The nearest:"
    for step, given in zip(path.steps, _step_points(path), strict=True):
        name = escape(step.signal.replace("_", " "))
        yield (
            f"  {name} from {score_words(step.start)} to {score_words(step.end)}: "
            f"{given:+.1f} points, play {escape(step.play)}"
        )
    if not path.steps:
        yield "  nothing can be lifted"


def _step_points(path: Path) -> list[float]:
    """Points of each step as shown: together what is needed, or what the steps give instead."""
    parts = [step.points for step in path.steps]
    is_needed = abs(sum(parts) - path.needs) <= LEAST
    total = path.needs if is_needed else sum(parts)
    return shown_parts(parts, round(total, 1))
