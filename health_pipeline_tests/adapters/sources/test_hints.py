"""What a warning advises about values that a file keeps getting wrong."""

from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.adapters.sources.hints import hints
from health_pipeline.adapters.sources.params import ColumnMap

DATE, TIME = "not_a_date:due_on", "not_a_timestamp:a_at"
NUMBER = "not_a_number:amount"
NONE_SUCH = "there is no such day, time or offset"
CLOCK = {"format": ["%d/%m/%Y %H:%M:%S"], "zone": "Europe/Berlin"}
COMMA, POINT = {"decimal": ","}, {"decimal": "."}

# why, rule, values, how the mapping makes the column, (count, first value, advice) of each hint
HINTS = [
    ("one that the clock decides", DATE, ["31-12-2024"], {},
     [(1, "31-12-2024", "like %d-%m-%Y; set")]),
    ("month first", DATE, ["01/02/2024", "12/31/2024"], {},
     [(2, "01/02/2024", "like %m/%d/%Y; set")]),
    ("both, in one column", DATE, ["12/31/2024", "31/12/2024"], {},
     [(1, "31/12/2024", "like %d/%m/%Y; set"), (1, "12/31/2024", "like %m/%d/%Y; set")]),
    ("with a time", TIME, ["1.2.2024 9:30"], {},
     [(1, "1.2.2024 9:30", "like %d.%m.%Y %H:%M; set")]),
    ("with and without", TIME, ["soon", "1.2.2024 9:30", "1.2.2024"], {},
     [(1, "1.2.2024", "like %d.%m.%Y; set"), (1, "1.2.2024 9:30", "like %d.%m.%Y %H:%M; set")]),
    ("a day without signs between", TIME, ["20250131", "20251331"], {},
     [(1, "20250131", "like %Y%m%d; set")]),
    ("seconds since 1970", TIME, ["1735689600", "12"], {}, [(1, "1735689600", "like %s; set")]),
    ("and milliseconds", TIME, ["1735689600000"], {},
     [(1, "1735689600000", "like milliseconds since 1970; hand in ISO 8601")]),
    ("either, of a day", DATE, ["1735689600000", "1735689600"], {},
     [(2, "1735689600000", "like a number of seconds since 1970; hand in ISO 8601")]),
    ("nothing known", DATE, ["soon", "31/31/2024"], {}, []),
    ("no such day", DATE, ["2024-02-30"], {}, [(1, "2024-02-30", NONE_SUCH)]),
    ("no such offset", TIME, ["x", "2024-02-03T10:00+99:00"], {},
     [(1, "2024-02-03T10:00+99:00", NONE_SUCH)]),
    ("an hour that the clocks skip", TIME, ["29/03/2026 02:30:00"], CLOCK,
     [(1, "29/03/2026 02:30:00", "the clocks of Europe/Berlin skip that hour")]),
    ("one in ISO 8601", TIME, ["2026-03-29T02:30"], {"zone": "Europe/Berlin"},
     [(1, "2026-03-29T02:30", "the clocks of Europe/Berlin skip that hour")]),
    ("no such day in the format that is set", TIME, ["31/02/2026 02:30:00"], CLOCK,
     [(1, "31/02/2026 02:30:00", "`format` (%d/%m/%Y %H:%M:%S) cannot read it")]),
    ("another format than the one that is set", TIME, ["03/29/2026 12:30:00", "soon"], CLOCK,
     [(1, "03/29/2026 12:30:00", "like %m/%d/%Y %H:%M:%S; add it to `format`"),
      (1, "soon", "`format` (%d/%m/%Y %H:%M:%S) cannot read it")]),
    ("a decimal comma", NUMBER, ["1e400", "3,5", "1,000"], {},
     [(2, "3,5", 'comma; set `decimal: ","`')]),
    ("and points", NUMBER, ["1.234,5"], {},
     [(1, "1.234,5", 'a decimal comma; set `decimal: ","`')]),
    ("thousands", "not_an_integer:seats", ["x", "1,000"], {},
     [(1, "1,000", 'three digits; set `decimal: "."`')]),
    ("both signs", NUMBER, ["1,234.50"], {},
     [(1, "1,234.50", 'three digits; set `decimal: "."`')]),
    ("a comma where commas are read", NUMBER, ["x", "1.23,0"], COMMA,
     [(1, "1.23,0", 'is not written as `decimal: ","` says')]),
    ("a comma where points are read", NUMBER, ["12,5"], POINT,
     [(1, "12,5", 'is not written as `decimal: "."` says')]),
    ("a letter", NUMBER, ["12,5O"], {}, []),
    ("another word for yes", "not_a_boolean:sso", ["WAHR"], {},
     [(1, "WAHR", "to true or false by `values`")]),
    ("no date", "before_1990:paid_on", ["1900-01-01", "1970-01-01"], {},
     [(2, "1900-01-01", 'to an empty value in sources.yaml, `values: {"…": ""}`')]),
    ("another word", "not_allowed:priority", ["blazing"], {},
     [(1, "blazing", "to an allowed value by `values`")]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "rule", "values", "made", "expected"), HINTS)
def test_advice_fits_the_value_that_it_shows(why, rule, values, made, expected):
    origins = [f"export.csv:{n + 2}" for n in range(len(values))]
    broken = pl.DataFrame({"rule": rule, "value": values, "origin": origins})
    column = rule.split(":")[1]
    found = hints("invoices", broken, {column: ColumnMap.model_validate(made)})
    assert len(found) == len(expected), (why, found)
    for hint, (count, value, advice) in zip(found, expected, strict=True):
        origin = origins[values.index(value)]
        assert hint.startswith(f"invoices: {count} × {rule}, first {value!r} at {origin}: "), why
        assert advice in hint, why


def test_rows_without_a_value_need_no_advice():
    rows = {"rule": ["not_a_date:due_on"], "value": [None], "origin": ["x.csv:2"]}
    broken = pl.DataFrame(rows, schema_overrides={"value": pl.String})
    assert hints("invoices", broken) == ()
    assert hints("invoices", broken.clear()) == ()


def test_an_event_of_the_year_in_which_dates_begin_is_one_of_a_clock_all_the_same():
    """`first_valid_year` of activity.yaml may be any: the rule is then called alike."""
    rows = {"rule": ["before_1990"], "value": ["1980-01-01"], "origin": ["events.csv:2"]}
    (hint,) = hints("events", pl.DataFrame(rows))
    assert "the clock was not set" in hint
