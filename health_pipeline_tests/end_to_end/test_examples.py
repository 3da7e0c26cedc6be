"""What holds in every worked example of `docs/examples`, run as its README runs it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from health_pipeline_tests.end_to_end.examples import DATA, EXAMPLES, LAST, NO_SIGNAL, ROOT
from health_pipeline_tests.end_to_end.shell import health


@pytest.fixture
def finished(request):
    """The place whose name the test gives."""
    return request.getfixturevalue(request.param)


BOTH = pytest.mark.parametrize(
    ("example", "finished"), [(name, name) for name in LAST], indirect=["finished"]
)


@BOTH
def test_a_run_without_an_end_goes_to_the_last_day_of_the_data(example, finished):
    assert finished.told.code == 0, finished.told.err
    assert f"Customer health on {LAST[example]}" in finished.told.out
    assert "failed table" not in finished.told.err
    days = finished.sql("SELECT DISTINCT date FROM health_scores ORDER BY 1")["date"].to_list()
    assert days == [LAST[example] - timedelta(days=1), LAST[example]]


@BOTH
def test_good_rows_are_neither_quarantined_nor_unresolved(example, finished):
    assert "Quarantined rows: 0" in finished.told.out
    assert "Unresolved rows: 0" in finished.told.out


@BOTH
def test_signals_that_nothing_feeds_are_told_once_and_count_for_nobody(example, finished):
    lines = [text for text in finished.told.out.splitlines() if text.startswith("No source feeds")]
    assert len(lines) == 1
    assert set(lines[0].split(": ")[1].split(", ")) == NO_SIGNAL[example]
    used = finished.sql("SELECT DISTINCT signal FROM signals WHERE status <> 'not_applicable'")
    weighed = finished.sql("SELECT DISTINCT signal FROM contributions WHERE weight > 0")
    assert NO_SIGNAL[example].isdisjoint(used["signal"])
    assert set(weighed["signal"]) == set(used["signal"])


@BOTH
def test_scores_spread_over_the_tiers_and_have_their_coverage(example, finished):
    scores = finished.sql("FROM health_scores")
    assert {"green", "yellow", "red"} <= set(scores["tier"])
    assert scores.filter(pl.col("score").is_not_null())["coverage"].min() >= 0.6
    assert scores.filter(pl.col("score").is_null())["tier"].unique().to_list() in ([], ["unscored"])


@BOTH
def test_the_contradictions_of_the_readme_are_those_of_the_data(
    example, finished, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ROOT)
    text = (EXAMPLES / example / "README.md").read_text()
    query = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    told = dict(re.findall(r"^\| ([^|]+) \| (\d+) \|", text, re.MULTILINE))
    found = finished.sql(query[0])
    assert found.height == len(told) > 0
    assert {what: str(n) for what, n in found.iter_rows()} == told


@pytest.mark.parametrize(
    "readme", sorted(EXAMPLES.glob("*/README.md")), ids=lambda p: p.parent.name
)
def test_a_readme_names_folders_that_exist(readme, monkeypatch: pytest.MonkeyPatch):
    if not DATA.is_dir():
        pytest.skip(f"NOT TESTED: the third-party data {DATA} is missing")
    monkeypatch.chdir(ROOT)
    named = re.findall(r"(?:HEALTH_MODEL=|--sources )(\S+?)[`)\s]", readme.read_text())
    assert len(named) >= 2
    assert [path for path in named if not Path(path).is_dir()] == []


AUC = [
    # why, example, lowest and highest AUC that is plausible
    ("churn at random cannot be foreseen: more would be a leak", "ravenstack", 0.35, 0.65),
    ("who falls silent was quiet before", "openstack", 0.70, 0.90),
]


@pytest.mark.torture
@pytest.mark.parametrize(("why", "example", "low", "high"), AUC, ids=[c[1] for c in AUC])
def test_monthly_knows_what_can_be_known(why, example, low, high, request):
    place = request.getfixturevalue(example)
    told = health("monthly", "--lake", place.lake, "--model", EXAMPLES / example)
    assert told.code == 0, told.err
    auc = place.sql("FROM backtests WHERE segment = 'all'").filter(subject="score", metric="auc")
    assert low <= auc["value"].item() <= high, why
