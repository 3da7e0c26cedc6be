"""`python -m health_pipeline_tests.bench.computation SOURCES LAKE DAY`: one day, bare.

The functions that `health run` calls for one more day, in the same order over the same files, with
no Dagster and no contract checks. Landing, identity and activity are stored, because later stages
read them from the lake; nothing else is. Prints the seconds of each stage as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.core.alerts.drivers import driver_states
from health_pipeline.core.delivery.crm_fields import crm_fields
from health_pipeline.core.explanation.narratives import narratives
from health_pipeline.core.explanation.reasons import reasons
from health_pipeline.core.identity.population import accounts_table
from health_pipeline.core.identity.resolve import Identity
from health_pipeline.core.plays.enrol import enrol
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.orchestration.activity import roll_up_window
from health_pipeline.orchestration.assets.explanation import gate_signals
from health_pipeline.orchestration.days import Past, day_views, populations
from health_pipeline.orchestration.earlier import earlier_scores
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity import attached_tables, resolve_and_register
from health_pipeline.orchestration.landing import land_table
from health_pipeline.orchestration.plays import gate_plays
from health_pipeline.orchestration.publish import published, version_in
from health_pipeline.orchestration.reads import Reads
from health_pipeline.orchestration.steps import Scored, score_days
from health_pipeline.orchestration.usage import Usage
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.bench.measure import Spent, clock

RUN = "bench"


class Day:
    """One day worked out stage by stage; `spent` says what each of them took."""

    def __init__(self, stores: Stores, day: date) -> None:
        self.stores, self.day = stores, day
        self.model, self.window = stores.model, Window(day, day)
        self.spent: dict[str, Spent] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        with clock(lambda spent: self.spent.update({name: spent})):
            yield

    def compute(self) -> Scored:
        """All stages; gives the scores of the day."""
        with self.stage("landing"):
            reads = Reads(self.stores)
            for name in SOURCE_TABLES:
                land_table(self.stores, reads, name, self.window, RUN)
        with self.stage("identity"):
            who = resolve_and_register(self.stores, RUN, self.window.first)
            self.publish("account_xref", who.account_xref)
            self.publish("user_xref", who.user_xref)
            attached_tables(self.stores)
        with self.stage("activity"):
            roll_up_window(self.stores, self.window, RUN)
        with self.stage("population, segments"):
            past = Past.of(self.stores, self.window)
            people = populations(past, [self.day])[0]
            segments = assign(people, self.model.segments)
            everyone = accounts_table(past.on(self.day), past.history, who.account_xref, self.day)
        with self.stage("usage windows"):
            usage = Usage(self.stores).rows(people, [self.day])
        with self.stage("signals"):
            (view,) = day_views(past, people, usage, [self.day])
            values = signal_values(view, self.model.signals)
        with self.stage("score"):
            scored = self.score(values, segments, people)
        with self.stage("explanation, plays, alerts, CRM fields"):
            self.explain(scored, past, people, everyone, who)
        return scored

    def publish(self, table: str, frame: pl.DataFrame) -> None:
        """Later stages read it from the lake."""
        self.stores.lake.publish([Write(table, None, frame)], run_id=RUN, at=House.now())

    def score(self, values: pl.DataFrame, segments: pl.DataFrame, people: pl.DataFrame) -> Scored:
        before = self.day - timedelta(days=1)
        window = Window(before, before)
        latest = published(self.stores, window, "health_scores", "baselines")
        return score_days(
            self.model,
            values=values,
            segments=segments,
            population=people,
            baseline=latest["baselines"],
            published=earlier_scores(self.stores.lake, [self.day], self.model.scoring),
            model_version=version_in(latest["health_scores"]),
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
    with house.open() as stores:
        work = Day(stores, day)
        return work.compute(), work.spent


if __name__ == "__main__":
    sources, lake = map(Path, sys.argv[1:3])
    here = House(load_settings({}, sources=sources, lake=lake), load_model(None))
    _, spent = compute(here, date.fromisoformat(sys.argv[3]))
    seconds = {name: (one.cpu, one.wall) for name, one in spent.items()}
    print(json.dumps(seconds))  # noqa: T201 - what the parent reads
