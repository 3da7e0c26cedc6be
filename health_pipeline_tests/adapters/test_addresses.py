import pytest

from health_pipeline.adapters.addresses import (
    RefusedAddressError,
    checked_address,
    host_refusal,
    pattern_problem,
    refusal,
)

HOOKS = ("hooks.example",)
URLS = [
    # why, url, allowed, words (None: it may be sent to)
    ("https to an allowed host", "https://hooks.example/x", HOOKS, None),
    ("in any case, and with a full stop", "https://Hooks.Example./x", HOOKS, None),
    ("on a port", "https://hooks.example:8443/x", HOOKS, None),
    ("below an allowed domain", "https://a.b.example/x", ("*.b.example",), None),
    ("not the domain itself", "https://b.example/x", ("*.b.example",), "not in allow_hosts"),
    ("nor a name that ends alike", "https://ab.example/x", ("*.b.example",), "not in allow_hosts"),
    ("a host that nobody allowed", "https://other.example", HOOKS, "other.example is not in"),
    ("nobody allowed any", "https://hooks.example", (), "not in allow_hosts"),
    ("an international name", "https://büro.example/x", ("xn--bro-hoa.example",), None),
    ("http to this machine", "http://127.0.0.1:99/x", ("127.0.0.1",), None),
    ("by its name", "http://localhost:99/x", ("localhost",), None),
    ("by another of its addresses", "http://[::1]:99/x", ("::1",), None),
    ("this machine must be allowed", "http://127.0.0.1/x", HOOKS, "127.0.0.1 is private"),
    ("http", "http://hooks.example", HOOKS, "it is http to hooks.example"),
    ("http to a name like this machine", "http://127.0.0.1.example/", HOOKS, "must be https"),
    ("a file", "file:///etc/passwd", HOOKS, "no URL"),
    ("another protocol", "ftp://127.0.0.1/x", ("127.0.0.1",), "must be https"),
    ("a user name before another host", "http://localhost@hooks.example/", HOOKS, "must be https"),
    ("a user name", "https://user@hooks.example/", HOOKS, "user name or password"),
    ("broken", "http://[::1", HOOKS, "no URL"),
    ("no port", "https://hooks.example:port/", HOOKS, "no URL"),
    ("words", "hooks", HOOKS, "no URL"),
    ("an address that is allowed", "https://9.9.9.9/x", ("9.9.9.9",), None),
    ("a public address that is not", "https://9.9.9.9/x", HOOKS, "9.9.9.9 is not in allow_hosts"),
    ("a private one", "https://10.1.2.3/x", HOOKS, "10.1.2.3 is private"),
    ("a private one in an allowed network", "https://10.1.2.3/x", ("10.0.0.0/8",), None),
    ("metadata, whatever is allowed", "https://169.254.169.254/", ("0.0.0.0/0",), "never allowed"),
    ("metadata in IPv6", "https://[fd00:ec2::254]/", ("::/0",), "never allowed"),
    ("wrapped in IPv6", "https://[::ffff:169.254.169.254]/", ("::/0",), "never allowed"),
    ("wrapped for NAT64", "https://[64:ff9b::a9fe:a9fe]/", ("::/0",), "never allowed"),
    ("wrapped in 6to4", "https://[2002:0a00:0001::]/", HOOKS, "is private"),
    ("of another cloud", "https://100.100.100.200/", ("100.64.0.0/10",), "never allowed"),
    ("link-local in IPv6", "https://[fe80::1]/", ("::/0",), "never allowed"),
    ("unspecified", "https://0.0.0.0/", ("0.0.0.0/0",), "never allowed"),
    ("multicast", "https://224.0.0.1/", ("0.0.0.0/0",), "never allowed"),
    (
        "the retired connectors of Teams",
        "https://acme.webhook.office.com/webhookb2/x",
        ("*.webhook.office.com",),
        "retired",
    ),
]


@pytest.mark.parametrize(("why", "url", "allow", "words"), URLS, ids=[case[0] for case in URLS])
def test_refusal(why, url, allow, words):
    found = refusal(url, allow)
    assert (found is None) if words is None else (words in (found or ""))


def test_a_refusal_repeats_no_secret():
    for url in ("https://u:hush@hooks.example/", "http://hooks.example/hush?hush", "x:hush"):
        assert "hush" not in (refusal(url, ("hooks.example",)) or "")


NAMES = [
    # why, resolved to, allowed beside the name, address or words
    ("public", ["9.9.9.9"], (), "9.9.9.9"),
    ("the first of two", ["9.9.9.9", "8.8.8.8"], (), "9.9.9.9"),
    ("private", ["10.0.0.5"], (), "10.0.0.5 is private"),
    ("private and allowed", ["10.0.0.5"], ("10.0.0.0/24",), "10.0.0.5"),
    ("private in another network", ["10.0.1.5"], ("10.0.0.0/24",), "is private"),
    ("this machine", ["127.0.0.1"], (), "is private"),
    ("this machine and allowed", ["127.0.0.1"], ("127.0.0.1",), "127.0.0.1"),
    ("metadata", ["169.254.169.254"], ("0.0.0.0/0",), "never allowed"),
    ("metadata behind a good one", ["9.9.9.9", "169.254.169.254"], (), "never allowed"),
    ("link-local with its zone", ["fe80::1%eth0"], (), "never allowed"),
    ("private in IPv6", ["fc00::1"], (), "is private"),
    ("carrier-grade NAT", ["100.64.0.1"], (), "is private"),
]


@pytest.mark.parametrize(("why", "found", "more", "expected"), NAMES, ids=[c[0] for c in NAMES])
def test_every_address_of_a_name_is_checked(why, found, more, expected):
    allow = ("hooks.example", *more)
    if expected[0].isdigit() and " " not in expected:
        assert checked_address("hooks.example", 443, allow, lambda *_: found) == expected
        return
    with pytest.raises(RefusedAddressError, match=expected):
        checked_address("hooks.example", 443, allow, lambda *_: found)


def test_a_name_without_an_address_cannot_be_reached():
    with pytest.raises(OSError, match="has no address"):
        checked_address("hooks.example", 443, ("hooks.example",), lambda *_: [])


def test_an_address_is_not_resolved():
    def never(*_):
        raise AssertionError

    assert checked_address("127.0.0.1", 80, ("127.0.0.1",), never) == "127.0.0.1"
    assert checked_address("[::1]", 80, ("::1",), never) == "::1"


def test_this_machine_by_name():
    assert host_refusal("localhost", ()) == "localhost is not in allow_hosts of delivery.yaml"
    found = checked_address("localhost", 80, ("localhost",), lambda *_: ["127.0.0.1"])
    assert found == "127.0.0.1"


PATTERNS = [
    ("hooks.example", None),
    ("*.hooks.example", None),
    ("10.0.0.0/8", None),
    ("::1", None),
    ("localhost", None),
    ("büro.example", None),
    ("https://hooks.example", "not a host"),
    ("hooks.example/path", "not a host"),
    ("*", "not a host"),
    ("*.example", "a whole top-level domain"),
    ("a.*.example", "not a host"),
    (" hooks.example", "not a host"),
    ("", "not a host"),
]


@pytest.mark.parametrize(("pattern", "problem"), PATTERNS)
def test_what_may_be_allowed(pattern, problem):
    assert pattern_problem(pattern) == problem
