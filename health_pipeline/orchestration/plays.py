"""Plays of many days: one small table, walked over in chunks and published once."""

from datetime import date, timedelta

import polars as pl

from health_pipeline.adapters.store.play_actions import note_tasks, play_actions
from health_pipeline.adapters.store.registry import account_of_alias, aliases
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.config.model import HealthModel
from health_pipeline.core.plays.enrol import BACKFILLED, MUTED, enrol
from health_pipeline.core.plays.opening import still_here
from health_pipeline.core.plays.params import PlayBook
from health_pipeline.core.plays.people import actions_of, with_people, without
from health_pipeline.core.plays.recovery import recovery_plans
from health_pipeline.core.plays.rewind import rewind
from health_pipeline.core.schemas.plays import RUNNING, running_plays
from health_pipeline.core.schemas.time import end_of
from health_pipeline.orchestration.chunks import chunks_of
from health_pipeline.orchestration.days import as_of_days
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity import attached_tables
from health_pipeline.orchestration.plan import SCORES, Plan
from health_pipeline.orchestration.progress import tracked
from health_pipeline.orchestration.publish import published, published_on, version_in
from health_pipeline.orchestration.window import Window, runs_of


def gate_plays(model: HealthModel) -> dict[str, str]:
    """Gate → the play that answers it."""
    single = {gate.name: gate.play for gate in model.scoring.gates}
    return single | {gate.name: gate.play for gate in model.scoring.combined_gates}


def enrolled(stores: Stores, plan: Plan) -> pl.DataFrame:
    """`plays` after the days of `plan`, and after the published days that follow from them."""
    before = _of_survivors(stores, published(stores, plan.window, "plays")["plays"])
    if plan.fills_only:
        return as_people_left_them(stores, _filled(stores, before, plan))
    days = (*plan.days, *plan.later)
    return as_people_left_them(stores, _walked(stores, rewind(before, days[0]), days))


def _of_survivors(stores: Stores, plays: pl.DataFrame) -> pl.DataFrame:
    """`plays` of accounts that merges made one, under the id that is left."""
    merged = set(aliases(stores.control)).intersection(plays["account_id"])
    known = {alias: account_of_alias(stores.control, alias) or alias for alias in merged}
    return plays.with_columns(pl.col("account_id").replace(known)) if known else plays


def as_people_left_them(stores: Stores, plays: pl.DataFrame) -> pl.DataFrame:
    """`plays` with what was done to them in the shell and in the CRM, as far as that stands."""
    if plays.is_empty():
        return plays
    interventions, now = attached_tables(stores).get("interventions"), House.now()
    withdrawn = actions_of(plays, interventions, now, deleted=True)
    done = pl.concat([play_actions(stores.control), actions_of(plays, interventions, now)])
    return with_people(without(plays, withdrawn), done)


def note_seen(stores: Stores, plays: pl.DataFrame) -> None:
    """Remember since when each published play stands where people see it."""
    with transaction(stores.control):
        note_tasks(stores.control, plays["play_id"], House.now())


def held_back(plays: pl.DataFrame, day: date) -> pl.DataFrame:
    """Of `plays` those that a mute held back on `day`."""
    return plays.filter((pl.col("outcome") == MUTED) & (pl.col("opened_at").dt.date() == day))


def plans_of(stores: Stores, part: Window) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Recovery plans of the days, and the plays that ran on them."""
    plays = running_plays(published(stores, part, "plays")["plays"], part.days)
    interventions = as_of_days(stores, part, "interventions").get("interventions")
    return recovery_plans(plays, interventions), plays


def unowned(running: pl.DataFrame, book: PlayBook) -> pl.DataFrame:
    """Of `running` the plays that nobody owns, or whose owner left and has no stand-in."""
    owners = running["owner_email"].unique().to_list()
    here = [email for email in owners if email and still_here(email, book)]
    return running.filter(~pl.col("owner_email").is_in(here).fill_null(value=False))


def _filled(stores: Stores, before: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """`before` with the filled days: holes open plays of their own, days after all others go on.

    Days that no published one follows live on the plays that run, as in a daily run: no later run
    would see that an account was calm on them.
    """
    runs, scored = runs_of(plan.days), stores.lake.days(SCORES)
    holes = [run for run in runs if scored[-1] > run.last]
    after = [day for run in runs[len(holes) :] for day in run.days]
    if not after:
        return _holes_filled(stores, before, holes)
    return _walked(stores, _holes_filled(stores, rewind(before, after[0]), holes), after)


def _holes_filled(stores: Stores, before: pl.DataFrame, holes: list[Window]) -> pl.DataFrame:
    """`before` as it stands, with the plays that only the days of `holes` open.

    A play that still runs when published days begin is closed there: those days, and the plays that
    they opened, are not decided anew.
    """
    days = [day for hole in holes for day in hole.days]
    kept, found = before.filter(~pl.col("opened_at").dt.date().is_in(days)), []
    for hole in holes:
        plays = _walked(stores, rewind(kept, hole.first), hole.days)
        found.append(_closed(plays.join(kept, on="play_id", how="anti"), hole.last))
    return pl.concat([kept, *found])


def _closed(plays: pl.DataFrame, day: date) -> pl.DataFrame:
    runs = pl.col("status").is_in(RUNNING)
    return plays.with_columns(
        pl.when(runs).then(pl.lit("closed")).otherwise("status").alias("status"),
        pl.when(runs).then(pl.lit(end_of(day))).otherwise("closed_at").alias("closed_at"),
        pl.when(runs).then(pl.lit(BACKFILLED)).otherwise("outcome").alias("outcome"),
    )


def _walked(
    stores: Stores, plays: pl.DataFrame, days: tuple[date, ...] | list[date]
) -> pl.DataFrame:
    parts = chunks_of(stores, days)
    for part in tracked("plays", parts, len(parts)):
        plays = _enrolled(stores, plays, part)
    return plays


def _enrolled(stores: Stores, plays: pl.DataFrame, part: Window) -> pl.DataFrame:
    read, model = (
        published(stores, part, "health_scores", "reason_codes", "population", "overrides"),
        stores.model,
    )
    return enrol(
        _with_tiers_before(stores, read["health_scores"], plays, part.first),
        read["reason_codes"],
        plays,
        read["population"],
        model.plays,
        version_in(read["health_scores"]),
        gate_plays(model),
        read["overrides"].filter("muted"),
    )


def _with_tiers_before(
    stores: Stores, scores: pl.DataFrame, plays: pl.DataFrame, first: date
) -> pl.DataFrame:
    """`scores` with `tier_before` of accounts that may get a play, where a trigger asks."""
    book = stores.model.plays
    if not any(trigger.from_tiers for trigger in book.triggers):
        return scores
    running = plays.filter(pl.col("status").is_in(RUNNING))["account_id"]
    may_open = pl.col("tier").is_in(book.open_for_tiers) & (
        (pl.col("tier_since") >= first) | ~pl.col("account_id").is_in(running.implode())
    )
    since = scores.filter(may_open)["tier_since"].drop_nulls().unique()
    before = published_on(stores, SCORES, sorted(day - timedelta(days=1) for day in since))
    return scores.join(
        before.select(
            "account_id",
            (pl.col("date") + timedelta(days=1)).alias("tier_since"),
            pl.col("tier").alias("tier_before"),
        ),
        on=["account_id", "tier_since"],
        how="left",
        maintain_order="left",
    )
