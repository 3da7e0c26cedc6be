"""Laws of activity: copies and order change nothing; what is known later changes nothing earlier.

Windows are compared with a count of distinct users, account by account and day by day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from health_pipeline.adapters.engines.duckdb import RollUp, roll_up
from health_pipeline.core.activity.first_active import first_active
from health_pipeline.core.activity.params import ActivityRules, Feature
from health_pipeline.core.activity.tally import Tally
from health_pipeline.core.activity.windows import windows
from health_pipeline.core.identity.users import LINK_COLUMNS
from health_pipeline.core.schemas.day import WEEKS, WINDOW_COLUMNS
from health_pipeline.core.schemas.frames import ACTIVITY
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import days_between
from health_pipeline_tests.core.activity.observing import observe

START = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 1), date(2026, 1, 20)

RULES = ActivityRules(
    features=(
        Feature(name="reports", match=("reports",), core=True),
        Feature(name="api", match=("api",), events=("api_called",)),
    ),
    core_events=("workflow_run",),
)
EVENT_COLUMNS = {**SOURCE_TABLES["events"].schema, "known_at": pl.Datetime("us", "UTC")}

HOURS = st.integers(0, 19 * 24)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["app", "crm"]),
        st.integers(0, 30).map(str),
        HOURS,
        st.sampled_from([0, 0, 1, 30, 24 * 8]),
        st.sampled_from([None, "u", "v", "w"]),
        st.sampled_from([None, "a", "b", "x"]),
        st.sampled_from(["login", "workflow_run", "API_called"]),
        st.sampled_from([None, "Reports", "api"]),
        st.sampled_from([None, 1.0, 2.5, 0.0]),
    ),
    max_size=40,
)


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


def event_frame(rows) -> pl.DataFrame:
    names = (
        "source", "event_id", "occurred_at", "known_at", "source_user_id", "source_account_id",
        "event_name", "feature", "quantity",
    )  # fmt: skip
    shaped = [
        (source, key, hour(at), hour(at + late), *rest) for source, key, at, late, *rest in rows
    ]
    return pl.DataFrame(shaped, schema={name: EVENT_COLUMNS[name] for name in names}, orient="row")


XREF = pl.DataFrame(
    [
        ("app", "a", "acc_1", "anchor", "", 1.0, hour(-100)),
        ("app", "b", "acc_2", "anchor", "", 1.0, hour(60)),
        ("crm", "a", "acc_2", "domain", "", 1.0, hour(200)),
    ],
    schema=RESULT_TABLES["account_xref"].columns,
    orient="row",
)
LINKS = pl.DataFrame(
    [
        ("app", "u", "acc_1", "usr_u", "sso", hour(-100)),
        ("app", "v", "acc_1", "usr_v", "sso", hour(100)),
        ("app", "v", "acc_2", "usr_v", "sso", hour(250)),
        ("crm", "u", "acc_2", "usr_u", "sso", hour(30)),
    ],
    schema=LINK_COLUMNS,
    orient="row",
)


def rolled(frames, first=FIRST, last=LAST) -> RollUp:
    """Roll up events that stand in one file each frame."""
    with TemporaryDirectory() as folder:
        files = [Path(folder, f"{n}.parquet") for n in range(len(frames))]
        for file, frame in zip(files, frames, strict=True):
            frame.write_parquet(file)
        return roll_up(
            files,
            user_links=LINKS,
            account_xref=XREF,
            rules=RULES,
            known_from=first,
            known_to=last,
        )


@settings(max_examples=25, deadline=None)
@given(EVENTS, st.floats(0, 0.5), st.integers(1, 3), st.randoms(use_true_random=False))
def test_copies_order_and_files_change_nothing(rows, share, files, random):
    whole = event_frame(rows)
    again = random.sample(rows, len(rows)) + random.sample(rows, int(len(rows) * share))
    parts = [event_frame(again[n::files]) for n in range(files)]
    first, second = rolled([whole]), rolled(parts)
    assert first.activity.equals(second.activity)
    assert first.source_days.equals(second.source_days)
    assert first.unresolved.equals(second.unresolved)


@settings(max_examples=15, deadline=None)
@given(EVENTS, st.integers(0, 18))
def test_two_runs_find_what_one_finds(rows, split):
    whole, middle = event_frame(rows), FIRST + timedelta(days=split)
    one = rolled([whole])
    two = [rolled([whole], FIRST, middle), rolled([whole], middle + timedelta(days=1), LAST)]
    for name in ("activity", "source_days"):
        frame = getattr(one, name)
        parts = pl.concat([getattr(part, name) for part in two])
        assert parts.sort(frame.columns).equals(frame.sort(frame.columns)), name
    assert sum(part.duplicates for part in two) == one.duplicates


@settings(max_examples=25, deadline=None)
@given(EVENTS, st.integers(0, 19))
def test_events_known_later_change_nothing_earlier(rows, day):
    whole, last = event_frame(rows), FIRST + timedelta(days=day)
    known = whole.filter(pl.max_horizontal("known_at", "occurred_at").dt.date() <= last)
    assert rolled([whole], FIRST, last).activity.equals(rolled([known], FIRST, last).activity)


USER_DAYS = st.lists(
    st.tuples(
        st.sampled_from(["acc_1", "acc_2", "acc_3"]),
        st.sampled_from([None, "u", "v", "w"]),
        st.integers(0, 130),
        st.sampled_from([0, 0, 0, 1, 2, 6, 20, 40, 95]),
        st.integers(1, 5),
        st.integers(0, 2),
        st.integers(0, 7),
    ),
    max_size=40,
    unique_by=lambda row: row[:4],
)
W_FIRST = date(2026, 4, 5)
W_LAST = W_FIRST + timedelta(days=35)


def activity_frame(rows) -> pl.DataFrame:
    shaped = [
        (account, user, FIRST + timedelta(days=day), FIRST + timedelta(days=day + late), *rest)
        for account, user, day, late, *rest in rows
    ]
    return pl.DataFrame(shaped, schema=ACTIVITY, orient="row")


def brute_force(activity: pl.DataFrame, day: date) -> pl.DataFrame:
    """The definition of every window, for one day."""
    known = activity.filter((pl.col("known_on") <= day) & (pl.col("day") <= day))

    def within(days: int) -> pl.Expr:
        return pl.col("day") > day - timedelta(days=days)

    def users(condition: pl.Expr) -> pl.Expr:
        count = pl.col("user_id").filter(condition).drop_nulls().n_unique().cast(pl.Int64)
        return pl.when(pl.col("user_id").is_not_null().any()).then(count)

    def active(back: int) -> pl.Expr:
        on = [(pl.col("day") == day - timedelta(days=back + n)).any() for n in range(63)]
        bits = [hit.cast(pl.Int64) * 2**n for n, hit in enumerate(on)]
        return pl.sum_horizontal(bits)

    columns = {
        **{f"active_users_{days}d": users(within(days)) for days in (7, 30, 90)},
        "core_users_30d": users(within(30) & (pl.col("core_events") > 0)),
        "events_7d": pl.col("events").filter(within(7)).sum(),
        "events_30d": pl.col("events").filter(within(30)).sum(),
        "core_events_30d": pl.col("core_events").filter(within(30)).sum(),
        "active_days_30d": pl.col("day").filter(within(30)).n_unique().cast(pl.Int64),
        "features_30d": pl.col("features").filter(within(30)).bitwise_or().fill_null(0),
        "active_mask_0": active(0),
        "active_mask_1": active(63),
    }
    return (
        known.group_by("account_id")
        .agg(columns[name].alias(name) for name in WINDOW_COLUMNS)
        .select("account_id", pl.lit(day).alias("date"), *WINDOW_COLUMNS)
        .sort("account_id")
    )


@settings(max_examples=50, deadline=None)
@given(USER_DAYS, st.randoms(use_true_random=False))
def test_windows_are_exact_distinct_counts(rows, random):
    activity = activity_frame(rows)
    found = windows(activity, W_FIRST, W_LAST)
    days = days_between(W_FIRST, W_LAST)[::5]
    for day in days:
        slice_ = found.filter(pl.col("date") == day)
        assert slice_.equals(brute_force(activity, day)), day
        assert windows(activity, day, day).equals(slice_), day
    shuffled = activity_frame(random.sample(rows, len(rows)))
    assert windows(shuffled, W_FIRST, W_LAST).equals(found)
    known = activity.filter(pl.col("known_on") <= days[3])
    assert windows(known, W_FIRST, days[3]).equals(found.filter(pl.col("date") <= days[3]))


@settings(max_examples=25, deadline=None)
@given(USER_DAYS)
def test_history_may_be_cut_off_when_its_first_days_are_kept(rows):
    activity = activity_frame(rows)
    recent = activity.filter(pl.col("day") > W_FIRST - timedelta(days=126))
    seen = first_active(activity)
    assert windows(recent, W_FIRST, W_LAST, seen).equals(windows(activity, W_FIRST, W_LAST))


ASKED = st.dictionaries(
    st.tuples(st.sampled_from(["acc_1", "acc_2", "acc_3", "acc_4"]), st.integers(0, 30)),
    st.sampled_from([0, 0, 1, 2, 7, 34]),
    min_size=1,
    max_size=30,
)


LATE = {("acc_1", 0): 0, ("acc_2", 7): 0}
"""An account whose first user becomes known within its last week."""


def asked_frame(asked) -> pl.DataFrame:
    rows = [
        (account, W_FIRST + timedelta(days=day), W_FIRST + timedelta(days=day - lag))
        for (account, day), lag in asked.items()
    ]
    schema = {"account_id": pl.String, "date": pl.Date, "observed_on": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


@example([("acc_1", None, 0, 0, 1, 0, 0), ("acc_2", "u", 0, 95, 1, 0, 0)], LATE)
@settings(max_examples=50, deadline=None)
@given(USER_DAYS, ASKED)
def test_usage_is_the_count_up_to_the_last_delivered_day(rows, asked):
    """Whatever the lag: what was known on D of the days up to the last delivered one, exactly.

    Of an earlier week what was known at its end, unless it was not delivered by then; nothing where
    no user of the account was known at its end.
    """
    activity, questions = activity_frame(rows), asked_frame(asked)
    lags = {(account, W_FIRST + timedelta(days=day)): lag for (account, day), lag in asked.items()}
    told = {day for _, day in lags}
    found = observe(activity, questions)
    for row in found.iter_rows(named=True):
        ours = activity.filter(pl.col("account_id") == row["account_id"])
        lag = (row["date"] - row["observed_on"]).days
        for week in range(WEEKS):
            back = timedelta(weeks=week)
            then = row["date"] - back
            late = then in told and lags.get((row["account_id"], then), lag + 1) > lag
            known = ours.filter(pl.col("known_on") <= (row["date"] if late else then)).with_columns(
                pl.col("day").alias("known_on")
            )
            exact = brute_force(known, row["observed_on"] - back)
            users = exact["active_users_7d"].to_list()
            someone = ours.filter(
                pl.col("user_id").is_not_null(),
                pl.col("known_on") <= then,
                pl.col("day") <= row["observed_on"] - back,
            )
            assert [row["weekly_users"][week]] == (users if someone.height else [None]), week
            if week == 0:
                assert {name: row[name] for name in WINDOW_COLUMNS} == exact.select(
                    *WINDOW_COLUMNS
                ).row(0, named=True)


@settings(max_examples=25, deadline=None)
@given(USER_DAYS, ASKED, st.integers(1, 29))
def test_a_day_a_chunk_and_a_range_give_the_same(rows, asked, split):
    """Earlier weeks are taken from the rows of their own day, where these are there."""
    activity, questions = activity_frame(rows), asked_frame(asked)
    weeks = [timedelta(weeks=week) for week in range(1, WEEKS)]
    earlier = [questions.with_columns(pl.col("date", "observed_on") - week) for week in weeks]
    # One row an account and day: some weeks of the asked days are stored, others are not.
    every = pl.concat([questions, *earlier])
    kept = every.unique(["account_id", "date"], keep="first", maintain_order=True)
    whole, seen = observe(activity, questions, earlier=kept), first_active(activity)
    stored = observe(activity, kept)
    border = W_FIRST + timedelta(days=split)
    for part in (pl.col("date") < border, pl.col("date") >= border):
        some = questions.filter(part)
        if some.height:
            before = stored.filter(pl.col("date") < some["date"].min())
            assert observe(activity, some, seen, stored=before, earlier=kept).equals(
                whole.filter(part)
            )


@settings(max_examples=25, deadline=None)
@given(USER_DAYS, st.lists(st.integers(1, 129), max_size=4), st.randoms(use_true_random=False))
def test_a_state_that_was_stored_goes_on_as_if_it_had_not_been(rows, stops, random):
    activity = activity_frame(rows)
    accounts = activity["account_id"].unique().sort()
    before, last = FIRST - timedelta(days=1), FIRST + timedelta(days=130)
    whole = {
        tally.day: tally.columns()
        for tally in Tally(accounts, before).run(activity, last)
        if tally.day == last
    }
    tally = Tally(accounts, before)
    for stop in [*sorted(set(stops)), 131]:
        end = FIRST + timedelta(days=stop - 1)
        news = activity.filter(pl.col("known_on").is_between(tally.day, end, closed="right"))
        for _ in tally.run(news, end):
            pass
        users, known = tally.stored()
        others = accounts.sample(fraction=1, shuffle=True, seed=random.randrange(99))
        again = Tally(others, end)  # accounts may come in another order the next day
        again.restore(users, known)
        again.fill(activity.filter(pl.col("known_on") <= end))
        order = others.arg_sort().to_numpy()
        for name, column in tally.columns().items():
            assert column.tolist() == again.columns()[name][order].tolist(), name
        tally = Tally(accounts, end)
        tally.restore(*again.stored())
        tally.fill(activity.filter(pl.col("known_on") <= end))
    for name, column in whole[last].items():
        assert column.tolist() == tally.columns()[name].tolist(), name


@settings(max_examples=25, deadline=None)
@given(USER_DAYS, USER_DAYS)
def test_first_active_can_be_carried_on(before, after):
    old, new = activity_frame(before), activity_frame(after)
    assert first_active(new, first_active(old)).equals(first_active(pl.concat([old, new])))
