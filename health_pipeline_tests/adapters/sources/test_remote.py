"""Sources in object storage: the folder that is read mirrors them, and only news is fetched."""

import json
from datetime import UTC, datetime

import pytest

from health_pipeline.adapters.objects import ObjectError, ObjectStore, Url
from health_pipeline.adapters.sources.file import SourceError, find_files, read_table
from health_pipeline.adapters.sources.remote import JOURNAL, mirror
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline_tests.faults.s3 import DENIED, answer

ACCOUNTS = b"source,source_account_id,name\ncrm,007,Acme\n"


class Sources:
    """A prefix in a bucket, and the folder that mirrors it."""

    def __init__(self, home, bucket):
        self.store, self.way = ObjectStore(Url(f"{bucket.url}/in")), bucket.way
        self.folder, self._home = home / "mirror", home

    def put(self, files):
        for name, content in files.items():
            (self._home / "upload").write_bytes(content)
            self.store.put(self._home / "upload", name)

    def mirror(self):
        """Mirrors, and says how many objects were fetched."""
        self.way.requests.clear()
        mirror(self.store, self.folder)
        return sum("list-type" not in request.path for request in self.way.requests) // 2

    def files(self):
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        names = (path.relative_to(self.folder).as_posix() for path in paths)
        return sorted(name for name in names if not name.startswith(".mirror"))


@pytest.fixture
def sources(bucket, tmp_path):
    return Sources(tmp_path, bucket)


def test_only_what_is_new_or_changed_is_fetched_and_what_is_gone_goes(sources):
    sources.put({"accounts.csv": ACCOUNTS, "events/day/a.ndjson": b"{}\n", "users.csv": b"x\n"})
    assert sources.mirror() == 3
    assert sources.files() == ["accounts.csv", "events/day/a.ndjson", "users.csv"]
    assert (sources.folder / "accounts.csv").read_bytes() == ACCOUNTS
    assert sources.mirror() == 0
    sources.put({"users.csv": b"y\n", "events/day/b.ndjson": b"{}\n"})
    sources.store.remove("events/day/a.ndjson")
    assert sources.mirror() == 2
    assert sources.files() == ["accounts.csv", "events/day/b.ndjson", "users.csv"]
    assert (sources.folder / "users.csv").read_bytes() == b"y\n"
    sources.store.remove("events/day/b.ndjson")
    sources.mirror()
    assert not (sources.folder / "events").exists()


@pytest.mark.parametrize(
    ("why", "key", "fetched"),
    [
        ("a table", "accounts.csv", True),
        ("a table in parts", "events/day=2025-01-31/part-0.parquet", True),
        ("a packed table", "events.csv.gz", True),
        ("a mark of another tool", "events/_SUCCESS", False),
        ("a half-written part", "events/_temporary/part-0.parquet", False),
        ("a hidden file", "events/.part.parquet", False),
        ("another thing in the bucket", "videos/launch.mp4", False),
        ("a key that climbs out of the folder", "../../accounts.csv", False),
    ],
)
def test_what_is_fetched(sources, why, key, fetched):
    sources.put({key: b"x\n"})
    sources.mirror()
    assert sources.files() == ([key] if fetched else []), why
    outside = [path.name for path in sources.folder.parent.iterdir()]
    assert sorted(outside) == ["mirror", "upload"]


def test_a_key_that_can_be_no_file_is_named(sources):
    sources.put({"events//a.csv": b"x\n"})
    with pytest.raises(ObjectError, match=r"in/events//a\.csv: a key with an empty part"):
        sources.mirror()


def test_an_object_that_grew_is_another_file_for_what_is_downstream(sources):
    sources.put({"accounts.csv": ACCOUNTS})
    sources.mirror()
    first = find_files(sources.folder, "accounts")
    sources.mirror()
    assert find_files(sources.folder, "accounts") == first
    sources.put({"accounts.csv": ACCOUNTS + b"crm,008,Beta\n"})
    sources.mirror()
    assert find_files(sources.folder, "accounts")[0].fingerprint != first[0].fingerprint


def test_errors_and_origins_name_the_file_below_the_url(sources):
    sources.put({"accounts/a.csv": ACCOUNTS, "users/b.csv": b"nothing,known\n1,2\n"})
    sources.mirror()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    read = read_table(sources.folder, SOURCE_TABLES["accounts"], (), at)
    assert read.rows["origin"].to_list() == ["accounts/a.csv"]
    with pytest.raises(SourceError, match=r"^users: users/b\.csv: "):
        read_table(sources.folder, SOURCE_TABLES["users"], (), at)


@pytest.mark.parametrize(
    ("why", "spoil", "fetched"),
    [
        ("a local file was cut short", lambda path: path.write_bytes(b"half"), 1),
        ("a local file was removed", lambda path: path.unlink(), 1),
        ("a kill tore the journal", lambda path: _tear(path.with_name(JOURNAL)), 1),
        ("the journal is gone", lambda path: path.with_name(JOURNAL).unlink(), 2),
        ("a killed fetch left its part", lambda path: path.with_name(".a.1.tmp").touch(), 0),
    ],
)
def test_a_spoilt_mirror_mends_itself(sources, why, spoil, fetched):
    sources.put({"accounts.csv": ACCOUNTS, "a.csv": b"x\n"})
    sources.mirror()
    spoil(sources.folder / "accounts.csv")
    assert sources.mirror() == fetched, why
    assert sources.files() == ["a.csv", "accounts.csv"]
    assert (sources.folder / "accounts.csv").read_bytes() == ACCOUNTS


def _tear(journal):
    lines = [line for line in journal.read_text().splitlines() if "accounts" not in line]
    torn = next(line for line in journal.read_text().splitlines() if "accounts" in line)
    journal.write_text("\n".join([*lines, torn[:20]]))


def test_the_journal_does_not_grow_for_ever(sources):
    for n in range(8):
        sources.put({"accounts.csv": ACCOUNTS + str(n).encode()})
        sources.mirror()
    lines = (sources.folder / JOURNAL).read_text().splitlines()
    assert len(lines) <= 3
    assert json.loads(lines[-1])[0] == "accounts.csv"


def test_an_object_that_vanishes_while_it_is_fetched_is_left_out(sources):
    sources.put({"accounts.csv": ACCOUNTS, "users.csv": b"x\n"})

    def vanish(request, handler):
        if request.method == "GET" and request.path.endswith("users.csv"):
            sources.way.fault = None
            sources.store.remove("users.csv")
        return False

    sources.way.fault = vanish
    sources.mirror()
    assert sources.files() == ["accounts.csv"]


def test_a_bucket_that_cannot_be_read_leaves_the_mirror_as_it_was(sources):
    sources.put({"accounts.csv": ACCOUNTS})
    sources.mirror()
    sources.way.fault = _refuse
    with pytest.raises(ObjectError, match="/in: access was refused"):
        sources.mirror()
    assert sources.files() == ["accounts.csv"]


def _refuse(request, handler):
    return answer(handler, 403, DENIED)
