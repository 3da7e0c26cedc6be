import json
from datetime import UTC, datetime

import pytest

from health_pipeline.adapters.channels.kinds.slack import Params, missing, send
from health_pipeline_tests.adapters.channels.five import FIVE
from health_pipeline_tests.faults.servers.scripted import HTML_502, Fault, Limit, serving
from health_pipeline_tests.faults.servers.slack import Slack
from health_pipeline_tests.told import kind_of, message

NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
CONFIG = Params(url_env="SLACK_URL", allow_hosts=("127.0.0.1",), timeout_seconds=0.5)


def sent(one, monkeypatch, server, *, again=False):
    monkeypatch.setenv("SLACK_URL", f"{server.url}/services/T0/B0/hush")
    result = send(one, CONFIG, one.key, NOW, again)
    assert "hush" not in str(result)
    return result


@pytest.mark.parametrize("name", FIVE)
def test_slack_takes_every_message(name, monkeypatch):
    slack = Slack()
    with serving(slack) as server:
        assert sent(FIVE[name], monkeypatch, server).ok
    assert len(slack.messages) == 1


def test_a_repeat_says_so(monkeypatch):
    slack = Slack()
    with serving(slack) as server:
        for again in (False, True):
            assert sent(message(), monkeypatch, server, again=again).ok
    heads = [one["blocks"][0]["text"]["text"] for one in slack.messages]
    assert heads == [
        "WARNING: Acme Ltd: seats_active_7d is at risk",
        "WARNING: Possible repeat: Acme Ltd: seats_active_7d is at risk",
    ]


ANSWERS = [
    # why, fault, status, what it is, words
    ("200 with another body", Fault(body=b"<html>"), 200, "in doubt", "does not say that"),
    ("200 without one", Fault(body=b""), 200, "in doubt", "does not say that"),
    ("200 cut off", Fault(truncate=True), 200, "in doubt", "does not say that"),
    ("invalid_payload", Fault(400), 400, "final", "answered 400"),
    ("action_prohibited", Fault(403), 403, "final", "answered 403"),
    ("channel_not_found", Fault(404), 404, "final", "answered 404"),
    ("channel_is_archived", Fault(410), 410, "final", "answered 410"),
    ("rollup_error", Fault(500), 500, "failed", "answered 500"),
    ("a gateway", HTML_502, 502, "in doubt", "answered 502"),
    ("too many", Fault(429, {"Retry-After": "30"}), 429, "throttled", "answered 429"),
    ("a redirect", Fault(302, {"Location": "/x"}), 302, "failed", "not followed"),
    ("dropped before", Fault(drop="before"), None, "in doubt", "no answer"),
    ("taken, then dropped", Fault(drop="after"), None, "in doubt", "no answer"),
    ("taken, then hanging", Fault(wait=2), None, "in doubt", "no answer"),
    ("a byte at a time", Fault(drip=0.05), None, "in doubt", "no answer"),
]


@pytest.mark.parametrize(
    ("why", "fault", "status", "what", "words"), ANSWERS, ids=[case[0] for case in ANSWERS]
)
def test_answers(why, fault, status, what, words, monkeypatch):
    with serving(Slack(), [fault]) as server:
        found = sent(message(), monkeypatch, server)
    assert (found.status_code, kind_of(found)) == (status, what)
    assert words in found.error
    assert found.retry_after == (30.0 if what == "throttled" else None)


def test_its_own_limit(monkeypatch):
    with serving(Slack(Limit(1.0, 1.0, "1"))) as server:
        assert sent(message(), monkeypatch, server).ok
        found = sent(message(), monkeypatch, server)
    assert (found.throttled, found.retry_after) == (True, 1.0)


MISSING = [
    ("ready", "https://hooks.slack.com/services/T/B/x", ("hooks.slack.com",), None),
    ("not set", "", (), "SLACK_URL (url_env) is not set"),
    ("another host", "https://slack.evil.example/x", ("hooks.slack.com",), "not in allow_hosts"),
    ("not encrypted", "http://hooks.slack.com/x", ("hooks.slack.com",), "must be https"),
]


@pytest.mark.parametrize(("why", "url", "allow", "words"), MISSING, ids=[c[0] for c in MISSING])
def test_missing(why, url, allow, words, monkeypatch):
    monkeypatch.setenv("SLACK_URL", url)
    reason = missing(Params(url_env="SLACK_URL", allow_hosts=allow))
    assert (reason is None) if words is None else (words in (reason or ""))
    if words and url:
        result = send(message(), Params(url_env="SLACK_URL", allow_hosts=allow), "k", NOW, False)
        assert words in result.error


def test_the_body_is_what_slack_reads(monkeypatch):
    with serving(Slack()) as server:
        sent(message(), monkeypatch, server)
    body = json.loads(server.requests[0].body)
    assert set(body) == {"text", "blocks"}
    assert [block["type"] for block in body["blocks"]] == [
        "header",
        "section",
        "section",
        "context",
    ]
