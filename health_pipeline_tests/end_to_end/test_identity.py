"""People decide who is who: noted, replayed, undone, exported; history follows when it is told."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from health_pipeline.core.identity.decisions import decision
from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.shell import Place, Told, health

BEFORE = END - timedelta(days=1)


def identity(place: Place, *args) -> Told:
    return health("identity", *args, "--lake", place.lake)


def told(place: Place, *args) -> str:
    found = identity(place, *args)
    assert found.code == 0, found.err
    return found.out


def noted(text: str) -> list[str]:
    """The ids of the decisions that a command has noted."""
    return text.partition("Noted as ")[2].partition(".")[0].split(", ")


class Decided:
    """A place with one published day, in which two accounts were merged and a record split off."""

    def __init__(self, home: Path, sources: Path) -> None:
        self.place = Place(home, sources)
        ran = self.place.run_days(BEFORE, BEFORE)
        assert ran.code == 0, ran.err
        self.before = self.place.table("account_xref")
        self.names = self.place.table("accounts").select("account_id", "name", "domain")
        sizes = self.before.group_by("account_id").len().filter(pl.col("len") > 2)
        self.one, self.other, self.whole = sizes["account_id"].sort()[:3]
        joined = self.before.filter(
            (pl.col("account_id") == self.whole) & (pl.col("rule") != "anchor")
        )
        self.record = "{}:{}".format(*joined.row(0)[:2])
        self.merged = told(
            self.place, "merge", self.one, self.other, "--why", "one company", "--by", "dana"
        )
        self.split = told(self.place, "split", self.whole, self.record, "--why", "sold 😀")
        self.ran = self.place.run_days(END, END)
        assert self.ran.code == 0, self.ran.err
        self.after = self.place.table("account_xref")

    def account_of(self, xref: pl.DataFrame, record: str) -> str:
        source, _, key = record.partition(":")
        return xref.filter(source=source, source_account_id=key)["account_id"].item()


@pytest.fixture(scope="module")
def decided(tmp_path_factory, small_world) -> Decided:
    return Decided(tmp_path_factory.mktemp("decided"), small_world)


def test_a_merge_keeps_one_id_and_the_other_resolves_to_it(decided):
    accounts = decided.after.filter(
        pl.col("source_account_id").is_in(
            decided.before.filter(pl.col("account_id").is_in([decided.one, decided.other]))[
                "source_account_id"
            ].implode()
        )
    )["account_id"].unique()
    assert accounts.len() == 1
    (gone,) = {decided.one, decided.other} - set(accounts)
    assert f"{gone} becomes {accounts.item()}" in decided.merged
    assert f"At once, and for the days before: health backfill --from {BEFORE}" in decided.merged
    for name in decided.names.row(by_predicate=pl.col("account_id") == gone):
        shown = health("explain", name, "--lake", decided.place.lake)
        assert accounts.item() in shown.out, name


def test_a_split_gives_a_new_id_and_touches_nobody_else(decided):
    new = decided.account_of(decided.after, decided.record)
    assert new not in set(decided.before["account_id"])
    assert f"{decided.record}: {decided.whole} becomes {new}" in decided.split
    assert decided.whole in set(decided.after["account_id"])
    touched = [decided.one, decided.other, decided.whole]
    others = decided.before.filter(~pl.col("account_id").is_in(touched))
    assert others.join(decided.after, others.columns[:3], "anti").is_empty()


def test_a_score_that_moves_with_its_records_moves_by_identity(decided):
    changes = decided.place.table("score_changes").filter(date=END, compared_with=BEFORE)
    told = changes.filter(effect="identity")
    touched = {decided.whole, *decided.after.filter(rule="manual")["account_id"]}
    assert told.height > 0
    assert set(told["account_id"]) <= touched
    assert told["signal"].null_count() == told.height
    assert ((told["points"] - told["delta"]).abs() < 1e-9).all()
    others = changes.filter(pl.col("account_id").is_in(told["account_id"].implode()))
    assert others.height == told.height


def test_a_run_says_which_decisions_wait(decided, small_world, tmp_path):
    place = Place(tmp_path / "home", small_world)
    assert place.run_days(END, END).code == 0
    told(place, "merge", decided.one, decided.other, "--why", "one company")
    idle = health("run", "--lake", place.lake, "--sources", small_world)
    assert (
        "1 decision(s) about identity count from the next day on; at once with `health " in idle.out
    )


def test_why_fits_a_screen_and_names_the_decision(decided):
    text = told(decided.place, "why", *decided.record.split(":"))
    assert len(text.splitlines()) < 24
    assert f"Decided: {noted(decided.split)[0]}" in text
    assert "split" in text
    rows = decided.after.filter(pl.col("rule") == "manual")
    assert rows.height > 0
    source, key = rows.select("source", "source_account_id").row(0)
    chain = told(decided.place, "why", source, key)
    assert f"decision {noted(decided.merged)[0]} by dana" in chain
    assert "manual" in chain


REFUSED = [
    # why, arguments with {names}, what is said
    ("merged already", ("merge", "{one}", "{other}", "--why", "x"), "are one account already"),
    ("what a split forbids", ("merge", "{whole}", "{record}", "--why", "x"), "kept apart by"),
    ("nobody", ("merge", "{one}", "acc_nobody", "--why", "x"),
     "no account or record is called acc_nobody: give an account_id, an old alias or SOURCE:ID"),
    ("no such record", ("split", "{one}", "crm:nobody", "--why", "x"),
     "no record is called crm:nobody: give it as SOURCE:ID"),
    ("of another account", ("split", "{one}", "{record}", "--why", "x"), "is no part of"),
    ("no such decision", ("undo", "dec_0", "--why", "x"), "no decision is called dec_0 (known: "),
    ("a blank reason", ("merge", "{one}", "{whole}", "--why", " "), "--why is blank: give the"),
    ("no such record to explain", ("why", "crm", "nobody"), "no record crm:nobody is known"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "args", "said"), REFUSED, ids=[c[0] for c in REFUSED])
def test_what_cannot_be_is_refused_and_noted_nowhere(why, args, said, decided):
    before = told(decided.place, "export")
    found = identity(decided.place, *(text.format(**vars(decided)) for text in args))
    assert found.code == 2
    assert said in found.err
    assert told(decided.place, "export") == before


def test_a_reason_is_asked_for(decided):
    assert identity(decided.place, "merge", decided.one, decided.other).code == 2


def test_an_export_is_the_same_text_and_comes_back(decided, tmp_path, small_world):
    file = tmp_path / "identity.yaml"
    told(decided.place, "export", "--out", file)
    assert file.read_text() == told(decided.place, "export")
    other = Place(tmp_path / "home", small_world)
    ids = decided.place.control("SELECT count(*) FROM account_registry")[0][0]
    made = len([*noted(decided.merged), *noted(decided.split)])
    said = f"New here: {ids} id(s), 1 alias(es), {made} decision(s)"
    assert said in told(other, "import", file)
    assert "New here: 0 id(s), 0 alias(es), 0 decision(s)" in told(other, "import", file)
    assert told(other, "export") == file.read_text()


def test_an_id_that_is_an_account_here_becomes_no_alias(decided, tmp_path, small_world):
    file, other = tmp_path / "identity.yaml", Place(tmp_path / "home", small_world)
    told(decided.place, "export", "--out", file)
    assert other.run_days(END, END).code == 0
    assert "1 alias(es)" not in told(other, "import", file)
    assert other.control("SELECT count(*) FROM account_aliases") == [(0,)]


A, B = ("{source: a, source_account_id: '1', account_id: ", "{source: a, source_account_id: '2', ")
AT = "published_at: '2026-01-01T00:00:00+00:00'}"
MERGED = (
    "{id: dec_1, kind: merge, left_source: a, left_id: '1', right_source: b, right_id: '1', "
    "undoes: null, author: d, at: '2026-01-01T00:00:00+00:00', reason: r}"
)
BAD_FILES = [
    ("no such file", None, "the file is missing"),
    ("not YAML", "decisions: [", "not YAML"),
    ("another part", "accounts: []", "no part of an export"),
    ("a row that lacks keys", "aliases:\n  - {alias: a}\n", "not a row of this part"),
    (
        "two ids for a record",
        f"registry:\n  - {A}x, {AT}\n  - {A}y, {AT}\n",
        "a:1 has another id already",
    ),
    (
        "one id for two records",
        f"registry:\n  - {A}x, {AT}\n  - {B}account_id: x, {AT}\n",
        "already the id of a:1",
    ),
    ("no time", f"registry:\n  - {A}x, published_at: May}}\n", "no time"),
    (
        "a time before the first day",
        f"registry:\n  - {A}x, published_at: '0001-01-01T00:00:00+14:00'}}\n",
        "published_at = '0001-01-01T00:00:00+14:00': no time",
    ),
    (
        "half a character",
        f'registry:\n  - {A}"\\ud83d", {AT}\n',
        "registry[0].account_id = '\\ud83d': no text",
    ),
    ("an alias of itself", "aliases:\n  - {alias: x, account_id: x}\n", "x resolves to itself"),
    (
        "aliases in a circle",
        "aliases:\n  - {alias: x, account_id: y}\n  - {alias: y, account_id: x}\n",
        "y resolves to itself",
    ),
    (
        "an alias of two ids",
        "aliases:\n  - {alias: x, account_id: y}\n  - {alias: x, account_id: z}\n",
        "x resolves to another id already (allowed: y)",
    ),
    (
        "an id that is not the hash",
        f"decisions:\n  - {MERGED}\n",
        "not the id of what this row says",
    ),
]


@pytest.mark.parametrize(("why", "text", "said"), BAD_FILES, ids=[c[0] for c in BAD_FILES])
def test_a_bad_file_is_refused_whole_with_its_line(why, text, said, small_world, tmp_path):
    place, file = Place(tmp_path / "home", small_world), tmp_path / "identity.yaml"
    if text is not None:
        file.write_text(text)
    found = identity(place, "import", file)
    assert found.code == 2
    assert said in found.err
    assert "identity.yaml:" in found.err
    assert place.control("SELECT count(*) FROM account_registry") == [(0,)]


OLD_FILES = [
    # why, reason as an earlier release wrote it, as it is written now
    ("a character in two halves", r"one \ud83d\ude00 firm", r"one \U0001f600 firm"),
    ("what only looks like one", r"one \\ud83d\\ude00", r"one \\ud83d\\ude00"),
    ("no reason", "", ""),
]


@pytest.mark.parametrize(("why", "old", "new"), OLD_FILES, ids=[c[0] for c in OLD_FILES])
def test_an_export_of_an_earlier_release_comes_back(why, old, new, small_world, tmp_path):
    place, file = Place(tmp_path / "home", small_world), tmp_path / "identity.yaml"
    at, reason = datetime(2026, 1, 1, tzinfo=UTC), json.loads(f'"{old}"')
    made = decision("merge", ("a", "1"), ("b", "1"), author="d", at=at, reason=reason)
    row = json.dumps(asdict(made), default=datetime.isoformat)
    file.write_text(f"decisions:\n  - {row}\n")
    assert f'"reason": "{old}"' in row
    assert "1 decision(s)" in told(place, "import", file)
    assert f'"reason": "{new}"' in told(place, "export")


def test_an_empty_lake_has_nothing_to_review(tmp_path, small_world):
    place = Place(tmp_path / "home", small_world)
    assert "No pair is undecided." in told(place, "review")


def test_history_follows_when_it_is_told_and_undo_gives_both_ids_back(
    decided, tmp_path, small_world
):
    command = f"health backfill --from {BEFORE} --to {END} --restate"
    assert f"`{command}`" in decided.ran.out
    place = decided.place
    args = command.split(" ")[1:]
    restated = health(*args, "--sources", small_world, "--lake", place.lake)
    assert restated.code == 0, restated.err
    assert "--restate`" not in restated.out

    file = tmp_path / "identity.yaml"
    told(place, "export", "--out", file)
    fresh = Place(tmp_path / "fresh", small_world)
    told(fresh, "import", file)
    assert fresh.run_days(BEFORE, END).code == 0
    assert place.table("accounts").equals(fresh.table("accounts"))
    measured = ["account_id", "date", "signal", "value", "status"]
    assert place.table("signals").select(measured).equals(fresh.table("signals").select(measured))

    told(place, "undo", *noted(decided.merged), "--why", "two after all")
    told(place, "undo", *noted(decided.split), "--why", "not sold")
    again = identity(place, "undo", *noted(decided.split), "--why", "twice")
    assert again.code == 2
    assert "is undone already" in again.err
    assert place.run_days(END, END).code == 0
    key = ["source", "source_account_id", "account_id"]
    assert place.table("account_xref").select(key).equals(decided.before.select(key))
    for one in (decided.one, decided.other):
        assert (one,) not in place.control("SELECT alias FROM account_aliases")
