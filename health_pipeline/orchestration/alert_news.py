"""What an evaluation of the latest day looks at: read from the lake, nothing decided."""

from datetime import date, datetime, timedelta

import polars as pl

from health_pipeline.adapters.store.alert_book import last_looked_at
from health_pipeline.config.model import HealthModel
from health_pipeline.core.alerts.account_changes import account_changes
from health_pipeline.core.alerts.caught_up import caught_up
from health_pipeline.core.alerts.entries import PEOPLE
from health_pipeline.core.alerts.gates import NOTICE, TIER, USAGE, Outage, counted, rests_on
from health_pipeline.core.alerts.incidents import GROUP
from health_pipeline.core.alerts.seen import Memory, News
from health_pipeline.core.alerts.tell import Beside
from health_pipeline.core.alerts.volume import Volume, volume
from health_pipeline.core.calibration.events import successes
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.identity import attached_tables
from health_pipeline.orchestration.model_change import ModelChange, model_change
from health_pipeline.orchestration.outages import Silence
from health_pipeline.orchestration.publish import published, version_in
from health_pipeline.orchestration.window import Window

SUCCESS_DAYS = 90
SCORE_FACTS = ("account_id", "segment", "tier", "score")
VOLUME = ("account_id", "observed_on", "active_mask_0")


def news_of(
    stores: Stores, day: date, now: datetime, memory: Memory, restated: frozenset[str]
) -> News:
    """Everything that is published of `day` and that alerts look at.

    Changes are those since the last day that was evaluated, or that a backfill has published.

    `memory` says of which drivers the states are asked, `restated` which accounts a merge has just
    changed.
    """
    today = Window(day, day)
    since = last_looked_at(stores.control, day) or day - timedelta(days=1)
    read = published(
        stores,
        today,
        *("reason_codes", "plays", "population", "accounts"),
        *("overrides", "health_scores", "outages"),
    )
    before = published(stores, Window(since, since), "health_scores", "population")
    notice = ("account_id", "cancellation_notice_on")
    changes = account_changes(
        read["health_scores"],
        before["health_scores"],
        read["population"].select(notice),
        before["population"].select(notice),
    )
    untold = Window(since + timedelta(days=1), day)
    transitions = published(stores, untold, "driver_transitions")["driver_transitions"]
    drivers = caught_up(transitions, day)
    usage = _volume(stores, day)
    past = Window(day, day).before(stores.model.alerts.gates.history_days)
    history = counted(published(stores, past, "driver_transitions")["driver_transitions"])
    days = [one for one in stores.lake.days("driver_transitions") if past.first <= one < day]
    model = stores.model
    changed = model_change(stores, day, version_in(read["health_scores"]))
    beside = Beside(
        muted=_successes(stores, day),
        by_hand=read["overrides"].filter("muted")["account_id"].to_list(),
        new_model=changed is not None and changed.judges,
        facts=facts_of(model, changed),
        restated=restated,
    )
    return News(
        day=day,
        now=now,
        changes=pl.concat([drivers, changes]),
        people=_people(read),
        reasons=read["reason_codes"],
        plays=read["plays"],
        beside=beside,
        reads=_reads(stores),
        outages=_outages(stores, read["outages"], usage, day),
        fresh=_fresh(stores, drivers, usage, untold),
        history=history,
        history_days=len(days),
        states=_states(stores, day, memory, read["health_scores"], read["population"]),
        executive_from_arr=model.plays.executive_from_arr,
    )


def _reads(stores: Stores) -> dict[str, tuple[str, ...]]:
    """Signal → the tables whose silence speaks against it; its own name where no kind says."""
    return {one.name: rests_on(one.reads) or (one.name,) for one in stores.model.signals}


def _people(read: dict[str, pl.DataFrame]) -> pl.DataFrame:
    names = read["accounts"].select("account_id", "name")
    scores = read["health_scores"].select(SCORE_FACTS)
    people = read["population"].join(names, on="account_id", how="left")
    whole = people.join(scores, on="account_id", how="left")
    return whole.select(pl.col(name).cast(dtype) for name, dtype in PEOPLE.items())


def _volume(stores: Stores, day: date) -> Volume:
    windows = stores.lake.scan("usage_windows", day, day)
    if windows is None:
        empty = {"account_id": pl.String, "observed_on": pl.Date, "active_mask_0": pl.Int64}
        windows = pl.LazyFrame(schema=empty)
    rows = windows.select(VOLUME).collect()
    return volume(rows, day, stores.model.alerts.gates, stores.model.activity.holidays)


def _outages(stores: Stores, silent: pl.DataFrame, usage: Volume, day: date) -> tuple[Outage, ...]:
    """Sources known to be out: silent ones (`outages`), and usage that lost its volume."""
    found: list[Outage] = []
    holders = None
    for row in silent.iter_rows(named=True):
        words = f"silent since {row['since']}, for {row['share']:.0%} of the accounts"
        if row["table"] == USAGE:
            accounts = usage.lost | _late(stores, day)
        else:
            if holders is None:
                tables = tuple(silent["table"].unique())
                held = set(tables) & set(attached_tables(stores))
                holders = Silence.of(stores, tuple(sorted(held))).holders
            of_it = holders.filter(
                (pl.col("source") == row["source"]) & (pl.col("table") == row["table"])
            )
            accounts = frozenset(of_it["account_id"])
        found.append(Outage(row["source"], row["table"], accounts, row["since"], words))
    if usage.is_out and not any(one.feed == USAGE for one in found):
        words = (
            f"{usage.spoke} accounts used the product on {day}, {usage.usual:.0f} are usual on "
            f"this weekday; {usage.limit:.0f} fewer are an outage"
        )
        found.append(Outage(USAGE, USAGE, usage.lost, day, words))
    return tuple(found)


def _late(stores: Stores, day: date) -> frozenset[str]:
    """Accounts whose usage is known up to an earlier day only."""
    windows = stores.lake.scan("usage_windows", day, day)
    if windows is None:
        return frozenset()
    late = windows.filter(pl.col("observed_on") < day).select("account_id").collect()
    return frozenset(late["account_id"])


def _fresh(
    stores: Stores, drivers: pl.DataFrame, usage: Volume, untold: Window
) -> dict[str, frozenset[str]]:
    """Feed → accounts of whom it told something on these days, where many drivers changed."""
    found = {USAGE: usage.fresh}
    many = counted(drivers).filter(pl.col("changes") > stores.model.alerts.gates.least)
    feeds = {name: tables[0] for name, tables in _reads(stores).items()}
    asked = {name: feeds[name] for name in many["signal"] if feeds.get(name, USAGE) != USAGE}
    signals = stores.lake.scan("signals", untold.last, untold.last) if asked else None
    if signals is None:
        return found
    seen = pl.col("observed_on").is_between(untold.first, untold.last)
    new = signals.filter(pl.col("signal").is_in(list(asked)) & seen)
    for name, account in new.select("signal", "account_id").collect().iter_rows():
        found[asked[name]] = found.get(asked[name], frozenset()) | {account}
    return found


def _states(
    stores: Stores, day: date, memory: Memory, scores: pl.DataFrame, people: pl.DataFrame
) -> pl.DataFrame:
    """`account_id`, `signal`, `state` of the day, of all that is in force or was held back."""
    pairs = {(one.row.account_id, one.row.signal) for one in (*memory.alerts, *memory.held)}
    for one in memory.incidents:
        if one.kind == GROUP and one.resolved_on is None:
            pairs |= {(account, name) for name, ids in one.accounts.items() for account in ids}
    schema = {"account_id": pl.String, "signal": pl.String}
    asked = pl.DataFrame(sorted(pairs), schema=schema, orient="row")
    tiers = scores.select("account_id", signal=pl.lit(TIER), state="tier")
    notices = people.filter(pl.col("cancellation_notice_on").is_not_null()).select(
        "account_id", signal=pl.lit(NOTICE), state=pl.lit("risk")
    )
    parts = [tiers, notices]
    found = stores.lake.scan("driver_states", day, day)
    if found is not None and pairs:
        names = asked["signal"].unique().to_list()
        rows = found.filter(pl.col("signal").is_in(names))
        parts.append(rows.select("account_id", "signal", "state").collect())
    return pl.concat(parts).join(asked, on=["account_id", "signal"], how="semi")


def facts_of(model: HealthModel, changed: ModelChange | None) -> list[str]:
    """Signals that act at once, and are measured as they were before the model changed."""
    otherwise = changed.measured if changed else ()
    at_once = [one.name for one in model.signals if one.discrete or one.hard]
    return [name for name in at_once if name not in otherwise]


def _successes(stores: Stores, day: date) -> pl.DataFrame:
    """Accounts whose recent success mutes alarms (R13): account_id, why."""
    won = successes(attached_tables(stores), stores.model.churn, day)
    recent = pl.col("occurred_on") > day - timedelta(days=SUCCESS_DAYS)
    return won.filter(recent).select("account_id", why="kind")


def transitions_version(stores: Stores, day: date) -> str:
    """The model version under which the transitions of `day` stand; empty where there are none."""
    rows = stores.lake.frame("driver_transitions", day, day)
    return version_in(RESULT_TABLES["driver_transitions"].empty() if rows is None else rows)
