import pytest

from health_pipeline.adapters.channels.channel import open_channels
from health_pipeline.adapters.channels.kind import kinds
from health_pipeline.adapters.channels.kinds import console, slack, webhook
from health_pipeline.adapters.channels.params import ChannelParams, DeliveryConfig

CONFIG = DeliveryConfig(
    channels={
        "terminal": console.Params(timeout_seconds=3.0),
        "ops": webhook.Params(url_env="OPS_HOOK_URL"),
        "team": slack.Params(url_env="OPS_HOOK_URL"),
    },
    allow_hosts=("hooks.example",),
)
NOT_SET = "environment variable OPS_HOOK_URL (url_env) is not set"
OPENED = [
    ("all set", "https://hooks.example", ["terminal", "ops", "team"], {}),
    (
        "the provider's own host needs no word",
        "https://hooks.slack.com/services/x",
        ["terminal", "team"],
        {"ops": "hooks.slack.com is not in allow_hosts of delivery.yaml"},
    ),
    ("not set", "", ["terminal"], {"ops": NOT_SET, "team": NOT_SET}),
]


@pytest.mark.parametrize(("why", "url", "ready", "reasons"), OPENED, ids=[c[0] for c in OPENED])
def test_ready_or_why_not(why, url, ready, reasons, monkeypatch):
    monkeypatch.setenv("OPS_HOOK_URL", url)
    found = open_channels(CONFIG, ["terminal", "ops", "team"])
    assert (list(found.ready), found.not_configured) == (ready, reasons)
    assert found.ready["terminal"].deadline_seconds == 3.0


def test_a_channel_that_nobody_defined():
    found = open_channels(CONFIG, ["pager"])
    assert found.ready == {}
    assert found.not_configured == {
        "pager": "delivery.yaml has no channel pager; it has ops, team, terminal"
    }


PACES = {"slack": 1.0, "pagerduty": 2.0, "apprise": 4.0}


@pytest.mark.parametrize("name", kinds())
def test_a_kind_is_a_file_that_says_what_it_is(name):
    kind = kinds()[name]
    assert kind.doc
    assert issubclass(kind.params, ChannelParams)
    assert kind.params.model_fields["kind"].default == name
    assert kind.params.model_config["frozen"]
    assert kind.params.model_config["extra"] == "forbid"
    pace = kind.params.model_fields["per_second"].default
    assert pace == PACES.get(name, pace)


def test_who_drops_what_it_has_seen():
    assert {name for name, kind in kinds().items() if kind.dedupes} == {"pagerduty", "webhook"}
