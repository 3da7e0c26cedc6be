from datetime import UTC, datetime

from health_pipeline.adapters.channels.kinds.console import Params, missing, send
from health_pipeline_tests.told import alert, message

CONFIG = Params()
NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)


def written(one, *, again=False):
    lines = []
    assert send(one, CONFIG, "k1", NOW, again, lines.append).ok
    return "".join(lines)


def test_its_lines():
    assert missing(CONFIG) is None
    one = message(links=(), alerts=(alert(arr=None, reason_code=None),))
    assert written(one) == (
        "WARNING  Acme Ltd: seats_active_7d is at risk\n"
        "    Acme Ltd: seats_active_7d watch → risk\n"
        "      33% of the seats were active in 7 days, from 61% four weeks ago\n"
        "      score 43.2 (red)\n"
        "      Play: Bring the seats back, ann@us.example, due 2026-03-12\n"
        "    owner:ann@us.example · route owner · 2026-03-10 23:59 UTC · runbook driver\n"
        "    k1\n"
    )


def test_a_repeat_says_so():
    assert written(message(), again=True).startswith("WARNING  Possible repeat: Acme")


def test_standard_output_by_default(capsys):
    send(message(), CONFIG, "k1", NOW, False)
    assert "owner:ann@us.example · route owner" in capsys.readouterr().out


def test_a_name_does_not_drive_the_terminal():
    one = message(title="Evil\x1b[2J\r\nLtd", alerts=(alert(account="Evil\x1b[2J\r\nLtd"),))
    assert written(one).startswith("WARNING  Evil [2J  Ltd\n    Evil [2J  Ltd: seats")
