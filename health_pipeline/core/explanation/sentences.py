"""One sentence of one driver: the signal's own template, filled with figures and dates (R81)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

NO_NORM_UNITS = ("log points",)
"""Units in which a norm tells a reader nothing."""

TIMES = {"days": "day", "hours": "hour"}
"""Units that a norm is told with, beside %; what others count stands in the sentence itself."""

NORM = "similar accounts"

ONE = re.compile(r"(?<![\d.,])1 (day|workday|hour|ticket|stage|seat|answer|new user)s\b")
"""What is said of many, of one."""


class _Unknown:
    """Stands for a figure that is not known; takes any format specification."""

    def __format__(self, spec: str) -> str:
        return "unknown"


UNKNOWN = _Unknown()


class _Number(float):
    """Written with at most one decimal where the template asks for no format of its own."""

    def __format__(self, spec: str) -> str:
        return super().__format__(spec) if spec else f"{round(self, 1):g}"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a template may name; `day` is the day that the sentence is written for."""

    value: float | None
    baseline: float | None
    unit: str
    observed_on: date | None
    detail: str | None
    day: date

    @property
    def fields(self) -> dict[str, Any]:
        """Values by template field, no zero with a sign. `days`: from `observed_on` to `day`."""
        return {
            "value": UNKNOWN if self.value is None else _Number(self.value + 0.0),
            "baseline": UNKNOWN if self.baseline is None else _Number(self.baseline + 0.0),
            "unit": self.unit,
            "observed_on": self.observed_on or UNKNOWN,
            "detail": self.detail or "",
            "days": (self.day - self.observed_on).days if self.observed_on else UNKNOWN,
        }


def sentence(template: str, figures: Figures) -> str:
    """The template filled, with the segment's norm behind it where it helps.

    The norm is added when the template shows the value itself and the norm differs from it as
    written; a template that names `{baseline}` speaks of the norm itself.

    Raises:
        ValueError: the template names a field that does not exist.
    """
    try:
        text = template.format(**figures.fields)
    except (KeyError, IndexError) as error:
        known = ", ".join(figures.fields)
        raise ValueError(f"sentence {template!r} names {error}; known fields are {known}") from None
    text = text.replace(" ()", "").strip()
    if "1 " in text:
        text = ONE.sub(r"1 \1", text)
    if figures.baseline is None or not _shows_value_alone(template):
        return text
    unit = figures.unit
    if unit in NO_NORM_UNITS:
        return text
    norm = _with_unit(figures.baseline, unit)
    if figures.value is not None and _with_unit(figures.value, unit) == norm:
        return text
    return f"{text[:-1]}; {NORM}: {norm})" if text.endswith(")") else f"{text} ({NORM}: {norm})"


@cache
def _shows_value_alone(template: str) -> bool:
    return "{value" in template and "{baseline" not in template


def _with_unit(value: float, unit: str) -> str:
    digits = f"{value:.0f}" if unit == "%" or abs(value) >= 10 else f"{round(value, 1):g}"
    if unit == "%":
        return f"{digits}%"
    return f"{digits} {TIMES[unit] if digits == '1' else unit}" if unit in TIMES else digits
