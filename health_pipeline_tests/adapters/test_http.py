from datetime import UTC, datetime

import pytest

from health_pipeline.adapters.http import refusal, retry_seconds

NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("why", "value", "expected"),
    [
        ("seconds", "120", 120.0),
        ("a date", "Wed, 11 Mar 2026 06:00:30 GMT", 30.0),
        ("a date that has passed", "Wed, 11 Mar 2026 05:00:00 GMT", 0.0),
        ("negative", "-5", None),
        ("words", "soon", None),
        ("digits that are none", "²", None),
        ("absent", None, None),
    ],
)
def test_retry_after(why, value, expected):
    assert retry_seconds(value, NOW) == expected


@pytest.mark.parametrize(
    ("why", "url", "words"),
    [
        ("https", "https://hooks.example/x", None),
        ("http to this machine", "http://127.0.0.1:99/x", None),
        ("http", "http://hooks.example", "it is http to hooks.example"),
        ("a file", "file:///etc/passwd", "no URL"),
        ("another protocol", "ftp://127.0.0.1/x", "must be https"),
        (
            "a user name before another host",
            "http://localhost@hooks.example/",
            "http to hooks.example",
        ),
        ("broken", "http://[::1", "no URL"),
    ],
)
def test_refusal(why, url, words):
    found = refusal(url)
    assert (found is None) if words is None else (words in found)
