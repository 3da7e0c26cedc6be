import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from health_pipeline.adapters.channels.params import ChannelConfig
from health_pipeline.adapters.channels.webhook import missing, send, signature
from health_pipeline_tests.faults.loopback import OK, Step, loopback

NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 11, 6, 5, tzinfo=UTC)
MESSAGE = {
    "to_state": "risk",
    "opened_at": "2026-03-10T23:59:59.999999+00:00",
    "sentence": "Äcme: “33%”",
}
CONFIG = ChannelConfig(kind="webhook", url_env="HOOK_URL", secret_env="HOOK_SECRET")  # noqa: S106 - a name
KEY = "acc1:a:e1:risk:t1:ops"


def env(url, secret="s3cret"):  # noqa: S107 - of this test alone
    return {"HOOK_URL": url, "HOOK_SECRET": secret}


def test_the_signature_of_the_standards_example():
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}', secret)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("why", "secret", "key"),
    [
        ("plain", "s3cret", b"s3cret"),
        (
            "as the standard writes it",
            "whsec_" + base64.b64encode(b"\x00\xffkey").decode(),
            b"\x00\xffkey",
        ),
    ],
)
def test_what_arrives(why, secret, key):
    with loopback() as receiver:
        result = send(MESSAGE, CONFIG, KEY, NOW, env(receiver.url, secret))
    (request,) = receiver.requests
    assert secret.encode() not in request.raw
    assert (result.ok, result.status_code) == (True, 200)
    assert json.loads(request.body) == {
        "type": "health.driver.risk",
        "timestamp": MESSAGE["opened_at"],
        "data": MESSAGE,
    }
    assert request.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    signed = f"{request.message_id}.{request.headers['webhook-timestamp']}.".encode() + request.body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{digest}"


def test_a_retry_has_the_same_id_and_its_own_time():
    with loopback([Step(500)]) as receiver:
        for at in (NOW, LATER):
            send(MESSAGE, CONFIG, KEY, at, env(receiver.url))
        send(MESSAGE, CONFIG, "another", LATER, env(receiver.url))
    first, second, other = receiver.requests
    assert first.message_id == second.message_id != other.message_id
    assert "." not in first.message_id
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


def test_without_a_secret_it_is_not_signed():
    unsigned = ChannelConfig(kind="webhook", url_env="HOOK_URL")
    with loopback() as receiver:
        assert send(MESSAGE, unsigned, KEY, NOW, {"HOOK_URL": receiver.url}).ok
    assert "webhook-signature" not in receiver.requests[0].headers


ANSWERS = [
    # why, step, ok, status, retry after, final, words of the error
    ("no content is success", Step(204), True, 204, None, False, None),
    ("server error", Step(503), False, 503, None, False, "answered 503"),
    ("not found may come back", Step(404), False, 404, None, False, "answered 404"),
    ("gone", Step(410), False, 410, None, True, "the address is gone"),
    ("a redirect", Step(302, {"Location": "/elsewhere"}), False, 302, None, False, "not followed"),
    ("too many", Step(429, {"Retry-After": "120"}), False, 429, 120.0, False, "answered 429"),
    (
        "until a date",
        Step(503, {"Retry-After": "Wed, 11 Mar 2026 06:01:00 GMT"}),
        False,
        503,
        60.0,
        False,
        "answered 503",
    ),
    (
        "an unreadable wait",
        Step(503, {"Retry-After": "soon"}),
        False,
        503,
        None,
        False,
        "answered 503",
    ),
    ("dropped", Step(drop="before"), False, None, None, False, "no answer: ConnectionError"),
    ("taken in, then dropped", Step(drop="after"), False, None, None, False, "no answer"),
    ("hanging", Step(wait=1.0), False, None, None, False, "no answer"),
    ("a byte at a time", Step(drip=0.05), False, None, None, False, "no answer within 0.3 s"),
]


@pytest.mark.parametrize(
    ("why", "step", "ok", "status", "wait", "final", "words"), ANSWERS, ids=[c[0] for c in ANSWERS]
)
def test_answers(why, step, ok, status, wait, final, words):
    impatient = CONFIG.model_copy(update={"timeout_seconds": 0.3})
    with loopback([step], otherwise=OK) as receiver:
        result = send(MESSAGE, impatient, KEY, NOW, env(receiver.url))
    assert (result.ok, result.status_code, result.retry_after, result.final) == (
        ok,
        status,
        wait,
        final,
    )
    assert (result.error is None) if words is None else (words in result.error)
    assert len(receiver.requests) == 1  # one attempt is one request


def test_a_refused_connection_names_no_address():
    with loopback() as receiver:
        url = receiver.url
    result = send(MESSAGE, CONFIG, KEY, NOW, env(url + "?token=hush"))
    assert (result.ok, result.status_code) == (False, None)
    assert "hush" not in result.error
    assert "127" not in result.error


def test_a_body_that_is_too_large_is_never_sent():
    with loopback() as receiver:
        result = send(MESSAGE | {"sentence": "x" * 20_480}, CONFIG, KEY, NOW, env(receiver.url))
    assert (result.ok, result.final, receiver.requests) == (False, True, [])
    assert "not under 20 KB" in result.error


URL = "https://hooks.example/x"
MISSING = [
    # why, configuration, environment, words (None: ready)
    ("ready", {}, env(URL), None),
    ("this machine by http", {}, env("http://localhost:8080/x"), None),
    ("and by its other names", {}, env("http://[::1]:8080/x"), None),
    ("the variable is not set", {}, {"HOOK_SECRET": "s"}, "HOOK_URL (url_env) is not set"),
    ("or empty", {}, env(" "), "HOOK_URL (url_env) is not set"),
    ("no secret", {}, {"HOOK_URL": URL}, "HOOK_SECRET (secret_env) is not set"),
    ("a broken secret", {}, env(URL, "whsec_!"), "no base64"),
    ("http to another machine", {}, env("http://hooks.example/x"), "it is http to hooks.example"),
    (
        "http to a name that looks like this machine",
        {},
        env("http://127.0.0.1.example/x"),
        "must be https",
    ),
    ("no address at all", {"url_env": None}, {}, "set url_env or url_file"),
    ("no URL", {}, env("hooks"), "no URL"),
    ("a file that is not there", {"url_env": None, "url_file": "/nowhere/url"}, {}, "not readable"),
]


@pytest.mark.parametrize(
    ("why", "config", "environment", "words"), MISSING, ids=[c[0] for c in MISSING]
)
def test_missing(why, config, environment, words):
    reason = missing(CONFIG.model_copy(update=config), environment)
    assert (reason is None) if words is None else (words in reason)


def test_the_address_in_a_file(tmp_path):
    (tmp_path / "url").write_text(URL + "\n")
    config = ChannelConfig(kind="webhook", url_file=str(tmp_path / "url"))
    assert missing(config, {}) is None
