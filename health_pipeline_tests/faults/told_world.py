"""A sender in a process of its own: it queues changes of episodes and delivers them everywhere."""

from __future__ import annotations

from health_pipeline_tests.faults.kills import started

ROUTING_KEY = "r" * 32
SECRET = "s3cret"  # noqa: S105 - of these tests
EPISODES = 7
"""Each episode is triggered and resolved by turns; a trigger after a resolve is a new incident."""

SENDER = """
import os, sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from health_pipeline.adapters.channels.channel import open_channels
from health_pipeline.adapters.channels.kinds import pagerduty, slack, webhook
from health_pipeline.adapters.channels.params import DeliveryConfig
from health_pipeline.adapters.store.alert_book import note_evaluated
from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.deliver import deliver
from health_pipeline.adapters.store.outbox import put
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline_tests.told import alert, message

home, count, minutes, episodes = Path(sys.argv[1]), *map(int, sys.argv[2:5])
fast = {"per_second": 10_000.0, "timeout_seconds": 2.0}
config = DeliveryConfig(
    channels={
        "hook": webhook.Params(url_env="HOOK_URL", secret_env="HOOK_SECRET", **fast),
        "pager": pagerduty.Params(routing_key_env="PD_KEY", url_env="PD_URL", **fast),
        "team": slack.Params(url_env="SLACK_URL", **fast),
    },
    allow_hosts=("127.0.0.1",),
)
config = DeliveryConfig(
    channels={name: one for name, one in config.channels.items() if name in sys.argv[5].split(",")},
    allow_hosts=config.allow_hosts,
)
channels = open_channels(config, config.channels).ready
assert len(channels) == len(config.channels)

def told(channel, n):
    resolve = n // episodes % 2 == 1
    return message(
        key=f"{n:05}:{channel}", dedup_key=f"episode{n % episodes}", channel=channel,
        action="resolve" if resolve else "trigger", title=f"change {n:05}",
        alerts=(alert(alert_id=f"{n:05}", to_state="healthy" if resolve else "risk"),),
    )

messages = [told(channel, n) for n in range(count) for channel in sorted(channels)]
control = open_control(home / "control.db")
clock = lambda: datetime.now(UTC) + timedelta(minutes=minutes)
print("ready", flush=True)
with transaction(control):
    note_evaluated(control, date(2026, 3, 10), "v1", clock())
    new = put(control, messages, clock())
report = deliver(control, channels, clock, Random(minutes).uniform, budget_seconds=60)
(home / "report").write_text(f"{new} {report.waiting} {report.dead} {report.repeats}")
"""
# Rounds are minutes apart by their clock: leases and most waits of the round before are over.


def finish(sender, home):
    """Let it run to its end: what was new, what waits, what is dead, what is a possible repeat."""
    sender.communicate(timeout=120)
    assert sender.returncode == 0
    return tuple(map(int, (home / "report").read_text().split()))


def start(home, count, minutes, channels, **urls):
    """A sender that has been imported and is about to queue and send."""
    env = {
        "PATH": "", "HOOK_SECRET": SECRET, "PD_KEY": ROUTING_KEY,
        "HOOK_URL": urls.get("hook", ""), "PD_URL": urls.get("pager", ""),
        "SLACK_URL": urls.get("team", ""), "PYTHONPATH": urls.get("pythonpath", ""),
    }  # fmt: skip
    return started(SENDER, home, count, minutes, EPISODES, ",".join(channels), env=env)
