"""docs/model.md names every key that a model may hold, with its real default, and no other."""

from pathlib import Path

import pytest

from health_pipeline.config.shapes import FILES
from health_pipeline_tests.config.written_keys import keys_of

PAGE = (Path(__file__).parents[2] / "docs" / "model.md").read_text(encoding="utf-8")


def documented(file: str) -> dict[str, str]:
    """`key` → default, as the tables of the file's section say."""
    section = PAGE.partition(f"\n## {file}.yaml\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip("| `"): row[-1].removesuffix(" |") for row in rows}


@pytest.mark.parametrize("file", FILES)
def test_every_key_is_documented_with_its_default(file):
    assert documented(file) == keys_of(file)
