"""Input as it comes: every defect has a name, and never stops what is sound."""

from __future__ import annotations

import polars as pl
import pytest

from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.folders import add, copy_of, put, remove, rows_of
from health_pipeline_tests.end_to_end.shell import Place, health


def test_an_empty_folder_runs_and_says_that_nothing_is_connected(tmp_path):
    (tmp_path / "sources").mkdir()
    place = Place(tmp_path, tmp_path / "sources")
    for _ in "twice":
        told = place.run()
        assert told.code == 0, told.err
        assert "nothing is connected" in told.out
        assert "Nothing has been scored yet" in told.out
    assert place.run_days(END, END).code == 0
    assert place.manifest() == [], "a day that nobody could score must stay open"


def test_accounts_alone_are_unscored(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "accounts.csv").write_text(
        "source,source_account_id,name,domain\ncrm,1,Ada Ltd,ada.example\ncrm,2,Bob Ltd,\n"
    )
    place = Place(tmp_path, tmp_path / "sources")
    told = place.run_days(END, END)
    assert told.code == 0, told.err
    assert (
        "No source feeds these signals, or no account is at the age or stage that they are about, "
        "so they count for nobody: burst_gap, "
    ) in told.out
    scores = place.table("health_scores")
    assert scores["tier"].to_list() == ["unscored"] * 2
    assert scores["score"].null_count() == 2
    assert scores["coverage"].to_list() == [0.0, 0.0]
    assert place.table("signals")["status"].unique().to_list() == ["not_applicable"]
    explained = health("explain", "Ada", "--lake", place.lake)
    assert explained.code == 0, explained.err
    assert "Ada Ltd has no score" in explained.out


def test_nobody_is_left_after_exclude(tmp_path, small_world):
    model = tmp_path / "model"
    model.mkdir()
    (model / "churn.yaml").write_text(
        "exclude:\n  - {column: plan, values: [Starter, Growth, Enterprise]}\n"
    )
    place = Place(tmp_path, small_world)
    told = place.run("--from", END, "--to", END, "--model", model)
    assert told.code == 0, told.err
    assert "No account is a customer on this day." in told.out
    assert place.table("health_scores").is_empty()
    assert place.table("baselines").is_empty(), "nothing can be learnt from nobody"
    later = place.run_days(END, END)
    assert later.code == 0, later.err
    customers = place.table("health_scores").height
    assert customers > 0
    assert f"Not counted: {customers} excluded by churn.yaml" in told.out
    assert place.table("baselines").height > 0


def _latin_1(folder):
    text = (folder / "milestones.csv").read_text().replace("Handover done", "Übergabe")
    (folder / "milestones.csv").write_bytes(text.encode("latin-1"))


def _other_currencies(folder):
    whose = rows_of(folder, "subscriptions").row(0, named=True)
    term = {key: whose[key] for key in ("source", "source_account_id")}
    for currency in ("EUR", "usd"):  # the latter is ours
        row = {"subscription_id": currency, "starts_on": "2025-01-01", "currency": currency}
        add(folder, "subscriptions", {**term, **row, "arr": "700"})


def _bom(folder):
    path = folder / "subscriptions.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def _day_first(folder):
    rows = rows_of(folder, "invoices")
    iso = r"^(\d{4})-(\d\d)-(\d\d)$"
    put(folder, "invoices", rows.with_columns(pl.col("due_on").str.replace(iso, "$3-$2-$1")))


def _truncated(folder):
    path = folder / "integrations.parquet"
    path.write_bytes(path.read_bytes()[:-100])


def _unreadable(folder):
    remove(folder, "interventions")
    # Its size is known and its first byte cannot be read, as of a file without the right to.
    (folder / "interventions.csv").symlink_to("/proc/self/mem")


def _not_a_number(folder):
    keys = {"source": "crm", "source_account_id": "crm-00001"}
    add(folder, "sentiments", {**keys, "recorded_at": "2025-06-01", "score": "NaN"})
    add(folder, "sentiments", {**keys, "recorded_at": "2025-06-02", "score": "-3"})
    add(folder, "sentiments", {**keys, "recorded_at": "soon", "score": "-4"})


def _unknown_columns(folder):
    rows = rows_of(folder, "renewals")
    put(folder, "renewals", rows.with_columns(colour=pl.lit("red"), smell=pl.lit("none")))


def _not_read(folder):
    (folder / "users.tsv").write_text("source\tsource_user_id\n")


def _two_files(folder):
    (folder / "surveys.csv").write_text("source,response_id\ncrm,1\n")


SPOILT = [
    # why, what is done, table, rows landed?, exit 3 because of it?, what is said
    ("Latin-1 where UTF-8 was meant", _latin_1, "milestones", False, True,
     "failed table milestones: milestones.csv: is not utf-8: byte 0xdc"),
    ("contracts in other currencies", _other_currencies, "subscriptions", True, False, ""),
    ("a byte order mark is no defect", _bom, "subscriptions", True, False, ""),
    ("days written dd-mm-yyyy", _day_first, "invoices", False, True,
     "failed table invoices: invoices.csv: none of its "),
    ("a Parquet file cut short", _truncated, "integrations", False, True,
     "failed table integrations: integrations.parquet: cannot be read as Parquet"),
    ("a file that cannot be opened", _unreadable, "interventions", False, True,
     "failed table interventions: interventions.csv: cannot be read: [Errno 5]"),
    ("NaN and negatives", _not_a_number, "sentiments", True, False, ""),
    ("columns that the contract does not know", _unknown_columns, "renewals", True, False,
     "warning renewals: unknown columns were kept out: colour, smell"),
    ("a file whose ending is not read", _not_read, "users", True, False,
     "warning users: not read: users.tsv; files that are read end in .csv, .csv.gz, "),
    ("two files for one table", _two_files, "surveys", False, True,
     "failed table surveys: surveys.csv: stands beside surveys.ndjson; keep one of them"),
]  # fmt: skip


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory, small_world):
    """One folder with all defects of `SPOILT`, run once: every table on its own."""
    home = tmp_path_factory.mktemp("spoilt")
    folder = copy_of(small_world, home / "sources")
    for _, spoil, *_ in SPOILT:
        spoil(folder)
    place = Place(home, folder)
    place.told = place.run_days(END, END)
    return place


def test_tables_fail_one_by_one_and_the_run_goes_on(spoilt):
    assert spoilt.told.code == 3
    assert spoilt.table("health_scores")["score"].drop_nulls().len() > 0
    failed = [line.split()[2] for line in spoilt.told.err.splitlines() if "failed table" in line]
    assert sorted(failed) == sorted(f"{table}:" for _, _, table, _, fails, _ in SPOILT if fails)


@pytest.mark.parametrize(
    ("why", "spoil", "table", "lands", "fails", "said"), SPOILT, ids=[c[0] for c in SPOILT]
)
def test_a_spoilt_table(why, spoil, table, lands, fails, said, spoilt):
    assert said in spoilt.told.err
    landed = spoilt.sql(
        f"from duckdb_views() where schema_name = 'landing' and view_name = '{table}'"
    )
    assert landed.height == (0 if fails else 1), why
    if lands:
        assert spoilt.sql(f"from landing.{table}").height > 0


QUARANTINED = [
    # why, table, rule, value
    ("not a number", "sentiments", "not_finite:score", "NaN"),
    ("below the scale", "sentiments", "below_minimum:score", "-3"),
    ("a day that nobody can read", "invoices", "not_a_date:due_on", "-2025"),
]


@pytest.mark.parametrize(
    ("why", "table", "rule", "value"), QUARANTINED, ids=[c[0] for c in QUARANTINED]
)
def test_rejected_rows_are_kept_with_rule_value_and_place(why, table, rule, value, spoilt):
    rows = spoilt.table("quarantine").filter(table=table, rule=rule)
    assert rows.height > 0, why
    assert any(value in found for found in rows["value"])
    assert rows["origin"].str.contains(rf"^{table}\.csv:\d+$").all()


def test_a_row_that_breaks_two_rules_is_one_row(spoilt):
    rows = spoilt.table("quarantine").select("table", "origin", "key").unique().height
    assert f"Quarantined rows: {rows:,} (table `quarantine`)" in spoilt.told.out
    assert (
        "sentiments: 3 row(s), by rule: 2 below_minimum:score; 1 not_a_timestamp:recorded_at; "
        "1 not_finite:score"
    ) in spoilt.told.out


def test_amounts_that_no_sum_holds_are_told(spoilt):
    assert "Not in ARR: 1 contract(s) in another currency than USD" in spoilt.told.out


def test_one_warning_a_table(spoilt):
    warned = [line for line in spoilt.told.err.splitlines() if "unknown columns" in line]
    assert len(warned) == 1


def test_a_failed_table_is_named_again_though_there_is_nothing_to_do(spoilt):
    told = spoilt.run()
    assert "nothing to do" in told.out
    assert "warning users: not read: users.tsv" in told.err
    assert told.code == 3, "the files are still broken"
    failed = [line.split()[2] for line in told.err.splitlines() if "failed table" in line]
    assert sorted(failed) == sorted(f"{table}:" for _, _, table, _, fails, _ in SPOILT if fails)


def test_the_last_good_landing_stays_in_force(tmp_path, small_world):
    place = Place(tmp_path, copy_of(small_world, tmp_path / "sources"))
    assert place.run_days(END, END).code == 0
    before, rows = place.manifest(), place.sql("from landing.integrations").height
    _truncated(place.sources)
    _latin_1(place.sources)
    told = place.run_days(END, END)
    assert told.code == 3
    assert "failed table integrations" in told.err
    assert place.manifest() == before, "what was known yesterday is known today"
    assert place.sql("from landing.integrations").height == rows > 0
    idle = place.run()
    assert idle.code == 3
    (place.sources / "outcomes.csv").write_text(
        "source,outcome_id,source_account_id,occurred_on,kind\n"
    )
    assert "1 new or changed file(s) wait for the next day, or for --from: outcomes.csv" in (
        place.run().out
    )
