"""How often an event counts, and what it means."""

from __future__ import annotations

import pytest

from health_pipeline.core.activity.params import ActivityRules, Feature
from health_pipeline_tests.adapters.engines.landed import event


@pytest.mark.parametrize(
    ("why", "events", "expected"),
    [
        ("each event once", [event("e"), event("f")], (2, 0, 0)),
        ("quantities add up", [event("e", quantity=2.0), event("f", quantity=0.25)], (2, 0, 0)),
        ("half rounds away from zero", [event("e", quantity=2.5)], (3, 0, 0)),
        ("a fraction is use all the same", [event(quantity=0.25)], (1, 0, 0)),
        ("and core use", [event(feature="reports", quantity=0.25)], (1, 1, 1)),
        (
            "beside use that is not core",
            [event("e", quantity=3.0), event("f", feature="reports", quantity=0.1)],
            (3, 1, 1),
        ),
        (
            "core use that happened no time",
            [event("e", quantity=3.0), event("f", feature="reports", quantity=0.0)],
            (3, 0, 1),
        ),
        ("no quantity is one", [event("e", quantity=None), event("f", quantity=3.0)], (4, 0, 0)),
        ("a feature, whatever its case", [event(feature="Reports")], (1, 1, 1)),
        ("an event that means a feature", [event(event_name="API_called")], (1, 0, 2)),
        ("both", [event(event_name="api_called", feature="reports")], (1, 1, 3)),
        ("one value of two features", [event(feature="charts")], (1, 1, 5)),
        (
            "a core event without a feature",
            [event(event_name="workflow_run", quantity=2.0)],
            (2, 2, 0),
        ),
        ("an unknown feature", [event(feature="???")], (1, 0, 0)),
        (
            "masks are combined",
            [event("e", feature="api"), event("f", feature="charts")],
            (2, 1, 7),
        ),
    ],
)
def test_what_is_counted(run, why, events, expected):
    found = run(*events).activity
    assert found.select("events", "core_events", "features").rows() == [expected], why


def test_an_event_that_happened_no_time_shows_the_account_but_no_activity(run):
    found = run(event(quantity=0.0))
    assert found.activity.is_empty()
    assert found.source_days["events"].to_list() == [0]


def test_62_features_fit_into_the_mask(run):
    rules = ActivityRules(
        features=tuple(Feature(name=f"f{n}", match=(f"f{n}",)) for n in range(62))
    )
    assert run(event(feature="f61"), rules=rules).activity["features"].to_list() == [1 << 61]


def test_files_may_lack_optional_columns(run):
    found = run(event("e", feature="api"), event("f"), files=2)
    assert found.activity.select("events", "features").rows() == [(2, 2)]
