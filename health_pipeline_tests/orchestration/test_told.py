"""What `health explain` says of six kinds of accounts, word for word, as a CSM reads it aloud.

Sentences, plays and gates are those of the packaged model; the figures are made up here. After a
change of words: `python -m health_pipeline_tests.orchestration.test_told`, and read what it wrote.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from health_pipeline.cli.explain import print_explained
from health_pipeline.cli.house import out
from health_pipeline.cli.moves import way_lines
from health_pipeline.config.loader import load_model
from health_pipeline.core.explanation.narratives import narratives
from health_pipeline.core.explanation.path import LEAST, Step
from health_pipeline.core.explanation.path import Path as WayThere
from health_pipeline.core.explanation.reasons import reasons
from health_pipeline.core.plays.enrol import enrol
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.assets.explanation import gate_signals
from health_pipeline.orchestration.explained import Explained
from health_pipeline.orchestration.find import Match
from health_pipeline.orchestration.paths import WayUp
from health_pipeline.orchestration.plays import gate_plays

MODEL = load_model()
DAY = date(2026, 3, 10)
GOLDEN = Path(__file__).parents[1] / "golden" / "explained.txt"
WIDTH = 110

Driver = tuple[str, float, float, float, float | None, str | None]
"""Signal, points against the norm, subscore, value, norm, detail."""

DOWN = "active users down 62% against the prior 8 weeks"
LEFT = "the last left on 2026-02-20, no successor"
SPONSOR: Driver = ("sponsor_engagement", -4.2, 0.0, 99.0, 17.0, "last contact on 2025-12-01")
TREND: Driver = ("usage_trend", -9.5, 8.0, -0.45, 0.0, DOWN)
DEPTH: Driver = ("core_depth", -4.4, 6.0, 1.2, 6.4, None)
FEATURES: Driver = ("key_features", 1.2, 100.0, 100.0, 75.0, None)
TICKETS: Driver = (
    *("first_response_time", -1.1, 40.0, 9.0, 1.04),
    "1 opened in 60 days, 0 unanswered",
)  # fmt: skip
HOSTILE = "<b>Acme</b> [x](http://evil)\n| *Zoë* \u202eevil\u202c 🚀 مؤسسة " + "x" * 500

KINDS: dict[str, dict[str, Any]] = {
    "green": {
        "name": "Rosmarin Foods, B.V.",
        "score": {"score": 92.04, "tier": "green", "trend_30d": 0.93, "coverage": 0.96},
        "drivers": [TICKETS, FEATURES],
        "changes": [("sponsor_engagement", "behaviour", 0.8), ("sentiment", "coverage", 0.13)],
        "renewals": [{"note": "More seats for\na further team.", "close_on": date(2026, 9, 1)}],
    },
    "yellow by a gate": {
        "name": "The Kadrona Printing S.A.",
        "score": {
            "score": 88.44, "tier": "yellow", "trend_30d": -4.5, "coverage": 0.74,
            "gate": "sponsor_untouched",
            "gate_reason": "no contact with the executive sponsor for more than 30 days; "
            "not evaluated, because not measured: escalation_open, quiet_churn",
        },
        "drivers": [SPONSOR],
        "changes": [("sponsor_engagement", "behaviour", -3.1), ("usage_trend", "behaviour", -1.4)],
        "renewals": [{"note": None, "close_on": date(2026, 2, 1)}],
        "way": WayUp("green", 78.0, WayThere(
            0.0, (Step("sponsor_engagement", 50.0, 60.0, 0.7, 10.0, "reengage_sponsor"),),
            10.0, reaches=True, best=97.0, blocked=(),
        )),
    },
    "red, large": {
        "name": "Peñavera Motors, S.A.",
        "score": {
            "score": 65.87, "tier": "red", "trend_30d": -9.6, "coverage": 1.0, "arr": 234_995.0,
            "gate": "sponsor_left", "gate_reason": "the executive sponsor left without a successor",
        },
        "drivers": [
            TREND, ("sponsor_left", -1.0, 0.0, 0.0, 2.0, LEFT), SPONSOR, DEPTH, FEATURES,
        ],
        "changes": [
            (None, "identity", 2.1), (None, "segment", -0.6), ("usage_trend", "behaviour", -6.2),
            ("sponsor_left", "behaviour", -1.0), ("core_depth", "threshold", -1.4),
            ("stickiness", "weight", -0.7), ("seats_active_7d", "behaviour", -0.5),
            ("open_tickets", "behaviour", -0.9), ("burst_gap", "behaviour", -0.4),
        ],
        "milestones": [{"project": "API rollout", "name": "API live", "due_on": date(2026, 4, 1)}],
        "way": WayUp("yellow", 58.0, WayThere(
            0.0, (), 0.0, reaches=False, best=90.0, blocked=("sponsor_left",),
        )),
    },
    "red, nobody owns it, a hostile name": {
        "name": HOSTILE, "owner": None, "executive": None,
        "score": {"score": 42.76, "tier": "red", "trend_30d": 0.0, "coverage": 0.9},
        "drivers": [
            ("onboarding_milestones", -8.2, 20.0, 1.0, 0.0, "Go-live, due 2026-03-09, open"),
        ],
        "changes": [],
    },
    "unscored": {
        "name": "Talvera Logistics, Pty Ltd",
        "score": {"score": None, "tier": "unscored", "trend_30d": None, "coverage": 0.416},
        "drivers": [], "changes": [],
        "milestones": [{"project": "Onboarding", "name": "Kickoff held", "due_on": DAY}],
    },
    "yellow by points, nothing stands out": {
        "name": None,
        "score": {"score": 79.99, "tier": "yellow", "trend_30d": None, "coverage": 0.95},
        "drivers": [], "changes": [("stickiness", "behaviour", 0.04)],
    },
}  # fmt: skip


def rows(table: str, *given: dict[str, Any]) -> pl.DataFrame:
    shape = RESULT_TABLES[table].columns
    key = {"account_id": "acc_1", "date": DAY}
    return pl.DataFrame([dict.fromkeys(shape) | key | one for one in given], schema=shape)


def explained(kind: dict[str, Any]) -> Explained:
    """The account as the stages would have it."""
    scores = rows(
        "health_scores",
        {"tier_since": DAY - timedelta(days=3), "segment": "growth", "arr": 12_189.0}
        | kind["score"],
    )
    drivers: list[Driver] = kind["drivers"]
    contributions = rows(
        "contributions",
        *(
            {"signal": name, "points_vs_reference": points, "subscore": subscore, "weight": 0.1}
            for name, points, subscore, *_ in drivers
        ),
    )
    signals = rows(
        "signals",
        *(
            {"signal": name, "value": value, "segment_baseline": norm, "detail": detail}
            | {"observed_on": DAY, "status": "measured"}
            for name, _, _, value, norm, detail in drivers
        ),
    )
    found = reasons(
        contributions, signals, MODEL.signals, MODEL.explanation, scores, gate_signals(MODEL)
    )
    people = pl.DataFrame(
        {"account_id": "acc_1", "date": DAY, "region": None}
        | {"owner_email": kind.get("owner", "ann@vendor.example")}
        | {"exec_email": kind.get("executive", "vp@vendor.example")},
        schema_overrides=dict.fromkeys(("owner_email", "exec_email", "region"), pl.String),
    )
    nobody = RESULT_TABLES["plays"].empty()
    plays = enrol(scores, found, nobody, people, MODEL.plays, "m", gate_plays(MODEL))
    named = pl.DataFrame(
        {"account_id": "acc_1", "name": kind["name"]}, schema_overrides={"name": pl.String}
    )
    titles = {name: play.title for name, play in MODEL.plays.plays.items()}
    told = narratives(scores, found, plays, named, _renewals(kind), _milestones(kind), titles).row(
        0, named=True
    )
    delta = sum(points for *_, points in kind["changes"])
    return Explained(
        match=Match("acc_1", kind["name"], "acme.example", "name"),
        day=DAY,
        score=scores.row(0, named=True),
        drivers=RESULT_TABLES["contributions"].empty(),
        reasons=found.sort("direction", "rank"),
        narrative=told,
        plays=plays,
        history=pl.DataFrame(),
        override=None,
        changes=rows(
            "score_changes",
            *(
                {"compared_with": DAY - timedelta(days=7), "delta": delta}
                | {"signal": signal, "effect": effect, "points": points}
                for signal, effect, points in kind["changes"]
            ),
        ),
        way_up=kind.get("way"),
    )


def _renewals(kind: dict[str, Any]) -> pl.DataFrame | None:
    base = {"account_id": "acc_1", "date": DAY, "kind": "renewal", "stage": "open"}
    base |= {"opportunity_id": "o", "known_at": DAY}
    given = [base | one for one in kind.get("renewals", ())]
    return pl.DataFrame(given, schema_overrides={"note": pl.String}) if given else None


def _milestones(kind: dict[str, Any]) -> pl.DataFrame | None:
    base = {"account_id": "acc_1", "date": DAY, "completed_on": None}
    given = [base | one for one in kind.get("milestones", ())]
    return pl.DataFrame(given, schema_overrides={"completed_on": pl.Date}) if given else None


def pages() -> str:
    """Every kind of account, one after the other."""
    told = []
    before, out.width = out.width, WIDTH
    try:
        for title, kind in KINDS.items():
            with out.capture() as captured:
                print_explained(explained(kind), "USD")
            lines = [line.rstrip() for line in captured.get().strip().splitlines()]
            told.append(f"== {title}\n" + "\n".join(lines))
    finally:
        out.width = before
    return "\n\n".join(told) + "\n"


def test_what_is_told_is_what_was_read():
    assert pages() == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("title", KINDS)
def test_nothing_in_the_narrative_is_a_name_of_the_machine(title):
    told = explained(KINDS[title]).narrative or {}
    said = [told[part] or "" for part in ("headline", "text", "next_steps", "context")]
    if KINDS[title]["name"] is not None:
        assert "_" not in " ".join(said), "names with underscores are not read aloud"
    assert all("\n" not in one and "\u202e" not in one for one in said)
    assert len(said[0]) < 250


WAYS = [
    # why, points that are needed, points of each step, points as shown
    (
        "what is needed",
        20.06,
        [6.06, 8.2, 1.24, 1.92, 2.64],
        ["+6.1", "+8.2", "+1.2", "+1.9", "+2.7"],
    ),
    ("a border between two tenths", 0.25, [0.125, 0.125], ["+0.1", "+0.1"]),
    ("gates demand more than is needed", 1.0, [0.74, 0.74], ["+0.8", "+0.7"]),
    ("gates alone", 0.0, [0.66], ["+0.7"]),
    ("out of reach", 9.0, [1.26, 1.26], ["+1.3", "+1.2"]),
]


@pytest.mark.parametrize(("why", "needs", "points", "shown"), WAYS, ids=[way[0] for way in WAYS])
def test_steps_add_up_as_they_are_shown(why, needs, points, shown):
    steps = tuple(Step("a", 0.0, 50.0, one, 1.0, "play") for one in points)
    reaches = sum(points) >= needs - LEAST
    path = WayThere(needs, steps, 1.0, reaches=reaches, best=90.0, blocked=())
    lines = list(way_lines(WayUp("green", 80.0, path)))
    assert [line.split(": ")[1].split()[0] for line in lines[1:]] == shown, why


if __name__ == "__main__":
    GOLDEN.write_text(pages(), encoding="utf-8")
