"""The example crm5: usage objects of whole companies, ids of several columns, features to name."""

from __future__ import annotations

import pytest

from health_pipeline_tests.end_to_end.examples import DATA, EXAMPLES, run
from health_pipeline_tests.end_to_end.shell import health

CRM5, DAYS = "fightchurn_crm5", ("--from", "2022-12-14", "--to", "2022-12-15")


@pytest.fixture(scope="module")
def crm5(tmp_path_factory):
    return run("crm5", CRM5, tmp_path_factory.mktemp("crm5"), *DAYS)


def test_scores_spread_over_the_tiers(crm5):
    assert crm5.told.code == 0, crm5.told.err
    assert "activity.yaml" not in crm5.told.err
    of_day = "SELECT tier, count(*) AS n FROM health_scores WHERE date = '2022-12-15' GROUP BY 1"
    tiers = dict(crm5.sql(of_day).iter_rows())
    assert sum(tiers.values()) == 316
    assert tiers["green"] > 200
    assert {"yellow", "red"} <= set(tiers)


def test_the_trend_is_that_of_days_of_use(crm5):
    told = crm5.sql(
        "SELECT reason_code, sentence FROM reason_codes "
        "WHERE signal = 'usage_trend' AND direction = 'risk' AND date = '2022-12-15'"
    )
    assert told.height >= 5
    assert told["sentence"].str.contains("days of use").all()
    assert not told["sentence"].str.contains("active users").any()
    down = told.filter(told["sentence"].str.contains("days of use down"))
    assert set(down["reason_code"]) == {"usage_down_30d"}


def test_ids_of_several_columns_lose_no_subscription(crm5):
    n = crm5.sql("SELECT count(*) AS n FROM landing.subscriptions")["n"].item()
    lines = (DATA / CRM5 / "subscription.csv").read_text().splitlines()[1:]
    assert n == len(lines) == 9_420
    assert "Quarantined rows: 0" in crm5.told.out


def test_features_that_nobody_named_are_told(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "sources.yaml").write_text((EXAMPLES / "crm5/sources.yaml").read_text())
    if not (DATA / CRM5).is_dir():
        pytest.skip(f"NOT TESTED: the third-party data {DATA / CRM5} is missing")
    told = health(
        "run", "--sources", DATA / CRM5, "--lake", tmp_path / "lake", "--model", model, *DAYS
    )
    (said,) = [line for line in told.err.splitlines() if "features: nobody uses" in line]
    assert said.startswith("warning activity.yaml: features: nobody uses any of them")
    assert "Seen: create_opportunity (" in said
