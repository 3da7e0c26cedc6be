"""Model folders for tests: the small good one, with files of a fixture laid over it."""

import shutil
from pathlib import Path

TESTDATA = Path(__file__).parent / "testdata"
BAD = sorted(folder.name for folder in (TESTDATA / "bad").iterdir())


def folder_with(target: Path, *fixtures: str) -> Path:
    """A copy of good/minimal in `target`, overlaid by the files of each fixture in turn."""
    for name in ("good/minimal", *fixtures):
        shutil.copytree(
            TESTDATA / name, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.txt")
        )
    return target
