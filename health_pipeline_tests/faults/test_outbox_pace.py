"""How fast messages leave: at the provider's rate with hardly a refusal, and the first one at once.

The providers enforce their rates themselves. Rates are scaled up so that a test is short; what is
shown does not depend on the scale: who asks more often than is allowed is refused.
"""

import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from random import Random

import pytest

from health_pipeline.adapters.channels.channel import open_channels
from health_pipeline.adapters.channels.kinds import pagerduty, slack
from health_pipeline.adapters.channels.params import DeliveryConfig
from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.deliver import IN_FLIGHT, deliver
from health_pipeline.adapters.store.outbox import put
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline_tests.faults.servers.pagerduty import PagerDuty
from health_pipeline_tests.faults.servers.scripted import Limit, serving
from health_pipeline_tests.faults.servers.slack import Slack
from health_pipeline_tests.faults.told_world import ROUTING_KEY
from health_pipeline_tests.told import message

MOST_REFUSED = 0.05


def now():
    return datetime.now(UTC)


@pytest.fixture
def control(tmp_path):
    opened = open_control(tmp_path / "control.db")
    yield opened
    opened.close()


def queue(control, channel, count, first=0):
    """Put messages of many keys; returns when."""
    given = [
        message(key=f"{channel}:{n}", dedup_key=f"{channel}:{n}", channel=channel)
        for n in range(first, first + count)
    ]
    with transaction(control):
        assert put(control, given, now()) == count
    return time.monotonic()


@pytest.fixture
def places(monkeypatch):
    """Slack and PagerDuty with limits of their own, and their channels at a pace."""
    with ExitStack() as stack:

        def opened(rate, pace):
            retry = f"{max(1, round(1 / rate))}"
            servers = {
                "team": stack.enter_context(serving(Slack(Limit(rate, 2.0, retry)))),
                "pager": stack.enter_context(serving(PagerDuty(Limit(2 * rate, 2.0, None)))),
            }
            monkeypatch.setenv("SLACK_URL", servers["team"].url)
            monkeypatch.setenv("PD_URL", servers["pager"].url)
            monkeypatch.setenv("PD_KEY", ROUTING_KEY)
            channels = {
                "team": slack.Params(url_env="SLACK_URL", per_second=pace),
                "pager": pagerduty.Params(
                    routing_key_env="PD_KEY", url_env="PD_URL", per_second=2 * pace
                ),
            }
            config = DeliveryConfig(channels=channels, allow_hosts=("127.0.0.1",))
            return servers, open_channels(config, channels).ready

        yield opened


DRAINS = [
    pytest.param(150, 10.0, id="150"),
    pytest.param(10_000, 40.0, marks=[pytest.mark.torture, pytest.mark.timeout(1800)], id="10000"),
]


@pytest.mark.parametrize(("count", "rate"), DRAINS)
def test_a_backlog_drains_at_the_rate_of_the_provider(count, rate, control, places):
    servers, channels = places(rate, rate)
    queue(control, "team", count // 3)
    queue(control, "pager", count - count // 3)
    begun = time.monotonic()
    # One at a time, as at the real rates of one and two a second.
    while deliver(control, channels, now, Random(1).uniform, in_flight=1).waiting:
        assert time.monotonic() - begun < 4 * count / (3 * rate) + 60, "it does not drain"
    took = time.monotonic() - begun
    for name, server in servers.items():
        refused = len(server.refused) / len(server.requests)
        assert refused <= MOST_REFUSED, f"{name} refused {refused:.1%}"
        assert len(server.processed) == len(server.requests) - len(server.refused)
    assert sum(len(server.processed) for server in servers.values()) == count
    ideal = count / 3 / rate
    print(  # noqa: T201 - the numbers of a torture run
        f"{count} messages in {took:.0f} s, {ideal:.0f} s by the rates; refused "
        f"{ {name: len(server.refused) for name, server in servers.items()} }"
    )


def test_a_provider_that_takes_less_than_it_says_is_not_pressed(control, places):
    servers, channels = places(2.0, 40.0)
    queue(control, "team", 8)
    begun = time.monotonic()
    while deliver(control, channels, now, Random(1).uniform, budget_seconds=10).waiting:
        assert time.monotonic() - begun < 60, "it does not drain"
        time.sleep(0.1)
    server = servers["team"]
    assert len(server.processed) == 8
    for nth, request in enumerate(server.requests):
        # What was under way already may still arrive; whatever follows has waited.
        following = server.requests[nth + IN_FLIGHT : nth + IN_FLIGHT + 1]
        if request.status == 429:
            assert all(one.at - request.at >= 0.9 for one in following), "Retry-After is ignored"
    assert server.refused, "the provider was never asked too often: nothing is shown"


BURN = "while True: sum(n * n for n in range(10_000))"


@pytest.fixture
def busy():
    """As many processes that compute as there are processors."""
    burners = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(os.cpu_count() or 2)]
    yield
    for burner in burners:
        burner.kill()
        burner.wait()


@pytest.mark.parametrize("rounds", [20, pytest.param(200, marks=pytest.mark.torture)])
def test_the_first_message_leaves_at_once_while_assets_compute(rounds, control, places, busy):
    servers, channels = places(1_000.0, 1_000.0)
    waits = []
    for n in range(rounds):
        seen = len(servers["pager"].requests)
        at = queue(control, "pager", 1, first=n)
        deliver(control, channels, now, Random(1).uniform, budget_seconds=10)
        waits.append(servers["pager"].requests[seen].at - at)
    p50, p99 = statistics.median(waits), sorted(waits)[int(0.99 * (len(waits) - 1))]
    print(f"{rounds} messages: p50 {p50:.3f} s, p99 {p99:.3f} s")  # noqa: T201 - the measured numbers
    assert p50 <= 1.0
    assert p99 <= 5.0
