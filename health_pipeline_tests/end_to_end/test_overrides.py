"""What people say beside the score: it is shown, it silences, and it moves no score."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from health_pipeline.orchestration.house import House
from health_pipeline_tests.end_to_end.conftest import END, FIRST
from health_pipeline_tests.end_to_end.shell import Place, Told, health

UNTIL = END + timedelta(days=10)
MORNING = datetime.combine(END + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
NEWS = ("overrides", "plays", "narratives", "crm_fields", "alerts", "deliveries")
"""Tables that an override may change; narratives name the steps of a play."""

CLOCKED = ("quarantine", "action_ledger")
"""Tables whose files differ by the time of the run."""


def block(account: str, what: str, until: date = UNTIL, **more) -> str:
    lines = [f"account: '{account}'", what, "why: they told us", "author: dana@vendor.example"]
    lines += [f"until: {until}", *(f"{key}: {value}" for key, value in more.items())]
    return "  - " + "\n    ".join(lines) + "\n"


def say(model: Path, *blocks: str) -> None:
    model.mkdir(exist_ok=True)
    (model / "overrides.yaml").write_text("overrides:\n" + "".join(blocks), encoding="utf-8")


@dataclass(frozen=True)
class Said:
    """A world like `finished` in which people have said something.

    Attributes:
        place: its home. `model`: the folder with overrides.yaml.
        judged: a yellow account that is called red, by its domain.
        alerted: one with a driver that enters risk on END, muted by the id of a source.
        planned: one for which a play is opened on FIRST, muted by its account_id.
        first, rest: what the runs of FIRST and of the days after it said.
    """

    place: Place
    model: Path
    judged: dict[str, str]
    alerted: str
    planned: str
    first: Told
    rest: Told


@pytest.fixture(scope="module")
def clock() -> Iterator[None]:
    """The morning after END, so that the changes of END are news."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(House, "now", staticmethod(lambda: MORNING))
        yield


@pytest.fixture(scope="module")
def said(finished, clock, tmp_path_factory) -> Said:
    scores = finished.table("health_scores").filter(date=END, tier="yellow")
    domains = finished.table("accounts").drop_nulls("domain").select("account_id", "domain")
    judged = scores.join(domains, "account_id").sort("account_id").row(0, named=True)
    changed = finished.table("driver_transitions").filter(date=END, to_state="risk", silent=False)
    others = changed.filter(changed["account_id"] != judged["account_id"])
    alerted = others["account_id"].min()
    record = finished.table("account_xref").filter(account_id=alerted).row(0, named=True)
    plays = finished.table("plays")
    running = plays.filter((plays["opened_at"].dt.date() == FIRST) & plays["closed_at"].is_null())
    taken = [alerted, judged["account_id"]]
    planned = running.filter(~running["account_id"].is_in(taken))["account_id"].min()
    home = tmp_path_factory.mktemp("said")
    model, place = home / "model", Place(home, finished.sources)
    say(
        model,
        block(judged["domain"], "tier: red"),
        block(
            "{source}:{source_account_id}".format(**record), "mute: true", since=FIRST, until=END
        ),
        block(planned, "mute: true", END + timedelta(days=100)),
        block("nobody.example", "tier: green"),
        block(judged["account_id"], "mute: true"),
        block("late.example", "mute: true", FIRST - timedelta(days=1)),
    )
    first = place.run("--from", FIRST, "--to", FIRST, "--model", model)
    rest = place.run("--model", model)
    assert (first.code, rest.code) == (0, 0), first.err + rest.err
    return Said(place, model, judged, alerted, planned, first, rest)


def digests(place: Place) -> dict[tuple[str, str], str]:
    """(table, partition) → digest of what is visible, but for what an override may change."""
    left = (*NEWS, *CLOCKED)
    rows = [row for row in place.manifest() if row[0] not in left and row[0][:8] != "landing/"]
    return {(table, partition): digest for table, partition, _, digest in rows}


def test_no_score_and_nothing_behind_it_is_another_one(said, finished):
    ours, theirs = digests(said.place), digests(finished)
    tables = {table for table, _ in theirs}
    scores = {"signals", "health_scores", "contributions", "reason_codes", "driver_states"}
    assert {*scores, "driver_transitions", "baselines"} <= tables
    assert {key for key in theirs if ours.get(key) != theirs[key]} == set()
    days = (END - FIRST).days + 1
    assert sum(table in scores for table, _ in theirs) == len(scores) * days


def test_every_day_has_its_rows(said):
    rows = said.place.table("overrides")
    counted = {
        (row["account_id"], row["tier_override"], row["muted"]): row["len"]
        for row in rows.group_by("account_id", "tier_override", "muted").len().to_dicts()
    }
    days = (END - FIRST).days + 1
    assert counted == {
        (said.judged["account_id"], "red", False): days,
        (said.alerted, None, True): days,
        (said.planned, None, True): days,
    }


def test_what_has_no_effect_is_told_with_its_line(said):
    lines = [line for line in said.rest.err.splitlines() if "overrides.yaml" in line]
    over = FIRST - timedelta(days=1)
    nobody = (
        "overrides.yaml:18: overrides[3].account = 'nobody.example': no account of this name is "
        "known (allowed: an account_id, source:source_account_id or a domain)"
    )
    twice = (
        f"overrides.yaml:23: overrides[4].account = '{said.judged['account_id']}': overrides[0] is "
        "about the same account and counts on their common days (allowed: one override for an "
        "account and day)"
    )
    ended = (
        f"overrides.yaml:28: overrides[5].until = {over}: it ended with {over} (allowed: a later "
        "date, or no such block)"
    )
    assert lines == [f"warning {text}" for text in (nobody, twice, ended)]


def test_health_check_says_what_is_over_by_the_clock(said):
    told = health("check", "--model", said.model)
    assert told.code == 0, told.err
    assert "overrides[5].until" in told.err
    assert "overrides[3]" not in told.err


def test_the_summary_counts(said):
    assert "Overrides in force: 3 (2 muted; 2 end within 14 days)" in said.rest.out
    held = "Held back by a mute (tables `alerts`, `plays`)"
    plays = said.place.table("plays").filter(outcome="muted")
    on_first = plays.filter(plays["opened_at"].dt.date() == FIRST).height
    assert on_first > 0
    assert f"{held}: 0 alert(s), {on_first} play(s)" in said.first.out
    alerts = said.place.table("alerts").filter(account_id=said.alerted).height
    assert f"{held}: {alerts} alert(s), 0 play(s)" in said.rest.out


def explain(said, account, *args) -> str:
    told = health("explain", account, "--lake", said.place.lake, "--model", said.model, *args)
    assert told.code == 0, told.err
    return told.out


def test_explain_shows_both_tiers(said):
    shown = explain(said, said.judged["domain"])
    assert (
        f"CSM override: Red until {UNTIL} by dana@vendor.example: they told us; the tier itself "
        "is Yellow" in shown
    )
    found = json.loads(explain(said, said.judged["domain"], "--json"))
    assert (found["override"]["tier_override"], found["score"]["tier"]) == ("red", "yellow")
    muted = explain(said, said.planned)
    assert "CSM override: muted until" in muted
    assert "no alerts and no new plays" in muted


def test_the_crm_shows_it_beside_the_tier(said, finished):
    fields = said.place.table("crm_fields")
    of_judged = fields.filter(account_id=said.judged["account_id"], date=END).row(0, named=True)
    assert of_judged["health_tier"] == "yellow"
    assert of_judged["health_tier_override"] == "red"
    assert of_judged["health_override_reason"] == "they told us (dana@vendor.example)"
    assert of_judged["health_override_until"] == UNTIL
    spoken = said.place.table("overrides")["account_id"].unique().to_list()
    others = fields.filter(~fields["account_id"].is_in(spoken))
    assert others["health_override_reason"].null_count() == others.height > 0
    theirs = finished.table("crm_fields").join(others, others.columns[:4], "semi")
    assert theirs.sort(others.columns[:4]).equals(others.sort(others.columns[:4]))


def test_a_mute_opens_no_play_and_says_so(said):
    play = said.place.table("plays").filter(account_id=said.planned).row(0, named=True)
    assert (play["status"], play["outcome"]) == ("closed", "muted")
    assert play["opened_at"] == play["closed_at"]


def test_a_tier_override_leaves_plays_to_the_score(said, finished):
    mine = {"account_id": said.judged["account_id"]}
    ours, theirs = (place.table("plays").filter(**mine) for place in (said.place, finished))
    assert ours.equals(theirs)


def outbox(place: Place) -> set[str]:
    messages = [json.loads(row) for (row,) in place.control("SELECT payload FROM outbox")]
    return {alert["account_id"] for message in messages for alert in message["alerts"]}


def states(place: Place, account: str) -> set[tuple[str, str | None]]:
    rows = place.table("alerts").filter(account_id=account)
    return set(rows.select("status", "suppressed_by").iter_rows())


def test_a_mute_stops_the_alert_until_it_is_lifted(said):
    assert states(said.place, said.alerted) == {("suppressed", "muted")}
    assert said.alerted not in outbox(said.place)
    before = digests(said.place)
    say(said.model, block(said.judged["domain"], "tier: red"))
    again = said.place.run("--from", END, "--to", END, "--model", said.model)
    assert again.code == 0, again.err
    assert ("open", None) in states(said.place, said.alerted)
    assert states(said.place, said.alerted) <= {("open", None), ("told", None)}
    assert said.alerted in outbox(said.place)
    assert "Held back" not in again.out
    plays = said.place.table("plays").filter(account_id=said.planned).sort("opened_at")
    assert list(zip(plays["status"], plays["opened_at"].dt.date(), strict=True)) == [
        ("closed", FIRST), ("proposed", END),
    ]  # fmt: skip
    assert digests(said.place) == before
    told = {day: explained(said, said.planned, day) for day in (FIRST, END)}
    assert [len(told[day]["plays"]) for day in told] == [0, 1], "each day has the plays of its own"
    assert told[FIRST]["narrative"]["next_steps"].startswith("No play is running")


def explained(said: Said, account: str, day: date) -> dict[str, Any]:
    args = ("--lake", said.place.lake, "--model", said.model, "--date", day, "--json")
    told = health("explain", account, *args)
    assert told.code == 0, told.err
    found: dict[str, Any] = json.loads(told.out)
    return found
