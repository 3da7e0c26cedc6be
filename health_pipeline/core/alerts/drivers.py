"""The state of each driver, and its changes, day by day (R92; science.md, "Trend and state").

healthy from a subscore of 80, watch from 60, risk below, unknown when not measured. A border counts
as crossed when the subscore is `band` points past it, and a continuous driver must be past it on
two distinct days of data. Discrete and hard drivers change at once, at the border itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from health_pipeline.core.alerts.changes import transitions_of
from health_pipeline.core.alerts.episodes import with_episodes
from health_pipeline.core.alerts.noise import with_band
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.spec import SignalSpec

KEY = ["account_id", "signal"]
STATES = RESULT_TABLES["driver_states"]
TRANSITIONS = RESULT_TABLES["driver_transitions"]
UNKNOWN = "unknown"
LEVEL = pl.Enum(["risk", "watch", "healthy"])
"""Known states, from the worst: its codes 0, 1, 2 are what is computed with."""


def driver_states(
    signals: pl.DataFrame,
    specs: Sequence[SignalSpec],
    previous: pl.DataFrame,
    rules: AlertRules,
    model_version: str,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """States of every day of `signals`, and the transitions between them.

    Args:
        signals: `RESULT_TABLES["signals"]` of any number of days.
        specs: the signals; `discrete` and `hard` ones change at once.
        previous: `RESULT_TABLES["driver_states"]` of the last day before them, empty at first.
        rules: borders, band, confirmation.
        model_version: stands on the transitions.

    Returns:
        `RESULT_TABLES["driver_states"]` and `RESULT_TABLES["driver_transitions"]`. `held_state` is
        the last known state, which outlives days without a measurement. A first known state, a
        loss of measurement, and a return to the held state are silent transitions. A range of days
        gives what its days give one by one. An account that leaves the population for a day starts
        anew when it returns.
    """
    told = _with_vocabulary(signals, specs)
    before, states, changes = previous, [STATES.empty()], [TRANSITIONS.empty()]
    for day in signals["date"].unique().sort():
        stepped = _step(told.filter(pl.col("date") == day), before, rules)
        before = STATES.conform(stepped)
        states.append(before)
        changes.append(TRANSITIONS.conform(transitions_of(stepped, model_version)))
    return pl.concat(states), pl.concat(changes)  # each sorted, and the days in order


def _with_vocabulary(signals: pl.DataFrame, specs: Sequence[SignalSpec]) -> pl.DataFrame:
    """`signals` that the model knows, with `code` (place in `specs`), `at_once`, `reason_code`."""
    names = pl.Enum([spec.name for spec in specs])
    code = pl.col("signal").cast(names, strict=False).to_physical().cast(pl.UInt32)
    known = signals.with_columns(code=code).filter(pl.col("code").is_not_null())
    at_once = pl.Series("at_once", [spec.discrete or spec.hard for spec in specs], pl.Boolean)
    reasons = pl.Series("reason_code", [spec.reason_code for spec in specs], pl.String)
    return known.with_columns(at_once.gather(known["code"]), reasons.gather(known["code"]))


def _beside_yesterday(today: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """`today` with yesterday's states under the prefix `was_`.

    Both are sorted alike, and mostly hold the same drivers: then they are laid side by side, which
    costs a tenth of a join.
    """
    columns = [pl.col(name).alias(f"was_{name}") for name in STATES.columns if name not in KEY]
    if today.select(KEY).equals(before.select(KEY)):
        return pl.concat([today, before.select(columns)], how="horizontal")
    return today.join(before.select(*KEY, *columns), on=KEY, how="left", maintain_order="left")


def _level(name: str) -> pl.Expr:
    """The code of a known state that stands as text in column `name`."""
    return pl.col(name).cast(LEVEL).to_physical().cast(pl.Int8)


def _named(name: str) -> pl.Expr:
    """The text of the code of a known state in column `name`."""
    return pl.col(name).cast(pl.UInt8).cat.to(LEVEL).cast(pl.String)


def _step(today: pl.DataFrame, before: pl.DataFrame, rules: AlertRules) -> pl.DataFrame:
    """One day: `today`'s signals beside yesterday's states, and the new states."""
    rows = with_band(_beside_yesterday(today, before), rules)
    held = _level("was_held_state")
    seen = pl.col("observed_on").fill_null(pl.col("date"))
    rows = rows.with_columns(
        held=held,
        aim=_aim(held, rules),
        was_aim=_level("was_candidate"),
        is_new_data=pl.col("was_observed_on").is_null() | (seen > pl.col("was_observed_on")),
    )
    rows = _confirmed(_counted(rows), rules)
    measured = pl.col("subscore").is_not_null()
    named = _named("level")
    rows = rows.with_columns(
        held_state=named,
        state=pl.when(measured).then(named).otherwise(pl.lit(UNKNOWN)),
        observed_on=pl.when(measured)
        .then(pl.max_horizontal(seen, "was_observed_on"))
        .otherwise(pl.col("was_observed_on")),
        value=pl.when(measured).then(pl.col("value")).otherwise(pl.col("was_value")),
        candidate=_named("next_aim"),
    )
    rows = rows.with_columns(from_state=pl.col("was_state").fill_null(UNKNOWN)).with_columns(
        since=pl.when(pl.col("state") == pl.col("from_state"))
        .then(pl.col("was_since").fill_null(pl.col("date")))
        .otherwise(pl.col("date"))
    )
    return with_episodes(rows, rules.reopen_days)


def _aim(held: pl.Expr, rules: AlertRules) -> pl.Expr:
    """The level that today's subscore asks for; null when not measured.

    Each border is a switch of its own: it turns only `band` points past the border.
    """
    score, band = pl.col("subscore"), pl.col("band")
    raw = (score >= rules.watch_from).cast(pl.Int8) + (score >= rules.healthy_from).cast(pl.Int8)
    switched: list[pl.Expr] = []
    for level, border in ((1, rules.watch_from), (2, rules.healthy_from)):
        above = pl.when(held >= level).then(score > border - band).otherwise(score >= border + band)
        switched.append(above.cast(pl.Int8))
    return (
        pl.when(held.is_null() | pl.col("at_once")).then(raw).otherwise(switched[0] + switched[1])
    )


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """The candidate state and on how many distinct days of data it was asked for.

    Days that ask for different states on the same side of the held one count together, for the
    state nearest to it: 70, 50 from healthy is two days below healthy, and one day at risk.
    """
    aim, was, held = pl.col("aim"), pl.col("was_aim"), pl.col("held")
    side, was_side = (aim - held).sign(), (was - held).sign()
    together = (was_side == side).fill_null(False)
    nearest = (
        pl.when(side > 0).then(pl.min_horizontal(aim, was)).otherwise(pl.max_horizontal(aim, was))
    )
    waits = aim.is_null() | ~pl.col("is_new_data")
    return rows.with_columns(
        next_aim=pl.when(waits)
        .then(was)
        .when(side == 0)
        .then(None)
        .when(together)
        .then(nearest)
        .otherwise(aim),
        candidate_days=pl.when(waits)
        .then(pl.col("was_candidate_days").fill_null(0))
        .when(side == 0)
        .then(0)
        .when(together)
        .then(pl.col("was_candidate_days") + 1)
        .otherwise(1),
    )


def _confirmed(rows: pl.DataFrame, rules: AlertRules) -> pl.DataFrame:
    """The level held after today; what today asks for beyond it starts a new count."""
    aim, held = pl.col("aim"), pl.col("held")
    at_once = held.is_null() | pl.col("at_once")
    counted = (pl.col("candidate_days") >= rules.confirm_days) & pl.col("next_aim").is_not_null()
    level = (
        pl.when(aim.is_null())
        .then(held)
        .when(at_once)
        .then(aim)
        .when(counted)
        .then(pl.col("next_aim"))
        .otherwise(held)
    )
    rows = rows.with_columns(level=level)
    settled = aim.is_not_null() & (at_once | counted)
    beyond = (aim != pl.col("level")) & ~at_once
    return rows.with_columns(
        next_aim=pl.when(settled).then(pl.when(beyond).then(aim)).otherwise(pl.col("next_aim")),
        candidate_days=pl.when(settled)
        .then(beyond.cast(pl.Int64))
        .otherwise(pl.col("candidate_days")),
    )
