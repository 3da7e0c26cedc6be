import json
import sqlite3

import pytest

from health_pipeline.adapters.store.control import SCHEMA_VERSION, open_control
from health_pipeline.adapters.store.outbox import deliveries
from health_pipeline_tests.adapters.store.outbox_world import START, Clock, Receiver, counts, send

AT = "2026-03-11T06:00:00.000000+00:00"
OLD = """
CREATE TABLE evaluations (day TEXT NOT NULL, model_version TEXT NOT NULL,
  evaluated_at TEXT NOT NULL, PRIMARY KEY (day, model_version)) STRICT;
CREATE TABLE outbox (key TEXT PRIMARY KEY, alert_id TEXT NOT NULL, channel TEXT NOT NULL,
  dedup_key TEXT NOT NULL, payload TEXT NOT NULL, created_at TEXT NOT NULL, state TEXT NOT NULL,
  attempts INTEGER NOT NULL, failures INTEGER NOT NULL, next_at TEXT NOT NULL, lease_until TEXT,
  lease_owner TEXT, last_error TEXT) STRICT;
CREATE INDEX outbox_open ON outbox (channel, dedup_key) WHERE state IN ('pending', 'leased');
CREATE TABLE delivery_attempts (delivery_id TEXT PRIMARY KEY, alert_id TEXT NOT NULL,
  target TEXT NOT NULL, key TEXT NOT NULL, attempt INTEGER NOT NULL, at TEXT NOT NULL,
  ok INTEGER NOT NULL, status_code INTEGER, retry_at TEXT, error TEXT) STRICT;
PRAGMA user_version = 4;
"""


def alert(name, **changes):
    row = dict.fromkeys(
        (
            "alert_id", "dedup_key", "account_id", "kind", "from_state", "to_state", "severity",
            "route", "opened_at", "play_id", "owner_email", "sentence",
        )
    )  # fmt: skip
    row |= {"alert_id": name, "opened_at": AT, "kind": "driver", "account_id": "acc_1"}
    row |= {"severity": "warning", "route": "owner:ann@us.example", "sentence": f"Acme: {name}"}
    return json.dumps(row | changes)


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "control.db"
    connection = sqlite3.connect(path)
    connection.executescript(OLD)
    rows = [
        ("told", "k1", alert("told"), "delivered", 1),
        ("waits", "k2", alert("waits"), "pending", 0),
        ("news", "k3", alert("news", kind="run_failed", account_id=None), "pending", 0),
        ("under way", "k4", alert("under way"), "leased", 1),
        ("dead", "k5", alert("dead"), "dead", 8),
    ]
    with connection:
        connection.executemany(
            "INSERT INTO outbox VALUES (?1, ?1, 'ops', ?2, ?3, ?5, ?4, ?6, 0, ?5, NULL, NULL,"
            " NULL)",
            [(key, dedup, payload, state, AT, tries) for key, dedup, payload, state, tries in rows],
        )
        connection.execute(
            "INSERT INTO delivery_attempts VALUES ('d1', 'told', 'ops', 'told', 1, ?, 1, 200, NULL,"
            " NULL)",
            (AT,),
        )
    connection.close()
    return path


def test_what_waited_is_told_and_what_was_told_is_not(old):
    connection = open_control(old)
    assert connection.execute("PRAGMA user_version").fetchall() == [(SCHEMA_VERSION,)]
    receiver = Receiver()
    assert counts(send(connection, Clock(), ops=receiver)) == (3, 0, 0, 0, 0)
    assert [(name, again) for name, _, _, again in receiver.got] == [
        ("waits", False),
        ("news", False),
        ("under way", True),
    ]
    found = deliveries(connection)
    assert dict(found.select("key", "alert_id").rows()) == {
        "told": "told", "waits": "waits", "news": None, "under way": "under way",
    }  # fmt: skip
    assert found.filter(key="told")["at"].to_list() == [START]
    connection.close()


def test_opening_it_again_changes_nothing(old):
    open_control(old).close()
    connection = open_control(old)
    states = connection.execute("SELECT state, count(*) FROM outbox GROUP BY 1 ORDER BY 1")
    assert states.fetchall() == [("dead", 1), ("delivered", 1), ("pending", 3)]
    connection.close()
