"""The charts: each a matplotlib figure drawn from a result table.

Figures are built without pyplot, so nothing is kept between calls. Light ground, names and figures
beside what they name instead of a legend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from health_pipeline.core.explanation.waterfall import Waterfall

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TIER_COLOURS = {"green": "#3a9d5d", "yellow": "#e9bd4a", "red": "#d1495b", "unscored": "#b8bec6"}
INK, FAINT, BLUE, GREY = "#22303c", "#d9dee3", "#2f6db5", "#9aa5b1"

_METRIC_WORDS = {"auc": "AUC, all accounts", "auc_due": "AUC, accounts due for renewal"}
_ON_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}


def tier_shares(scores: pl.DataFrame) -> Figure:
    """Share of accounts in each tier, day by day.

    Args:
        scores: `date`, `tier` (green, yellow, red, unscored; null counts as unscored).
    """
    tier = pl.col("tier").fill_null("unscored")
    shares = (
        scores.group_by("date", tier)
        .len()
        .with_columns(share=100 * pl.col("len") / pl.col("len").sum().over("date"))
        .sort("date")
    )
    days = shares["date"].unique().sort()
    figure, axes = _canvas("Share of accounts in each tier")
    base = pl.Series([0.0] * days.len(), dtype=pl.Float64)
    for name in ("red", "yellow", "green", "unscored"):
        band = days.to_frame().join(
            shares.filter(pl.col("tier") == name), on="date", how="left", maintain_order="left"
        )["share"]
        band = band.fill_null(0.0)
        axes.bar(days.to_list(), band.to_list(), 1.0, base.to_list(), color=TIER_COLOURS[name])
        if days.len() and band[-1] >= 4:
            words = f"{name.capitalize()} {band[-1]:.0f} %"
            place = (1.01, base[-1] + band[-1] / 2)
            axes.annotate(words, place, xycoords=("axes fraction", "data"), va="center")
        base = base + band
    axes.set(ylim=(0, 100), ylabel="% of accounts")
    _date_axis(axes, days)
    return figure


def score_histogram(scores: pl.DataFrame, borders: tuple[float, float] = (60, 80)) -> Figure:
    """How many accounts have which score, coloured by the tier that they hold.

    Args:
        scores: `score`, `tier` of one day; unscored accounts are counted in the title.
        borders: where Yellow and Green begin.
    """
    scored = scores.filter(pl.col("score").is_not_null())
    unscored = scores.height - scored.height
    figure, axes = _canvas(f"Scores of {scored.height} accounts, {unscored} unscored")
    tiers = [name for name in ("red", "yellow", "green") if (scored["tier"] == name).any()]
    groups = [scored.filter(pl.col("tier") == name)["score"].to_list() for name in tiers]
    if groups:
        colours = [TIER_COLOURS[name] for name in tiers]
        axes.hist(groups, bins=list(range(0, 101, 5)), stacked=True, color=colours, rwidth=0.92)
    yellow, green = borders
    names = ((0, yellow, "Red"), (yellow, green, "Yellow"), (green, 100, "Green"))
    for low, high, words in names:
        place = ((low + high) / 2, 1.0)
        axes.annotate(words, place, xycoords=("data", "axes fraction"), ha="center", va="bottom")
        if low:
            axes.axvline(low, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.set(xlim=(0, 100), xlabel="score", ylabel="accounts")
    axes.set_title(axes.get_title(loc="left"), loc="left", pad=22, fontsize=13, fontweight="bold")
    return figure


def backtest_bars(backtests: pl.DataFrame, metric: str = "auc") -> Figure:
    """The score beside seat utilisation alone, for all accounts and each segment, with intervals.

    Args:
        backtests: rows of one report month; withheld figures are drawn as their note.
        metric: `auc`, or `auc_due` for accounts whose contract ends within the horizon.
    """
    rows = backtests.filter(pl.col("metric") == metric)
    segments = sorted(rows["segment"].unique(), key=lambda name: (name != "all", name))
    figure, axes = _canvas(f"Who leaves? {_METRIC_WORDS[metric]}", len(segments))
    for place, (subject, colour, shift) in enumerate(
        (("score", "#8db3dd", -0.19), ("seat_utilisation", "#cfd5db", 0.19))
    ):
        for row in rows.filter(pl.col("subject") == subject).iter_rows(named=True):
            y = segments.index(row["segment"]) + shift
            if row["value"] is None:
                if place == 0:
                    axes.text(
                        0.01, y + 0.19, row["note"], va="center", style="italic", bbox=_ON_WHITE
                    )
                continue
            axes.barh(y, row["value"], 0.34, color=colour)
            axes.plot([row["low"], row["high"]], [y, y], color=INK, linewidth=1.6)
            words = f"{row['value']:.2f} {subject.replace('_', ' ')}"
            axes.text(row["high"] + 0.015, y, words, va="center", bbox=_ON_WHITE)
    axes.axvline(0.5, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.set(xlim=(0, 1.25), xlabel="line at 0.50: no better than chance")
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    _named_rows(axes, segments)
    return figure


def drift_bars(drift: pl.DataFrame, alert_psi: float, segment: str = "all") -> Figure:
    """PSI of each subject, largest first, with the line that an alert must pass.

    Args:
        drift: rows of one report month.
        alert_psi: where the line stands.
        segment: whose rows are drawn.
    """
    wide = (
        drift.filter(pl.col("segment") == segment)
        .group_by("subject", "note")
        .agg(
            pl.col("value").filter(pl.col("metric") == name).first().alias(name)
            for name in ("psi", "p_adjusted", "alert")
        )
        .sort("psi", "subject", descending=[True, False], nulls_last=True)
    )
    subjects = wide["subject"].to_list()
    figure, axes = _canvas(f"Change of distribution, {segment} accounts", len(subjects))
    longest = max([value for value in wide["psi"] if value is not None] + [alert_psi])
    for y, row in enumerate(wide.iter_rows(named=True)):
        if row["psi"] is None:
            axes.text(longest * 0.01, y, row["note"], va="center", style="italic", bbox=_ON_WHITE)
            continue
        alerts = row["alert"] == 1
        axes.barh(y, row["psi"], 0.6, color=TIER_COLOURS["red"] if alerts else GREY)
        words = f"{row['psi']:.3f}, p {row['p_adjusted']:.2g}" + (", alert" if alerts else "")
        axes.text(row["psi"] + longest * 0.015, y, words, va="center", bbox=_ON_WHITE)
    axes.axvline(alert_psi, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.set(
        xlim=(0, longest * 1.45), xlabel=f"PSI; line at {alert_psi:g}: an alert lies beyond it"
    )
    _named_rows(axes, subjects)
    return figure


def waterfall_steps(shown: Waterfall, title: str) -> Figure:
    """From the score of the earlier day to that of the later one, a step for each part.

    Args:
        shown: the move, as it is shown elsewhere.
        title: whose, and when.
    """
    names = [f"{shown.since}", *(name for name, _ in shown.parts), "now"]
    figure, axes = _canvas(title, len(names))
    at, ends = shown.start, [shown.start, shown.end]
    axes.barh(0, shown.start, 0.6, color=GREY)
    for y, (_, points) in enumerate(shown.parts, start=1):
        axes.barh(y, abs(points), 0.6, min(at, at + points), color=_sign_colour(points))
        axes.plot([at, at], [y - 1.3, y + 0.3], color=INK, linewidth=0.8)
        at += points
        ends.append(at)
        words = f"{points:+.1f}".replace("-", "−")
        place = max(at, at - points)
        axes.annotate(words, (place, y), xytext=(5, 0), textcoords="offset points", va="center")
    axes.plot([at, at], [len(names) - 2.3, len(names) - 0.7], color=INK, linewidth=0.8)
    axes.barh(len(names) - 1, shown.end, 0.6, color=GREY)
    for y, score in ((0, shown.start), (len(names) - 1, shown.end)):
        axes.annotate(
            f"{score:.1f}", (score, y), xytext=(5, 0), textcoords="offset points", va="center"
        )
    low, high = min(ends), max(ends)
    room = max(high - low, 1.0)
    axes.set(xlim=(max(0.0, low - 0.4 * room), high + 0.25 * room), xlabel="score")
    _named_rows(axes, names)
    return figure


def _sign_colour(points: float) -> str:
    return TIER_COLOURS["red" if points < 0 else "green"]


def separation_curve(rows: pl.DataFrame, borders: tuple[float, float] = (60, 80)) -> Figure:
    """Share of churners found against share of retained accounts disturbed, from the lowest score.

    Args:
        rows: `score`, `churned_within_horizon`, both without nulls: the evaluated snapshots.
        borders: where Yellow and Green begin.
    """
    steps = (
        rows.group_by("score")
        .agg(
            pl.col("churned_within_horizon").sum().alias("lost"),
            (~pl.col("churned_within_horizon")).sum().alias("kept"),
        )
        .sort("score")
        .with_columns(
            found=100 * pl.col("lost").cum_sum() / pl.col("lost").sum(),
            disturbed=100 * pl.col("kept").cum_sum() / pl.col("kept").sum(),
        )
    )
    figure, axes = _canvas("Churners found, lowest scores first")
    axes.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot([0, *steps["disturbed"]], [0, *steps["found"]], color=BLUE, linewidth=2)
    axes.text(62, 56, "by chance", color=INK, rotation=0, va="top")
    names = ("Red", "Red and Yellow")
    for border, name in zip(borders, names, strict=True):
        reached = steps.filter(pl.col("score") < border).tail(1)
        if reached.height:
            at = (reached["disturbed"][0], reached["found"][0])
            axes.plot(*at, "o", color=BLUE, markersize=7)
            words = f"{name}: below {border:g}"
            axes.annotate(words, at, xytext=(8, -10), textcoords="offset points", va="top")
    axes.set(xlim=(0, 101), ylim=(0, 101))
    axes.set(xlabel="% of retained accounts disturbed", ylabel="% of churners found")
    return figure


def _canvas(title: str, lines: int | None = None) -> tuple[Figure, Axes]:
    """A light figure with one pair of axes; `lines`: as high as so many named rows need."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    height = 4.2 if lines is None else 1.5 + 0.62 * max(lines, 1)
    figure = Figure(
        figsize=(8, height), dpi=110, layout=ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.1)
    )
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=13, fontweight="bold", color=INK, pad=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=10, length=0)
    return figure, axes


def _named_rows(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)


def _date_axis(axes: Axes, days: pl.Series) -> None:
    """Up to five days by name, spread over all of them."""
    step = max(1, -(-days.len() // 5))
    shown = days.gather_every(step).to_list()
    axes.set_xticks(shown, [f"{day:%d %b %Y}" for day in shown])
    axes.margins(x=0)
