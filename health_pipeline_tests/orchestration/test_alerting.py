"""The latest day is evaluated by whomever, and what nobody is to hear of is told to nobody."""

from __future__ import annotations

import json
from datetime import timedelta

import dagster as dg
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from health_pipeline.adapters.store.backfills import set_quiet
from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.models import ModelVersion, remember_version
from health_pipeline.adapters.store.outbox import deliveries, utc_text
from health_pipeline.adapters.store.silences import silence
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.cli.app import app
from health_pipeline.core.alerts.params import Silence
from health_pipeline.core.alerts.routes import Match
from health_pipeline.orchestration.alert_desk import (
    DeskError,
    desk_now,
    matcher,
    take,
    try_channel,
    unsilence,
)
from health_pipeline.orchestration.alerting import send_due
from health_pipeline.orchestration.assets import alerts as alert_assets
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.identity_history import MOVED, MOVED_SCHEMA
from health_pipeline.orchestration.model_parts import JUDGEMENT
from health_pipeline.orchestration.sensors import driver_alerts
from health_pipeline.orchestration.window import yesterday
from health_pipeline_tests.core.alerts.population import WARM_UP, Population
from health_pipeline_tests.orchestration.alert_world import AlertWorld, house_in, written
from health_pipeline_tests.orchestration.falling import (
    DAYS,
    FALL,
    FALLEN,
    SEEN,
    fallen,
    messages,
    nothing,
    pages,
    population,
    run,
)


def test_who_falls_is_told_of_once_an_account_and_day(tmp_path):
    world, _ = run(tmp_path)
    with world.house.open() as stores:
        found = messages(stores)
        assert len(pages(stores, fallen(world))) >= SEEN
    keys = [
        (one.alerts[0].account_id, one.opened_at.date())
        for one in found
        if one.action == "trigger" and len({a.account_id for a in one.alerts}) == 1
    ]
    assert len(keys) == len(set(keys)), "one message an account a day"
    assert {one.recipient for one in found} >= {"owner:ann@us.example", "unowned"}


def quiet(stores, world, n):
    set_quiet(stores.control, [world.day(n)], quiet=True)


def merged(stores, world, n):
    """A merge moves a record of each fallen account just before its use is seen to fall."""
    if n < FALL:
        return
    rows = [
        ("crm", f"r{k}", f"old{k}", account) for k, account in enumerate(world.world.ids[:FALLEN])
    ]
    moved = pl.DataFrame(rows, schema=MOVED_SCHEMA, orient="row")
    stores.lake.publish([Write(MOVED, None, moved)], run_id="test", at=world.now(n))


NOBODY = [
    # why, what happens, versions, decision
    ("a backfill", quiet, {}, "backfilled"),
    ("a model change", nothing, {FALL: "v2"}, "model_change"),
    ("a merge", merged, {}, "restated"),
]


@pytest.mark.parametrize(
    ("why", "before", "versions", "decision"), NOBODY, ids=[c[0] for c in NOBODY]
)
def test_pages_nobody(why, before, versions, decision, tmp_path):
    world, decided = run(tmp_path, before, versions=versions)
    assert sum(day.get(decision, 0) for day in decided) >= SEEN
    with world.house.open() as stores:
        told = pages(stores, fallen(world))
        first = [one for one in messages(stores) if one.opened_at.date() <= world.day(FALL + 1)]
    assert len(told) <= 1 if decision != "restated" else not told, why
    assert not {a.account_id for m in first for a in m.alerts if m.action == "trigger"} & fallen(
        world
    )


def test_another_version_that_judges_alike_pages_as_ever(tmp_path):
    """Such as a channel, or a step of a play: no customer looks otherwise for it."""

    def known(stores, *_):
        for version in ("v1", "v2"):
            one = ModelVersion(version, version, "key", "2026-01-01", "2026-01-01T00:00:00+00:00")
            remember_version(stores.control, one, {JUDGEMENT: "the same"})

    world, decided = run(tmp_path, known, versions={FALL: "v2"})
    assert not any("model_change" in day for day in decided)
    with world.house.open() as stores:
        assert len(pages(stores, fallen(world))) >= SEEN


OUT, ECHO = 3, 4
"""A day without the data of half of the accounts, and for how many days it echoes."""


def test_what_an_outage_held_back_is_told_when_its_echo_is_over(tmp_path):
    over = OUT + ECHO
    people = Population(200, over + 2, seed=5)
    people.out(OUT, OUT, np.arange(200) < 100)
    people.fall(OUT + 1, np.arange(200) == 0, 0.05)
    world = AlertWorld(house_in(tmp_path, f"gates: {{echo_days: {ECHO}}}\n"), people)
    told = []
    with world.house.open() as stores:
        for n in range(people.days):
            world.publish(stores, n)
            world.evaluate(stores, n)
            told.append(bool(pages(stores, {people.ids[0]})))
    assert not any(told[: over + 1]), "nothing is believed while it echoes"
    assert told[-1], "and what is so still is told then"
    listed = CliRunner().invoke(app, ["alerts", "list", "--lake", str(world.house.settings.lake)])
    assert people.ids[0] in listed.output
    assert "None" not in listed.output, "what was before the outage is not known"


def comparable(stores):
    """What evaluations wrote, without the moments at which they did."""
    tables = written(stores)
    alerts = {row[0]: {**json.loads(row[-1]), "told_at": None} for row in tables["alerts"]}
    texts = {m.key: m.model_dump(exclude={"not_before"}) for m in messages(stores)}
    return alerts, tables["incidents"], tables["alert_decisions"], texts


def by_sensor(house):
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, resources={"house": house})
        driver_alerts.evaluate_tick(context)


def by_shell(house):
    lake = str(house.settings.lake)
    done = CliRunner().invoke(app, ["alerts", "evaluate", "--lake", lake])
    assert done.exit_code == 0, done.output


def by_run(house):
    with dg.DagsterInstance.ephemeral() as instance:
        (asset,) = [
            one for one in alert_assets.assets(house.model) if one.node_def.name == "alerts"
        ]
        done = dg.materialize([asset], instance=instance, resources={"house": house})
    assert done.success


def test_sensor_run_and_shell_give_the_same(tmp_path):
    first = yesterday() - timedelta(days=WARM_UP + DAYS - 1)
    made = AlertWorld(house_in(tmp_path / "a"), population(first=first))
    found = []
    for name, wake in (("a", by_sensor), ("b", by_shell), ("c", by_run)):
        world = AlertWorld.of(house_in(tmp_path / name), made.frames, made.world)
        with world.house.open() as stores:
            for n in range(DAYS):
                world.publish(stores, n)
        wake(world.house)
        wake(world.house)
        with world.house.open() as stores:
            found.append(comparable(stores))
    assert found[0] == found[1]
    assert found[0] == found[2]
    assert found[0][3], "something was told"


def test_a_silence_holds_back_and_ends(tmp_path):
    def silenced(stores, world, n):
        if n == FALL:
            match, until = matcher(["segment=starter"]), yesterday() + timedelta(days=30)
            wanted = Silence(match=match, author="dana", why="a test", until=until)
            with transaction(stores.control):
                silence(stores.control, wanted, world.now(n))

    world, decided = run(tmp_path, silenced)
    with world.house.open() as stores:
        assert not pages(stores, fallen(world))
        desk = desk_now(stores)
        (used,) = desk.silences
        assert sum(day.get(f"silence:{used.silence_id}", 0) for day in decided) >= SEEN
        unsilence(stores, used.silence_id)
        assert not desk_now(stores).silences
        with pytest.raises(DeskError, match="no silence of the shell"):
            unsilence(stores, used.silence_id)


REPEATS = "channels: [console]\nroutes:\n  - {name: all, repeat_hours: 24, send_resolved: true}\n"


def test_what_lasts_is_repeated_until_somebody_takes_it(tmp_path):
    world, _ = run(tmp_path, alerts=REPEATS)
    with world.house.open() as stores:
        desk = desk_now(stores)
        repeats = [m for m in messages(stores) if "still" in m.title]
        assert repeats
        account = repeats[0].alerts[0].account_id
        assert repeats[0].dedup_key in {
            m.dedup_key for m in messages(stores) if "still" not in m.title
        }
        with pytest.raises(DeskError, match="have an id that begins so"):
            take(stores, "", "dana", "calls everybody")
        taken = take(stores, account, "dana", "calls them")
        assert {one.row.account_id for one in taken} == {account}
        before = len(messages(stores))
        world.evaluate_at(stores, DAYS - 1, hours=24)
        later = messages(stores)[before:]
        assert later, "others go on"
        assert account not in {a.account_id for m in later for a in m.alerts}
        assert len(desk.alerts) >= SEEN


BAD_WORDS = [
    ("segment", "not a matcher"),
    ("mood=bad", "no field of alerts"),
    ("tier=red,", "not a matcher"),
    ("arr_from=much", "not an amount"),
    ("arr_from=nan", "not an amount"),
    ("arr_from=-1", "not an amount"),
]


@pytest.mark.parametrize(("word", "said"), BAD_WORDS)
def test_matchers_of_the_shell_are_checked(word, said):
    with pytest.raises(DeskError, match=said):
        matcher([word])
    with pytest.raises(DeskError, match="never silenced"):
        matcher([])


def test_a_field_that_is_named_again_takes_more_values():
    match = matcher(["tier=red", "tier=yellow,green", "arr_from=5e4"])
    assert match == Match(tier=("red", "yellow", "green"), arr_from=50_000)


def test_shell(tmp_path):
    world, _ = run(tmp_path)
    lake = str(world.house.settings.lake)

    def said(*words):
        done = CliRunner().invoke(app, ["alerts", *words, "--lake", lake])
        return done.exit_code, done.output

    account = world.world.ids[0]
    code, told = said("list")
    assert code == 0
    assert account in told
    assert said("ack", account, "--by", "dana")[1].startswith("dana has taken")
    assert said("ack", "nobody")[0] == 2
    end = str(yesterday() + timedelta(days=30))
    code, told = said("silence", "tier=red", "--until", end, "--why", "a test", "--by", "dana")
    assert (code, told.split()[0]) == (0, "silence")
    assert "a test" in said("list")[1]
    code, told = said("silence", "segment=strater", "--until", end, "--why", "a slip")
    assert (code, told.split(" (")[0]) == (0, "warning segment=strater matches nothing")
    code, told = said("silence", "account=Acme", "--until", end, "--why", "a name is no id")
    assert (code, "account=Acme matches nothing" in told) == (0, True)
    assert said("silence", "tier=red", "--why", "no end")[0] == 2
    assert said("test", "console") == (0, "a test message for console is queued\n")
    assert said("test", "pager")[0] == 2
    listed = json.loads(said("list", "--json")[1])
    assert {one["status"] for one in listed["alerts"]} >= {"open", "acknowledged"}


def test_an_attempt_is_read_once_and_told_always(tmp_path):
    with house_in(tmp_path).open() as stores:

        def sent():
            try_channel(stores, "console")
            assert send_due(stores).delivered == 1
            return stores.lake.frame("deliveries")

        def published(rows):
            stores.lake.publish([Write("deliveries", None, rows)], run_id="test", at=House.now())

        assert sent().equals(deliveries(stores.control))
        stores.control.execute(
            "UPDATE delivery_attempts SET at = ?", (utc_text(House.now() + timedelta(days=900)),)
        )
        published(deliveries(stores.control))
        assert sent().equals(deliveries(stores.control)), "a clock that was wrong hides nothing"
        published(sent().with_columns(error=pl.lit("as published")))
        assert sent()["error"].null_count() == 1, "what is published is taken from there"
        published(sent().head(2))
        assert sent().height == 6, "what was not published is"
        published(sent().clear())
        assert sent().equals(deliveries(stores.control)), "all, when nothing is published"
