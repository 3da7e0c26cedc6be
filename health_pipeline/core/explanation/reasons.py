"""Reason codes: the drivers that move a score away from its segment's median (R80, R81)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import polars as pl

from health_pipeline.core.explanation.params import ExplanationRules
from health_pipeline.core.explanation.sentences import Figures, sentence
from health_pipeline.core.schemas.promised.actions import EVIDENCE
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.spec import HEALTHY_FROM, RISK_BELOW, SignalSpec

MOST_STRENGTHS = 2
STRONG = "_strong"
"""Ends the code of a strength, which begins with the name of its signal."""

BEFORE_DAYS = 30
"""Days back from which `value_before` of the evidence is."""
KEY = ("account_id", "date")
ROW = "row"
"""Place in the table that a reason is of."""

MEASURED = "measured"
FIGURES = ("value", "baseline", "observed_on", "detail", "date")
"""Columns that a sentence is filled from."""


def reasons(
    contributions: pl.DataFrame,
    signals: pl.DataFrame,
    specs: Sequence[SignalSpec],
    rules: ExplanationRules,
    gates: pl.DataFrame | None = None,
    gate_signals: Mapping[str, Sequence[str]] | None = None,
    earlier: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The top risks and strengths of each account and day.

    Args:
        contributions: `RESULT_TABLES["contributions"]` of any number of days.
        signals: `RESULT_TABLES["signals"]` of those days.
        specs: the signals' vocabulary.
        rules: how many, and from which size on.
        gates: `account_id`, `date`, `gate` (names of the gates that cap the tier, joined by ", ";
            null for none); `health_scores` has these columns.
        gate_signals: gate → the signals that it looks at (one, or several for a combined gate).
        earlier: `RESULT_TABLES["signals"]` of the days `BEFORE_DAYS` before those; None: there are
            none.

    Returns:
        `RESULT_TABLES["reason_codes"]`. Risks: first the signals of the gates that cap the tier,
        being why it is what it is, however few their points; then points against reference ≤
        −min_points and subscore below 80, most negative first; last what is only watched (weight
        0) and in risk. Strengths: at most two, points ≥ min_points and subscore of 80 or more.

    Raises:
        ValueError: a signal without a spec, or a sentence template with an unknown field.
    """
    capping = _capping(gates, gate_signals)
    drivers = _concerned(contributions.with_row_index(ROW), capping, rules.min_points)
    drivers = drivers.join(capping, on=[*KEY, "signal"], how="left")
    # A combined gate does not say which of its members fired: those that are not healthy are told.
    unhealthy = pl.col("subscore") < HEALTHY_FROM
    drivers = drivers.with_columns(
        caps=(pl.col("caps") == "alone") | ((pl.col("caps") == "together") & unhealthy)
    ).with_columns(
        pl.col("caps").fill_null(False),
        # What speaks without a weight is only watched, everywhere or in this segment.
        watched=(pl.col("weight") == 0) & (pl.col("subscore") < RISK_BELOW),
    )
    chosen = pl.concat([_risks(drivers, rules), _strengths(drivers, rules)])
    seen = _seen(chosen, contributions, signals)
    return RESULT_TABLES["reason_codes"].conform(_worded(seen, specs, earlier))


def _concerned(contributions: pl.DataFrame, capping: pl.DataFrame, least: float) -> pl.DataFrame:
    """What may become a reason: nine rows in ten need not be joined and sorted to see it."""
    points = pl.col("points_vs_reference")
    is_watched = (pl.col("weight") == 0) & (pl.col("subscore") < RISK_BELOW)
    may_cap = pl.col("account_id").is_in(capping["account_id"].unique().implode()) & pl.col(
        "signal"
    ).is_in(capping["signal"].unique().implode())
    return contributions.filter(
        pl.col("subscore").is_not_null()
        & points.is_not_null()
        & ((points.abs() >= least) | is_watched | may_cap)
    ).select(ROW, *KEY, "signal", "subscore", "weight", points=points)


def _seen(chosen: pl.DataFrame, contributions: pl.DataFrame, signals: pl.DataFrame) -> pl.DataFrame:
    """`chosen` with what the signals say of themselves.

    The two tables of a day have the same rows in the same order, and then no key is looked up.
    """
    key = [*KEY, "signal"]
    told = signals.select(
        *key, "value", "unit", "observed_on", "detail", baseline="segment_baseline"
    )
    if told.select(key).equals(contributions.select(key)):
        return pl.concat([chosen, told.drop(key)[chosen[ROW]]], how="horizontal")
    return chosen.join(told, on=key, how="left", maintain_order="left")


def _capping(
    gates: pl.DataFrame | None, gate_signals: Mapping[str, Sequence[str]] | None
) -> pl.DataFrame:
    """Signals behind the gates of each account and day, and whether one stands alone."""
    looks_at = pl.DataFrame(
        [
            (gate, signal, "alone" if len(names) == 1 else "together")
            for gate, names in (gate_signals or {}).items()
            for signal in names
        ],
        schema={"gate": pl.String(), "signal": pl.String(), "caps": pl.String()},
        orient="row",
    )
    if gates is None:
        gates = pl.DataFrame(
            schema={"account_id": pl.String(), "date": pl.Date(), "gate": pl.String()}
        )
    return (
        gates.select(*KEY, "gate")
        .drop_nulls("gate")
        .with_columns(pl.col("gate").str.split(", "))
        .explode("gate")
        .join(looks_at, on="gate")
        .group_by(*KEY, "signal")
        .agg(pl.col("caps").min())  # "alone" sorts before "together"
    )


def _risks(drivers: pl.DataFrame, rules: ExplanationRules) -> pl.DataFrame:
    weighs = (pl.col("points") <= -rules.min_points) & (pl.col("subscore") < HEALTHY_FROM)
    place = pl.int_range(pl.len()).over(KEY)
    always = pl.col("caps") | pl.col("watched")
    return (
        drivers.filter(weighs | always)
        .sort(*KEY, "caps", "points", "signal", descending=[False, False, True, False, False])
        .filter((place < rules.max_reasons) | always)
        .with_columns(rank=place + 1, direction=pl.lit("risk"))
    )


def _strengths(drivers: pl.DataFrame, rules: ExplanationRules) -> pl.DataFrame:
    lifts = (pl.col("points") >= rules.min_points) & (pl.col("subscore") >= HEALTHY_FROM)
    place = pl.int_range(pl.len()).over(KEY)
    return (
        drivers.filter(lifts & ~pl.col("caps"))
        .sort(*KEY, "points", "signal", descending=[False, False, True, False])
        .filter(place < MOST_STRENGTHS)
        .with_columns(rank=place + 1, direction=pl.lit("strength"))
    )


def _worded(
    chosen: pl.DataFrame,
    specs: Sequence[SignalSpec],
    earlier: pl.DataFrame | None,
) -> pl.DataFrame:
    """What was chosen and seen with reason code, sentence, evidence and play."""
    vocabulary = {spec.name: spec for spec in specs}
    unknown = sorted(set(chosen["signal"].unique()) - set(vocabulary))
    if unknown:
        raise ValueError(
            f"contributions name the signals {', '.join(unknown)}, which the model does not define;"
            f" it defines {', '.join(sorted(vocabulary))}"
        )
    told = chosen.join(_before(earlier), on=[*KEY, "signal"], how="left", maintain_order="left")
    plays = {name: spec.play for name, spec in vocabulary.items()}
    tables = {name: ", ".join(spec.reads) for name, spec in vocabulary.items()}
    is_risk = pl.col("direction") == "risk"
    told = told.with_columns(
        pl.col("signal").replace_strict(tables, return_dtype=pl.String).alias("tables")
    )
    return told.with_columns(
        _sentences(told, vocabulary),
        _code(vocabulary).alias("reason_code"),
        pl.when(is_risk)
        .then(pl.col("signal").replace_strict(plays, return_dtype=pl.String))
        .alias("play"),
        pl.struct(field.name for field in EVIDENCE.fields).alias("evidence"),
    )


def _before(earlier: pl.DataFrame | None) -> pl.DataFrame:
    """What was measured `BEFORE_DAYS` before: `value_before`, `before_on`."""
    table = RESULT_TABLES["signals"]
    measured = table.empty() if earlier is None else earlier.filter(pl.col("status") == MEASURED)
    return measured.select(
        "account_id",
        "signal",
        (pl.col("date") + timedelta(days=BEFORE_DAYS)).alias("date"),
        pl.col("value").alias("value_before"),
        pl.col("date").alias("before_on"),
    )


def _code(vocabulary: Mapping[str, SignalSpec]) -> pl.Expr:
    """The code of a risk: the weaker one where the detail does not bear out what the code claims.

    A strength has a code of its own, as that of the risk would say the contrary of it.
    """

    def of(words: dict[str, str]) -> pl.Expr:
        return pl.col("signal").replace_strict(words, return_dtype=pl.String)

    codes = {name: spec.reason_code for name, spec in vocabulary.items()}
    weaker = {name: spec.code_otherwise for name, spec in vocabulary.items()}
    bears_out = (
        (pl.col("signal") == name) & pl.col("detail").str.starts_with(words)
        for name, spec in vocabulary.items()
        for words in spec.code_needs
    )
    claiming = [name for name, spec in vocabulary.items() if spec.code_needs]
    borne_out = ~pl.col("signal").is_in(claiming) | pl.any_horizontal(
        pl.lit(False), *bears_out
    ).fill_null(False)
    return (
        pl.when(pl.col("direction") == "strength")
        .then(pl.col("signal") + STRONG)
        .when(borne_out)
        .then(of(codes))
        .otherwise(of(weaker))
    )


def _sentences(told: pl.DataFrame, vocabulary: Mapping[str, SignalSpec]) -> pl.Series:
    """The sentence of each row; many accounts have the same to be told, which is worded once."""

    @cache
    def said(direction: str, signal: str, *figures: Any) -> str:
        spec = vocabulary[signal]
        value, baseline, observed_on, detail, day = figures
        return sentence(
            spec.risk_sentence if direction == "risk" else spec.strength_sentence,
            Figures(value, baseline, spec.unit, observed_on, detail, day),
        )

    columns = (told[name].to_list() for name in ("direction", "signal", *FIGURES))
    return pl.Series("sentence", list(map(said, *columns)), dtype=pl.String)
