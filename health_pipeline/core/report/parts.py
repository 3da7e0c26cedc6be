"""What makes a score, and what moved it in a week: parts that add up as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from health_pipeline.core.report.order import moves
from health_pipeline.core.report.read import WEEK, Read
from health_pipeline.core.schemas.display import shown_parts
from health_pipeline.core.schemas.words import floored

MOST_PARTS = 7
"""Parts of a move that are named; what is left is one part more."""

REST = "smaller"
"""Effect of the part that stands for the smaller ones."""

_TENTHS = pl.Struct({"signal": pl.String, "effect": pl.String, "tenths": pl.Int64})


def drivers(read: Read, accounts: pl.DataFrame) -> pl.DataFrame:
    """`account_id`, and the signals that speak as lists, what weighs most against the norm first.

    Lists: `d_signal`, `d_points` (tenths; they add up to the shown score), `d_vs` (tenths, against
    the segment's norm), `d_weight` (tenths of a percent), `d_sub` (subscore), `d_value` and
    `d_norm` (of the raw value). An account without a score has none.
    """
    seen = read.signals.select("account_id", "signal", "value", "segment_baseline")
    speaking = (
        read.contributions.filter(pl.col("weight") > 0)
        .join(accounts, "account_id", "semi")
        .join(seen, ["account_id", "signal"], "left")
        .join(read.scores.select("account_id", "score").drop_nulls(), "account_id")
        .sort("account_id", "points_vs_reference", "signal")
    )
    totals = speaking.group_by("account_id", maintain_order=True).agg(
        "points", total=floored(pl.col("score").first())
    )
    shown = [
        tenths
        for parts, total in totals.select("points", "total").iter_rows()
        for tenths in adding_up(parts, total)
    ]
    return (
        speaking.with_columns(pl.Series("shown", shown, dtype=pl.Int64))
        .group_by("account_id", maintain_order=True)
        .agg(
            d_signal="signal",
            d_points="shown",
            d_vs=(pl.col("points_vs_reference") * 10).round().cast(pl.Int32),
            d_weight=(pl.col("weight") * 1000).round().cast(pl.Int32),
            d_sub=pl.col("subscore").round().cast(pl.Int32),
            d_value=pl.col("value").round_sig_figs(3),
            d_norm=pl.col("segment_baseline").round_sig_figs(3),
        )
    )


def week_moves(read: Read, accounts: pl.DataFrame) -> pl.DataFrame:
    """`account_id`, `move`: the parts of the move since last week, the largest first.

    A part has signal (null: all of them), effect, tenths. They add up to the move that is shown.
    """
    empty = pl.DataFrame(schema={"account_id": pl.String, "move": pl.List(_TENTHS)})
    if read.day is None:
        return empty
    week = read.changes.filter(pl.col("compared_with") == read.day - timedelta(days=WEEK))
    grouped = (
        week.join(accounts, "account_id", "semi")
        .join(moves(read), "account_id")
        .sort("account_id", pl.col("points").abs(), "signal", descending=[False, True, False])
        .group_by("account_id", maintain_order=True)
        .agg("signal", "effect", "points", pl.col("moved").first())
    )
    told = [
        _told(list(zip(signals, effects, points, strict=True)), moved)
        for signals, effects, points, moved in grouped.drop("account_id").iter_rows()
    ]
    if not told:
        return empty
    return grouped.select("account_id", pl.Series("move", told, dtype=pl.List(_TENTHS)))


Part = tuple[str | None, str, float]


def _told(parts: list[Part], moved: float) -> list[dict[str, object]]:
    named, rest = parts[:MOST_PARTS], parts[MOST_PARTS:]
    if rest:
        named = [*named, (None, REST, sum(points for _, _, points in rest))]
    tenths = adding_up([points for _, _, points in named], moved)
    return [
        {"signal": signal, "effect": effect, "tenths": shown}
        for (signal, effect, _), shown in zip(named, tenths, strict=True)
    ]


def adding_up(parts: Sequence[float], total: float) -> list[int]:
    """`parts` in tenths that add up to the tenths of `total`.

    By largest remainder. Where `total` lies a tenth beside the sum, which floors of binary numbers
    can bring about, the first and largest part takes the tenth.
    """
    wanted = round(total * 10)
    try:
        return [round(part * 10) for part in shown_parts(parts, total)]
    except ValueError:
        shown = [round(part * 10) for part in shown_parts(parts, round(sum(parts), 1))]
        return [shown[0] + wanted - sum(shown), *shown[1:]]
