"""The table of all accounts, as columns."""

from __future__ import annotations

from typing import Any

import polars as pl

from health_pipeline.core.report.order import moves
from health_pipeline.core.report.read import TIERS, Read
from health_pipeline.core.schemas.words import floored, one_line

LONGEST_REASON = 90


def rows(read: Read, order: pl.DataFrame) -> dict[str, list[Any]]:
    """Columns of the table, accounts in `order`.

    Returns:
        `id`, `name`, `domain`, `tier` (place in `TIERS`), `score` and `moved` (tenths of a point),
        `arr`, `segment`, `owner`, `renews` (ISO date), `reason` (first one, at risk only), `play`
        (running), `planned` (has a recovery plan).
    """
    first = read.reasons.filter((pl.col("direction") == "risk") & (pl.col("rank") == 1))
    reason = one_line(pl.col("sentence").str.replace(r" \(.*$", ""), LONGEST_REASON)
    frame = (
        order.select("account_id")
        .join(read.scores, "account_id", "left", maintain_order="left")
        .join(
            read.accounts.select("account_id", "name", "domain", "owner_email", "renews_on"),
            "account_id",
            "left",
            maintain_order="left",
        )
        .join(moves(read), "account_id", "left", maintain_order="left")
        .join(
            first.select("account_id", reason=reason), "account_id", "left", maintain_order="left"
        )
        .join(
            read.plays.select("account_id", running="play"),
            "account_id",
            "left",
            maintain_order="left",
        )
    )
    tenths = {"score": floored(pl.col("score")), "moved": pl.col("moved")}
    calm = ~pl.col("tier").is_in(["red", "yellow"])
    return frame.select(
        pl.col("account_id").alias("id"),
        pl.col("name"),
        pl.col("domain"),
        pl.col("tier").replace_strict({tier: n for n, tier in enumerate(TIERS)}),
        *((value * 10).round().cast(pl.Int32).alias(name) for name, value in tenths.items()),
        pl.col("arr").round().cast(pl.Int64),
        pl.col("segment"),
        pl.col("owner_email").alias("owner"),
        pl.col("renews_on").cast(pl.String).alias("renews"),
        pl.when(calm).then(None).otherwise("reason").alias("reason"),
        pl.col("running").alias("play"),
        pl.col("account_id").is_in(read.planned.implode()).cast(pl.Int8).alias("planned"),
    ).to_dict(as_series=False)
