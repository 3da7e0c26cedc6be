"""Reason codes, the parts of each move, and the narrative that ties them together."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.explanation.narratives import narratives
from health_pipeline.core.explanation.reasons import BEFORE_DAYS, reasons
from health_pipeline.core.explanation.waterfall import waterfall
from health_pipeline.orchestration.changes import COMPARISONS, changes_of
from health_pipeline.orchestration.chunks import Walk
from health_pipeline.orchestration.days import as_of_days
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.keys import ACTION, SCORE, contract_spec, landing_key, table_spec
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.pictures import waterfall_steps
from health_pipeline.orchestration.publish import published, published_on
from health_pipeline.orchestration.tables import table_value
from health_pipeline.orchestration.window import Window


def gate_signals(model: HealthModel) -> dict[str, tuple[str, ...]]:
    """Gate → the signals that it looks at; a combined gate looks at those of its members."""
    single = {gate.name: (gate.signal,) for gate in model.scoring.gates}
    combined = {
        gate.name: tuple(dict.fromkeys(single[name][0] for name in gate.gates))
        for gate in model.scoring.combined_gates
    }
    return single | combined


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`reason_codes` and `narratives`."""
    days = daily(model)

    @dg.multi_asset(
        name="reason_codes",
        specs=[
            table_spec(
                "reason_codes",
                SCORE,
                ["contributions", "signals", "health_scores"],
                "Up to four drivers that weigh on each account and up to two that lift it, with "
                "figures, dates, and the play that answers.",
                partitions_def=days,
            )
        ],
        check_specs=[contract_spec("reason_codes")],
        backfill_policy=SINGLE_RUN,
    )
    def reason_codes(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            walk = Walk(context, stores, "reason_codes", rescores=True, needs=["contributions"])
            for part in walk:
                walk.publish(part, {"reason_codes": _reasons(stores, part)})
            last = walk.last("reason_codes").filter(pl.col("direction") == "risk")
            codes = last.group_by("reason_code").len("accounts").sort("accounts", descending=True)
            figures = {"reason_codes": {"risks_today": table_value(codes)}}
            yield from walk.results("reason_codes", metadata=figures)

    @dg.multi_asset(
        name="narratives",
        specs=[
            table_spec(
                "narratives",
                ACTION,
                [
                    *("health_scores", "reason_codes", "plays", "accounts"),
                    landing_key("renewals"),
                    landing_key("milestones"),
                    landing_key("interventions"),
                ],
                "Each account in a headline and two or three sentences, with what happens next "
                "and what surrounds it.",
                partitions_def=days,
            )
        ],
        check_specs=[contract_spec("narratives")],
        backfill_policy=SINGLE_RUN,
    )
    def narrative(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            walk = Walk(context, stores, "narratives", rescores=True, needs=["health_scores"])
            for part in walk:
                walk.publish(part, {"narratives": _narratives(stores, part)})
            yield from walk.results("narratives")

    @dg.multi_asset(
        name="score_changes",
        specs=[
            table_spec(
                "score_changes",
                SCORE,
                ["contributions", "signals", "health_scores", "account_xref"],
                "Why each score moved since the day before, and since 7 and 30 days before: parts "
                "by signal and effect that add up to the move.",
                partitions_def=days,
            )
        ],
        check_specs=[contract_spec("score_changes")],
        backfill_policy=SINGLE_RUN,
    )
    def score_changes(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            width = COMPARISONS * len(stores.model.signals)
            walk = Walk(
                context,
                stores,
                "score_changes",
                rescores=True,
                width=width,
                needs=["contributions"],
            )
            for part in walk:
                walk.publish(part, {"score_changes": changes_of(stores, part)})
            told = _moves_told(stores, walk.window.last, walk.last("score_changes"))
            yield from walk.results("score_changes", metadata={"score_changes": told})

    return [reason_codes, score_changes, narrative]


def _moves_told(stores: Stores, day: date, changes: pl.DataFrame) -> dict[str, Any]:
    """What moved the scores of the day, and the largest mover as a waterfall."""
    effects = changes.group_by("effect").agg(pl.col("points").sum()).sort("effect")
    told: dict[str, Any] = {"effects_today": table_value(effects)}
    mover = changes.sort(
        pl.col("delta").abs(), "account_id", "compared_with", descending=[True, False, True]
    ).head(1)
    parts = changes.join(mover, on=["account_id", "compared_with"], how="semi")
    scores = published(stores, Window(day, day), "health_scores")["health_scores"]
    score = scores.join(mover, on="account_id", how="semi")["score"]
    if parts.height and score.len():
        title = f"The largest move: {mover['account_id'][0]} on {day}"
        told["largest_move"] = dg.MetadataValue.md(
            waterfall_steps(waterfall(parts, score[0]), title)
        )
    return told


def _reasons(stores: Stores, part: Window) -> pl.DataFrame:
    read, model = published(stores, part, "contributions", "signals", "health_scores"), stores.model
    before = [day - timedelta(days=BEFORE_DAYS) for day in part.days]
    return reasons(
        read["contributions"],
        read["signals"],
        model.signals,
        model.explanation,
        read["health_scores"],
        gate_signals(model),
        published_on(stores, "signals", before),
    )


def _narratives(stores: Stores, part: Window) -> pl.DataFrame:
    read = published(stores, part, "health_scores", "reason_codes", "plays", "accounts")
    around = as_of_days(stores, part, "renewals", "milestones", "interventions")
    return narratives(
        read["health_scores"],
        read["reason_codes"],
        read["plays"],
        read["accounts"],
        around.get("renewals"),
        around.get("milestones"),
        {name: play.title for name, play in stores.model.plays.plays.items()},
        around.get("interventions"),
    )
