"""The asset graph as text: `python -m health_pipeline_tests.orchestration.asset_graph` writes it.

It is kept in golden/asset_graph.txt, so that a change of the graph is seen in a review.
"""

from __future__ import annotations

from pathlib import Path

from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.orchestration.definitions import build_definitions
from health_pipeline.orchestration.house import House

GOLDEN = Path(__file__).parents[1] / "golden" / "asset_graph.txt"


def definitions():
    """The definitions of the packaged model."""
    return build_definitions(House(load_settings({}), load_model()))


def graph_text() -> str:
    """Rooms in order; of every asset its dependencies, kinds, partitions, freshness, checks."""
    graph = definitions().resolve_asset_graph()
    nodes = sorted(
        (graph.get(key) for key in graph.get_all_asset_keys()),
        key=lambda node: (node.group_name, node.key.to_user_string()),
    )
    room, lines = "", []
    for node in nodes:
        if node.group_name != room:
            room = node.group_name
            lines += ["", room]
        lines += [f"  {node.key.to_user_string()}", *_facts(node)]
    return "\n".join(lines[1:]) + "\n"


def _facts(node) -> list[str]:
    parents = sorted(key.to_user_string() for key in node.parent_keys)
    landed = [name for name in parents if name.startswith("landing/")]
    if len(landed) > 10:
        parents = [f"landing/* ({len(landed)})", *(n for n in parents if n not in landed)]
    checks = sorted(key.name for key in node.check_keys)
    facts = {
        "from": ", ".join(parents),
        "kinds": ", ".join(sorted(node.kinds)),
        "partitions": _partitions(node.partitions_def),
        "freshness": _freshness(node.freshness_policy),
        "checks": ", ".join(checks),
    }
    return [f"    {name}: {text}" for name, text in facts.items() if text]


def _partitions(definition) -> str:
    return "" if definition is None else definition.schedule_type.value.lower()


def _freshness(policy) -> str:
    if policy is None:
        return ""
    if hasattr(policy, "deadline_cron"):
        return f"between {policy.lower_bound_delta} before and {policy.deadline_cron}"
    return f"within {policy.fail_window.to_timedelta()}"


if __name__ == "__main__":
    GOLDEN.write_text(graph_text(), encoding="utf-8")
