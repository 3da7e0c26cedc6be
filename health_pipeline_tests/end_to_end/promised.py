"""What contracts.md promises readers, written out: the code is held against this, not itself."""

from __future__ import annotations

_FIGURE = "report_month, segment, subject, metric, value, low, high, n, note, model_version"

COLUMNS = {
    "account_xref": "source, source_account_id, account_id, rule, evidence, confidence, linked_at",
    "user_xref": "source, source_user_id, account_id, user_id, rule",
    "accounts": "account_id, name, domain, parent_account_id, plan, region, employees, deployment,"
    " arr, seats, owner_email, renews_on, first_seen_on",
    "unresolved": "table, source, key, why, rows",
    "segments": "account_id, date, segment, plan, acv_band, deployment, region, size,"
    " customer_tier",
    "signals": "account_id, date, signal, value, unit, status, freshness_hours, segment_baseline,"
    " subscore",
    "driver_states": "account_id, date, signal, state, since",
    "driver_transitions": "transition_id, account_id, signal, date, from_state, to_state, at,"
    " value_before, value_after, reason_code, episode_id, silent, model_version",
    "health_scores": "account_id, date, score, tier, tier_since, tier_by_score, gate, gate_reason,"
    " coverage, groups_scored, trend_30d, expansion_index, churn_probability, arr, due, segment,"
    " scored_at, model_version",
    "contributions": "account_id, date, signal, group, status, weight, subscore, reference,"
    " points, points_vs_reference",
    "reason_codes": "account_id, date, reason_code, signal, rank, direction, points, sentence,"
    " evidence, play",
    "narratives": "account_id, date, headline, text, next_steps, context",
    "overrides": "account_id, date, tier_override, muted, why, author, until",
    "plays": "play_id, account_id, episode_id, play, reason_code, opened_at, due_at, owner_email,"
    " status, accepted_at, accepted_by, model_version, steps, first_touch_at, closed_at, outcome",
    "alerts": "alert_id, dedup_key, account_id, kind, from_state, to_state, severity, route,"
    " opened_at, group_id, status, suppressed_by, transition_id, play_id, owner_email, sentence,"
    " model_version",
    "deliveries": "delivery_id, alert_id, target, key, attempt, at, ok, status_code, retry_at,"
    " error",
    "churn_labels": "account_id, date, horizon_days, churned_within_horizon, effective_on,"
    " notice_on, known_on, days_to_event, event_kind, counterweight, censored,"
    " label_known_through",
    "backtests": _FIGURE,
    "drift": _FIGURE,
    "quarantine": "table, source, key, rule, value, origin, at",
}
"""Promised columns in their order; what stands after them in a table is free."""

CRM = (
    "health_score, health_tier, health_tier_since, health_reason_codes, health_narrative,"
    " health_trend_30d, health_coverage, health_churn_probability, health_next_play,"
    " health_next_play_due, health_recovery_plan_status, health_discount_guard,"
    " health_model_version, health_scored_at, health_tier_override, health_override_reason,"
    " health_override_until"
)
COLUMNS["crm_fields"] = f"account_id, date, record_type, record_id, {CRM}"

NAMED = {
    "baselines": "model_version segment signal k0 k60 k80 k100 reference n borrowed fitted_through",
    "identity_review": "probability why",
}
"""Tables of which the contract names columns without an order."""

FILLED = (
    *("account_xref", "user_xref", "accounts", "segments", "signals", "driver_states"),
    *("driver_transitions", "health_scores", "contributions", "baselines", "reason_codes"),
    *("narratives", "plays", "crm_fields", "quarantine", "unresolved"),
)
"""Tables that a run over the sample world cannot leave empty."""
