from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.contracts import contract_failures, sum_failures
from health_pipeline.orchestration.tables import listed

DAY = date(2026, 3, 31)
SEGMENTS, SCORES = RESULT_TABLES["segments"], RESULT_TABLES["health_scores"]
CONTRIBUTIONS = RESULT_TABLES["contributions"]


def rows_of(table, *rows):
    filled = [dict.fromkeys(table.columns) | row for row in rows]
    return table.conform(pl.DataFrame(filled, schema=table.columns))


@pytest.mark.parametrize(
    ("why", "accounts", "failures"),
    [
        ("each key once", "abc", []),
        (
            "a key twice, wherever it stood",
            "abab",
            ["segments: account_id, date stand twice on 2 rows, first a, 2026-03-31"],
        ),
    ],
)
def test_keys_stand_once(why, accounts, failures):
    frame = rows_of(SEGMENTS, *({"account_id": a, "date": DAY, "segment": "x"} for a in accounts))
    assert contract_failures(SEGMENTS, frame) == failures, why


def test_a_value_out_of_range_is_told_beside_a_key_that_stands_twice():
    row = {"account_id": "a", "date": DAY, "score": 101.0, "tier": "green"}
    told = contract_failures(SCORES, rows_of(SCORES, row, row))
    assert [line.split(":")[0] for line in told] == ["health_scores", "health_scores.score"]


@pytest.mark.parametrize(
    ("why", "points", "failures"),
    [
        ("they add up", {"a": [30.0, 40.0]}, []),
        ("within what binary numbers can", {"a": [30.0, 40.0 + 1e-11]}, []),
        (
            "they do not",
            {"a": [30.0, 41.0]},
            [("contributions.points: 1 scores are not their sum, first "
             "a on 2026-03-31: 71.0 against 70.0")],
        ),
        (
            "none at all",
            {"b": [70.0]},
            [("contributions.points: 1 scores are not their sum, first "
             "a on 2026-03-31: None against 70.0")],
        ),
    ],
)  # fmt: skip
def test_points_add_up(why, points, failures):
    scores = rows_of(SCORES, {"account_id": "a", "date": DAY, "score": 70.0})
    given = rows_of(
        CONTRIBUTIONS,
        *(
            {"account_id": account, "date": DAY, "signal": f"s{n}", "points": one}
            for account, all_points in points.items()
            for n, one in enumerate(all_points)
        ),
    )
    assert sum_failures(scores, given) == failures, why


def test_sentences_are_listed_as_text():
    found = listed(["accounts: unknown columns were kept out: <img src=x>", "two\n# lines"])
    assert found.value.splitlines() == [
        r"- accounts\: unknown columns were kept out\: \<img src=x\>",
        r"- two \# lines",
    ]
    assert listed([]).value == "–"
