"""`python -m health_pipeline_tests.bench.computation SOURCES LAKE DAY`: one day, bare.

The functions that `health run` calls for one more day, in the same order over the same files, with
no Dagster, no contract checks and nothing stored; prints the seconds of each stage as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from health_pipeline.adapters.engines.duckdb import roll_up
from health_pipeline.adapters.store.registry import registry
from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.core.activity.usage_daily import usage_daily
from health_pipeline.core.activity.windows import first_active
from health_pipeline.core.alerts.drivers import driver_states
from health_pipeline.core.delivery.crm_fields import crm_fields
from health_pipeline.core.explanation.narratives import narratives
from health_pipeline.core.explanation.reasons import reasons
from health_pipeline.core.identity.attach import attach
from health_pipeline.core.identity.population import accounts_table, history
from health_pipeline.core.identity.resolve import Identity, resolve
from health_pipeline.core.plays.enrol import enrol
from health_pipeline.core.schemas.landing import land
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.orchestration.activity import known_activity
from health_pipeline.orchestration.assets.explanation import gate_signals
from health_pipeline.orchestration.assets.plays import gate_plays
from health_pipeline.orchestration.assets.scoring import HISTORY_DAYS
from health_pipeline.orchestration.days import (
    LONGEST_WINDOW,
    STALE_BACK,
    WEEKS_BACK,
    Past,
    day_views,
    populations,
)
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.landed import EVENTS, event_files, landing_name
from health_pipeline.orchestration.landing import _event_writes, _frame_before
from health_pipeline.orchestration.publish import published, version_in
from health_pipeline.orchestration.reads import Reads
from health_pipeline.orchestration.steps import Scored, score_days
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.bench.measure import Spent, clock

Tables = dict[str, pl.DataFrame]


class Day:
    """One day worked out stage by stage; `spent` says what each of them took."""

    def __init__(self, stores: Stores, day: date, spill: Path) -> None:
        self.stores, self.day, self.spill = stores, day, spill
        self.model, self.lake, self.window = stores.model, stores.lake, Window(day, day)
        self.spent: dict[str, Spent] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        with clock(lambda spent: self.spent.update({name: spent})):
            yield

    def compute(self) -> Scored:
        """All stages; gives the scores of the day."""
        with self.stage("landing"):
            tables, events = self.landing()
        with self.stage("identity"):
            who = resolve(tables, self.model.identity, registry(self.stores.control))
            attached = attach(tables, who)[0]
        with self.stage("activity"):
            past = self.activity(who, attached, events)
        with self.stage("population, segments"):
            people = populations(past, [self.day])[0]
            segments = assign(people, self.model.segments)
            everyone = accounts_table(past.on(self.day), past.history, who.account_xref, self.day)
        with self.stage("signals"):
            (view,) = day_views(past, people, [self.day])
            values = signal_values(view, self.model.signals)
        with self.stage("score"):
            scored = self.score(values, segments, people)
        with self.stage("explanation, plays, alerts, CRM fields"):
            self.explain(scored, past, people, everyone, who)
        return scored

    def landing(self) -> tuple[Tables, list[Path]]:
        """Landed tables but events, and the event files of the roll-up, new ones in `spill`."""
        reads, tables = Reads(self.stores), {}
        files = {path.parent.name: path for path in event_files(self.stores, self.window)}
        for name, contract in SOURCE_TABLES.items():
            before, read = _frame_before(self.stores, name), reads.read(name)
            rows = before
            if read is not None:
                year = self.model.activity.first_valid_year
                rows, _ = land(contract, read.rows, before, self.day, first_valid_year=year)
            if rows is None:
                continue
            if name != EVENTS:
                tables[name] = rows
            elif read is not None:
                for write in _event_writes(self.stores, rows, self.window, first=before is None):
                    if write.table == landing_name(EVENTS):
                        path = self.spill / f"{write.name}.parquet"
                        write.frame.write_parquet(path)
                        files[f"date={write.name}"] = path
        return tables, list(files.values())

    def activity(self, who: Identity, attached: Tables, events: list[Path]) -> Past:
        """Roll-up of what became known on the day, and the past with it."""
        rules, lake, day = self.model.activity, self.lake, self.day
        rolled = roll_up(
            events,
            user_links=who.user_links,
            account_xref=who.account_xref,
            rules=rules,
            known_from=day,
            known_to=day,
        )
        start = day - timedelta(days=WEEKS_BACK + STALE_BACK + LONGEST_WINDOW)
        before = day - timedelta(days=1)
        earlier = self.finished("activity", day - timedelta(days=rules.lookback_days))
        with_events = pl.concat([earlier, rolled.activity])
        extra = usage_daily(attached["usage_daily"], with_events, rules, day, day)
        new = pl.concat([rolled.activity, extra.activity])
        active = first_active(new, lake.frame("first_active"))
        days = [self.finished("source_days", start), rolled.source_days, extra.source_days]
        given = [lake.frame("usage_given", start, before), extra.given]
        return Past(
            model=self.model,
            window=self.window,
            tables=attached,
            provided={name: frozenset(frame.columns) for name, frame in attached.items()},
            history=history(attached, active, self.model.identity, self.model.churn),
            activity=pl.concat([known_activity(lake, start, before), new]),
            source_days=pl.concat(days),
            given=pl.concat([frame for frame in given if frame is not None]),
            first_active=active,
        )

    def finished(self, table: str, first: date) -> pl.DataFrame:
        """`table` from `first` to the day before."""
        found = self.lake.frame(table, first, self.day - timedelta(days=1))
        if found is None:
            raise LookupError(f"the lake holds no {table} before {self.day}")
        return found

    def score(self, values: pl.DataFrame, segments: pl.DataFrame, people: pl.DataFrame) -> Scored:
        before = self.day - timedelta(days=1)
        window = Window(before - timedelta(days=HISTORY_DAYS), before)
        earlier = published(self.stores, window, "health_scores")["health_scores"]
        return score_days(
            self.model,
            values=values,
            segments=segments,
            population=people,
            baseline=published(self.stores, window, "baselines")["baselines"],
            published=earlier,
            model_version=version_in(earlier),
            scored_at=House.now(),
        )

    def explain(
        self,
        scored: Scored,
        past: Past,
        people: pl.DataFrame,
        everyone: pl.DataFrame,
        who: Identity,
    ) -> None:
        """Everything after the score."""
        model, scores = self.model, scored.health_scores
        found = reasons(
            scored.contributions,
            scored.signals,
            model.signals,
            model.explanation,
            scores,
            gate_signals(model),
        )
        version = version_in(scores)
        earlier = published(self.stores, self.window, "plays")["plays"]
        plays = enrol(scores, found, earlier, people, model.plays, version, gate_plays(model))
        before = self.day - timedelta(days=1)
        states = published(self.stores, Window(before, before), "driver_states")["driver_states"]
        driver_states(scored.signals, model.signals, states, model.alerts, version)
        today = past.on(self.day)
        dated = pl.lit(self.day).alias("date")
        renewals, milestones = (today[n].with_columns(dated) for n in ("renewals", "milestones"))
        told = narratives(scores, found, plays, everyone, renewals, milestones)
        xref = who.account_xref.select("source_account_id", "account_id")
        crm_fields(scores, found, told, plays, renewals, xref, model.crm)


def compute(house: House, day: date) -> tuple[Scored, dict[str, Spent]]:
    """The scores of `day` over the lake of `house`, which ends the day before, and the seconds."""
    with house.open() as stores, tempfile.TemporaryDirectory() as spill:
        work = Day(stores, day, Path(spill))
        return work.compute(), work.spent


if __name__ == "__main__":
    sources, lake = map(Path, sys.argv[1:3])
    here = House(load_settings({}, sources=sources, lake=lake), load_model(None))
    _, spent = compute(here, date.fromisoformat(sys.argv[3]))
    seconds = {name: (one.cpu, one.wall) for name, one in spent.items()}
    print(json.dumps(seconds))  # noqa: T201 - what the parent reads
