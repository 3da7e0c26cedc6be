"""Pictures say what the tables say; sparklines fit into metadata."""

from __future__ import annotations

import base64
import re
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.explanation.waterfall import Waterfall
from health_pipeline.orchestration import charts, pictures

DAYS = [date(2025, 1, 1) + timedelta(days=n) for n in range(3)]


def content(markdown: str, kind: str) -> bytes:
    found = re.fullmatch(rf"!\[[^]]+]\(data:image/{re.escape(kind)};base64,([\w+/=]+)\)", markdown)
    assert found, markdown[:80]
    return base64.b64decode(found[1])


def words(figure) -> str:
    axes = figure.axes[0]
    ticks = [*axes.get_yticklabels(), *axes.get_xticklabels()]
    return " | ".join([axes.get_title(loc="left"), *(t.get_text() for t in [*axes.texts, *ticks])])


def widths(figure) -> list[float]:
    return [round(bar.get_width(), 3) for bar in figure.axes[0].patches]


POINT = st.none() | st.floats(-1e9, 1e9, allow_nan=False)


@settings(max_examples=50, deadline=None)
@given(st.lists(POINT, min_size=1, max_size=500).filter(lambda v: any(x is not None for x in v)))
def test_a_sparkline_is_small_and_inside_its_frame(values):
    markdown = pictures.sparkline_svg(values)
    assert len(markdown) < 1000
    svg = ET.fromstring(content(markdown, "svg+xml"))  # noqa: S314 - our own drawing
    path = next(node for node in svg if node.tag.endswith("path")).attrib["d"]
    pairs = [tuple(map(int, pair)) for pair in re.findall(r"[ML](\d+) (\d+)", path)]
    assert all(0 <= x <= 120 and 0 <= y <= 24 for x, y in pairs)


def test_a_waterfall_goes_from_the_first_score_to_the_last():
    shown = Waterfall(DAYS[0], 74.4, 61.9, (("usage trend", -13.5), ("sponsor", 1.0)))
    figure = charts.waterfall_steps(shown, "Acme")
    assert widths(figure) == [74.4, 13.5, 1.0, 61.9]
    lefts = [round(bar.get_x(), 3) for bar in figure.axes[0].patches]
    assert lefts == [0, 60.9, 60.9, 0]
    assert words(figure) == (
        "Acme | −13.5 | +1.0 | 74.4 | 61.9 | 2025-01-01 | usage trend | sponsor | now"
        + "".join(f" | {tick.get_text()}" for tick in figure.axes[0].get_xticklabels())
    )
    assert content(pictures.waterfall_steps(shown, "Acme"), "png").startswith(b"\x89PNG")


SPARKS = [
    ("upwards is up", [0, 1], "M3 21h0L117 3"),
    ("a gap stays a gap", [0, None, 1], "M3 21h0M117 3h0"),
    ("nothing changed", [5, 5, 5], "M3 21h0L60 21L117 21"),
]


@pytest.mark.parametrize(("why", "values", "path"), SPARKS)
def test_sparkline_paths(why, values, path):
    assert f'd="{path}"'.encode() in content(pictures.sparkline_svg(values), "svg+xml"), why


@pytest.mark.parametrize("values", [[], [None, None]])
def test_a_sparkline_of_nothing_says_so(values):
    assert pictures.sparkline_svg(values) == "no values"


def test_tier_shares_end_in_their_labels():
    rows = [(day, tier) for day in DAYS for tier in ("red", "green", "green", None)]
    figure = charts.tier_shares(pl.DataFrame(rows, schema=["date", "tier"], orient="row"))
    said = words(figure)
    assert "Red 25 %" in said
    assert "Green 50 %" in said
    assert "Unscored 25 %" in said
    assert "Yellow" not in said
    tops = [bar.get_y() + bar.get_height() for bar in figure.axes[0].patches]
    assert max(tops) == pytest.approx(100)


def test_a_tier_that_comes_and_goes_keeps_its_days():
    rows = [(DAYS[0], "red"), (DAYS[1], "green"), (DAYS[2], "red")]
    figure = charts.tier_shares(pl.DataFrame(rows, schema=["date", "tier"], orient="row"))
    reds = [bar.get_height() for bar in figure.axes[0].patches][:3]
    assert reds == [100, 0, 100]


def test_the_histogram_counts_everyone():
    scores = [12.0, 59.9, 60.0, 85.0, 100.0, None]
    tiers = ["red", "red", "yellow", "green", "green", "unscored"]
    figure = charts.score_histogram(pl.DataFrame({"score": scores, "tier": tiers}))
    assert "Scores of 5 accounts, 1 unscored" in words(figure)
    tops = {
        round(b.get_x() + b.get_width() / 2): b for b in figure.axes[0].patches if b.get_height()
    }
    assert sorted(tops) == [12, 58, 62, 88, 98]


BACKTEST = [
    ("all", "score", 0.78, 0.7, 0.85, "60 churners"),
    ("all", "seat_utilisation", 0.55, 0.5, 0.6, "60 churners"),
    ("Growth", "score", None, None, None, "not enough evidence: 7 churners, 20 needed"),
    ("Growth", "seat_utilisation", None, None, None, "not enough evidence: 7 churners, 20 needed"),
]


def test_backtest_bars_show_figures_and_why_some_are_missing():
    names = ["segment", "subject", "value", "low", "high", "note"]
    rows = pl.DataFrame(BACKTEST, schema=names, orient="row").with_columns(metric=pl.lit("auc"))
    figure = charts.backtest_bars(rows)
    said = words(figure)
    assert widths(figure) == [0.78, 0.55]
    assert "0.78 score" in said
    assert "0.55 seat utilisation" in said
    assert said.count("not enough evidence: 7 churners, 20 needed") == 1
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["all", "Growth"]


def test_drift_bars_sort_by_size_and_mark_alerts():
    cells = [
        ("score", "300 values now", (0.02, 0.4, 0.0)),
        ("usage", "300 values now", (0.34, 0.001, 1.0)),
        ("tickets", "outage, not tested: 0 rows, 300 before", (None, None, None)),
    ]
    rows = [
        {"segment": "all", "subject": s, "note": n, "metric": m, "value": v}
        for s, n, values in cells
        for m, v in zip(("psi", "p_adjusted", "alert"), values, strict=True)
    ]
    figure = charts.drift_bars(pl.DataFrame(rows, infer_schema_length=None), alert_psi=0.1)
    said = words(figure)
    assert widths(figure) == [0.34, 0.02]
    assert "0.340, p 0.001, alert" in said
    assert "0.020, p 0.4" in said
    assert "outage, not tested" in said
    labels = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert labels == ["usage", "score", "tickets"]


def test_the_separation_curve_passes_the_borders():
    rows = pl.DataFrame(
        {
            "score": [35.0, 82, 58, 61, 90, 55, 70, 85],
            "churned_within_horizon": [True, False, True, False, False, False, True, False],
        }
    )
    figure = charts.separation_curve(rows)
    red, yellow = (
        line.get_xydata()[0] for line in figure.axes[0].lines if line.get_marker() == "o"
    )
    assert red == pytest.approx((20, 200 / 3))
    assert yellow == pytest.approx((40, 100))


EMPTY = pl.DataFrame(
    schema={
        "date": pl.Date,
        "tier": pl.String,
        "score": pl.Float64,
        "segment": pl.String,
        "subject": pl.String,
        "metric": pl.String,
        "value": pl.Float64,
        "note": pl.String,
        "churned_within_horizon": pl.Boolean,
    }
)


@pytest.mark.parametrize(
    "draw",
    [
        pictures.tier_shares,
        pictures.score_histogram,
        pictures.backtest_bars,
        lambda rows: pictures.drift_bars(rows, 0.1),
        pictures.separation_curve,
    ],
)
def test_every_picture_is_a_png_even_without_rows(draw):
    png = content(draw(EMPTY), "png")
    assert png.startswith(b"\x89PNG")
