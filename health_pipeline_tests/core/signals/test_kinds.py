"""Every kind is documented, tested and can speak."""

from __future__ import annotations

import importlib
import re
from datetime import date
from pathlib import Path

import pytest

from health_pipeline.core.alerts.gates import USAGE
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.signals import kinds as kinds_package
from health_pipeline.core.signals.kind import kinds

FOLDER = Path(__file__).parent / "kinds"
EACH = pytest.mark.parametrize("kind", kinds().values(), ids=kinds().keys())


def test_a_case_table_for_each_kind_and_no_other():
    tables = {path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py")}
    assert tables == set(kinds())


@EACH
def test_the_case_table_covers_every_status(kind):
    cases = importlib.import_module(f"health_pipeline_tests.core.signals.kinds.test_{kind.name}")
    statuses = {expected[1] for *_, expected in cases.CASES}
    assert statuses >= {"measured", "missing", "not_applicable"}


@EACH
def test_documented_in_one_line_with_its_requirement(kind):
    title = kind.doc.splitlines()[0]
    assert title.endswith(".")
    assert "(R" in title


@EACH
def test_words_are_complete(kind):
    said = kind.meta.model_dump(exclude={"code_needs", "code_otherwise"})
    words = [value for value in said.values() if isinstance(value, str)]
    assert all(word.strip() == word != "" for word in words)
    assert bool(kind.meta.code_needs) == bool(kind.meta.code_otherwise)


@EACH
def test_sentences_carry_a_figure_and_need_no_baseline(kind):
    facts = {
        "value": 12.5,
        "baseline": None,
        "unit": kind.meta.unit,
        "observed_on": date(2026, 3, 31),
        "detail": "the detail",
    }
    said = [kind.meta.risk_sentence.format(**facts), kind.meta.strength_sentence.format(**facts)]
    assert all("1" in sentence or "the detail" in sentence for sentence in said)
    assert not any("None" in sentence or "{" in sentence for sentence in said)


@EACH
def test_knots_run_in_the_direction_of_the_kind(kind):
    knots = kind.meta.default_knots
    ordered = sorted(set(knots), reverse=not kind.meta.higher_is_better)
    assert list(knots) == ordered


@EACH
def test_freshness_can_be_computed(kind):
    assert kind.meta.ttl_days >= 0
    assert kind.meta.half_life_days > 0


@EACH
def test_options_have_defaults(kind):
    assert kind.params() == kind.params(**kind.params().model_dump())


def test_lagging_kinds_are_those_of_the_requirement():
    lagging = {kind.name for kind in kinds().values() if not kind.meta.leading}
    assert lagging == {
        "resolution_time", "reopen_rate", "overdue_invoices", "failed_payments", "sentiment",
        "seat_reduction_requests", "commercial_trend",
    }, "R71"  # fmt: skip


def test_hard_kinds_are_the_events_of_the_method():
    """A cancellation notice is no signal; it acts by itself."""
    assert {kind.name for kind in kinds().values() if kind.meta.hard} == {
        "sponsor_left", "seat_reduction_requests",
    }  # fmt: skip


@EACH
def test_the_tables_that_a_kind_reads_are_named(kind):
    """So that an outage of one of them is not taken for news of customers."""
    source = (Path(kinds_package.__path__[0]) / f"{kind.name}.py").read_text(encoding="utf-8")
    asked = {name for name in SOURCE_TABLES if re.search(rf'(has|rows)\((view, )?"{name}"', source)}
    assert set(kind.meta.reads) - {USAGE} <= set(SOURCE_TABLES)
    assert kind.meta.reads
    assert asked <= set(kind.meta.reads)
    if "usage(view)" in source:
        assert USAGE in kind.meta.reads


@EACH
def test_a_kind_reads_by_the_engine_that_all_use(kind):
    """See `core.schemas.queries`."""
    source = (Path(kinds_package.__path__[0]) / f"{kind.name}.py").read_text(encoding="utf-8")
    assert ".collect(" not in source
