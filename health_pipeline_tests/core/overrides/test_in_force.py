"""Tables of cases: which override counts when, and what has no effect."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from health_pipeline.core.overrides.in_force import WAYS, findings, in_force
from health_pipeline.core.overrides.params import LONGEST_DAYS, OverrideBlock
from health_pipeline.core.schemas.results import RESULT_TABLES

DAY = date(2026, 11, 20)


def on(days_later):
    return DAY + timedelta(days=days_later)


def block(**more):
    words = {"account": "a.example", "tier": "red", "why": "a call", "author": "dana"}
    return OverrideBlock(**(words | {"until": on(10)} | more))


def mute(**more):
    return block(tier=None, mute=True, **more)


def shown(blocks, accounts, days=(DAY,)):
    """(account, days after DAY, tier, muted, author) of each row."""
    rows = in_force(blocks, accounts, days).iter_rows(named=True)
    return [
        (
            row["account_id"],
            (row["date"] - DAY).days,
            row["tier_override"],
            row["muted"],
            row["author"],
        )
        for row in rows
    ]


ONE = ["acc1"]
A = [ONE]
CASES = [
    # why, blocks, the accounts that they mean, rows on DAY
    ("nobody says anything", [], [], []),
    ("another tier", [block()], A, [("acc1", 0, "red", False, "dana")]),
    ("a mute", [mute()], A, [("acc1", 0, None, True, "dana")]),
    ("in force on its last day", [block(until=DAY)], A, [("acc1", 0, "red", False, "dana")]),
    ("over on the day after", [block(until=on(-1))], A, []),
    ("in force on its first day", [block(since=DAY)], A, [("acc1", 0, "red", False, "dana")]),
    ("not before it", [block(since=on(1))], A, []),
    ("an account that is not known yet", [block()], [[]], []),
    ("a name that two accounts have", [block()], [["acc1", "acc2"]], []),
    (
        "two blocks for one account: the first of the file",
        [block(author="kim", tier="green"), block()],
        [ONE, ONE],
        [("acc1", 0, "green", False, "kim")],
    ),
    (
        "a mute behind a tier is behind it too",
        [block(), mute(author="kim")],
        [ONE, ONE],
        [("acc1", 0, "red", False, "dana")],
    ),
    (
        "the second, once the first is over",
        [block(until=on(-1)), block(author="kim", tier="green", since=DAY)],
        [ONE, ONE],
        [("acc1", 0, "green", False, "kim")],
    ),
    (
        "accounts by their ids",
        [block(), mute(account="b")],
        [["z"], ["b"]],
        [("b", 0, None, True, "dana"), ("z", 0, "red", False, "dana")],
    ),
    (
        f"{LONGEST_DAYS} days before its end it has begun",
        [block(until=on(LONGEST_DAYS))],
        A,
        [("acc1", 0, "red", False, "dana")],
    ),
    ("a day earlier it has not", [block(until=on(LONGEST_DAYS + 1))], A, []),
]


@pytest.mark.parametrize(
    ("why", "blocks", "accounts", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_in_force(why, blocks, accounts, expected):
    assert shown(blocks, accounts) == expected


def test_a_row_in_full():
    said = block(why="they look elsewhere", author="dana@vendor.example", since=on(-3))
    assert in_force([said], [["acc1"]], [DAY]).row(0, named=True) == {
        "account_id": "acc1",
        "date": DAY,
        "tier_override": "red",
        "muted": False,
        "why": "they look elsewhere",
        "author": "dana@vendor.example",
        "until": on(10),
    }


TOLD = [
    # why, blocks, the accounts that they mean, and each finding in full
    ("all is well", [block(), mute(account="b")], [["a"], ["b"]], []),
    (
        "over",
        [block(until=on(-1))],
        A,
        [(0, "until", f"it ended with {on(-1)}", "a later date, or no such block")],
    ),
    ("not on its last day", [block(until=DAY)], A, []),
    (
        "over, and of nobody: it may go",
        [block(until=on(-1))],
        [[]],
        [(0, "until", f"it ended with {on(-1)}", "a later date, or no such block")],
    ),
    (
        "not known yet",
        [block(), block(account="new.example")],
        [["a"], []],
        [(1, "account", "no account of this name is known", WAYS)],
    ),
    (
        "several",
        [block()],
        [["d", "a", "c", "b"]],
        [(0, "account", "4 accounts have this name: a, b, c, …", WAYS)],
    ),
    (
        "two names of one account",
        [block(), mute(account="crm:1")],
        [["a"], ["a"]],
        [
            (
                1,
                "account",
                "overrides[0] is about the same account and counts on their common days",
                "one override for an account and day",
            )
        ],
    ),
    (
        "one after the other is fine",
        [block(until=on(3)), mute(account="crm:1", since=on(4))],
        [["a"], ["a"]],
        [],
    ),
    ("begins later, as it says", [block(since=on(5))], A, []),
    (
        "an end so far away that it has not begun",
        [block(until=on(LONGEST_DAYS + 1))],
        A,
        [(0, "until", f"counts from {on(1)} on: an override lasts at most 180 days",
          "an earlier date")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("why", "blocks", "accounts", "expected"), TOLD, ids=[case[0] for case in TOLD]
)
def test_findings(why, blocks, accounts, expected):
    found = findings(blocks, accounts, DAY)
    assert [(one.place, one.key, one.problem, one.allowed) for one in found] == expected


BAD = [
    ("a tier that there is not", {"tier": "orange"}),
    ("no reason", {"why": None}),
    ("no author", {"author": None}),
    ("no end", {"until": None}),
    ("a key that nobody reads", {"expires": "never"}),
]


@pytest.mark.parametrize(("why", "spoilt"), BAD, ids=[case[0] for case in BAD])
def test_a_block_that_is_no_override(why, spoilt):
    with pytest.raises(ValidationError):
        block(**spoilt)


SOME = st.integers(-5, 5)
BLOCKS = st.lists(
    st.tuples(st.booleans(), SOME, st.integers(0, 6), st.lists(st.sampled_from("ab"), max_size=2)),
    max_size=5,
)


@settings(max_examples=100, deadline=None)
@given(BLOCKS)
def test_a_range_gives_what_its_days_give_and_an_account_has_one_a_day(drawn):
    blocks = [
        (mute if muted else block)(author=str(n), since=on(first), until=on(first + length))
        for n, (muted, first, length, _) in enumerate(drawn)
    ]
    accounts = [sorted(set(ids)) for *_, ids in drawn]
    days = [on(n) for n in range(-6, 7)]
    whole = in_force(blocks, accounts, days)
    assert not whole.select("account_id", "date").is_duplicated().any()
    assert whole.schema == RESULT_TABLES["overrides"].columns
    for one in days:
        assert whole.filter(date=one).equals(in_force(blocks, accounts, [one]))
    for row in whole.iter_rows(named=True):
        said = blocks[int(row["author"])]
        assert said.first <= row["date"] <= row["until"]
        assert (row["tier_override"] is None) == row["muted"] == said.mute
