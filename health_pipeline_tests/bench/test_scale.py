"""The event-scale benchmarks measure what they say, on a world too small for its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline_tests.bench.line import Line, peak, ratio
from health_pipeline_tests.bench.measure import Spent
from health_pipeline_tests.bench.report import document
from health_pipeline_tests.bench.scale import connected, explaining, parts, signals, work
from health_pipeline_tests.bench.scale.events import landed
from health_pipeline_tests.bench.scale.histories import lakes
from health_pipeline_tests.bench.scale.people import People
from health_pipeline_tests.bench.scale.places import ACTIVITY, Places
from health_pipeline_tests.bench.scale.records import records
from health_pipeline_tests.bench.scale.sizes import END, SMALL
from health_pipeline_tests.bench.scale.taken import (
    ResultsDifferError,
    Taken,
    in_turns,
    same,
    take,
    taken,
)
from health_pipeline_tests.bench.scale.world import generate
from health_pipeline_tests.bench.subjects import opened


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> Places:
    found = Places(tmp_path_factory.mktemp("scale"))
    generate(found, SMALL)
    return found


@pytest.fixture(scope="module")
def one(places) -> Callable[[str], Taken]:
    """Works in this process, which is faster; pandas in one of its own, where it is found."""

    def found(name: str) -> Taken:
        apart = take(places.folder, SMALL)
        return apart(name) if name == "pandas" else taken(work.measured(name, places, SMALL))

    return found


@pytest.fixture(scope="module")
def facts(places) -> dict[str, float]:
    return connected.generate(places, SMALL)


def test_signals_of_all_sources_are_told_and_a_range_gives_the_day(facts, one):
    told(signals.measured(one, SMALL, facts))


def test_explanations_of_a_day_are_told(facts, one):
    told(explaining.measured(one, SMALL))


def test_every_signal_is_measured_of_somebody(facts, places):
    connected.signals_to_scores(places, [END], every=True)()
    with opened(places, connected.WORLD) as stores:
        rows = stores.lake.frame("signals", END, END)
        names = {spec.name for spec in stores.model.signals}
    assert set(rows.filter(pl.col("status") == "measured")["signal"]) == names


def test_generated_records_keep_their_contracts():
    for name, rows in records(People.of(SMALL)).items():
        table = SOURCE_TABLES[name]
        for column in table.columns:
            if column.required:
                assert rows[column.name].null_count() == 0, (name, column.name)
            if column.allowed:
                assert set(rows[column.name].drop_nulls()) <= set(column.allowed)
        versions = [n for n in (*table.key, "known_at") if n in rows.columns]
        assert rows.select(versions).is_unique().all(), name


@pytest.mark.parametrize("part", [parts.day, parts.windows, parts.year])
def test_results_agree_and_every_work_and_ratio_is_told(part, one):
    told(part(one, SMALL))


def told(section):
    text = document(None, {}, [section], {"Processor": "one"})
    for name, figure in section.works.items():
        assert figure.spent.cpu > 0
        assert figure.spent.peak > 0
        assert f"| {name} |" in text
    for line in section.lines:
        assert line.value > 0
        assert text.count(f"| {line.name} |") == (1 if line.limit is None else 2)


def test_twice_the_history_gives_the_same_day(one):
    short, long = lakes(one, SMALL)
    assert short.gave == long.gave
    assert short.gave[str(END)].split()[0] != "0"


def test_the_same_world_is_generated_again():
    people = [People.of(SMALL) for _ in range(2)]
    first, second = (landed(one, END, SMALL.events_a_day) for one in people)
    assert first.equals(second)


def test_accounts_are_skewed_and_few_users_work_daily():
    people = People.of(replace(SMALL, accounts=2_000, users=40_000, active=3_300))
    sizes = people.account_id.value_counts(sort=True)["count"]
    assert sizes[0] > 0.04 * sizes.sum(), "the largest account"
    assert sizes.median() < 0.5 * sizes.mean()
    likely = pl.Series(people.works)
    assert (likely > 0.5).mean() == pytest.approx(0.05, abs=0.03)
    assert likely.median() < 0.01


def test_some_events_arrive_twice_and_some_late():
    people = People.of(SMALL)
    before = END.replace(day=20)
    events = landed(people, before, 20_000)
    once = landed(people, before, 20_000, copies=False)
    copies = events.height - events["event_id"].n_unique()
    assert copies / once.height == pytest.approx(0.02, abs=0.006)
    late = (events["known_at"] - events["occurred_at"]).dt.total_days() >= 1
    assert late.mean() == pytest.approx(0.01, abs=0.006)
    kept = events.unique("event_id", keep="first", maintain_order=True)
    assert kept.equals(once), "without copies: the copy that arrived first"


def test_activity_lies_in_the_partition_of_the_day_on_which_it_became_known(places):
    for day in SMALL.year_days[-3:]:
        rows = pl.read_parquet(places.files(ACTIVITY, [day]), hive_partitioning=False)
        assert rows["known_on"].unique().to_list() == [day]
        assert rows.equals(rows.sort("account_id", "user_id", "day", "known_on"))


def test_no_files_are_no_figure(places):
    with pytest.raises(FileNotFoundError, match="no nothing from"):
        places.files("nothing", [END])


def of(gave: str) -> Taken:
    return Taken(Spent(1, 1), 1, {"users": gave})


def test_works_that_differ_end_the_benchmark():
    same({"sql": of("3 rows, a"), "ours": of("3 rows, a")}, "users", "sql", "ours")
    with pytest.raises(ResultsDifferError, match="'ours': '3 rows, b'"):
        same({"sql": of("3 rows, a"), "ours": of("3 rows, b")}, "users", "sql", "ours")


def test_repetitions_that_differ_end_the_benchmark():
    results = iter([of("a"), of("a"), of("b")])
    with pytest.raises(ResultsDifferError, match="sql gave"):
        in_turns(["sql"], 3, lambda _: next(results))


@pytest.mark.parametrize(
    ("why", "line", "kept", "measured", "allowed"),
    [
        ("below", ratio("a", Spent(3, 9), Spent(2, 3), 2), True, "1.50 ×", "at most 2.00 ×"),
        ("above", ratio("a", Spent(5, 9), Spent(2, 3), 2), False, "2.50 ×", "at most 2.00 ×"),
        ("at the limit", ratio("a", Spent(4, 9), Spent(2, 3), 2), True, "2.00 ×", "at most 2.00 ×"),
        (
            "so much cheaper",
            ratio("a", Spent(300, 9), Spent(2, 3), 100, at_least=True),
            True,
            "150 ×",
            "at least 100 ×",
        ),
        (
            "not cheap enough",
            ratio("a", Spent(30, 9), Spent(2, 3), 100, at_least=True),
            False,
            "15.0 ×",
            "at least 100 ×",
        ),
        ("only told", ratio("a", Spent(30, 9), Spent(2, 3)), True, "15.0 ×", "none"),
        ("memory", peak("a", Spent(1, 1, 1536), 1.2), False, "1.50 GiB", "at most 1.20 GiB"),
        ("seconds", Line("a", 2.4, 2.5, "s"), True, "2.40 s", "at most 2.50 s"),
    ],
)
def test_lines(why, line, kept, measured, allowed):
    assert (line.kept, line.measured, line.allowed) == (kept, measured, allowed), why
