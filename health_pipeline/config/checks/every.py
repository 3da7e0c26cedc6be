"""Every rule, in the order of the files that it speaks about."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from health_pipeline.config.checks import (
    delivery,
    engines,
    overrides,
    people,
    plays,
    routes,
    scoring,
    segment_targets,
    segments,
    signal_params,
    signals,
    sources,
)
from health_pipeline.config.draft import BrokenError, Draft
from health_pipeline.config.issue import Issue

RULES: tuple[Callable[[Draft], Iterator[Issue]], ...] = (
    people.churn_events,
    people.entity,
    people.currency,
    people.exclusions,
    people.roles,
    people.precedence,
    people.public_domains,
    people.likeness,
    people.feature_names,
    people.feature_matches,
    people.core_use,
    people.holidays,
    segments.bands,
    segments.segment_names,
    segments.segment_matches,
    segments.segment_turns,
    signals.signal_names,
    signals.kind_names,
    signals.group_names,
    signals.play_names,
    signals.knot_order,
    signals.sentences,
    signals.signal_weights,
    signals.lagging_weight,
    segment_targets.own_signals,
    segment_targets.own_weights,
    segment_targets.own_knots,
    signal_params.params,
    signal_params.windows,
    signal_params.features,
    scoring.group_weights,
    scoring.tier_names,
    scoring.tier_words,
    scoring.tier_ranges,
    scoring.expansion_parts,
    scoring.views,
    scoring.gate_names,
    scoring.gates_beside_keys,
    scoring.gates_lead,
    scoring.gate_values,
    scoring.gate_caps,
    scoring.combined_gates,
    plays.play_names,
    plays.gate_plays,
    plays.otherwise,
    plays.trigger_names,
    plays.trigger_conditions,
    plays.stand_ins,
    plays.play_steps,
    plays.unused_plays,
    delivery.driver_borders,
    delivery.told_states,
    delivery.alert_channels,
    routes.route_channels,
    routes.routes_end,
    routes.matchers,
    routes.whole_matches,
    routes.inhibitions,
    routes.silences,
    routes.time_zones,
    routes.managers,
    routes.quiet_hours,
    routes.addresses,
    delivery.channel_params,
    delivery.channel_addresses,
    delivery.allowed_hosts,
    delivery.record_types,
    sources.table_names,
    sources.one_origin,
    sources.joins,
    sources.time_formats,
    sources.durations,
    sources.zones,
    sources.scales,
    sources.file_forms,
    engines.spark_addresses,
    overrides.one_thing,
    overrides.words,
    overrides.periods,
    overrides.one_at_a_time,
)


def semantic_issues(draft: Draft) -> list[Issue]:
    """What the rules find; a rule whose file has no shape is silent, that file's issues stand."""
    found: list[Issue] = []
    for rule in RULES:
        try:
            found += rule(draft)
        except BrokenError:
            continue
    return found
