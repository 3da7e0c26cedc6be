from datetime import UTC, datetime

from health_pipeline.adapters.channels.console import missing, send
from health_pipeline.adapters.channels.params import ChannelConfig

CONFIG = ChannelConfig(kind="console")
NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
MESSAGE = {
    "severity": "warning",
    "sentence": "Acme Ltd: 33% of seats active",
    "from_state": "healthy",
    "to_state": "risk",
    "route": "owner:ann@us.example",
    "play_id": "p1",
}


def test_one_line_and_its_detail():
    written = []
    assert missing(CONFIG) is None
    assert send(MESSAGE, CONFIG, "k1", NOW, written.append).ok
    assert "".join(written) == (
        "WARNING  Acme Ltd: 33% of seats active\n"
        "    healthy → risk, owner:ann@us.example, play p1, 2026-03-11 06:00 UTC, k1\n"
    )


def test_standard_output_by_default(capsys):
    send(MESSAGE | {"play_id": None}, CONFIG, "k1", NOW)
    assert "owner:ann@us.example, 2026" in capsys.readouterr().out


def test_a_name_does_not_drive_the_terminal():
    written = []
    send(MESSAGE | {"sentence": "Evil\x1b[2J\r\nLtd"}, CONFIG, "k1", NOW, written.append)
    assert "".join(written).startswith("WARNING  Evil [2J  Ltd\n")
