"""Which values the contract takes, in text and in Parquet, and what it says of the others."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pandera.errors
import polars as pl
import pytest

from health_pipeline.adapters.sources.contract import (
    RESULT_VALUES,
    contract_of,
    contract_of_result,
)
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline_tests.adapters.sources.handed_in import parquet, read, rejected, write

UTC_3AM = datetime(2024, 1, 2, 3, 4, tzinfo=UTC)
# table, column, as written, as read
GOOD = [
    ("accounts", "created_at", "2024-01-02", datetime(2024, 1, 2, tzinfo=UTC)),
    ("accounts", "created_at", "2024-01-02 03:04", UTC_3AM),
    ("accounts", "created_at", "2024-01-02T03:04:00Z", UTC_3AM),
    ("accounts", "created_at", "2024-01-02 03:04:00 UTC", UTC_3AM),
    ("accounts", "created_at", "2024-01-02T05:04:00+02:00", UTC_3AM),
    ("accounts", "created_at", "2024-01-01T21:34:00-0530", UTC_3AM),
    ("accounts", "created_at", "2024-01-02T03:04:00.1234567", UTC_3AM.replace(microsecond=123456)),
    ("accounts", "created_at", "2024-01-02T17:04+14:00", UTC_3AM),
    ("accounts", "created_at", "2024-01-01T15:04-12", UTC_3AM),
    ("accounts", "employees", "12", 12),
    ("accounts", "employees", "12.0", 12),
    *(("accounts", "domain_verified", text, True) for text in ("true", "TRUE", "1", "yes")),
    *(("accounts", "domain_verified", text, False) for text in ("False", "FALSE", "0", "no")),
    ("subscriptions", "renews_on", "2024-01-02", date(2024, 1, 2)),
    ("subscriptions", "renews_on", "2024-01-02 23:59:59", date(2024, 1, 2)),
    ("subscriptions", "renews_on", "2024-01-01T23:00:00-05:00", date(2024, 1, 2)),
    ("accounts", "created_at", "1970-01-01", datetime(1970, 1, 1, tzinfo=UTC)),
    ("invoices", "paid_on", "1990-01-01", date(1990, 1, 1)),
    ("invoices", "known_at", "1970-01-01", datetime(1970, 1, 1, tzinfo=UTC)),
    ("subscriptions", "ended_on", "9999-12-31", date(9999, 12, 31)),
    ("subscriptions", "arr", "1.005", Decimal("1.00")),
    ("subscriptions", "arr", "1.015", Decimal("1.02")),
    ("subscriptions", "arr", "2.675", Decimal("2.68")),
    ("subscriptions", "arr", "1e3", Decimal("1000.00")),
    ("renewals", "amount", "-3.125", Decimal("-3.12")),
    ("renewals", "discount_requested_pct", "100", 100.0),
    ("tickets", "satisfaction", "4.5", 4.5),
    ("tickets", "priority", "urgent", "urgent"),
    *(("usage_daily", "metric", m, m) for m in ("feature:A b", "event:x:y", "active_users_7d")),
]
# table, column, as written, the rule that it breaks
BAD = [
    ("accounts", "created_at", "yesterday", "not_a_timestamp"),
    ("accounts", "created_at", "2024-02-30", "not_a_timestamp"),
    ("accounts", "created_at", "2024-01-02T25:00", "not_a_timestamp"),
    ("accounts", "created_at", "0024-01-02", "not_a_timestamp"),
    ("accounts", "created_at", "9999-12-31T23:59:59-12:00", "not_a_timestamp"),
    ("accounts", "created_at", "2024-01-02T03:04+99:00", "not_a_timestamp"),
    ("accounts", "created_at", "2024-01-02T03:04+14:01", "not_a_timestamp"),
    ("accounts", "created_at", "2024-01-02T03:04-1230", "not_a_timestamp"),
    ("accounts", "created_at", "2024-01-02T03:04+05:60", "not_a_timestamp"),
    ("subscriptions", "renews_on", "2024-01-02T03:04+99:00", "not_a_date"),
    ("accounts", "employees", "12.5", "not_an_integer"),
    ("accounts", "employees", "1,200", "not_an_integer"),
    ("accounts", "employees", "9223372036854775808", "not_an_integer"),
    ("accounts", "employees", "NaN", "not_finite"),
    ("accounts", "employees", "-1", "below_minimum"),
    ("accounts", "domain_verified", "maybe", "not_a_boolean"),
    ("subscriptions", "renews_on", "2024-13-01", "not_a_date"),
    ("subscriptions", "arr", "1,000.00", "not_a_number"),
    ("subscriptions", "arr", "99999999999999999", "not_a_number"),
    ("subscriptions", "arr", "nan", "not_finite"),
    ("subscriptions", "arr", "-inf", "not_finite"),
    ("subscriptions", "arr", "-0.01", "below_minimum"),
    ("renewals", "discount_requested_pct", "50%", "not_a_number"),
    ("renewals", "discount_requested_pct", "Infinity", "not_finite"),
    ("renewals", "discount_requested_pct", "-1", "below_minimum"),
    ("renewals", "discount_requested_pct", "100.5", "above_maximum"),
    ("tickets", "satisfaction", "6", "above_maximum"),
    ("subscriptions", "seats", "9223372036854775807", "above_maximum"),
    ("invoices", "failed_attempts", "1000000000001", "above_maximum"),
    ("tickets", "reopened_count", "1000000000001", "above_maximum"),
    ("tickets", "priority", "High", "not_allowed"),
    ("invoices", "paid_on", "1900-01-01", "before_1990"),
    ("subscriptions", "cancellation_notice_on", "1899-12-30 00:00:00", "before_1990"),
    ("users", "deactivated_at", "1970-01-01T00:00:00Z", "before_1990"),
    ("milestones", "due_on", "1989-12-31", "before_1990"),
    ("tickets", "opened_at", "1989-12-31T23:59:59", "before_1990"),
    ("usage_daily", "metric", "logins", "not_allowed"),
    ("usage_daily", "metric", "Event:login", "not_allowed"),
    ("usage_daily", "metric", "event:", "not_allowed"),
    ("usage_daily", "metric", "active_users_14d", "not_allowed"),
]
REQUIRED = {
    "timestamp": "2024-01-01",
    "date": "2024-01-01",
    "int": "1",
    "double": "1",
    "money": "1",
    "text": "x",
}


def one_row(table: str, **cells: str) -> str:
    """A CSV of one row that keeps the contract but for `cells`."""
    columns = [c for c in SOURCE_TABLES[table].columns if c.required and c.name not in cells]
    given = {c.name: c.allowed[0] if c.allowed else REQUIRED[c.kind] for c in columns}
    given |= {c.name: "event:x" for c in columns if c.form} | cells
    quoted = ('"' + value.replace('"', '""') + '"' for value in given.values())
    return ",".join(given) + "\n" + ",".join(quoted) + "\n"


@pytest.mark.parametrize(("table", "column", "written", "expected"), GOOD)
def test_good_text(tmp_path, table, column, written, expected):
    found = read(write(tmp_path, {f"{table}.csv": one_row(table, **{column: written})}), table)
    assert rejected(found) == []
    assert found.rows[column].to_list() == [expected]
    assert found.rows.schema[column] == SOURCE_TABLES[table].column(column).dtype


@pytest.mark.parametrize(("table", "column", "written", "rule"), BAD)
def test_bad_text(tmp_path, table, column, written, rule):
    found = read(write(tmp_path, {f"{table}.csv": one_row(table, **{column: written})}), table)
    assert found.rows.height == 0
    [(said, value, origin)] = rejected(found)
    assert (said, origin) == (f"{rule}:{column}", f"{table}.csv:2")
    number = SOURCE_TABLES[table].column(column).kind != "text" and rule.endswith("mum")
    assert value == written or (number and float(value) == float(written))


# why, column, what the file holds, what is read or the rule that breaks
PARQUET = [
    ("naive is UTC", "created_at", pl.Series([UTC_3AM.replace(tzinfo=None)]), UTC_3AM),
    (
        "nanoseconds in another zone",
        "created_at",
        pl.Series([UTC_3AM]).dt.cast_time_unit("ns").dt.convert_time_zone("Asia/Tokyo"),
        UTC_3AM,
    ),
    ("a date", "created_at", pl.Series([date(2024, 1, 2)]), datetime(2024, 1, 2, tzinfo=UTC)),
    ("text", "created_at", pl.Series(["2024-01-02T03:04"]), UTC_3AM),
    ("a whole float", "employees", pl.Series([4.0]), 4),
    ("a torn float", "employees", pl.Series([4.5]), "not_an_integer:employees"),
    ("NaN is no number", "employees", pl.Series([float("nan")]), "not_finite:employees"),
    ("a negative", "employees", pl.Series([-4], dtype=pl.Int8), "below_minimum:employees"),
    ("0 and 1 as bool", "domain_verified", pl.Series([1]), True),
    ("2 as bool", "domain_verified", pl.Series([2]), "not_a_boolean:domain_verified"),
    ("categories", "plan", pl.Series(["Pro"], dtype=pl.Categorical), "Pro"),
    ("blanks around a category", "plan", pl.Series([" Pro "], dtype=pl.Categorical), "Pro"),
    (
        "an empty category",
        "source",
        pl.Series([""], dtype=pl.Enum([""])),
        "missing_required:source",
    ),
    ("a number as category", "employees", pl.Series(["12"], dtype=pl.Categorical), 12),
    (
        "no number as category",
        "employees",
        pl.Series(["x"], dtype=pl.Enum(["x"])),
        "not_an_integer:employees",
    ),
    ("a no as category", "domain_verified", pl.Series(["no"], dtype=pl.Enum(["no"])), False),
    (
        "a time as category",
        "created_at",
        pl.Series(["2024-01-02T03:04"], dtype=pl.Categorical),
        UTC_3AM,
    ),
    ("NaN as text is nothing", "plan", pl.Series([float("nan")]), None),
]


@pytest.mark.parametrize(("why", "column", "series", "expected"), PARQUET)
def test_parquet_types(tmp_path, why, column, series, expected):
    out = io.BytesIO()
    cells = {"source": pl.Series(["crm"]), "source_account_id": pl.Series(["1"]), column: series}
    pl.DataFrame(cells).write_parquet(out)
    found = read(write(tmp_path, {"accounts.parquet": out.getvalue()}), "accounts")
    if isinstance(expected, str) and ":" in expected:
        assert [rule for rule, *_ in rejected(found)] == [expected], why
    else:
        assert rejected(found) == [], why
        assert found.rows[column].to_list() == [expected], why


@pytest.mark.parametrize("file", ["invoices.csv", "invoices.parquet"])
def test_a_date_that_stands_for_none_becomes_none_by_values(tmp_path, file):
    cells = {"invoice_id": ["1", "2"], "paid_on": [date(1900, 1, 1), date(2025, 1, 3)]}
    given = {"source": "b", "source_account_id": "1", "amount": "1"}
    dates = {"issued_on": date(2025, 1, 1), "due_on": date(2025, 1, 31)}
    rows = pl.DataFrame(cells).with_columns(
        pl.lit(v).alias(k) for k, v in {**given, **dates}.items()
    )
    content = rows.write_csv() if file.endswith("csv") else parquet(**rows.to_dict())
    folder = write(tmp_path, {file: content})

    as_it_stands = read(folder, "invoices")
    [(rule, value, _)] = rejected(as_it_stands)
    assert (rule, as_it_stands.rows.height) == ("before_1990:paid_on", 1)

    emptied = {"paid_on": {"from": "paid_on", "values": {value: ""}}}
    found = read(folder, "invoices", {"columns": emptied})
    assert rejected(found) == []
    assert found.rows["paid_on"].to_list() == [None, date(2025, 1, 3)]


def test_a_float_in_a_money_column_is_rounded_as_it_is_written(tmp_path):
    out = io.BytesIO()
    rows = pl.DataFrame({"arr": [1.005, 1.015, 2.675]}).with_columns(
        source=pl.lit("b"),
        subscription_id=pl.lit("s"),
        source_account_id=pl.lit("1"),
        starts_on=date(2024, 1, 1),
    )
    rows.write_parquet(out)
    found = read(write(tmp_path, {"subscriptions.parquet": out.getvalue()}), "subscriptions")
    assert found.rows["arr"].to_list() == [Decimal("1.00"), Decimal("1.02"), Decimal("2.68")]


def test_a_row_counts_once_for_each_rule_that_it_breaks(tmp_path):
    text = "source,source_account_id,employees,created_at\ncrm,,-3,27-01-2024\ncrm,1,1,\n"
    found = read(write(tmp_path, {"accounts.csv": text}), "accounts")
    assert sorted(rule for rule, *_ in rejected(found)) == [
        "below_minimum:employees",
        "missing_required:source_account_id",
        "not_a_timestamp:created_at",
    ]
    assert found.rows["source_account_id"].to_list() == ["1"]


def test_a_required_value_that_cannot_be_read_is_not_also_missing(tmp_path):
    text = one_row("tickets", opened_at="soon")
    found = read(write(tmp_path, {"tickets.csv": text}), "tickets")
    assert rejected(found) == [("not_a_timestamp:opened_at", "soon", "tickets.csv:2")]


HINTS = [
    ("day first", ["27-07-2023"], "looks like %d-%m-%Y; set `format`"),
    ("day first when none decides", ["01/02/2023"], "looks like %d/%m/%Y; set `format`"),
    ("month first when one decides", ["01/02/2023", "1/31/2023"], "looks like %m/%d/%Y; set"),
    ("with a clock", ["27.07.2023 03:00"], "looks like %d.%m.%Y %H:%M; set `format`"),
]


@pytest.mark.parametrize(("why", "values", "advice"), HINTS)
def test_dates_of_other_habits_are_rejected_with_a_hint(tmp_path, why, values, advice):
    rows = "".join(f"crm,{n},{value}\n" for n, value in enumerate(values))
    text = "source,source_account_id,created_at\n" + rows
    found = read(write(tmp_path, {"accounts.csv": text}), "accounts")
    assert found.rows.height == 0
    [warning] = found.warnings
    assert (
        f"accounts: {len(values)} × not_a_timestamp:created_at, first '{values[0]}' at " in warning
    )
    assert advice in warning, why


def test_pandera_sees_the_values_of_a_typed_frame():
    contract = contract_of(SOURCE_TABLES["accounts"])
    frame = pl.DataFrame({"source": ["crm"], "source_account_id": ["1"], "employees": [-1]})
    with pytest.raises(pandera.errors.SchemaErrors, match="below_minimum"):
        contract.validate(frame, lazy=True)
    contract.validate(frame.with_columns(pl.col("employees").abs()), lazy=True)


SCORE = {
    "account_id": "a", "date": date(2024, 1, 1), "score": 79.9, "tier": "yellow", "coverage": 1.0,
    "tier_by_score": "yellow",
}  # fmt: skip
SCORES = [
    ("good", [SCORE], None),
    ("unscored", [SCORE | {"score": None, "tier": "unscored"}], None),
    ("no rows", [], None),
    ("the key is unique", [SCORE, SCORE], "uniqueness"),
    ("the key is never null", [SCORE | {"account_id": None}], "not_nullable"),
    ("above 100", [SCORE | {"score": 100.1}], "out_of_range"),
    ("NaN", [SCORE | {"score": float("nan")}], "not_finite"),
    ("infinity where no bound is", [SCORE | {"trend_30d": float("inf")}], "not_finite"),
    ("a tier that is none", [SCORE | {"tier": "amber"}], "not_allowed"),
    ("coverage is a share", [SCORE | {"coverage": 60.0}], "out_of_range"),
]


@pytest.mark.parametrize(("why", "rows", "broken"), SCORES)
def test_the_contract_of_a_result(why, rows, broken):
    result = RESULT_TABLES["health_scores"]
    frame = pl.DataFrame(rows, schema=result.columns)
    contract = contract_of_result(result)
    if broken is None:
        assert contract.validate(frame, lazy=True).equals(frame), why
    else:
        with pytest.raises(pandera.errors.SchemaErrors, match=broken):
            contract.validate(frame, lazy=True)


@pytest.mark.parametrize("result", RESULT_TABLES.values(), ids=lambda r: r.name)
def test_every_result_table_has_a_contract_that_its_empty_frame_keeps(result):
    contract_of_result(result).validate(result.empty(), lazy=True)


def test_closed_lists_are_of_columns_that_exist():
    for table, column in RESULT_VALUES:
        assert column in RESULT_TABLES[table].columns
