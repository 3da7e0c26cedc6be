"""Every kind of message has a page that says what to do, and the page has what is needed."""

import re

import pytest

from health_pipeline_tests.docs.pages import ROOT, RUNBOOKS, commands, name_of

KINDS = {
    "driver",
    "account",
    "group",
    "data_incident",
    "digest",
    "unowned",
    "run_failed",
    "drift",
    "stale_source",
    "failed_check",
    "undelivered",
    "heartbeat",
    "test",
}
"""What can be told; a kind that the code names besides is found there."""

SECTIONS = ["What it means", "Why you got it", "Look here first", "Mend", "How it ends"]
SAID = (
    re.compile(r"\b_tell\(\s*stores,\s*\"(\w+)\""),
    re.compile(r"\boperation_messages\(\s*\"(\w+)\""),
    re.compile(r"\brunbook=\"(\w+)\""),
    re.compile(r"^RUNBOOK = \"(\w+)\"", re.MULTILINE),
    re.compile(r"\"kind\": \"driver(?:\w*)\" if .* else \"(\w+)\""),
)
LISTED = re.compile(r"^KINDS = \(([^)]*)\)", re.MULTILINE)


def kinds_of_the_code() -> set[str]:
    found: set[str] = set()
    for folder in ("core/alerts", "orchestration"):
        for path in (ROOT / "health_pipeline" / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            found |= {kind for pattern in SAID for kind in pattern.findall(text)}
            for listed in LISTED.findall(text):
                found |= set(re.findall(r"\"(\w+)\"", listed))
    return found


def test_every_kind_has_a_runbook():
    said = kinds_of_the_code()
    assert {"driver", "run_failed", "drift"} <= said, "the code is read in the wrong places"
    assert KINDS | said <= {page.stem for page in RUNBOOKS}


@pytest.mark.parametrize("page", RUNBOOKS, ids=name_of)
def test_a_runbook_says_what_to_do(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert f"Kind `{page.stem}`." in text
    bodies = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert all(body.strip() for body in bodies)


def test_most_runbooks_name_a_command():
    without = {page.stem for page in RUNBOOKS if not list(commands(page))}
    assert without <= {"test", "drift", "unowned"}
