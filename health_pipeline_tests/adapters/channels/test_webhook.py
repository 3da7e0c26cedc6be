import base64
from datetime import UTC, datetime

import pytest

from health_pipeline.adapters.channels.kinds.webhook import Params, missing, send, signature
from health_pipeline_tests.adapters.channels.five import FIVE
from health_pipeline_tests.faults.servers.scripted import Fault, serving
from health_pipeline_tests.faults.servers.standard_webhooks import StandardWebhooks
from health_pipeline_tests.told import OPENED, alert, kind_of, message

NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 11, 6, 5, tzinfo=UTC)
HERE = ("127.0.0.1", "::1", "localhost")
CONFIG = Params(url_env="HOOK_URL", secret_env="HOOK_SECRET", allow_hosts=HERE, timeout_seconds=0.5)  # noqa: S106 - a name


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", "s3cret")


@pytest.fixture
def sent(monkeypatch):
    def send_to(server, one=None, key="k1", at=NOW, config=CONFIG, query=""):
        monkeypatch.setenv("HOOK_URL", f"{server.url}/hook{query}")
        return send(one or message(), config, key, at, False)

    return send_to


def test_the_signature_of_the_standards_example():
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}', secret)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


SECRETS = [
    ("plain", "s3cret", b"s3cret"),
    (
        "as the standard writes it",
        "whsec_" + base64.b64encode(b"\x00\xffkey").decode(),
        b"\x00\xffkey",
    ),
]


@pytest.mark.parametrize(("why", "secret", "key"), SECRETS, ids=[c[0] for c in SECRETS])
def test_what_arrives(why, secret, key, sent, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", secret)
    receiver = StandardWebhooks(key)
    with serving(receiver) as server:
        result = sent(server)
    (request,) = server.requests
    assert secret.encode() not in request.raw
    assert (result.ok, result.status_code) == (True, 204)
    (effect,) = receiver.effects.values()
    assert (effect["type"], effect["timestamp"]) == ("health.driver.risk", OPENED.isoformat())
    data = message().model_dump(mode="json")
    assert effect["data"] == data | {"alerts_total": 1}
    assert request.headers["webhook-timestamp"] == str(int(NOW.timestamp()))


TYPES = [
    ("a driver", message(), "health.driver.risk"),
    ("a driver that reopens", message(kind="driver_reopened"), "health.driver.risk"),
    ("drivers of two states", message(alerts=(alert(), alert(to_state="watch"))), "health.driver"),
    ("anything else", FIVE["data_incident"], "health.data_incident"),
]


@pytest.mark.parametrize(("why", "one", "expected"), TYPES, ids=[c[0] for c in TYPES])
def test_the_type_says_what_it_is(why, one, expected, sent):
    receiver = StandardWebhooks(b"s3cret")
    with serving(receiver) as server:
        assert sent(server, one).ok
    assert [effect["type"] for effect in receiver.effects.values()] == [expected]


@pytest.mark.parametrize("name", FIVE)
def test_every_message_is_taken(name, sent):
    receiver = StandardWebhooks(b"s3cret")
    with serving(receiver) as server:
        assert sent(server, FIVE[name]).ok
    (effect,) = receiver.effects.values()
    assert len(effect["data"]["alerts"]) == effect["data"]["alerts_total"] == len(FIVE[name].alerts)


def test_a_wrong_secret_is_refused_and_may_be_mended(sent):
    with serving(StandardWebhooks(b"another")) as server:
        result = sent(server)
    assert (result.ok, result.status_code, result.final) == (False, 401, False)


def test_a_retry_has_the_same_id_and_its_own_time(sent):
    receiver = StandardWebhooks(b"s3cret")
    with serving(receiver, [Fault(drop="after")]) as server:
        for at in (NOW, LATER):
            sent(server, at=at)
        sent(server, key="another", at=LATER)
    first, second, other = server.requests
    assert first.message_id == second.message_id != other.message_id
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert (len(receiver.effects), receiver.repeats) == (2, [first.message_id])


def test_without_a_secret_it_is_not_signed(sent):
    unsigned = CONFIG.model_copy(update={"secret_env": None})
    with serving(StandardWebhooks(b"s3cret")) as server:
        assert sent(server, config=unsigned).status_code == 401
    assert "webhook-signature" not in server.requests[0].headers


UNTIL = {"Retry-After": "Wed, 11 Mar 2026 06:01:00 GMT"}
ANSWERS = [
    # why, fault, status, retry after, what it is, words of the error
    ("any 2xx is success", Fault(202), 202, None, "ok", None),
    ("server error", Fault(503), 503, None, "failed", "answered 503"),
    ("not found may come back", Fault(404), 404, None, "failed", "answered 404"),
    ("gone", Fault(410), 410, None, "final", "the address is gone"),
    ("a redirect", Fault(302, {"Location": "/x"}), 302, None, "failed", "not followed"),
    ("too many", Fault(429, {"Retry-After": "120"}), 429, 120.0, "throttled", "answered 429"),
    ("until a date", Fault(503, UNTIL), 503, 60.0, "failed", "answered 503"),
    ("an unreadable wait", Fault(503, {"Retry-After": "soon"}), 503, None, "failed", "503"),
    ("dropped", Fault(drop="before"), None, None, "in doubt", "no answer: Connection"),
    ("taken in, then dropped", Fault(drop="after"), None, None, "in doubt", "no answer"),
    ("hanging", Fault(wait=1.0), None, None, "in doubt", "no answer"),
    ("a byte at a time", Fault(drip=0.05), None, None, "in doubt", "within 0.5 s"),
]


@pytest.mark.parametrize(
    ("why", "fault", "status", "wait", "what", "words"), ANSWERS, ids=[c[0] for c in ANSWERS]
)
def test_answers(why, fault, status, wait, what, words, sent):
    with serving(StandardWebhooks(b"s3cret"), [fault]) as server:
        result = sent(server)
    assert (result.status_code, result.retry_after) == (status, wait)
    assert kind_of(result) == what
    assert (result.error is None) if words is None else (words in result.error)
    assert len(server.requests) == 1  # one attempt is one request


def test_a_refused_connection_names_no_address(sent):
    with serving(StandardWebhooks(b"s3cret")) as server:
        pass
    result = sent(server, query="?token=hush")
    assert (result.ok, result.status_code, result.in_doubt) == (False, None, False)
    assert "hush" not in result.error
    assert "127" not in result.error


def test_a_message_that_is_far_too_large_is_told_in_part(sent):
    receiver = StandardWebhooks(b"s3cret")
    many = tuple(alert(account_id=f"acc_{n}") for n in range(5_000))
    with serving(receiver) as server:
        assert sent(server, message(alerts=many, text="x" * 9_000)).ok
        assert sent(server, message(text="x" * 90_000), key="k2").ok
    first, second = receiver.effects.values()
    ids = [one["account_id"] for one in first["data"]["alerts"]]
    assert ids == [f"acc_{n}" for n in range(len(ids))]
    assert len(ids) > 300
    assert first["data"]["alerts_total"] == 5_000
    assert (second["data"]["text"], second["data"]["alerts_total"]) == ("", 1)


URL = "https://hooks.example/x"
MISSING = [
    # why, configuration, environment, words (None: ready)
    ("ready", {}, {}, None),
    ("this machine by http", {}, {"HOOK_URL": "http://localhost:8080/x"}, None),
    ("and by its other names", {}, {"HOOK_URL": "http://[::1]:8080/x"}, None),
    ("the variable is empty", {}, {"HOOK_URL": " "}, "HOOK_URL (url_env) is not set"),
    ("no secret", {}, {"HOOK_SECRET": ""}, "HOOK_SECRET (secret_env) is not set"),
    ("a broken secret", {}, {"HOOK_SECRET": "whsec_!"}, "no base64"),
    ("http to another machine", {}, {"HOOK_URL": "http://hooks.example/x"}, "it is http to hooks"),
    ("a private address", {}, {"HOOK_URL": "https://192.168.1.9/x"}, "192.168.1.9 is private"),
    ("metadata", {}, {"HOOK_URL": "https://169.254.169.254/x"}, "never allowed"),
    ("a host that nobody allowed", {"allow_hosts": ()}, {}, "not in allow_hosts"),
    ("no address at all", {"url_env": None}, {}, "set url_env or url_file"),
    ("no URL", {}, {"HOOK_URL": "hooks"}, "no URL"),
    ("a file that is not there", {"url_env": None, "url_file": "/nowhere/url"}, {}, "not readable"),
]


@pytest.mark.parametrize(
    ("why", "config", "environment", "words"), MISSING, ids=[c[0] for c in MISSING]
)
def test_missing(why, config, environment, words, monkeypatch):
    for name, value in {"HOOK_URL": URL, **environment}.items():
        monkeypatch.setenv(name, value)
    allowed = {"allow_hosts": ("hooks.example", *HERE)}
    reason = missing(CONFIG.model_copy(update=allowed | config))
    assert (reason is None) if words is None else (words in (reason or ""))


def test_the_address_in_a_file(tmp_path):
    (tmp_path / "url").write_text(URL + "\n")
    config = Params(url_file=str(tmp_path / "url"), allow_hosts=("hooks.example",))
    assert missing(config) is None
