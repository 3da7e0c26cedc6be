from __future__ import annotations

import pytest

from health_pipeline.core.schemas.day import FeatureInfo
from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    account,
    case_test,
    said,
    window,
    world,
)

FEATURES = (
    FeatureInfo("dashboards", 0),
    FeatureInfo("workflows", 2, core=True, key=True),
    FeatureInfo("api", 5, key=True, plans=("Growth", "Enterprise")),
    FeatureInfo("sso", 8, key=True, plans=("Enterprise",)),
    FeatureInfo("audit", 61, key=True, plans=("Enterprise",)),
)


def using(*bits, plan="Growth"):
    mask = sum(1 << bit for bit in bits)
    return world(
        accounts=[account(plan=plan)], windows=[window(features_30d=mask)], features=FEATURES
    )


CASES = [
    ("both of the plan", using(2, 5), {}, (100.0, "measured", "none")),
    ("one of two", using(2), {}, (50.0, "measured", "api")),
    ("other features do not count", using(0), {}, (0.0, "measured", "workflows, api")),
    ("nothing at all", using(), {}, (0.0, "measured", "workflows, api")),
    (
        "a bigger plan owes more",
        using(2, 61, plan="Enterprise"),
        {},
        (50.0, "measured", "api, sso"),
    ),
    (
        "plans are compared without case",
        using(5, plan="growth"),
        {},
        (50.0, "measured", "workflows"),
    ),
    ("not entitled is not unused", using(2, plan="Starter"), {}, (100.0, "measured", "none")),
    (
        "an unknown plan owes what all plans have",
        using(2, plan=None),
        {},
        (100.0, "measured", "none"),
    ),
    ("named features", using(0), {"features": ("dashboards", "api")}, (50.0, "measured", "api")),
    ("entitled to none of them", using(0), {"features": ("sso",)}, NOT_APPLICABLE),
    (
        "a feature used beyond the plan adds nothing",
        using(2, 8),
        {"features": ("workflows", "sso")},
        (100.0, "measured", "none"),
    ),
    ("no key feature in the model", world(windows=[window(features_30d=1)]), {}, NOT_APPLICABLE),
    (
        "no product source",
        world(accounts=[account(has_usage=False)], features=FEATURES),
        {},
        NOT_APPLICABLE,
    ),
    (
        "the product never showed this account",
        world(
            accounts=[account(has_usage=False), account("b")],
            windows=[window("b", features_30d=4)],
            features=FEATURES,
        ),
        {},
        MISSING,
    ),
    ("features unknown", world(windows=[window()], features=FEATURES), {}, MISSING),
]


test_key_feature_adoption = case_test("key_feature_adoption", CASES)


def test_an_unknown_feature_names_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown features \['wiki'\].*'dashboards'"):
        said("key_feature_adoption", using(2), {"features": ("wiki",)})
