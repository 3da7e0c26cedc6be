from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.plays.enrol import enrol
from health_pipeline.core.plays.opening import is_held_out
from health_pipeline.core.plays.params import Play, PlayBook, Step, Trigger
from health_pipeline.core.plays.rewind import rewind
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of
from health_pipeline_tests.core.schemas.worlds import ACCOUNT, table

FIRST = date(2026, 3, 1)
STEPS = (
    Step(text="Call", due_days=1),
    Step(text="Exec call", owner_role="executive", due_days=5),
)
BOOK = PlayBook(
    plays={
        name: Play(name=name, title=name, goal="", steps=STEPS, cooldown_days=14)
        for name in ("rescue", "reengage", "listen")
    },
    otherwise="listen",
    executive_from_arr=50_000.0,
)
EMPTY = RESULT_TABLES["plays"].empty()
TIER = {"R": "red", "Y": "yellow", "G": "green", "U": "unscored"}


def day(n):
    return FIRST + timedelta(days=n)


def history(tiers, account=ACCOUNT, **more):
    """Scores of one account: a letter a day, "." = not in the population."""
    rows, since = [], None
    for n, letter in enumerate(tiers):
        if n == 0 or tiers[n - 1] != letter:
            since = day(n)
        if letter != ".":
            row = {"account_id": account, "date": day(n), "tier": TIER[letter], "tier_since": since}
            rows.append(row | {"arr": 90_000.0} | more)
    return rows


def accounts(scores, owner="csm@us.example", executive="vp@us.example", region=None):
    return scores.select("account_id", "date").with_columns(
        owner_email=pl.lit(owner, dtype=pl.String),
        exec_email=pl.lit(executive, dtype=pl.String),
        region=pl.lit(region, dtype=pl.String),
    )


def reasons(scores, play="rescue"):
    names = ["account_id", "date", "direction", "rank", "reason_code", "play"]
    return scores.select(
        "account_id",
        "date",
        direction=pl.lit("risk"),
        rank=1,
        reason_code=pl.lit("milestone_overdue"),
        play=pl.lit(play),
    ).select(names)


def run(rows, previous=EMPTY, play="rescue", book=BOOK, **more):
    scores = table("health_scores", rows)
    return enrol(scores, reasons(scores, play), previous, accounts(scores), book, "v1", **more)


def story(plays):
    """(day opened, day closed, outcome) of each play."""
    return [
        (
            (row["opened_at"].date() - FIRST).days,
            row["closed_at"] and (row["closed_at"].date() - FIRST).days,
            row["outcome"],
        )
        for row in plays.sort("opened_at").iter_rows(named=True)
    ]


OTHER = history("G" * 60, account="other")
CASES = [
    ("entering red opens", "GGR", [(2, None, None)]),
    ("yellow does not, by these rules", "GYY", []),
    ("one running play, however long", "R" * 30, [(0, None, None)]),
    ("seven days outside of red end the episode", "RGGGGGGG", [(0, 7, "recovered")]),
    ("six do not", "RGGGGGG", [(0, None, None)]),
    ("yellow and green count together", "RYYYGGGG", [(0, 7, "recovered")]),
    ("red in between starts the count anew", "RGGGGRGGG", [(0, None, None)]),
    ("a day without a score is no day of calm", "RGGGUGGGG", [(0, None, None)]),
    ("leaving the population", "RR.", [(0, 2, "left")]),
    ("no second enrolment while it rests", "RGGGGGGG" + "R" * 10, [(0, 7, "recovered")]),
    (
        "after the rest it opens again",
        "RGGGGGGG" + "G" * 10 + "RRRRR",
        [(0, 7, "recovered"), (21, None, None)],
    ),
]


@pytest.mark.parametrize(("why", "tiers", "expected"), CASES, ids=[c[0] for c in CASES])
def test_story(why, tiers, expected):
    rows = [*history(tiers), *OTHER[: len(tiers)]]
    assert story(run(rows)) == expected


SECOND = {"direction": "risk", "rank": 2, "reason_code": "sponsor_silent", "play": "reengage"}


def test_a_second_reason_has_its_play_while_that_of_the_first_rests():
    rows = history("RGGGGGGG" + "R" * 3 + "G" * 7 + "RR")
    scores = table("health_scores", rows)
    first = reasons(scores)
    second = first.with_columns(pl.lit(value).alias(name) for name, value in SECOND.items())
    told = pl.concat([first, second.cast(first.schema)])
    found = enrol(scores, told, EMPTY, accounts(scores), BOOK, "v1").sort("opened_at")
    assert story(found) == [(0, 7, "recovered"), (8, 17, "recovered")], "both rest at last"
    assert found["play"].to_list() == ["rescue", "reengage"]
    assert found["reason_code"].to_list() == ["milestone_overdue", "sponsor_silent"]


MUTES = [
    # why, tiers, muted days, what happens
    ("nothing is opened, and it says so", "RRR", "mmm", [(0, 0, "muted")]),
    ("not on calm days", "GGG", "mmm", []),
    ("the play is opened when the mute is over", "RRR", "mm.", [(0, 0, "muted"), (2, None, None)]),
    ("not if the account has recovered by then", "RRG", "mm.", [(0, 0, "muted")]),
    ("a running play runs on", "RRRR", ".mm.", [(0, None, None)]),
    ("and ends by its own rules", "RGGGGGGG", ".mmmmmmm", [(0, 7, "recovered")]),
    ("once in an episode, however often", "RRRR", "m.m.", [(0, 0, "muted"), (1, None, None)]),
    ("once in each episode", "RGRG", "mmmm", [(0, 0, "muted"), (2, 2, "muted")]),
    (
        "what would have rested is not held back",
        "RGGGGGGG" + "RRR",
        ".......mmmm",
        [(0, 7, "recovered")],
    ),
]


def mutes(days, account=ACCOUNT):
    rows = [{"account_id": account, "date": day(n)} for n, one in enumerate(days) if one == "m"]
    return pl.DataFrame(rows, schema={"account_id": pl.String, "date": pl.Date})


@pytest.mark.parametrize(("why", "tiers", "muted", "expected"), MUTES, ids=[c[0] for c in MUTES])
def test_a_mute_holds_back(why, tiers, muted, expected):
    rows = [*history(tiers), *OTHER[: len(tiers)]]
    plays = run(rows, muted=mutes(muted))
    assert story(plays) == expected
    held = plays.filter(outcome="muted")
    assert held["status"].unique().to_list() in ([], ["closed"])
    assert plays["play_id"].is_unique().all()


def test_another_account_is_not_muted():
    assert run(history("R"), muted=mutes("m", "other")).equals(run(history("R")))


def running(opened, accepted=None, account=ACCOUNT, name="rescue", key="kept"):
    """A play of `account` that was opened, and taken on, on these days."""
    row = dict.fromkeys(EMPTY.columns) | {
        "play_id": key,
        "account_id": account,
        "episode_id": f"episode of {key}",
        "play": name,
        "opened_at": end_of(day(opened)),
        "due_at": end_of(day(opened + 1)),
        "status": "proposed" if accepted is None else "accepted",
        "accepted_at": None if accepted is None else end_of(day(accepted)),
        "model_version": "v1",
    }
    return pl.DataFrame([row], schema=EMPTY.schema, orient="row")


MERGED = [
    # why, plays of the account before the first day, its tiers, what happens
    (
        "of two the one that was taken on",
        (running(-3), running(-2, -1, key="b")),
        "RR",
        [(-3, 0, "merged"), (-2, None, None)],
    ),
    (
        "both, where nobody took one on",
        (running(-3), running(-2, key="b")),
        "RGGGGGGG",
        [(-3, 7, "recovered"), (-2, 7, "recovered")],
    ),
    (
        "both, where both were taken on",
        (running(-3, -3), running(-2, -1, key="b")),
        "RR.",
        [(-3, 2, "left"), (-2, 2, "left")],
    ),
    (
        "a play of a later day is not there before",
        (running(2, 3),),
        "RRR",
        [(0, 2, "merged"), (2, None, None)],
    ),
    ("… and is no reason to rest", (running(2, 3),), "RGG", [(0, 2, "merged"), (2, None, None)]),
    ("… nor is it left before", (running(2, 3),), ".RR", [(1, 2, "merged"), (2, None, None)]),
]


@pytest.mark.parametrize(("why", "before", "tiers", "expected"), MERGED, ids=[c[0] for c in MERGED])
def test_plays_that_a_merge_or_a_restatement_left_run_on(why, before, tiers, expected):
    rows = [*history(tiers), *OTHER[: len(tiers)]]
    assert story(run(rows, previous=pl.concat(before))) == expected


def test_a_merge_that_is_undone_gives_the_play_back():
    play = run(history("R")).row(0, named=True)
    accepted = {"accepted_at": end_of(day(0)), "accepted_by": "sam", "status": "accepted"}
    given = pl.DataFrame([play | accepted | {"account_id": "other"}], schema=EMPTY.schema)
    found = run([*history("R"), *OTHER[:1]], previous=given)
    assert found.select("play_id", "account_id", "accepted_by").rows() == [
        (play["play_id"], ACCOUNT, "sam")
    ]


@pytest.mark.parametrize("outcome", ["merged", "left"])
def test_a_merge_that_is_undone_opens_anew_what_it_ended(outcome):
    play = run(history("R")).row(0, named=True)
    ended = {"status": "closed", "closed_at": end_of(day(0)), "outcome": outcome}
    given = pl.DataFrame([play | ended | {"account_id": "other"}], schema=EMPTY.schema)
    found = run([*history("R"), *OTHER[:1]], previous=given)
    assert found.select("play_id", "account_id", "status").rows() == [
        (play["play_id"], ACCOUNT, "proposed")
    ]


def test_rewinding_keeps_what_people_did_something_to():
    plays = pl.concat([running(0), running(2, key="b"), running(2, 3, key="c")])
    assert rewind(plays, day(1))["play_id"].to_list() == ["kept", "c"]


def test_an_enrolment_in_full():
    play = run(history("R")).row(0, named=True)
    assert play == dict.fromkeys(play) | {
        "play_id": play["play_id"],
        "episode_id": play["episode_id"],
        "account_id": ACCOUNT,
        "play": "rescue",
        "reason_code": "milestone_overdue",
        "opened_at": end_of(FIRST),
        "due_at": end_of(FIRST) + timedelta(hours=24),
        "owner_email": "csm@us.example",
        "status": "proposed",
        "model_version": "v1",
        "steps": [
            {"text": "Call", "owner": "csm@us.example", "due": day(1)},
            {"text": "Exec call", "owner": "vp@us.example", "due": day(5)},
        ],
    }


OWNERS = [
    ("above the threshold the executive", 50_000.0, "ann@us", "vp@us", ["ann@us", "vp@us"]),
    ("below it the owner does both", 49_999.0, "ann@us", "vp@us", ["ann@us", "ann@us"]),
    ("an unknown ARR is not a small one", None, "ann@us", "vp@us", ["ann@us", "vp@us"]),
    ("nobody is named", 90_000.0, None, None, ["unowned", "unowned"]),
    ("without an owner the executive", 90_000.0, None, "vp@us", ["vp@us", "vp@us"]),
    ("however small the account", 10.0, None, "vp@us", ["vp@us", "vp@us"]),
    ("without an executive the owner", 90_000.0, "ann@us", None, ["ann@us", "ann@us"]),
    ("who left has a stand-in", 90_000.0, "Left@us", "vp@us", ["new@us", "vp@us"]),
    ("whose stand-in left, too", 90_000.0, "gone@us", "vp@us", ["new@us", "vp@us"]),
    ("or nobody yet: the executive", 90_000.0, "nobody@us", "vp@us", ["vp@us", "vp@us"]),
    ("both left", 90_000.0, "nobody@us", "exgone@us", ["unowned", "unowned"]),
    ("they stand in for each other", 90_000.0, "a@us", "vp@us", ["vp@us", "vp@us"]),
]
STAND_INS = {
    "left@us": "new@us",
    "gone@us": "left@us",
    "nobody@us": None,
    "exgone@us": None,
    "a@us": "b@us",
    "b@us": "a@us",
}


@pytest.mark.parametrize(
    ("why", "arr", "owner", "executive", "expected"), OWNERS, ids=[c[0] for c in OWNERS]
)
def test_owners_of_steps(why, arr, owner, executive, expected):
    scores = table("health_scores", history("R", arr=arr))
    people = accounts(scores, owner, executive)
    book = BOOK.model_copy(update={"stand_ins": STAND_INS})
    play = enrol(scores, reasons(scores), EMPTY, people, book, "v1").row(0, named=True)
    assert [step["owner"] for step in play["steps"]] == expected
    assert (play["owner_email"] or "unowned") == expected[0]


def test_without_a_reason_the_gate_calls_for_a_play():
    scores = table("health_scores", history("R", gate="sponsor_silent, late"))
    none = reasons(scores).clear()
    gates = {"late": "rescue", "sponsor_silent": "reengage"}
    plays = enrol(scores, none, EMPTY, accounts(scores), BOOK, "v1", gates)
    assert plays.select("play", "reason_code").rows() == [("reengage", "sponsor_silent")]


def test_without_a_reason_and_a_gate_there_is_a_play_all_the_same():
    scores = table("health_scores", history("R"))
    plays = enrol(scores, reasons(scores).clear(), EMPTY, accounts(scores), BOOK, "v1")
    assert plays.select("play", "reason_code").rows() == [("listen", None)]


def test_an_unknown_play_names_the_known_ones():
    with pytest.raises(KeyError, match=r"zz; plays\.yaml has listen, reengage, rescue"):
        run(history("R"), play="zz")


def test_a_play_closed_by_hand_is_not_enrolled_twice_in_its_episode():
    plays = run(history("R"))
    closed = plays.with_columns(
        status=pl.lit("closed"), closed_at=pl.lit(end_of(FIRST)), outcome=pl.lit("declined")
    )
    red = history("R" * 30)
    assert run(red, closed).equals(closed)
    assert run(red, closed, play="reengage").equals(closed), "an episode has one play"


def test_a_done_play_keeps_its_episode_until_the_recovery():
    done = run(history("R")).with_columns(status=pl.lit("done"))
    after = run(history("RRRGGGGGGG")[1:], done)
    assert after.select("status", "outcome").rows() == [("closed", "recovered")]


def test_a_count_of_calm_days_never_starts_in_the_future():
    later = run(history("R")).with_columns(calm_since=pl.lit(day(20)))
    assert story(run(history("RGGGGGGG")[1:], later)) == [(0, 7, "recovered")]


letters = st.text(alphabet="RYGU.", min_size=2, max_size=20)
TRIGGERS = (
    Trigger(play="reengage", from_tiers=("green",), to_tiers=("red",)),
    Trigger(play="listen", all_reasons=("late", "silent")),
    Trigger(play="rescue", reasons=("silent",), arr_from=100_000.0),
    Trigger(play="reengage", from_tiers=("new", "yellow")),
    Trigger(play="listen", segments=("growth",)),
)


def changing_reasons(scores):
    """No reason on every third day, else one, or two of which the second stays."""
    place = (pl.col("date") - FIRST).dt.total_days() % 3
    codes = pl.when(place == 1).then(pl.lit(["late"])).otherwise(pl.lit(["silent", "late"]))
    return (
        scores.filter(place > 0)
        .select("account_id", "date", direction=pl.lit("risk"), reason_code=codes)
        .explode("reason_code")
        .with_columns(rank=pl.int_range(1, pl.len() + 1).over("account_id", "date"))
        .with_columns(
            play=pl.col("reason_code").replace_strict({"late": "rescue", "silent": "reengage"})
        )
    )


def tiers_before(rows):
    """What stood on the day before each tier began."""
    tier = {(row["account_id"], row["date"]): row["tier"] for row in rows}
    pairs = {(row["account_id"], row["tier_since"]) for row in rows}
    known = [(a, since, tier.get((a, since - timedelta(days=1)))) for a, since in pairs]
    return pl.DataFrame(
        sorted(one for one in known if one[2] is not None),
        schema={"account_id": pl.String, "tier_since": pl.Date, "tier_before": pl.String},
        orient="row",
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(letters, min_size=1, max_size=3), st.data())
def test_a_range_gives_what_its_days_give(histories, data):
    rows = [
        row
        for n, text in enumerate(histories)
        for row in history(
            text,
            account=f"a{n}",
            arr=data.draw(st.sampled_from([None, 90_000.0, 100_000.0])),
            segment=data.draw(st.sampled_from(["growth", "starter"])),
        )
    ]
    rows += history("G" * max(map(len, histories)), account="other")
    tiers = st.sampled_from([("red",), ("red", "yellow")])
    some = st.lists(st.sampled_from(TRIGGERS), unique=True, max_size=3).map(tuple)
    book = BOOK.model_copy(update={"open_for_tiers": data.draw(tiers), "triggers": data.draw(some)})
    muted = pl.concat(
        mutes(data.draw(st.text(alphabet="m.", max_size=20)), f"a{n}")
        for n in range(len(histories))
    )
    before = tiers_before(rows)

    def enrolled(some_rows, previous):
        scores = table("health_scores", some_rows).join(
            before, on=["account_id", "tier_since"], how="left", maintain_order="left"
        )
        told = changing_reasons(scores)
        people = accounts(scores)
        return enrol(scores, told, previous, people, book, "v1", None, muted)

    whole, plays = enrolled(rows, EMPTY), EMPTY
    for some_day in sorted({row["date"] for row in rows}):
        today = [row for row in rows if row["date"] == some_day]
        plays = enrolled(today, plays)
        assert enrolled(today, plays).equals(plays)  # twice is once
    assert plays.equals(whole)
    running = whole.filter(pl.col("closed_at").is_null())
    assert running["account_id"].is_unique().all()
    assert whole["play_id"].is_unique().all()
    worked = whole.filter(pl.col("outcome").ne_missing("muted"))
    assert worked["episode_id"].is_unique().all(), "an episode has one play"


def test_an_episode_that_is_held_out_is_closed_at_once_and_stays_so():
    scores = table("health_scores", history("RRRGGGGGGGGRR"))
    found = enrol(
        scores,
        reasons(scores),
        EMPTY,
        accounts(scores),
        BOOK.model_copy(update={"hold_out": 0.5}),
        "m",
    )
    for play in found.iter_rows(named=True):
        assert (play["outcome"] == "held_out") == is_held_out(play["episode_id"], 0.5)
        if play["outcome"] == "held_out":
            assert (play["status"], play["closed_at"]) == ("closed", play["opened_at"])
    assert found["episode_id"].n_unique() == found.height


def test_holidays_of_the_region_count():
    scores = table("health_scores", history("R"))
    step = (Step(text="Call", due_working_days=1),)
    book = BOOK.model_copy(
        update={
            "plays": {"rescue": BOOK.plays["rescue"].model_copy(update={"steps": step})},
            "holidays": {"EMEA": (date(2026, 3, 3),), "default": ()},
        }
    )
    dues = {}
    for region in ("EMEA", "AMER", None):
        found = enrol(scores, reasons(scores), EMPTY, accounts(scores, region=region), book, "m")
        dues[region] = found["steps"][0][0]["due"]
    # 1 March 2026 is a Sunday.
    assert dues == {"EMEA": date(2026, 3, 4), "AMER": date(2026, 3, 3), None: date(2026, 3, 3)}
