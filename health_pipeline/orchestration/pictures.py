"""Pictures for asset metadata and reports, as Markdown images.

The asset pages drop raw HTML but show images with a `data:` address, so a chart is an embedded PNG
and a sparkline an embedded SVG of under 1,000 characters, which also fits inline.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from health_pipeline.core.explanation.waterfall import Waterfall
from health_pipeline.orchestration import charts
from health_pipeline.orchestration.charts import BLUE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SPARK_POINTS, _SPARK_WIDTH, _SPARK_HEIGHT = 40, 120, 24


def sparkline_svg(values: Sequence[float | None]) -> str:
    """A small line chart as a Markdown image of under 1,000 characters.

    Args:
        values: in order of time; None leaves a gap. More than 40 are thinned evenly.
    """
    points = _thinned(list(values))
    known = [value for value in points if value is not None]
    if not known:
        return "no values"
    low, span = min(known), (max(known) - min(known)) or 1.0
    step = (_SPARK_WIDTH - 6) / max(len(points) - 1, 1)
    path, pen_down, last = "", False, ""
    for n, value in enumerate(points):
        if value is not None:
            y = _SPARK_HEIGHT - 3 - (value - low) / span * (_SPARK_HEIGHT - 6)
            last = f"{3 + n * step:.0f} {y:.0f}"
            path += f"L{last}" if pen_down else f"M{last}h0"  # h0: a lone value is a dot
        pen_down = value is not None
    x, y_last = last.split()
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_SPARK_WIDTH}" height="{_SPARK_HEIGHT}">'
        f'<path d="{path}" fill="none" stroke="{BLUE}" stroke-width="1.5" stroke-linecap="round"/>'
        f'<circle cx="{x}" cy="{y_last}" r="2.5" fill="{BLUE}"/></svg>'
    )
    return f"![{known[0]:.4g} → {known[-1]:.4g}]({_data_uri('svg+xml', svg.encode())})"


def png_markdown(figure: Figure) -> str:
    """The figure as a Markdown image with the PNG inside; its title is the alternative text."""
    words = figure.axes[0].get_title(loc="left") if figure.axes else "picture"
    return f"![{words}]({_data_uri('png', png_bytes(figure))})"


def png_bytes(figure: Figure) -> bytes:
    """The figure as a PNG on a white ground."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white")
    return buffer.getvalue()


def tier_shares(scores: pl.DataFrame) -> str:
    """`charts.tier_shares` as Markdown."""
    return png_markdown(charts.tier_shares(scores))


def score_histogram(scores: pl.DataFrame, borders: tuple[float, float] = (60, 80)) -> str:
    """`charts.score_histogram` as Markdown."""
    return png_markdown(charts.score_histogram(scores, borders))


def backtest_bars(backtests: pl.DataFrame, metric: str = "auc") -> str:
    """`charts.backtest_bars` as Markdown."""
    return png_markdown(charts.backtest_bars(backtests, metric))


def drift_bars(drift: pl.DataFrame, alert_psi: float, segment: str = "all") -> str:
    """`charts.drift_bars` as Markdown."""
    return png_markdown(charts.drift_bars(drift, alert_psi, segment))


def separation_curve(rows: pl.DataFrame, borders: tuple[float, float] = (60, 80)) -> str:
    """`charts.separation_curve` as Markdown."""
    return png_markdown(charts.separation_curve(rows, borders))


def waterfall_steps(shown: Waterfall, title: str) -> str:
    """`charts.waterfall_steps` as Markdown."""
    return png_markdown(charts.waterfall_steps(shown, title))


def _thinned(values: list[float | None]) -> list[float | None]:
    if len(values) <= _SPARK_POINTS:
        return values
    last = len(values) - 1
    return [values[round(n * last / (_SPARK_POINTS - 1))] for n in range(_SPARK_POINTS)]


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
