"""The world as files: a mix of formats that a folder of sources may hold, byte for byte the same.

Events lie in `events/YYYY-MM.parquet` by the month of arrival, so a later world adds files and
leaves the older ones as they are.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import polars as pl

from health_pipeline.adapters.sample.world import World
from health_pipeline.core.schemas.columns import TIMESTAMP

FILES = {
    "accounts": "accounts.csv",
    "account_links": "account_links.csv",
    "users": "users.csv.gz",
    "events": "events",
    "usage_daily": "usage_daily.csv.gz",
    "subscriptions": "subscriptions.csv",
    "seat_requests": "seat_requests.csv",
    "invoices": "invoices.csv",
    "tickets": "tickets.ndjson",
    "surveys": "surveys.ndjson",
    "milestones": "milestones.csv",
    "engagements": "engagements.csv.gz",
    "integrations": "integrations.parquet",
    "sentiments": "sentiments.csv",
    "renewals": "renewals.ndjson",
    "interventions": "interventions.csv",
    "outcomes": "outcomes.csv",
}
TRUTH_FILES = ("accounts.csv", "records.csv", "users.csv", "defects.csv")
ISO = "%Y-%m-%dT%H:%M:%SZ"


def _as_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Times as ISO text with Z; all else as it is."""
    return rows.with_columns(pl.col(pl.Datetime).dt.strftime(ISO))


def _broken(world: World, name: str) -> list[dict[str, str | float | None]]:
    mine = world.defects.filter(pl.col("table") == name)
    return [json.loads(row) for row in mine["row"]]


def _csv(rows: pl.DataFrame, broken: list[dict[str, str | float | None]]) -> bytes:
    spoilt = pl.DataFrame(broken, schema=dict.fromkeys(rows.columns, pl.String()), strict=False)
    text = _as_text(rows).write_csv() + spoilt.write_csv(include_header=False)
    return text.encode()


def _ndjson(rows: pl.DataFrame, broken: list[dict[str, str | float | None]]) -> bytes:
    spoilt = [json.dumps(row, ensure_ascii=False) + "\n" for row in broken]
    money = pl.col(pl.Decimal).cast(pl.Float64)
    return (_as_text(rows.with_columns(money)).write_ndjson() + "".join(spoilt)).encode()


def _events(world: World, folder: Path) -> None:
    """One file a month of arrival; broken rows stand at the head of the first."""
    folder.mkdir()
    events = world.tables["events"]
    columns = dict.fromkeys(events.columns, pl.String())
    spoilt = pl.DataFrame(_broken(world, "events"), schema=columns, strict=False)
    moments = [c for c, t in events.schema.items() if t == TIMESTAMP]
    spoilt = spoilt.with_columns(pl.col(moments).str.to_datetime(ISO, time_zone="UTC"))
    typed = spoilt.cast(dict(events.schema))  # type: ignore[arg-type]
    whole = pl.concat([typed, events]).with_columns(
        pl.col("received_at").dt.strftime("%Y-%m").alias("month")
    )
    for (month,), rows in whole.partition_by("month", as_dict=True).items():
        rows.drop("month").write_parquet(folder / f"{month}.parquet", compression="zstd")


def _tables(world: World, folder: Path) -> None:
    for name, file in FILES.items():
        rows, path = world.tables[name], folder / file
        if name == "events":
            _events(world, path)
        elif file.endswith(".parquet"):
            rows.write_parquet(path, compression="zstd")
        elif file.endswith(".ndjson"):
            path.write_bytes(_ndjson(rows, _broken(world, name)))
        elif file.endswith(".gz"):
            path.write_bytes(gzip.compress(_csv(rows, _broken(world, name)), 6, mtime=0))
        else:
            path.write_bytes(_csv(rows, _broken(world, name)))


def _truth(world: World, folder: Path) -> None:
    frames = (world.truth, world.truth_records, world.truth_users, world.defects)
    for file, rows in zip(TRUTH_FILES, frames, strict=True):
        (folder / file).write_bytes(_csv(rows, []))


def _check_ours(folder: Path, files: set[str]) -> None:
    """Refuse to replace a folder that holds anything but an earlier world."""
    if not folder.exists():
        return
    strange = sorted({path.name for path in folder.iterdir()} - files)
    if strange:
        raise FileExistsError(
            f"{folder} holds {', '.join(strange[:5])}, which no sample world wrote; "
            "name an empty or new folder"
        )


def _swap(partial: Path, folder: Path) -> None:
    """Put `partial` in the place of `folder`."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _fresh(folder: Path) -> Path:
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def write(world: World, folder: Path, truth_folder: Path) -> None:
    """Write the tables to `folder` and the truth to `truth_folder`, each whole or not at all.

    Both are made beside their place and renamed into it; an earlier world there is replaced.

    Raises:
        FileExistsError: one of the folders holds files that no sample world wrote.
        OSError: the disk is full or read-only; earlier folders stay in place.
    """
    _check_ours(folder, set(FILES.values()))
    _check_ours(truth_folder, set(TRUTH_FILES))
    made = (_fresh(folder), _fresh(truth_folder))
    _tables(world, made[0])
    _truth(world, made[1])
    _swap(made[0], folder)
    _swap(made[1], truth_folder)
