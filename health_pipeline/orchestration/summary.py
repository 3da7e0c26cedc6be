"""What a run found, in figures: the closing summary of the shell, nothing computed anew."""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from health_pipeline.adapters.store.alert_book import in_force, incidents_in_force
from health_pipeline.adapters.store.outbox import waiting
from health_pipeline.core.alerts.recipients import UNOWNED
from health_pipeline.core.alerts.tell import MUTED
from health_pipeline.core.plays.coverage import COVERAGE, coverage
from health_pipeline.core.schemas.plays import running_plays
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.words import counted
from health_pipeline.orchestration.days import population_on
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.identity_history import (
    ToRestate,
    restating_all,
    to_restate,
    waiting_decisions,
)
from health_pipeline.orchestration.model_change import ModelChange, model_change
from health_pipeline.orchestration.plays import held_back, plans_of, unowned
from health_pipeline.orchestration.publish import version_in
from health_pipeline.orchestration.unseen import Unseen, unseen
from health_pipeline.orchestration.window import Window

WORST = 10
ENDING_DAYS = 14


@dataclass(frozen=True, slots=True)
class Overrides:
    """What people say beside the score on one day, and what it holds back.

    Attributes:
        in_force: accounts with an override, mutes included. `mutes`: those that are muted.
        ending: of those in force, how many end within `ENDING_DAYS`.
        alerts, plays: of the day, held back by a mute.
    """

    in_force: int
    mutes: int
    ending: int
    alerts: int
    plays: int


@dataclass(frozen=True, slots=True)
class Plays:
    """What is done about accounts at risk.

    Attributes:
        running: plays that are open or wait for the outcome. `proposed`: of them, taken on by
            nobody. `unowned`: of them, those that nobody owns, or whose owner left.
        coverage: `core.plays.coverage.COVERAGE`: accounts at risk with a recovery plan.
    """

    running: int
    proposed: int
    unowned: int
    coverage: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Summary:
    """The state after the last scored day.

    Attributes:
        day: the last scored day, None when nothing was ever scored.
        excluded, ended: accounts that are no customers on that day, by `churn.exclude` or because
            they left; they stand in no figure below (R14).
        foreign_currency: contracts whose ARR is in another currency and stands in no sum.
        tiers: tier, accounts, arr.
        segments: segment, green, yellow, red, unscored (accounts).
        arr_at_risk, arr: of accounts in Red, and of all; None where no source tells any.
        worst: up to ten scored accounts from the lowest score: account_id, name, tier, score, arr,
            reason, play (the running one, else the one that the reason calls for).
        quarantined: table, rows: a row that breaks several rules is one row.
        broken_rules: table, rule, rows. `unresolved`: table, why, rows.
        not_applicable: signals that no source feeds, or that are about no account of the day
            (`time_to_first_value` once all are older than its `window_days`).
        unfitted: signals that are measured and that the baseline has never seen measured: they
            were connected later, and keep default knots until a refit.
        outages: `RESULT_TABLES["outages"]` of the day: sources that fell silent.
        model: how the model differs from that of the days before; None: it does not.
        changes: driver changes of the day by state entered.
        overrides: of the day; see `Overrides`. `plays`: likewise.
        waiting: alerts in the outbox that the sensor, or the shell, has yet to deliver.
        unowned: accounts with alerts in force that nobody is told of, by name.
        incidents: what concerns many accounts at once and lasts, in words.
        unseen: what no account claims. `to_restate`: history that merges and splits changed.
        decisions: of people about identity, that no run has counted; `restate`: the command that
            does, and computes all published days anew.
    """

    day: date | None
    excluded: int
    ended: int
    foreign_currency: int
    tiers: pl.DataFrame
    segments: pl.DataFrame
    arr_at_risk: float | None
    arr: float | None
    worst: pl.DataFrame
    quarantined: pl.DataFrame
    broken_rules: pl.DataFrame
    unresolved: pl.DataFrame
    not_applicable: tuple[str, ...]
    unfitted: tuple[str, ...]
    outages: pl.DataFrame
    model: ModelChange | None
    changes: pl.DataFrame
    overrides: "Overrides"
    plays: Plays
    waiting: int
    unowned: tuple[str, ...]
    incidents: tuple[str, ...]
    unseen: Unseen
    to_restate: ToRestate | None
    decisions: int
    restate: str | None


def _frame(stores: Stores, table: str, day: date | None = None) -> pl.DataFrame:
    found = stores.lake.frame(table, day, day)
    return RESULT_TABLES[table].empty() if found is None else found


def summarise(stores: Stores) -> Summary:
    """Read the summary of the last scored day from the lake."""
    scored = stores.lake.days("health_scores")
    day = scored[-1] if scored else None
    scores = _frame(stores, "health_scores", day)
    red = scores.filter(pl.col("tier") == "red")
    signals = _frame(stores, "signals", day)
    unused = signals.group_by("signal").agg((pl.col("status") == "not_applicable").all().alias("x"))
    transitions = _frame(stores, "driver_transitions", day).filter(~pl.col("silent"))
    apart = population_on(stores, day) if day else None
    quarantine = _frame(stores, "quarantine")
    return Summary(
        day=day,
        excluded=apart.excluded if apart else 0,
        ended=apart.ended if apart else 0,
        foreign_currency=apart.foreign_currency if apart else 0,
        tiers=scores.group_by("tier").agg(pl.len().alias("accounts"), _known_sum()),
        segments=_tiers_by_segment(scores),
        arr_at_risk=float(red["arr"].sum()) if scores["arr"].count() else None,
        arr=scores.select(_known_sum()).item(),
        worst=_worst(stores, scores, day),
        quarantined=_quarantined(quarantine),
        broken_rules=_counted(quarantine, "table", "rule"),
        unresolved=_frame(stores, "unresolved")
        .group_by("table", "why")
        .agg(pl.col("rows").sum())
        .sort("table", "why"),
        not_applicable=tuple(sorted(unused.filter(pl.col("x"))["signal"].to_list())),
        unfitted=_unfitted(stores, signals, scores),
        outages=_frame(stores, "outages", day),
        model=model_change(stores, day, version_in(scores)) if day else None,
        changes=_counted(transitions, "to_state"),
        overrides=_overrides(stores, day),
        plays=_plays(stores, scores, day),
        waiting=waiting(stores.control),
        unowned=_unowned(stores),
        incidents=_incidents(stores),
        unseen=unseen(stores),
        to_restate=to_restate(stores),
        decisions=waiting_decisions(stores),
        restate=restating_all(stores),
    )


def _unowned(stores: Stores) -> tuple[str, ...]:
    alerts = in_force(stores.control)
    return tuple(sorted({one.alert.account for one in alerts if one.row.route == UNOWNED}))


def _incidents(stores: Stores) -> tuple[str, ...]:
    return tuple(
        f"{one.kind} of {one.source} since {one.opened_on}: {counted(len(one.everyone), 'account')}"
        for one in incidents_in_force(stores.control)
    )


def _unfitted(stores: Stores, signals: pl.DataFrame, scores: pl.DataFrame) -> tuple[str, ...]:
    seen = (
        _frame(stores, "baselines")
        .join(scores, on="model_version", how="semi")
        .group_by("signal")
        .agg(pl.col("n").sum())
    )
    measured = signals.filter(pl.col("status") == "measured").select("signal").unique()
    never = seen.filter(pl.col("n") == 0).join(measured, on="signal", how="semi")
    return tuple(sorted(never["signal"].to_list()))


def _plays(stores: Stores, scores: pl.DataFrame, day: date | None) -> Plays:
    if day is None:
        return Plays(0, 0, 0, pl.DataFrame(schema=COVERAGE))
    plans, running = plans_of(stores, Window(day, day))
    return Plays(
        running=running.height,
        proposed=running.filter(pl.col("status") == "proposed").height,
        unowned=unowned(running, stores.model.plays).height,
        coverage=coverage(scores, plans, running),
    )


def _overrides(stores: Stores, day: date | None) -> Overrides:
    if day is None:
        return Overrides(0, 0, 0, 0, 0)
    rows = _frame(stores, "overrides", day)
    alerts = _frame(stores, "alerts").filter(
        (pl.col("suppressed_by") == MUTED) & (pl.col("opened_at").dt.date() == day)
    )
    return Overrides(
        in_force=rows.height,
        mutes=int(rows["muted"].sum()),
        ending=rows.filter(pl.col("until") <= day + timedelta(days=ENDING_DAYS)).height,
        alerts=alerts.height,
        plays=held_back(_frame(stores, "plays"), day).height,
    )


def _known_sum() -> pl.Expr:
    """ARR in all; null where none is known: what nobody tells is not nothing."""
    return pl.when(pl.col("arr").count() > 0).then(pl.col("arr").sum()).alias("arr")


def _counted(frame: pl.DataFrame, *by: str) -> pl.DataFrame:
    return frame.group_by(by).agg(pl.len().alias("rows")).sort(by)


def _quarantined(quarantine: pl.DataFrame) -> pl.DataFrame:
    """table, rows: what stands at one place under one key counts once, whatever it breaks.

    Several rows may come from one place (`each`, versions of one file): they break a rule each.
    """
    place = ("table", "origin", "key")
    return (
        quarantine.group_by(*place, "rule")
        .len("rows")
        .group_by(place)
        .agg(pl.col("rows").max())
        .group_by("table")
        .agg(pl.col("rows").sum())
        .sort("table")
    )


def _tiers_by_segment(scores: pl.DataFrame) -> pl.DataFrame:
    tiers = ("green", "yellow", "red", "unscored")
    return (
        scores.group_by("segment")
        .agg(*((pl.col("tier") == tier).sum().alias(tier) for tier in tiers))
        .sort("segment")
    )


def _worst(stores: Stores, scores: pl.DataFrame, day: date | None) -> pl.DataFrame:
    top = _frame(stores, "reason_codes", day).filter(
        (pl.col("direction") == "risk") & (pl.col("rank") == 1)
    )
    names = _frame(stores, "accounts").select("account_id", "name")
    running = running_plays(_frame(stores, "plays"), [day] if day else [])
    return (
        scores.filter(pl.col("score").is_not_null())
        .sort("score", "account_id")
        .head(WORST)
        .join(names, on="account_id", how="left")
        .join(top.select("account_id", "sentence", "play"), on="account_id", how="left")
        .join(running.select("account_id", running="play"), on="account_id", how="left")
        .select(
            "account_id",
            "name",
            "tier",
            "score",
            "arr",
            pl.col("sentence").alias("reason"),
            pl.coalesce("running", "play").alias("play"),
        )
    )
