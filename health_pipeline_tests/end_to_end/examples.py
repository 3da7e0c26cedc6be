"""What the worked examples have in common: their places, their runs, what their files say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from health_pipeline_tests.end_to_end.shell import Place, health

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
DATA = ROOT.parent / "shared" / "data"
RESAVE = "ravenstack_excel_resave_ddmmyyyy"
LAST = {"ravenstack": date(2024, 12, 31), "openstack": date(2015, 12, 31)}

NO_TABLE = {"integrations", "procurement_flags", "seat_reduction_requests", "sponsor_left"}

NO_SIGNAL = {
    "ravenstack": NO_TABLE
    | {
        *("core_depth", "onboarding_milestones", "overdue_invoices", "seat_utilisation"),
        *("seats_active_30d", "seats_active_7d", "sentiment", "sponsor_engagement"),
        "stickiness",
    },
    "openstack": NO_TABLE
    | {
        *("escalations", "onboarding_milestones", "open_tickets", "overdue_invoices"),
        *("resolution_time", "seat_utilisation", "seats_active_30d", "seats_active_7d"),
        *("sentiment", "sponsor_engagement"),
    },
}


def run(model: str, data: str, home: Path, *days: object) -> Place:
    """`health run` with the model and the data that a README names."""
    sources = DATA / data
    if not sources.is_dir():
        pytest.skip(f"NOT TESTED: the third-party data {sources} is missing")
    place = Place(home, sources)
    place.told = health(
        *("run", "--sources", sources, "--lake", place.lake),
        *("--model", EXAMPLES / model, *days),
    )
    return place


AGAINST_THE_FILES = [
    # why, a query of the lake, the same of the raw files
    (
        "who is a customer, in which segment and with what money; no trial account",
        """
        SELECT source_account_id, segment, arr FROM health_scores
        JOIN account_xref USING (account_id) WHERE date = DATE '2024-12-31'
        """,
        """
        SELECT account_id, lower(a.plan_tier), sum(arr_amount)::DOUBLE
        FROM in_force JOIN accounts a USING (account_id) WHERE NOT a.is_trial GROUP BY ALL
        """,
    ),
    (
        "contracted seats",
        """
        SELECT source_account_id, seats FROM accounts JOIN account_xref USING (account_id)
        WHERE seats IS NOT NULL
        """,
        "SELECT account_id, sum(seats)::BIGINT FROM in_force GROUP BY ALL",
    ),
    (
        "length of terms",
        "SELECT subscription_id, term_months FROM landing.subscriptions",
        """
        SELECT subscription_id, if(billing_frequency = 'annual', 12, 1)
        FROM subscriptions WHERE NOT is_trial
        """,
    ),
    (
        "losses; who came back is none",
        "SELECT outcome_id, source_account_id, occurred_on, kind FROM landing.outcomes",
        """
        SELECT churn_event_id, account_id, churn_date, 'logo_loss'
        FROM churn_events WHERE NOT is_reactivation
        """,
    ),
    (
        "escalations of 14 days, of accounts that support knows",
        """
        SELECT source_account_id, value::BIGINT FROM signals JOIN account_xref USING (account_id)
        WHERE date = DATE '2024-12-31' AND signal = 'escalations' AND status = 'measured'
        """,
        """
        SELECT account_id, count(*) FILTER (escalation_flag AND submitted_at > DATE '2024-12-17')
        FROM support_tickets JOIN accounts USING (account_id) WHERE NOT is_trial GROUP BY ALL
        """,
    ),
    (
        "key features of 30 days: of an id that stands twice only the first use",
        """
        SELECT source_account_id, round(value)::BIGINT FROM signals
        JOIN account_xref USING (account_id)
        WHERE date = DATE '2024-12-31' AND signal = 'key_features' AND value > 0
        """,
        """
        WITH first AS (
            SELECT min_by(u, usage_date) AS u FROM feature_usage u GROUP BY usage_id
        )
        SELECT account_id, 20 * count(DISTINCT u.feature_name) FROM first
        JOIN subscriptions s ON s.subscription_id = u.subscription_id
        JOIN accounts a USING (account_id)
        WHERE NOT a.is_trial AND u.usage_date > DATE '2024-12-01' AND u.feature_name
            IN ('feature_6', 'feature_12', 'feature_17', 'feature_32', 'feature_34')
        GROUP BY ALL
        """,
    ),
]
