"""Where the score, the commercial trend and the CSM do not see the same account.

One of them is wrong, or knows something that the others do not: either is worth a look. It stands
beside the score and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from health_pipeline.core.schemas.account_days import KEY, Array, SignalRows, beside, signal_rows
from health_pipeline.core.schemas.spec import HEALTHY_FROM, RISK_BELOW

DISAGREEMENT: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "disagreement": pl.String(),
}

SCORE = "score"
GOOD, BAD = 1, -1


def disagreement(
    scores: pl.DataFrame, signals: pl.DataFrame | SignalRows, views: Mapping[str, str]
) -> pl.DataFrame:
    """Who calls an account healthy that another calls at risk.

    Args:
        scores: `account_id`, `date`, `score` (0–100, null: unscored).
        signals: `RESULT_TABLES["signals"]`.
        views: name of a view → the signal that speaks for it (`ScoringRules.views`).

    Returns:
        `DISAGREEMENT`, one row for each of `scores`: null where nobody disagrees. The score and a
        subscore are healthy from 80 on and at risk below 60; between them, and where nothing is
        measured, a view disagrees with nobody.
    """
    rows = signal_rows(signals)
    said = {SCORE: _verdict(scores["score"].cast(pl.Float64).fill_null(np.nan).to_numpy())}
    said |= {name: _said(scores, rows, signal) for name, signal in views.items()}
    verdicts = np.stack(list(said.values()))
    apart = (verdicts == GOOD).any(axis=0) & (verdicts == BAD).any(axis=0)
    # Few patterns occur: each, written as one number, is put into words once.
    codes = 3 ** np.arange(len(said)) @ np.where(apart, verdicts, 0)
    _, first, place = np.unique(codes, return_index=True, return_inverse=True)
    patterns = np.where(apart, verdicts, 0)[:, first]
    words = [_words(dict(zip(said, pattern, strict=True))) for pattern in patterns.T.tolist()]
    text = pl.Series("disagreement", words, pl.String)[place.ravel()]
    return scores.select(KEY).with_columns(text)


def _said(scores: pl.DataFrame, rows: SignalRows, signal: str) -> Array:
    """The verdict of one signal on each row of `scores`."""
    subscore = np.full(rows.days.height, np.nan)
    at = rows.of({signal})
    subscore[rows.day[at]] = rows.subscore[at]
    found = beside(scores.select(KEY), rows.days.with_columns(pl.Series("subscore", subscore)))
    return _verdict(found["subscore"].fill_null(np.nan).to_numpy())


def _verdict(figures: Array) -> Array:
    return np.where(figures >= HEALTHY_FROM, GOOD, 0) + np.where(figures < RISK_BELOW, BAD, 0)


def _words(pattern: Mapping[str, int]) -> str | None:
    good = [name for name, verdict in pattern.items() if verdict == GOOD]
    bad = [name for name, verdict in pattern.items() if verdict == BAD]
    if not (good and bad):
        return None
    return f"healthy by {' and '.join(good)}, at risk by {' and '.join(bad)}"
