"""The page itself: whole, self-contained, and nothing of a source is ever markup."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl
import pytest

from health_pipeline.adapters.report import pack
from health_pipeline.adapters.report.page import in_script, lead, page, renewal_words
from health_pipeline.adapters.report.write import write_page
from health_pipeline.core.report.report import report
from health_pipeline_tests.core.report.world import words, world
from health_pipeline_tests.report_page import Page

READ = world(60, at_risk=0.6)
TEXT = page(report(READ, words()))
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\"'<!--\u2028"


def test_the_same_tables_give_the_same_page():
    assert page(report(READ, words())) == TEXT


def test_what_is_packed_is_what_was_worked_out():
    made, found = report(READ, words()), Page(TEXT)
    assert found.rows == made.rows
    assert found.head["portfolio"] == made.head["portfolio"]
    assert len(found.details["since"]) == found.head["details"] == 60


def test_it_asks_nobody_for_anything():
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', TEXT)
    assert policy
    assert policy[1].startswith("default-src 'none'")
    assert "eval" not in policy[1]
    markup = re.sub(r"<script>.*?</script>", "", TEXT, flags=re.DOTALL)
    asked = re.findall(r'<(?:link|img|iframe|script)[^>]*(?:href|src)="([^"]*)"', markup)
    assert asked == ["data:,"], "the icon, so that no browser looks for one"
    assert not re.search(r"@import|url\(", TEXT.partition("</style>")[0])


def evil(read):
    """`read` with hostile text in everything that a source may write."""
    bad = pl.lit(EVIL)
    return replace(
        read,
        accounts=read.accounts.with_columns(name=bad, domain=bad, owner_email=bad),
        scores=read.scores.with_columns(segment=bad, gate=bad, gate_reason=bad, model_version=bad),
        segments=read.segments.with_columns(acv_band=bad),
        reasons=read.reasons.with_columns(sentence=bad, play=bad),
        narratives=read.narratives.with_columns(headline=bad, text=bad, context=bad),
        plays=read.plays.with_columns(play=bad, owner_email=bad),
        quarantine=pl.DataFrame({"table": [EVIL], "rule": [EVIL]}),
        unresolved=pl.DataFrame({"table": [EVIL], "why": [EVIL], "rows": [3]}),
        outages=read.outages.clear(n=1).with_columns(
            source=bad, table=bad, since=pl.lit(read.day), accounts=3, share=0.5, freezes=True
        ),
    )


def test_text_of_sources_is_never_markup():
    text = page(report(evil(READ), words()))
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert text.count("<script") == TEXT.count("<script")
    assert text.count("</script>") == TEXT.count("</script>")
    assert Page(text).rows["name"] == [EVIL] * 60, "and it is all there"


@pytest.mark.parametrize(
    ("why", "value"),
    [("ends a script", "</script>"), ("opens a comment", "<!--"), ("a line for scripts", "\u2028")],
)
def test_json_cannot_leave_its_script(why, value):
    assert value not in in_script(pack.as_json({"x": value})), why


def test_what_is_not_a_number_is_not_known():
    assert pack.as_json({"x": [float("nan"), float("inf"), 1.5]}) == '{"x":[null,null,1.5]}'


def test_details_stop_where_the_page_would_grow_too_large(monkeypatch):
    whole = list(report(READ, words()).details)
    monkeypatch.setattr(pack, "DETAIL_BYTES", len(pack.packed(whole[0])) - 1)
    text = page(report(READ, words()))
    assert Page(text).head["details"] == 0
    assert Page(text).rows == report(READ, words()).rows


EMPTY = replace(
    READ,
    day=None,
    planned=READ.planned.clear(),
    **{
        name: getattr(READ, name).clear()
        for name in ("scores", "history", "segments", "contributions", "signals", "reasons")
    },
    **{
        name: getattr(READ, name).clear() for name in ("changes", "narratives", "accounts", "plays")
    },
)


@pytest.mark.parametrize(
    ("why", "read", "said"),
    [
        ("nothing was ever scored", EMPTY, "Nothing has been scored yet"),
        (
            "a day without customers",
            replace(EMPTY, day=READ.day),
            "No account is a customer on 31 Mar 2026.",
        ),
    ],
)
def test_a_page_of_nothing_says_so(why, read, said):
    text = page(report(read, words()))
    assert said in text, why
    assert "<table" not in text


def test_the_portfolio_in_one_sentence():
    head = report(READ, words()).head
    red = READ.scores.filter(pl.col("tier") == "red")
    assert lead(head).startswith(
        f"{red.height} of 60 customers are Red, with {red['arr'].sum():,.0f} of "
    )
    assert lead(head).endswith(f"a week ago {head['portfolio']['tiers'][0]['accounts_week_ago']}.")


def test_one_account_is_told_in_the_singular():
    one = READ.scores.filter(pl.col("tier") == "green").head(1)
    only = one.select("account_id")
    history = READ.history.join(only, "account_id", "semi")
    few = replace(READ, scores=one.with_columns(coverage=0.7), history=history)
    text = page(report(few, words()))
    assert "0 of 1 customer is Red" in text
    assert "of 1 account scored on both days" in text
    assert "1 scored account is below 80%; 0 of 1 has too little" in text


def test_without_arr_none_comes_first():
    nobody = READ.accounts.with_columns(owner_email=pl.lit(None, pl.String))
    alone = replace(READ, accounts=nobody)
    unpaid = replace(alone, scores=READ.scores.with_columns(arr=pl.lit(None, pl.Float64)))
    assert "The largest come first." in page(report(alone, words()))
    text = page(report(unpaid, words()))
    assert "have nobody to act.</p>" in text
    assert "The largest come first." not in text


def test_one_renewal_is_told_in_the_singular():
    head = report(READ, words()).head
    one = head["renewals"] | {"ahead": 1, "overdue": 1, "long_overdue": 1}
    told = renewal_words(head | {"renewals": one})
    assert "1 renewal" in told
    assert "1 more should have been closed before and is still open." in told
    assert "1 overdue for longer is not listed." in told


def test_renewals_without_a_table_say_where_their_dates_come_from():
    assert renewal_words(report(READ, words()).head).endswith(
        "dates are those on which contracts end."
    )


def test_a_page_takes_the_place_of_the_old_one_whole(tmp_path):
    path = tmp_path / "report" / "index.html"
    assert write_page("first", path) == 5
    with path.open() as reader:
        assert write_page("ü", path) == 2
        assert reader.read() == "first", "whoever reads the old one goes on with it"
    assert path.read_text("utf-8") == "ü"
    assert [one.name for one in path.parent.iterdir()] == ["index.html"], (
        "nothing is left beside it"
    )


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "report").write_text("in the way")
    with pytest.raises(OSError, match="report"):
        write_page("text", tmp_path / "report" / "index.html")


def test_fifty_thousand_accounts_fit_into_fifteen_megabytes():
    text = page(report(world(50_000, at_risk=0.6), words()))
    assert len(text.encode()) < 15_000_000
    found = Page(text)
    assert len(found.rows["id"]) == 50_000
    assert found.head["details"] > 10_000
