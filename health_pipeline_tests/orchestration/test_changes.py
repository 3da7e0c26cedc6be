"""Moves from the published tables: records that join an account are told as identity."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.models import ModelVersion, remember_version
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.changes import changes_of
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.model_parts import measure_of
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.orchestration.small_world import house_in

FIRST = date(2026, 3, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(9)]
JOINED = datetime(2026, 3, 6, 9, tzinfo=UTC)
TICKETS = {"a": [90, 90, 90, 90, 90, 30, 30, 30, 20], "b": [90] * 8 + [40]}
"""Subscores of one of two signals, day by day; the other one stays at 80."""


def rows(table: str, *given: dict[str, object]) -> pl.DataFrame:
    shape = RESULT_TABLES[table].columns
    return pl.DataFrame([dict.fromkeys(shape) | one for one in given], schema=shape)


@pytest.fixture
def stores(tmp_path):
    (tmp_path / "sources").mkdir()
    with house_in(tmp_path, tmp_path / "sources").open() as found:
        writes = [
            Write("account_xref", None, rows("account_xref", *(
                {"source": source, "source_account_id": name, "account_id": name, "linked_at": at}
                for name, source, at in (
                    ("a", "crm", datetime(2025, 1, 1, tzinfo=UTC)),
                    ("a", "support", JOINED),
                    ("b", "crm", datetime(2025, 1, 1, tzinfo=UTC)),
                    ("new", "crm", JOINED),
                )
            ))),
        ]  # fmt: skip
        for n, day in enumerate(DAYS):
            scored = {name: (80 + of[n]) / 2 for name, of in TICKETS.items()}
            common = {"date": day, "segment": "s", "model_version": "m"}
            writes += [
                Write("health_scores", day, rows("health_scores", *(
                    common | {"account_id": name, "score": score} for name, score in scored.items()
                ))),
                Write("contributions", day, rows("contributions", *(
                    {"account_id": name, "date": day, "signal": signal, "weight": 0.5}
                    | {"subscore": float(subscore), "reference": 75.0, "status": "measured"}
                    for name, of in TICKETS.items()
                    for signal, subscore in (("tickets", of[n]), ("usage", 80))
                ))),
            ]  # fmt: skip
        found.lake.publish(writes, run_id="test", at=House.now())
        yield found


def parts(found: pl.DataFrame, account: str, since: date) -> dict[tuple[str | None, str], float]:
    one = found.filter((pl.col("account_id") == account) & (pl.col("compared_with") == since))
    return {(row["signal"], row["effect"]): row["points"] for row in one.to_dicts()}


def test_the_day_on_which_records_joined_is_identity(stores):
    last = DAYS[-1]
    found = changes_of(stores, Window(last, last))
    assert parts(found, "a", last - timedelta(days=7)) == {
        (None, "identity"): pytest.approx(-30),
        ("tickets", "behaviour"): pytest.approx(-5),
    }
    assert parts(found, "a", DAYS[-2]) == {("tickets", "behaviour"): pytest.approx(-5)}
    assert parts(found, "b", last - timedelta(days=7)) == {
        ("tickets", "behaviour"): pytest.approx(-25)
    }
    for _, one in found.group_by("account_id", "compared_with"):
        assert one["points"].sum() == pytest.approx(one["delta"][0], abs=1e-9)


def test_on_the_day_itself_all_is_identity(stores):
    found = changes_of(stores, Window(DAYS[5], DAYS[5]))
    assert parts(found, "a", DAYS[4]) == {(None, "identity"): pytest.approx(-30)}


def test_a_range_of_days_gives_what_its_days_give(stores):
    whole = changes_of(stores, Window(DAYS[4], DAYS[-1]))
    single = pl.concat(changes_of(stores, Window(day, day)) for day in DAYS[4:])
    key = ["account_id", "date", "compared_with", "effect", "signal"]
    assert whole.sort(key).equals(single.sort(key))


def test_what_another_model_measures_otherwise_is_no_behaviour(tmp_path):
    """Two versions, of which the later one counts escalations of 90 days in place of 14."""
    days, versions = DAYS[:3], ("v1", "v1", "v2")
    values = {"escalations": (0.0, 1.0, 3.0), "open_tickets": (0.0, 1.0, 3.0)}
    with house_in(tmp_path, tmp_path / "sources").open() as stores:
        writes = [Write("baselines", None, rows("baselines", *(
            {"segment": "s", "signal": signal, "model_version": version, "reference": 75.0}
            | {"k0": 4.0, "k60": 3.0, "k80": 1.0, "k100": 0.0}
            for version in ("v1", "v2") for signal in values
        )))]  # fmt: skip
        for n, (day, version) in enumerate(zip(days, versions, strict=True)):
            subscore = {0.0: 100.0, 1.0: 80.0, 3.0: 60.0}
            common = {"account_id": "a", "date": day, "segment": "s", "model_version": version}
            drivers = [
                {"account_id": "a", "date": day, "signal": signal, "status": "measured"}
                | {"weight": 0.5, "subscore": subscore[of[n]], "reference": 75.0, "value": of[n]}
                for signal, of in values.items()
            ]
            for table, given in (
                ("health_scores", [common | {"score": subscore[values["escalations"][n]]}]),
                ("contributions", drivers),
                ("signals", drivers),
            ):
                shape = RESULT_TABLES[table].columns
                known = [{k: v for k, v in one.items() if k in shape} for one in given]
                writes.append(Write(table, day, rows(table, *known)))
        stores.lake.publish(writes, run_id="test", at=House.now())
        for version in ("v1", "v2"):
            known = ModelVersion(version, version, "key", "2026-01-01", "2026-01-01T00:00:00Z")
            parts = {measure_of("escalations"): version, measure_of("open_tickets"): "the same"}
            remember_version(stores.control, known, parts)
        found = changes_of(stores, Window(days[1], days[2]))
    effects = found.select("date", "compared_with", "signal", "effect").rows()
    assert sorted(effects) == [
        (days[1], days[0], "escalations", "behaviour"),
        (days[1], days[0], "open_tickets", "behaviour"),
        (days[2], days[1], "escalations", "measure"),
        (days[2], days[1], "open_tickets", "behaviour"),
    ]
    assert (
        found.group_by("date")
        .agg(pl.col("points").sum() - pl.col("delta").first())
        .select(pl.col("points").abs().max() < 1e-9)
        .item()
    )
