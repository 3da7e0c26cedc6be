"""Sources that fell silent, and whose tiers rest until they speak again (science.md).

Silence of a source says nothing of its customers, yet it looks like something: nobody meets a
sponsor, no ticket is escalated, nobody logs in. A source that is down for a fifth of the accounts
or more freezes the tiers of these accounts; facts from other sources (hard events) still act.

Two ways to be down. Usage: its newest delivered day (`OBSERVED.observed_on`) is older than
`outage_days`. A table: nothing arrived since a day, although so long a silence is next to
impossible by the weekdays on which it used to arrive. A table that is filled once or in waves
(users of a roll-out, sentiments of a quarter) has no rhythm to be silent against.

After `WEEKS_BEFORE` weeks of silence nothing is left to wait for: the source stays on the list, but
the tiers move again, by what other sources say.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

import polars as pl

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.scoring.params import ScoringRules

USAGE = "usage"
"""What stands for all usage sources together, as source and as table."""

WEEKS_BEFORE = 8
WEEKS_SPOKEN = 6
"""In so many of these weeks a table has a rhythm."""

LIKELY = 0.0002
"""A silence is an outage when it is less likely than this: four days of a source that always spoke
every day, four weeks of one that always spoke on Mondays. Many tables are asked on many days, so
that what is seen once in 500 times is seen every few weeks."""

ARRIVALS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "table": pl.String(),
    "known_on": pl.Date(),
}
"""Days on which rows of a table arrived from a source, once each."""

HOLDERS: dict[str, pl.DataType] = {**ARRIVALS, "account_id": pl.String()}
"""The accounts of which a source has told something in a table; `known_on`: since when."""

FROZEN: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "frozen_by": pl.String(),
}
"""`frozen_by`: the silent sources and tables, joined by ", "."""


def silent_since(arrived: Collection[date], day: date) -> date | None:
    """The first day of an outage that lasts on `day`; None where there is none.

    A table that spoke in fewer than `WEEKS_SPOKEN` of the eight weeks before its silence is not
    judged. Else each weekday speaks with the chance a / 9, a being on how many of its eight dates
    before the silence something arrived; an outage is a silence whose chance is below `LIKELY`.

    Args:
        arrived: days on which something arrived; later ones than `day` are not looked at.
        day: the day D.
    """
    before = {one for one in arrived if one <= day}
    if not before:
        return None
    last = max(before)
    weeks = {(last - one).days // 7 for one in before}
    if len(weeks & set(range(WEEKS_BEFORE))) < WEEKS_SPOKEN:
        return None
    chance = 1.0
    for ahead in range(1, (day - last).days + 1):
        silent = last + timedelta(days=ahead)
        weeks_ago = -(-ahead // 7)  # same weekdays, all before the silence
        spoke = sum(
            silent - timedelta(weeks=week) in before
            for week in range(weeks_ago, weeks_ago + WEEKS_BEFORE)
        )
        chance *= 1.0 - spoke / (WEEKS_BEFORE + 1)
        if chance < LIKELY:
            return last + timedelta(days=1)
    return None


def outages(
    people: pl.DataFrame,
    observed: pl.DataFrame,
    arrivals: pl.DataFrame,
    holders: pl.DataFrame,
    rules: ScoringRules,
) -> pl.DataFrame:
    """Which sources are silent on which day, and for how many accounts.

    Args:
        people: `account_id`, `date` of the population of the days.
        observed: `account_id`, `date`, `observed_on` of usage on these days.
        arrivals: `ARRIVALS`, as far back as it goes.
        holders: `HOLDERS`.
        rules: `outage_days`, `outage_share`.

    Returns:
        `RESULT_TABLES["outages"]`: one row for each day and silent source and table that told
        something of at least one account of the population.
    """
    table = RESULT_TABLES["outages"]
    everyone = people.group_by("date").agg(pl.len().cast(pl.Int64).alias("of"))
    parts = [
        _silent_usage(people, observed, rules),
        _silent_tables(people, arrivals, holders),
    ]
    found = (
        pl.concat(parts)
        .join(everyone, on="date")
        .with_columns(share=pl.col("accounts") / pl.col("of"))
        .with_columns(
            freezes=(pl.col("share") >= rules.outage_share)
            & (pl.col("date") - pl.col("since") < timedelta(weeks=WEEKS_BEFORE))
        )
    )
    return table.conform(found)


def frozen(
    found: pl.DataFrame,
    people: pl.DataFrame,
    observed: pl.DataFrame,
    holders: pl.DataFrame,
    rules: ScoringRules,
) -> pl.DataFrame:
    """`FROZEN`: the accounts whose tier rests, and because of what.

    Args:
        found: `RESULT_TABLES["outages"]`.
        people: as for `outages`.
        observed: as for `outages`.
        holders: as for `outages`.
        rules: as for `outages`.
    """
    freezing = found.filter("freezes").select("date", "source", "table")
    if freezing.is_empty():
        return pl.DataFrame(schema=FROZEN)
    of_usage = _late(people, observed, rules).with_columns(
        pl.lit(USAGE).alias("source"), pl.lit(USAGE).alias("table")
    )
    told = (
        freezing.join(holders, on=["source", "table"])
        .filter(pl.col("known_on") <= pl.col("date"))
        .select("account_id", "date", "source", "table")
        .unique()
    )
    columns = ["account_id", "date", "source", "table"]
    return (
        pl.concat([of_usage.select(columns), told.select(columns)])
        .join(freezing, on=["date", "source", "table"], how="semi")
        .join(people.select("account_id", "date"), on=["account_id", "date"], how="semi")
        .with_columns(
            frozen_by=pl.when(pl.col("table") == USAGE)
            .then(pl.lit(USAGE))
            .otherwise(pl.format("{} {}", "source", "table"))
        )
        .group_by("account_id", "date")
        .agg(pl.col("frozen_by").sort().str.join(", "))
        .select(pl.col(name).cast(dtype) for name, dtype in FROZEN.items())
        .sort("date", "account_id")
    )


def _late(people: pl.DataFrame, observed: pl.DataFrame, rules: ScoringRules) -> pl.DataFrame:
    """The customers whose usage is known up to too old a day."""
    behind = (pl.col("date") - pl.col("observed_on")).dt.total_days()
    late = observed.select("account_id", "date", "observed_on").filter(behind > rules.outage_days)
    return late.join(people.select("account_id", "date"), on=["account_id", "date"], how="semi")


def _silent_usage(
    people: pl.DataFrame, observed: pl.DataFrame, rules: ScoringRules
) -> pl.DataFrame:
    return (
        _late(people, observed, rules)
        .group_by("date")
        .agg(
            (pl.col("observed_on").max() + timedelta(days=1)).alias("since"),
            pl.len().cast(pl.Int64).alias("accounts"),
        )
        .select(
            "date",
            pl.lit(USAGE).alias("source"),
            pl.lit(USAGE).alias("table"),
            "since",
            "accounts",
        )
    )


def _silent_tables(
    people: pl.DataFrame, arrivals: pl.DataFrame, holders: pl.DataFrame
) -> pl.DataFrame:
    days = people["date"].unique().sort().to_list()
    rows = [
        (day, source, table, since)
        for (source, table), part in arrivals.partition_by("source", "table", as_dict=True).items()
        for arrived in [part["known_on"].to_list()]
        for day in days
        if (since := silent_since(arrived, day)) is not None
    ]
    silent = pl.DataFrame(
        rows,
        schema={"date": pl.Date, "source": pl.String, "table": pl.String, "since": pl.Date},
        orient="row",
    )
    return (
        silent.join(holders, on=["source", "table"])
        .filter(pl.col("known_on") <= pl.col("date"))
        .join(people.select("account_id", "date"), on=["account_id", "date"], how="semi")
        .group_by("date", "source", "table", "since")
        .agg(pl.col("account_id").n_unique().cast(pl.Int64).alias("accounts"))
        .select("date", "source", "table", "since", "accounts")
    )
