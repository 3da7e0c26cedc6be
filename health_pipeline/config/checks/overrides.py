"""Rules of overrides.yaml; which accounts there are is known to a run alone."""

from __future__ import annotations

from collections.abc import Iterator

from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue
from health_pipeline.core.overrides.in_force import WAYS
from health_pipeline.core.overrides.params import LONGEST_DAYS, moved

FILE = "overrides"
NEEDED = {"account": WAYS, "why": "the reason, for whoever reads it later", "author": "who says so"}


def one_thing(draft: Draft) -> Iterator[Issue]:
    """A block says a tier, or that the account is muted."""
    for n, block in enumerate(draft.overrides.overrides):
        if (block.tier is not None) == block.mute:
            words = "a tier and a mute together" if block.mute else "neither a tier nor a mute"
            allowed = "either tier: green, yellow or red; or mute: true"
            yield draft.issue(FILE, (FILE, n), words, allowed)


def words(draft: Draft) -> Iterator[Issue]:
    """Account, reason and author say something."""
    for n, block in enumerate(draft.overrides.overrides):
        for key, allowed in NEEDED.items():
            if not getattr(block, key).strip():
                yield draft.issue(FILE, (FILE, n, key), "empty", allowed)


def periods(draft: Draft) -> Iterator[Issue]:
    """An override has an end, and one that is near."""
    for n, block in enumerate(draft.overrides.overrides):
        latest = moved(block.first, LONGEST_DAYS)
        if block.first > block.until:
            said = f"before its first day ({block.first})"
            yield draft.issue(FILE, (FILE, n, "until"), said, f"{block.first} to {latest}")
        elif block.until > latest:
            said = f"more than {LONGEST_DAYS} days after since ({block.first})"
            yield draft.issue(FILE, (FILE, n, "until"), said, f"{latest} at the latest")


def one_at_a_time(draft: Draft) -> Iterator[Issue]:
    """One override for an account and day."""
    blocks = draft.overrides.overrides
    for n, block in enumerate(blocks):
        for m, other in enumerate(blocks[:n]):
            same = block.account.strip().casefold() == other.account.strip().casefold()
            if same and block.meets(other):
                line = draft.document(FILE).line((FILE, m))
                said = f"has an override on line {line} for some of the same days"
                allowed = "one override for an account and day"
                yield draft.issue(FILE, (FILE, n, "account"), said, allowed)
                break
