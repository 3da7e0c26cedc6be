"""A short narrative of each account and day, made of stored figures and sentences only (R82)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from health_pipeline.core.explanation.context import contexts
from health_pipeline.core.schemas.plays import running_plays
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.words import (
    cap_words,
    one_line,
    percent,
    score_text,
    spaced,
    unasked_words,
)

KEY = ["account_id", "date"]
_OF_A_DAY: dict[str, pl.DataType] = {"account_id": pl.String(), "date": pl.Date()}
RISKS_TOLD = 2
LONGEST_NAME = 120


def narratives(
    scores: pl.DataFrame,
    reasons: pl.DataFrame,
    plays: pl.DataFrame,
    accounts: pl.DataFrame,
    renewals: pl.DataFrame | None = None,
    milestones: pl.DataFrame | None = None,
    titles: Mapping[str, str] | None = None,
    interventions: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Headline, two or three sentences, what happens next, and what surrounds it.

    Args:
        scores: `RESULT_TABLES["health_scores"]` of any number of days.
        reasons: `RESULT_TABLES["reason_codes"]` of those days.
        plays: `RESULT_TABLES["plays"]`; only what ran on a day is spoken of.
        accounts: `account_id`, `name` (null: the id stands in its place).
        renewals: source table as of each day, with `account_id` and `date`; None: not connected.
        milestones: likewise.
        titles: play → what people call it; a play without one is called by its name.
        interventions: source table as of each day, with `account_id` and `date`; None: not
            connected. Spoken of where no play runs: what the CRM knows that is being done.

    Returns:
        `RESULT_TABLES["narratives"]`, one row a score. `context` is null when nothing is known.
        It is plain text with what sources say in it: whoever shows it escapes it
        (`core.schemas.escaping`).
    """
    days, called = scores["date"].unique().to_list(), dict(titles or {})
    told = (
        scores.join(accounts.select("account_id", "name"), on="account_id", how="left")
        .join(_sentences(reasons, "risk", RISKS_TOLD).rename({"said": "risks"}), KEY, "left")
        .join(_sentences(reasons, "strength", 1).rename({"said": "strengths"}), KEY, "left")
        .join(_suggested(reasons, called), KEY, "left")
        .join(_running(running_plays(plays, days), called), KEY, "left")
        .join(_in_the_crm(interventions, called), KEY, "left")
        .join(contexts(renewals, milestones), KEY, "left")
    )
    return RESULT_TABLES["narratives"].conform(
        told.with_columns(headline=_headline(), text=_text(), next_steps=_next_steps())
    )


def _headline() -> pl.Expr:
    name = one_line(pl.coalesce("name", "account_id"), LONGEST_NAME)
    now, trend = pl.col("score"), pl.col("trend_30d")
    before = score_text(now - trend)
    moved = pl.when(trend > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
    since = (
        pl.when(before == score_text(now))
        .then(pl.lit(", as thirty days ago"))
        .when(trend.is_not_null())
        .then(pl.format(", {} from {} thirty days ago", moved, before))
    )
    tier = pl.col("tier").str.to_titlecase()
    scored = pl.format("{} is {} at {}", name, tier, score_text(now)) + since.fill_null("")
    return pl.when(now.is_null()).then(pl.format("{} has no score", name)).otherwise(scored)


def _text() -> pl.Expr:
    """A few sentences: what weighs on it, what caps it or lets it rest, what speaks for it."""
    coverage = pl.col("coverage")
    only = "Only {}% of what the score looks at could be measured, too little for a score."
    nothing = pl.lit("Nothing that the score looks at could be measured, or none of it applies.")
    unscored = pl.when(coverage > 0).then(pl.format(only, percent(coverage))).otherwise(nothing)
    risks = (
        pl.when(pl.col("risks").is_not_null())
        .then(pl.format("What weighs on it: {}.", pl.col("risks")))
        .otherwise(pl.lit("Nothing weighs on it enough to be named."))
    )
    cap = pl.format(" What keeps it from a better tier: {}.", cap_words())
    rests = pl.format(" Its tier rests while a source is silent: {}.", "frozen_by").fill_null("")
    gaps = pl.format(" Not checked, for want of data: {}.", unasked_words())
    strengths = (
        pl.when(pl.col("strengths").is_not_null())
        .then(pl.format(" In its favour: {}.", pl.col("strengths")))
        .otherwise(pl.lit(" Nothing stands out in its favour."))
    )
    scored = risks + cap.fill_null("") + rests + strengths + gaps.fill_null("")
    return pl.when(pl.col("score").is_null()).then(unscored).otherwise(scored)


def _next_steps() -> pl.Expr:
    suggested = (
        pl.when(pl.col("suggested").is_not_null())
        .then(
            pl.format("No play is running; the first reason calls for “{}”.", pl.col("suggested"))
        )
        .otherwise(pl.lit("No play is running."))
    )
    return pl.coalesce("running", "in_the_crm", suggested)


def _sentences(reasons: pl.DataFrame, direction: str, most: int) -> pl.DataFrame:
    return (
        reasons.filter((pl.col("direction") == direction) & (pl.col("rank") <= most))
        .sort(*KEY, "rank")
        .group_by(KEY, maintain_order=True)
        .agg(pl.col("sentence").str.join("; ").alias("said"))
    )


def _suggested(reasons: pl.DataFrame, titles: dict[str, str]) -> pl.DataFrame:
    first = reasons.filter((pl.col("direction") == "risk") & (pl.col("rank") == 1))
    return first.select(*KEY, suggested=_title(titles))


def _title(titles: dict[str, str]) -> pl.Expr:
    play = pl.col("play")
    return play.replace_strict(titles, default=spaced(play), return_dtype=pl.String)


def _running(plays: pl.DataFrame, titles: dict[str, str]) -> pl.DataFrame:
    """The running play of each account and day with its steps, in one line."""
    step = pl.format(
        "{} ({}, by {})",
        pl.element().struct.field("text"),
        pl.element().struct.field("owner"),
        pl.element().struct.field("due"),
    )
    return plays.select(
        *KEY,
        running=pl.format(
            "“{}” is {}, to be started by {}: {}.",
            _title(titles),
            pl.col("status"),
            pl.col("due_at").dt.date(),
            pl.col("steps").list.eval(step).list.join("; "),
        ),
    )


def _in_the_crm(interventions: pl.DataFrame | None, titles: dict[str, str]) -> pl.DataFrame:
    """The latest intervention of each account and day that is open, not overdue, not held out."""
    if interventions is None:
        return pl.DataFrame(schema={**_OF_A_DAY, "in_the_crm": pl.String()})
    table = SOURCE_TABLES["interventions"]
    told = interventions.with_columns(
        pl.lit(None, table.column(name).dtype).alias(name)
        for name in ("started_at", "completed_at", "due_at", "assignment")
        if name not in interventions.columns
    )
    started, due = pl.col("started_at").dt.date(), pl.col("due_at").dt.date()
    is_open = pl.col("completed_at").is_null() & (due >= pl.col("date")).fill_null(True)
    since = pl.coalesce(
        pl.format("is under way since {}", started),
        pl.format("is open since {}, not yet started", pl.col("opened_at").dt.date()),
    )
    until = pl.coalesce(pl.format(", due {}", due), pl.lit(""))
    return (
        told.filter(is_open & (pl.col("assignment") != "held_out").fill_null(True))
        .sort("opened_at", "intervention_id")
        .unique(KEY, keep="last", maintain_order=True)
        .select(
            *KEY, in_the_crm=pl.format("“{}” {}{}, says the CRM.", _title(titles), since, until)
        )
    )
