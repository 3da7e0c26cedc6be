from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.params import Band, SegmentRule, SegmentRules
from health_pipeline_tests.core.scoring.world import DAY, accounts

RULES = SegmentRules(
    acv_bands=(
        Band(name="small", low=0, high=25_000),
        Band(name="large", low=25_000),
    ),
    size_bands=(Band(name="smb", low=1, high=200), Band(name="big", low=200)),
    segments=(
        SegmentRule(name="key", match={"customer_tier": ("strategic",)}),
        SegmentRule(name="ent_large", match={"plan": ("Enterprise",), "acv_band": ("large",)}),
        SegmentRule(name="ent", match={"plan": ("Enterprise",)}),
        SegmentRule(name="emea_big", match={"region": ("EMEA", "APAC"), "size": ("big",)}),
        SegmentRule(name="no_arr", match={"plan": ("Growth",), "acv_band": ("unknown",)}),
    ),
    default="rest",
)
NAN, INF = float("nan"), float("inf")

CASES = [
    ("every column of a rule matches", {"plan": "Enterprise", "arr": 30_000.0}, "ent_large"),
    ("the low end of a band is inside", {"plan": "Enterprise", "arr": 25_000.0}, "ent_large"),
    ("the high end is outside", {"plan": "Enterprise", "arr": 24_999.99}, "ent"),
    (
        "the first match wins",
        {"plan": "Enterprise", "customer_tier": "strategic", "arr": 1.0},
        "key",
    ),
    ("any of the values matches", {"region": "APAC", "employees": 200}, "emea_big"),
    ("one column of a rule misses", {"region": "APAC", "employees": 199}, "rest"),
    ("an unknown band can be named", {"plan": "Growth", "arr": None}, "no_arr"),
    ("a number in no band is unknown", {"plan": "Growth", "arr": -1.0}, "no_arr"),
    ("NaN is in no band", {"plan": "Growth", "arr": NAN}, "no_arr"),
    ("infinity is in no band", {"plan": "Growth", "arr": INF}, "no_arr"),
    ("null attributes match nothing", {}, "rest"),
]


@pytest.mark.parametrize(("why", "account", "segment"), CASES, ids=[case[0] for case in CASES])
def test_segment(why, account, segment):
    found = assign(accounts([{"account_id": "a", **account}]), RULES)
    assert found["segment"].to_list() == [segment], why


def test_a_rule_without_conditions_catches_all():
    rules = SegmentRules(segments=(SegmentRule(name="all"),))
    assert assign(accounts([{"account_id": "a"}]), rules)["segment"].to_list() == ["all"]


def test_many_days_keep_the_attributes_of_each_day():
    later = date(2026, 4, 1)
    people = pl.concat(
        [
            accounts([{"account_id": "a", "plan": "Growth", "arr": 10.0, "employees": 300}]),
            accounts([{"account_id": "a", "plan": "Enterprise", "arr": 10.0}], later),
        ]
    )
    found = assign(people, RULES)
    assert dict(found.schema) == RESULT_TABLES["segments"].columns
    assert found.select("date", "segment", "plan", "acv_band", "size").rows() == [
        (DAY, "rest", "Growth", "small", "big"),
        (later, "ent", "Enterprise", "small", "unknown"),
    ]


def test_no_accounts():
    found = assign(accounts([]), RULES)
    assert found.is_empty()
    assert dict(found.schema) == RESULT_TABLES["segments"].columns
