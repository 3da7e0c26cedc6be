from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.adapters.likeness.splink import comparison_rows, trained_probabilities
from health_pipeline.core.identity.likeness.candidates import candidates
from health_pipeline.core.identity.likeness.params import Likeness
from health_pipeline.core.identity.likeness.propose import proposals, with_trained
from health_pipeline_tests.core.identity.likeness.companies import companies, values


def test_too_few_links_are_named_with_the_way_out():
    links = pl.DataFrame({"left": [1], "right": [2]})
    with pytest.raises(ValueError, match=r"needs 100 links .* there are 1; use engine: rules"):
        trained_probabilities(values(companies(20)), links)


def test_one_row_for_each_record():
    names = pl.DataFrame(
        {
            "rec": [1, 1, 2],
            "kind": ["name", "domain", "name"],
            "value": ["Vortexa India Ltd", "vortexa.com", "Systems"],
        }
    )
    assert comparison_rows(names).rows() == [
        (1, "vortexaindia", "vortexa", "vortexa", "india", ["vortexa", "vortexaindia"]),
        (2, "systems", None, None, None, ["systems"]),
    ]


def test_a_trained_model_tells_pairs_from_strangers():
    pytest.importorskip("splink")
    records = companies(2_000, seed=3)
    twins = (
        records.group_by("truth").agg(pl.col("rec").sort()).filter(pl.col("rec").list.len() == 2)
    )
    pairs = twins.sort("truth").select(left=pl.col("rec").list[0], right=pl.col("rec").list[1])
    train, test = pairs.head(300), pairs.tail(-300)
    found = trained_probabilities(values(records), train)
    assert found["trained"].is_between(0, 1).all()
    true = found.join(test, on=("left", "right"))
    false = found.join(pairs, on=("left", "right"), how="anti")
    assert true.height > 0.6 * test.height
    assert true["trained"].median() > 0.9  # type: ignore[operator]
    assert false.filter(pl.col("trained") > 0.5).height < 0.1 * true.height


def test_a_trained_probability_takes_the_place_of_the_rules():
    kinds = {"rec": [1, 2, 3], "kind": ["name"] * 3, "value": ["Vortexa", "Vortexa AG", "Vortexa"]}
    names = pl.DataFrame(kinds)
    features = candidates(names.tail(1), names.head(2).with_columns(group=pl.col("rec")))
    trained = pl.DataFrame({"left": [2], "right": [3], "trained": [0.75]})
    found = proposals(with_trained(features, trained), Likeness(link_above=0.7))
    assert found.select("right", "probability", "link").rows() == [(2, 0.75, True)]
