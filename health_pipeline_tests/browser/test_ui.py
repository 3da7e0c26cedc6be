"""The UI as a person sees it: the graph shows the rooms, and the browser complains of nothing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from health_pipeline_tests.browser import chromium
from health_pipeline_tests.orchestration.test_asset_graph import ROOMS

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(chromium.missing()), reason=f"NOT TESTED: {chromium.missing()}"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A webserver of an empty world with the settings of `make ui`, until the tests are done."""
    home = tmp_path_factory.mktemp("ui")
    shutil.copy(ROOT / "health_pipeline" / "orchestration" / "dagster.yaml", home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clean = {name: text for name, text in os.environ.items() if not name.startswith("HEALTH_")}
    ours = {
        "DAGSTER_HOME": str(home),
        "HEALTH_LAKE": str(home / "lake"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    command = [f"{Path(sys.executable).parent}/dagster-webserver", "-w", "workspace.yaml"]
    with (home / "webserver.log").open("w") as log:
        server = subprocess.Popen(
            [*command, "-h", "127.0.0.1", "-p", str(port)],
            cwd=ROOT,
            env=clean | ours,
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/server_info", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(url, server):
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up:
        assert server.poll() is None, "the webserver ended"
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own address
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
        else:
            return
    raise AssertionError(f"no answer from {url}")


def test_the_graph_shows_the_rooms_in_order_and_the_console_is_quiet(address):
    with chromium.page() as page:
        page.goto(f"{address}/asset-groups")
        page.get_by_text("7_learning").last.wait_for(timeout=60_000)
        named = page.get_by_role("button").all_inner_texts()
        shown = [text.split("\n")[0] for text in named if text.split("\n")[0] in ROOMS]
        assert list(dict.fromkeys(shown)) == ROOMS
        assert page.errors == []
