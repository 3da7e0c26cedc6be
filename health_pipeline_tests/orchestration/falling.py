"""A world in which the use of some accounts falls, published and evaluated day by day."""

from __future__ import annotations

import numpy as np

from health_pipeline.core.schemas.messages import Message
from health_pipeline_tests.core.alerts.population import Population
from health_pipeline_tests.orchestration.alert_world import AlertWorld, house_in

DAYS, FALL = 9, 5
FALLEN = 15
"""Accounts whose use falls: fewer than any breaker holds back."""

SEEN = 13
"""So many of them were well before; the others decline anyway."""


def population(**more):
    world = Population(120, DAYS, seed=5, **more)
    world.fall(FALL, np.arange(120) < FALLEN, 0.1)
    return world


def messages(stores):
    rows = stores.control.execute("SELECT payload FROM outbox ORDER BY rowid").fetchall()
    return [Message.model_validate_json(payload) for (payload,) in rows]


def pages(stores, accounts):
    """Accounts that somebody was paged about, of these."""
    triggers = [one for one in messages(stores) if one.action == "trigger"]
    return {alert.account_id for one in triggers for alert in one.alerts} & accounts


def nothing(*_):
    """Nothing happens between publishing and evaluating."""


def run(tmp_path, before=nothing, alerts="", missed=(), **more):
    """Days but the `missed` are evaluated in turn; `before` acts once the n-th day is published."""
    world = AlertWorld(house_in(tmp_path, alerts), population(), **more)
    decided = []
    with world.house.open() as stores:
        for n in range(DAYS):
            world.publish(stores, n)
            before(stores, world, n)
            if n in missed:
                continue
            decided.append(dict(world.evaluate(stores, n).decided.iter_rows()))
    return world, decided


def fallen(world):
    return set(world.world.ids[:FALLEN])
