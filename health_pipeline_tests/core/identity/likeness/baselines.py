"""The simple matchers that likeness is held against."""

from __future__ import annotations

import polars as pl
from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cdist

from health_pipeline.adapters.likeness.splink import trained_probabilities
from health_pipeline.core.identity.likeness.forms import domain_forms, name_forms
from health_pipeline_tests.core.identity.likeness.openstack import World

TWIN = 500_000


def _read(values: pl.DataFrame, *, domains: bool) -> list[tuple[int, str]]:
    """(rec, words) of the names, and of the labels of domains."""
    read = []
    for rec, kind, value in values.select("rec", "kind", "value").iter_rows():
        if kind == "name" or domains:
            forms = domain_forms(value) if kind == "domain" else name_forms(value)
            read += [(rec, " ".join(form.words)) for form in forms if not form.several]
    return read


def _links(rows: list[tuple[int, int]]) -> pl.DataFrame:
    shape = {"left": pl.Int64, "right": pl.Int64}
    links = pl.DataFrame(rows, shape, orient="row").unique(
        "left", keep="first", maintain_order=True
    )
    return links.with_columns(pl.lit(True).alias("link"))


def equal(world: World, *, squashed: bool) -> pl.DataFrame:
    """The same words; `squashed`: without blanks, or the label of a domain."""
    blank = "" if squashed else " "
    known = {t.replace(" ", blank): r for r, t in _read(world.reference, domains=squashed)}
    asked = [(rec, text.replace(" ", blank)) for rec, text in _read(world.queries, domains=True)]
    return _links([(rec, known[text]) for rec, text in asked if text in known])


def fuzzy(world: World, scorer, least: float) -> pl.DataFrame:
    """The most alike name of the reference, from `least` on."""
    asked, known = (_read(side, domains=False) for side in (world.queries, world.reference))
    scores = cdist([t for _, t in asked], [t for _, t in known], scorer=scorer)
    best = zip(asked, scores.argmax(axis=1), scores.max(axis=1), strict=True)
    return _links([(rec, known[at][0]) for (rec, _), at, score in best if score >= least])


def splink(world: World, least: float) -> pl.DataFrame:
    """Splink alone, trained on each company's name and domain as two records of one company."""
    twins = world.reference.filter(pl.col("kind") == "domain").select(
        pl.col("rec") + TWIN, "kind", "value"
    )
    names = pl.concat([world.reference.drop("group"), world.queries, twins])
    links = twins.select(left=pl.col("rec") - TWIN, right="rec").unique()
    scored = trained_probabilities(names, links)
    pairs = scored.filter((pl.col("left") < world.queries["rec"].min())
                          & pl.col("right").is_between(10_000, TWIN - 1))  # fmt: skip
    best = pairs.filter(pl.col("trained") >= least).sort(
        "trained", "left", descending=[True, False]
    )
    return _links(list(best.select("right", "left").iter_rows()))


def all_of(world: World) -> dict[str, pl.DataFrame]:
    return {
        "exact": equal(world, squashed=False),
        "squashed or domain label": equal(world, squashed=True),
        "Jaro-Winkler ≥ .93": fuzzy(world, JaroWinkler.similarity, 0.93),
        "token set ≥ 90": fuzzy(world, fuzz.token_set_ratio, 90),
        "Splink alone ≥ .5": splink(world, 0.5),
    }
