"""`health sample`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from health_pipeline.adapters.sample import generate, write
from health_pipeline.cli.house import out
from health_pipeline.orchestration.window import yesterday


def sample_command(
    folder: Path, end: date | None, *, seed: int, accounts: int, months: int
) -> None:
    """Generate the world and write it, with the truth in a folder of its own."""
    last = end or yesterday()
    world = generate(last, seed=seed, accounts=accounts, months=months)
    truth = folder.with_name(f"{folder.name}_truth")
    write(world, folder, truth)
    rows = sum(frame.height for frame in world.tables.values())
    out.print(
        f"{folder}: {accounts} accounts, {len(world.tables)} tables, {rows:,} rows, "
        f"through {last} (truth in {truth})",
        markup=False,
        highlight=False,
    )
