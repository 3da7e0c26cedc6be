"""The lake in object storage: the same promises as on disk, and errors that name the object."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from health_pipeline.adapters.objects import ObjectError, ObjectStore, Url
from health_pipeline.adapters.store import manifest
from health_pipeline.adapters.store.control import ControlError, open_control
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.adapters.store.owner import OWNER, bind_lake
from health_pipeline_tests.faults.s3 import DENIED, answer

AT = datetime(2026, 1, 2, tzinfo=UTC)
DAY = date(2026, 1, 1)
SOON = timedelta(seconds=5)


class World:
    """A control.db, a cache, and the lake that they belong to."""

    def __init__(self, home, url):
        self.control = open_control(home / "control.db")
        self.store = ObjectStore(Url(f"{url}/lake"))
        self.cache = home / "cache"
        self.lake = Lake(self.cache, self.control, self.store)

    def publish(self, *writes):
        return self.lake.publish(list(writes), run_id="r", at=AT)

    def objects(self):
        return [key for key in self.store.list() if key != OWNER]

    def empty_cache(self):
        for path in self.cache.rglob("*.parquet"):
            path.unlink()


@pytest.fixture
def world(bucket, tmp_path):
    world = World(tmp_path, bucket.url)
    yield world
    world.control.close()


def frame(*values, at=AT):
    return pl.DataFrame({"value": list(values), "at": [at] * len(values)})


def test_what_is_published_is_read_here_and_on_an_empty_machine(world):
    world.publish(Write("t", DAY, frame(1, 2)), Write("t", DAY + timedelta(days=1), frame(3)))
    entries = manifest.entries(world.control)
    assert world.objects() == [entry.path for entry in entries]
    assert [world.store.look(entry.path).size for entry in entries] == [e.bytes for e in entries]
    for _ in range(2):
        assert world.lake.frame("t")["value"].to_list() == [1, 2, 3]
        world.empty_cache()
    assert world.lake.scan("t", DAY, DAY).collect()["value"].to_list() == [1, 2]
    assert len(list(world.cache.rglob("*.parquet"))) == 1, "only what was asked for is fetched"


def test_what_the_cache_holds_is_not_fetched_again(world, bucket):
    days = [DAY + timedelta(days=n) for n in range(20)]
    world.publish(*(Write("t", day, frame(1)) for day in days))
    bucket.way.requests.clear()
    assert world.lake.frame("t").height == 20
    assert bucket.way.requests == []
    world.empty_cache()
    assert world.lake.frame("t").height == 20
    assert bucket.way.count("GET") == len(bucket.way.requests) == 20


@pytest.mark.parametrize(
    ("why", "again", "changed"),
    [
        ("the same rows put nothing", frame(1, 2), 0),
        ("a volatile column is no content", frame(1, 2, at=AT + timedelta(hours=1)), 0),
        ("another value is a new generation", frame(1, 3), 1),
    ],
)
def test_generations(world, bucket, why, again, changed):
    world.publish(Write("t", DAY, frame(1, 2), ("at",)))
    bucket.way.requests.clear()
    assert world.publish(Write("t", DAY, again, ("at",))).changed == changed, why
    assert bucket.way.count("PUT") == changed
    assert len(world.objects()) == 1 + changed


def test_an_object_that_was_removed_is_named_and_a_new_run_puts_it_back(world):
    world.publish(Write("t", DAY, frame(1)))
    path = manifest.entries(world.control)[0].path
    world.store.remove(path)
    world.empty_cache()
    said = rf"lake/{path}: the object is gone, although the manifest shows it as t {DAY}; bring"
    with pytest.raises(ObjectError, match=said):
        world.lake.frame("t")
    assert world.publish(Write("t", DAY, frame(1))).changed == 1
    world.empty_cache()
    assert world.lake.frame("t")["value"].to_list() == [1]


def test_an_object_that_something_else_wrote_is_named_and_not_read(world, tmp_path):
    world.publish(Write("t", None, frame(1)))
    entry = manifest.entries(world.control)[0]
    (tmp_path / "other").write_bytes(b"other")
    world.store.put(tmp_path / "other", entry.path)
    world.empty_cache()
    said = rf"{entry.path}: the object has 5 bytes, the manifest says .* \(t \(whole\)\)"
    for _ in range(2):
        with pytest.raises(ObjectError, match=said):
            world.lake.frame("t")


def test_a_copy_that_a_crash_cut_short_is_fetched_anew(world):
    world.publish(Write("t", DAY, frame(1)))
    world.lake.files("t")[0].write_bytes(b"")
    assert world.lake.frame("t")["value"].to_list() == [1]


def test_a_put_that_fails_leaves_the_old_generation(world, bucket):
    def refuse(request, handler):
        put = request.method == "PUT" and "/u/" in request.path
        return put and answer(handler, 403, DENIED)

    world.publish(Write("t", DAY, frame(1)), Write("u", DAY, frame(1)))
    bucket.way.fault = refuse
    with pytest.raises(ObjectError, match="lake/u/date=2026-01-01/000002-"):
        world.publish(Write("t", DAY, frame(2)), Write("u", DAY, frame(2)))
    assert world.lake.frame("t")["value"].to_list() == [1]
    assert world.lake.frame("u")["value"].to_list() == [1]
    assert list(world.cache.rglob("*.tmp")) == []
    bucket.way.fault = None
    assert world.lake.sweep(datetime.now(UTC) + SOON) == 1, "t's second generation is an orphan"
    assert len(world.objects()) == 2


def test_sweep_removes_only_what_nobody_sees_there_and_here(world):
    world.publish(Write("t", DAY, frame(1)))
    world.publish(Write("t", DAY, frame(2)))
    world.lake.export("export/x.csv", b"x")
    assert world.lake.sweep(datetime.now(UTC) - timedelta(hours=1)) == 0, "readers may hold them"
    assert len(list(world.cache.rglob("*.parquet"))) == 2
    assert world.lake.sweep(datetime.now(UTC) + SOON) == 1
    assert [
        path.relative_to(world.cache).as_posix() for path in world.cache.rglob("*.parquet")
    ] == [manifest.entries(world.control)[0].path]
    assert world.objects() == ["export/x.csv", manifest.entries(world.control)[0].path]
    assert world.lake.frame("t")["value"].to_list() == [2]


def test_two_control_dbs_never_share_a_lake(world, bucket, tmp_path):
    world.publish(Write("t", DAY, frame(1)))
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other", bucket.url)
    for act in (
        lambda: other.publish(Write("t", DAY, frame(2))),
        lambda: other.lake.sweep(datetime.now(UTC) + SOON),
    ):
        with pytest.raises(ControlError, match=r"s3://.*/lake belongs to another control\.db"):
            act()
    other.control.close()
    assert world.lake.frame("t")["value"].to_list() == [1]


def test_a_lake_that_was_copied_is_followed_and_another_one_is_refused(world, bucket, tmp_path):
    world.publish(Write("t", DAY, frame(1)))
    copy = ObjectStore(Url(f"{bucket.url}/copy"))
    moved = Lake(tmp_path / "moved", world.control, copy)
    with pytest.raises(ControlError, match=r"copy is not the lake that this control\.db has p"):
        moved.publish([Write("t", DAY, frame(2))], run_id="r", at=AT)
    copy.put(world.lake.files("t")[0], manifest.entries(world.control)[0].path)
    moved.publish([Write("t", DAY, frame(2))], run_id="r", at=AT)
    assert moved.frame("t")["value"].to_list() == [2]


def test_control_db_knows_its_lake(world, bucket, tmp_path):
    here, there = Url(f"{bucket.url}/lake"), Url(f"{bucket.url}/two")
    control = tmp_path / "control.db"
    bind_lake(world.control, control, here)
    bind_lake(world.control, control, there)  # nothing was published here yet: it is no lake
    bind_lake(world.control, control, here)
    world.publish(Write("t", DAY, frame(1)))
    for other in (there, tmp_path):
        with pytest.raises(
            ControlError, match=rf"belongs to the lake {here}, not to {other}; name"
        ):
            bind_lake(world.control, control, other)
    for key in world.store.list():
        world.store.remove(key)
    bind_lake(world.control, control, there)
