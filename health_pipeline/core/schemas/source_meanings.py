"""What the source tables and their columns mean, in words: for docs/source_tables.md.

Belongs here: one sentence a table, one phrase a column. Does not: types and keys (`sources.py`).
"""

from __future__ import annotations

SOURCE_ROWS: dict[str, str] = {
    "accounts": "Companies as each system knows them.",
    "account_links": "Explicit ties: ids of other systems, further domains, further names.",
    "users": "People at the customer. A sponsor of the customer is a user with `is_sponsor`.",
    "events": "What users did in the product. An event has no versions.",
    "usage_daily": "Daily aggregates, for those without events. They fill account-days that have no"
    " event.",
    "subscriptions": "Contracts: one row for each term, or one continuing row with versions.",
    "seat_requests": "Requests for more or fewer seats.",
    "invoices": "Invoices and what became of them.",
    "tickets": "Support tickets.",
    "surveys": "Answers to surveys.",
    "milestones": "Steps of onboarding and other projects.",
    "engagements": "Meetings, calls and mails with the customer.",
    "integrations": "The state of each integration as observed; it holds until the next one.",
    "sentiments": "What our people think of the account, 1 to 5 on a written rubric.",
    "renewals": "Renewals and expansions in the CRM.",
    "interventions": "What our people did about an account.",
    "outcomes": "What became of contracts. Where connected, it alone says who left.",
}
"""Table → what a row of it is."""

EVERYWHERE: dict[str, str] = {
    "source": "name of the system that the row came from; its role stands in identity.yaml",
    "source_account_id": "the account's id in that system",
    "source_user_id": "the user's id in that system",
    "known_at": "when this version of the row became known; may be left out",
    "subscription_id": "the contract",
    "currency": "ISO code; rows of another currency than the model's are counted, not converted",
    "plan": "plan, as features and segments name it",
    "owner_email": "our owner",
    "note": "free text",
    "opened_at": "when it was opened",
    "name": "its name",
    "deleted_at": "when its source deleted it: from then on it does not count",
}
"""Columns that mean the same wherever they stand."""

OF_TABLE: dict[str, dict[str, str]] = {
    "accounts": {
        "name": "company name",
        "domain": "company domain",
        "parent_source_account_id": "the parent company's id in the same system",
        "domain_verified": "false: the domain is somebody's typing and links nothing",
        "customer_tier": "tier of service; `exclude` of churn.yaml looks at it",
        "region": "region",
        "employees": "employees",
        "industry": "industry",
        "deployment": "depth of deployment",
        "exec_email": "our executive contact",
        "created_at": "when the record was created",
        "deleted_at": "when it was deleted",
    },
    "account_links": {
        "kind": "what `value` is",
        "value": "an id, a domain or a name",
        "linked_source": "for `account_id`: the system that `value` is an id of",
        "deleted_at": "when the tie was taken back; it ties nothing any more, in no version",
    },
    "users": {
        "email": "address",
        "email_verified": "false: the address ties the user to no account",
        "sso_domain": "domain of the single sign-on",
        "sso_claim": "domain that the sign-on claims",
        "role": "role in the product",
        "is_sponsor": "executive sponsor of the customer; stays true when the person leaves",
        "created_at": "when the user was created",
        "deactivated_at": "when the user lost the seat",
        "deleted_at": "when the record was deleted",
    },
    "events": {
        "event_id": "the event; copies of one id count once",
        "occurred_at": "when it happened",
        "source_user_id": "who; without it the event counts for volume, not for active users",
        "source_account_id": "the account, where the user does not tell",
        "event_name": "what happened",
        "feature": "the feature; activity.yaml says what it means",
        "quantity": "how many times; 1 where left out",
        "received_at": "when we received it",
    },
    "usage_daily": {
        "source_user_id": "empty for the whole account",
        "day": "the day",
        "metric": "`event:NAME` or `feature:NAME`, which add up, or `active_users`,"
        " `active_users_7d`, `active_users_30d`, which are used as given",
        "value": "the figure, rounded to a whole number; what is above 0 and below 1 counts as 1",
    },
    "subscriptions": {
        "seats": "contracted seats",
        "arr": "annual recurring revenue, whatever the term",
        "starts_on": "first day of the term",
        "renews_on": "next renewal",
        "ended_on": "day from which it is no longer in force",
        "cancellation_notice_on": "day on which notice was given",
        "status": "status, as the system words it",
        "term_months": "length of the term",
    },
    "seat_requests": {
        "request_id": "the request",
        "requested_on": "day of the request",
        "seats": "how many more; negative for fewer",
    },
    "invoices": {
        "invoice_id": "the invoice",
        "issued_on": "day of issue",
        "due_on": "day by which it is to be paid",
        "paid_on": "day on which it was paid",
        "amount": "amount",
        "amount_paid": "amount that was paid",
        "failed_attempts": "attempts to collect that failed",
        "last_failed_at": "the last of them",
        "voided_on": "day on which it was cancelled",
    },
    "tickets": {
        "ticket_id": "the ticket",
        "first_responded_at": "first answer",
        "resolved_at": "resolution",
        "reopened_count": "how often it was opened again",
        "reopened_at": "the last time",
        "escalated_at": "when it was escalated",
        "priority": "priority",
        "satisfaction": "what the customer gave it, 1 to 5: an answer of `survey_satisfaction`",
    },
    "surveys": {
        "response_id": "the answer",
        "answered_at": "when",
        "kind": "kind of survey",
        "score": "score on the survey's own scale",
    },
    "milestones": {
        "milestone_id": "the milestone",
        "project": "the project that it belongs to",
        "is_onboarding": "it is part of onboarding",
        "is_first_value": "with it the customer first has value",
        "starts_on": "day on which work on it starts",
        "due_on": "plan as it stands",
        "original_due_on": "plan as first agreed; delays count against it",
        "completed_on": "day of completion",
    },
    "engagements": {
        "engagement_id": "the engagement",
        "occurred_at": "when",
        "kind": "meeting, call, email, …",
        "contact_email": "with whom",
        "contact_is_sponsor": "with a sponsor; left out: the user of that address tells",
        "direction": "an unanswered outgoing mail is no engagement",
    },
    "integrations": {
        "integration_id": "the integration",
        "observed_at": "when it was looked at",
        "is_crucial": "the customer depends on it",
        "status": "state",
        "last_synced_at": "last successful sync",
        "expected_sync_hours": "hours between syncs, as intended",
    },
    "sentiments": {
        "recorded_at": "when",
        "score": "1 (worst) to 5",
        "author": "who",
    },
    "renewals": {
        "opportunity_id": "the CRM's id of the record",
        "kind": "what it is about",
        "opened_on": "day of opening",
        "close_on": "planned day of closing",
        "closed_on": "day on which it was closed",
        "amount": "amount",
        "stage": "stage",
        "stage_changed_at": "since when",
        "discount_requested_pct": "discount asked for, in per cent",
        "discount_approved_at": "when it was approved",
        "recovery_plan_id": "play or intervention that answers the risk",
        "procurement_flag": "procurement is involved",
    },
    "interventions": {
        "intervention_id": "the intervention",
        "play": "what was done",
        "due_at": "by when",
        "started_at": "when a person started",
        "completed_at": "when it was done",
        "outcome": "what came of it",
        "assignment": "for trials: treated, or held out",
    },
    "outcomes": {
        "outcome_id": "the outcome",
        "occurred_on": "day from which it is in force",
        "kind": "what happened",
        "notice_on": "day of the notice",
        "arr_before": "annual recurring revenue before",
        "arr_after": "and after; 0 is a loss",
    },
}
"""Columns of one table; they win over `EVERYWHERE`."""


def source_meaning(table: str, column: str) -> str:
    """What `column` of source `table` means; KeyError when nobody wrote it down."""
    return OF_TABLE.get(table, {}).get(column) or EVERYWHERE[column]
