from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.alerts.drivers import driver_states
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of
from health_pipeline_tests.core.schemas.worlds import ACCOUNT, spec, table

FIRST = date(2026, 3, 1)
EMPTY = RESULT_TABLES["driver_states"].empty()
RULES = AlertRules()
SPECS = [spec("slow"), spec("jump", discrete=True), spec("gone", hard=True)]
LETTER = {"healthy": "H", "watch": "W", "risk": "R", "unknown": "-"}


def rows(subscores, signal="slow", account=ACCOUNT, observed=None):
    """One signal row a day; None = not measured; `observed`: days back of the data, by day."""
    found = []
    for n, subscore in enumerate(subscores):
        day = FIRST + timedelta(days=n)
        row = {"account_id": account, "date": day, "signal": signal, "subscore": subscore}
        row["status"] = "missing" if subscore is None else "measured"
        row["value"] = subscore
        row["observed_on"] = day - timedelta(days=observed[n] if observed else 0)
        found.append(row)
    return found


def run(signal_rows, previous=EMPTY, rules=RULES):
    return driver_states(table("signals", signal_rows), SPECS, previous, rules, "v1")


def story(subscores, **more):
    """The states as letters, and the told transitions as from>to@day."""
    states, changes = run(rows(subscores, **more))
    letters = "".join(LETTER[state] for state in states.sort("date")["state"])
    told = [
        f"{LETTER[row['from_state']]}>{LETTER[row['to_state']]}@{(row['date'] - FIRST).days}"
        for row in changes.filter(~pl.col("silent")).sort("date").iter_rows(named=True)
    ]
    return letters, told


N = None
CASES = [
    # why, subscores, states, told
    ("the first state is at the border itself, and silent", [80], "H", []),
    ("79.9 is watch, 59.9 is risk", [79.9, 79.9], "WW", []),
    ("first at risk: silent too", [59.9], "R", []),
    ("two days 8 points past a border", [90, 72, 72], "HHW", ["H>W@2"]),
    ("one day is not enough", [90, 72, 90, 72], "HHHH", []),
    ("7.9 points are not enough", [90, 72.1, 72.1, 72.1], "HHHH", []),
    ("back up likewise, at 88", [70, 87.9, 87.9, 88, 88], "WWWWH", ["W>H@4"]),
    (
        "risk at 52, out of it at 68",
        [65, 52, 52, 67.9, 67.9, 68, 68],
        "WWRRRRW",
        ["W>R@2", "R>W@6"],
    ),
    ("past both borders at once", [90, 10, 10], "HHR", ["H>R@2"]),
    ("below both, 8 points past one of them", [90, 55, 55], "HHW", ["H>W@2"]),
    ("falling on: the nearer state first", [90, 70, 50, 48], "HHWR", ["H>W@2", "W>R@3"]),
    ("around a border further down it still leaves", [90, 51, 53, 51, 53], "HHWWW", ["H>W@2"]),
    ("an outage is silent, and so is the return", [90, N, N, 90], "H--H", []),
    ("an outage ends no risk", [90, 10, 10, N, 10], "HHR-R", ["H>R@2"]),
    ("what changed meanwhile is told once confirmed", [90, N, 10, 10], "H-HR", ["H>R@3"]),
    ("days of data count across a gap", [90, 10, N, 10], "HH-R", ["->R@3"]),
    ("never measured", [N, N], "--", []),
]


@pytest.mark.parametrize(("why", "subscores", "states", "told"), CASES, ids=[c[0] for c in CASES])
def test_continuous(why, subscores, states, told):
    assert story(subscores) == (states, told)


AT_ONCE = [
    ("at the border, at once", [80, 79.9, 80], "HWH", ["H>W@1", "W>H@2"]),
    ("straight to risk", [90, 59.9], "HR", ["H>R@1"]),
    ("a change during an outage is told on return", [90, N, 10], "H-R", ["->R@2"]),
    ("the same state on return is not", [10, N, 10], "R-R", []),
]


@pytest.mark.parametrize("signal", ["jump", "gone"])
@pytest.mark.parametrize(
    ("why", "subscores", "states", "told"), AT_ONCE, ids=[c[0] for c in AT_ONCE]
)
def test_discrete_and_hard(why, subscores, states, told, signal):
    assert story(subscores, signal=signal) == (states, told)


DATA_DAYS = [
    ("the same day of data, looked at again", [90, 10, 10], [0, 0, 1], "HHH"),
    ("until the next one", [90, 10, 10, 10], [0, 0, 1, 0], "HHHR"),
    ("data that stood still before the fall", [90, 90, 10], [0, 1, 0], "HHH"),
    ("older data than yesterday's is not new", [90, 10, 10], [0, 0, 5], "HHH"),
]


@pytest.mark.parametrize(
    ("why", "subscores", "observed", "states"), DATA_DAYS, ids=[c[0] for c in DATA_DAYS]
)
def test_confirmation_counts_days_of_data(why, subscores, observed, states):
    assert story(subscores, observed=observed)[0] == states


def episodes(subscores):
    states, _ = run(rows(subscores, signal="jump"))
    return states.sort("date")["episode_id"].to_list()


def test_an_episode_outlives_leaving_risk_by_seven_days():
    found = episodes([90, 10, 90, 90, 90, 90, 90, 90, 90, 10])
    assert found[0] is None
    assert set(found[1:]) == {found[1]}


def test_on_the_eighth_day_a_new_one_begins():
    found = episodes([90, 10, 90, 90, 90, 90, 90, 90, 90, 90, 10])
    assert found[2:9] == [found[1]] * 7
    assert found[9] == found[1]  # the seventh day since it was left
    assert found[10] not in (found[1], None)


def test_an_episode_ends_quietly():
    assert episodes([10, *[90] * 9])[-1] is None


def test_a_transition_in_full():
    _, changes = run([*rows([90, 10], signal="jump")])
    first, second = changes.sort("date").iter_rows(named=True)
    assert (first["from_state"], first["to_state"], first["silent"]) == ("unknown", "healthy", True)
    day = FIRST + timedelta(days=1)
    assert second == {
        "transition_id": second["transition_id"],
        "account_id": ACCOUNT,
        "signal": "jump",
        "date": day,
        "from_state": "healthy",
        "to_state": "risk",
        "at": end_of(day),
        "value_before": 90.0,
        "value_after": 10.0,
        "reason_code": "jump_low",
        "episode_id": second["episode_id"],
        "silent": False,
        "model_version": "v1",
    }
    assert second["episode_id"]


def crowd(steps):
    """Forty accounts from 50 to 89 that move by `steps` (cycled) on the second day."""
    found = []
    for n in range(40):
        found += rows([50 + n, 50 + n + steps[n % len(steps)]], account=f"a{n:02}")
    return found


NOISE = [
    ("a quiet signal: the band of the rules", [0], "R"),
    ("a noisy one: twice its spread", [-9, -5, 0, 5, 9], "W"),
    ("a step that all share is no noise", [-4], "R"),
]


@pytest.mark.parametrize(("why", "steps", "state"), NOISE, ids=[c[0] for c in NOISE])
def test_the_band_follows_the_noise(why, steps, state):
    once = RULES.model_copy(update={"confirm_days": 1})
    states, _ = run([*crowd(steps), *rows([61, 51], account="zz")], rules=once)
    last = states.filter((pl.col("account_id") == "zz") & (pl.col("date") > FIRST))
    assert last["state"].to_list() == [{"R": "risk", "W": "watch"}[state]]


def test_every_state_can_be_reached_however_noisy():
    wild = RULES.model_copy(update={"band": 50.0})
    states, _ = run(rows([50, 100, 100, 0, 0]), rules=wild)
    assert states.sort("date")["state"].to_list() == ["risk", "risk", "healthy", "healthy", "risk"]


subscore = st.one_of(
    st.none(), st.sampled_from([0.0, 51.0, 52.0, 53.0, 60.0, 68.0, 72.0, 80.0, 88.0, 100.0])
)
walks = st.lists(subscore, min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(walks, walks), min_size=1, max_size=3), st.data())
def test_a_range_gives_what_its_days_give(accounts, data):
    found = []
    for n, (slow, jump) in enumerate(accounts):
        stale = data.draw(st.lists(st.integers(0, 2), min_size=len(slow), max_size=len(slow)))
        found += rows(slow, account=f"a{n}", observed=stale)
        found += rows(jump, account=f"a{n}", signal="jump")
    states, changes = run(found)
    before, each, all_changes = EMPTY, [EMPTY], []
    for day in sorted({row["date"] for row in found}):
        before, some = run([row for row in found if row["date"] == day], before)
        each.append(before)
        all_changes.append(some)
    assert states.equals(RESULT_TABLES["driver_states"].conform(pl.concat(each)))
    assert changes.equals(RESULT_TABLES["driver_transitions"].conform(pl.concat(all_changes)))
    assert changes["transition_id"].is_unique().all()
    told = changes.filter(~pl.col("silent"))
    assert not told["to_state"].is_in(["unknown"]).any()
    for key, chain in changes.sort("date").group_by("account_id", "signal", maintain_order=True):
        states_seen = ["unknown", *chain["to_state"]]
        assert chain["from_state"].to_list() == states_seen[:-1], key
