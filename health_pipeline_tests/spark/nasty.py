"""Events of every kind that two engines could judge differently, in one table."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from health_pipeline.core.activity.params import ActivityRules, Feature
from health_pipeline_tests.adapters.engines.landed import (
    FEATURES,
    at,
    event,
    landed,
    links,
    xref,
)

LOOKBACK = 10

RULES = ActivityRules(
    features=(
        *FEATURES,
        Feature(name="übersicht", match=("übersicht", "обзор")),
        *(Feature(name=f"f{n}", match=(f"f{n}",)) for n in range(3, 62)),
    ),
    core_events=("Workflow_Run",),
    lookback_days=LOOKBACK,
)

XREF = xref(
    ("app", "Größe & Söhne", "acc_ü", "name", "", 0.9, at(1)),
    ("crm", "a", "acc_3", "anchor", "", 1.0, at(1)),
    ("app", "future", "acc_4", "anchor", "", 1.0, at(25)),
)
LINKS = links(
    ("app", "newcomer", "acc_1", "usr_n", "sso", at(12)),
    ("app", "Ödön", "acc_1", "usr_ö", "sso", at(1)),
    ("app", "future", "acc_1", "usr_f", "sso", at(25)),
)

CASES = {
    "plain": [event("plain")],
    "copies that arrive together": [event("c1"), event("c1"), event("c1")],
    "a copy that arrives later": [event("c2"), event("c2", known=at(9))],
    "copies of different content, told in either order": [
        event("c3", known=at(7), feature="reports", quantity=2.0),
        event("c3", known=at(6), feature="api", quantity=None),
        event("c3", known=at(6), feature="api", quantity=5.0),
    ],
    "copies of different time": [
        event("c4", at(5, 1)),
        event("c4", at(5, 2)),
        event("c4", at(6, 2)),
    ],
    "an id again, further away than copies lie": [event("c5", 2), event("c5", 17)],
    "a chain of copies": [event("c6", 2), event("c6", 9), event("c6", 16)],
    "the same id of two sources": [event("c7"), event("c7", source="crm")],
    "ids that are almost the same": [
        event("c8"),
        event("c8 "),
        event("C8"),
        event("ç8"),
        event("ç8"),
    ],
    "an empty id": [event(""), event("")],
    "late": [event("l1", known=at(15)), event("l2", 2, at(20, 23, 59, 59, 999999))],
    "too late": [event("l3", known=at(21, 0))],
    "ahead of the clock": [event("l4", known=at(4)), event("l5", 21, at(4))],
    "borders of UTC days": [
        event("d1", at(5, 23, 59, 59, 999999)),
        event("d2", at(6, 0)),
        event("d3", at(5, 23, 59), at(6, 0)),
    ],
    "before the first valid year": [event("d4", datetime(1970, 1, 1, tzinfo=UTC), at(5))],
    "known before the range": [event("p1", at(1, 0), source_user_id="u")],
    "no user": [event("u1", source_user_id=None), event("u2", source_user_id="")],
    "an unknown user": [
        event("u3", source_user_id="nobody"),
        event("u4", source_user_id="nobody", source_account_id=None),
        event("u5", source_user_id="Жанна 🙂", source_account_id=None),
        event("u6", source_user_id="Жанна 🙂"),
    ],
    "nobody at all": [event("u7", source_account_id=None), event("u8", source_account_id="")],
    "an unknown account": [event("a1", source_account_id="zz"), event("a2", source_account_id="A")],
    "an account known later": [event("a3", source_account_id="late")],
    "an account known after the range": [event("a4", source_account_id="future")],
    "users who decide": [
        event(f"w{who}{day}", day, source_user_id=who, source_account_id=account)
        for who in ("u", "mover", "twice", "newcomer", "Ödön", "future")
        for day in (4, 8, 13)
        for account in ("a", "late", None)
    ],
    "unicode accounts": [event("n1", source_account_id="Größe & Söhne", source_user_id="Ödön")],
    "decimals": [
        *(event(f"q{n}", source_user_id="u", quantity=0.1) for n in range(10)),
        event("qa", 6, source_user_id="u", quantity=2.5),
        event("qb", 7, source_user_id="u", quantity=3.4999995),
        event("qc", 8, source_user_id="u", quantity=1e-7),
        event("qd", 9, source_user_id="u", quantity=0.0),
        event("qe", 10, source_user_id="u", quantity=-1.0),
        event("qf", 11, source_user_id="u", quantity=123456789012.0),
        event("qg", 12, source_user_id="u", quantity=None),
    ],
    "features": [
        event("f1", feature="Reports"),
        event("f2", feature="charts", event_name="API_called"),
        event("f3", feature="ÜBERSICHT", source_user_id="u"),
        event("f4", feature="Обзор"),
        event("f5", feature="f61"),
        event("f6", feature="???"),
        event("f7", feature=""),
        event("f8", event_name="workflow_run", quantity=4.0),
        event("f9", event_name="WORKFLOW_RUN", feature="f40", source_user_id="mover"),
    ],
}


def events() -> pl.DataFrame:
    """All of them as they would be landed."""
    return landed(row for case in CASES.values() for row in case)
