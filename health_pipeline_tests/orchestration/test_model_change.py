"""What `health run` says where another version of the model scored the days before."""

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.models import ModelVersion, remember_version
from health_pipeline.cli.summary import model_words
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of
from health_pipeline.orchestration.alert_news import facts_of
from health_pipeline.orchestration.model_change import model_change
from health_pipeline.orchestration.model_parts import JUDGEMENT, measure_of
from health_pipeline_tests.orchestration.alert_world import house_in

DAY = date(2026, 3, 10)
NOT_TOLD = "; changes of drivers that it may have made are not told"
SINCE = "2026-01-01T00:00:00+00:00"


def rows(table, **values):
    """One row of a result table; what is not named is null."""
    names = RESULT_TABLES[table].columns
    return RESULT_TABLES[table].conform(pl.DataFrame([{name: values.get(name) for name in names}]))


def knots(version, signal, k80):
    fitted = {"k0": 0.0, "k60": 1.0, "k80": k80, "k100": 9.0}
    return rows("baselines", segment="other", signal=signal, model_version=version, **fitted)


@pytest.mark.parametrize(
    ("why", "versions", "k80", "judgements", "expected"),
    [
        ("the same version", ("v1", "v1", "v1"), 2.0, {"v1": "a"}, None),
        ("longer ago than changes are doubted", ("v1", "v2", "v2", "v2"), 3.0, {}, None),
        (
            *("a channel", ("v1", "v1", "v2"), 2.0, {"v1": "a", "v2": "a"}),
            "Another model than on 2026-03-09 (now v2)",
        ),
        (
            *("knots of one signal", ("v1", "v1", "v2"), 3.0, {"v1": "a", "v2": "b"}),
            "Another model than on 2026-03-09 (now v2); other knots: seats" + NOT_TOLD,
        ),
        (
            *("an upgrade that notes what judges", ("v1", "v2", "v2"), 2.0, {"v2": "b"}),
            "Another model than on 2026-03-08 (now v2)" + NOT_TOLD,
        ),
    ],
)
def test_what_another_version_changes_is_said(why, versions, k80, judgements, expected, tmp_path):
    with house_in(tmp_path).open() as stores:
        for back, version in enumerate(reversed(versions)):
            day = DAY - timedelta(days=back)
            scored = rows("health_scores", account_id="a", date=day, model_version=version)
            stores.lake.publish(
                [Write("health_scores", day, scored)], run_id="test", at=end_of(day)
            )
        stored = [
            *(knots(version, "tickets", 2.0) for version in ("v1", "v2")),
            *(knots("v1", "seats", 2.0), knots("v2", "seats", k80)),
        ]
        stores.lake.publish(
            [Write("baselines", None, pl.concat(stored))], run_id="test", at=end_of(DAY)
        )
        for version, key in judgements.items():
            known = ModelVersion(version, version, "key", "2026-01-01", SINCE)
            remember_version(stores.control, known, {JUDGEMENT: key})
        found = model_change(stores, DAY, versions[-1])
    assert (found and model_words(found)) == expected, why


def test_what_is_measured_otherwise_is_no_fact_of_a_customer(tmp_path):
    """A window of 90 days in place of 14 finds escalations that nobody needs to hear of now."""
    with house_in(tmp_path).open() as stores:
        for day, version in ((DAY - timedelta(days=1), "v1"), (DAY, "v2")):
            scored = rows("health_scores", account_id="a", date=day, model_version=version)
            stores.lake.publish(
                [Write("health_scores", day, scored)], run_id="test", at=end_of(day)
            )
            known = ModelVersion(version, version, "key", "2026-01-01", SINCE)
            parts = {measure_of("escalations"): version, measure_of("integrations"): "the same"}
            remember_version(stores.control, known, {JUDGEMENT: version, **parts})
        found = model_change(stores, DAY, "v2")
        facts = facts_of(stores.model, found)
    assert found.measured == ("escalations",)
    assert "escalations" not in facts
    assert "integrations" in facts
    assert {"escalations", "integrations"} <= set(facts_of(stores.model, None))
