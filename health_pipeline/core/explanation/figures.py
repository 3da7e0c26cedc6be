"""Numbers as a calculator takes them, and the arithmetic of one subscore."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ENOUGH = (6, 8, 10, 13, 17)
"""Significant digits that are tried in turn; 17 give every float exactly."""

AGREES = 5e-7
"""What is printed gives the stored subscore to so much."""

RAMPS = ((2, 80.0, 20.0), (1, 60.0, 20.0), (0, 0.0, 60.0))
"""The better ramps first: lower knot, subscore there, points up to the next knot (R62)."""


def figure(number: float, digits: int = 10) -> str:
    """`number` with at most so many significant digits, without zeros at the end or exponent."""
    cut = np.format_float_positional(number, precision=digits, fractional=False, trim="-")
    return "0" if cut == "-0" else cut.replace("-", "−")


def places(number: float, decimals: int = 4) -> str:
    """`number` with at most so many decimals, without zeros at the end."""
    text = f"{number:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def taken(text: str) -> str:
    """A number that is subtracted or multiplied: in brackets where it is negative."""
    return f"({text})" if text.startswith("−") else text


def ramp(value: float, knots: Sequence[float], subscore: float, *, higher_is_better: bool) -> str:
    """How `value` becomes `subscore`: the ramp it lies on, or the end that it has reached.

    Args:
        value: raw value.
        knots: raw values that score 0, 60, 80 and 100.
        subscore: as stored, which the printed figures give to 5e-7.
        higher_is_better: direction of the signal.

    Returns:
        "60 + 20 × (0.575 − 0.45) / (0.7 − 0.45) = 70", or "100, for 0.95 ≥ 0.9". Figures have as
        few digits as still give the subscore.
    """
    sign = 1.0 if higher_is_better else -1.0
    x, steps = sign * value, [sign * knot for knot in knots]
    beyond, short = ("≥", "≤") if higher_is_better else ("≤", "≥")
    if x >= steps[3]:
        return f"100, for {figure(value)} {beyond} {figure(knots[3])}"
    for low, base, rise in RAMPS:
        if x > steps[low] or (low and x == steps[low]):
            shown = _arithmetic((value, knots[low], knots[low + 1]), base, rise, subscore)
            return f"{shown} = {places(subscore)}"
    return f"0, for {figure(value)} {short} {figure(knots[0])}"


def _arithmetic(raw: tuple[float, float, float], base: float, rise: float, subscore: float) -> str:
    for digits in ENOUGH:
        texts = [figure(number, digits) for number in raw]
        value, low, high = (float(text.replace("−", "-")) for text in texts)
        if high != low and abs(base + rise * (value - low) / (high - low) - subscore) < AGREES:
            break
    at, start, end = texts
    share = f"{rise:g} × ({at} − {taken(start)}) / ({end} − {taken(start)})"
    return f"{base:g} + {share}" if base else share
