import json
from datetime import UTC, datetime

import pytest

from health_pipeline.adapters.channels.kinds.pagerduty import Params, missing, send
from health_pipeline_tests.adapters.channels.five import FIVE
from health_pipeline_tests.faults.servers.pagerduty import PagerDuty
from health_pipeline_tests.faults.servers.scripted import HTML_502, Fault, Limit, serving
from health_pipeline_tests.told import kind_of, message

NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
ROUTING = "hush" * 8
CONFIG = Params(
    routing_key_env="PD_KEY", url_env="PD_URL", allow_hosts=("127.0.0.1",), timeout_seconds=0.5
)


def sent(one, monkeypatch, server, *, again=False):
    monkeypatch.setenv("PD_URL", server.url)
    monkeypatch.setenv("PD_KEY", ROUTING)
    result = send(one, CONFIG, one.key, NOW, again)
    assert "hush" not in str(result)
    return result


@pytest.mark.parametrize("name", FIVE)
def test_pagerduty_takes_every_message(name, monkeypatch):
    pager = PagerDuty()
    with serving(pager) as server:
        assert sent(FIVE[name], monkeypatch, server).status_code == 202
    assert len(pager.incidents) + len(pager.changes) == (0 if name == "resolve" else 1)


def test_an_incident_and_its_end(monkeypatch):
    pager = PagerDuty()
    opened, closed = FIVE["data_incident"], FIVE["resolve"]
    with serving(pager) as server:
        for one in (opened, opened, closed, opened):
            assert sent(one, monkeypatch, server).ok
    assert [(len(one.triggers), one.is_open) for one in pager.incidents] == [(2, False), (1, True)]


def test_news_open_no_incident_and_a_repeat_of_them_says_so(monkeypatch):
    pager = PagerDuty()
    with serving(pager) as server:
        for again in (False, True):
            assert sent(FIVE["digest"], monkeypatch, server, again=again).ok
        assert sent(message(), monkeypatch, server, again=True).ok
    assert [one["payload"]["summary"] for one in pager.changes] == [
        "7 changes on 2026-03-10",
        "Possible repeat: 7 changes on 2026-03-10",
    ]
    (incident,) = pager.incidents
    assert "Possible repeat" not in json.dumps(incident.triggers)


def test_a_key_that_is_too_long_is_one_of_its_own(monkeypatch):
    pager = PagerDuty()
    with serving(pager) as server:
        for key in ("a" * 300, "a" * 300, "a" * 299 + "b"):
            assert sent(message(dedup_key=key, title="x" * 2_000), monkeypatch, server).ok
    assert [len(one.triggers) for one in pager.incidents] == [2, 1]


ANSWERS = [
    ("202 cut off is a 202", Fault(truncate=True), 202, "ok"),
    ("invalid", Fault(400), 400, "final"),
    ("too many", Fault(429), 429, "throttled"),
    ("down", Fault(500), 500, "failed"),
    ("a gateway", HTML_502, 502, "in doubt"),
    ("taken, then dropped", Fault(drop="after"), None, "in doubt"),
    ("taken, then hanging", Fault(wait=2), None, "in doubt"),
]


@pytest.mark.parametrize(
    ("why", "fault", "status", "what"), ANSWERS, ids=[case[0] for case in ANSWERS]
)
def test_answers(why, fault, status, what, monkeypatch):
    with serving(PagerDuty(), [fault]) as server:
        found = sent(message(), monkeypatch, server)
    assert (found.status_code, kind_of(found)) == (status, what)


def test_its_own_limit(monkeypatch):
    with serving(PagerDuty(Limit(2.0, 1.0, None))) as server:
        assert sent(message(), monkeypatch, server).ok
        assert sent(message(), monkeypatch, server).throttled


def test_missing(monkeypatch):
    monkeypatch.setenv("PD_KEY", "")
    plain = Params(routing_key_env="PD_KEY", allow_hosts=("events.pagerduty.com",))
    assert missing(plain) == "environment variable PD_KEY (routing_key_env) is not set"
    assert send(message(), plain, "k", NOW, False).error == missing(plain)
    monkeypatch.setenv("PD_KEY", ROUTING)
    assert missing(plain) is None
    elsewhere = plain.model_copy(update={"region": "eu"})
    assert missing(elsewhere) == "events.eu.pagerduty.com is not in allow_hosts of delivery.yaml"
