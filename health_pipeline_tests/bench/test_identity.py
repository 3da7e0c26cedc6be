"""The identity benchmark does what it says, on a world too small for its figures."""

from __future__ import annotations

import polars as pl
import pytest

from health_pipeline_tests.bench.identity import WORKS, identity
from health_pipeline_tests.bench.scale.companies import companies
from health_pipeline_tests.bench.scale.identity_work import RULES, decided, linked, read
from health_pipeline_tests.bench.scale.sizes import SMALL


def test_every_work_is_told_and_the_parts_give_the_whole(tmp_path):
    found = identity(tmp_path, SMALL)
    assert list(found.works) == list(WORKS.values())
    gave = {name: found.works[words].gave for name, words in WORKS.items()}
    assert gave["whole"] == gave["link_more"] != gave["link"]
    assert gave["anew"] == gave["one_percent"]
    assert all(line.value > 0 for line in found.lines)


def test_the_world_is_seeded_and_holds_what_the_page_says():
    accounts, links = companies(500)
    again = companies(500)
    assert accounts.equals(again[0])
    assert links.equals(again[1])
    assert accounts.height == 4 * 500
    assert 0.1 < accounts["domain"].null_count() / accounts.height < 0.2
    by = dict(links.group_by("source").len().iter_rows())
    assert set(by) == {"support", "billing"}
    assert accounts.select("source", "source_account_id").is_unique().all()


def test_decisions_of_the_benchmark_change_something(tmp_path):
    from health_pipeline.core.identity.records import account_keys, account_records
    from health_pipeline_tests.bench.scale.companies import write

    write(tmp_path, 300)
    landed = read(tmp_path)
    records = account_records(landed)
    keys = account_keys(landed, records, RULES)
    first = linked(records, keys)
    then = linked(records, keys, decisions=decided(first))
    assert not then.clusters.apart.is_empty()
    assert then.clusters.links.filter(pl.col("rule") == "manual").height > 0
    assert then.xref["account_id"].n_unique() != first.xref["account_id"].n_unique()


@pytest.mark.parametrize("count", [1, 7])
def test_the_smallest_worlds_resolve(count, tmp_path):
    from health_pipeline.core.identity.records import account_keys, account_records
    from health_pipeline_tests.bench.scale.companies import write

    write(tmp_path, count)
    landed = read(tmp_path)
    records = account_records(landed)
    assert linked(records, account_keys(landed, records, RULES)).xref.height == 4 * count
