"""What a stored baseline is kept for: the parts of the model that its knots depend on."""

from datetime import date, timedelta
from itertools import product

import polars as pl
import pytest

from health_pipeline.adapters.store.lake import Write
from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of
from health_pipeline.orchestration.baseline import ensure_baseline
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.model_parts import JUDGEMENT, knots_keys, parts_of
from health_pipeline_tests.config.folders import folder_with

RULES = """
segments:
  - name: small
    match: {plan: [Starter]}
default: other
"""
WEIGHTS = "    weights: {seats: 60}\n"
KNOTS = "    knots: {milestones: [40, 9, 4, 0]}\n"
WATCHED = """
watched:
  kind: escalations
  params: {}
  group: delivery
  weight: 0
  knots: fit
  reason_code: escalated
  play: call
"""
PARAMS = "breadth\n  params: {window_days: 7}"
ALL = {"knots:seats", "knots:milestones"}


def changed(tmp_path, file, old, new):
    """The small model before and after `old` is replaced by `new` in one of its files."""
    folder = folder_with(tmp_path / "model")
    (folder / "segments.yaml").write_text(RULES, encoding="utf-8")
    before, path = load_model(folder), folder / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    after = load_model(folder)
    assert after.fingerprint() != before.fingerprint()
    return before, after


@pytest.mark.parametrize(
    ("why", "file", "old", "new", "anew"),
    [
        ("words of a tier", "scoring", "act now", "act today", set()),
        ("weights of a segment", "segments", "default: other", WEIGHTS + "default: other", set()),
        (
            *("knots of a segment", "segments", "default: other", KNOTS + "default: other"),
            {"knots:milestones"},
        ),
        ("whom a segment takes", "segments", "[Starter]", "[Starter, Growth]", ALL),
        ("knots of a signal", "signals", "[30, 7, 3, 0]", "[30, 8, 3, 0]", {"knots:milestones"}),
        (
            *("how a signal measures", "signals", "breadth\n  params: {}", PARAMS),
            {"knots:seats"},
        ),
        (
            *("a signal beside them", "signals", "milestones:", WATCHED + "milestones:"),
            {"knots:watched"},
        ),
        ("what events mean", "activity", "match: [workflows]", "match: [flows]", {"knots:seats"}),
        ("which features are watched", "activity", "core: true", "core: true, key: true", set()),
    ],
)  # fmt: skip
def test_knots_are_kept_until_what_they_depend_on_changes(why, file, old, new, anew, tmp_path):
    before, after = changed(tmp_path, file, old, new)
    was, now = knots_keys(before), knots_keys(after)
    assert {part for part, key in now.items() if was.get(part) != key} == anew, why


@pytest.mark.parametrize(
    ("why", "file", "old", "new", "same"),
    [
        ("a step of a play", "plays", "due_days: 1", "due_days: 2", True),
        ("when a tier is left", "scoring", "groups:", "band: 3\ngroups:", False),
        ("knots of a signal", "signals", "[30, 7, 3, 0]", "[30, 8, 3, 0]", False),
    ],
)
def test_another_version_judges_otherwise_only_by_what_judges(why, file, old, new, same, tmp_path):
    before, after = changed(tmp_path, file, old, new)
    knots = RESULT_TABLES["baselines"].empty()
    was, now = (parts_of(model, knots)[JUDGEMENT] for model in (before, after))
    assert (was == now) is same, why


@pytest.mark.parametrize(
    ("why", "file", "old", "new", "otherwise"),
    [
        ("knots", "signals", "[30, 7, 3, 0]", "[30, 8, 3, 0]", set()),
        ("whom a segment takes", "segments", "[Starter]", "[Starter, Growth]", set()),
        ("params", "signals", "breadth\n  params: {}", PARAMS, {"measure:seats"}),
        ("what events mean", "activity", "match: [workflows]", "match: [flows]", {"measure:seats"}),
    ],
)
def test_what_is_measured_otherwise(why, file, old, new, otherwise, tmp_path):
    before, after = changed(tmp_path, file, old, new)
    knots = RESULT_TABLES["baselines"].empty()
    was, now = (parts_of(model, knots) for model in (before, after))
    found = {part for part, key in now.items() if was[part] != key}
    assert {part for part in found if part.startswith("measure:")} == otherwise, why


DAY = date(2026, 3, 2)
ACCOUNTS = [f"acc_{n:02d}" for n in range(40)]


def in_segments(day):
    """Every account in the default segment, as published of `day`."""
    table = RESULT_TABLES["segments"]
    rows = pl.DataFrame({"account_id": ACCOUNTS}).with_columns(
        date=pl.lit(day), segment=pl.lit("other")
    )
    missing = [pl.lit(None).alias(name) for name in table.columns if name not in rows.columns]
    return table.conform(rows.with_columns(missing))


def values_on(day):
    """Values that rise from day to day, so that knots tell on which they were fitted."""
    rise = (day - DAY).days
    rows = [
        (account, day, signal, float(n + 10 * rise), "measured", day, None)
        for (n, account), signal in product(enumerate(ACCOUNTS), ("milestones", "seats", "watched"))
    ]
    return pl.DataFrame(rows, schema=SIGNAL_VALUES, orient="row")


def test_a_signal_beside_the_others_moves_no_knots_of_theirs(tmp_path):
    before, after = changed(tmp_path, "signals", "milestones:", WATCHED + "milestones:")
    fitted = []
    for n, (model, refit) in enumerate([(before, False), (after, False), (after, True)]):
        settings = load_settings({}, sources=tmp_path / "sources", lake=tmp_path / "lake")
        day = DAY + timedelta(days=n)
        with House(settings, model).open() as stores:
            stores.lake.publish(
                [Write("segments", day, in_segments(day))], run_id="test", at=end_of(day)
            )
            for _ in range(2):  # both assets of a run that ask, of which the first one fits
                found = ensure_baseline(stores, [day], values_on, run_id="test", refit=refit)
            again = ensure_baseline(stores, [day], values_on, run_id="test")
            assert again.model_version == found.model_version
            assert not again.is_new
        fitted.append(found)
    first, second, third = (one.frame.drop("model_version") for one in fitted)
    others = pl.col("signal") != "watched"
    assert second.filter(others).equals(first)
    assert set(second.filter(~others)["fitted_through"]) == {DAY + timedelta(days=1)}
    assert set(third["fitted_through"]) == {DAY + timedelta(days=2)}, "a refit fits all of them"
    assert len({one.model_version for one in fitted}) == 3
