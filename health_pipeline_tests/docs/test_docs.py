"""What people read is true: commands parse, links lead somewhere, lists are complete."""

import re
import shlex
import tomllib
from itertools import chain

import pytest
import typer.main
from typer.testing import CliRunner

from health_pipeline.cli.app import app
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline_tests import catalogue
from health_pipeline_tests.docs.pages import (
    PAGES,
    README,
    ROOT,
    anchors,
    commands,
    name_of,
    prose,
    tracked,
)

COMMANDS = sorted(set(chain.from_iterable(commands(page) for page in PAGES)))
HEALTH = [command for command in COMMANDS if command.startswith("health ")]
MAKE = [command for command in COMMANDS if command.startswith("make ")]


def options_are_known(arguments: list[str]) -> bool:
    """Names of commands and options, without running: --help is answered once they are parsed."""
    return CliRunner().invoke(app, [*arguments, "--help"]).exit_code == 0


@pytest.mark.parametrize("command", HEALTH)
def test_every_health_command_in_the_docs_parses(command):
    assert options_are_known(shlex.split(command)[1:])


@pytest.mark.parametrize("wrong", [["run", "--nonsense"], ["nonsense"], ["alerts", "nonsense"]])
def test_a_command_that_does_not_exist_is_seen(wrong):
    assert not options_are_known(wrong)


@pytest.mark.parametrize("command", MAKE)
def test_every_make_target_in_the_docs_exists(command):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert command.split()[1] in targets


def test_all_commands_are_in_the_readme():
    group = typer.main.get_command(app)
    names = {f"health {name}" for name in group.commands if name not in ("alerts", "sample")}
    shown = {" ".join(command.split()[:2]) for command in commands(ROOT / "README.md")}
    assert names | {"health alerts"} <= shown


def _parameters(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _parameters(command, (*path, name))
        else:
            yield from ((*path, name, one.name, command, one) for one in command.params)


PARAMETERS = [tuple(one) for one in _parameters(typer.main.get_command(app))]


@pytest.mark.parametrize("parameter", PARAMETERS, ids=["-".join(p[:-2]) for p in PARAMETERS])
def test_every_option_says_what_it_does(parameter):
    *_, command, one = parameter
    assert one.help or one.name.upper() in command.help


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_and_image_leads_somewhere(page):
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8")))
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), f"{name_of(page)} links to {target}"
        assert not anchor or anchor in anchors(place), f"{name_of(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_exists(page):
    named = re.findall(r"`([\w.]+/[\w./]*\.(?:py|yaml|md|toml))`", page.read_text("utf-8"))
    # The README's examples of new ones.
    planned = {"core/signals/kinds/survey_score.py", "adapters/channels/kinds/matrix.py"}
    for path in set(named) - planned - {f"health_pipeline/{one}" for one in planned}:
        places = (ROOT / path, ROOT / "health_pipeline" / path, ROOT / "docs" / path)
        assert any(place.exists() for place in places), f"{name_of(page)} names {path}"


@pytest.mark.parametrize("page", catalogue.PAGES)
def test_pages_made_from_code_are_in_step(page):
    assert (catalogue.DOCS / page).read_text("utf-8") == catalogue.PAGES[page](), (
        f"docs/{page} is out of date: run python -m health_pipeline_tests.catalogue"
    )


def test_every_source_table_has_its_section():
    assert anchors(ROOT / "docs" / "source_tables.md") >= set(SOURCE_TABLES)


def test_every_page_stands_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    pages = {page.name for page in ROOT.glob("docs/*.md")} - {"README.md"}
    assert pages == set(re.findall(r"^\| \[[^\]]+\]\(([\w.]+\.md)\)", index, re.MULTILINE))


def test_every_setting_is_in_the_readme():
    folders = (ROOT / "health_pipeline").rglob("*")
    files = [path for path in folders if path.suffix in (".py", ".yaml")]
    found = {
        name
        for path in (*files, ROOT / "Makefile")
        for name in re.findall(r"\bHEALTH_[A-Z_]+\b", path.read_text("utf-8"))
    }
    settings = README.partition("\n## Settings\n")[2].partition("\n## ")[0]
    assert found == set(re.findall(r"`(HEALTH_[A-Z_]+)`", settings))


def test_every_runtime_dependency_is_explained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    explained = [row.split(" | ")[0] for row in re.findall(r"^\| ([a-z].*)$", page, re.MULTILINE)]
    needed = {re.split(r"[\[<>=]", text)[0] for text in project["dependencies"]}
    assert needed == set(chain.from_iterable(names.split(", ") for names in explained[1:]))


ADRS = [page for page in PAGES if page.parent.name == "adr"]


@pytest.mark.parametrize("page", ADRS, ids=lambda page: page.stem)
def test_every_decision_says_why_what_and_what_follows(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Why the question came up",
        "Decision",
        "What follows",
    ]
    assert text.startswith(f"# {page.name[:4]} ")
    assert "\nStatus: " in text


def test_decisions_are_numbered_without_gaps():
    assert [int(page.name[:4]) for page in ADRS] == list(range(1, len(ADRS) + 1))


def test_every_release_says_what_moves_scores():
    releases = (ROOT / "CHANGELOG.md").read_text("utf-8").split("\n## ")[1:]
    assert releases
    assert all("\n### Score-affecting\n" in release for release in releases)


INDEX_HOST = re.compile(
    r"py"
    r"pi\.org|python"
    r"hosted|arti"
    r"factory|j"
    r"frog|index-url[= ]+http|https?://\S+/simple\b"
)
MACHINE_PATH = re.compile(r"(?<![\w.}])/(?:home|root|work|tmp)" r"/\w")


def test_no_file_names_a_package_index_or_a_path_of_a_machine():
    guilty = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for pattern in (INDEX_HOST, MACHINE_PATH):
            guilty += [f"{name_of(path)}: {hit.group()}" for hit in pattern.finditer(text)]
    assert guilty == []
