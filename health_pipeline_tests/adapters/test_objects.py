"""Object storage: what a URL is, errors that name it and the remedy, reads that are never torn."""

import time
from pathlib import Path

import pytest

from health_pipeline.adapters.objects import ObjectError, ObjectStore, Url, as_place
from health_pipeline_tests.faults.s3 import DENIED, answer, failing, forget_connections


@pytest.mark.parametrize(
    ("why", "written", "expected"),
    [
        ("a path", "data/lake", Path("data/lake")),
        ("a path as such", Path("/w/lake"), Path("/w/lake")),
        ("home is known", "~/lake", Path.home() / "lake"),
        ("a URL", "s3://bucket/prefix", Url("s3://bucket/prefix")),
        ("a slash at the end means nothing", "s3://bucket/prefix/", Url("s3://bucket/prefix")),
        ("a user in a URL is a container elsewhere", "abfs://c@a/x", Url("abfs://c@a/x")),
        ("a file URL is a path", "file:///w/lake", Path("/w/lake")),
    ],
)
def test_places(why, written, expected):
    found = as_place(written)
    assert (type(found), found) == (type(expected), expected), why


def test_a_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(ValueError, match="holds a password") as refused:
        as_place("s3://key:hunter2@bucket/prefix")
    assert "hunter2" not in str(refused.value)


def test_each_url_has_a_folder_of_its_own():
    urls = ["s3://b/a-b", "s3://b/a/b", "s3://b/a_b", "gs://b/a/b"]
    assert len({Url(url).slug for url in urls}) == len(urls)
    assert all("/" not in Url(url).slug for url in urls)


def test_objects_are_listed_looked_at_read_and_removed(bucket, tmp_path):
    store = ObjectStore(Url(f"{bucket.url}/a"))
    assert store.list() == {}
    (tmp_path / "x").write_bytes(b"four")
    store.put(tmp_path / "x", "deep/x")
    ObjectStore(Url(f"{bucket.url}/a2")).put(tmp_path / "x", "of-another-prefix")
    assert {key: found.size for key, found in store.list().items()} == {"deep/x": 4}
    assert store.look("deep/x").token == store.list()["deep/x"].token
    assert (store.look("none"), store.read("none")) == (None, None)
    assert store.fetch("deep/x", tmp_path / "y" / "x")
    assert (tmp_path / "y" / "x").read_bytes() == store.read("deep/x") == b"four"
    assert not store.fetch("none", tmp_path / "y" / "none")
    store.create("deep/x", b"other")
    assert store.read("deep/x") == b"four", "what is there is not created again"
    store.remove("deep/x")
    assert store.list() == {}
    assert [path.name for path in (tmp_path / "y").iterdir()] == ["x"]


def _unset(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))


@pytest.fixture
def reconnecting():
    """Connections of before and after the test are not those of it."""
    forget_connections()
    yield
    forget_connections()


ASKED = {
    "list": lambda store, _: store.list(),
    "look": lambda store, _: store.look("x"),
    "fetch": lambda store, file: store.fetch("x", file.with_name("y")),
    "put": lambda store, file: store.put(file, "x"),
}


@pytest.mark.parametrize(
    ("why", "asked", "spoil", "message"),
    [
        (
            "no such bucket",
            ("list", "put"),
            lambda *_: "s3://nobody/prefix",
            r"s3://nobody/prefix.*: does not exist; create it, or correct the URL",
        ),
        (
            "wrong credentials",
            ("list", "look", "fetch", "put"),
            lambda bucket, *_: setattr(bucket.way, "fault", failing(99, 403, DENIED)),
            r"s3://bucket-\d+/p.*: access was refused; check the credentials",
        ),
        (
            "nobody listens",
            ("list", "put"),
            lambda _, patch, __: patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            r"s3://bucket-\d+/p.*: the server cannot be reached; check the network, and AWS_ENDP",
        ),
        (
            "no credentials at all",
            ("list",),
            lambda _, patch, tmp: _unset(patch, tmp),
            r"s3://bucket-\d+/p: no credentials were found; set AWS_ACCESS_KEY_ID",
        ),
        (
            "a server that only fails",
            ("list", "put"),
            lambda bucket, *_: setattr(bucket.way, "fault", failing(99)),
            r"s3://bucket-\d+/p.*: try again later \(OSError: .*Internal Server Error",
        ),
        (
            "a scheme that nobody knows",
            ("list",),
            lambda *_: "s4://bucket/p",
            r"s4://bucket/p: is no place that can be used; write it as s3://bucket/prefix",
        ),
    ],
)
def test_errors_name_the_place_and_the_remedy(
    why, asked, spoil, message, bucket, monkeypatch, tmp_path, reconnecting
):
    url = spoil(bucket, monkeypatch, tmp_path)
    store = ObjectStore(Url(url if isinstance(url, str) else f"{bucket.url}/p"))
    (tmp_path / "x").write_bytes(b"x")
    for name in asked:
        begun = time.monotonic()
        with pytest.raises(ObjectError, match=message):
            ASKED[name](store, tmp_path / "x")
        assert time.monotonic() - begun < 30, f"{why}: {name} took too long to give up"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]


def test_a_server_that_fails_twice_is_asked_again(bucket, tmp_path):
    store = ObjectStore(Url(f"{bucket.url}/p"))
    (tmp_path / "x").write_bytes(b"content")
    bucket.way.fault = failing(2)
    store.put(tmp_path / "x", "x")
    assert list(store.list()) == ["x"]
    assert bucket.way.count("PUT") == 3
    assert bucket.way.count("GET") == 3


def test_a_read_is_never_of_two_versions(bucket, tmp_path):
    """The connection breaks in the middle, and the rest that is asked for is of a newer object."""
    store = ObjectStore(Url(f"{bucket.url}/p"))
    old, new = b"a" * 200_000, b"b" * 200_000
    (tmp_path / "old").write_bytes(old)
    (tmp_path / "new").write_bytes(new)
    store.put(tmp_path / "old", "x")
    seen, broken = store.look("x"), []

    def replace(request, handler):
        if request.method != "GET" or broken:
            return False
        broken.append(request)
        answer(handler, 200, old[:100_000], length=len(old))
        handler.wfile.flush()
        store.put(tmp_path / "new", "x")
        return True

    bucket.way.fault = replace
    assert store.fetch("x", tmp_path / "torn")
    torn = (tmp_path / "torn").read_bytes()
    assert set(torn) == {ord("a"), ord("b")}, "the library joined both: the test shows something"
    store.put(tmp_path / "old", "x")
    broken.clear()
    now = store.fetch_current("x", tmp_path / "y", seen)
    assert (tmp_path / "y").read_bytes() == new
    assert now.token == store.look("x").token


def test_an_object_that_is_replaced_again_and_again_is_given_up(bucket, tmp_path):
    store = ObjectStore(Url(f"{bucket.url}/p"))
    (tmp_path / "x").write_bytes(b"0")
    store.put(tmp_path / "x", "x")
    seen = store.look("x")

    def replace(request, handler):
        if request.method == "GET":
            (tmp_path / "x").write_bytes(str(len(bucket.way.requests)).encode())
            store.put(tmp_path / "x", "x")
        return False

    bucket.way.fault = replace
    with pytest.raises(ObjectError, match="p/x: was replaced during each of 4 reads; run again"):
        store.fetch_current("x", tmp_path / "y", seen)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]
