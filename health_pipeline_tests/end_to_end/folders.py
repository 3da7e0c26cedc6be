"""Source folders made by hand, or spoilt by hand."""

from __future__ import annotations

import gzip
import io
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from health_pipeline.adapters.sample import World, generate, write
from health_pipeline.adapters.sample.tables import cut

ENDS = (".csv", ".csv.gz", ".ndjson", ".parquet")


def copy_of(world: Path, folder: Path, *, without: tuple[str, ...] = ()) -> Path:
    """A copy of `world` that may be changed, some tables left out."""
    shutil.copytree(world, folder)
    for table in without:
        remove(folder, table)
    return folder


def remove(folder: Path, table: str) -> None:
    """Take away whatever feeds `table`."""
    if (folder / table).is_dir():
        shutil.rmtree(folder / table)
        return
    next(path for end in ENDS if (path := folder / f"{table}{end}").exists()).unlink()


def rows_of(folder: Path, table: str) -> pl.DataFrame:
    """A table as text, whatever its file is."""
    path = next(path for end in ENDS if (path := folder / f"{table}{end}").exists())
    if path.suffix == ".gz":
        return pl.read_csv(io.BytesIO(gzip.decompress(path.read_bytes())), infer_schema=False)
    if path.suffix == ".ndjson":
        return pl.read_ndjson(path, infer_schema_length=None).cast(pl.String)
    if path.suffix == ".parquet":
        return pl.read_parquet(path).with_columns(
            pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        )
    return pl.read_csv(path, infer_schema=False)


def put(folder: Path, table: str, rows: pl.DataFrame) -> None:
    """Replace what feeds `table` by `table.csv`."""
    remove(folder, table)
    rows.write_csv(folder / f"{table}.csv")


def add(folder: Path, table: str, *rows: dict[str, str]) -> None:
    """Append rows to a table; where a row names a column that the table lacks, it gets one."""
    more = pl.DataFrame(rows, infer_schema_length=None).cast(pl.String)
    put(folder, table, pl.concat([rows_of(folder, table), more], how="diagonal"))


def small(end: date, *, seed: int = 7) -> World:
    """A sample world of 12 accounts and three months, through `end`, without broken rows."""
    world = generate(end, seed=seed, accounts=12, months=3)
    return replace(world, defects=world.defects.clear())


def write_as_of(world: World, folder: Path, day: date) -> Path:
    """`folder` as it stood at the end of `day`: what was not known then is not in it."""
    tables = {name: cut(name, rows, day) for name, rows in world.tables.items()}
    write(replace(world, tables=tables), folder, folder.with_name(f"{folder.name}_truth"))
    return folder
