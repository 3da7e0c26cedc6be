"""On 10,000 accounts: an outage is one incident, a mass event one alert, and nobody is paged twice.

The product source is out for three days for a part of the accounts, whose use really goes on; or
use really falls for some. Few others decline all the time, each by itself, as in any business.
"""

from __future__ import annotations

import numpy as np
import pytest

from health_pipeline_tests.core.alerts.population import Population, Run

ACCOUNTS = 10_000
BEFORE = 14
"""Days before it, from which breakers know what is usual."""

SINGLE = ("driver", "driver_reopened", "account")
LONG = pytest.mark.torture


def told(run, days, kinds, action="trigger"):
    """Messages of these kinds on these days."""
    return [
        message
        for day in days
        for message in run.outcomes[day].messages
        if message.kind in kinds and message.action == action
    ]


def hit_by(world, share):
    chosen = np.random.default_rng(1).random(world.accounts) < share
    return chosen, {world.ids[n] for n in np.flatnonzero(chosen)}


def singles(run, days, accounts):
    """Pages about single accounts of these."""
    return [
        alert.account_id
        for message in told(run, days, SINGLE)
        for alert in message.alerts
        if alert.account_id in accounts
    ]


def healthy_before(run, accounts):
    """Those that were not at risk before: who declines anyway has no risk to enter."""
    return accounts - run.at_risk[BEFORE - 1]


def one_alert(run, days):
    """The first message of the one group alert, and whom the last one lists: lists only grow."""
    messages = told(run, days, ["group"])
    assert len({one.dedup_key for one in messages}) == 1
    sizes = [len(one.alerts) for one in messages]
    assert sizes == sorted(set(sizes)), "told again only where further accounts have joined"
    return messages[0], {alert.account_id for alert in messages[-1].alerts}


@pytest.mark.parametrize(
    "share", [0.3, pytest.param(1.0, marks=LONG), pytest.param(0.1, marks=LONG)]
)
def test_an_outage_is_one_incident_and_no_customer_is_paged(share):
    world = Population(ACCOUNTS, BEFORE + 8)
    chosen, accounts = hit_by(world, share)
    world.out(BEFORE, BEFORE + 2, chosen)
    run = Run(world).all()
    after = range(BEFORE, BEFORE + 8)
    (opened,) = told(run, after, ["data_incident"])
    (ended,) = told(run, after, ["data_incident"], "resolve")
    assert opened.dedup_key == ended.dedup_key
    assert opened in run.outcomes[BEFORE].messages, "on its first day"
    assert not told(run, after, ["group"])
    assert singles(run, after, accounts) == []
    fell = {
        one.row.account_id for one in run.alerts.values() if one.row.suppressed_by == "outage:usage"
    }
    assert len(fell & accounts) > 0.9 * len(accounts), "they did look bad, and it was held back"


@pytest.mark.parametrize("share", [0.05, pytest.param(0.02, marks=LONG)])
def test_a_small_outage_is_one_group_alert_marked_as_a_possible_data_fault(share):
    world = Population(ACCOUNTS, BEFORE + 8)
    chosen, accounts = hit_by(world, share)
    world.out(BEFORE, BEFORE + 2, chosen)
    run = Run(world).all()
    after = range(BEFORE, BEFORE + 8)
    assert not told(run, after, ["data_incident"])
    first, listed = one_alert(run, after)
    assert first.possible_data_fault
    assert healthy_before(run, accounts) - listed == set()
    assert singles(run, after, healthy_before(run, accounts)) == []
    (ended,) = told(run, after, ["group"], "resolve")
    assert ended.dedup_key == first.dedup_key


def test_a_real_fall_is_one_group_alert_that_lists_every_account():
    world = Population(ACCOUNTS, BEFORE + 8)
    chosen, accounts = hit_by(world, 0.08)
    world.fall(BEFORE, chosen, 0.3)
    run = Run(world).all()
    after = range(BEFORE, BEFORE + 8)
    assert not told(run, after, ["data_incident"])
    first, listed = one_alert(run, after)
    assert not first.possible_data_fault, "the source goes on telling of them"
    assert healthy_before(run, accounts) - listed == set()
    at_once = {alert.account_id for alert in first.alerts}
    assert len(at_once & accounts) > 0.95 * len(accounts)
    assert singles(run, after, at_once) == [], "who is listed is not paged as well"


def test_without_any_of_it_nothing_is_grouped():
    run = Run(Population(ACCOUNTS // 5, BEFORE + 8)).all()
    assert not told(run, range(BEFORE + 8), ["group", "data_incident"])
    assert told(run, range(BEFORE, BEFORE + 8), SINGLE), "and who declines is told of"
