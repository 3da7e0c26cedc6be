from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from health_pipeline.adapters.engines.duckdb import FUNCTIONS, roll_up
from health_pipeline.adapters.engines.steps import CONFLICTS, RollUpError
from health_pipeline.core.activity.params import ActivityRules, Feature
from health_pipeline.core.identity.ids import user_id_of
from health_pipeline.core.identity.users import LINK_COLUMNS
from health_pipeline.core.schemas.frames import ACTIVITY, SOURCE_DAYS, UNRESOLVED_EVENTS
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES

RULES = ActivityRules(
    features=(
        Feature(name="reports", match=("reports", "charts"), core=True),
        Feature(name="api", match=("api",), events=("api_called",)),
        Feature(name="all charts", match=("charts",)),
    ),
    core_events=("Workflow_Run",),
)


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)


def event(key="e", day=5, known=None, name="login", **more):
    """An event of `app` that happens at noon of `day` of January and is known at once."""
    occurred = day if isinstance(day, datetime) else at(day)
    return {
        "source": "app",
        "event_id": key,
        "occurred_at": occurred,
        "known_at": occurred if known is None else known,
        "event_name": name,
        "source_account_id": "a",
        **more,
    }


XREF = pl.DataFrame(
    [
        ("app", "a", "acc_1", "anchor", "", 1.0, at(1)),
        ("app", "late", "acc_2", "name", "", 0.9, at(9)),
    ],
    schema=RESULT_TABLES["account_xref"].columns,
    orient="row",
)
LINKS = pl.DataFrame(
    [
        ("app", "u", "acc_3", "usr_u", "sso", at(1)),
        ("app", "mover", "acc_1", "usr_m", "sso", at(2)),
        ("app", "mover", "acc_2", "usr_m", "sso", at(8)),
        ("app", "twice", "acc_1", "usr_t", "sso", at(8, 1)),
        ("app", "twice", "acc_2", "usr_t", "sso", at(8, 2)),
    ],
    schema=LINK_COLUMNS,
    orient="row",
)


@pytest.fixture
def run(tmp_path):
    def run(*events, first=date(2026, 1, 1), last=date(2026, 1, 20), files=1, rules=RULES):
        schema = {**SOURCE_TABLES["events"].schema, "known_at": pl.Datetime("us", "UTC")}
        paths = []
        for n in range(files):
            part = list(events)[n::files]
            used = {name for row in part for name in row}
            frame = pl.DataFrame(
                part, schema={k: v for k, v in schema.items() if k in used}, orient="row"
            )
            paths.append(tmp_path / f"{n}.parquet")
            frame.write_parquet(paths[-1])
        return roll_up(
            paths,
            user_links=LINKS,
            account_xref=XREF,
            rules=rules,
            known_from=first,
            known_to=last,
        )

    return run


def jan(day: int) -> date:
    return date(2026, 1, day)


@pytest.mark.parametrize(
    ("why", "more", "expected"),
    [
        ("the source's account", {}, ("acc_1", None, jan(5), jan(5))),
        ("the user decides", {"source_user_id": "u"}, ("acc_3", "usr_u", jan(5), jan(5))),
        (
            "a user without a row is still one user",
            {"source_user_id": "new"},
            ("acc_1", user_id_of("app", "new"), jan(5), jan(5)),
        ),
        ("an empty user is none", {"source_user_id": ""}, ("acc_1", None, jan(5), jan(5))),
        (
            "an account known later makes the event known later",
            {"source_account_id": "late"},
            ("acc_2", None, jan(5), jan(9)),
        ),
        (
            "a user counts where the user was",
            {"source_user_id": "mover"},
            ("acc_1", "usr_m", jan(5), jan(5)),
        ),
        (
            "… and where the user is now",
            {"source_user_id": "mover", "known": at(8)},
            ("acc_2", "usr_m", jan(5), jan(8)),
        ),
        (
            "the source's account, where the user is linked only later",
            {"source_user_id": "twice"},
            ("acc_1", "usr_t", jan(5), jan(5)),
        ),
        (
            "of two links of one day the last",
            {"source_user_id": "twice", "source_account_id": None},
            ("acc_2", "usr_t", jan(5), jan(8)),
        ),
        ("late arrival", {"known": at(7, 0)}, ("acc_1", None, jan(5), jan(7))),
        (
            "a clock that runs ahead: known when it happens",
            {"known": at(4)},
            ("acc_1", None, jan(5), jan(5)),
        ),
        (
            "days are UTC days",
            {"day": at(5, 23, 59), "known": at(6, 0, 0)},
            ("acc_1", None, jan(5), jan(6)),
        ),
    ],
)
def test_whose_event_and_since_when(run, why, more, expected):
    found = run(event(**more))
    assert found.activity.select("account_id", "user_id", "day", "known_on").rows() == [expected]
    assert found.source_days.rows() == [("app", expected[0], expected[2], expected[3], 1)], why
    assert found.unresolved.is_empty(), why


@pytest.mark.parametrize(
    ("why", "events", "expected"),
    [
        ("each event once", [event("e"), event("f")], (2, 0, 0)),
        ("quantities add up", [event("e", quantity=2.0), event("f", quantity=0.25)], (2, 0, 0)),
        ("half rounds away from zero", [event("e", quantity=2.5)], (3, 0, 0)),
        ("no quantity is one", [event("e", quantity=None), event("f", quantity=3.0)], (4, 0, 0)),
        ("a feature, whatever its case", [event(feature="Reports")], (1, 1, 1)),
        ("an event that means a feature", [event(name="API_called")], (1, 0, 2)),
        ("both", [event(name="api_called", feature="reports")], (1, 1, 3)),
        ("one value of two features", [event(feature="charts")], (1, 1, 5)),
        ("a core event without a feature", [event(name="workflow_run", quantity=2.0)], (2, 2, 0)),
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


@pytest.mark.parametrize(
    ("why", "events", "first", "last", "events_counted", "duplicates"),
    [
        ("a copy", [event(), event()], 1, 20, 1, 1),
        ("the same id of another source", [event(), event(source="crm")], 1, 20, 1, 0),
        ("a copy that arrives later", [event(), event(known=at(9))], 1, 20, 1, 1),
        ("… is not counted by the later run", [event(), event(known=at(9))], 9, 9, 0, 1),
        ("… nor seen by the earlier", [event(), event(known=at(9))], 1, 8, 1, 0),
        ("neither copy in the range", [event(), event(known=at(9))], 10, 20, 0, 0),
        ("an event out of the range", [event()], 6, 20, 0, 0),
        ("a copy stamped anew after midnight", [event(), event(day=6)], 1, 20, 1, 1),
        ("… not counted by the next day's run", [event(), event(day=6)], 6, 6, 0, 1),
        ("the same id two days later is another event", [event(), event(day=7)], 1, 20, 2, 0),
        (
            "each day anew: copies of the copy before",
            [event(day=d) for d in (5, 6, 7)],
            1,
            20,
            1,
            2,
        ),
        ("stamped back: first known wins", [event(), event(day=4, known=at(6))], 1, 20, 1, 1),
        ("one id for everything", [event(feature=f"f{n}") for n in range(50)], 1, 20, 1, 49),
    ],
)
def test_copies(run, why, events, first, last, events_counted, duplicates):
    found = run(*events, first=jan(first), last=jan(last))
    again = found.duplicates + found.conflicts
    assert (found.activity["events"].sum(), again) == (events_counted, duplicates), why


@pytest.mark.parametrize(
    ("why", "first", "again", "differs"),
    [
        ("equal in all", {}, {}, None),
        ("equal, known later", {}, {"known": at(9)}, None),
        ("equal, both without a feature", {"feature": None}, {"feature": None}, None),
        ("the feature", {"feature": "api"}, {"feature": "reports"}, "feature"),
        ("a feature, where there was none", {"feature": None}, {"feature": "api"}, "feature"),
        ("the user", {"source_user_id": "u"}, {"source_user_id": "v"}, "source_user_id"),
        ("the time", {}, {"day": at(5, 13), "known": at(6)}, "occurred_at"),
        (
            "several",
            {"quantity": 1.0},
            {"quantity": 2.0, "name": "logout", "known": at(6)},
            "event_name, quantity",
        ),
    ],
)
def test_copies_that_say_something_else_are_told_apart(run, why, first, again, differs):
    columns = {name: None for name in {**first, **again} if name in {"feature", "quantity"}}
    rows = [event(**columns | first), event(**columns | again)]
    for order in (rows, rows[::-1]):
        found = run(*order, files=2)
        assert found.activity["events"].sum() == (first.get("quantity") or 1), why
        expected = (0, 1, [differs]) if differs else (1, 0, [])
        sample = found.conflict_sample["differs"].to_list()
        assert (found.duplicates, found.conflicts, sample) == expected, why


def test_of_three_copies_only_those_unlike_the_first_are_conflicts(run):
    found = run(
        event(feature="api"),
        event(feature="api", known=at(7)),
        event(feature="reports", known=at(8)),
    )
    assert (found.duplicates, found.conflicts) == (1, 1)
    assert found.conflict_sample.rows() == [("app", "e", jan(8), "feature")]
    assert found.activity["features"].to_list() == [2]


def test_a_sample_of_conflicts_is_enough(run):
    rows = [event(f"e{n:02}", feature=name) for n in range(30) for name in ("api", "reports")]
    found = run(*rows)
    assert (found.conflicts, found.conflict_sample.height) == (30, 20)
    assert found.conflict_sample["event_id"].to_list() == sorted(f"e{n:02}" for n in range(20))


@pytest.mark.parametrize(
    ("why", "more"),
    [
        ("the epoch", {"day": datetime(1970, 1, 1, tzinfo=UTC), "known": at(5)}),
        ("just before the first valid year", {"day": datetime(1999, 12, 31, 23, 59, tzinfo=UTC)}),
        ("the year 2100", {"day": datetime(2100, 1, 1, tzinfo=UTC), "known": at(5)}),
        ("the future", {"day": at(21, 0, 0), "known": at(5)}),
        ("not known yet", {"known": at(21, 0, 0)}),
    ],
)
def test_days_that_cannot_be_yet_or_any_more(run, why, more):
    found = run(event("bad", **more), event("good"))
    assert found.activity["day"].to_list() == [jan(5)], why
    assert found.source_days["events"].to_list() == [1], why
    assert found.unresolved.is_empty(), why


@pytest.mark.parametrize(
    ("why", "text", "day"),
    [
        ("UTC", "2026-01-05T23:30:00+00:00", 5),
        ("west of it: UTC is a day ahead", "2026-01-05T23:30:00-08:00", 6),
        ("east of it: UTC is a day behind", "2026-01-06T01:30:00+05:30", 5),
        ("no zone means UTC", "2026-01-05T23:30:00", 5),
    ],
)
def test_days_are_utc_days_whatever_the_zone(tmp_path, why, text, day):
    moment = datetime.fromisoformat(text)
    path = tmp_path / "e.parquet"
    row = {"source": "app", "event_id": "e", "event_name": "x", "source_account_id": "a"}
    pl.DataFrame(row).with_columns(occurred_at=moment, known_at=moment).write_parquet(path)
    found = roll_up(
        [path],
        user_links=LINKS,
        account_xref=XREF,
        rules=RULES,
        known_from=jan(1),
        known_to=jan(20),
    )
    assert found.activity["day"].to_list() == [jan(day)], why


def test_an_id_that_means_two_events_by_chance_loses_none(run, monkeypatch):
    """Results do not depend on the hash: not even on one that is the same for everything."""
    rows = [
        event(f"e{n % 7}", source=("app", "crm")[n % 2], known=at(5 + n % 4)) for n in range(40)
    ]
    ranges = [(jan(1), jan(20)), (jan(6), jan(6)), (jan(7), jan(20))]
    usual = [run(*rows, files=3, first=first, last=last) for first, last in ranges]
    assert usual[0].activity["events"].sum() == 7
    same = "CREATE TEMP MACRO hash_of(source, event_id) AS 7"
    monkeypatch.setattr("health_pipeline.adapters.engines.duckdb.FUNCTIONS", (*FUNCTIONS[1:], same))
    for (first, last), expected in zip(ranges, usual, strict=True):
        found = run(*rows, files=3, first=first, last=last)
        assert found.activity.equals(expected.activity)
        assert found.unresolved.equals(expected.unresolved)
        assert found.duplicates == expected.duplicates


def test_the_copy_known_first_decides_what_happened(run):
    early, late = event(known=at(6), feature="api"), event(known=at(7), feature="reports")
    for order in ([early, late], [late, early]):
        found = run(*order).activity
        assert found.select("known_on", "features").rows() == [(jan(6), 2)]


@pytest.mark.parametrize("last", [5, 7, 8, 20])
def test_a_user_has_one_id_whether_or_not_the_range_knows_the_link(run, last):
    found = run(event(source_user_id="twice"), last=jan(last))
    assert found.activity.select("account_id", "user_id").rows() == [("acc_1", "usr_t")]


def test_an_account_that_becomes_known_brings_its_events_once(run):
    events = [event(source_account_id="late")]
    runs = [run(*events, first=jan(day), last=jan(day)) for day in range(4, 12)]
    assert [found.activity.height for found in runs] == [0, 0, 0, 0, 0, 1, 0, 0]
    assert [found.unresolved.height for found in runs] == [0, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("why", "more", "key", "words"),
    [
        ("unknown account", {"source_account_id": "zz"}, "zz", "this source_account_id"),
        (
            "unknown user",
            {"source_account_id": None, "source_user_id": "x"},
            "x",
            "this source_user_id",
        ),
        ("nobody", {"source_account_id": None}, None, "neither a user nor an account"),
    ],
)
def test_unclaimed_events_are_counted_with_their_reason(run, why, more, key, words):
    found = run(event("e", **more), event("f", day=6, **more))
    assert found.activity.is_empty()
    assert found.unresolved.select("table", "source", "key", "rows").rows() == [
        ("events", "app", key, 1),
        ("events", "app", key, 1),
    ], why
    assert found.unresolved["known_on"].n_unique() == 2, "each on the day it became known"
    assert words in found.unresolved["why"][0]


def test_files_may_lack_optional_columns(run):
    found = run(event("e", feature="api"), event("f"), files=2)
    assert found.activity.select("events", "features").rows() == [(2, 2)]


def test_shapes_and_order(run):
    found = run(event("e", source_user_id="u"), event("f"), event("g", day=4))
    assert dict(found.activity.schema) == ACTIVITY
    assert dict(found.source_days.schema) == SOURCE_DAYS
    assert dict(found.unresolved.schema) == UNRESOLVED_EVENTS
    assert dict(found.conflict_sample.schema) == CONFLICTS
    assert found.activity.equals(
        found.activity.sort("account_id", "user_id", "day", nulls_last=True)
    )


def test_no_files_no_activity():
    found = roll_up(
        [], user_links=LINKS, account_xref=XREF, rules=RULES, known_from=jan(1), known_to=jan(2)
    )
    assert (found.activity.height, found.duplicates) == (0, 0)


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "broken.parquet"
    pl.DataFrame({"source": ["app"], "event_id": ["e"]}).write_parquet(path)
    with pytest.raises(RollUpError, match=r"broken\.parquet.*occurred_at, known_at, event_name"):
        roll_up(
            [path],
            user_links=LINKS,
            account_xref=XREF,
            rules=RULES,
            known_from=jan(1),
            known_to=jan(2),
        )


def test_62_features_fit_into_the_mask(run):
    rules = ActivityRules(
        features=tuple(Feature(name=f"f{n}", match=(f"f{n}",)) for n in range(62))
    )
    assert run(event(feature="f61"), rules=rules).activity["features"].to_list() == [1 << 61]
