"""Exports that this project did not make, through a mapping, row for row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from health_pipeline_tests.adapters.sources.handed_in import read, rejected

DATA = Path(__file__).parents[4] / "shared" / "data"


def folder(name: str) -> Path:
    if not (DATA / name).is_dir():
        pytest.skip(f"NOT TESTED: the third-party data {DATA / name} is missing")
    return DATA / name


DAY = {"format": ["%d-%m-%Y"]}
MOMENT = {"format": ["%d-%m-%Y %H:%M", "%d-%m-%Y"]}
CHURNED = {"True": "churned", "TRUE": "churned", "*": "live"}
SAAS = {"source": {"constant": "ravenstack"}, "source_account_id": {"from": "account_id"}}


def ravenstack(day: dict, moment: dict) -> dict[str, dict]:
    """The mapping of each table; `day` and `moment` are how the export writes its times."""
    submitted = {"from": "submitted_at", **moment}
    owner = {"table": "ravenstack_subscriptions", "key": "subscription_id", "value": "account_id"}
    return {
        "accounts": {
            "file": "ravenstack_accounts",
            "columns": {
                **SAAS,
                "name": {"from": "account_name"},
                "region": {"from": "country"},
                "plan": {"from": "plan_tier"},
                "created_at": {"from": "signup_date", **moment},
            },
        },
        "subscriptions": {
            "file": "ravenstack_subscriptions",
            "columns": {
                **SAAS,
                "plan": {"from": "plan_tier"},
                "arr": {"from": "arr_amount"},
                "starts_on": {"from": "start_date", **day},
                "ended_on": {"from": "end_date", **day},
                "status": {"from": "churn_flag", "values": CHURNED},
            },
        },
        "usage_daily": {
            "file": "ravenstack_feature_usage",
            "columns": {
                "source": {"constant": "ravenstack"},
                "source_account_id": {"from": "subscription_id", "lookup": owner},
                "day": {"from": "usage_date", **day},
                "metric": {"from": "feature_name", "prefix": "feature:"},
                "value": {"from": "usage_count"},
            },
        },
        "tickets": {
            "file": "ravenstack_support_tickets",
            "columns": {
                **SAAS,
                "opened_at": submitted,
                "first_responded_at": {
                    **submitted,
                    "plus": {"column": "first_response_time_minutes", "unit": "minutes"},
                },
                "resolved_at": {"from": "closed_at", **moment},
                "escalated_at": {**submitted, "when": {"escalation_flag": ["True", "TRUE"]}},
                "priority": {"from": "priority", "values": {"medium": "normal"}},
                "satisfaction": {"from": "satisfaction_score"},
            },
        },
        "outcomes": {
            "file": "ravenstack_churn_events",
            "where": {"is_reactivation": ["False", "FALSE"]},
            "columns": {
                **SAAS,
                "outcome_id": {"from": "churn_event_id"},
                "occurred_on": {"from": "churn_date", **day},
                "kind": {"constant": "logo_loss"},
            },
        },
    }


ROWS = {
    "accounts": 500,
    "subscriptions": 5000,
    "usage_daily": 25000,
    "tickets": 2000,
    "outcomes": 600,
}


@pytest.mark.parametrize("table", ROWS)
def test_a_spreadsheet_that_rewrote_every_date_changes_nothing(table):
    original = read(folder("ravenstack"), table, ravenstack({}, {})[table])
    resaved = read(
        folder("ravenstack_excel_resave_ddmmyyyy"), table, ravenstack(DAY, MOMENT)[table]
    )
    assert rejected(original) == []
    assert original.rows.height + original.left_out == ROWS[table]
    assert resaved.rows.equals(original.rows)


def test_the_resave_without_a_format_is_quarantined_whole_and_says_what_to_do():
    mapping = ravenstack({}, {})["tickets"]
    found = read(folder("ravenstack_excel_resave_ddmmyyyy"), "tickets", mapping)
    assert found.rows.height == 0
    assert found.quarantine["origin"].n_unique() == ROWS["tickets"]
    assert any("looks like %d-%m-%Y; set `format`" in warning for warning in found.warnings)
    assert any("looks like %d-%m-%Y %H:%M; set" in warning for warning in found.warnings)


def test_tickets_say_what_the_export_says():
    rows = read(folder("ravenstack"), "tickets", ravenstack({}, {})["tickets"]).rows
    first = rows.row(0, named=True)
    assert first["ticket_id"] == "T-0024de"
    assert first["first_responded_at"] == datetime(2023, 7, 27, 1, 14, tzinfo=UTC)
    assert first["resolved_at"] == datetime(2023, 7, 28, 3, tzinfo=UTC)
    assert first["escalated_at"] is None
    raw = pl.read_csv(folder("ravenstack") / "ravenstack_support_tickets.csv")
    assert rows["escalated_at"].count() == raw["escalation_flag"].sum()
    assert rows["priority"].unique().sort().to_list() == ["high", "low", "normal", "urgent"]


def test_usage_finds_its_account_through_the_subscription():
    rows = read(folder("ravenstack"), "usage_daily", ravenstack({}, {})["usage_daily"]).rows
    subscriptions = pl.read_csv(folder("ravenstack") / "ravenstack_subscriptions.csv")
    usage = pl.read_csv(folder("ravenstack") / "ravenstack_feature_usage.csv")
    expected = usage.join(subscriptions, on="subscription_id", maintain_order="left")["account_id"]
    assert rows["source_account_id"].to_list() == expected.to_list()
    assert rows.row(0, named=True)["day"] == date(2023, 7, 27)
    assert rows["source_user_id"].null_count() == rows.height, "part of the key, never provided"


COMPANY = {"source": {"constant": "openstack"}, "source_account_id": {"from": "company_name"}}


def test_openstack_companies_their_domains_and_their_commits():
    where = folder("openstack_company_activity")
    companies = {"file": "companies", "array": True}
    names = {"columns": {**COMPANY, "name": {"from": "company_name"}}}
    accounts = read(where, "accounts", {**companies, **names})
    domain = {**COMPANY, "kind": {"constant": "domain"}, "value": {"from": "domains"}}
    links = read(where, "account_links", {**companies, "each": "domains", "columns": domain})
    raw = pl.read_json(where / "companies.json")
    assert accounts.rows["name"].to_list() == raw["company_name"].str.strip_chars().to_list()
    listed = raw.explode("domains").filter(pl.col("domains").str.strip_chars() != "")
    assert links.rows["value"].to_list() == listed["domains"].to_list()
    assert links.left_out == raw.filter(pl.col("domains").list.len() == 0).height
    events = read(where, "events", commits())
    assert events.rows.height == 49_472 - events.left_out
    assert rejected(events) == []
    assert events.rows["received_at"].dtype == pl.Datetime("us", "UTC")


def commits() -> dict:
    return {
        "file": "events_2010_2015",
        "where": {"is_bot": ["False"]},
        "columns": {
            "source": {"constant": "openstack"},
            "occurred_at": {"from": "authored_at"},
            "received_at": {"from": "merged_at"},
            "source_user_id": {"from": "user_key"},
            "source_account_id": {"from": "company"},
            "event_name": {"constant": "commit"},
        },
    }
