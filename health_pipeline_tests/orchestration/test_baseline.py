"""What a stored baseline is kept for: the parts of the model that its knots depend on."""

import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.orchestration.baseline import baseline_key
from health_pipeline_tests.config.folders import folder_with

RULES = """
segments:
  - name: small
    match: {plan: [Starter]}
default: other
"""
WEIGHTS = "    weights: {seats: 60}\n"
KNOTS = "    knots: {milestones: [40, 9, 4, 0]}\n"


@pytest.mark.parametrize(
    ("why", "file", "old", "new", "kept"),
    [
        ("words of a tier", "scoring", "act now", "act today", True),
        ("weights of a segment", "segments", "default: other", WEIGHTS + "default: other", True),
        ("knots of a segment", "segments", "default: other", KNOTS + "default: other", False),
        ("whom a segment takes", "segments", "[Starter]", "[Starter, Growth]", False),
        ("knots of a signal", "signals", "[30, 7, 3, 0]", "[30, 8, 3, 0]", False),
    ],
)
def test_knots_are_kept_until_what_they_depend_on_changes(why, file, old, new, kept, tmp_path):
    folder = folder_with(tmp_path / "model")
    (folder / "segments.yaml").write_text(RULES, encoding="utf-8")
    before, path = load_model(folder), folder / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text, why
    path.write_text(text.replace(old, new), encoding="utf-8")
    after = load_model(folder)
    assert after.fingerprint() != before.fingerprint(), why
    assert (baseline_key(after) == baseline_key(before)) is kept, why
