"""Events of every kind that two engines could judge differently, in one table."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from health_pipeline.core.activity.params import ActivityRules, Feature
from health_pipeline.core.identity.users import LINK_COLUMNS
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 20)
LOOKBACK = 10

RULES = ActivityRules(
    features=(
        Feature(name="reports", match=("reports", "charts"), core=True),
        Feature(name="api", match=("api",), events=("api_called",)),
        Feature(name="übersicht", match=("übersicht", "обзор")),
        *(Feature(name=f"f{n}", match=(f"f{n}",)) for n in range(3, 62)),
    ),
    core_events=("Workflow_Run",),
    lookback_days=LOOKBACK,
)


def at(day: int, hour: int = 12, minute: int = 0, second: int = 0, micro: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, second, micro, tzinfo=UTC)


def one(key: str, day: int | datetime = 5, known: datetime | None = None, **more):
    occurred = day if isinstance(day, datetime) else at(day)
    given = {"occurred_at": occurred, "known_at": known or occurred, "event_name": "login"}
    return {"source": "app", "event_id": key, "source_account_id": "a", **given, **more}


XREF = pl.DataFrame(
    [
        ("app", "a", "acc_1", "anchor", "", 1.0, at(1)),
        ("app", "late", "acc_2", "name", "", 0.9, at(9)),
        ("app", "Größe & Söhne", "acc_ü", "name", "", 0.9, at(1)),
        ("crm", "a", "acc_3", "anchor", "", 1.0, at(1)),
        ("app", "future", "acc_4", "anchor", "", 1.0, at(25)),
    ],
    schema=RESULT_TABLES["account_xref"].columns,
    orient="row",
)
LINKS = pl.DataFrame(
    [
        ("app", "u", "acc_3", "usr_u", "sso", at(1)),
        ("app", "mover", "acc_1", "usr_m", "sso", at(2)),
        ("app", "mover", "acc_2", "usr_m", "sso", at(8)),
        ("app", "twice", "acc_1", "usr_t", "sso", at(8, 1)),
        ("app", "twice", "acc_2", "usr_t", "sso", at(8, 2)),
        ("app", "newcomer", "acc_1", "usr_n", "sso", at(12)),
        ("app", "Ödön", "acc_1", "usr_ö", "sso", at(1)),
        ("app", "future", "acc_1", "usr_f", "sso", at(25)),
    ],
    schema=LINK_COLUMNS,
    orient="row",
)

CASES = {
    "plain": [one("plain")],
    "copies that arrive together": [one("c1"), one("c1"), one("c1")],
    "a copy that arrives later": [one("c2"), one("c2", known=at(9))],
    "copies of different content, told in either order": [
        one("c3", known=at(7), feature="reports", quantity=2.0),
        one("c3", known=at(6), feature="api", quantity=None),
        one("c3", known=at(6), feature="api", quantity=5.0),
    ],
    "copies of different time": [one("c4", at(5, 1)), one("c4", at(5, 2)), one("c4", at(6, 2))],
    "an id again, further away than copies lie": [one("c5", 2), one("c5", 17)],
    "a chain of copies": [one("c6", 2), one("c6", 9), one("c6", 16)],
    "the same id of two sources": [one("c7"), one("c7", source="crm")],
    "ids that are almost the same": [one("c8"), one("c8 "), one("C8"), one("ç8"), one("ç8")],
    "an empty id": [one(""), one("")],
    "late": [one("l1", known=at(15)), one("l2", 2, at(20, 23, 59, 59, 999999))],
    "too late": [one("l3", known=at(21, 0))],
    "ahead of the clock": [one("l4", known=at(4)), one("l5", 21, at(4))],
    "borders of UTC days": [
        one("d1", at(5, 23, 59, 59, 999999)),
        one("d2", at(6, 0)),
        one("d3", at(5, 23, 59), at(6, 0)),
    ],
    "before the first valid year": [one("d4", datetime(1970, 1, 1, tzinfo=UTC), at(5))],
    "known before the range": [one("p1", at(1, 0), source_user_id="u")],
    "no user": [one("u1", source_user_id=None), one("u2", source_user_id="")],
    "an unknown user": [
        one("u3", source_user_id="nobody"),
        one("u4", source_user_id="nobody", source_account_id=None),
        one("u5", source_user_id="Жанна 🙂", source_account_id=None),
        one("u6", source_user_id="Жанна 🙂"),
    ],
    "nobody at all": [one("u7", source_account_id=None), one("u8", source_account_id="")],
    "an unknown account": [one("a1", source_account_id="zz"), one("a2", source_account_id="A")],
    "an account known later": [one("a3", source_account_id="late")],
    "an account known after the range": [one("a4", source_account_id="future")],
    "users who decide": [
        one(f"w{who}{day}", day, source_user_id=who, source_account_id=account)
        for who in ("u", "mover", "twice", "newcomer", "Ödön", "future")
        for day in (4, 8, 13)
        for account in ("a", "late", None)
    ],
    "unicode accounts": [one("n1", source_account_id="Größe & Söhne", source_user_id="Ödön")],
    "decimals": [
        *(one(f"q{n}", source_user_id="u", quantity=0.1) for n in range(10)),
        one("qa", 6, source_user_id="u", quantity=2.5),
        one("qb", 7, source_user_id="u", quantity=3.4999995),
        one("qc", 8, source_user_id="u", quantity=1e-7),
        one("qd", 9, source_user_id="u", quantity=0.0),
        one("qe", 10, source_user_id="u", quantity=-1.0),
        one("qf", 11, source_user_id="u", quantity=123456789012.0),
        one("qg", 12, source_user_id="u", quantity=None),
    ],
    "features": [
        one("f1", feature="Reports"),
        one("f2", feature="charts", event_name="API_called"),
        one("f3", feature="ÜBERSICHT", source_user_id="u"),
        one("f4", feature="Обзор"),
        one("f5", feature="f61"),
        one("f6", feature="???"),
        one("f7", feature=""),
        one("f8", event_name="workflow_run", quantity=4.0),
        one("f9", event_name="WORKFLOW_RUN", feature="f40", source_user_id="mover"),
    ],
}


def events() -> pl.DataFrame:
    """All of them as they would be landed."""
    schema = {**SOURCE_TABLES["events"].schema, "known_at": pl.Datetime("us", "UTC")}
    rows = [row for case in CASES.values() for row in case]
    return pl.DataFrame(rows, schema=schema, orient="row")
