"""Rules of segments.yaml: bands without holes, segments that can be met."""

from __future__ import annotations

from collections.abc import Iterator

from health_pipeline.config.checks.names import listed, repeated, unknown
from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue, Path
from health_pipeline.core.segments.assign import UNKNOWN
from health_pipeline.core.segments.params import Band, SegmentRule

COLUMNS = ("plan", "region", "customer_tier", "deployment", "acv_band", "size")


def bands(draft: Draft) -> Iterator[Issue]:
    """Bands lie end to end from 0 upwards, the last one is open, and none is called unknown."""
    rules = draft.segments
    for key, found in (("acv_bands", rules.acv_bands), ("size_bands", rules.size_bands)):
        names = [band.name for band in found]
        yield from repeated(draft, "segments", (key,), names)
        for n in (n for n, name in enumerate(names) if name == UNKNOWN):
            words = "the band of a number that is not known"
            yield draft.issue("segments", (key, n, "name"), words, "another name")
        yield from _contiguous(draft, key, found)


def _contiguous(draft: Draft, key: str, found: tuple[Band, ...]) -> Iterator[Issue]:
    end: float | None = 0.0
    for n, band in enumerate(found):
        path: Path = (key, n)
        if end is None:
            yield draft.issue("segments", path, "follows an open band", "the open band last")
            return
        if band.low != end:
            word = "overlaps the band below" if band.low < end else "leaves a gap below"
            yield draft.issue("segments", (*path, "low"), word, f"{end:g}")
        if band.high is not None and band.high <= band.low:
            yield draft.issue("segments", (*path, "high"), "not above low")
        end = band.high
    if found and end is not None:
        path = (key, len(found) - 1, "high")
        yield draft.issue("segments", path, "the last band must be open", "no `high`")


def segment_names(draft: Draft) -> Iterator[Issue]:
    """Segments are named once; the default has a name of its own."""
    names = [segment.name for segment in draft.segments.segments]
    yield from repeated(draft, "segments", ("segments",), names)
    if draft.segments.default in names:
        words = "also the name of a segment with rules"
        yield draft.issue("segments", ("default",), words, "a name of its own")
    if not draft.segments.default.strip():
        yield draft.issue("segments", ("default",), "empty", "the segment of all other accounts")


def segment_matches(draft: Draft) -> Iterator[Issue]:
    """A segment compares columns that exist with values that can occur."""
    rules = draft.segments
    closed = {
        "acv_band": [*(band.name for band in rules.acv_bands), UNKNOWN],
        "size": [*(band.name for band in rules.size_bands), UNKNOWN],
    }
    for n, segment in enumerate(rules.segments):
        if not segment.match:
            words = "matches every account: that is what `default` is for"
            yield draft.issue("segments", ("segments", n), words, listed(COLUMNS))
        for column, values in segment.match.items():
            path: Path = ("segments", n, "match", column)
            yield from unknown(draft, "segments", path, column, COLUMNS, "column")
            if not values:
                yield draft.issue("segments", path, "matches nobody", "a list of values")
            for m, value in enumerate(values if column in closed else ()):
                yield from unknown(draft, "segments", (*path, m), value, closed[column], "band")


def segment_turns(draft: Draft) -> Iterator[Issue]:
    """Each segment comes to its turn: the narrow ones stand above the wide ones."""
    segments = draft.segments.segments
    for n, segment in enumerate(segments):
        first = next((m for m in range(n) if _takes_all_of(segments[m], segment)), None)
        if first is not None:
            words = f"never comes to its turn: segments[{first}] takes all that it matches"
            allowed = "a narrower segment above a wider one"
            yield draft.issue("segments", ("segments", n), words, allowed)


def _takes_all_of(first: SegmentRule, later: SegmentRule) -> bool:
    """Whether `first`, unless it has no rules, matches every account that `later` matches."""
    return bool(first.match) and all(
        values and set(values) <= set(first.match[column])
        for column, values in ((name, later.match.get(name, ())) for name in first.match)
    )
