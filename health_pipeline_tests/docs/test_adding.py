"""The README's examples, run as they are printed there, on a tiny world."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from health_pipeline.config.loader import load_model
from health_pipeline_tests.docs.pages import ROOT, block_with, blocks
from health_pipeline_tests.faults.loopback import Step, loopback

DAYS = ("--from", "2025-06-29", "--to", "2025-06-30")
SURVEY_BLOCK = """
survey_score:
  kind: survey_score
  params: {survey: nps}
  group: relationship
  weight: 2
  knots: [0, 6, 8, 10]
  reason_code: survey_low
  play: executive_listening
"""


def health(*arguments, tree=ROOT, home=None):
    """Run the shell of the package in `tree`, in `home`, with nothing of this environment's own."""
    kept = {name: value for name, value in os.environ.items() if "HEALTH" not in name}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from health_pipeline.cli import main; main()",
            *map(str, arguments),
        ],
        cwd=home or ROOT,
        env={**kept, "PYTHONPATH": str(tree), "DAGSTER_HOME": "", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "exports"
    size = ("--accounts", "25", "--months", "6", "--end", "2025-06-30")
    assert "25 accounts" in health("sample", "--out", folder, *size)
    return folder


def model_with(folder: Path, block: str, *, taken_from: str, weights: tuple[str, str]) -> Path:
    """A model folder of its own: the package's signals with one more, its weight taken from one."""
    folder.mkdir()
    text = (ROOT / "health_pipeline" / "model" / "signals.yaml").read_text("utf-8")
    before, name, after = text.partition(f"\n{taken_from}:")
    old, new = (f"weight: {weight}\n" for weight in weights)
    assert name
    assert old in after.partition("\n\n")[0]
    rest = after.replace(old, new, 1)
    (folder / "signals.yaml").write_text(f"{before}{name}{rest}\n{block}", encoding="utf-8")
    return folder


def explained(lake: Path, *arguments, **where) -> dict:
    """`health explain --json` of one account that is scored."""
    con = duckdb.connect(str(lake / "health.duckdb"), read_only=True)
    ids = con.sql("SELECT account_id FROM health_scores WHERE score IS NOT NULL ORDER BY ALL")
    account = ids.fetchall()[-1][0]
    con.close()
    return json.loads(
        health("explain", account, "--json", "--lake", lake, *arguments, **where), strict=False
    )


def rows_of(lake: Path, signal: str) -> dict[str, int]:
    con = duckdb.connect(str(lake / "health.duckdb"), read_only=True)
    counts = {
        table: con.table(table).filter(f"signal = '{signal}'").count("*").fetchall()[0][0]
        for table in ("signals", "contributions", "driver_states", "baselines")
    }
    accounts = con.sql("SELECT count(*) FROM health_scores").fetchall()[0][0]
    con.close()
    assert counts["signals"] == counts["contributions"] == counts["driver_states"] == accounts > 0
    return counts


@pytest.fixture(scope="module")
def with_block(world, tmp_path_factory):
    """A lake scored with the README's block."""
    home = tmp_path_factory.mktemp("block")
    block = block_with("yaml", "escalations_quarter")
    model = model_with(home / "model", block, taken_from="escalations", weights=("8", "4"))
    assert "35 signals" in health("check", "--model", model)
    lake = home / "results"
    out = health("run", "--sources", world, "--lake", lake, "--model", model, *DAYS)
    assert "Customer health on 2025-06-30" in out
    return lake, model


def test_one_block_adds_a_signal(with_block):
    lake, model = with_block
    assert rows_of(lake, "escalations_quarter")["baselines"] > 0
    found = explained(lake, "--model", model)
    drivers = {driver["signal"]: driver for driver in found["drivers"]}
    assert len(drivers) == 35
    added = drivers["escalations_quarter"]
    assert [added[knot] for knot in ("k0", "k60", "k80", "k100")] == [6, 3, 1, 0]
    points = sum(driver["points"] for driver in drivers.values())
    assert points == pytest.approx(found["score"]["score"])


def test_a_block_without_a_weight_to_take_is_refused(tmp_path):
    block = block_with("yaml", "escalations_quarter")
    model = model_with(tmp_path / "model", block, taken_from="escalations", weights=("8", "8"))
    with pytest.raises(AssertionError, match="weigh 49 together"):
        health("check", "--model", model)


def test_one_file_adds_a_kind(world, tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(
        ROOT / "health_pipeline",
        tree / "health_pipeline",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    kind = tree / "health_pipeline" / "core" / "signals" / "kinds" / "survey_score.py"
    kind.write_text(block_with("python", "view: DayView, params: Params"), encoding="utf-8")
    model = model_with(
        tmp_path / "model", SURVEY_BLOCK, taken_from="sponsor_engagement", weights=("5", "3")
    )
    lake = tmp_path / "results"
    at = {"tree": tree, "home": tmp_path}
    health("run", "--sources", world, "--lake", lake, "--model", model, *DAYS, **at)
    rows_of(lake, "survey_score")
    con = duckdb.connect(str(lake / "health.duckdb"), read_only=True)
    measured = con.sql(
        "SELECT count(value), min(subscore) >= 0, max(subscore) <= 100 FROM signals "
        "WHERE signal = 'survey_score' AND status = 'measured'"
    ).fetchall()[0]
    assert measured[0] > 0
    assert measured[1:] == (True, True)
    drivers = explained(lake, "--model", model, **at)["drivers"]
    assert "survey_score" in {driver["signal"] for driver in drivers}


def test_results_are_read_as_the_readme_says(with_block, monkeypatch, capsys):
    lake, _ = with_block
    (lake / "data").mkdir()
    shutil.copy(lake / "health.duckdb", lake / "data")
    monkeypatch.chdir(lake)
    exec(block_with("python", "import duckdb"), {})  # noqa: S102 - the README's own lines
    assert "sentence" in capsys.readouterr().out
    head = (lake / "export" / "crm_fields.csv").read_text("utf-8").partition("\n")[0]
    assert len(re.findall(r"\bhealth_\w+", head)) == 17


@pytest.mark.parametrize("command", [("tables",), ("alerts", "deliver")])
def test_cheap_commands_run(with_block, command):
    lake, model = with_block
    assert "2025-06-30" in health(*command, "--lake", lake, "--model", model)


def test_the_mapping_and_the_channel_of_the_readme_are_valid(tmp_path):
    (tmp_path / "sources.yaml").write_text(block_with("yaml", "company_id"), encoding="utf-8")
    channels = block_with("yaml", "HEALTH_WEBHOOK_URL")
    (tmp_path / "delivery.yaml").write_text(channels, encoding="utf-8")
    (tmp_path / "alerts.yaml").write_text("channels: [on_call]\n", encoding="utf-8")
    model = load_model(tmp_path)
    assert model.sources.tables["accounts"][0].file == "companies"
    assert model.delivery.channels["on_call"].url_env == "HEALTH_WEBHOOK_URL"
    assert model.delivery.allow_hosts == ("hooks.us.example",)


def test_the_weights_and_targets_of_the_page_are_valid(tmp_path):
    (example,) = blocks((ROOT / "docs" / "segments.md").read_text("utf-8"), "yaml")
    packaged = (ROOT / "health_pipeline" / "model" / "segments.yaml").read_text("utf-8")
    head, own = packaged.split("segments:\n", 1)
    others = own.split("  - name: enterprise\n", 1)[1]
    text = f"{head}segments:\n{example}  - name: enterprise\n{others}"
    (tmp_path / "segments.yaml").write_text(text, encoding="utf-8")
    first = load_model(tmp_path).segments.segments[0]
    assert first.weights == {"stickiness": 1, "burst_gap": 4}
    assert first.knots["time_to_first_value"] == (180, 90, 60, 30)


def test_the_channels_of_the_page_are_valid(tmp_path):
    (example,) = blocks((ROOT / "docs" / "channels.md").read_text("utf-8"), "yaml")
    (tmp_path / "delivery.yaml").write_text(example, encoding="utf-8")
    (tmp_path / "alerts.yaml").write_text("channels: [on_call]\n", encoding="utf-8")
    channels = load_model(tmp_path).delivery.channels
    assert {one.kind for one in channels.values()} == {"pagerduty", "slack", "email", "apprise"}


MATRIX = """channels:
  console: {kind: console}
  room: {kind: matrix, url_env: ROOM, token_env: TOKEN, per_second: 50}
allow_hosts: [127.0.0.1]
"""


def test_one_file_adds_a_channel(tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(
        ROOT / "health_pipeline",
        tree / "health_pipeline",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    kind = tree / "health_pipeline" / "adapters" / "channels" / "kinds" / "matrix.py"
    kind.write_text(block_with("python", "class Params(ChannelParams)"), encoding="utf-8")
    model = tmp_path / "model"
    model.mkdir()
    (model / "delivery.yaml").write_text(MATRIX, encoding="utf-8")
    (model / "alerts.yaml").write_text("channels: [room]\n", encoding="utf-8")
    health("check", "--model", model, tree=tree, home=tmp_path)
    with loopback([Step(drop="after"), Step(429, {"Retry-After": "0"})]) as room:
        done = subprocess.run(
            [sys.executable, "-c", SENDER, str(model), str(tmp_path)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(tree), "ROOM": room.url, "TOKEN": "hush", "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3", "delivered"]
    sent = [json.loads(request.body) for request in room.processed]
    assert {request.headers["authorization"] for request in room.requests} == {"Bearer hush"}
    assert [one["body"].splitlines()[0] for one in sent][-3:] == [
        f"WARNING  news {n}" for n in range(3)
    ]
    assert len({one["transaction"] for one in sent}) == 3


SENDER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from health_pipeline.adapters.channels.channel import open_channels
from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.deliver import deliver
from health_pipeline.adapters.store.outbox import put
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.config.loader import load_model
from health_pipeline.core.schemas.messages import Message

model = load_model(Path(sys.argv[1]))
control = open_control(Path(sys.argv[2]) / "control.db")
now, later = datetime.now(UTC), [0]
messages = [
    Message(
        key=f"k{n}", dedup_key="one", channel="room", kind="test", action="trigger",
        severity="warning", title=f"news {n}", text="", alerts=(), links=(), runbook="test",
        route="test", recipient="on_call", to=(), opened_at=now,
    )
    for n in range(3)
]
with transaction(control):
    put(control, messages, now)
ready = open_channels(model.delivery, ["room"]).ready
sent = 0
while sent < 3:
    clock = lambda: datetime.now(UTC) + timedelta(minutes=later[0])
    sent += deliver(control, ready, clock, lambda _, high: high).delivered
    later[0] += 1
print(sent, "delivered")
"""
