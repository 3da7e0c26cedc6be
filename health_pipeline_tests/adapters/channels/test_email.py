from datetime import UTC, datetime

import pytest

from health_pipeline.adapters.channels.kinds.email import Params, missing, send
from health_pipeline_tests.adapters.channels.five import FIVE
from health_pipeline_tests.faults.servers.certificates import authority
from health_pipeline_tests.faults.servers.smtp import MailFault, mailing
from health_pipeline_tests.told import message

NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)


def params(box, **changes):
    given = {
        "host": "localhost",
        "port": box.port,
        "security": "none",
        "sender": "health@us.example",
        "allow_hosts": ("localhost", "127.0.0.1"),
        "timeout_seconds": 2.0,
    }
    return Params(**given | changes)


def sent(box, one=None, *, again=False, **changes):
    return send(one or message(), params(box, **changes), "k1", NOW, again)


@pytest.mark.parametrize("name", FIVE)
def test_every_message_is_taken(name):
    with mailing() as box:
        assert sent(box, FIVE[name]).ok
    (mail,) = box.mails
    assert mail.to == FIVE[name].to
    assert "Bcc" not in mail.message
    text, html = mail.message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert "<script>" not in html.get_content()
    assert "\r\nBcc:" not in text.get_content()


def test_its_headers_follow_from_the_message():
    with mailing() as box:
        for again in (False, True):
            assert sent(box, again=again).ok
        assert sent(box, message(key="k2", title="Bad\r\nBcc: all@evil.example")).ok
    first, second, third = (mail.message for mail in box.mails)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["References"] == third["References"]
    assert first["Subject"] == "WARNING: Acme Ltd: seats_active_7d is at risk"
    assert second["Subject"] == "WARNING: Possible repeat: Acme Ltd: seats_active_7d is at risk"
    assert third["Subject"] == "WARNING: Bad  Bcc: all@evil.example"
    assert first["Auto-Submitted"] == "auto-generated"


RECIPIENTS = [
    ("its own", ("a@x.example", "b@x.example"), ("ops@x.example",), ("a@x.example", "b@x.example")),
    ("the channel's", (), ("ops@x.example",), ("ops@x.example",)),
    (
        "no address is no address",
        ("ann", "a@x.example\r\nBcc: b@x"),
        ("o@x.example",),
        ("o@x.example",),
    ),
    ("one of them", ("ann", "a@x.example"), (), ("a@x.example",)),
    ("a name twice is one", ("a@x.example", "a@x.example"), (), ("a@x.example",)),
]


@pytest.mark.parametrize(
    ("why", "to", "own", "expected"), RECIPIENTS, ids=[c[0] for c in RECIPIENTS]
)
def test_who_gets_it(why, to, own, expected):
    with mailing() as box:
        assert sent(box, message(to=to), to=own).ok
    assert box.mails[0].to == expected


def test_nobody_to_send_to_is_final():
    with mailing() as box:
        result = sent(box, message(to=("ann",)))
    assert (result.ok, result.final, box.attempts) == (False, True, 0)


ANSWERS = [
    # why, fault, ok, status, final, in doubt, words
    ("busy", MailFault(data="451 4.3.0 try again"), False, 451, False, False, "answered 451"),
    ("full", MailFault(rcpt="452 4.2.2 mailbox full"), False, 452, False, False, "answered 452"),
    ("refused", MailFault(data="554 5.7.1 spam"), False, 554, True, False, "answered 554"),
    ("no such user", MailFault(rcpt="550 5.1.1 no"), False, 550, True, False, "answered 550"),
    ("dropped before", MailFault(drop="before"), False, None, False, True, "no answer"),
    ("taken, then dropped", MailFault(drop="after"), False, None, False, True, "no answer"),
    ("taken, then hanging", MailFault(wait=4.0), False, None, False, True, "no answer"),
    ("one of two", MailFault(refuse=("b@x.example",)), True, 250, False, False, "1 of 2 addresses"),
]


@pytest.mark.parametrize(
    ("why", "fault", "ok", "status", "final", "in_doubt", "words"),
    ANSWERS,
    ids=[case[0] for case in ANSWERS],
)
def test_answers(why, fault, ok, status, final, in_doubt, words):
    with mailing([fault]) as box:
        result = sent(box, message(to=("a@x.example", "b@x.example")))
    assert (result.ok, result.status_code) == (ok, status)
    assert (result.final, result.in_doubt) == (final, in_doubt)
    assert words in result.error
    assert "x.example" not in result.error


def test_nobody_listens():
    with mailing() as box:
        pass
    result = sent(box)
    assert (result.ok, result.in_doubt, result.error) == (
        False,
        False,
        "no answer: ConnectionRefusedError",
    )


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    own = authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(own.bundle))
    return own


SECURE = [("starttls", False), ("ssl", True)]


@pytest.mark.parametrize(("security", "at_once"), SECURE, ids=[c[0] for c in SECURE])
def test_a_secure_way_with_a_login(security, at_once, trusted, monkeypatch):
    monkeypatch.setenv("SMTP_USER", "health")
    monkeypatch.setenv("SMTP_PASSWORD", "hush")
    login = {"user_env": "SMTP_USER", "password_env": "SMTP_PASSWORD", "security": security}
    with mailing(tls=trusted.server("localhost"), at_once=at_once, login=("health", "hush")) as box:
        assert sent(box, **login).ok
        monkeypatch.setenv("SMTP_PASSWORD", "wrong")
        failed = sent(box, **login)
    assert [mail.secure for mail in box.mails] == [True]
    assert (failed.status_code, failed.final) == (535, False)
    assert "wrong" not in failed.error


@pytest.mark.parametrize(("security", "at_once"), SECURE, ids=[c[0] for c in SECURE])
def test_a_wrong_certificate_ends_it(security, at_once, trusted):
    with mailing(tls=trusted.server("other.example"), at_once=at_once) as box:
        result = sent(box, security=security)
    assert (result.ok, result.in_doubt, box.mails) == (False, False, [])
    assert result.error == "no answer: SSLCertVerificationError"


def test_a_server_that_cannot_encrypt_gets_nothing():
    with mailing() as box:
        result = sent(box, security="starttls")
    assert (result.ok, result.final, box.mails) == (False, False, [])
    assert "SMTPNotSupportedError" in result.error


MISSING = [
    ("ready", {}, None),
    ("a server elsewhere", {"host": "mail.example", "security": "starttls"}, "not in allow_hosts"),
    ("without encryption", {"host": "mail.example"}, "for a server on this machine"),
    ("a private server", {"host": "10.0.0.5", "security": "ssl"}, "10.0.0.5 is private"),
    ("a sender that is none", {"sender": "health"}, "'health' is no address"),
    ("a recipient that is none", {"to": ("a b@x",)}, "is no address"),
    ("a login without a password", {"user_env": "SMTP_USER"}, "without password_env"),
    (
        "a login that is not set",
        {"user_env": "SMTP_USER_NOBODY", "password_env": "SMTP_PASSWORD_NOBODY"},
        "SMTP_USER_NOBODY (user_env) is not set",
    ),
]


@pytest.mark.parametrize(("why", "config", "words"), MISSING, ids=[c[0] for c in MISSING])
def test_missing(why, config, words):
    base = {"host": "localhost", "security": "none", "sender": "health@us.example"}
    reason = missing(Params(**base | {"allow_hosts": ("localhost",)} | config))
    assert (reason is None) if words is None else (words in (reason or ""))
