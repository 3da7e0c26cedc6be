"""What people typed as their employer: links hold, and a person finds the rest in a short queue."""

from __future__ import annotations

import sys

import polars as pl
import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.core.identity.likeness.candidates import candidates
from health_pipeline.core.identity.likeness.propose import proposals
from health_pipeline.core.identity.resolve import resolve
from health_pipeline_tests.core.identity.likeness import openstack
from health_pipeline_tests.core.identity.likeness.openstack import Quality, World, quality, world
from health_pipeline_tests.core.identity.tables import NO_REGISTRY, account, landed, link
from health_pipeline_tests.known_answers.protocol import HEADING, RULES, SEEDS, averaged, line, ours

KEY = pl.col("source_account_id").cast(pl.Int64)
EMM = openstack.SHARED / "er_name_pairs_emm" / "unittest_sample_namepairs.csv.gz"

needs = pytest.mark.skipif(
    not (openstack.SHARED / openstack.FILE).exists(), reason="third-party data is not here"
)


@needs
def test_aliases_find_their_company():
    each = [quality(ours(w), w.truth) for w in map(world, SEEDS)]
    sys.stdout.write(HEADING)
    sys.stdout.write(line("ours", averaged(each)) + "\n")
    for one in each:
        assert one.precision >= 0.97
        assert one.queue <= 0.5
        assert one.most <= 3
    assert averaged(each).found_f1 >= 0.85
    assert min(one.found_f1 for one in each) >= 0.80


@needs
def test_domains_find_their_company_by_name():
    """A domain that the file gives to two companies is nobody's error, and counts as one."""
    worlds = [world(seed, query="domain", kept=("canonical",)) for seed in SEEDS]
    total = averaged([quality(ours(w), w.truth) for w in worlds])
    sys.stdout.write("\n" + line("domain to company", total) + "\n")
    assert total.precision >= 0.98
    assert total.recall >= 0.7


def landed_at_once(world: World) -> pl.DataFrame:
    """Reference and queries as account records of two systems, by the packaged model and all rules.

    Returns:
        left, right (a company), link: as `proposals`.
    """
    known = {"name": {}, "domain": {}}
    for group, kind, value in world.reference.select("group", "kind", "value").iter_rows():
        known[kind].setdefault(group, []).append(value)
    rows = [account(f"crm:{one}", name=names[0]) for one, names in known["name"].items()]
    links = [link(f"crm:{n}", "domain", d) for n, some in known["domain"].items() for d in some]
    rows += [
        account(f"typed:{rec}", 2, **{kind: value})
        for rec, kind, value in world.queries.select("rec", "kind", "value").iter_rows()
    ]
    tables = {"accounts": landed("accounts", *rows)}
    if links:
        tables["account_links"] = landed("account_links", *links)
    found = resolve(tables, load_model().identity, NO_REGISTRY)
    sides = [
        found.account_xref.filter(source=source).select("account_id", **{name: KEY})
        for source, name in (("typed", "left"), ("crm", "right"))
    ]
    linked = sides[0].join(sides[1], on="account_id").select("left", "right", link=pl.lit(True))
    doubts = [
        found.review.filter(
            pl.col(f"{a}_source") == "typed", pl.col(f"{b}_source") == "crm"
        ).select(left=f"{a}_source_account_id", right=f"{b}_source_account_id", link=pl.lit(False))
        for a, b in (("left", "right"), ("right", "left"))
    ]
    open_ = pl.concat(doubts).with_columns(pl.col("left", "right").cast(pl.Int64)).unique()
    return pl.concat([linked, open_.join(linked, on="left", how="anti")])


@needs
def test_landed_at_once_as_records_of_one_system():
    """Several of them are one company: its duplicates are shown, not linked."""
    each = [quality(landed_at_once(w), w.truth) for w in map(world, SEEDS)]
    sys.stdout.write("\n" + line("all rules, landed at once", averaged(each)) + "\n")
    for one in each:
        assert one.precision >= 0.97
        assert one.queue <= 0.5
        assert one.most <= 3
    assert averaged(each).found_f1 >= 0.85
    domains = [world(seed, query="domain", kept=("canonical",)) for seed in SEEDS]
    total = averaged([quality(landed_at_once(w), w.truth) for w in domains])
    sys.stdout.write(line("domains, landed at once", total) + "\n")
    assert total.precision >= 0.98


@needs
def test_better_than_what_is_simpler():
    pytest.importorskip("splink")
    from health_pipeline_tests.core.identity.likeness import baselines

    by_name: dict[str, list[Quality]] = {}
    for w in map(world, SEEDS):
        for name, pairs in {**baselines.all_of(w), "ours": ours(w)}.items():
            by_name.setdefault(name, []).append(quality(pairs, w.truth))
    means = {name: averaged(many) for name, many in by_name.items()}
    sys.stdout.write(HEADING)
    sys.stdout.write("\n".join(line(name, q) for name, q in means.items()) + "\n")
    mine = means.pop("ours")
    assert all(mine.found_f1 > q.f1 + 0.05 for q in means.values())
    precise = [q for q in means.values() if q.precision >= 0.97]
    assert all(mine.f1 > q.f1 for q in precise)


@pytest.mark.skipif(not EMM.exists(), reason="third-party data is not here")
def test_dutch_pairs_of_another_list():
    pairs = pl.read_csv(EMM).select(
        pl.col("gt_uid").cast(pl.Int64), pl.col("uid") + 1_000_000, "gt_name", "name", "correct"
    )
    asked = pairs.select(rec="gt_uid", value="gt_name").drop_nulls().unique()
    known = pairs.select(rec="uid", value="name").drop_nulls().unique()
    named = pl.lit("name").alias("kind")
    found = proposals(
        candidates(
            asked.select("rec", named, "value"), known.select("rec", named, "value", group="rec")
        ),
        RULES,
    )
    true = pairs.filter("correct").select(left="gt_uid", right="uid").drop_nulls().unique()
    links = found.filter("link")
    assert links.join(true, on=("left", "right"), how="anti").is_empty()
    assert links.height >= 5
    assert found.join(true, on=("left", "right")).height >= 8
