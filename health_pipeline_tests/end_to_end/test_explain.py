"""`health explain`: who is meant, and do the figures add up."""

from __future__ import annotations

import json

import pytest

from health_pipeline_tests.end_to_end.conftest import END, FIRST
from health_pipeline_tests.end_to_end.shell import health


@pytest.fixture(scope="module")
def account(finished):
    """A scored account with every way of naming it: `account_id`, `name`, `domain`, `record`."""
    found = finished.sql(
        "select a.account_id, a.name, a.domain, x.source || ':' || x.source_account_id as record "
        "from accounts a join account_xref x using (account_id) "
        "join health_scores h using (account_id) "
        "where h.date = (select max(date) from health_scores) "
        "and score is not null and domain is not null and "
        "(select count(*) from accounts b where lower(b.name) = lower(a.name)) = 1 "
        "order by a.account_id, x.source limit 1"
    )
    return found.row(0, named=True)


def explain(place, *args):
    return health("explain", "--lake", place.lake, *args)


WAYS = [
    # why, how a person writes it
    ("the id", lambda a: a["account_id"]),
    ("a record of a source", lambda a: a["record"]),
    ("the domain", lambda a: a["domain"]),
    ("the domain as shouted", lambda a: a["domain"].upper()),
    ("the name", lambda a: a["name"]),
    ("the name in another case", lambda a: a["name"].swapcase()),
    ("the name with blanks around it", lambda a: f"  {a['name']} "),
    ("the start of the name", lambda a: a["name"][:-2]),
]


@pytest.mark.parametrize(("why", "way"), WAYS, ids=[c[0] for c in WAYS])
def test_an_account_is_found_by(why, way, finished, account):
    told = explain(finished, way(account), "--json")
    assert told.code == 0, told.err
    assert json.loads(told.out)["account_id"] == account["account_id"]


NOT_ONE = [
    # why, asked, what stderr says
    ("several are listed", "a", "accounts match"),
    ("nobody has this name", "Nobody & Sons", "no account is called Nobody & Sons"),
    ("an unknown id", "acc_0000000000000000", "no account is called acc_0000000000000000"),
    ("an unknown record", "crm:nothing", "no account is called crm:nothing"),
    ("markup is text", "[bold]x[/]", "no account is called [bold]x[/]"),
    ("nothing asked", "  ", "no account is called"),
]


@pytest.mark.parametrize(("why", "asked", "said"), NOT_ONE, ids=[c[0] for c in NOT_ONE])
def test_not_exactly_one_account(why, asked, said, finished):
    told = explain(finished, asked)
    assert told.code == 2, why
    assert said in told.err
    assert told.out == ""


def test_all_matches_are_listed(finished):
    told = explain(finished, "a")
    wanted = finished.sql("select account_id from accounts where contains(lower(name), 'a')")
    assert wanted.height > 1
    assert all(account_id in told.err for account_id in wanted["account_id"])


def test_points_of_the_drivers_add_up_to_the_score(finished):
    scored = finished.sql(f"from health_scores where date = '{END}' order by account_id")
    assert scored["score"].null_count() > 0, "an account without a score is explained too"
    for row in scored.iter_rows(named=True):
        told = explain(finished, row["account_id"], "--json")
        assert told.code == 0
        found = json.loads(told.out)
        points = [driver["points"] for driver in found["drivers"] if driver["points"] is not None]
        if row["score"] is None:
            assert points == []
            assert found["score"]["score"] is None
        else:
            assert sum(points) == pytest.approx(row["score"], abs=1e-9)
            assert sum(d["weight"] for d in found["drivers"]) == pytest.approx(1, abs=1e-9)


def test_every_driver_shows_how_it_was_judged(finished, account):
    found = json.loads(explain(finished, account["account_id"], "--json").out)
    for driver in found["drivers"]:
        if driver["status"] == "measured":
            assert driver["value"] is not None
            assert None not in [driver[knot] for knot in ("k0", "k60", "k80", "k100")]


def test_an_earlier_day(finished, account):
    told = explain(finished, account["name"], "--date", FIRST, "--json")
    assert told.code == 0
    found = json.loads(told.out)
    assert found["date"] == FIRST.isoformat()
    stored = finished.sql(
        f"from health_scores where date = '{FIRST}' and account_id = '{account['account_id']}'"
    )
    assert found["score"]["score"] == stored["score"][0]


DAYS = [
    # why, --date, exit code, said
    ("before anything was scored", "2025-01-15", 1, "no customer that was scored on 2025-01-15"),
    ("not a date", "30.06.2025", 2, "--date 30.06.2025: not a date"),
    ("no such day", "2025-02-30", 2, "--date 2025-02-30: not a date"),
]


@pytest.mark.parametrize(("why", "day", "code", "said"), DAYS, ids=[c[0] for c in DAYS])
def test_days_without_an_answer(why, day, code, said, finished, account):
    told = explain(finished, account["name"], "--date", day)
    assert told.code == code
    assert said in told.out + told.err


def test_for_people_it_shows_the_same_figures(finished, account):
    told = explain(finished, account["name"])
    assert told.code == 0
    found = json.loads(explain(finished, account["name"], "--json").out)
    assert found["narrative"]["headline"] in told.out
    leans = any(driver["borrowed"] for driver in found["drivers"])
    assert ("* what is normal leans on a larger segment" in told.out) is leans
    for driver in found["drivers"]:
        assert driver["signal"] in told.out
    for reason in found["reasons"]:
        assert reason["sentence"] in told.out
