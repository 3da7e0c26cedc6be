"""What a warning advises about values that a file keeps getting wrong."""

from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.adapters.sources.hints import hints


@pytest.mark.parametrize(
    ("why", "rule", "values", "advice"),
    [
        ("one that the clock decides", "not_a_date:due_on", ["31-12-2024"], "like %d-%m-%Y; set"),
        ("month first", "not_a_date:due_on", ["01/02/2024", "12/31/2024"], "like %m/%d/%Y; set"),
        ("with a time", "not_a_timestamp:a_at", ["1.2.2024 9:30"], "like %d.%m.%Y %H:%M; set"),
        ("nothing known", "not_a_date:due_on", ["soon"], None),
        ("a decimal comma", "not_a_number:amount", ["3,5", "1,000"], 'comma; set `decimal: ","`'),
        ("and points", "not_a_number:amount", ["1.234,5"], 'a decimal comma; set `decimal: ","`'),
        ("thousands", "not_an_integer:seats", ["1,000", "x"], 'three digits; set `decimal: "."`'),
        ("both signs", "not_a_number:amount", ["1,234.50"], 'three digits; set `decimal: "."`'),
        ("a letter", "not_a_number:amount", ["12,5O"], None),
        ("another word for yes", "not_a_boolean:sso", ["WAHR"], "to true or false by `values`"),
        ("another word", "not_allowed:priority", ["blazing"], "to an allowed value by `values`"),
    ],
)
def test_advice(why, rule, values, advice):
    origins = [f"export.csv:{n + 2}" for n in range(len(values))]
    broken = pl.DataFrame({"rule": rule, "value": values, "origin": origins})
    found = hints("invoices", broken)
    first = f"invoices: {len(values)} × {rule}, first {values[0]!r} at export.csv:2: "
    assert [hint.startswith(first) for hint in found] == ([True] if advice else []), why
    assert advice is None or advice in found[0], why
