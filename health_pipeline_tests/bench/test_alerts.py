"""Alerts against the score that they follow from: 50,000 accounts, every signal, in one process."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.core.alerts.account_changes import account_changes
from health_pipeline.core.alerts.drivers import driver_states
from health_pipeline.core.alerts.entries import PEOPLE
from health_pipeline.core.alerts.evaluate import evaluate_day
from health_pipeline.core.alerts.gates import COUNTED, rests_on
from health_pipeline.core.alerts.seen import Memory, News
from health_pipeline.core.alerts.tell import Beside
from health_pipeline.core.identity.population import ACCOUNT_COLUMNS
from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.orchestration.steps import score_days

FIRST = date(2026, 3, 9)
MOVED = 0.004
"""Share of the drivers that fall on the second day: some thousand changes to decide about."""


class Book:
    """`accounts` customers on two days, and what is computed of them."""

    def __init__(self, accounts: int) -> None:
        rng = np.random.default_rng(5)
        self.model = load_model(None)
        self.ids = [f"acc{n:06}" for n in range(accounts)]
        plans = rng.choice(["Starter", "Growth", "Enterprise"], accounts)
        self.people = pl.DataFrame({"account_id": self.ids, "plan": plans}).with_columns(
            arr=pl.Series(rng.lognormal(9, 1, accounts)), owner_email=pl.lit("ann@us.example")
        )
        self.raw = {}
        for one in self.model.signals:
            low, high = sorted((one.default_knots[0], one.default_knots[3]))
            self.raw[one.name] = rng.uniform(low, high, accounts)
        self.falls = {
            one.name: np.where(rng.random(accounts) < MOVED, one.default_knots[0], np.nan)
            for one in self.model.signals
        }
        values = self.values(FIRST, falls=False)
        segments = self.segments(FIRST)
        rules, specs = self.model.segments, self.model.signals
        self.baseline = fit_baseline(values, segments, specs, rules, FIRST)
        self.published = RESULT_TABLES["health_scores"].empty()

    def population(self, day):
        columns = {**ACCOUNT_COLUMNS, "date": pl.Date()}
        rows = self.people.with_columns(date=pl.lit(day))
        missing = [pl.lit(None, t).alias(c) for c, t in columns.items() if c not in rows.columns]
        return rows.with_columns(missing).select(list(columns))

    def segments(self, day):
        return assign(self.population(day), self.model.segments)

    def values(self, day, *, falls):
        ids = pl.Series("account_id", self.ids)
        parts = [
            pl.DataFrame(
                {
                    "account_id": ids,
                    "value": np.where(
                        np.isnan(self.falls[name]) | (not falls), raw, self.falls[name]
                    ),
                }
            ).with_columns(signal=pl.lit(name))
            for name, raw in self.raw.items()
        ]
        rows = pl.concat(parts).with_columns(
            date=pl.lit(day),
            status=pl.lit("measured"),
            observed_on=pl.lit(day),
            detail=pl.lit("none"),
        )
        return rows.select(list(SIGNAL_VALUES)).sort("account_id", "signal")

    def score(self, day, values):
        return score_days(
            self.model,
            values=values,
            segments=self.segments(day),
            population=self.population(day),
            baseline=self.baseline,
            published=self.published,
            model_version="v1",
            scored_at=datetime(2026, 3, 11, tzinfo=UTC),
        )

    def states(self, signals, before):
        return driver_states(signals, self.model.signals, before, self.model.alerts, "v1")

    def news(self, day, changes, states, before, after):
        notice = ("account_id", "cancellation_notice_on")
        people = self.population(day).select(notice)
        tiers = account_changes(after, before, people, people)
        known = self.people.join(
            after.select("account_id", "segment", "tier", "score"), on="account_id"
        )
        columns = [
            pl.col(name).cast(dtype) if name in known.columns else pl.lit(None, dtype).alias(name)
            for name, dtype in PEOPLE.items()
        ]
        return News(
            day=day,
            now=datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=UTC),
            changes=pl.concat([changes, tiers]),
            people=known.select(columns),
            reasons=RESULT_TABLES["reason_codes"].empty(),
            plays=RESULT_TABLES["plays"].empty(),
            beside=Beside(),
            reads={one.name: rests_on(one.reads) for one in self.model.signals},
            outages=(),
            fresh={},
            history=pl.DataFrame(schema=COUNTED),
            history_days=28,
            states=states.select("account_id", "signal", "state").clear(),
        )


def seconds(work):
    begun = time.process_time()
    found = work()
    return found, time.process_time() - begun


def measure(accounts):
    """CPU seconds of scoring, of states and of the evaluation of one day; changes, messages."""
    book, second = Book(accounts), FIRST + timedelta(days=1)
    before = book.score(FIRST, book.values(FIRST, falls=False))
    states, _ = book.states(before.signals, RESULT_TABLES["driver_states"].empty())
    book.published = before.health_scores
    values = book.values(second, falls=True)
    after, score = seconds(lambda: book.score(second, values))
    (now, changes), stated = seconds(lambda: book.states(after.signals, states))
    news = book.news(second, changes, now, before.health_scores, after.health_scores)
    outcome, evaluated = seconds(
        lambda: evaluate_day(news, Memory(), book.model.alerts, frozenset({"console"}))
    )
    return score, stated, evaluated, changes.height, len(outcome.messages)


@pytest.mark.bench
def test_alerts_take_no_longer_than_the_score(record_property):
    score, stated, evaluated, changes, messages = measure(50_000)
    figures = f"score {score:.2f} s, states {stated:.2f} s, evaluation {evaluated:.2f} s"
    record_property("figures", f"{figures}, {changes} changes, {messages} messages")
    assert changes > 500
    assert messages > 100
    assert stated + evaluated <= score, figures


def test_the_measure_measures():
    score, stated, evaluated, changes, messages = measure(400)
    assert min(score, stated, evaluated) > 0
    assert changes
    assert messages
