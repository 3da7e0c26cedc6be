"""What opens behind an account: one column a fact, one value an account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from health_pipeline.core.report.parts import drivers, placed, week_moves
from health_pipeline.core.report.read import HISTORY_DAYS, TIERS, Read
from health_pipeline.core.schemas.words import cap_words, floored, percent

Ints = npt.NDArray[np.int32]

UNKNOWN = -1
"""A score of no day."""

LETTERS = {tier: ord(tier[0]) for tier in TIERS}

CHUNK = 100
"""Accounts that are packed, and opened, together."""


def details(
    read: Read, accounts: pl.DataFrame, signals: Sequence[str]
) -> Iterator[dict[str, list[Any]]]:
    """The details of `accounts` (`account_id`), `CHUNK` of them at a time, in their order.

    Yields:
        Columns with one value an account. Text and figures of the score: `since`, `coverage` (%),
        `gate`, `by_score`, `frozen_by`, `disagreement`, `expansion`, `headline`, `text`, `next`,
        `context`, `override`. Lists: `scores` and `tiers` of `history_days`; `d_…` of the drivers,
        `m_…` of the move, `r_…` of the reasons, and `plays`, as their functions say. A signal is
        its place in `signals`.
    """
    parts = [
        _standing(read),
        _words(read),
        _history(read, accounts),
        _overrides(read),
        _reasons(read, accounts, signals),
        drivers(read, accounts, signals),
        week_moves(read, accounts, signals),
        _plays(read),
    ]
    whole = accounts.select("account_id")
    for part in parts:
        whole = whole.join(part, "account_id", "left", maintain_order="left")
    for start in range(0, whole.height, CHUNK):
        columns = whole.slice(start, CHUNK).drop("account_id")
        yield {column.name: _plain(column) for column in columns}


def _plain(column: pl.Series) -> list[Any]:
    """Values that JSON can hold; a struct as a list: the page knows the names of its fields."""
    dtype = column.dtype
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    values = column.to_list()
    return [_flat(value) for value in values] if isinstance(inner, pl.Struct) else values


def _flat(value: Any) -> Any:
    if isinstance(value, dict):
        return [_flat(one) for one in value.values()]
    return [_flat(one) for one in value] if isinstance(value, list) else value


def history_days(read: Read) -> list[str]:
    """The days of `scores` and `tiers`, as ISO dates, ascending."""
    if read.day is None:
        return []
    return [str(read.day - timedelta(days=back)) for back in range(HISTORY_DAYS, -1, -1)]


def _standing(read: Read) -> pl.DataFrame:
    return read.scores.select(
        "account_id",
        pl.col("tier_since").cast(pl.String).alias("since"),
        percent(pl.col("coverage")).alias("coverage"),
        cap_words().alias("gate"),
        pl.col("tier_by_score").alias("by_score"),
        "frozen_by",
        "disagreement",
        pl.col("expansion_index").round(0).cast(pl.Int32).alias("expansion"),
    )


def _words(read: Read) -> pl.DataFrame:
    return read.narratives.select(
        "account_id", "headline", "text", pl.col("next_steps").alias("next"), "context"
    )


def _history(read: Read, accounts: pl.DataFrame) -> pl.DataFrame:
    """`scores`: tenths, each the difference to the last one known; null without a score.

    `tiers`: the first letter of each day's tier, "-" on a day that is not published.
    """
    empty = {"account_id": pl.String(), "scores": pl.List(pl.Int32), "tiers": pl.String()}
    if read.day is None or accounts.is_empty():
        return pl.DataFrame(schema=empty)
    first = pl.lit(read.day - timedelta(days=HISTORY_DAYS))
    known = accounts.select("account_id").with_row_index("row")
    cells = read.history.join(known, "account_id").select(
        "row",
        day=(pl.col("date") - first).dt.total_days(),
        tenths=(floored(pl.col("score")) * 10).round().cast(pl.Int32),
        letter=pl.col("tier").replace_strict(LETTERS, default=None, return_dtype=pl.UInt8),
    )
    at = (cells["row"].to_numpy(), cells["day"].to_numpy())
    shape = (known.height, HISTORY_DAYS + 1)
    scores, letters = np.full(shape, UNKNOWN, np.int32), np.full(shape, ord("-"), np.uint8)
    scores[at] = cells["tenths"].fill_null(UNKNOWN).to_numpy()
    letters[at] = cells["letter"].fill_null(ord("-")).to_numpy()
    return known.select(
        "account_id",
        pl.Series("scores", _steps(scores)).cast(pl.List(pl.Int32)),
        pl.Series("tiers", [row.tobytes().decode() for row in letters]),
    )


def _steps(scores: Ints) -> pl.Series:
    """Each known score as the difference to the last known one before, the first as it is."""
    columns = np.arange(scores.shape[1])
    last = np.maximum.accumulate(np.where(scores == UNKNOWN, -1, columns), axis=1)
    before = np.hstack([np.full((len(scores), 1), -1), last[:, :-1]])
    known_before = np.where(
        before >= 0, np.take_along_axis(scores, np.maximum(before, 0), axis=1), 0
    )
    flat = pl.Series((scores - known_before).ravel())
    unknown = pl.Series((scores == UNKNOWN).ravel())
    return flat.set(unknown, None).reshape(scores.shape)


def _overrides(read: Read) -> pl.DataFrame:
    """`override`: tier, muted, why, author, until."""
    return read.overrides.select(
        "account_id",
        pl.struct("tier_override", "muted", "why", "author", pl.col("until").cast(pl.String)).alias(
            "override"
        ),
    )


def _reasons(read: Read, accounts: pl.DataFrame, signals: Sequence[str]) -> pl.DataFrame:
    """Lists, risks first: `r_signal`, `r_risk`, `r_points` (tenths), `r_sentence`, `r_play`.

    The evidence: `r_value`, `r_norm`, `r_seen` (day of the newest information), `r_before`
    and `r_then` (the value before the change, and its day).
    """
    evidence = pl.col("evidence").struct
    return (
        read.reasons.join(accounts, "account_id", "semi")
        .sort("account_id", "direction", "rank")
        .group_by("account_id", maintain_order=True)
        .agg(
            r_signal=placed(pl.col("signal"), signals),
            r_risk=(pl.col("direction") == "risk").cast(pl.Int8),
            r_points=(pl.col("points") * 10).round().cast(pl.Int32),
            r_sentence="sentence",
            r_play="play",
            r_value=evidence.field("value").round_sig_figs(3),
            r_norm=evidence.field("baseline").round_sig_figs(3),
            r_seen=evidence.field("observed_on").cast(pl.String),
            r_before=evidence.field("value_before").round_sig_figs(3),
            r_then=evidence.field("before_on").cast(pl.String),
        )
    )


def _plays(read: Read) -> pl.DataFrame:
    """`plays`: play, status, reason_code, opened, due, owner, accepted_by, steps.

    A step has text, owner, due.
    """
    step = pl.element().struct
    day = {
        "opened": pl.col("opened_at").dt.date().cast(pl.String),
        "due": pl.col("due_at").dt.date().cast(pl.String),
    }
    steps = pl.col("steps").list.eval(
        pl.struct(step.field("text"), step.field("owner"), step.field("due").cast(pl.String))
    )
    return read.plays.group_by("account_id", maintain_order=True).agg(
        pl.struct(
            "play",
            "status",
            "reason_code",
            *(value.alias(name) for name, value in day.items()),
            "owner_email",
            "accepted_by",
            steps.alias("steps"),
        ).alias("plays")
    )
