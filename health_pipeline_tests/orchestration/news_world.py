"""A house whose webhook is on this machine, and days on which drivers have just changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.identity import resolve_and_register

HOOK = "HEALTH_TEST_HOOK"
MODEL = {
    "delivery.yaml": (
        f"channels:\n  ops: {{kind: webhook, url_env: {HOOK}, timeout_seconds: 2}}\n"
        "allow_hosts: [127.0.0.1]\n"
    ),
    "alerts.yaml": "channels: [ops]\n",
}


def house_with_webhook(home: Path) -> House:
    """A house in `home` that tells the webhook named by the environment variable `HOOK`."""
    model = home / "model"
    model.mkdir(exist_ok=True)
    for name, text in MODEL.items():
        (model / name).write_text(text, encoding="utf-8")
    settings = load_settings({}, model=model, sources=home / "sources", lake=home / "lake")
    return House(settings, load_model(model))


def publish_transitions(house: House, day: date, count: int) -> list[str]:
    """Publish `count` drivers of `day` that turned to risk, in place of what it held; their ids.

    Nothing else has landed, so identity is resolved and empty.
    """
    table = RESULT_TABLES["driver_transitions"]
    rows = [
        dict.fromkeys(table.columns)
        | {
            "transition_id": f"t{n:05}",
            "account_id": f"acc_{n}",
            "signal": f"signal_{n}",
            "date": day,
            "from_state": "watch",
            "to_state": "risk",
            "at": datetime.combine(day, time(23, 59), tzinfo=UTC),
            "episode_id": f"e{n}",
            "silent": False,
            "model_version": "v1",
        }
        for n in range(count)
    ]
    frame = table.conform(pl.DataFrame(rows, schema=table.columns, orient="row"))
    with house.open() as stores:
        nobody = resolve_and_register(stores, "test", day)
        writes = [
            Write("account_xref", None, nobody.account_xref),
            Write("user_xref", None, nobody.user_xref),
            Write("driver_transitions", day, frame),
        ]
        stores.lake.publish(writes, run_id="test", at=house.now())
    return [row["transition_id"] for row in rows]
