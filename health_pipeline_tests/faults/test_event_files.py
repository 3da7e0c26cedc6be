"""Event files as they come: what is sound lands and counts, what is not is named with its place.

One folder holds every defect, each about a user of its own, and is run through the product on three
days.
"""

from __future__ import annotations

import gzip
import io
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from health_pipeline_tests.end_to_end.shell import Place

FIRST, SECOND, THIRD = date(2025, 6, 28), date(2025, 6, 29), date(2025, 6, 30)
HEAD = "source,event_id,occurred_at,source_user_id,event_name,quantity,received_at"
USERS = (
    *("twice", "clocks", "stranger_in_name_only", "cut", "packed", "torn", "grown", "shrunk"),
    *("ints", "floats", "texts", "42", "moments"),
)


def line(user: str, nth: int, day: date = FIRST, quantity: str = "1", received: str = "") -> str:
    return f"product,{user}-{nth},{day}T10:00:{nth:02}Z,{user},login,{quantity},{received}"


def csv(*lines: str) -> bytes:
    return "\n".join((HEAD, *lines, "")).encode()


def parquet(**columns) -> bytes:
    out = io.BytesIO()
    same = {"source": "product", "event_name": "login"}
    pl.DataFrame(columns).with_columns(pl.lit(v).alias(n) for n, v in same.items()).write_parquet(
        out
    )
    return out.getvalue()


def moments(*hours: int) -> list[datetime]:
    return [datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(hours=h) for h in hours]


GROWN = [line("grown", n) for n in range(3)]
SHRUNK = [line("shrunk", n) for n in range(4)]
PACKED = gzip.compress(csv(*(line("packed", n) for n in range(50))), mtime=0)
TORN = parquet(
    event_id=["torn-1"], occurred_at=moments(9), source_user_id=["torn"], quantity=[1.0]
)  # fmt: skip
BEFORE = [f"product,old-{n},{FIRST - timedelta(days=n)}T09:00:00Z,twice,login,1," for n in (1, 2)]

FILES = {
    "before.csv": csv(*BEFORE),
    "twice.csv": csv(line("twice", 1), line("twice", 1, quantity="7"), line("twice", 2)),
    "clocks.csv": csv(
        line("clocks", 1),
        line("clocks", 2, day=date(1970, 1, 1)),
        line("clocks", 3, day=date(2100, 1, 1)),
        line("clocks", 4, received="2100-01-01"),
    ),
    "nobody.csv": csv(line("", 1).replace(",-1,", ",nobody-1,")),
    "stranger.csv": csv(line("ghost", 1), line("ghost", 2)),
    "cut.csv": csv(*(line("cut", n) for n in range(3)))[:-30],
    "packed.csv.gz": PACKED[:-9],
    "torn.parquet": TORN[:-20],
    "grown.csv": csv(*GROWN),
    "shrunk.csv": csv(*SHRUNK),
    # One folder, a new writer every time: types change, the contract does not.
    "types/1.parquet": parquet(
        event_id=[1, 2], occurred_at=moments(8, 9), source_user_id=[42, 42], quantity=[1, 2]
    ),
    "types/2.parquet": parquet(
        event_id=["f-1"], occurred_at=[m.replace(tzinfo=None) for m in moments(8)],
        source_user_id=["floats"], quantity=[2.5],
    ),
    "types/3.parquet": parquet(
        event_id=["t-1", "t-2", "t-3"],
        occurred_at=[f"{FIRST}T08:00:00Z", f"{FIRST} 10:00+02:00", "yesterday"],
        source_user_id=["texts"] * 3, quantity=["3", "many", "1"],
    ),
    "types/4.parquet": parquet(
        event_id=["m-1"], occurred_at=pl.Series(moments(8)).cast(pl.Datetime("ns", "UTC")),
        source_user_id=pl.Series(["moments"], dtype=pl.Categorical),
        quantity=pl.Series([4], dtype=pl.UInt8),
    ),
    "types/5.parquet": parquet(
        event_id=["n-1"], occurred_at=moments(8), source_user_id=[["ints"]], quantity=[1]
    ),
}  # fmt: skip


def put(folder, files):
    for name, content in files.items():
        path = folder / "events" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Run for three days: with `FILES`; with some of them changed; with none for product."""
    home = tmp_path_factory.mktemp("event_files")
    sources = home / "sources"
    put(sources, FILES)
    (sources / "accounts.csv").write_text("source,source_account_id,name\nproduct,1,Ada\n")
    users = "".join(f"product,{user},1\n" for user in USERS)
    (sources / "users.csv").write_text(f"source,source_user_id,source_account_id\n{users}")
    place = Place(home, sources)
    place.days = [place.run_days(FIRST, FIRST)]
    assert place.days[0].code == 3, place.days[0].err
    place.first = place.sql("from landing.events")
    place.rejected = place.table("quarantine").filter(pl.col("table") == "events")
    today = line("grown", 9, day=SECOND)
    put(sources, {
        "grown.csv": csv(*GROWN, line("grown", 3), today),
        "shrunk.csv": csv(*SHRUNK[:1]),
        "packed.csv.gz": PACKED,
        "torn.parquet": TORN,
    })  # fmt: skip
    (sources / "events/types/5.parquet").unlink()
    place.days.append(place.run_days(SECOND, SECOND))
    place.second = place.sql("from landing.events")
    put(sources, {"web.csv": csv(line("grown", 1, day=THIRD).replace("product", "web"))})
    place.days.append(place.run_days(THIRD, THIRD))
    return place


def test_sound_files_land_and_broken_ones_fail_the_run_until_they_are_mended(place):
    assert [told.code for told in place.days] == [3, 0, 0], place.days[-1].err
    files = set(place.first["origin"])
    assert not files & {"events/packed.csv.gz", "events/torn.parquet", "events/types/5.parquet"}
    assert {"events/packed.csv.gz", "events/torn.parquet"} < set(place.second["origin"])


SAID = [
    # why, day of the run, what is said on it
    ("gz cut short", 0, "events/packed.csv.gz: cannot be read: Compressed file ended before"),
    ("Parquet cut short", 0, "events/torn.parquet: cannot be read as Parquet"),
    ("lists", 0, "events/types/5.parquet: column source_user_id holds List(String); a single"),
    (
        "a line cut short",
        0,
        "first 'product,cut-2,2025' at events/cut.csv:4: it has not as many fields",
    ),
    (
        "1970",
        0,
        "1 × before_2000, first '1970-01-01 10:00:02.000000+00:00' at events/clocks.csv:3:",
    ),
    (
        "2100",
        0,
        "first '2100-01-01 10:00:03.000000+00:00' at events/clocks.csv:4: it lies ahead of",
    ),
    (
        "received in 2100",
        0,
        "1 × in_the_future:received_at, first '2100-01-01 00:00:00.000000+00:00'",
    ),
    ("rows vanished", 1, "events: events/shrunk.csv held 4 rows when it landed last, now 1; what"),
    ("a silent day", 2, f"events: product sent nothing of {THIRD}, though it sent events shortly"),
]


@pytest.mark.parametrize(("why", "day", "said"), SAID, ids=[c[0] for c in SAID])
def test_what_is_wrong_is_said_with_its_place(why, day, said, place):
    assert said in place.days[day].err
    assert all(said not in told.err for n, told in enumerate(place.days) if n != day), why


QUARANTINED = [
    # why, rule, value, place
    ("text that is no number", "not_a_number:quantity", "many", "events/types/3.parquet:2"),
    ("text that is no time", "not_a_timestamp:occurred_at", "yesterday",
     "events/types/3.parquet:3"),
    ("a clock never set", "before_2000", "1970-01-01 10:00:02.000000+00:00", "events/clocks.csv:3"),
    ("a line cut short", "ragged_row", "product,cut-2,2025", "events/cut.csv:4"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "rule", "value", "origin"), QUARANTINED)
def test_rows_are_quarantined_one_by_one(why, rule, value, origin, place):
    row = {"rule": rule, "value": value, "origin": origin}
    assert row in place.rejected.select("rule", "value", "origin").to_dicts(), why


COUNTED = [
    # why, user, events on FIRST as known that day, and as known in the end
    ("one id, two contents: one event, and another", "twice", 2, 2),
    ("only what can have happened", "clocks", 1, 1),
    ("whole lines of a cut file", "cut", 2, 2),
    ("a packed file counts once it is whole", "packed", None, 50),
    ("a torn file likewise", "torn", None, 1),
    ("a grown file adds what is new", "grown", 3, 4),
    ("a shrunk file takes nothing back", "shrunk", 4, 4),
    ("whole numbers, ids as numbers", "42", 3, 3),
    ("fractions", "floats", 3, 3),  # halves round up
    ("numbers as text", "texts", 3, 3),
    ("nanoseconds, a category, a byte", "moments", 4, 4),
]


@pytest.mark.parametrize(("why", "user", "at_first", "at_last"), COUNTED)
def test_what_is_sound_counts(why, user, at_first, at_last, place):
    xref = place.table("user_xref").filter(pl.col("source_user_id") == user)
    files = sorted((place.lake / "activity").rglob("*.parquet"))
    rows = pl.concat(pl.read_parquet(file, hive_partitioning=False) for file in files)
    mine = rows.filter(pl.col("user_id").is_in(xref["user_id"].implode()), day=FIRST)
    known = mine.filter(pl.col("known_on") == FIRST)
    assert (known["events"].sum() or None, mine["events"].sum()) == (at_first, at_last), why


def test_an_event_without_a_user_counts_for_nobody_and_a_stranger_is_unresolved(place):
    open_ = place.table("unresolved").filter(pl.col("table") == "events")
    assert ("product", "ghost", 2) in open_.select("source", "key", "rows").rows()
    assert open_.filter(key="")["why"].to_list() == [
        "the event names neither a user nor an account"
    ]


def test_rows_of_a_grown_file_keep_the_time_from_which_they_were_known(place):
    def known(rows):
        mine = rows.filter(pl.col("source_user_id") == "grown").sort("event_id")
        return dict(mine.select("event_id", pl.col("known_at").cast(pl.Date)).iter_rows())

    before, after = known(place.first), known(place.second)
    assert set(before.values()) == {FIRST}
    assert after == before | {"grown-3": SECOND, "grown-9": SECOND}


def test_rows_that_vanished_stay(place):
    shrunk = place.second.filter(pl.col("source_user_id") == "shrunk")
    assert shrunk["event_id"].n_unique() == shrunk.height == len(SHRUNK)


def test_a_silent_day_ages_the_values_and_makes_no_zero(place):
    usage = place.sql("from signals where signal = 'stickiness'").sort("date")
    _, second, third = usage.iter_rows(named=True)
    assert third["value"] == second["value"] > 0
    assert third["freshness_hours"] == second["freshness_hours"] + 24


def test_all_partitions_have_one_shape(place):
    files = sorted((place.lake / "landing" / "events").rglob("*.parquet"))
    assert len({tuple(pl.read_parquet_schema(file).items()) for file in files}) == 1
    assert not list(place.lake.glob(".landing-*"))
