"""Every option of sources.yaml, on the smallest file that shows it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from health_pipeline_tests.adapters.sources.handed_in import read, rejected, write

ID = {"source": {"constant": "crm"}, "source_account_id": {"from": "id"}}
TICKET = {
    "source": {"constant": "desk"},
    "ticket_id": {"from": "id"},
    "source_account_id": {"from": "org"},
    "opened_at": {"from": "at"},
}
OPENED = datetime(2024, 1, 2, tzinfo=UTC)

# why, table, file, columns, column, values read
OPTIONS = [
    ("from", "accounts", "id,title\n1,Acme\n", {"name": {"from": "title"}}, "name", ["Acme"]),
    (
        "several columns make an id",
        "accounts",
        "id,region,day\n1,eu,2025-01-31\n2,,2025-01-31\n",
        {"name": {"from": "id", "join": ["region", "day"]}},
        "name",
        ["1/eu/2025-01-31", None],
    ),
    (
        "and one of them by its own name, with more text before",
        "accounts",
        "id,name,k\n1,Acme,7\n",
        {"name": {"from": "name", "join": ["k"], "prefix": "A-", "values": {"Acme/7": "Beta"}}},
        "name",
        ["A-Beta"],
    ),
    ("own name", "accounts", "id,name\n1,Acme\n", {}, "name", ["Acme"]),
    ("constant", "accounts", "id\n1\n", {"plan": {"constant": "Pro"}}, "plan", ["Pro"]),
    (
        "a constant that is no text",
        "accounts",
        "id\n1\n",
        {"domain_verified": {"constant": True}, "employees": {"constant": 5}},
        "domain_verified",
        [True],
    ),
    ("prefix", "accounts", "id\n7\n", {"name": {"from": "id", "prefix": "A-"}}, "name", ["A-7"]),
    (
        "a prefix does not make something of nothing",
        "accounts",
        "id,x\n7,\n",
        {"name": {"from": "x", "prefix": "A-"}},
        "name",
        [None],
    ),
    (
        "values; the others pass; an empty target is nothing",
        "accounts",
        "id,p\n1,a\n2,b\n3,\n4,n/a\n",
        {"plan": {"from": "p", "values": {"a": "Pro", "n/a": ""}}},
        "plan",
        ["Pro", "b", None, None],
    ),
    (
        "values with a rest; nothing stays nothing",
        "accounts",
        "id,p\n1,a\n2,b\n3,\n",
        {"plan": {"from": "p", "values": {"a": "Pro", "*": "Other"}}},
        "plan",
        ["Pro", "Other", None],
    ),
    (
        "a decimal comma, with groups or without",
        "accounts",
        'id,k\n1,"1.234,0"\n2,"2 500"\n3,12\'000\n4,77\n5,1.234.567\n',
        {"employees": {"from": "k", "decimal": ","}},
        "employees",
        [1234, 2500, 12000, 77, 1_234_567],
    ),
    (
        "commas between thousands",
        "accounts",
        'id,k\n1,"1,234"\n2,"1,234,567.0"\n3,12\n',
        {"employees": {"from": "k", "decimal": "."}},
        "employees",
        [1234, 1_234_567, 12],
    ),
    (
        "scale of an int",
        "accounts",
        "id,k\n1,2.5\n",
        {"employees": {"from": "k", "scale": 1000}},
        "employees",
        [2500],
    ),
    (
        "format",
        "accounts",
        "id,d\n1,02-01-2024\n",
        {"created_at": {"from": "d", "format": ["%d-%m-%Y"]}},
        "created_at",
        [OPENED],
    ),
    (
        "several formats",
        "accounts",
        "id,d\n1,02-01-2024\n2,02-01-2024 00:00\n",
        {"created_at": {"from": "d", "format": ["%d-%m-%Y %H:%M", "%d-%m-%Y"]}},
        "created_at",
        [OPENED, OPENED],
    ),
    (
        "seconds since 1970, which no zone moves",
        "accounts",
        "id,d\n1,1704153600\n",
        {"created_at": {"from": "d", "format": ["%s"], "zone": "Europe/Berlin"}},
        "created_at",
        [OPENED],
    ),
    (
        "a format with an offset",
        "accounts",
        "id,d\n1,02/01/2024 02:00 +0200\n",
        {"created_at": {"from": "d", "format": ["%d/%m/%Y %H:%M %z"]}},
        "created_at",
        [OPENED],
    ),
    (
        "a format with an offset before the day",
        "accounts",
        "id,d\n1,02:00 +0200 02-01-2024\n",
        {"created_at": {"from": "d", "format": ["%H:%M %z %d-%m-%Y"]}},
        "created_at",
        [OPENED],
    ),
    (
        "zone: summer, winter, the hour that occurs twice, an offset that says otherwise",
        "accounts",
        "id,d\n1,2024-07-01 02:00\n2,2024-01-02 01:00\n3,2024-10-27 02:30\n4,2024-01-02T00:00Z\n",
        {"created_at": {"from": "d", "zone": "Europe/Amsterdam"}},
        "created_at",
        [
            datetime(2024, 7, 1, tzinfo=UTC),
            OPENED,
            datetime(2024, 10, 27, 0, 30, tzinfo=UTC),
            OPENED,
        ],
    ),
    (
        "when",
        "tickets",
        "id,org,at,esc\n1,a,2024-01-02,True\n2,a,2024-01-02,False\n3,a,2024-01-02,\n",
        {**TICKET, "escalated_at": {"from": "at", "when": {"esc": ["True", "TRUE"]}}},
        "escalated_at",
        [OPENED, None, None],
    ),
    (
        "plus; no duration, no moment",
        "tickets",
        "id,org,at,mins\n1,a,2024-01-01T22:46,74\n2,a,2024-01-02,\n3,a,2024-01-01 23:59:30,0.5\n",
        {
            **TICKET,
            "first_responded_at": {"from": "at", "plus": {"column": "mins", "unit": "minutes"}},
        },
        "first_responded_at",
        [OPENED, None, OPENED],
    ),
    (
        "plus: one amount for all",
        "tickets",
        "id,org,at\n1,a,2024-01-01T22:00\n2,a,2024-01-01 21:30+00:00\n",
        {**TICKET, "first_responded_at": {"from": "at", "plus": {"amount": 2, "unit": "hours"}}},
        "first_responded_at",
        [OPENED, datetime(2024, 1, 1, 23, 30, tzinfo=UTC)],
    ),
    (
        "plus: days of a date, whatever its format",
        "subscriptions",
        "id,org,at,days\n1,a,30-01-2024,2\n2,a,01-02-2024,0\n3,a,01-02-2024,\n",
        {
            "source": {"constant": "x"},
            "source_account_id": {"from": "org"},
            "subscription_id": {"from": "id"},
            "starts_on": {"from": "at", "format": ("%d-%m-%Y",)},
            "ended_on": {
                "from": "at",
                "format": ("%d-%m-%Y",),
                "plus": {"column": "days", "unit": "days"},
            },
        },
        "ended_on",
        [date(2024, 2, 1), date(2024, 2, 1), None],
    ),
]


@pytest.mark.parametrize(("why", "table", "text", "columns", "column", "expected"), OPTIONS)
def test_an_option(tmp_path, why, table, text, columns, column, expected):
    write(tmp_path, {"export.csv": text})
    base = {} if "source" in columns else ID
    found = read(tmp_path, table, {"file": "export", "columns": {**base, **columns}})
    assert rejected(found) == [], why
    assert found.rows[column].to_list() == expected, why


def test_money_is_scaled_exactly(tmp_path):
    write(tmp_path, {"invoices.csv": "invoice_id,cents\n1,28.5\n2,1050\n"})
    columns = {
        "source": {"constant": "billing"},
        "source_account_id": {"constant": "a"},
        "issued_on": {"constant": "2024-01-01"},
        "due_on": {"constant": "2024-01-31"},
        "amount": {"from": "cents", "scale": 0.01},
    }
    found = read(tmp_path, "invoices", {"columns": columns})
    assert found.rows["amount"].to_list() == [Decimal("0.28"), Decimal("10.50")]
    assert found.rows["issued_on"].to_list() == [date(2024, 1, 1)] * 2


@pytest.mark.parametrize(
    ("decimal", "amounts"),
    [
        (",", ["1.5", "1.23,0", "1,234,5", "x", "1e3"]),
        (".", ["12,5", "1,23.0", "1.2.3", "", "€ 5"]),
    ],
)
def test_numbers_that_are_written_otherwise_are_told(tmp_path, decimal, amounts):
    lines = "".join(f'{n},"{amount}"\n' for n, amount in enumerate(amounts))
    write(tmp_path, {"invoices.csv": f'invoice_id,amount\n{lines}good,"1"\n'})
    columns = {
        "source": {"constant": "billing"},
        "source_account_id": {"constant": "a"},
        "issued_on": {"constant": "2024-01-01"},
        "due_on": {"constant": "2024-01-31"},
        "amount": {"decimal": decimal},
    }
    found = read(tmp_path, "invoices", {"columns": columns})
    assert found.rows["amount"].to_list() == [Decimal(1)]
    told = {value: rule for rule, value, _ in rejected(found)}
    wrong = [amount for amount in amounts if amount]
    assert told == {
        **dict.fromkeys(wrong, "not_a_number:amount"),
        **({None: "missing_required:amount"} if "" in amounts else {}),
    }


def test_lookup_takes_the_last_row_of_a_key_and_no_match_gives_nothing(tmp_path):
    files = {
        "use.csv": "id,sub\n1,S1\n2,S2\n3,S9\n4,\n",
        "subs.csv": "sub,account\nS1,old\nS2,B\nS1,A\n",
    }
    lookup = {"table": "subs", "key": "sub", "value": "account"}
    columns = {**ID, "name": {"from": "sub", "lookup": lookup}}
    found = read(write(tmp_path, files), "accounts", {"file": "use", "columns": columns})
    assert found.rows["name"].to_list() == ["A", "B", None, None]


def test_where_keeps_rows_and_counts_the_others(tmp_path):
    text = "id,bot,kind\n1,False,a\n2,True,a\n3,False,b\n4,,c\n"
    where = {"bot": ["False", ""], "kind": ["a", "c"]}
    found = read(write(tmp_path, {"accounts.csv": text}), "accounts",
                 {"columns": ID, "where": where})  # fmt: skip
    assert found.rows["source_account_id"].to_list() == ["1", "4"]
    assert found.left_out == 2
    none = read(tmp_path, "accounts", {"columns": ID, "where": {"kind": ["z"]}})
    assert (none.rows.height, none.left_out) == (0, 4), "no rows left is no error"


def test_encoding_and_delimiter(tmp_path):
    data = "id;name\n1;Café\n".encode("latin-1")
    mapping = {"columns": ID, "encoding": "latin-1", "delimiter": ";"}
    found = read(write(tmp_path, {"accounts.csv": data}), "accounts", mapping)
    assert found.rows["name"].to_list() == ["Café"]


def test_several_files_feed_one_table(tmp_path):
    files = {"a.csv": "id\n1\n", "b.csv": "key,name\n2,B\n"}
    second = {"source": {"constant": "erp"}, "source_account_id": {"from": "key"}}
    maps = ({"file": "a", "columns": ID}, {"file": "b", "columns": second}, {"file": "c"})
    found = read(write(tmp_path, files), "accounts", *maps)
    assert found.rows.rows() == [("crm", "1", None, "a.csv"), ("erp", "2", "B", "b.csv")]
    assert found.warnings == ("accounts: no file c was found, the others were read",)


def test_each_element_of_a_list_makes_a_row_of_its_own(tmp_path):
    items = [
        {"id": "1", "domains": ["a.com", "b.com", " "]},
        {"id": "2", "domains": []},
        {"domains": ["c.com"]},
    ]
    write(tmp_path, {"firms.json": json.dumps(items)})
    columns = {**ID, "kind": {"constant": "domain"}, "value": {"from": "domains"}}
    mapping = {"file": "firms", "columns": columns, "array": True, "each": "domains"}
    found = read(tmp_path, "account_links", mapping)
    assert found.rows.select("source_account_id", "value").rows() == [
        ("1", "a.com"),
        ("1", "b.com"),
    ]
    assert rejected(found) == [("missing_required:source_account_id", None, "firms.json:3")]
    assert found.left_out == 2


def test_one_bad_element_does_not_take_its_neighbours_along(tmp_path):
    write(tmp_path, {"x.ndjson": '{"id":"1","k":["domain","nonsense","alias"]}\n'})
    columns = {**ID, "kind": {"from": "k"}, "value": {"constant": "v"}}
    found = read(tmp_path, "account_links", {"file": "x", "columns": columns, "each": "k"})
    assert found.rows["kind"].to_list() == ["domain", "alias"]
    assert rejected(found) == [("not_allowed:kind", "nonsense", "x.ndjson:1")]
    assert found.warnings == (
        (
            "account_links: 1 × not_allowed:kind, first 'nonsense' at x.ndjson:1: map it to an "
            "allowed value by `values` in sources.yaml"
        ),
    )


def test_columns_that_the_mapping_uses_are_not_unknown(tmp_path):
    text = "id,org,at,mins,esc,extra\n1,a,2024-01-02,3,True,x\n"
    columns = {
        **TICKET,
        "escalated_at": {"from": "at", "when": {"esc": ["True"]}},
        "first_responded_at": {"from": "at", "plus": {"column": "mins", "unit": "minutes"}},
    }
    found = read(write(tmp_path, {"tickets.csv": text}), "tickets", {"columns": columns})
    assert found.warnings == ("tickets: unknown columns were kept out: extra",)


def test_a_warning_knows_the_mapping_of_the_file(tmp_path):
    files = {"a.csv": "id,d\n1,29/03/2026 02:30\n2,x\n", "b.csv": "id,d\n1,30/03/2026 02:30\n"}
    write(tmp_path, files)
    made = {"from": "d", "format": ["%d/%m/%Y %H:%M"], "zone": "Europe/Berlin"}
    a = {"file": "a", "columns": {**ID, "created_at": made}}
    b = {"file": "b", "columns": {**ID, "created_at": {"from": "d"}}}
    rule = "accounts: 1 × not_a_timestamp:created_at, first"
    skip, bad, form = read(tmp_path, "accounts", a, b).warnings
    assert skip.startswith(f"{rule} '29/03/2026 02:30' at a.csv:2: the clocks of Europe/Berlin ")
    assert bad.startswith(f"{rule} 'x' at a.csv:3: `format` (%d/%m/%Y %H:%M) cannot read it: ")
    assert form.startswith(f"{rule} '30/03/2026 02:30' at b.csv:2: looks like %d/%m/%Y %H:%M; set")


def test_an_offset_that_no_place_has_is_told_in_a_format_too(tmp_path):
    write(tmp_path, {"accounts.csv": "id,d\n1,02/01/2024 02:00 +2000\n"})
    columns = {**ID, "created_at": {"from": "d", "format": ["%d/%m/%Y %H:%M %z"]}}
    found = read(tmp_path, "accounts", {"columns": columns})
    assert rejected(found) == [
        ("not_a_timestamp:created_at", "02/01/2024 02:00 +2000", "accounts.csv:2")
    ]


def test_a_duration_that_is_no_number_is_named_with_its_base(tmp_path):
    write(tmp_path, {"tickets.csv": "id,org,at,mins\n1,a,2024-01-02,soon\n"})
    plus = {"from": "at", "plus": {"column": "mins", "unit": "minutes"}}
    found = read(tmp_path, "tickets", {"columns": {**TICKET, "first_responded_at": plus}})
    assert rejected(found) == [
        ("not_a_timestamp:first_responded_at", "2024-01-02 + soon minutes", "tickets.csv:2")
    ]
