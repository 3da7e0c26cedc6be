"""The parameters of likeness (identity.yaml, block `likeness`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen

Engine = Literal["rules", "splink"]


class Likeness(Frozen):
    """When a likeness is shown to people, and when it links by itself.

    Attributes:
        link_above: probability from which a pair without a doubt is linked; None: never.
        review_above: probability from which a pair is shown to a person.
        candidates: accounts shown for one record, at most.
        engine: `rules` (the weights in `weights.py`) or `splink` (trained; needs the extra).
    """

    link_above: float | None = Field(default=None, gt=0.5, le=1)
    review_above: float = Field(default=0.1, gt=0, lt=1)
    candidates: int = Field(default=3, ge=1, le=10)
    engine: Engine = "rules"
