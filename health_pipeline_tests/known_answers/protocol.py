"""How the lists of names are judged and told: by the packaged rules, over several draws."""

from __future__ import annotations

from statistics import mean

import polars as pl

from health_pipeline.config.loader import load_model
from health_pipeline.core.identity.likeness.candidates import candidates
from health_pipeline.core.identity.likeness.propose import proposals
from health_pipeline_tests.core.identity.likeness.openstack import Quality, World

SEEDS = range(5)
RULES = load_model().identity.likeness
HEADING = "\nlinks P / R / F1, with the queue P / R / F1, queue's share of queries\n"


def ours(world: World) -> pl.DataFrame:
    return proposals(candidates(world.queries, world.reference), RULES)


def averaged(many: list[Quality]) -> Quality:
    means = [mean(one) for one in zip(*many, strict=True)]
    return Quality(*means[:-1], max(q.most for q in many))


def line(name: str, q: Quality) -> str:
    links = f"{q.precision:.3f} / {q.recall:.3f} / {q.f1:.3f}"
    found = f"{q.found_precision:.3f} / {q.found_recall:.3f} / {q.found_f1:.3f}"
    return f"{name:26} {links}   {found}   {q.queue:.2f}"
