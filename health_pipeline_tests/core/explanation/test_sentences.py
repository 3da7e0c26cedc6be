from datetime import date

import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.core.explanation.sentences import Figures, sentence

DAY = date(2026, 3, 10)
PLAIN = {"value": 33.4, "baseline": None, "unit": "%", "observed_on": DAY, "detail": None}
CASES = [
    ("the template's own format", "{value:.0f}% of seats", {}, "33% of seats"),
    ("a number without a format has one decimal", "{value}% of seats", {}, "33.4% of seats"),
    ("a whole number has none", "{value} days", {"value": 41.0}, "41 days"),
    (
        "an unknown figure says so",
        "{value:.1f} of {baseline:.1f}",
        {"value": None},
        "unknown of unknown",
    ),
    ("one day", "late by {value:.0f} days", {"value": 1.2}, "late by 1 day"),
    ("one workday", "{detail}", {"detail": "no use for 1 workdays"}, "no use for 1 workday"),
    ("one stage", "{value:.0f} stages behind", {"value": 1.0}, "1 stage behind"),
    ("one seat", "{detail}", {"detail": "0 of 1 seats in 7 days"}, "0 of 1 seat in 7 days"),
    ("one answer", "{detail}", {"detail": "1 answers, 1 new users"}, "1 answer, 1 new user"),
    ("not the end of a number", "{value:.1f} days", {"value": 0.1}, "0.1 days"),
    ("twenty-one days", "{value:.0f} days", {"value": 21.0}, "21 days"),
    ("a date", "failed on {observed_on}", {}, "failed on 2026-03-10"),
    ("a date in the template's format", "failed on {observed_on:%d %b}", {}, "failed on 10 Mar"),
    ("days since", "{days} days ago", {"observed_on": date(2026, 3, 1)}, "9 days ago"),
    ("detail", "late ({detail})", {"detail": "Go-live"}, "late (Go-live)"),
    ("no detail leaves no empty brackets", "late ({detail})", {}, "late"),
    ("braces in a detail stay text", "late ({detail})", {"detail": "{value}"}, "late ({value})"),
    ("norm", "{value:.0f}% of seats", {"baseline": 61.6}, "33% of seats (similar accounts: 62%)"),
    (
        "what is counted stands in the sentence",
        "open: {value:.0f}",
        {"baseline": 2.04, "unit": "tickets"},
        "open: 33 (similar accounts: 2)",
    ),
    (
        "norm in days or hours",
        "late by {value:.0f} days",
        {"baseline": 12.4, "unit": "days"},
        "late by 33 days (similar accounts: 12 days)",
    ),
    (
        "one of them",
        "waited {value:.0f} hours",
        {"baseline": 1.02, "unit": "hours"},
        "waited 33 hours (similar accounts: 1 hour)",
    ),
    (
        "norm behind a detail, in the same brackets",
        "{value:.0f}% of seats ({detail})",
        {"baseline": 62.0, "detail": "3 of 9"},
        "33% of seats (3 of 9; similar accounts: 62%)",
    ),
    ("a norm that reads like the value says nothing", "{value:.0f}%", {"baseline": 33.2}, "33%"),
    (
        "no norm where the value is not shown",
        "weak: {detail}",
        {"baseline": 1.0, "detail": "down"},
        "weak: down",
    ),
    ("no norm twice", "{value:.0f}% of {baseline:.0f}%", {"baseline": 62.0}, "33% of 62%"),
]


@pytest.mark.parametrize(
    ("why", "template", "figures", "expected"), CASES, ids=[c[0] for c in CASES]
)
def test_sentence(why, template, figures, expected):
    assert sentence(template, Figures(**(PLAIN | {"day": DAY} | figures))) == expected


def test_an_unknown_field_names_the_known_ones():
    with pytest.raises(ValueError, match=r"speed.*known fields are value, baseline"):
        sentence("{speed} km/h", Figures(**(PLAIN | {"day": DAY})))


@pytest.mark.parametrize("spec", load_model().signals, ids=lambda spec: spec.name)
def test_every_template_of_the_default_model_can_be_filled(spec):
    for template in (spec.risk_sentence, spec.strength_sentence):
        for value in (0.0, 33.4, None):
            figures = PLAIN | {"value": value, "detail": "x", "unit": spec.unit, "day": DAY}
            said = sentence(template, Figures(**figures))
            assert said
            assert "{" not in said
