"""The span, the names and the arguments of a world."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.adapters.sample import generate
from health_pipeline.adapters.sample.names import LEGAL_FORMS, company, plain, spelled
from health_pipeline.adapters.sample.population import MAX_ACCOUNTS
from health_pipeline.adapters.sample.records import SYSTEMS
from health_pipeline.adapters.sample.window import Window, is_holiday, rhythm

FORMS = {re.sub(r"\W", "", form).lower() for forms in LEGAL_FORMS.values() for form in forms}


def cleaned(name: str) -> str:
    """Case, accents, punctuation, a leading "the" and the legal form taken off."""
    words = re.sub(r"[^\w\s]", "", plain(name).lower()).split()
    words = words[1:] if words[0] == "the" else words
    for length in (2, 1):
        if "".join(words[-length:]) in FORMS:
            return " ".join(words[:-length])
    return " ".join(words)


@pytest.mark.parametrize(
    ("why", "end", "months", "start"),
    [
        ("whole months", date(2025, 6, 30), 15, date(2024, 4, 1)),
        ("a month begun counts", date(2025, 6, 1), 15, date(2024, 4, 1)),
        ("over the turn of the year", date(2025, 2, 28), 3, date(2024, 12, 1)),
        ("a single month", date(2025, 12, 31), 1, date(2025, 12, 1)),
    ],
)
def test_the_first_day(why, end, months, start):
    assert Window.ending(end, months).start == start, why


@settings(max_examples=50, deadline=None)
@given(end=st.dates(date(2015, 1, 1), date(2035, 12, 31)), months=st.integers(1, 24))
def test_gaps_are_isolated_weekdays_well_before_the_end(end, months):
    window = Window.ending(end, months)
    gaps = window.product_gaps
    assert all((end - day).days >= 14 and day.weekday() == 2 for day in gaps)
    assert all((b - a).days > 28 for a, b in pairwise(gaps))
    assert len(gaps) <= 3
    assert window.support_gap is None or (end - window.support_gap[1]).days >= 14


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 12, 23), False),
        (date(2024, 12, 24), True),
        (date(2024, 12, 31), True),
        (date(2025, 1, 1), True),
        (date(2025, 1, 2), False),
    ],
)
def test_holidays(day, expected):
    assert is_holiday(day) is expected
    assert bool(rhythm([day])[0] < 0.3) is expected


def test_names_are_distinct_even_when_cleaned():
    order = np.arange(MAX_ACCOUNTS)
    names = [" ".join(company(order, n)) for n in range(MAX_ACCOUNTS)]
    assert len({cleaned(name) for name in names}) == MAX_ACCOUNTS


@settings(max_examples=50, deadline=None)
@given(
    number=st.integers(0, MAX_ACCOUNTS - 1),
    system=st.sampled_from(SYSTEMS),
    form=st.sampled_from([form for forms in LEGAL_FORMS.values() for form in forms]),
    u=st.floats(0, 1, exclude_max=True),
)
def test_all_spellings_of_a_company_clean_to_one(number, system, form, u):
    name = " ".join(company(np.arange(MAX_ACCOUNTS), number))
    assert cleaned(spelled(name, form, system, u)) == cleaned(name)


@pytest.mark.parametrize(
    ("why", "accounts", "months", "message"),
    [
        ("no month", 10, 0, "at least 1"),
        ("no account", 0, 4, "names suffice for 1 to"),
        ("more than there are names", 5000, 4, "names suffice for 1 to"),
    ],
)
def test_arguments_that_make_no_world(why, accounts, months, message):
    with pytest.raises(ValueError, match=message):
        generate(date(2025, 6, 30), accounts=accounts, months=months)
