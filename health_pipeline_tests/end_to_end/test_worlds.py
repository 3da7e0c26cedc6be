"""Where a world lives: the environment is honoured, and two worlds never touch."""

from __future__ import annotations

from contextlib import closing

import pytest

from health_pipeline.adapters.store import control
from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.folders import small, write_as_of
from health_pipeline_tests.end_to_end.shell import Place, files_of, health

TODAY = ("--from", END, "--to", END)


@pytest.fixture(scope="module")
def by_environment(tmp_path_factory, small_world):
    """A run that is told everything by HEALTH_* and nothing by arguments."""
    home = tmp_path_factory.mktemp("environment")
    model = home / "model"
    model.mkdir()
    (model / "churn.yaml").write_text("horizon_days: 60\n")
    env = {
        "HEALTH_SOURCES": small_world,
        "HEALTH_LAKE": home / "results",
        "HEALTH_CONTROL_DB": home / "facts" / "control.db",
        "HEALTH_DUCKDB": home / "views" / "customers.duckdb",
        "HEALTH_REPORT": home / "page" / "customers.html",
        "HEALTH_MODEL": model,
    }
    told = health("run", *TODAY, env=env)
    assert told.code == 0, told.err
    return home, env


def test_the_environment_names_the_places(by_environment):
    home, env = by_environment
    assert (home / "facts" / "control.db").is_file()
    assert (home / "views" / "customers.duckdb").is_file()
    assert (home / "page" / "customers.html").is_file()
    assert (home / "results" / "export" / "crm_fields.csv").is_file()
    assert not list(home.glob("results/*.db"))
    told = health("tables", env=env)
    assert str(home / "views" / "customers.duckdb") in told.out
    assert f"{home / 'model'}: " in health("check", env=env).out


def test_arguments_win_over_the_environment(by_environment, tmp_path):
    _, env = by_environment
    own = {key: env[key] for key in ("HEALTH_SOURCES", "HEALTH_LAKE", "HEALTH_MODEL")}
    beside = tmp_path / "health.duckdb"
    beside.touch()  # what is not there is not named
    told = health("tables", "--lake", tmp_path / "lake", env=own)
    assert told.code == 0
    assert str(beside) in told.out


def test_two_worlds_in_one_folder_never_touch(tmp_path, small_finished):
    first = Place(tmp_path, write_as_of(small(END, seed=3), tmp_path / "sources", END))
    first.run(*TODAY)
    before = files_of(tmp_path)
    scores = first.table("health_scores")
    second = small_finished.sources
    told = health("run", "--sources", second, "--lake", tmp_path / "second", *TODAY)
    assert told.code == 0, told.err
    after = files_of(tmp_path)
    new = {name: digest for name, digest in after.items() if not name.startswith("second/")}
    assert new == before, "the first world is as it was"
    assert first.table("health_scores").equals(scores)
    other = Place(tmp_path / "second", second).table("health_scores")
    assert other.equals(small_finished.table("health_scores")), "and the second is its own"
    assert not other.equals(scores)


COMMANDS = [("run", *TODAY), ("tables",), ("explain", "a"), ("alerts", "deliver"), ("monthly",)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_control_db_of_another_lake_is_refused(command, tmp_path, small_finished):
    path = small_finished.home / "control.db"
    env = {
        "HEALTH_SOURCES": small_finished.sources,
        "HEALTH_LAKE": tmp_path / "other",
        "HEALTH_CONTROL_DB": path,
    }
    before = files_of(small_finished.home)
    told = health(*command, env=env)
    assert told.code == 1
    assert f"{path} belongs to the lake {small_finished.lake}" in told.err
    assert "name another HEALTH_CONTROL_DB" in told.err
    assert {**files_of(small_finished.home), **before} == files_of(small_finished.home)


BROKEN = [
    # why, what stands where control.db belongs, said
    ("not a database", b"this is no database, not even close to one", "not a usable SQLite"),
    ("a folder is a file", None, "lake"),
]


@pytest.mark.parametrize(("why", "content", "said"), BROKEN, ids=[c[0] for c in BROKEN])
def test_places_that_cannot_be_used(why, content, said, tmp_path, small_world):
    if content is None:
        (tmp_path / "lake").write_text("in the way")
    else:
        (tmp_path / "control.db").write_bytes(content)
    told = health("run", "--sources", small_world, "--lake", tmp_path / "lake", *TODAY)
    assert told.code == 1, why
    assert said in told.err
    assert "Traceback" not in told.err


def test_a_control_db_that_another_process_holds_is_named(tmp_path, small_world, monkeypatch):
    monkeypatch.setattr(control, "PATIENCE", 0)
    path = tmp_path / "control.db"
    with closing(control.open_control(path)) as held:
        held.execute("BEGIN EXCLUSIVE")
        told = health("run", "--sources", small_world, "--lake", tmp_path / "lake", *TODAY)
    assert told.code == 1
    assert f"error {path}: another process has locked it" in told.err


def test_a_world_without_its_control_db_is_not_begun_anew(tmp_path, small_world):
    place = Place(tmp_path, small_world)
    assert place.run(*TODAY).code == 0
    for path in tmp_path.glob("control.db*"):
        path.unlink()
    lake = files_of(place.lake)
    told = place.run(*TODAY)
    assert told.code == 1
    assert f"{tmp_path / 'control.db'} is new, but {place.lake} holds tables" in told.err
    assert files_of(place.lake) == lake


def test_a_world_that_moved_is_followed(tmp_path, small_world):
    place = Place(tmp_path / "old", small_world)
    assert place.run(*TODAY).code == 0
    scores = place.table("health_scores")
    (tmp_path / "old").rename(tmp_path / "new")
    moved = Place(tmp_path / "new", small_world)
    manifest = moved.manifest()
    assert moved.run(*TODAY).code == 0
    assert moved.manifest() == manifest
    assert moved.table("health_scores").equals(scores)
