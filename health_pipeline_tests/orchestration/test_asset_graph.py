"""The graph reads like the picture of the pipeline, and one name means one thing everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from health_pipeline_tests.orchestration.asset_graph import GOLDEN, definitions, graph_text

ROOT = Path(__file__).parents[2]
ROOMS = [
    "1_sources",
    "2_identity",
    "3_activity",
    "4_signals",
    "5_score",
    "6_action",
    "7_learning",
]
IDENTITY, ACTIVITY, SOURCES = "2_identity", "3_activity", "1_sources"
NOT_TABLES = {"health_duckdb", "report"}
"""Files made of tables: their columns are those of all tables."""

ELSEWHERE = {"calibration": "learning", "drift": "learning", "explanation": "scoring"}
"""Stages whose parameters stand in the YAML of another name."""

NO_PARAMETERS = {"report"}
"""Stages that show what others decided."""


@pytest.fixture(scope="module")
def nodes():
    graph = definitions().resolve_asset_graph()
    return {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}


def test_the_graph_is_the_reviewed_one():
    remake = "python -m health_pipeline_tests.orchestration.asset_graph"
    assert graph_text() == GOLDEN.read_text(encoding="utf-8"), f"if it is meant: {remake}"


def test_the_page_of_operating_says_what_to_do_about_every_check():
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    names = {key.name for key in definitions().resolve_asset_graph().asset_check_keys}
    assert len(names) > 5
    assert {name for name in names if f"\n| `{name}` |" not in page} == set()


def test_every_asset_tells_what_it_is(nodes):
    for name, node in nodes.items():
        assert len(node.description or "") > 30, f"{name}: no description"
        assert node.owners == ["team:customer-health"], name
        assert node.tags["room"] == node.group_name[2:], name
        assert node.kinds, f"{name}: no kinds"
        columns = (node.metadata or {}).get("dagster/column_schema")
        assert (columns is not None) == (name not in NOT_TABLES), f"{name}: column schema"
        told = [column.description for column in columns.columns] if columns else []
        assert all(told), f"{name}: a column without words"


def test_rooms_stand_in_the_order_of_the_pipeline(nodes):
    """What is downstream stands in the same room or a later one.

    Identity leans on activity once: who is a customer, and what nobody claims, needs usage.
    """
    assert sorted({node.group_name for node in nodes.values()}) == ROOMS
    backwards = {
        (nodes[parent.to_user_string()].group_name, node.group_name)
        for node in nodes.values()
        for parent in node.parent_keys
        if nodes[parent.to_user_string()].group_name > node.group_name
    }
    assert backwards <= {(ACTIVITY, IDENTITY)}


def test_every_source_and_the_score_have_a_freshness_policy(nodes):
    due = {name for name, node in nodes.items() if node.freshness_policy}
    landed = {name for name in nodes if name.startswith("landing/")}
    assert due == {*landed, "health_scores"}


def test_every_published_table_has_a_blocking_contract_check(nodes):
    graph = definitions().resolve_asset_graph()
    from health_pipeline.core.schemas.results import RESULT_TABLES

    as_landed = {"quarantine", "deliveries"}  # written where rows are read, or sent, not by a stage
    for name in set(RESULT_TABLES) & set(nodes) - as_landed:
        (contract,) = [key for key in nodes[name].check_keys if key.name == "contract"]
        assert graph.get_check_spec(contract).blocking, name


def test_all_daily_assets_are_in_the_daily_job_and_all_monthly_ones_in_the_other(nodes):
    found = definitions()
    for job, wanted in (("daily_health", "DAILY"), ("monthly_learning", "MONTHLY")):
        chosen = found.resolve_job_def(job).asset_layer.executable_asset_keys
        names = {key.to_user_string() for key in chosen}
        kinds = {
            node.partitions_def.schedule_type.name: set()
            for node in nodes.values()
            if node.partitions_def
        }
        for name, node in nodes.items():
            if node.partitions_def:
                kinds[node.partitions_def.schedule_type.name].add(name)
        assert kinds[wanted] <= names
        assert not names & kinds["MONTHLY" if wanted == "DAILY" else "DAILY"]


STAGES = sorted(
    folder.name
    for folder in (ROOT / "health_pipeline" / "core").iterdir()
    if folder.is_dir() and folder.name not in {"schemas", "__pycache__"}
)


@pytest.mark.parametrize("stage", STAGES)
def test_one_name_everywhere(stage):
    package = ROOT / "health_pipeline"
    places = [
        package / "orchestration" / "assets" / f"{stage}.py",
        package / "model" / f"{ELSEWHERE.get(stage, stage)}.yaml",
        ROOT / "health_pipeline_tests" / "core" / stage,
        ROOT / "docs" / f"{stage}.md",
    ]
    if stage in NO_PARAMETERS:
        places.pop(1)
    missing = [path.relative_to(ROOT).as_posix() for path in places if not path.exists()]
    assert not missing, f"the stage {stage} is looked for in {missing}"
