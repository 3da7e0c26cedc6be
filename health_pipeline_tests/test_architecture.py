"""docs/architecture.md and the README say how the code is built; this holds them to it."""

import ast
import re
import tomllib
from pathlib import Path

import dagster as dg
import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.orchestration.definitions import build_definitions
from health_pipeline.orchestration.house import House

ROOT = Path(__file__).parents[1]
CODE = sorted((ROOT / "health_pipeline").rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 300, 60
DECLARATIONS = {"sources.py", "meanings.py"}
"""Of core/schemas: the contract itself, one line a column or word and no logic."""


def own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without the functions defined in it: asset bodies count by themselves."""
    inner = [
        one
        for one in ast.walk(function)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one is not function
    ]
    return _lines(function) - sum(_lines(one) for one in inner)


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_functions_are_small(path):
    text = path.read_text(encoding="utf-8")
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [node.name for node in functions if own_lines(node) > LONGEST_FUNCTION]
    assert not long, f"{path.name}: longer than {LONGEST_FUNCTION} lines: {long}"
    if not (path.parent.name == "schemas" and path.name in DECLARATIONS):
        assert len(text.splitlines()) <= LONGEST_FILE


def test_the_wall_clock_is_read_in_one_place():
    clock = re.compile(r"\b(?:datetime\.(?:now|utcnow|today)|date\.today|time\.time)\(")
    found = [path.name for path in CODE if clock.search(path.read_text(encoding="utf-8"))]
    assert found == ["house.py"]


def rooms() -> dict[str, set[str]]:
    """Room → its assets, landed tables as one, from the definitions that Dagster loads."""
    house = House(load_settings({}), load_model())
    graph = build_definitions(house).resolve_asset_graph()
    found: dict[str, set[str]] = {}
    for key in graph.get_all_asset_keys():
        name = "landing/*" if key.path[0] == "landing" else key.to_user_string()
        found.setdefault(graph.get(key).group_name, set()).add(name)
    return found


def test_the_picture_in_the_readme_shows_every_room_and_asset():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    drawn = re.findall(r'<b>(\d_\w+)</b>[^<]*<br/>([^"]+)"', text)
    shown = {room: set(re.sub(r" \([^)]*\)", "", assets).split(", ")) for room, assets in drawn}
    assert shown == rooms()


def test_the_table_of_rooms_shows_every_asset():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d_\w+) \| [^|]+ \| ([^|]+) \|$", text, re.MULTILINE)
    assert {room: set(re.findall(r"`([^`]+)`", assets)) for room, assets in rows} == rooms()


def test_every_import_contract_is_explained():
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| ([A-Z][^|]+) \| [^|]+ \|$", text, re.MULTILINE)
    assert [contract["name"] for contract in linter["contracts"]] == explained


def test_schedules_and_sensor_are_called_as_the_docs_say():
    definitions = build_definitions(House(load_settings({}), load_model()))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    daily = min(one.name for one in definitions.schedules or ())
    assert f"`{daily}`" in text
    sensor = definitions.resolve_sensor_def("driver_alerts")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
