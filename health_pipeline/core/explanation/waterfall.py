"""One move of a score as it is shown: from where to where, and the parts between, which add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import floor

import polars as pl

from health_pipeline.core.schemas.words import DRIFT

MOST_PARTS = 6
WORDS = {
    "behaviour": "",
    "measure": "measured otherwise",
    "segment": "another segment",
    "identity": "records that joined",
}
"""How an effect is called; `behaviour` goes without saying, others by their name."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Shown figures, at one decimal: `start` + Σ points of `parts` = `end`.

    Attributes:
        since: day that is compared with.
        start: score of that day; `end`: score of the day that is explained. Floored, as elsewhere.
        parts: what it is called, and its points; the largest first, the rest as one.
    """

    since: date
    start: float
    end: float
    parts: tuple[tuple[str, float], ...]


def waterfall(changes: pl.DataFrame, score: float, most: int = MOST_PARTS) -> Waterfall:
    """The waterfall of one comparison.

    Args:
        changes: rows of `RESULT_TABLES["score_changes"]` with one `compared_with`, at least one.
        score: of the day that is explained.
        most: so many parts stand by themselves.
    """
    largest = changes.sort(
        pl.col("points").abs(), "signal", "effect", descending=[True, False, False]
    )
    named = [
        (_called(signal, effect), points)
        for signal, effect, points in largest.select("signal", "effect", "points").iter_rows()
    ]
    told, rest = named[:most], named[most:]
    if len(rest) == 1:
        told, rest = named, []
    if rest:
        told.append((f"{len(rest)} smaller parts", sum(points for _, points in rest)))
    start, end = _tenths(score - changes["delta"][0]), _tenths(score)
    shown = _rounded([points * 10 for _, points in told], end - start)
    parts = tuple((name, units / 10) for (name, _), units in zip(told, shown, strict=True))
    return Waterfall(changes["compared_with"][0], start / 10, end / 10, parts)


def _called(signal: str | None, effect: str) -> str:
    word = WORDS.get(effect, effect)
    name = (signal or "").replace("_", " ")
    return f"{name} ({word})" if name and word else name or word


def _tenths(score: float) -> int:
    return floor(score * 10 + DRIFT)


def _rounded(units: list[float], total: int) -> list[int]:
    """Whole units that add up to `total`, which is less than one away from their sum.

    Largest remainder: each is cut, and those that lost most are raised.
    """
    cut = [floor(unit) for unit in units]
    order = sorted(range(len(units)), key=lambda n: cut[n] - units[n])
    missing = total - sum(cut)
    raised = set(order[: max(missing, 0)])
    found = [unit + (n in raised) for n, unit in enumerate(cut)]
    if found and missing < 0:  # the ends were cut, too: the last unit is taken from the largest cut
        found[order[-1]] += missing
    return found
