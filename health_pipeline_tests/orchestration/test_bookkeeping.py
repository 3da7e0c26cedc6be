"""What Dagster writes of a run: an event for each asset and day where it has days, else one."""

from __future__ import annotations

from collections import Counter
from datetime import date

import dagster as dg
import pytest

from health_pipeline.orchestration.window import Window, tags_for, window_of


def events(instance, run_id: str, kind: dg.DagsterEventType) -> Counter[str]:
    """Events of `kind` by asset."""
    records = instance.get_records_for_run(run_id, of_type=kind).records
    keys = [record.event_log_entry.dagster_event.asset_key for record in records]
    return Counter(key.to_user_string() for key in keys)


def test_no_asset_is_planned_more_often_than_it_is_materialized(ran):
    planned, done = (
        events(ran.instance, ran.ranged.run_id, kind)
        for kind in (
            dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
            dg.DagsterEventType.ASSET_MATERIALIZATION,
        )
    )
    assert planned == done
    assert planned["health_scores"] == 3
    assert planned["accounts"] == 1


@pytest.mark.parametrize("recorded", [True, False])
def test_tags_name_the_window(recorded):
    first, last = date(2025, 6, 1), date(2025, 6, 30)
    assert window_of(tags_for(first, last, recorded=recorded)) == Window(first, last)


def test_a_run_without_a_record_tells_dagster_of_the_last_day_alone():
    tags = tags_for(date(2025, 6, 1), date(2025, 6, 30), recorded=False)
    assert tags["dagster/partition"] == "2025-06-30"
    assert not any(name.startswith("dagster/asset_partition_range") for name in tags)
