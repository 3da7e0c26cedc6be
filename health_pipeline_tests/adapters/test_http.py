import ssl
import threading
from datetime import UTC, datetime

import pytest

from health_pipeline.adapters.http import post, retry_seconds
from health_pipeline_tests.faults.servers.certificates import authority
from health_pipeline_tests.faults.servers.scripted import HTML_502, Anything, Fault, serving

NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
HERE = ("hooks.example", "127.0.0.1")


@pytest.mark.parametrize(
    ("why", "value", "expected"),
    [
        ("seconds", "120", 120.0),
        ("a date", "Wed, 11 Mar 2026 06:00:30 GMT", 30.0),
        ("a date that has passed", "Wed, 11 Mar 2026 05:00:00 GMT", 0.0),
        ("negative", "-5", None),
        ("words", "soon", None),
        ("digits that are none", "²", None),
        ("a zone that is none", "Wed, 11 Mar 2026 06:00:30 +99999999999999", None),
        ("absent", None, None),
    ],
)
def test_retry_after(why, value, expected):
    assert retry_seconds(value, NOW) == expected


FAULTS = [
    # why, fault, status, body, whole, in doubt, words of the error
    ("fine", Fault(body=b"ok"), 200, b"ok", True, False, None),
    ("an empty answer", Fault(204), 204, b"", True, False, None),
    (
        "a gateway's page",
        HTML_502,
        502,
        b"<html><h1>502 Bad Gateway</h1></html>",
        True,
        False,
        None,
    ),
    ("a long answer is cut", Fault(body=b"x" * 9_000), 200, b"x" * 4096, True, False, None),
    ("cut off", Fault(body=b"ok", truncate=True), 200, b"", False, False, None),
    ("dropped before", Fault(drop="before"), None, b"", True, True, "ConnectionError"),
    ("taken in, then dropped", Fault(drop="after"), None, b"", True, True, "ConnectionError"),
    ("taken in, then hanging", Fault(wait=1.0), None, b"", True, True, "no answer"),
    ("a byte at a time", Fault(drip=0.05), None, b"", True, True, "no answer within 0.4 s"),
    ("a redirect is an answer", Fault(302, {"Location": "/else"}), 302, b"", True, False, None),
]


@pytest.mark.parametrize(
    ("why", "fault", "status", "body", "whole", "in_doubt", "words"),
    FAULTS,
    ids=[case[0] for case in FAULTS],
)
def test_what_comes_back(why, fault, status, body, whole, in_doubt, words):
    with serving(Anything(), [fault]) as server:
        found = post(f"{server.url}/a?b=hush", b"{}", {}, 0.4, ("127.0.0.1",))
    assert (found.status, found.body, found.whole) == (status, body, whole)
    assert found.in_doubt is in_doubt
    assert (found.error is None) if words is None else (words in found.error)
    assert "hush" not in str(found)
    assert len(server.requests) == 1


def test_a_status_counts_though_the_body_never_ends():
    slow = Fault(headers={"Retry-After": "7"}, body=b"x" * 100, body_drip=0.05)
    with serving(Anything(), [slow]) as server:
        found = post(server.url, b"{}", {}, 0.5, ("127.0.0.1",))
    assert (found.status, found.retry_after, found.whole) == (200, "7", False)


def test_a_refused_connection_was_never_sent():
    with serving(Anything()) as server:
        url = server.url
    found = post(f"{url}/hush", b"{}", {}, 2.0, ("127.0.0.1",))
    assert (found.status, found.in_doubt) == (None, False)
    assert found.error == "no answer: ConnectionError"


REFUSED = [
    ("not allowed", "https://other.example/hush", ["9.9.9.9"], "not in allow_hosts"),
    ("rebound to metadata", "https://hooks.example/hush", ["169.254.169.254"], "never allowed"),
    ("rebound to a private one", "https://hooks.example/hush", ["192.168.0.1"], "is private"),
    ("http to what is not here", "http://localhost/hush", ["9.9.9.9"], "is not this machine"),
]


@pytest.mark.parametrize(("why", "url", "found", "words"), REFUSED, ids=[c[0] for c in REFUSED])
def test_a_refused_address_is_never_connected_to(why, url, found, words):
    allow = ("hooks.example", "localhost")
    answer = post(url, b"{}", {}, 2.0, allow, resolve=lambda *_: found)
    assert (answer.status, answer.refused, answer.in_doubt) == (None, True, False)
    assert words in answer.error
    assert "hush" not in answer.error


def test_a_name_that_cannot_be_resolved():
    def unknown(*_):
        raise OSError("hush")

    answer = post("https://hooks.example/", b"{}", {}, 2.0, HERE, resolve=unknown)
    assert (answer.status, answer.in_doubt) == (None, False)
    assert answer.error == "the name cannot be resolved: OSError"


def test_a_resolver_that_hangs_ends_at_the_deadline():
    answer = post(
        "https://hooks.example/",
        b"{}",
        {},
        0.2,
        HERE,
        resolve=lambda *_: threading.Event().wait(2) or [],
    )
    assert answer.error == "no answer within 0.2 s"


@pytest.fixture
def own_authority(tmp_path, monkeypatch):
    own = authority(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own.bundle))
    return own


def test_the_name_is_resolved_once_and_its_address_connected_to(own_authority):
    names, asked = [], []
    context = own_authority.server("hooks.example")
    context.sni_callback = lambda _, name, __: names.append(name)

    def rebinding(host, port):
        """The first answer is good; whoever asks again is led to where nobody listens."""
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["127.9.9.9"]

    with serving(Anything(), tls=context) as server:
        port = int(server.url.rpartition(":")[2])
        url = f"https://hooks.example:{port}/x"
        found = post(url, b"{}", {}, 5.0, HERE, resolve=rebinding)
    assert (found.status, asked) == (200, [("hooks.example", port)])
    assert names == ["hooks.example"]
    assert server.requests[0].headers["host"] == f"hooks.example:{port}"


CERTIFICATES = [
    ("of another name", "other.example", "trusted"),
    ("of an address", "127.0.0.1", "trusted"),
    ("of an authority that nobody trusts", "hooks.example", "strange"),
]


@pytest.mark.parametrize(("why", "name", "whose"), CERTIFICATES, ids=[c[0] for c in CERTIFICATES])
def test_a_wrong_certificate_ends_it_before_anything_is_sent(
    why, name, whose, own_authority, tmp_path
):
    (tmp_path / "strange").mkdir()
    signer = own_authority if whose == "trusted" else authority(tmp_path / "strange")
    with serving(Anything(), tls=signer.server(name)) as server:
        port = server.url.rpartition(":")[2]
        url = f"https://hooks.example:{port}/hush"
        found = post(url, b"{}", {}, 5.0, HERE, resolve=lambda *_: ["127.0.0.1"])
    assert (found.status, found.in_doubt) == (None, False)
    assert found.error == f"no answer: {ssl.SSLError.__name__}"
    assert server.requests == []


def test_a_redirect_leads_nowhere():
    with serving(Anything()) as other:
        away = Fault(307, {"Location": other.url})
        with serving(Anything(), [away]) as server:
            assert post(server.url, b"{}", {}, 2.0, ("127.0.0.1",)).status == 307
    assert (len(server.requests), other.requests) == (1, [])


def test_a_proxy_gets_nothing_that_is_for_this_machine(monkeypatch):
    with serving(Anything()) as proxy, serving(Anything()) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert post(server.url, b"{}", {}, 2.0, ("127.0.0.1",)).status == 200
    assert proxy.requests == []
