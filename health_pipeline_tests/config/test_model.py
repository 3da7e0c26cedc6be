"""Laws of the resolved model: what changes its fingerprint, and what does not."""

import shutil
from importlib.resources import as_file, files

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from health_pipeline.config.loader import check_model, load_model
from health_pipeline.config.shapes import FILES
from health_pipeline_tests.config.folders import folder_with


def shuffled(value, draw):
    """The same data with the keys of every block in another order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key], draw) for key in draw(st.permutations(list(value)))}
    return [shuffled(one, draw) for one in value] if isinstance(value, list) else value


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_formatting_comments_and_key_order_do_not_count(data, tmp_path):
    folder = tmp_path / "model"
    shutil.rmtree(folder, ignore_errors=True)
    with as_file(files("health_pipeline") / "model") as packaged:
        shutil.copytree(packaged, folder)
    for name in FILES:
        path = folder / f"{name}.yaml"
        content = shuffled(yaml.safe_load(path.read_text(encoding="utf-8")), data.draw)
        flow = data.draw(st.booleans())
        path.write_text(yaml.safe_dump(content, sort_keys=False, default_flow_style=flow))
    assert load_model(folder) == load_model()
    assert load_model(folder).fingerprint() == load_model().fingerprint()


@pytest.mark.parametrize(
    ("why", "left", "right"),
    [
        ("order, style and defaults written out", (), ("good/reordered",)),
        ("short and long forms", ("good/short_forms",), ("good/long_forms",)),
    ],
)
def test_two_ways_to_write_one_model(why, left, right, tmp_path):
    one = load_model(folder_with(tmp_path / "one", *left))
    other = load_model(folder_with(tmp_path / "other", *right))
    assert one == other
    assert one.fingerprint() == other.fingerprint()


ASIDE = [
    # why, file, what is added to it, what is then read of it
    ("what computes", "sources",
     'engine: spark\nspark: {remote: "sc://host:15002", settings: {a.b: 3}}\n',
     lambda model: (model.sources.engine, model.sources.spark.settings), ("spark", {"a.b": 3})),
    ("who is told, and of what", "alerts", "\nmax_age_hours: 72\ntell_red: false\n",
     lambda model: (model.alerts.max_age_hours, model.alerts.tell_red), (72, False)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("why", "file", "added", "read", "taken"), ASIDE, ids=[case[0] for case in ASIDE]
)
def test_some_of_it_is_no_part_of_what_a_model_means(tmp_path, why, file, added, read, taken):
    folder = folder_with(tmp_path / "model")
    before = load_model(folder)
    with (folder / f"{file}.yaml").open("a", encoding="utf-8") as text:
        text.write(added)
    after = load_model(folder)
    assert read(after) == taken
    assert after.fingerprint() == before.fingerprint(), why


OVERRIDES = """
# what people say
overrides:
  - {account: a.example, tier: red, why: x, author: dana, until: 2026-12-01}
  - account: crm:7
    mute: true
    why: y
    author: kim
    since: 2026-11-20
    until: 2026-12-02
"""


def test_what_people_say_beside_the_score_is_no_part_of_what_a_model_means(tmp_path):
    folder = folder_with(tmp_path / "model")
    before = load_model(folder)
    (folder / "overrides.yaml").write_text(OVERRIDES, encoding="utf-8")
    after = load_model(folder)
    assert [(one.account, one.tier, one.mute, one.line) for one in after.overrides] == [
        ("a.example", "red", False, 4), ("crm:7", None, True, 5),
    ]  # fmt: skip
    assert [str(one.first) for one in after.overrides] == ["2026-06-04", "2026-11-20"]
    assert after.fingerprint() == before.fingerprint()


@pytest.mark.parametrize("text", ["overrides: []\n", "overrides:\n", "{}\n"])
def test_nobody_need_say_anything(text, tmp_path):
    folder = folder_with(tmp_path / "model")
    (folder / "overrides.yaml").write_text(text, encoding="utf-8")
    assert load_model(folder).overrides == ()


@pytest.mark.parametrize("until", ["0001-01-05", "9999-12-31"])
def test_dates_at_the_ends_of_the_calendar_are_dates(until, tmp_path):
    folder = folder_with(tmp_path / "model")
    text = f"overrides: [{{account: a, tier: red, why: x, author: d, until: {until}}}]\n"
    (folder / "overrides.yaml").write_text(text, encoding="utf-8")
    assert str(load_model(folder).overrides[0].until) == until


@pytest.mark.parametrize(
    ("why", "file", "old", "new", "section"),
    [
        ("a threshold", "signals", "[30, 7, 3, 0]", "[30, 8, 3, 0]", "signals"),
        ("a word that people read", "scoring", "act now", "act today", "scoring"),
        ("the churn definition", "churn", "90", "60", "churn"),
        (
            "the place of a feature, which is its bit",
            "activity",
            "{name: w",
            "{name: v",
            "activity",
        ),
        ("a step of a play", "plays", "due_days: 1", "due_days: 2", "plays"),
        ("the first day of history", "sources", "2025-01-01", "2025-01-02", "sources"),
    ],
)
def test_what_people_decide_changes_its_own_section_only(why, file, old, new, section, tmp_path):
    before = load_model(folder_with(tmp_path))
    path = tmp_path / f"{file}.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    after = load_model(tmp_path)
    assert before.fingerprint() != after.fingerprint()
    for name in type(before).model_fields:
        same = before.section_fingerprint(name) == after.section_fingerprint(name)
        assert same is (name != section), name


def test_sections_may_be_named_in_any_order_and_must_exist(tmp_path):
    model = load_model(folder_with(tmp_path))
    assert model.section_fingerprint("churn", "plays") == model.section_fingerprint(
        "plays", "churn"
    )
    assert len(model.fingerprint()) == 16
    with pytest.raises(ValueError, match="no section colours"):
        model.section_fingerprint("churn", "colours")


def test_a_model_cannot_be_changed_in_place(tmp_path):
    model = load_model(folder_with(tmp_path))
    with pytest.raises(ValidationError):
        model.churn = None


def test_what_a_block_leaves_out_comes_from_the_kind_and_what_it_says_wins(tmp_path):
    folder = folder_with(tmp_path)
    path = folder / "signals.yaml"
    path.write_text(
        path.read_text().replace("  knots: fit\n", "  knots: fit\n  unit: seats\n  ttl_days: 2\n")
    )
    seats = {signal.name: signal for signal in load_model(folder).signals}["seats"]
    assert (seats.unit, seats.ttl_days) == ("seats", 2.0)
    assert (seats.leading, seats.default_knots) == (True, (15.0, 40.0, 60.0, 80.0))
    assert seats.params.window_days == 30


UNKNOWN_BANDS = """
default: rest
acv_bands: [{name: all, low: 0}]
segments:
  - {name: blank, match: {acv_band: [unknown], size: [unknown]}}
"""

LAGGING = (2.9, 5.9, 3.8, 0.3, 5.4, 6.7)
"""Points that add up to 25, and as floats to a last bit more."""

LAGGING_SIGNALS = "".join(
    f"{name}: {{kind: breadth, params: {{}}, group: {group}, weight: {points}, knots: fit, "
    f"leading: {leading}, reason_code: {name}_low, play: call}}\n"
    for name, group, points, leading in (
        ("seats", "use", 60, "true"),
        ("used", "delivery", 15, "true"),
        *((f"late_{n}", "delivery", points, "false") for n, points in enumerate(LAGGING)),
    )
)
WEIGHING = "default: rest\nsegments: [{name: a, match: {plan: [A]}, weights: {used: 15}}]\n"


@pytest.mark.parametrize(
    ("why", "files"),
    [
        (
            "a band that rules may name though no list of bands holds it",
            {"segments": UNKNOWN_BANDS},
        ),
        (
            "lagging signals that carry all that they may, everywhere and in a segment",
            {"signals": LAGGING_SIGNALS, "segments": WEIGHING},
        ),
    ],
)
def test_what_looks_like_a_slip_and_is_none(why, files, tmp_path):
    assert sum(LAGGING) > 25
    folder = folder_with(tmp_path / "model")
    for file, text in files.items():
        (folder / f"{file}.yaml").write_text(text, encoding="utf-8")
    assert [str(issue) for issue in check_model(folder)] == [], why
