"""The pages of docs/ that are made from code: `python -m health_pipeline_tests.catalogue`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import polars as pl

from health_pipeline.adapters.channels.kind import Kind
from health_pipeline.adapters.channels.kind import kinds as channel_kinds
from health_pipeline.adapters.channels.params import ChannelParams
from health_pipeline.config.allowed import allowed_at
from health_pipeline.core.schemas.columns import Column, SourceTable
from health_pipeline.core.schemas.meanings import ROWS, meaning
from health_pipeline.core.schemas.results import RESULT_TABLES, ResultTable
from health_pipeline.core.schemas.source_meanings import SOURCE_ROWS, source_meaning
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.signals.catalogue import catalogue_markdown
from health_pipeline.core.signals.kind import kinds
from health_pipeline_tests.config.written_keys import default_of

DOCS = Path(__file__).parents[1] / "docs"

SOURCES_INTRODUCTION = """\
# Source tables

What you can hand in; any subset will do. Files, formats and mapping: [sources](sources.md). Rows of
one key are versions of one record. Times are UTC unless the mapping says otherwise, percentages run
from 0 to 100. A column that is not required may be left out: signals that need it are then
`not_applicable`, and nothing becomes zero.
"""

CHANNELS_INTRODUCTION = """\
# Channels

The kinds of channels that a block of `delivery.yaml` may name, made from their files in
`health_pipeline/adapters/channels/kinds/`. Every kind takes `timeout_seconds`, `per_second` and
`allow_hosts` ([model](model.md#deliveryyaml)). Addresses and secrets are kept in environment
variables, or files, that the keys name. How messages get there: [delivery](delivery.md).

```yaml
channels:
  on_call:
    kind: pagerduty
    routing_key_env: PAGERDUTY_ROUTING_KEY
  customer_success:
    kind: slack
    url_env: SLACK_WEBHOOK_URL
  owners:
    kind: email
    host: smtp.us.example
    sender: health@us.example
    user_env: SMTP_USER
    password_env: SMTP_PASSWORD
  teams:
    kind: apprise
    url_env: TEAMS_WORKFLOW_URL
allow_hosts: [smtp.us.example]
```
"""

RESULTS_INTRODUCTION = """\
# Result tables

What people and tools read. Each table is a folder of Parquet files in the lake and a view in
`health.duckdb`; the landed source tables stand there in the schema `landing`. Names, types and
order of these columns are a promise; whatever else the lake holds is internal and may change.
Times are UTC, dates are UTC days, money is in the currency of the model.

A *daily* table is stored in one partition a day and holds every scored day. The others hold one
state, or all of their history. How a figure comes about: [signals](signals.md),
[segments](segments.md), [scoring](scoring.md), [explanation](explanation.md), [plays](plays.md),
[alerts](alerts.md), [delivery](delivery.md), [calibration](calibration.md), [drift](drift.md).
"""

WORDS: dict[type[pl.DataType], str] = {
    pl.String: "text",
    pl.Date: "date",
    pl.Datetime: "timestamp",
    pl.Int64: "integer",
    pl.Float64: "number",
    pl.Boolean: "true or false",
    pl.Struct: "struct",
    pl.List: "list of structs",
}


def sources_markdown() -> str:
    """docs/source_tables.md: an overview, then one section for each table of the contract."""
    overview = ["| table | what |", "|---|---|"]
    overview += [f"| [{name}](#{name}) | {SOURCE_ROWS[name]} |" for name in SOURCE_TABLES]
    sections = ["\n".join(overview), *(_source(table) for table in SOURCE_TABLES.values())]
    return SOURCES_INTRODUCTION + "\n" + "\n\n".join(sections) + "\n"


def _source(table: SourceTable) -> str:
    lines = [
        f"## {table.name}",
        "",
        f"{SOURCE_ROWS[table.name]} Key: {_names(table.key)}.",
        "",
        "| column | type | required | meaning |",
        "|---|---|---|---|",
        *(
            f"| `{column.name}` | {_limits(column)} | {'yes' if column.required else ''} |"
            f" {source_meaning(table.name, column.name)} |"
            for column in table.columns
        ),
    ]
    return "\n".join(lines)


def _limits(column: Column) -> str:
    """The column's type, with its closed list or its bounds."""
    if column.allowed:
        return ", ".join(f"`{value}`" for value in column.allowed)
    if column.low is None:
        return column.kind
    top = "" if column.high is None else f" to {column.high:g}"
    return f"{column.kind}, {column.low:g}{top or ' or more'}"


def tables_markdown() -> str:
    """docs/tables.md: an overview, then one section for each result table."""
    overview = ["| table | one row for each | daily | what |", "|---|---|---|---|"]
    for table in RESULT_TABLES.values():
        row, what = ROWS[table.name]
        daily = "yes" if table.daily else ""
        overview.append(f"| [{table.name}](#{table.name}) | {row} | {daily} | {what} |")
    sections = ["\n".join(overview), *(_result(table) for table in RESULT_TABLES.values())]
    return RESULTS_INTRODUCTION + "\n" + "\n\n".join(sections) + "\n"


def _result(table: ResultTable) -> str:
    row, what = ROWS[table.name]
    lines = [
        f"## {table.name}",
        "",
        f"{what} One row for each {row}; key: {_names(table.key)}.",
        "",
        "| column | type | meaning |",
        "|---|---|---|",
        *(
            f"| `{name}` | {_type(dtype)} | {meaning(table.name, name)} |"
            for name, dtype in table.columns.items()
        ),
    ]
    return "\n".join(lines)


def _type(dtype: pl.DataType) -> str:
    return next(word for kind, word in WORDS.items() if isinstance(dtype, kind))


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in columns)


def channels_markdown() -> str:
    """docs/channels.md: an overview, then one section for each kind of channel."""
    overview = [
        "| kind | what | a second | a repeat |",
        "|---|---|---|---|",
        *(
            f"| [{kind.name}](#{kind.name}) | {_first(kind.doc)} | {_pace(kind)} |"
            f" {'dropped by the receiver' if kind.dedupes else 'marked'} |"
            for kind in channel_kinds().values()
        ),
    ]
    sections = ["\n".join(overview), *(_channel(kind) for kind in channel_kinds().values())]
    return CHANNELS_INTRODUCTION + "\n" + "\n\n".join(sections) + "\n"


def _first(doc: str) -> str:
    return doc.partition("\n")[0].rstrip(".;")


def _pace(kind: Kind) -> str:
    return f"{kind.params.model_fields['per_second'].default:,.0f}"


def _channel(kind: Kind) -> str:
    own = {
        name: field
        for name, field in kind.params.model_fields.items()
        if name not in ChannelParams.model_fields
    }
    lines = [f"## {kind.name}", "", kind.doc, "", inspect.cleandoc(kind.params.__doc__ or "")]
    if kind.hosts:
        lines += ["", f"Hosts that it may always reach: {_names(kind.hosts)}."]
    if own:
        lines += ["", "| key | allowed | default |", "|---|---|---|"]
        lines += [
            f"| `{name}` | {allowed_at(kind.params, (name,))} | {default_of(field)} |"
            for name, field in own.items()
        ]
    return "\n".join(lines)


PAGES: dict[str, Callable[[], str]] = {
    "channels.md": channels_markdown,
    "signals.md": lambda: catalogue_markdown(kinds()),
    "source_tables.md": sources_markdown,
    "tables.md": tables_markdown,
}
"""Page → what it says now."""

if __name__ == "__main__":
    for page, text in PAGES.items():
        (DOCS / page).write_text(text(), encoding="utf-8")
