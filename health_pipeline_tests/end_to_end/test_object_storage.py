"""Sources and lake in object storage: the same scores as from folders, killed or not."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from health_pipeline.adapters.objects import ObjectStore, Url
from health_pipeline.adapters.store import manifest
from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.lake import Lake
from health_pipeline.adapters.store.owner import OWNER
from health_pipeline_tests.end_to_end.conftest import END, FIRST
from health_pipeline_tests.end_to_end.shell import Place, health, same_tables
from health_pipeline_tests.faults.s3 import failing

RUN = """
import health_pipeline.cli.run
from health_pipeline.cli import main
print("ready", flush=True)
main()
"""

ASK = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as base:
    print(base.sql("SELECT count(*) FROM health_scores").fetchall()[0][0])
"""


class Remote(Place):
    """A working folder whose sources and lake lie under a URL; the rest stands in data/."""

    def __init__(self, home, bucket, folder):
        super().__init__(home / "data", folder)
        self.at, self.bucket = home, bucket
        self.places = ("--sources", f"{bucket.url}/sources", "--lake", f"{bucket.url}/lake")
        self.store = ObjectStore(Url(f"{bucket.url}/lake"))
        sources = ObjectStore(Url(f"{bucket.url}/sources"))
        for path in folder.rglob("*"):
            if path.is_file():
                sources.put(path, path.relative_to(folder).as_posix())

    def run(self, *args):
        self.bucket.way.requests.clear()
        return health("run", *self.places, *args)

    def asked(self, method):
        """Objects that were asked for or put since the run began, in the order of requests."""
        paths = [one.path for one in self.bucket.way.requests if one.method == method]
        return [path.split("/", 2)[2] for path in paths if "list-type" not in path]


@pytest.fixture
def remote(bucket, tmp_path, monkeypatch, request):
    """Sources of the world that the test names, in a bucket; the working folder is empty."""
    monkeypatch.chdir(tmp_path)
    return Remote(tmp_path, bucket, request.getfixturevalue(request.param))


@pytest.mark.parametrize("remote", ["world"], indirect=True)
def test_the_scores_are_those_of_local_folders_and_nothing_is_fetched_twice(remote, finished):
    told = remote.run("--from", FIRST)
    assert told.code == finished.told.code, told.err
    assert same_tables(remote, finished) == []
    fetched = [path for path in remote.asked("GET") if path != f"lake/{OWNER}"]
    files = [path for path in remote.sources.rglob("*") if path.is_file()]
    assert len(fetched) == len(set(fetched)) == len(files), "what was written is in the cache"

    again = remote.run_days(END, END)
    assert again.code == told.code
    assert set(remote.asked("GET")) == {f"lake/{OWNER}"}
    assert remote.asked("PUT") == ["lake/export/crm_fields.csv"]

    alone = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    base = str(remote.home / "health.duckdb")
    ask = [sys.executable, "-c", ASK, base]
    answer = subprocess.run(ask, env=alone, capture_output=True, check=True)
    assert int(answer.stdout) == finished.sql("SELECT count(*) AS n FROM health_scores")["n"][0]

    shutil.rmtree(remote.home / "lake.cache")
    anew = remote.run_days(END, END)
    assert anew.code == told.code, anew.err
    assert same_tables(remote, finished) == [], "an empty cache is filled from the lake"


@pytest.mark.parametrize("remote", ["small_world"], indirect=True)
def test_what_cannot_be_reached_or_used_ends_a_run_with_a_sentence(remote, monkeypatch):
    lake, sources = remote.places[3], remote.places[1]
    assert health("tables").code == 0, "the default control.db belongs to data/lake from now on"
    for why, args, env, code, said in [
        ("another lake", remote.places, {}, 1, "name another HEALTH_CONTROL_DB for this lake"),
        (
            "no such bucket",
            ("--sources", "s3://nobody/sources", "--lake", remote.at / "new" / "lake"),
            {},
            1,
            "s3://nobody/sources: does not exist; create it, or correct the URL",
        ),
        (
            "control.db in a bucket",
            remote.places,
            {"HEALTH_CONTROL_DB": f"{lake}/control.db"},
            2,
            f"HEALTH_CONTROL_DB is {lake}/control.db: it must be a file or folder of this machine",
        ),
        ("a secret", ("--sources", "s3://me:hunter2@b/x"), {}, 2, "leave it to the environment"),
    ]:
        told = health("run", *args, env=env)
        assert told.code == code, why
        assert said in told.err, why
        assert "Traceback" not in told.err, why
    remote.bucket.way.fault = failing(999, 403)
    new = {"HEALTH_CONTROL_DB": remote.at / "new.db"}
    told = health("run", "--sources", sources, "--lake", remote.at / "new" / "lake", env=new)
    assert told.code == 1
    assert f"{sources}: access was refused; check the credentials" in told.err


@pytest.mark.parametrize("remote", ["small_world"], indirect=True)
@pytest.mark.parametrize("kills", [2, pytest.param(15, marks=pytest.mark.torture)])
def test_a_killed_run_is_finished_by_the_next(kills, remote, small_finished):
    chance, reached = random.Random(3), []
    for _ in range(kills):
        reached.append(_kill(remote, chance))
        _assert_whole(remote)
    assert max(reached) > 0, "no kill came after a publish: the test shows nothing"
    told = remote.run_days(END, END)
    assert told.code == small_finished.told.code, told.err
    assert same_tables(remote, small_finished) == []
    _assert_whole(remote)
    _assert_only_orphans_are_swept(remote)


def _published(remote):
    """How many partitions are visible."""
    try:
        return remote.control("SELECT count(*) FROM manifest")[0][0]
    except sqlite3.OperationalError:  # the very first run has no tables yet
        return 0


def _kill(remote, chance):
    """Kill a run a moment after a few partitions became visible; returns how many are."""
    arguments = [sys.executable, "-c", RUN, "run", *remote.places, "--from", str(END)]
    process = subprocess.Popen(
        arguments, cwd=remote.at, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout.readline() == "ready\n"
    until = _published(remote) + chance.randint(1, 12)
    while process.poll() is None and _published(remote) < until:
        time.sleep(0.02)
    time.sleep(chance.uniform(0.0, 0.1))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    return _published(remote)


def _assert_whole(remote):
    """Every object that is visible lies in the bucket as the manifest says."""
    found = remote.store.list()
    for path, size in remote.control("SELECT path, bytes FROM manifest"):
        assert found[path].size == size, path


def _assert_only_orphans_are_swept(remote):
    connection = open_control(remote.home / "control.db")
    visible = {entry.path for entry in manifest.entries(connection)}
    lake = Lake(next((remote.home / "lake.cache" / "lake").iterdir()), connection, remote.store)
    lake.sweep(datetime.now(UTC) + timedelta(minutes=1))
    connection.close()
    assert {key for key in remote.store.list() if key.endswith(".parquet")} == visible
