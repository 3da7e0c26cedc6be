from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.signals.answers import in_order
from health_pipeline.core.signals.compute import _check_shape, _checked, signal_values
from health_pipeline.core.signals.kind import VALUE_COLUMNS, kinds
from health_pipeline_tests.core.signals.worlds import DAY, account, at, on, spec, window, world

RATED = world({"sentiments": [{"account_id": "a", "recorded_at": at(15), "score": 4.0}]})


def test_one_row_for_each_account_and_signal_sorted():
    accounts = [account("b"), account("a")]
    result = signal_values(world(accounts=accounts), [spec(name) for name in reversed(kinds())])
    assert dict(result.schema) == SIGNAL_VALUES
    assert result.select("account_id", "signal").rows() == [
        (name, kind) for name in ("a", "b") for kind in kinds()
    ]
    assert result["date"].unique().to_list() == [DAY]


def test_no_signals_and_no_accounts_keep_the_shape():
    assert dict(signal_values(world(), []).schema) == SIGNAL_VALUES
    nobody = signal_values(world(accounts=[]), [spec(name) for name in kinds()])
    assert nobody.is_empty()
    assert dict(nobody.schema) == SIGNAL_VALUES


def test_one_kind_twice_under_two_names():
    tables = {"tickets": [{"account_id": "a", "escalated_at": at(20)}]}
    params = kinds()["escalations"].params
    specs = [
        spec("escalations", params(window_days=14), name="last_fortnight"),
        spec("escalations", params(window_days=30), name="last_month"),
    ]
    result = signal_values(world(tables), specs)
    assert dict(result.select("signal", "value").iter_rows()) == {
        "last_fortnight": 0.0,
        "last_month": 1.0,
    }


FRESHNESS = [
    ("fresh", 15.0, 5.0, "measured"),
    ("fading, still observed at exactly one half", 10.0, 5.0, "measured"),
    ("past one half", 9.0, 5.0, "stale"),
]


@pytest.mark.parametrize(("why", "ttl", "half_life", "status"), FRESHNESS)
def test_status_follows_freshness_of_the_spec(why, ttl, half_life, status):
    rated = spec("sentiment", ttl_days=ttl, half_life_days=half_life)
    row = signal_values(RATED, [rated]).row(0, named=True)
    assert (row["status"], row["value"], row["observed_on"]) == (status, 4.0, on(15)), why


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_finite_number_is_missing(score):
    tables = {"sentiments": [{"account_id": "a", "recorded_at": at(1), "score": score}]}
    row = signal_values(world(tables), [spec("sentiment")]).row(0, named=True)
    assert row["status"] == "missing"
    assert row["value"] is row["observed_on"] is row["detail"] is None


def test_usage_is_as_old_as_the_last_delivered_day():
    view = world(windows=[window(active_users_7d=1, active_users_30d=2, observed_on=on(4))])
    row = signal_values(view, [spec("stickiness")]).row(0, named=True)
    assert row["observed_on"] == on(4)


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(
        ValueError, match=r"signal login: no kind 'logins', only breadth, burst_gap"
    ):
        signal_values(
            world(), [spec("breadth", name="login").model_copy(update={"kind": "logins"})]
        )


def answer(*rows: tuple[str, float | None, str | None, date | None]) -> pl.DataFrame:
    return pl.DataFrame([(*row, None) for row in rows], schema=VALUE_COLUMNS, orient="row")


GOOD = answer(("a", 1.0, "measured", DAY), ("b", None, "missing", None))


def test_answers_may_come_in_any_order():
    view = world(accounts=[account("b"), account("a")])
    for given in (GOOD, GOOD.reverse()):
        _check_shape(view, spec("breadth"), given)
        assert in_order(view, given).equals(GOOD.reverse())


WRONG_SHAPES = [
    ("an account twice", answer(("a", 1.0, "measured", DAY), ("a", 1.0, "measured", DAY))),
    ("an account too few", answer(("a", 1.0, "measured", DAY))),
    ("another account", answer(("a", 1.0, "measured", DAY), ("z", None, "missing", None))),
    ("a column too few", GOOD.drop("detail")),
    ("another type", GOOD.cast({"value": pl.Int64})),
]
WRONG_ROWS = [
    ("measured without a value", ("a", None, "measured", DAY)),
    ("measured without a day", ("a", 1.0, "measured", None)),
    ("seen in the future", ("a", 1.0, "measured", on(-1))),
    ("missing with a value", ("a", 0.0, "missing", None)),
    ("not applicable with a day", ("a", None, "not_applicable", DAY)),
    ("an unknown status", ("a", 1.0, "estimated", DAY)),
    ("no status", ("a", None, None, None)),
]


@pytest.mark.parametrize(("why", "frame"), WRONG_SHAPES)
def test_a_kind_of_wrong_shape_is_named(why, frame):
    view = world(accounts=[account("a"), account("b")])
    _check_shape(view, spec("breadth", name="seats"), GOOD)
    with pytest.raises(ValueError, match=r"kind breadth \(signal seats\) answered"):
        _check_shape(view, spec("breadth", name="seats"), frame)


@pytest.mark.parametrize(("why", "row"), WRONG_ROWS)
def test_a_kind_that_contradicts_itself_is_named(why, row):
    _checked(world(), spec("breadth", name="seats"), GOOD)
    with pytest.raises(ValueError, match=r"kind breadth \(signal seats\) on 2026-03-31"):
        _checked(world(), spec("breadth", name="seats"), answer(row))
