"""The parameters of likeness (identity.yaml, block `likeness`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

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

    @model_validator(mode="after")
    def _in_order(self) -> Likeness:
        if self.link_above is not None and self.link_above < self.review_above:
            msg = f"link_above ({self.link_above}) must not be below review_above"
            raise ValueError(f"{msg} ({self.review_above})")
        return self
