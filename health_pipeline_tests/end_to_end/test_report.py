"""The report that a run leaves: its figures are those of health.duckdb, and it is there to find."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.shell import Place, health
from health_pipeline_tests.report_page import Page

FIRST = END - timedelta(days=8)


@pytest.fixture(scope="module")
def place(tmp_path_factory, world):
    """Nine days of the sample, so that there is a week to look back on."""
    found = Place(tmp_path_factory.mktemp("reported"), world)
    found.told = found.run("--from", FIRST)
    assert found.told.code == 0, found.told.err
    return found


@pytest.fixture(scope="module")
def shown(place):
    return Page.of(place.home / "report" / "index.html")


def on_the_day(place: Place, table: str) -> pl.DataFrame:
    """A view of health.duckdb on the last day."""
    return place.table(table).filter(pl.col("date") == END)


def tenths(score: float | None) -> int | None:
    """A score as the product shows it: floored."""
    return None if score is None else int(score * 10 + 1e-8)


def test_the_run_says_where_it_is(place):
    assert f"Report: {place.home / 'report' / 'index.html'}" in place.told.out


def test_it_is_about_the_last_day_and_its_model(place, shown):
    (version,) = on_the_day(place, "health_scores")["model_version"].unique()
    assert shown.head["day"] == str(END)
    assert shown.head["version"] == version


def test_the_portfolio_is_that_of_the_tables(place, shown):
    counted = place.sql(
        "SELECT date, tier, count(*) AS accounts, sum(arr) AS arr FROM health_scores GROUP BY ALL"
    )
    for row in shown.head["portfolio"]["tiers"]:
        for name, day in (("accounts", END), ("accounts_week_ago", END - timedelta(days=7))):
            found = counted.filter((pl.col("tier") == row["tier"]) & (pl.col("date") == day))
            assert row[name] == (found["accounts"][0] if found.height else 0), (row["tier"], name)
        assert row["accounts_month_ago"] is None, "that day was not scored"
    trend = shown.head["portfolio"]["trend"]
    for n, day in enumerate(trend["date"]):
        for tier in shown.head["tiers"]:
            of = (pl.col("tier") == tier) & (pl.col("date") == date.fromisoformat(day))
            assert trend[tier][n] == counted.filter(of)["accounts"].sum()
            assert trend[f"arr_{tier}"][n] == pytest.approx(counted.filter(of)["arr"].sum())
    risky = pl.col("arr").filter(pl.col("tier").is_in(["red", "yellow"]))
    by_segment = (
        on_the_day(place, "health_scores")
        .group_by("segment")
        .agg(pl.len(), red=(pl.col("tier") == "red").sum(), arr=pl.sum("arr"), risky=risky.sum())
        .sort("segment")
    )
    names = ("name", "accounts", "red", "arr", "arr_at_risk")
    for row, found in zip(shown.head["portfolio"]["segments"], by_segment.iter_rows(), strict=True):
        assert [row[name] for name in names] == pytest.approx([one or 0 for one in found])


def test_every_account_stands_with_its_figures(place, shown):
    then = place.sql("SELECT account_id, score AS before, date + 7 AS date FROM health_scores")
    rows = (
        on_the_day(place, "health_scores")
        .join(place.table("accounts"), "account_id", "left")
        .join(then.with_columns(pl.col("date").cast(pl.Date)), ["account_id", "date"], "left")
    )
    assert rows.height == len(shown.rows["id"]) == shown.head["accounts"]
    for row in rows.iter_rows(named=True):
        found = shown.row(row["account_id"])
        assert shown.head["tiers"][found["tier"]] == row["tier"]
        assert found["score"] == tenths(row["score"])
        both = row["score"] is not None and row["before"] is not None
        move = tenths(row["score"]) - tenths(row["before"]) if both else None
        assert found["moved"] == move
        assert (found["name"], found["owner"]) == (row["name"], row["owner_email"])
        assert found["renews"] == (str(row["renews_on"]) if row["renews_on"] else None)


def test_what_opens_behind_an_account_is_what_the_tables_say(place, shown):
    scored = on_the_day(place, "health_scores").drop_nulls("score")
    drivers = (
        on_the_day(place, "contributions")
        .filter(pl.col("weight") > 0)
        .join(scored, "account_id", "semi")
        .select("account_id", "signal", "points", "points_vs_reference")
    )
    reasons = on_the_day(place, "reason_codes").sort("direction", "rank")
    told = {row["account_id"]: row for row in on_the_day(place, "narratives").iter_rows(named=True)}
    for account in shown.rows["id"]:
        detail = shown.detail(account)
        mine = {row[1]: row for row in drivers.filter(pl.col("account_id") == account).iter_rows()}
        names = [shown.head["words"]["signals"][place] for place in detail["d_signal"] or ()]
        assert set(names) == set(mine)
        for n, signal in enumerate(names):
            assert detail["d_points"][n] == pytest.approx(mine[signal][2] * 10, abs=1.0001)
            assert detail["d_vs"][n] == pytest.approx(mine[signal][3] * 10, abs=0.5001)
        sentences = reasons.filter(pl.col("account_id") == account)["sentence"].to_list()
        assert (detail["r_sentence"] or []) == sentences
        assert (detail["headline"], detail["text"]) == tuple(
            told[account][k] for k in ("headline", "text")
        )


def test_the_parts_of_a_move_are_those_of_score_changes(place, shown):
    parts = (
        on_the_day(place, "score_changes")
        .filter(pl.col("compared_with") == END - timedelta(days=7))
        .with_columns(pl.col("signal").fill_null(""))
    )
    seen = 0
    for account in shown.head["movers"]["ids"]:
        mine = parts.filter(pl.col("account_id") == account)
        points = {
            (signal, effect): p
            for signal, effect, p in mine.select("signal", "effect", "points").iter_rows()
        }
        detail = shown.detail(account)
        assert sum(detail["m_tenths"] or []) == shown.row(account)["moved"]
        for n, effect in enumerate(detail["m_effect"] or []):
            if effect != "smaller":
                seen += 1
                place = detail["m_signal"][n]
                signal = "" if place is None else shown.head["words"]["signals"][place]
                tenths_of_part = detail["m_tenths"][n]
                assert tenths_of_part == pytest.approx(points[signal, effect] * 10, abs=1.1)
    assert seen > 10


def test_histories_are_those_of_health_scores(place, shown):
    scores = place.sql("SELECT account_id, date, score FROM health_scores WHERE score IS NOT NULL")
    for account in shown.rows["id"]:
        mine = scores.filter(pl.col("account_id") == account)
        want = {str(day): tenths(score) for _, day, score in mine.iter_rows()}
        assert shown.history(account) == want


def test_renewals_and_data_quality_are_those_of_the_tables(place, shown):
    guard = on_the_day(place, "discount_guard")
    blocked = guard.filter(pl.col("decision") == "block")["account_id"].to_list()
    listed = shown.renewals
    said = [a for a, d in zip(listed["id"], listed["decision"], strict=True) if d == "block"]
    assert set(said) <= set(blocked)
    refused = place.sql('SELECT "table", count(*) AS n FROM quarantine GROUP BY ALL')
    quality = shown.head["quality"]
    assert {r["table"]: r["rows"] for r in quality["quarantine"]} == dict(refused.iter_rows())
    mean = on_the_day(place, "health_scores")["coverage"].mean()
    assert quality["coverage"]["mean"] == pytest.approx(mean)


def test_filling_days_before_leaves_it_and_a_new_day_does_not(place, world, tmp_path):
    other = Place(tmp_path, world)
    assert other.run_days(END - timedelta(days=1), END - timedelta(days=1)).code == 0
    path = tmp_path / "report" / "index.html"
    before = path.read_bytes()
    back = str(END - timedelta(days=3))
    told = health(
        "backfill", "--from", back, "--to", back, "--sources", world, "--lake", other.lake
    )
    assert told.code == 0, told.err
    assert path.read_bytes() == before
    assert other.run_days(END, END).code == 0
    assert Page.of(path).head["day"] == str(END)


def test_a_world_without_renewals_or_owners_has_one_too(small_world, tmp_path):
    sources = tmp_path / "sources"
    sources.mkdir()
    for file in small_world.iterdir():
        if not file.name.startswith(("renewals", "interventions")):
            (sources / file.name).symlink_to(file.resolve())
    place = Place(tmp_path / "results", sources)
    told = place.run_days(END, END)
    assert told.code == 0, told.err
    assert not Page.of(place.home / "report" / "index.html").head["renewals"]["from_crm"]


def test_an_empty_folder_of_sources_makes_no_page(tmp_path):
    (tmp_path / "sources").mkdir()
    place = Place(tmp_path, tmp_path / "sources")
    assert place.run().code == 0
    assert not (tmp_path / "report").exists()
