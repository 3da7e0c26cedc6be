"""What is said of files that cannot be read, and of mappings that do not fit them."""

from __future__ import annotations

import gzip

import pytest

from health_pipeline.adapters.sources.file import SourceError
from health_pipeline_tests.adapters.sources.handed_in import parquet, read, write

HEAD = "source,source_account_id,name\n"
ID = {"source": {"constant": "crm"}, "source_account_id": {"from": "id"}}
NO_UTF8 = HEAD.encode() + b"crm,1,Acme\ncrm,2,Caf\xe9\n"
UNREADABLE = [
    (
        "Latin-1 without a word about it",
        {"accounts.csv": NO_UTF8},
        (
            "accounts: accounts.csv: is not utf-8: byte 0xe9 at offset 50, line 3; set "
            "`encoding: latin-1` for it in sources.yaml if that is how it was written"
        ),
    ),
    (
        "a spreadsheet's Unicode text",
        {"accounts.csv": HEAD.encode("utf-16")},
        (
            "accounts: accounts.csv: is not utf-8: byte 0xff at offset 0, line 1; set "
            "`encoding: utf-16` for it in sources.yaml if that is how it was written"
        ),
    ),
    (
        "UTF-16 without a mark",
        {"accounts.csv": HEAD.encode("utf-16-le")},
        (
            "accounts: accounts.csv: the contract also requires source, source_account_id; columns "
            "found: source, source_account_id, name (every other byte is 0: set `encoding: "
            "utf-16-le` or utf-16-be in sources.yaml)"
        ),
    ),
    (
        "cut within a character",
        {"accounts.csv": HEAD.encode() + b"crm,1,Acme\ncrm,2,Caf\xc3"},
        (
            "accounts: accounts.csv: is not utf-8: byte 0xc3 at offset 50, line 3; set "
            "`encoding: latin-1` for it in sources.yaml if that is how it was written; hand in the "
            "whole file if it was cut short: it ends within a character"
        ),
    ),
    (
        "packed, by a name that does not say so",
        {"accounts.csv": gzip.compress(HEAD.encode())},
        (
            "accounts: accounts.csv: is not utf-8 text: it is packed by gzip; let its name end in "
            ".gz"
        ),
    ),
    (
        "Parquet, by a name that says CSV",
        {"accounts.csv": parquet(source=["crm"], source_account_id=["1"])},
        (
            "accounts: accounts.csv: is not utf-8 text: it is a Parquet file; let its name end in "
            ".parquet"
        ),
    ),
    (
        "a workbook, by a name that says CSV",
        {"accounts.csv": b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00\xdf\x00"},
        (
            "accounts: accounts.csv: is not utf-8 text: it is a zip file, or a workbook of Excel; "
            "unpack it, or save it as CSV"
        ),
    ),
    (
        "not gzip",
        {"accounts.csv.gz": "plain"},
        "accounts: accounts.csv.gz: cannot be read: Not a gzipped file (b'pl')",
    ),
    (
        "a gzip file that was cut off",
        {"accounts.csv.gz": gzip.compress(HEAD.encode())[:-9]},
        (
            "accounts: accounts.csv.gz: cannot be read: Compressed file ended before the "
            "end-of-stream marker was reached"
        ),
    ),
    (
        "a Parquet file that was cut off",
        {"accounts.parquet": parquet(source=["crm"], source_account_id=["1"])[:-9]},
        (
            "accounts: accounts.parquet: cannot be read as Parquet: parquet: File out of "
            "specification: The file must end with PAR1 or PARE"
        ),
    ),
    (
        "nothing at all",
        {"accounts.csv": ""},
        "accounts: accounts.csv: is empty: it has not even a header line",
    ),
    (
        "a required column is missing",
        {"accounts.csv": "source,name\ncrm,Acme\n"},
        (
            "accounts: accounts.csv: the contract also requires source_account_id; columns "
            "found: source, name"
        ),
    ),
    (
        "a required column is missing from one file of a folder",
        {"accounts/1.csv": HEAD, "accounts/2.csv": "source\ncrm\n"},
        (
            "accounts: accounts/2.csv: the contract also requires source_account_id; columns "
            "found: source"
        ),
    ),
    (
        "another delimiter",
        {"accounts.csv": "source;source_account_id\ncrm;1\n"},
        (
            "accounts: accounts.csv: the contract also requires source, source_account_id; "
            "columns found: source;source_account_id (if that is several, set `delimiter` for the "
            "file in sources.yaml)"
        ),
    ),
    (
        "two columns of one name",
        {"accounts.csv": "source,source_account_id,name,name\n"},
        "accounts: accounts.csv: has two columns of one name: name",
    ),
    (
        "a quote in the header that swallows more than a cell can be",
        {"accounts.csv": '\n"' + HEAD + "crm,1,Acme\n" * 20_000},
        (
            "accounts: accounts.csv: its header, line 2, cannot be read: field larger than field "
            "limit (131072); its quotes must match, and every line end in one way"
        ),
    ),
    (
        "Latin-1 with the line ends of old Macs",
        {"accounts.csv": NO_UTF8.replace(b"\n", b"\r")},
        (
            "accounts: accounts.csv: is not utf-8: byte 0xe9 at offset 50, line 3; set "
            "`encoding: latin-1` for it in sources.yaml if that is how it was written"
        ),
    ),
    (
        "two files for one table",
        {"accounts.csv": HEAD, "accounts.parquet": "x"},
        "accounts: accounts.csv: stands beside accounts.parquet; keep one of them",
    ),
    (
        "a file and a folder for one table",
        {"accounts.csv": HEAD, "accounts/1.csv": HEAD},
        "accounts: accounts.csv: stands beside accounts/; keep one of them",
    ),
    (
        "JSON that nobody said is an array",
        {"accounts.json": "[]"},
        (
            "accounts: accounts.json: is a .json file; set `array: true` for it in sources.yaml "
            "if it holds one JSON array, or name it .ndjson if it holds one object a line"
        ),
    ),
    (
        "a list where one value is needed",
        {"accounts.parquet": parquet(source=["crm"], source_account_id=["1"], name=[["a"]])},
        (
            "accounts: accounts.parquet: column name holds List(String); a single value is needed "
            "(see `each`)"
        ),
    ),
]


@pytest.mark.parametrize(("why", "files", "message"), UNREADABLE)
def test_files_that_cannot_be_read_say_where_and_why(tmp_path, why, files, message):
    with pytest.raises(SourceError) as error:
        read(write(tmp_path, files), "accounts")
    assert str(error.value) == message, why
    assert error.value.table == "accounts"
    assert error.value.file in message


def test_damaged_parquet_never_gives_other_rows(tmp_path):
    whole = parquet(source=["crm"] * 500, source_account_id=[str(n) for n in range(500)])
    truth = read(write(tmp_path, {"accounts.parquet": whole}), "accounts").rows
    failed = 0
    for cut in range(0, len(whole), 97):
        write(tmp_path, {"accounts.parquet": whole[:cut]})
        with pytest.raises(SourceError, match=r"^accounts: accounts\.parquet: "):
            read(tmp_path, "accounts")
        failed += 1
    assert failed > 10
    assert truth.height == 500


LOOKUP = {"name": {"from": "id", "lookup": {"table": "subs", "key": "k", "value": "v"}}}
NOWHERE = {"name": {"from": "id", "lookup": {"table": "no", "key": "k", "value": "v"}}}
WRONG = [
    (
        "a column that the file lacks",
        {"columns": {**ID, "name": {"from": "titel"}}},
        "accounts: accounts.csv: the mapping reads titel; columns found: id, title",
    ),
    (
        "an option on a contract column that the file lacks",
        {"columns": {**ID, "employees": {"scale": 2}}},
        "accounts: accounts.csv: the mapping reads employees; columns found: id, title",
    ),
    (
        "a filter on a column that the file lacks",
        {"columns": ID, "where": {"bot": ["False"]}},
        "accounts: accounts.csv: the mapping reads bot; columns found: id, title",
    ),
    (
        "a contract column that does not exist",
        {"columns": {**ID, "nmae": {"from": "title"}}},
        "accounts: accounts.csv: the mapping makes nmae, but the table has only source, ",
    ),
    (
        "a required column that nothing makes",
        {"columns": {"source": {"constant": "crm"}}},
        ("accounts: accounts.csv: the contract also requires source_account_id; columns found: "
        "id, title"),
    ),
    (
        "a lookup file that is not there",
        {"columns": {**ID, **NOWHERE}},
        "accounts: accounts.csv: the lookup file no was not found in ",
    ),
    (
        "a lookup column that is not there",
        {"columns": {**ID, **LOOKUP}},
        "accounts: subs.csv: the lookup reads k; columns found: key, v",
    ),
    (
        "each of what is no list",
        {"columns": ID, "each": "title"},
        "accounts: accounts.csv: `each: title` needs a JSON list in every row",
    ),
    (
        "an encoding that does not exist",
        {"columns": ID, "encoding": "latin-99"},
        "accounts: accounts.csv: the encoding 'latin-99' of sources.yaml does not exist",
    ),
    (
        "a delimiter of two characters",
        {"columns": ID, "delimiter": "||"},
        "accounts: accounts.csv: `delimiter` must be one character, not '||'",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "mapping", "message"), WRONG)
def test_a_mapping_that_does_not_fit_says_so(tmp_path, why, mapping, message):
    write(tmp_path, {"accounts.csv": "id,title\n1,Acme\n", "subs.csv": "key,v\n1,x\n"})
    with pytest.raises(SourceError) as error:
        read(tmp_path, "accounts", mapping)
    assert str(error.value).startswith(message), why
