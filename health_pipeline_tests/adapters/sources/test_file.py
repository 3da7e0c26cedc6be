"""What becomes of every kind of file that people really hand in."""

from __future__ import annotations

import gzip
import json

import polars as pl
import pytest

from health_pipeline.adapters.sources.file import SourceError, find_files, read_table
from health_pipeline.adapters.sources.folder import unread
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline_tests.adapters.sources.handed_in import AT, parquet, read, rejected, write

HEAD = "source,source_account_id,name\n"


READABLE = [
    (
        "ids stay text, leading zeros included",
        {"accounts.csv": HEAD + "crm,007,Acme\n"},
        [("crm", "007", "Acme")],
        [],
    ),
    (
        "a byte order mark is no part of the first column's name",
        {"accounts.csv": b"\xef\xbb\xbf" + (HEAD + "crm,1,Acme\n").encode()},
        [("crm", "1", "Acme")],
        [],
    ),
    ("a header alone is a connected table without rows", {"accounts.csv": HEAD}, [], []),
    (
        "compressed",
        {"accounts.csv.gz": gzip.compress((HEAD + "crm,1,Zürich\n").encode())},
        [("crm", "1", "Zürich")],
        [],
    ),
    (
        "line ends of Windows, blank lines, blanks around values",
        {"accounts.csv": HEAD.replace("\n", "\r\n") + "crm, 1 ,Acme\r\n\r\ncrm,2,\r\n"},
        [("crm", "1", "Acme"), ("crm", "2", None)],
        [],
    ),
    (
        "line ends of old Macs, a line feed inside a cell",
        {"accounts.csv": HEAD.replace("\n", "\r") + 'crm,1,"A\nB"\r\rcrm,2,C\r,3,D\r'},
        [("crm", "1", "A\nB"), ("crm", "2", "C")],
        [("missing_required:source", None, "accounts.csv:6")],
    ),
    (
        "the same, packed",
        {"accounts.csv.gz": gzip.compress((HEAD + "crm,1,A\n").replace("\n", "\r").encode())},
        [("crm", "1", "A")],
        [],
    ),
    (
        "a carriage return inside a cell ends no line where lines end otherwise",
        {"accounts.csv": HEAD + 'crm,1,"A\rB"\ncrm,2,C\n'},
        [("crm", "1", "A\rB"), ("crm", "2", "C")],
        [],
    ),
    (
        "carriage returns before those of Windows",
        {"accounts.csv": HEAD.replace("\n", "\r\r\n") + "crm,1,A\r\r\n,2,B\r\r\n"},
        [("crm", "1", "A")],
        [("missing_required:source", None, "accounts.csv:3")],
    ),
    (
        "quoted commas, quotes and line ends; the line number is the record's first",
        {"accounts.csv": HEAD + 'crm,1,"A, ""B""\nC"\n,2,D\n'},
        [("crm", "1", 'A, "B"\nC')],
        [("missing_required:source", None, "accounts.csv:4")],
    ),
    (
        "ragged rows are neither padded nor cut",
        {"accounts.csv": HEAD + "crm,1\ncrm,2,B,C\ncrm,3,D\n"},
        [("crm", "3", "D")],
        [("ragged_row", "crm,1", "accounts.csv:2"), ("ragged_row", "crm,2,B,C", "accounts.csv:3")],
    ),
    (
        "a stray quote costs its own line, not those after it",
        {"accounts.csv": HEAD + 'crm,1,5" pipes\ncrm,2,B\ncrm,3,"C"\n'},
        [("crm", "2", "B"), ("crm", "3", "C")],
        [("bad_quotes", 'crm,1,5" pipes', "accounts.csv:2")],
    ),
    (
        "one JSON object a line; what is none is named",
        {
            "accounts.ndjson": '{"source":"crm","source_account_id":"01","name":null}\n'
            '\nnonsense\n[1]\n{"source":"crm","source_account_id":7}\n'
        },
        [("crm", "01", None), ("crm", "7", None)],
        [
            ("not_a_json_object", "nonsense", "accounts.ndjson:3"),
            ("not_a_json_object", "[1]", "accounts.ndjson:4"),
        ],
    ),
    (
        "integer ids of Parquet become text, floats that are whole too",
        {
            "accounts.parquet": parquet(
                source=["a", "b"], source_account_id=[7, 8], name=[1.0, None]
            )
        },
        [("a", "7", "1"), ("b", "8", None)],
        [],
    ),
    (
        "endings in capitals",
        {
            "accounts/1.CSV": HEAD + "crm,1,A\n",
            "accounts/2.Csv.GZ": gzip.compress((HEAD + "crm,2,B\n").encode()),
            "accounts/3.NDJSON": '{"source":"crm","source_account_id":"3"}\n',
            "accounts/4.Parquet": parquet(source=["crm"], source_account_id=["4"], name=["D"]),
        },
        [("crm", "1", "A"), ("crm", "2", "B"), ("crm", "3", None), ("crm", "4", "D")],
        [],
    ),
    ("one file in capitals", {"accounts.CSV": HEAD + "crm,1,A\n"}, [("crm", "1", "A")], []),
    (
        "a folder of files, hive partitions and other tools' marks in it",
        {
            "accounts/name=A%20B/1.parquet": parquet(source=["crm"], source_account_id=["1"]),
            "accounts/name=C/1.csv": "source,source_account_id\ncrm,2\n,3\n",
            "accounts/_SUCCESS": "",
            "accounts/_temporary/2.csv": "torn",
            "accounts/.1.csv.crc": "x",
        },
        [("crm", "1", "A B"), ("crm", "2", "C")],
        [("missing_required:source", None, "accounts/name=C/1.csv:3")],
    ),
]


@pytest.mark.parametrize(("why", "files", "rows", "quarantine"), READABLE)
def test_rows_and_quarantine(tmp_path, why, files, rows, quarantine):
    found = read(write(tmp_path, files), "accounts")
    assert found.rows.select("source", "source_account_id", "name").rows() == rows, why
    assert rejected(found) == quarantine, why
    assert found.rows.schema == {
        **{n: d for n, d in SOURCE_TABLES["accounts"].schema.items() if n in found.provided},
        "origin": pl.String(),
    }
    assert found.quarantine.schema == RESULT_TABLES["quarantine"].columns


ENDS = "files that are read end in .csv, .csv.gz, .ndjson or .parquet"
UNREAD = [
    # why, files, what is said to be not read
    ("other endings in the folder",
     ["accounts/1.csv", "accounts/a/2.ndjson.gz", "accounts/3.jsonl"],
     "accounts/3.jsonl, accounts/a/2.ndjson.gz"),
    ("an array in the folder", ["accounts/1.csv", "accounts/2.json"], "accounts/2.json"),
    ("another ending", ["accounts.tsv"], "accounts.tsv"),
    ("beside what is read", ["accounts.csv", "accounts.xlsx", "accounts/1.txt"],
     "accounts.xlsx, accounts/1.txt"),
    ("a copy", ["accounts.csv", "accounts.2025.csv"], "accounts.2025.csv"),
    ("no ending", ["accounts"], "accounts"),
    ("a name in capitals", ["Accounts.CSV"], "Accounts.CSV (accounts.csv?)"),
    ("many", [f"accounts/{n}.jsonl" for n in range(7)],
     ", ".join(f"accounts/{n}.jsonl" for n in range(5)) + " and 2 more"),
    ("all is read", ["accounts/1.csv", "accounts/2.PARQUET"], None),
    ("notes and what is half-written",
     ["accounts/1.csv", "accounts/README", "accounts/README.txt", "accounts/_SUCCESS",
      "accounts/.2.jsonl", "accounts/_tmp/2.jsonl", "accounts/2.csv.tmp", "accounts/1.csv.crc",
      "accounts/1.csv~", "accounts.md", "accounts.sql", "accounts.csv.bak"], None),
    ("what is named otherwise", ["account.tsv", "accounts_old.tsv", "others/1.jsonl"], None),
]  # fmt: skip


@pytest.mark.parametrize(("why", "files", "told"), UNREAD, ids=[c[0] for c in UNREAD])
def test_files_that_seem_to_be_meant_and_are_not_read(why, files, told, tmp_path):
    write(tmp_path, dict.fromkeys(files, HEAD))
    found = unread(tmp_path, "accounts", ["accounts"])
    assert found == (() if told is None else (f"accounts: not read: {told}; {ENDS}",)), why


def test_two_endings_that_differ_by_capitals_are_two_files(tmp_path):
    write(tmp_path, {"accounts.csv": HEAD, "accounts.CSV": HEAD})
    with pytest.raises(SourceError, match="stands beside accounts"):
        find_files(tmp_path, "accounts")


def test_an_empty_json_lines_file_is_connected_without_rows(tmp_path):
    found = read(write(tmp_path, {"usage_daily.ndjson": ""}), "usage_daily")
    assert found.rows.height == 0
    assert set(SOURCE_TABLES["usage_daily"].key) < set(found.rows.columns)
    assert found.provided == {"source", "source_account_id", "day", "metric", "value"}


def test_an_empty_folder_connects_nothing(tmp_path):
    assert all(read_table(tmp_path, table, (), AT) is None for table in SOURCE_TABLES.values())


def test_only_accounts_connects_only_accounts(tmp_path):
    write(tmp_path, {"accounts.csv": HEAD + "crm,1,Acme\n"})
    connected = [n for n, t in SOURCE_TABLES.items() if read_table(tmp_path, t, (), AT)]
    assert connected == ["accounts"]


def test_a_folder_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="the sources folder does not exist"):
        find_files(tmp_path / "nowhere", "accounts")


def test_of_many_unknown_columns_the_slips_are_named_first(tmp_path):
    names = [f"x{n:02}" for n in range(20)]
    header = ",".join(["source", "source_account_id", *names, "Reigon", "plan", "zplan"])
    found = read(write(tmp_path, {"accounts.csv": f"{header}\ncrm,1{',y' * 23}\n"}), "accounts")
    first = ", ".join(names[:14])
    assert found.warnings == (
        f"accounts: unknown columns were kept out: Reigon (region?), {first} and 7 more",
    ), "plan is there, so zplan is no slip"


def test_unknown_columns_are_named_once_a_table(tmp_path):
    files = {f"accounts/{n}.csv": f"source,source_account_id,b,a{n}\ncrm,{n},x,y\n" for n in (1, 2)}
    found = read(write(tmp_path, files), "accounts")
    assert found.warnings == ("accounts: unknown columns were kept out: a1, a2, b",)
    assert found.rows.columns == ["source", "source_account_id", "origin"]


def test_columns_that_only_one_file_has_are_null_in_the_other(tmp_path):
    files = {
        "accounts/1.csv": HEAD + "crm,1,Acme\n",
        "accounts/2.csv": "source_account_id,source\n2,x\n",
    }
    found = read(write(tmp_path, files), "accounts")
    assert found.rows.rows() == [
        ("crm", "1", "Acme", "accounts/1.csv"),
        ("x", "2", None, "accounts/2.csv"),
    ]


def test_the_fingerprint_is_of_the_content(tmp_path):
    def fingerprint(text: str) -> str:
        return find_files(write(tmp_path, {"accounts.csv": text}), "accounts")[0].fingerprint

    assert fingerprint("a,b\n") != fingerprint("a,c\n")
    first = find_files(tmp_path, "accounts")
    (tmp_path / "accounts.csv").touch()
    assert find_files(tmp_path, "accounts") == first


def test_only_the_files_asked_for_are_read(tmp_path):
    files = {f"accounts/{n}.csv": HEAD + f"crm,{n},x\n" for n in range(3)}
    refs = find_files(write(tmp_path, files), "accounts")
    (tmp_path / "accounts/0.csv").write_text("now torn")
    found = read_table(tmp_path, SOURCE_TABLES["accounts"], (), AT, files=refs[1:])
    assert found is not None
    assert found.rows["source_account_id"].to_list() == ["1", "2"]
    assert found.files == tuple(refs[1:])
    none = read_table(tmp_path, SOURCE_TABLES["accounts"], (), AT, files=[])
    assert none is not None, "connected, with nothing new"
    assert none.rows.height == 0


def test_a_quarantined_row_says_which_record_it_was(tmp_path):
    found = read(write(tmp_path, {"accounts.csv": HEAD + "crm,,Acme\n"}), "accounts")
    row = found.quarantine.row(0, named=True)
    assert json.loads(row.pop("key")) == {"source": "crm", "source_account_id": None}
    assert row == {
        "table": "accounts",
        "source": "crm",
        "rule": "missing_required:source_account_id",
        "value": None,
        "origin": "accounts.csv:2",
        "at": AT,
    }
