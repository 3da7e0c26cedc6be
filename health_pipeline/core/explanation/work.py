"""Every step from raw values to a tier, as arithmetic that a calculator repeats (R74).

Formulas: science.md, "Normalisation" and "Trend and state". The words are made of stored rows only,
so that the terminal and the page of the asset say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Any

import polars as pl

from health_pipeline.core.explanation.figures import figure, places, ramp
from health_pipeline.core.explanation.tier_work import Judged, gate_table, tier_lines
from health_pipeline.core.schemas.freshness import OBSERVED_FROM, freshness
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.schemas.words import score_words

KNOTS = ("k0", "k60", "k80", "k100")
SHOWN_DECIMALS = 4
"""Of points and of the score that they add up to."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """One step: a table (or none) and the lines below it."""

    title: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()


def work(
    score: Row,
    drivers: pl.DataFrame,
    specs: Sequence[SignalSpec],
    shown: Sequence[float] | None,
    judged: Judged,
) -> list[Section]:
    """The arithmetic behind one score.

    Args:
        score: its row of `health_scores`.
        drivers: its rows of `contributions` with `value`, `unit`, `freshness_hours` of `signals`
            and `k0`, `k60`, `k80`, `k100` of the baseline that it was scored with.
        specs: the signals of the model that it was scored with: weight, ttl, half-life, direction.
        shown: points of each of `drivers` at `SHOWN_DECIMALS`, rounded so that they add up to the
            score as it is shown; None when there is no score.
        judged: what surrounds the tier.

    Returns:
        Subscores, points, coverage, gates and tier, in this order. A signal that is not observed is
        listed with the reason, weight 0 and points 0.
    """
    known = {spec.name: spec.within(score["segment"]) for spec in specs}
    rows = [(row, known[row["signal"]]) for row in _aged(drivers, specs).iter_rows(named=True)]
    return [
        Section(
            f"Raw value → knots of segment {score['segment']} → subscore",
            ("signal", "raw value", "knots 0 / 60 / 80 / 100", "subscore"),
            tuple(starmap(_subscore_row, rows)),
        ),
        _points(score, rows, shown),
        _coverage(score, rows, judged),
        Section("Gates: each caps the tier", *gate_table(judged)),
        Section("Score → tier", lines=tuple(tier_lines(score, judged))),
    ]


def markdown(title: str, sections: Sequence[Section]) -> str:
    """The sections as one page of Markdown."""
    parts = [f"#### {title}"]
    for section in sections:
        parts.append(f"**{section.title}**")
        if section.rows:
            head = [section.columns, tuple("---" for _ in section.columns)]
            # a bar would end the cell
            cells = ([cell.replace("|", "\\|") for cell in row] for row in [*head, *section.rows])
            parts.append("\n".join(f"| {' | '.join(row)} |" for row in cells))
        if section.lines:
            parts.append("\n".join(f"- {line}" for line in section.lines))
    return "\n\n".join(parts)


def _aged(drivers: pl.DataFrame, specs: Sequence[SignalSpec]) -> pl.DataFrame:
    """`drivers` with `age` in days and freshness `f`, null where the age is unknown."""
    terms = pl.DataFrame(
        [(spec.name, spec.ttl_days, spec.half_life_days) for spec in specs],
        schema={"signal": pl.String(), "ttl": pl.Float64(), "half_life": pl.Float64()},
        orient="row",
    )
    return (
        drivers.join(terms, on="signal", how="left", maintain_order="left")
        .with_columns(age=pl.col("freshness_hours") / 24.0)
        .with_columns(f=freshness(pl.col("age"), pl.col("ttl"), pl.col("half_life")))
    )


def _speaks(row: Row) -> bool:
    return row["subscore"] is not None


def _words(status: str) -> str:
    return status.replace("_", " ")


def _subscore_row(row: Row, spec: SignalSpec) -> tuple[str, ...]:
    raw = "-" if row["value"] is None else f"{figure(row['value'])} {row['unit'] or ''}".strip()
    knots = [row[name] for name in KNOTS]
    thresholds = "-" if None in knots else " / ".join(figure(knot, 6) for knot in knots)
    if not _speaks(row):
        return spec.name, raw, thresholds, f"none: {_words(row['status'])}"
    scored = ramp(row["value"], knots, row["subscore"], higher_is_better=spec.higher_is_better)
    return spec.name, raw, thresholds, scored


def _points(
    score: Row, rows: Sequence[tuple[Row, SignalSpec]], shown: Sequence[float] | None
) -> Section:
    weights = [spec.weight for row, spec in rows if _speaks(row)]
    total, whole = figure(sum(weights)), sum(weights)
    cells, told = [], []
    for at, (row, spec) in enumerate(rows):
        weight = figure(spec.weight)
        if not _speaks(row) or not whole:
            cells.append((spec.name, weight, f"0: {_words(row['status'])}", "0"))
            continue
        share = f"{weight} / {total}"
        points = "none: unscored"
        if shown is not None:
            told.append(shown[at])
            points = f"{share} × {places(row['subscore'])} = {places(shown[at])}"
        cells.append((spec.name, weight, f"{share} = {places(row['weight'], 6)}", points))
    lines = [f"Σ w of what is observed = {_sum(map(figure, weights))} = {total}"]
    if shown is not None:
        parts = _sum(places(one) for one in told)
        unrounded = places(sum(shown))
        floored = score_words(score["score"])
        lines.append(f"Score = Σ points = {parts} = {unrounded}, shown as {floored}")
    columns = ("signal", "weight w", "effective weight ω = w / Σ w", "points = ω × subscore")
    return Section("Subscore × effective weight → points", columns, tuple(cells), tuple(lines))


def _sum(parts: Any) -> str:
    return " + ".join(parts) or "0"


def _coverage(score: Row, rows: Sequence[tuple[Row, SignalSpec]], judged: Judged) -> Section:
    cells, fresh, applicable = [], [], []
    for row, spec in rows:
        if row["status"] == "not_applicable":
            cells.append((spec.name, "-", "-", "not applicable: in neither sum"))
            continue
        applicable.append(figure(spec.weight))
        age = "-" if row["age"] is None else figure(row["age"])
        term = _unobserved(row)
        if _speaks(row):
            fresh.append(places(spec.weight * row["f"], 6))
            term = f"{figure(spec.weight)} × {places(row['f'], 6)} = {fresh[-1]}"
        cells.append((spec.name, age, _fades(row, age), term))
    terms = f"({_sum(fresh)}) / ({_sum(applicable)})" if applicable else "0"
    enough = "at least" if score["coverage"] >= judged.min_coverage else "below"
    verdict = f"{enough} {figure(judged.min_coverage)}"
    reached = f"{verdict}: {'unscored' if score['score'] is None else 'scored'}"
    line = f"Coverage = Σ w × f / Σ w of what applies = {terms} = {places(score['coverage'], 6)}"
    return Section(
        "Freshness f = 2^(−max(0, age − ttl) / half-life) → coverage",
        ("signal", "age in days", "f", "w × f"),
        tuple(cells),
        (line, f"Coverage is {reached}"),
    )


def _unobserved(row: Row) -> str:
    """Why a signal counts nothing; a kind may call old what has hardly faded."""
    word = f"0: {_words(row['status'])}"
    is_fresh = row["f"] is not None and row["f"] >= OBSERVED_FROM
    return f"{word}, older than the signal takes" if is_fresh and row["status"] == "stale" else word


def _fades(row: Row, age: str) -> str:
    if row["f"] is None:
        return "-"
    fading = f"2^(−max(0, {age} − {figure(row['ttl'])}) / {figure(row['half_life'])})"
    below = "" if row["f"] >= OBSERVED_FROM else f", below {OBSERVED_FROM:g}: stale"
    return f"{fading} = {places(row['f'], 6)}{below}"
