import io
import json
import logging
import time
from datetime import UTC, datetime

import pytest

from health_pipeline.adapters.channels.kinds.apprise import Params, missing, send
from health_pipeline_tests.adapters.channels.five import FIVE
from health_pipeline_tests.faults.servers.certificates import authority
from health_pipeline_tests.faults.servers.scripted import HTML_502, Anything, Fault, Limit, serving
from health_pipeline_tests.faults.servers.teams import Teams
from health_pipeline_tests.told import message

NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
CONFIG = Params(url_env="APPRISE_URL", allow_hosts=("127.0.0.1", "localhost"), timeout_seconds=0.6)


def sent(url, monkeypatch, one=None, *, again=False, config=CONFIG):
    monkeypatch.setenv("APPRISE_URL", url)
    result = send(one or message(), config, "k1", NOW, again)
    assert "hush" not in str(result)
    return result


def json_url(server):
    return server.url.replace("http://", "json://") + "/hush"


ANSWERS = [
    # why, fault, ok, status, in doubt, throttled
    ("fine", Fault(), True, None, False, False),
    ("too many", Fault(429), False, 429, False, True),
    ("down", Fault(500), False, 500, False, False),
    ("a gateway", HTML_502, False, 502, True, False),
    ("a redirect is not followed", Fault(302, {"Location": "/x"}), False, 302, False, False),
    ("dropped before", Fault(drop="before"), False, None, True, False),
    ("taken, then dropped", Fault(drop="after"), False, None, True, False),
    ("taken, then hanging", Fault(wait=3), False, None, True, False),
]


@pytest.mark.parametrize(
    ("why", "fault", "ok", "status", "in_doubt", "throttled"), ANSWERS, ids=[c[0] for c in ANSWERS]
)
def test_answers(why, fault, ok, status, in_doubt, throttled, monkeypatch):
    begun = time.monotonic()
    with serving(Anything(), [fault]) as server:
        found = sent(json_url(server), monkeypatch)
    assert (found.ok, found.status_code) == (ok, status)
    assert (found.in_doubt, found.throttled, found.final) == (in_doubt, throttled, False)
    assert len(server.requests) == 1  # one attempt is one request
    assert time.monotonic() - begun < 6.0


def test_what_arrives(monkeypatch):
    with serving(Anything()) as server:
        for again in (False, True):
            assert sent(json_url(server), monkeypatch, again=again).ok
        assert sent(json_url(server), monkeypatch, FIVE["resolve"]).ok
    bodies = [json.loads(request.body) for request in server.requests]
    firsts = [body["message"].partition("\n")[0] for body in bodies]
    assert [(body["title"], body["type"]) for body in bodies] == [
        ("WARNING: driver", "warning"),
        ("WARNING: driver", "warning"),
        ("RESOLVED: data_incident", "success"),
    ]
    assert firsts == [
        "Acme Ltd: seats_active_7d is at risk",
        "Possible repeat: Acme Ltd: seats_active_7d is at risk",
        "product delivers again since 2026-03-13",
    ]
    assert "33% of the seats" in bodies[0]["message"]


@pytest.fixture
def teams_tls(tmp_path, monkeypatch):
    own = authority(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own.bundle))
    return own.server("127.0.0.1")


def teams_url(server):
    return (
        server.url.replace("https://", "workflows://")
        + "/hush-workflow-0123456789/hush-signature-01"
    )


@pytest.mark.parametrize("name", FIVE)
def test_teams_takes_every_message(name, teams_tls, monkeypatch):
    teams = Teams()
    with serving(teams, tls=teams_tls) as server:
        assert sent(teams_url(server), monkeypatch, FIVE[name]).ok
    (text,) = teams.texts()
    for markup in ("**Bold**", "[click](", "<at>", "<script>"):
        assert markup not in text, "a name of a customer is markup"
    assert all(f"Customer {n:03} GmbH" in text for n in range(7, len(FIVE[name].alerts)))


def test_teams_is_not_pressed(teams_tls, monkeypatch):
    with serving(Teams(Limit(4.0, 1.0, "2")), tls=teams_tls) as server:
        assert sent(teams_url(server), monkeypatch).ok
        assert sent(teams_url(server), monkeypatch).throttled


def test_a_shorter_message_where_the_service_takes_no_more(monkeypatch):
    with serving(Anything()) as server:
        config = CONFIG.model_copy(update={"max_chars": 200})
        assert sent(json_url(server), monkeypatch, FIVE["group"], config=config).ok
    assert len(json.loads(server.requests[0].body)["message"]) <= 200


@pytest.fixture
def said(capfd):
    """All that reaches the terminal or a log of the process. (pytest's own caplog listens also to
    loggers that hand nothing on.)
    """
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    yield lambda: log.getvalue() + "".join(capfd.readouterr())
    logging.getLogger().removeHandler(handler)


TEAMS = (
    "https://prod-01.westus.logic.azure.com:443/workflows/643e69f83c8944/triggers/manual/paths/"
    "invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0"
)
MISSING = [
    ("ready", "json://127.0.0.1/x", None),
    ("a service with a host of its own", "slack://AAAAAAAAA/BBBBBBBBB/" + "C" * 24, None),
    ("Teams", TEAMS, None),
    ("not set", "", "APPRISE_URL (url_env) is not set"),
    ("words", "hush hush", "no address that Apprise knows"),
    ("the retired connectors", "https://acme.webhook.office.com/webhookb2/hush", "retired"),
    ("not encrypted", "json://hooks.example/hush", "not encrypted"),
    ("a host that nobody allowed", "jsons://hooks.example/hush", "not in allow_hosts"),
    ("a private one", "jsons://10.0.0.5/hush", "10.0.0.5 is private"),
    ("metadata", "jsons://169.254.169.254/hush", "never allowed"),
    ("certificates unchecked", "jsons://127.0.0.1/hush?verify=no", "turns off the check"),
]


@pytest.mark.parametrize(("why", "url", "words"), MISSING, ids=[c[0] for c in MISSING])
def test_missing(why, url, words, monkeypatch, said):
    monkeypatch.setenv("APPRISE_URL", url)
    hosts = ("127.0.0.1", "*.logic.azure.com")
    reason = missing(CONFIG.model_copy(update={"allow_hosts": hosts}))
    assert (reason is None) if words is None else (words in (reason or ""))
    assert "hush" not in f"{reason}{said()}"
