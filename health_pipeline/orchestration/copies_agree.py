"""Whether copies of one event say the same: of those that do not, all but one count for nothing."""

import dagster as dg
import polars as pl

COPIES_CHECK = "copies_agree"
MOST_NAMED = 3


def copies_spec() -> dg.AssetCheckSpec:
    """The check of `copies_check`."""
    return dg.AssetCheckSpec(
        COPIES_CHECK,
        asset="activity",
        description="Events that came several times under one id say the same each time.",
    )


def copies_check(conflicts: int, sample: pl.DataFrame) -> dg.AssetCheckResult:
    """A warning where copies say something else than the one that counts.

    Args:
        conflicts: how many do.
        sample: source, event_id, known_on, differs (names of the columns): some of them.
    """
    told = [_words(conflicts, sample)] if conflicts else []
    return dg.AssetCheckResult(
        asset_key="activity",
        check_name=COPIES_CHECK,
        passed=not told,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"warnings": dg.MetadataValue.json(told)},
    )


def _words(conflicts: int, sample: pl.DataFrame) -> str:
    named = ", ".join(
        f"{row['source']}:{row['event_id']} ({row['differs']})"
        for row in sample.head(MOST_NAMED).iter_rows(named=True)
    )
    more = " and more" if conflicts > MOST_NAMED else ""
    return (
        f"events: {conflicts:,} came again under the id of another event, with other content: "
        f"{named}{more}. The copy that was known first counts, the others for nothing; if they are "
        "events of their own, give each an id of its own"
    )
