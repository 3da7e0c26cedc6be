"""What words, plays and the report of one day cost beside its score."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.explanation.narratives import narratives
from health_pipeline.core.explanation.reasons import reasons
from health_pipeline.core.plays.coverage import coverage
from health_pipeline.core.plays.enrol import enrol
from health_pipeline.core.plays.guard import discount_guard
from health_pipeline.core.plays.recovery import recovery_plans
from health_pipeline.core.report.read import HISTORY_DAYS
from health_pipeline.core.schemas.plays import running_plays
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.assets.explanation import gate_signals
from health_pipeline.orchestration.changes import changes_of
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity import attached_tables
from health_pipeline.orchestration.plays import gate_plays
from health_pipeline.orchestration.publish import published, published_on
from health_pipeline.orchestration.report import make_report
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.bench.line import Line, ratio
from health_pipeline_tests.bench.measure import child
from health_pipeline_tests.bench.scale import connected
from health_pipeline_tests.bench.scale.parts import One, Section
from health_pipeline_tests.bench.scale.places import Places
from health_pipeline_tests.bench.scale.rivals import Work
from health_pipeline_tests.bench.scale.scoring import VERSION
from health_pipeline_tests.bench.scale.sizes import END, Scale, days_before
from health_pipeline_tests.bench.scale.taken import in_turns
from health_pipeline_tests.bench.subjects import opened

SCORED = 8
"""Days up to END that are scored: it is compared with the day and with the week before."""

MONTH = END - timedelta(days=30)
"""The day that moves and evidence are compared with, too."""

WORKS = {
    "signals_of_day": "One day: source tables and windows to signals, scores and their files",
    "explained_day": "Its reasons, moves, plays, narratives, guard and coverage, their files, "
    "and the report",
}

ABOUT = """{accounts:,} accounts of the connected world, one day. Explained are all of them: reasons
with sentences and evidence, moves since the day before, a week and 30 days before in parts that add
up, plays of everybody at risk, nobody having one before, narratives with renewals and milestones
around them, the discount guard of every open request, and coverage; then the report of all of it,
with the history of 90 days. The days older than a week are copies of the first of {scored} scored
ones. Reading the published tables and writing the files is timed in both; contract checks are in
neither, nor is the account of each landed row, which an earlier stage of a run has found."""


def explaining(one: One, scale: Scale, folder: Path) -> Section:
    """The section; the connected world is generated if it is not there."""
    if not (folder / connected.ATTACHED).exists():
        child("-m", f"{__package__}.connected", folder, scale.text())
    return measured(one, scale)


def measured(one: One, scale: Scale) -> Section:
    """The section, in a world that is there."""
    found = in_turns(tuple(WORKS), scale.times, one)
    scored, told = (found[name].spent for name in WORKS)
    lines: tuple[Line, ...] = (
        ratio("explanations, plays and report of a day, to its scores", told, scored, 1.5),
    )
    return Section(
        "Explanations and plays",
        ABOUT.format(accounts=scale.accounts, scored=min(SCORED, scale.signal_days)),
        {WORKS[name]: found[name] for name in WORKS},
        lines,
    )


def explained_day(places: Places, scale: Scale) -> Work:
    """From published scores to what people read and do, of END, and to the page that shows it."""
    days = days_before(END, min(SCORED, scale.signal_days))
    connected.signals_to_scores(places, days)()
    _before(places, days[0])
    sources = connected.attached_rows(places)

    def work() -> dict[str, pl.DataFrame]:
        with opened(places, connected.WORLD) as stores:
            found = _explained(stores, Window(END, END), sources)
            plays = Write("plays", None, found.pop("plays"))
            stores.lake.publish([plays], run_id=VERSION, at=House.now())
            connected.publish(stores, found)
            make_report(stores)
        return {str(END): found["narratives"]}

    return work


def _before(places: Places, first: date) -> None:
    """What the day's words and report look back at: copies of the `first` scored day, and names."""
    older = [day for day in days_before(END, HISTORY_DAYS + 1) if day < first]
    with opened(places, connected.WORLD) as stores:
        for name in connected.TABLES:
            rows = published_on(stores, name, [first])
            days = older if name == "health_scores" else [MONTH] if MONTH in older else []
            for day in days:
                connected.publish(stores, {name: rows.with_columns(date=pl.lit(day))})
        people = published(stores, Window(END, END), "population")["population"]
        named = people.with_columns(name="account_id").drop("date")
        accounts = _shaped("accounts", named)
        stores.lake.publish([Write("accounts", None, accounts)], run_id=VERSION, at=House.now())
        attached_tables(stores).make()


def _shaped(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` in the shape of a result table; what it does not have is not known."""
    table = RESULT_TABLES[name]
    missing = [column for column in table.columns if column not in frame.columns]
    return table.conform(frame.with_columns(pl.lit(None).alias(column) for column in missing))


def _explained(
    stores: Stores, part: Window, sources: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """As the assets of the room do it, one after the other."""
    model = stores.model
    read = published(stores, part, "contributions", "signals", "health_scores", "population")
    scores = read["health_scores"]
    before = published_on(stores, "signals", [END - timedelta(days=30)])
    found = reasons(
        read["contributions"], read["signals"], model.signals, model.explanation, scores,
        gate_signals(model), before,
    )  # fmt: skip
    nobody = RESULT_TABLES["plays"].empty()
    people = read["population"]
    plays = enrol(scores, found, nobody, people, model.plays, VERSION, gate_plays(model))
    dated = pl.lit(END).alias("date")
    renewals, milestones = (sources[n].with_columns(dated) for n in ("renewals", "milestones"))
    named = people.select("account_id").with_columns(pl.col("account_id").alias("name"))
    titles = {name: play.title for name, play in model.plays.plays.items()}
    running = running_plays(plays, [END])
    plans = recovery_plans(running, None)
    coverage(scores, plans, running)
    return {
        "plays": plays,
        "reason_codes": found,
        "score_changes": changes_of(stores, part),
        "narratives": narratives(scores, found, plays, named, renewals, milestones, titles),
        "discount_guard": discount_guard(renewals, scores, plans),
    }
