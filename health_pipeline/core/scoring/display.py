"""Parts as people see them: what is shown adds up to the total that is shown.

A score itself is shown floored, by `core.schemas.words.floored`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor


def shown_parts(parts: Sequence[float], total: float, decimals: int = 1) -> list[float]:
    """`parts` rounded so that what is shown adds up to `total` (largest remainder).

    Args:
        parts: unrounded, finite, of either sign.
        total: their sum as it is shown; it is taken at `decimals`.
        decimals: of the shown parts.

    Returns:
        One figure for each part, each less than one unit from the unrounded one; of equal
        remainders the first part is raised.

    Raises:
        ValueError: `total` is a unit or more away from the sum of the parts, so that no rounding
            can show it.
    """
    scale = 10.0**decimals
    units = [part * scale for part in parts]
    cut = [floor(unit) for unit in units]
    missing = round(total * scale) - sum(cut)
    if abs(round(total * scale) - sum(units)) >= 1 or not 0 <= missing <= len(parts):
        raise ValueError(f"{list(parts)} add up to {sum(parts)}, which cannot be shown as {total}")
    order = sorted(range(len(units)), key=lambda i: cut[i] - units[i])
    raised = set(order[:missing])
    return [(unit + (i in raised)) / scale for i, unit in enumerate(cut)]
