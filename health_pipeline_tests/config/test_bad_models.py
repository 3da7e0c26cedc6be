"""Every rule, by a folder that breaks it and nothing else: the exact lines that people read."""

import shutil

import pytest

from health_pipeline.config.issue import ModelError
from health_pipeline.config.loader import check_model, load_model
from health_pipeline_tests.config.folders import BAD, TESTDATA, folder_with

WARNINGS_ONLY = {"play_never_used", "route_matches_nothing"}

NO_MODEL_FILE = (
    "model:1: holds no model file (allowed: churn.yaml, identity.yaml, activity.yaml, "
    "segments.yaml, signals.yaml, scoring.yaml, plays.yaml, alerts.yaml, sources.yaml, "
    "delivery.yaml, learning.yaml, overrides.yaml)"
)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_model_is_refused_in_exactly_these_words(name, tmp_path):
    folder = folder_with(tmp_path, f"bad/{name}")
    expected = (TESTDATA / "bad" / name / "expected.txt").read_text(encoding="utf-8").splitlines()
    assert [str(issue) for issue in check_model(folder)] == expected
    if name in WARNINGS_ONLY:
        assert load_model(folder).fingerprint()
    else:
        with pytest.raises(ModelError):
            load_model(folder)


def test_many_errors_in_many_files_are_told_at_once(tmp_path):
    names = (
        "not_yaml", "horizon_not_offered", "unknown_kind", "tiers_gap", "unknown_role",
        "source_zone_unknown", "secret_in_the_model", "feature_never_met",
        "play_steps_out_of_order", "segment_bands_gap", "empty_file",
    )  # fmt: skip
    folder = folder_with(tmp_path, *(f"bad/{name}" for name in names))
    told = [str(issue) for issue in check_model(folder)]
    for name in names:
        for line in (TESTDATA / "bad" / name / "expected.txt").read_text().splitlines():
            assert line in told, name
    with pytest.raises(ModelError) as raised:
        load_model(folder)
    assert str(raised.value).splitlines() == told
    assert [issue.file for issue in raised.value.issues] == [
        "churn.yaml", "identity.yaml", "activity.yaml", "segments.yaml", "signals.yaml",
        "scoring.yaml", "plays.yaml", "alerts.yaml", "sources.yaml", "delivery.yaml",
        "learning.yaml",
    ]  # fmt: skip


def test_one_bad_signal_hides_nothing_about_the_others(tmp_path):
    folder = folder_with(tmp_path)
    signals = folder / "signals.yaml"
    signals.write_text(
        signals.read_text()
        .replace("weight: 60", "weight: ten")
        .replace("[30, 7, 3, 0]", "[0, 3, 7, 30]")
        .replace("milestone_overdue\n  play: call", "milestone_overdue\n  play: phone")
    )
    assert [issue.key for issue in check_model(folder)] == [
        "seats.weight", "milestones.knots", "milestones.play",
    ]  # fmt: skip


def test_a_secret_is_never_repeated(tmp_path):
    for name in ("secret_in_the_model", "address_in_place_of_variable"):
        folder = folder_with(tmp_path / name, f"bad/{name}")
        assert "hooks.example" in (folder / "delivery.yaml").read_text()
        assert "hooks.example" not in "\n".join(str(issue) for issue in check_model(folder))


@pytest.mark.parametrize(
    ("why", "spoil", "expected"),
    [
        (
            "a folder without any file of a model",
            lambda folder: [path.unlink() for path in folder.iterdir()],
            [NO_MODEL_FILE],
        ),
        (
            "its only file has another name",
            lambda folder: (
                [path.unlink() for path in folder.iterdir()],
                (folder / "signal.yaml").write_text("{}"),
            ),
            [
                NO_MODEL_FILE.replace(
                    "model:1: holds no model file", "signal.yaml:1: an unknown file"
                )
            ],
        ),
        (
            "a folder stands where a file should",
            lambda folder: ((folder / "churn.yaml").unlink(), (folder / "churn.yaml").mkdir()),
            ["churn.yaml:1: cannot be read: Is a directory"],
        ),
        (
            "nested beyond all measure",
            lambda folder: (folder / "churn.yaml").write_text("exclude: " + "[" * 9000),
            ["churn.yaml:1: nested too deeply"],
        ),
        (
            "the folder itself is gone",
            shutil.rmtree,
            ["model:1: no such folder (allowed: a folder of YAML files)"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_named(why, spoil, expected, tmp_path):
    folder = folder_with(tmp_path / "model")
    spoil(folder)
    assert [str(issue) for issue in check_model(folder)] == expected
