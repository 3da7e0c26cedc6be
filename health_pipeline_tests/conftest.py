"""Object storage for the tests that need it: one real server a session, a bucket a test.

Failures of the shared case test of signals are told in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import pytest

from health_pipeline_tests.faults.s3 import (
    CREDENTIALS,
    Proxy,
    forget_connections,
    moto_server,
    proxy,
)

NUMBERS = count(1)

pytest.register_assert_rewrite("health_pipeline_tests.core.signals.worlds")


@dataclass(frozen=True)
class Bucket:
    """A bucket of its own: its URL, and the way to it, which may be told to misbehave."""

    url: str
    way: Proxy


@pytest.fixture(scope="session")
def way_to_s3():
    """A way to an S3 server on this machine; one for all tests, for a connection takes its time."""
    why = "needs `make dev`: the S3 server of the tests is not installed"
    for module in ("moto", "flask", "s3fs"):
        pytest.importorskip(module, reason=why)
    with moto_server() as url, proxy(url) as way:
        yield way
    forget_connections()


@pytest.fixture
def bucket(way_to_s3, monkeypatch):
    """An empty bucket, reached by whatever reads the environment."""
    import s3fs

    for key, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": way_to_s3.url}.items():
        monkeypatch.setenv(key, value)
    name = f"bucket-{next(NUMBERS)}"
    s3fs.S3FileSystem(use_listings_cache=False).mkdir(name)
    way_to_s3.requests.clear()
    yield Bucket(f"s3://{name}", way_to_s3)
    way_to_s3.fault = None
