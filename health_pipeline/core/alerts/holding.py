"""What is held back although it is news: silences and inhibitions, as Alertmanager knows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from health_pipeline.core.alerts.entries import AT_RISK
from health_pipeline.core.alerts.force import InForce, Silenced, silenced_by
from health_pipeline.core.alerts.gates import INHIBITED
from health_pipeline.core.alerts.params import Inhibition


def held_back(
    alerts: Sequence[InForce],
    before: Sequence[InForce],
    silences: tuple[Silenced, ...],
    inhibit: tuple[Inhibition, ...],
    day: date,
) -> dict[str, str]:
    """alert_id → `silence:ID` or `inhibited:SIGNAL`, of those that nothing else holds back.

    Args:
        alerts: of the day.
        before: those of earlier days, of which the ones in force inhibit too.
        silences: in effect or not.
        inhibit: what holds back what.
        day: of the wall clock.
    """
    open_ = [one for one in alerts if one.status != "suppressed"]
    held = {
        one.row.alert_id: by
        for one in open_
        if (by := silenced_by(one.facts, silences, day)) is not None
    }
    sources = [one for one in before if one.is_in_force]
    sources += [one for one in open_ if one.row.to_state in AT_RISK]
    for rule in inhibit:
        above: dict[tuple[Any, ...], InForce] = {}
        for one in sources:
            if rule.source.takes(one.facts):
                above.setdefault(tuple(one.facts.get(key) for key in rule.equal), one)
        for one in open_ if above else ():
            cause = above.get(tuple(one.facts.get(key) for key in rule.equal))
            itself = cause is None or cause.row.alert_id == one.row.alert_id
            if cause is not None and not itself and rule.target.takes(one.facts):
                held.setdefault(one.row.alert_id, f"{INHIBITED}{cause.row.signal}")
    return held


def inhibited_still(
    held: Sequence[InForce],
    before: Sequence[InForce],
    inhibit: tuple[Inhibition, ...],
    day: date,
) -> frozenset[str]:
    """Of what another alert has `held` back, the alert_ids that one of `before` holds back now.

    One that ends on this day holds back still, so that an evaluation that is made again finds the
    same.
    """
    lasting = [_open(one) for one in before if one.status != "suppressed"]
    asked = [_open(one) for one in held if (one.row.suppressed_by or "").startswith(INHIBITED)]
    return frozenset(held_back(asked, lasting, (), inhibit, day))


def _open(one: InForce) -> InForce:
    return one.model_copy(update={"status": "open"})
