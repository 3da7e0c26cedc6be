from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    case_test,
    on,
    world,
)


def record(flag, closes=-30, *, account_id="a", **columns):
    return {
        "account_id": account_id,
        "kind": "renewal",
        "close_on": on(closes),
        "procurement_flag": flag,
        **columns,
    }


def crm(*records, columns=("stage", "closed_on", "procurement_flag")):
    return world({"renewals": list(records)}, provided={"renewals": set(columns)})


NONE = (0.0, "measured", "no open renewal is flagged")
FLAGGED = (1.0, "measured", "to be closed on 2026-04-30, renewal")
CASES = [
    ("flagged and open", crm(record(True, stage="open")), {}, FLAGGED),
    ("stage unknown", crm(record(True)), {}, FLAGGED),
    ("of several the one that closes first", crm(record(True, -60), record(True)), {}, FLAGGED),
    ("in another currency", crm(record(True, currency="EUR")), {}, FLAGGED),
    (
        "closing date past and still open",
        crm(record(True, 9)),
        {},
        (1.0, "measured", "to be closed on 2026-03-22, renewal"),
    ),
    (
        "an expansion",
        crm(record(True, kind="expansion")),
        {},
        (1.0, "measured", "to be closed on 2026-04-30, expansion"),
    ),
    ("not flagged", crm(record(False)), {}, NONE),
    ("won", crm(record(True, stage="won")), {}, NONE),
    ("lost", crm(record(True, stage="lost")), {}, NONE),
    ("closed", crm(record(True, closed_on=on(1))), {}, NONE),
    ("nothing open, and it never told", crm(record(None, stage="won")), {}, NONE),
    ("the open one does not tell", crm(record(None)), {}, MISSING),
    ("another one tells", crm(record(None), record(False)), {}, NONE),
    ("records of others only", crm(record(True, account_id="b")), {}, MISSING),
    ("connected and empty", crm(), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    ("flags never told", crm(record(True), columns=("stage",)), {}, NOT_APPLICABLE),
]

test_procurement_flags = case_test("procurement_flags", CASES)
