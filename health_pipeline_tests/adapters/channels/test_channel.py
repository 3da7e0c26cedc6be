from pathlib import Path
from typing import get_args

import pytest

from health_pipeline.adapters import channels
from health_pipeline.adapters.channels.channel import open_channels
from health_pipeline.adapters.channels.params import ChannelConfig, DeliveryConfig

CONFIG = DeliveryConfig(
    channels={
        "terminal": ChannelConfig(kind="console", timeout_seconds=3.0),
        "ops": ChannelConfig(kind="webhook", url_env="OPS_HOOK_URL"),
    }
)


@pytest.mark.parametrize(
    ("why", "url", "ready", "reasons"),
    [
        ("all set", "https://hooks.example", ["terminal", "ops"], {}),
        (
            "not set",
            "",
            ["terminal"],
            {"ops": "environment variable OPS_HOOK_URL (url_env) is not set"},
        ),
    ],
)
def test_ready_or_why_not(why, url, ready, reasons, monkeypatch):
    monkeypatch.setenv("OPS_HOOK_URL", url)
    found = open_channels(CONFIG, ["terminal", "ops"])
    assert (list(found.ready), found.not_configured) == (ready, reasons)
    assert found.ready["terminal"].deadline_seconds == 3.0


def test_a_channel_that_nobody_defined():
    found = open_channels(CONFIG, ["pager"])
    assert found.ready == {}
    assert found.not_configured == {
        "pager": "delivery.yaml has no channel pager; it has ops, terminal"
    }


def test_every_kind_is_a_file_of_the_folder():
    files = {path.stem for path in Path(channels.__file__).parent.glob("*.py")}
    kinds = set(get_args(ChannelConfig.model_fields["kind"].annotation))
    assert files - {"__init__", "channel", "params"} == kinds
