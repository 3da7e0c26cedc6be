"""Shown work read as a person reads it: tables by title, then everything is worked out again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from health_pipeline.core.explanation.work import Section
from health_pipeline_tests.calculator import both_sides, holds, reckon

ORDER = ("red", "yellow", "green")


@dataclass(frozen=True)
class Reckoned:
    """What a reader finds; None where the page says that there is none."""

    score: float | None
    coverage: float
    raw_tier: str | None
    tier: str


def reckoned(sections: Sequence[Section]) -> Reckoned:
    """Work out every printed step; asserts that each agrees with what is printed beside it."""
    subscores, points, coverage, gates, tiers = sections
    sub = {row[0]: subscore_of(row[3]) for row in subscores.rows}
    score, shown = _score(points, sub)
    told = dict(line.split(": ", 1) for line in tiers.lines)
    if score is None:
        return Reckoned(None, _coverage(coverage), None, told["Tier"].split(",")[0])
    raw_tier = _raw_tier(told["Raw tier"], score)
    cap = _cap(gates)
    assert told["Cap of the gates"].startswith(cap or "none fires")
    tier, held = told["Tier"].split(",")[0], told["Held tier"]
    if "Down" not in told:
        assert tier == min(held, cap or held, key=ORDER.index)
    assert abs(shown - score) < 1.5e-4
    return Reckoned(score, _coverage(coverage), raw_tier, tier)


def subscore_of(cell: str) -> float | None:
    if cell.startswith("none: "):
        return None
    if ", for " in cell:
        end, reason = cell.split(", for ")
        assert end in ("0", "100")
        assert holds(reason), cell
        return float(end)
    found, shown = both_sides(cell)
    assert abs(found - shown) < 5.1e-5, cell
    return found


def _score(points: Section, sub: dict[str, float | None]) -> tuple[float | None, float]:
    weights = {row[0]: reckon(row[1]) for row in points.rows if sub[row[0]] is not None}
    total, printed = both_sides(points.lines[0].split(" = ", 1)[1])
    assert total == printed == sum(weights.values())
    for name, weight, share, given in points.rows:
        if sub[name] is None:
            assert share.startswith("0: ")
            assert given == "0"
            continue
        found, shown = both_sides(share)
        assert abs(found - shown) < 1e-6
        assert abs(found - reckon(weight) / total) < 1e-9
        if given != "none: unscored":
            found, shown = both_sides(given)
            assert abs(found - shown) < 1.5e-4, given
    if len(points.lines) == 1:
        return None, 0.0
    added, shown = both_sides(points.lines[1].split("Σ points = ")[1].split(", shown as")[0])
    assert abs(added - shown) < 1e-9, "shown parts add up to the shown score"
    return sum(w * (sub[name] or 0.0) for name, w in weights.items()) / total, shown


def _coverage(section: Section) -> float:
    for _, _, fades, term in section.rows:
        for cell in (fades.split(", below")[0], term):
            if " = " in cell:
                found, shown = both_sides(cell)
                assert abs(found - shown) < 3e-5, cell
    found, shown = both_sides(section.lines[0].split(" applies = ")[1])
    assert abs(found - shown) < 2e-6
    return found


def _raw_tier(line: str, score: float) -> str:
    printed, rest = line.split(" lies in [")
    span, tier = rest.split(": ")
    low, high = (float(end) for end in span[:-1].split(", "))
    assert abs(reckon(printed) - score) < 1e-6
    assert low <= reckon(printed)
    assert reckon(printed) < high or (span[-1] == "]" and reckon(printed) == high)
    return tier


def _cap(gates: Section) -> str | None:
    caps = []
    for name, asks, answer, cap in gates.rows:
        if answer == "not asked":
            assert asks.endswith(": not measured"), name
            continue
        assert holds(asks.rsplit(": ", 1)[1]) is (answer == "fires"), name
        caps += [cap] if answer == "fires" else []
    return min(caps, key=ORDER.index, default=None)
