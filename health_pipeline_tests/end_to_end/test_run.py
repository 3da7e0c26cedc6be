"""`health run` on the sample world: what it says, and what it leaves behind."""

from __future__ import annotations

import csv

import pytest

from health_pipeline.core.schemas.time import days_between
from health_pipeline_tests.end_to_end.conftest import END, FIRST
from health_pipeline_tests.end_to_end.promised import COLUMNS, CRM, FILLED, NAMED

SUMMARY = [
    # why, what the closing summary must say
    ("the day it is about", f"Customer health on {END}"),
    ("the tiers", "Accounts by tier"),
    ("the segments", "Accounts by segment"),
    ("what is at stake", "ARR at risk (Red): "),
    ("whom to look at first", "The lowest scores"),
    ("why them", "first reason"),
    ("what to do", "next play"),
    ("rows that were no good", "Quarantined rows: 20"),
    ("rows that belong to nobody", "Unresolved rows: "),
]


@pytest.mark.parametrize(("why", "text"), SUMMARY, ids=[c[0] for c in SUMMARY])
def test_the_summary_says(why, text, finished):
    assert text in finished.told.out, why


def test_the_summary_is_what_sql_counts(finished):
    counted = finished.sql(
        "select tier, count(*) as accounts, sum(arr) as arr from health_scores "
        "where date = (select max(date) from health_scores) group by 1"
    )
    for row in counted.iter_rows(named=True):
        cells = [row["tier"].capitalize(), str(row["accounts"]), f"{row['arr']:,.0f}"]
        assert any(all(cell in line for cell in cells) for line in finished.told.out.splitlines())


def test_ten_worst_with_reason_and_play(finished):
    worst = finished.sql(
        "select coalesce(a.name, h.account_id) as name, r.sentence, "
        "coalesce(p.play, r.play) as play "
        "from health_scores h join accounts a using (account_id) left join reason_codes r "
        "on r.account_id = h.account_id and r.date = h.date and r.direction = 'risk' and rank = 1 "
        "left join plays p on p.account_id = h.account_id and p.status <> 'closed' "
        "where h.date = (select max(date) from health_scores) and score is not null "
        "order by score, h.account_id limit 10"
    )
    assert worst.height == 10
    lines = finished.told.out.splitlines()
    place = [
        next(
            n
            for n, line in enumerate(lines)
            if all(cell.split(" (")[0] in line for cell in row if cell is not None)
        )
        for row in worst.iter_rows()
    ]
    assert place == sorted(place), "the lowest score stands first"
    assert worst["play"].drop_nulls().len() > 0


@pytest.mark.parametrize("table", COLUMNS)
def test_promised_columns_stand_first_and_in_order(table, finished):
    promised = COLUMNS[table].split(", ")
    assert finished.sql(f'FROM "{table}" LIMIT 0').columns[: len(promised)] == promised


@pytest.mark.parametrize("table", NAMED)
def test_promised_columns_are_there(table, finished):
    assert set(NAMED[table].split()) <= set(finished.sql(f'FROM "{table}" LIMIT 0').columns)


@pytest.mark.parametrize("table", FILLED)
def test_tables_hold_rows(table, finished):
    assert finished.sql(f'FROM "{table}" LIMIT 1').height == 1


LAWS = {
    # why: a query that must find nothing
    "contributions add up to the score": """
        select h.account_id, h.date, score, sum(points) as total
        from health_scores h join contributions c using (account_id, date)
        where score is not null group by all having abs(score - total) > 1e-9""",
    "a score has contributions, no score has none": """
        select account_id, date, score, count(points) as n
        from health_scores join contributions using (account_id, date)
        group by all having (score is null) <> (n = 0)""",
    "points are weight times subscore, and who does not speak weighs and gives nothing": """
        from contributions where points is not null and case when subscore is null
        then weight <> 0 or points <> 0 else abs(points - weight * subscore) > 1e-9 end""",
    "what is not measured is no value, not even zero": """
        from signals where status in ('missing', 'not_applicable')
        and (value is not null or subscore is not null or observed_on is not null)""",
    "unscored is a tier without a score, and without score there is no other tier": """
        from health_scores where (tier = 'unscored') <> (score is null)""",
    "the raw tier is that of the unrounded number": """
        from health_scores where score is not null and tier_by_score <>
        case when score >= 80 then 'green' when score >= 60 then 'yellow' else 'red' end""",
    "a tier worse than the number by two says which gate": """
        from health_scores where tier = 'red' and tier_by_score = 'green' and gate is null""",
    "every account with a score is known by name": """
        select account_id from health_scores anti join accounts using (account_id)""",
    "every Red account has a first reason and a play": """
        from health_scores h anti join
        (from reason_codes where direction = 'risk' and rank = 1 and play is not null) r
        on r.account_id = h.account_id and r.date = h.date where tier = 'red'""",
    "one row an account and day": """
        select account_id, date from health_scores group by all having count(*) > 1""",
    "nothing is observed, and no tier begins, after the day itself": """
        from signals join health_scores using (account_id, date)
        where observed_on > date or tier_since > date""",
}


@pytest.mark.parametrize("why", LAWS)
def test_laws_hold_in_sql(why, finished):
    broken = finished.sql(LAWS[why])
    assert broken.is_empty(), broken.head(3)


def test_the_days_asked_for_and_no_others_are_scored(finished):
    days = finished.sql("select distinct date from health_scores order by 1")["date"]
    assert days.to_list() == days_between(FIRST, END)


def test_the_query_of_the_front_page(finished):
    found = finished.sql(
        "select tier, count(*) from health_scores "
        "where date = (select max(date) from health_scores) group by 1"
    )
    assert set(found["tier"]) <= {"green", "yellow", "red", "unscored"}
    assert found.height >= 3, "the sample world has healthy and unhealthy accounts"


def test_the_crm_export_has_the_names_of_every_crm(finished):
    with (finished.lake / "export" / "crm_fields.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[4:] == CRM.split(", ")
    assert {row["date"] for row in rows} == {END.isoformat()}
    assert {row["record_type"] for row in rows} >= {"account", "renewal"}
    accounts = [row for row in rows if row["record_type"] == "account"]
    scored = finished.sql(f"from health_scores where date = '{END}'")
    assert {row["account_id"] for row in accounts} == set(scored["account_id"])
    for score in (row["health_score"] for row in rows):
        assert len(score.partition(".")[2]) <= 1, f"{score} is more than a person wants to read"


def test_landed_tables_can_be_queried_too(finished):
    found = finished.sql("select count(*) as n, min(known_at) as since from landing.tickets")
    assert found["n"][0] > 0
    assert found["since"].null_count() == 0
