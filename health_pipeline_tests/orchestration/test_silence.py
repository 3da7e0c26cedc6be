"""Which tables are asked whether they fell silent."""

from __future__ import annotations

from datetime import date, timedelta

from health_pipeline.config.loader import load_model
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.scoring.outages import silent_since
from health_pipeline.orchestration.assets.outages import assets
from health_pipeline.orchestration.assets.signals import IN_WAVES, READ
from health_pipeline.orchestration.keys import landing_key

END = date(2026, 3, 31)
SURVEYED = [END - timedelta(days=n) for n in range(46, 88)]
"""Six weeks of a quarter; nobody is asked after that."""


def test_a_survey_that_is_over_rests_nobodys_tier():
    assert silent_since(SURVEYED, END), "which is what a silent source looks like"
    (outages,) = assets(load_model())
    asked = {dep.asset_key for spec in outages.specs for dep in spec.deps}
    assert landing_key("tickets") in asked
    assert not {landing_key(name) for name in IN_WAVES} & asked


def test_every_table_that_a_signal_reads_is_of_one_kind_or_the_other():
    """Usage has its own judgement; what only helps is waited for by nothing."""
    reads = {name for spec in load_model().signals for name in spec.reads}
    assert reads - {"events", "usage_daily", "outcomes"} == {*READ, *IN_WAVES}
    assert not set(READ) & set(IN_WAVES)
    assert {*READ, *IN_WAVES} <= set(SOURCE_TABLES)
