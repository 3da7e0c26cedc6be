from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.explanation.narratives import narratives
from health_pipeline.core.schemas.time import end_of
from health_pipeline_tests.core.schemas.worlds import ACCOUNT, DAY, table

ACCOUNTS = pl.DataFrame({"account_id": [ACCOUNT], "name": ["Acme Ltd"]})
SCORE = {"score": 51.29, "tier": "red", "trend_30d": -11.71, "coverage": 0.97}
UNASKED = "not evaluated, because not measured: sponsor_gone, b"
RISKS = [
    {"direction": "risk", "rank": n, "sentence": f"risk {n}", "play": f"play_{n}"}
    for n in (1, 2, 3)
]
STRENGTH = {"direction": "strength", "rank": 1, "sentence": "strength 1"}
PLAY = {
    "play_id": "p1",
    "play": "rescue_onboarding",
    "status": "proposed",
    "opened_at": end_of(DAY - timedelta(days=1)),
    "due_at": end_of(DAY),
    "steps": [
        {"text": "Call the sponsor", "owner": "ann@us.example", "due": DAY},
        {"text": "Agree on a date", "owner": "unowned", "due": DAY + timedelta(days=3)},
    ],
}


def told(score, reasons=(), plays=(), **context):
    rows = narratives(
        table("health_scores", [SCORE | score]),
        table("reason_codes", list(reasons)),
        table("plays", list(plays)),
        ACCOUNTS,
        titles={"rescue_onboarding": "Bring onboarding back"},
        **context,
    )
    assert rows.height == 1
    return rows.row(0, named=True)


HEADLINES = [
    ("floored, with what it was", {}, "Acme Ltd is Red at 51.2, down from 63.0 thirty days ago"),
    ("no figure of thirty days ago", {"trend_30d": None}, "Acme Ltd is Red at 51.2"),
    (
        "no Yellow shows as 80.0",
        {"score": 79.99, "tier": "yellow", "trend_30d": None},
        "Acme Ltd is Yellow at 79.9",
    ),
    (
        "a round score has its decimal",
        {"score": 80.0, "tier": "green", "trend_30d": None},
        "Acme Ltd is Green at 80.0",
    ),
    ("better", {"trend_30d": 2.0}, "Acme Ltd is Red at 51.2, up from 49.2 thirty days ago"),
    ("the same", {"trend_30d": 0.0}, "Acme Ltd is Red at 51.2, as thirty days ago"),
    ("the same as it is shown", {"trend_30d": 0.02}, "Acme Ltd is Red at 51.2, as thirty days ago"),
    ("unscored", {"score": None, "tier": "unscored"}, "Acme Ltd has no score"),
]


@pytest.mark.parametrize(("why", "score", "expected"), HEADLINES, ids=[c[0] for c in HEADLINES])
def test_headline(why, score, expected):
    assert told(score)["headline"] == expected


TEXTS = [
    (
        "two risks, the gate, one strength",
        {"gate": "sponsor", "gate_reason": "sponsor silent"},
        [*RISKS, STRENGTH],
        (
            "What weighs on it: risk 1; risk 2. What keeps it from a better tier: sponsor silent."
            " In its favour: strength 1."
        ),
    ),
    (
        "a gate that could not be asked caps nothing",
        {"gate": None, "gate_reason": UNASKED},
        [*RISKS, STRENGTH],
        (
            "What weighs on it: risk 1; risk 2. In its favour: strength 1."
            " Not checked, for want of data: sponsor gone, b."
        ),
    ),
    (
        "one that caps beside one that could not be asked",
        {"gate": "g", "gate_reason": f"sponsor silent; {UNASKED}"},
        [STRENGTH],
        (
            "Nothing weighs on it enough to be named. What keeps it from a better tier:"
            " sponsor silent. In its favour: strength 1."
            " Not checked, for want of data: sponsor gone, b."
        ),
    ),
    (
        "a tier that rests",
        {"frozen_by": "usage, crm tickets"},
        [],
        (
            "Nothing weighs on it enough to be named. Its tier rests while a source is silent:"
            " usage, crm tickets. Nothing stands out in its favour."
        ),
    ),
    (
        "nothing to say is said",
        {},
        [],
        "Nothing weighs on it enough to be named. Nothing stands out in its favour.",
    ),
    (
        "unscored",
        {"score": None, "tier": "unscored", "coverage": 0.42},
        RISKS,
        "Only 42% of what the score looks at could be measured, too little for a score.",
    ),
    (
        "no coverage shows as what it lacks",
        {"score": None, "tier": "unscored", "coverage": 0.597},
        [],
        "Only 59% of what the score looks at could be measured, too little for a score.",
    ),
    (
        "nothing applies, or nothing is known",
        {"score": None, "tier": "unscored", "coverage": 0.0},
        [],
        "Nothing that the score looks at could be measured, or none of it applies.",
    ),
]


@pytest.mark.parametrize(("why", "score", "reasons", "expected"), TEXTS, ids=[c[0] for c in TEXTS])
def test_text(why, score, reasons, expected):
    assert told(score, reasons)["text"] == expected


STEPS = [
    (
        "the running play with its steps",
        [PLAY],
        (
            "“Bring onboarding back” is proposed, to be started by 2026-03-10: Call the sponsor"
            " (ann@us.example, by 2026-03-10); Agree on a date (unowned, by 2026-03-13)."
        ),
    ),
    (
        "none: what the first reason calls for",
        [],
        "No play is running; the first reason calls for “play 1”.",
    ),
    (
        "a play of the future is not known yet",
        [PLAY | {"opened_at": end_of(DAY + timedelta(days=1))}],
        "No play is running; the first reason calls for “play 1”.",
    ),
    (
        "a closed play runs no more",
        [PLAY | {"status": "closed", "closed_at": end_of(DAY)}],
        "No play is running; the first reason calls for “play 1”.",
    ),
]


@pytest.mark.parametrize(("why", "plays", "expected"), STEPS, ids=[c[0] for c in STEPS])
def test_next_steps(why, plays, expected):
    assert told({}, RISKS, plays)["next_steps"] == expected


def interventions(*rows):
    base = {"account_id": ACCOUNT, "date": DAY, "intervention_id": "i1", "assignment": "treated"}
    base |= {"play": "rescue_onboarding", "opened_at": end_of(DAY - timedelta(days=7))}
    base |= {"started_at": end_of(DAY - timedelta(days=5)), "due_at": end_of(DAY)}
    shape = {"completed_at": pl.Datetime("us", "UTC"), "assignment": pl.String}
    rows = [base | {"completed_at": None} | row for row in rows]
    return pl.DataFrame(rows, schema_overrides=shape)


RESCUE, NONE = "“Bring onboarding back”", "No play is running; the first reason calls for “play 1”."
LATER = {"intervention_id": "i2", "play": "other", "opened_at": end_of(DAY), "started_at": None}
IN_THE_CRM = [
    ("started", [{}], f"{RESCUE} is under way since 2026-03-05, due 2026-03-10, says the CRM."),
    (
        "the latest, which nobody has begun",
        [LATER, {}],
        "“other” is open since 2026-03-10, not yet started, due 2026-03-10, says the CRM.",
    ),
    ("done", [{"completed_at": end_of(DAY)}], NONE),
    ("overdue", [{"due_at": end_of(DAY - timedelta(days=1))}], NONE),
    ("held out", [{"assignment": "held_out"}], NONE),
    (
        "nobody said whether it is held out",
        [{"assignment": None}],
        f"{RESCUE} is under way since 2026-03-05, due 2026-03-10, says the CRM.",
    ),
]


@pytest.mark.parametrize(("why", "rows", "expected"), IN_THE_CRM, ids=[c[0] for c in IN_THE_CRM])
def test_what_the_crm_knows_is_told_where_no_play_runs(why, rows, expected):
    assert told({}, RISKS, interventions=interventions(*rows))["next_steps"] == expected
    own = told({}, RISKS, [PLAY], interventions=interventions(*rows))["next_steps"]
    assert own.startswith(f"{RESCUE} is proposed")


def test_an_export_without_dates_of_work_is_open_since_it_was_opened():
    bare = interventions({}).select("account_id", "date", "intervention_id", "play", "opened_at")
    expected = f"{RESCUE} is open since 2026-03-03, not yet started, says the CRM."
    assert told({}, RISKS, interventions=bare)["next_steps"] == expected


def renewals(*rows):
    base = {"account_id": ACCOUNT, "date": DAY, "kind": "renewal", "stage": "open"}
    base |= {"opportunity_id": "o1", "note": None, "close_on": date(2026, 6, 1), "closed_on": None}
    return pl.DataFrame(
        [base | {"known_at": end_of(DAY)} | row for row in rows],
        schema_overrides={"closed_on": pl.Date, "note": pl.String},
    )


def milestones(*rows):
    base = {"account_id": ACCOUNT, "date": DAY, "project": "Onboarding", "completed_on": None}
    return pl.DataFrame([base | row for row in rows], schema_overrides={"completed_on": pl.Date})


CONTEXTS = [
    ("nothing known", {}, None),
    (
        "the renewal and its note on one line",
        {"renewals": renewals({"note": "price\n is  an issue"})},
        "Last renewal note: “price is an issue”. Renewal due 2026-06-01.",
    ),
    (
        "a note that ends itself",
        {"renewals": renewals({"note": "Will they stay?"})},
        "Last renewal note: “Will they stay?” Renewal due 2026-06-01.",
    ),
    (
        "the newest note, the open renewal",
        {
            "renewals": renewals(
                {"note": "old", "known_at": end_of(date(2025, 1, 1)), "stage": "won"},
                {"opportunity_id": "o2", "note": "new"},
            )
        },
        "Last renewal note: “new”. Renewal due 2026-06-01.",
    ),
    (
        "one that is past and open says so",
        {"renewals": renewals({"close_on": date(2026, 2, 1)}, {"close_on": date(2025, 2, 1)})},
        "Renewal was due 2026-02-01 and is still open.",
    ),
    (
        "the one to come goes before",
        {"renewals": renewals({"close_on": date(2026, 2, 1)}, {"close_on": DAY})},
        "Renewal due 2026-03-10.",
    ),
    ("a closed renewal is not due", {"renewals": renewals({"closed_on": DAY})}, None),
    (
        "projects and the next milestone",
        {
            "milestones": milestones(
                {"name": "Kick-off", "due_on": date(2026, 2, 1), "completed_on": date(2026, 2, 2)},
                {"name": "Training", "due_on": date(2026, 3, 1)},
                {"name": "Go-live", "due_on": date(2026, 3, 20)},
            )
        },
        "Active projects: Onboarding. Next milestone: Go-live, due 2026-03-20.",
    ),
    (
        "what no source says is not spoken of",
        {"milestones": milestones({"name": "x"}).drop("completed_on")},
        None,
    ),
]


@pytest.mark.parametrize(("why", "context", "expected"), CONTEXTS, ids=[c[0] for c in CONTEXTS])
def test_context(why, context, expected):
    assert told({}, **context)["context"] == expected
