"""The catalogue of signal kinds as text, made from the kinds themselves (R56, R74)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from health_pipeline.core.signals.kind import Kind

SOURCE = re.compile(r" \(R\d[^)]*\)")
"""Where a kind was taken from: of interest to its author, not to its reader."""

INTRODUCTION = """\
# Signals

What the health score can measure. A block of the model's `signals.yaml` names one of these kinds,
gives its options under `params`, and may override every habit shown here: knots, freshness,
sentences, healthy range, risk pattern, KPI. Each block also names its group, weight, reason code
and the play that its risk starts.

Every account has one of four answers for each signal and day: **measured** (a value), **missing**
(the source is connected and says nothing of this account: coverage falls), **stale** (measured,
and older than its freshness allows: the value is shown and does not count) or **not applicable**
(no source provides it: out of score and coverage). Nothing becomes zero by absence.

A value is fresh for its ttl; then its freshness halves with every half-life, and below one half
it is stale. Knots are the raw values that score 0, 60, 80 and 100; below 60 is risk.
"""


def catalogue_markdown(kinds: Mapping[str, Kind]) -> str:
    """One section for each kind, in the order of the mapping; ends with a newline."""
    overview = [
        "| kind | what | unit | direction | role |",
        "|---|---|---|---|---|",
        *(_overview_row(kind) for kind in kinds.values()),
    ]
    sections = ["\n".join(overview), *(_section(kind) for kind in kinds.values())]
    return INTRODUCTION + "\n" + "\n\n".join(sections) + "\n"


def _overview_row(kind: Kind) -> str:
    title, _ = _doc(kind)
    role = "leading" if kind.meta.leading else "lagging"
    return (
        f"| [{kind.name}](#{kind.name}) | {title} | {kind.meta.unit} | {_better(kind)} | {role} |"
    )


def _section(kind: Kind) -> str:
    meta = kind.meta
    title, body = _doc(kind)
    knots = " / ".join(f"{knot:g}" for knot in meta.default_knots)
    confirmed = "one day of data" if meta.discrete else "two days of data"
    at_once = "; entering risk acts at once on the held tier" if meta.hard else ""
    lines = [
        f"## {kind.name}",
        "",
        title,
        *(["", body] if body else []),
        "",
        f"- **Unit**: {meta.unit}, {_better(kind)}",
        f"- **Healthy**: {meta.healthy_range}",
        f"- **Risk**: {meta.risk_pattern}",
        f"- **KPI**: {meta.kpi}",
        f"- **Default knots** (score 0 / 60 / 80 / 100): {knots}",
        f"- **Freshness**: ttl {meta.ttl_days:g} days, half-life {meta.half_life_days:g} days",
        f"- **A change of state** needs {confirmed}{at_once}",
        f"- **Said of a risk**: `{meta.risk_sentence}`",
        f"- **Said of a strength**: `{meta.strength_sentence}`",
        *_options(kind),
    ]
    return "\n".join(lines)


def _options(kind: Kind) -> list[str]:
    fields = kind.params.model_fields
    if not fields:
        return []
    defaults = kind.params().model_dump(mode="json")
    listed = ", ".join(f"`{name}` = `{defaults[name]}`" for name in fields)
    return [f"- **Options**: {listed}. {(kind.params.__doc__ or '').strip()}"]


def _doc(kind: Kind) -> tuple[str, str]:
    title, _, body = SOURCE.sub("", kind.doc).partition("\n")
    return title.strip(), " ".join(body.split())


def _better(kind: Kind) -> str:
    return "higher is better" if kind.meta.higher_is_better else "lower is better"
