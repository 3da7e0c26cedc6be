"""The model that comes with the package: free of findings, and what the method promises."""

from importlib.resources import files

import polars as pl
import pytest

from health_pipeline.config.loader import check_model, load_model
from health_pipeline.config.shapes import FILES
from health_pipeline.core.scoring.gates import fired_gates
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.core.segments.normalise import normalise
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.core.signals.kind import kinds
from health_pipeline_tests.core.signals.worlds import DAY, plan


@pytest.fixture(scope="module")
def model():
    return load_model()


def test_nothing_is_found_wrong_with_it():
    assert check_model() == []


def test_every_file_of_it_says_what_it_is_for():
    folder = files("health_pipeline") / "model"
    for name in FILES:
        assert (folder / f"{name}.yaml").read_text(encoding="utf-8").startswith("# "), name


def test_groups_and_signals_carry_the_points_of_the_method(model):
    assert model.scoring.groups == {"value_use": 40, "delivery": 45, "relationship": 15}
    points = {signal.name: signal.weight for signal in model.signals}
    assert points == {
        "seats_active_7d": 3, "seats_active_30d": 4, "core_depth": 6, "key_features": 6,
        "stickiness": 3, "usage_trend": 10, "integrations": 4,
        "burst_gap": 2, "time_to_first_value": 2, "quiet_churn": 0, "friction_at_high_usage": 0,
        "onboarding_milestones": 17, "milestone_completion": 4, "stalled_onboarding": 4,
        "open_tickets": 4, "ticket_volume": 2, "first_response_time": 2, "resolution_time": 2,
        "reopen_rate": 2, "escalations": 8, "escalations_while_usage_falls": 0,
        "sponsor_engagement": 5, "sponsor_left": 1, "seat_utilisation": 3,
        "seat_reduction_requests": 1, "procurement_flags": 1, "overdue_invoices": 2,
        "failed_payments": 1, "sentiment": 1, "commercial_trend": 0,
            "weekly_cadence": 0, "user_time_to_first_value": 0, "survey_satisfaction": 0,
            "onboarding_stage": 0,
    }  # fmt: skip


def test_milestones_and_ticket_friction_share_delivery_25_to_20(model):
    delivery = {s.name: s.weight for s in model.signals if s.group == "delivery"}
    milestones = ("onboarding_milestones", "milestone_completion", "stalled_onboarding")
    assert sum(delivery.pop(name) for name in milestones) == 25
    assert sum(delivery.values()) == 20


def test_lagging_signals_are_those_of_r71(model):
    lagging = {signal.name: signal.weight for signal in model.signals if not signal.leading}
    assert lagging.keys() == {
        "resolution_time", "reopen_rate", "overdue_invoices", "failed_payments", "sentiment",
        "seat_reduction_requests", "commercial_trend",
    }  # fmt: skip
    assert max(lagging.values()) <= model.scoring.band, "none alone crosses a border by the band"
    assert sum(lagging.values()) <= 25


def test_hard_signals_are_the_events_of_the_method(model):
    """Beside a cancellation notice, which is no signal."""
    hard = {signal.name for signal in model.signals if signal.hard}
    assert hard == {"sponsor_left", "seat_reduction_requests"}


def test_segments_fit_where_they_differ_by_nature_and_nowhere_else(model):
    fitted = {signal.name for signal in model.signals if signal.knots == "fit"}
    assert fitted == {
        "core_depth", "stickiness", "seats_active_7d", "seats_active_30d", "resolution_time",
        "first_response_time",
    }  # fmt: skip


def test_tiers_and_their_words(model):
    assert [(tier.name, tier.low, tier.high, tier.words) for tier in model.scoring.tiers] == [
        ("green", 80, 100, "strong core use, active sponsor, no delivery risk"),
        ("yellow", 60, 80, "value but weakening, or one warning"),
        ("red", 0, 60, "usage declining, milestones stalled or sponsor gone"),
    ]


def test_gates_hold_the_words_of_green_and_red(model):
    gates = {gate.name: (gate.signal, gate.when, gate.cap) for gate in model.scoring.gates}
    assert gates == {
        "core_use_at_risk": ("core_depth", "risk", "yellow"),
        "sponsor_untouched": ("sponsor_engagement", "above", "yellow"),
        "escalation_open": ("escalations", "above", "yellow"),
        "milestone_late": ("onboarding_milestones", "above", "yellow"),
        "usage_declining": ("usage_trend", "risk", "yellow"),
        "milestones_stalled": ("stalled_onboarding", "risk", "yellow"),
        "sponsor_gone": ("sponsor_engagement", "above", "yellow"),
        "quiet_churn": ("quiet_churn", "risk", "yellow"),
        "escalations_while_usage_falls": ("escalations_while_usage_falls", "risk", "yellow"),
        "sponsor_left": ("sponsor_left", "risk", "red"),
    }
    (combined,) = model.scoring.combined_gates
    assert (set(combined.gates), combined.at_least, combined.cap) == (
        {"usage_declining", "milestones_stalled", "sponsor_gone"}, 2, "red",
    )  # fmt: skip


def test_the_gate_on_escalations_looks_back_14_days(model):
    (signal,) = [one for one in model.signals if one.name == "escalations"]
    (gate,) = [one for one in model.scoring.gates if one.signal == "escalations"]
    assert (signal.params.model_dump(), gate.value) == ({"window_days": 14}, 0), "R42"


def test_a_block_of_yaml_is_judged_by_its_kind(model):
    for signal in model.signals:
        kind = kinds()[signal.kind]
        assert isinstance(signal.params, kind.params), signal.name
        assert signal.unit == kind.meta.unit, signal.name


def test_every_play_starts_within_a_day_and_has_dated_steps(model):
    for play in model.plays.plays.values():
        assert play.due_hours <= 24, play.name
        assert play.steps[0].due_days <= 2, play.name
        assert len(play.steps) >= 3, play.name


@pytest.mark.parametrize(
    ("why", "onboarding", "fire"),
    [
        ("done on time", (("Import", 40, 40, 40), ("Launch", 30, 30, 30)), set()),
        (
            "done 12 days late is late, and stands still no more",
            (("Import", 40, 40, 40), ("Launch", 30, 30, 18)),
            {"milestone_late"},
        ),
        (
            "nothing finished for three planned steps",
            (("Import", 40, 40, 40), ("Launch", 30, 30, None)),
            {"milestone_late", "milestones_stalled"},
        ),
    ],
)
def test_only_what_stands_still_is_called_stalled(model, why, onboarding, fire):
    """Two of usage declining, milestones stalled, sponsor gone make red: each has to be true."""
    about = ("milestone_late", "milestones_stalled")
    gates = tuple(gate for gate in model.scoring.gates if gate.name in about)
    asked = {gate.signal for gate in gates}
    specs = [signal for signal in model.signals if signal.name in asked]
    view = plan(*onboarding)
    found = signal_values(view, specs)
    placed = assign(view.accounts.with_columns(date=pl.lit(DAY)), model.segments)
    baseline = fit_baseline(found, placed, specs, model.segments, DAY)
    rules = model.scoring.model_copy(update={"gates": gates, "combined_gates": ()})
    (row,) = fired_gates(normalise(found, placed, baseline, specs), rules).to_dicts()
    assert {name for name in about if row[name]} == fire, why
