"""One block of overrides.yaml."""

from __future__ import annotations

from datetime import date
from typing import Literal

from health_pipeline.core.schemas.base import Frozen

LONGEST_DAYS = 180
"""No override outlives these days: what is true for longer belongs into the model or the data."""


def moved(day: date, days: int) -> date:
    """`day` moved by `days`, and no further than dates go."""
    return date.fromordinal(
        min(max(day.toordinal() + days, date.min.toordinal()), date.max.toordinal())
    )


class OverrideBlock(Frozen):
    """What a person says about an account, as written; exactly one of `tier` and `mute`.

    Attributes:
        account: an account_id, an old alias, `source:source_account_id`, a domain, or a whole name.
        tier: where the author sees the account; the score is left as it is.
        mute: no alerts and no new plays for the account.
        why, author: for whoever reads it later.
        until: the last day on which it counts.
        since: the first one; None = `LONGEST_DAYS` before `until`.
    """

    account: str
    tier: Literal["green", "yellow", "red"] | None = None
    mute: bool = False
    why: str
    author: str
    until: date
    since: date | None = None

    @property
    def first(self) -> date:
        """The first day on which it counts."""
        return self.since or moved(self.until, -LONGEST_DAYS)

    def meets(self, other: OverrideBlock) -> bool:
        """Whether some day belongs to both."""
        return self.first <= other.until and other.first <= self.until


class Override(OverrideBlock):
    """A block and the `line` of overrides.yaml on which it starts, so that a run can name it."""

    line: int
