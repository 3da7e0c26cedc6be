"""Who is a customer on a day, and what is known of them (R14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from health_pipeline.core.identity.attributes import ATTRIBUTES, attributes
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.parents import parents_of, without_circles
from health_pipeline.core.identity.records import RECORD, optional
from health_pipeline.core.identity.seen import Shown, seen_by
from health_pipeline.core.identity.shared_hosts import with_own_domains
from health_pipeline.core.identity.terms import terms_on, totals
from health_pipeline.core.schemas.churn import ChurnDefinition
from health_pipeline.core.schemas.results import RESULT_TABLES

ACCOUNT_COLUMNS: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "plan": pl.String(),
    "region": pl.String(),
    "customer_tier": pl.String(),
    "deployment": pl.String(),
    "owner_email": pl.String(),
    "exec_email": pl.String(),
    "employees": pl.Int64(),
    "arr": pl.Float64(),
    "seats": pl.Int64(),
    "starts_on": pl.Date(),
    "renews_on": pl.Date(),
    "first_seen_on": pl.Date(),
    "cancellation_notice_on": pl.Date(),
    "has_usage": pl.Boolean(),
}
"""Columns of `DayView.accounts`."""

LOSSES = ("logo_loss", "non_renewal")
RETURNS = ("renewal", "multi_year_renewal", "expansion")


@dataclass(frozen=True, slots=True)
class History:
    """What the days of one run have in common; made once by `history`.

    Attributes:
        rules: which system's attributes win.
        churn: currency, grace days and exclusions.
        shown: since when accounts are seen, and used.
        subscriptions: landed subscriptions with account_id, None when not connected.
    """

    rules: IdentityRules
    churn: ChurnDefinition
    shown: Shown
    subscriptions: pl.DataFrame | None


@dataclass(frozen=True, slots=True)
class Population:
    """The customers of a day, and those who do not count.

    Attributes:
        accounts: `ACCOUNT_COLUMNS`, one row an account, by account_id.
        excluded: customers left out by `churn.exclude`.
        ended: accounts whose last subscription ended, or that are known to be lost.
        foreign_currency: subscriptions whose arr is in another currency and was left out.
    """

    accounts: pl.DataFrame
    excluded: int
    ended: int
    foreign_currency: int


def history(
    attached: Mapping[str, pl.DataFrame],
    first_active: pl.DataFrame,
    rules: IdentityRules,
    churn: ChurnDefinition,
    shown: Shown | None = None,
) -> History:
    """Precompute what does not depend on the day.

    Args:
        attached: landed tables with account_id, all versions (`attach`).
        first_active: account_id, first_active_on, and optionally known_on.
        rules: precedence of systems.
        churn: the churn definition.
        shown: `Shown.of(attached)`, where it was kept.
    """
    by_rows = Shown.of(attached) if shown is None else shown
    every = Shown.together([by_rows, Shown.by_use(first_active)])
    return History(rules, churn, every, attached.get("subscriptions"))


def _lost(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Accounts known to be lost: by their last outcome, or because every record is deleted."""
    gone = [pl.DataFrame(schema={"account_id": pl.String})]
    outcomes = tables.get("outcomes")
    if outcomes is not None:
        # ARR that falls to 0 is a loss, whatever it is called (contracts.md).
        before, after = (
            optional(outcomes, f"arr_{end}", pl.Float64()) for end in ("before", "after")
        )
        to_nothing = ((before > 0) & (after == 0)).fill_null(value=False)
        told = outcomes.with_columns(is_loss=pl.col("kind").is_in(LOSSES) | to_nothing)
        last = (
            told.filter(pl.col("is_loss") | pl.col("kind").is_in(RETURNS))
            # On one day the loss is the last word.
            .sort("occurred_on", "is_loss")
            .unique("account_id", keep="last", maintain_order=True)
        )
        gone.append(last.filter("is_loss").select("account_id"))
    accounts = tables.get("accounts")
    if accounts is not None and "deleted_at" in accounts.columns:
        deleted = accounts.group_by("account_id").agg(pl.col("deleted_at").is_not_null().all())
        gone.append(deleted.filter("deleted_at").select("account_id"))
    return pl.concat(gone).unique()


def _accounts(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    empty = pl.DataFrame(schema=dict.fromkeys(("account_id", *RECORD), pl.String()))
    known_at = pl.lit(None, pl.Datetime("us", "UTC")).alias("known_at")
    return tables.get("accounts", empty.with_columns(known_at))


def _excluded(frame: pl.DataFrame, accounts: pl.DataFrame, churn: ChurnDefinition) -> pl.Series:
    """Accounts that match an exclusion: by the resolved attribute, else by any of the records."""
    found = [pl.Series("account_id", [], dtype=pl.String)]
    for rule in churn.exclude:
        rows = frame if rule.column in ATTRIBUTES else accounts
        if rule.column in rows.columns:
            text = pl.col(rule.column).cast(pl.String).str.to_lowercase()
            matches = text.is_in([value.lower() for value in rule.values])
            found.append(rows.filter(matches)["account_id"])
    return pl.concat(found).unique()


def _described(
    tables: Mapping[str, pl.DataFrame],
    past: History,
    members: pl.DataFrame,
    terms: pl.DataFrame | None,
    day: date,
) -> tuple[pl.DataFrame, int]:
    """`members` with every attribute and figure known by `day`, and the foreign-currency count."""
    described = attributes(_accounts(tables), terms, past.rules)
    frame = members.join(described, on="account_id", how="left")
    foreign = 0
    if terms is not None:
        figures, foreign = totals(terms, past.churn.currency, day)
        frame = frame.join(figures, on="account_id", how="left")
    used = past.shown.used.filter(pl.col("known_on") <= day)["account_id"]
    frame = frame.join(seen_by(past.shown.seen, day), on="account_id", how="left").with_columns(
        pl.col("account_id").is_in(used.implode()).alias("has_usage")
    )
    return frame.sort("account_id"), foreign


def accounts_as_of(tables: Mapping[str, pl.DataFrame], past: History, day: date) -> Population:
    """The population of `day`.

    With subscriptions: accounts with a term that counts (`terms_on`). Without: every account
    seen by D and not known lost by D.

    Args:
        tables: source tables as of `day`, with account_id.
        past: `history` of the same landed tables.
        day: the day D.
    """
    rows: pl.DataFrame | None = None
    if past.subscriptions is not None:
        terms = terms_on(past.subscriptions, past.churn, day)
        rows, ended = terms.rows, terms.ended
        members = rows.select(pl.col("account_id").unique())
    else:
        seen, lost = seen_by(past.shown.seen, day).select("account_id"), _lost(tables)
        members = seen.join(lost, on="account_id", how="anti")
        ended = seen.join(lost, on="account_id", how="semi")
    frame, foreign = _described(tables, past, members, rows, day)
    excluded = _excluded(frame, _accounts(tables), past.churn)
    kept = frame.filter(~pl.col("account_id").is_in(excluded.implode()))
    return Population(
        kept.select(optional(kept, name, dtype) for name, dtype in ACCOUNT_COLUMNS.items()),
        excluded=frame.height - kept.height,
        ended=ended.height,
        foreign_currency=foreign,
    )


def accounts_table(
    tables: Mapping[str, pl.DataFrame], past: History, account_xref: pl.DataFrame, day: date
) -> pl.DataFrame:
    """All accounts known by `day`, customers or not, in the shape of the result table.

    Args:
        tables: source tables as of `day`, with account_id.
        past: `history` of the same landed tables.
        account_xref: names the account of a parent record.
        day: the day D.
    """
    terms: pl.DataFrame | None = None
    if past.subscriptions is not None:
        terms = terms_on(past.subscriptions, past.churn, day).rows
    members = seen_by(past.shown.seen, day).select("account_id")
    records = with_own_domains(_accounts(tables), past.rules)
    frame, _ = _described({**tables, "accounts": records}, past, members, terms, day)
    parents = without_circles(parents_of(records, account_xref))
    above = parents.filter(pl.col("circle").is_null()).select("account_id", "parent_account_id")
    frame = frame.join(above, on="account_id", how="left").with_columns(
        pl.col("name").str.strip_chars().str.replace_all(r"\s+", " ")
    )
    table = RESULT_TABLES["accounts"]
    return table.conform(
        frame.select(optional(frame, name, dtype) for name, dtype in table.columns.items())
    )
