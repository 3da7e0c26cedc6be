"""Packaged rules under signals of one's own: what they say of absent signals falls away.

A model folder holds only the files that differ. Someone who writes signals.yaml and takes the
packaged rules as they are cannot mend a gate that stands in a file of the package.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from health_pipeline.config.shapes import WrittenPlays, WrittenScoring, WrittenSignal
from health_pipeline.core.signals.kind import kinds


def fitted(scoring: WrittenScoring, signals: Collection[str]) -> WrittenScoring:
    """`scoring` without gates, views and parts of the expansion index of other signals.

    A combined gate of which too few gates are left to fire falls away, too, and so does the
    expansion index when nothing is left of one of its parts.
    """
    gates = tuple(gate for gate in scoring.gates if gate.signal in signals)
    left = {gate.name for gate in gates}
    combined = [
        gate.model_copy(update={"gates": tuple(name for name in gate.gates if name in left)})
        for gate in scoring.combined_gates
    ]
    parts = {
        part: tuple(name for name in members if name in signals)
        for part, members in scoring.expansion.items()
    }
    return scoring.model_copy(
        update={
            "gates": gates,
            "combined_gates": tuple(g for g in combined if len(g.gates) >= g.at_least),
            "expansion": parts if all(parts.values()) else {},
            "views": {name: one for name, one in scoring.views.items() if one in signals},
        }
    )


def fitted_plays(
    plays: WrittenPlays, codes: Collection[str], gates: Collection[str], segments: Collection[str]
) -> WrittenPlays:
    """The packaged `plays` without triggers on reasons, gates and segments that the model lacks."""
    known = {"reasons": codes, "all_reasons": codes, "gates": gates, "segments": segments}
    kept = tuple(
        trigger
        for trigger in plays.triggers
        if all(set(getattr(trigger, key)) <= set(names) for key, names in known.items())
    )
    return plays.model_copy(update={"triggers": kept})


def reason_codes(signals: Mapping[str, WrittenSignal]) -> list[str]:
    """Every code that one of `signals` can be told with."""
    found = [
        code
        for signal in signals.values()
        if signal.kind in kinds()
        for code in (signal.reason_code, kinds()[signal.kind].meta.code_otherwise)
    ]
    return [code for code in dict.fromkeys(found) if code]
