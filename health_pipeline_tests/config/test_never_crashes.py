"""Whatever stands in a file, the answer is a model or a list of findings, never a traceback."""

import contextlib
import shutil

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from health_pipeline.config.issue import ModelError
from health_pipeline.config.loader import load_model
from health_pipeline.config.shapes import FILES
from health_pipeline_tests.config.folders import folder_with

SCRAPS = st.one_of(
    st.sampled_from(
        [
            "", "~", "[]", "{}", "- 1", "a: b", "weight: {}", "knots: [[1], 2]",
            "params: {a: {b: 1}}", "kind: [breadth]", "  play:",
            "tables: {accounts: {columns: {plan: [1]}}}",
            "? x", "1: 2",
            "channels: {a: {url: 1, url_env: [x]}}", "tiers: [1, 2]",
            "groups: {a: -1e308, b: 1e308}",
            "features: {a: 1}", "*a", "&a a", "!!set {a}", "2025-13-45", "---", "<<: {a: 1}", "=",
        ]
    ),
    st.text(max_size=30),
)  # fmt: skip


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(FILES),
    place=st.integers(0, 20),
    keep=st.booleans(),
    alone=st.booleans(),
    scrap=SCRAPS,
)
def test_any_text_gives_a_model_or_findings(name, place, keep, alone, scrap, tmp_path):
    """Among the other files, or alone: then the packaged ones stand beside it."""
    shutil.rmtree(tmp_path / "model", ignore_errors=True)
    folder = folder_with(tmp_path / "model")
    path = folder / f"{name}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines() if keep else []
    lines[place : place + 1] = [scrap]
    for other in set(folder.iterdir()) - {path} if alone else ():
        other.unlink()
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    with contextlib.suppress(ModelError):
        load_model(folder)
