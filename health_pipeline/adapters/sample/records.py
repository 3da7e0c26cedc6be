"""The same company in four systems: `accounts`, `account_links`, and the truth of who is who.

Each record outside the CRM is linked to it in one of four ways: a foreign key, a shared domain, a
name that agrees once it is cleaned, or (2.5 %) not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from health_pipeline.adapters.sample.life import Life
from health_pipeline.adapters.sample.names import (
    TRADES,
    abbreviation,
    spelled,
    spelled_domain,
)
from health_pipeline.adapters.sample.window import at, days_after, stream

SYSTEMS = ("product", "crm", "support", "billing")
ID_FORMATS = {"product": "ws_{:04d}", "crm": "crm-{:05d}", "support": "{}", "billing": "cus_{:04d}"}


@dataclass(frozen=True, slots=True)
class Record:
    """One account record of one system; `link` is how it can be tied to the CRM's record."""

    system: str
    source_account_id: str
    life: Life
    link: str  # anchor (the CRM itself), foreign_key, domain, name, none
    name: str
    domain: str | None


def source_id(system: str, number: int) -> str:
    """The id of account `number` in `system`."""
    return ID_FORMATS[system].format(number * 37 + 10_000 if system == "support" else number)


def crm_row(life: Life, key: str, value: str) -> dict[str, Any]:
    """The head of a row that the CRM keeps about the account: source, its own id, the account."""
    return {
        "source": "crm",
        key: value,
        "source_account_id": source_id("crm", life.account.number),
    }


def _link(u: float) -> str:
    shares = (("foreign_key", 0.55), ("domain", 0.80), ("name", 0.975), ("none", 1.0))
    return next(link for link, below in shares if u < below)


def records_of(seed: int, life: Life) -> list[Record]:
    """The records of one account, the CRM's first."""
    account = life.account
    rng = stream(seed, "records", account.number)
    made = []
    for system in ("crm", "product", "support", "billing"):
        u = rng.random(5)
        if (account.product_only and system != "product") or (
            system == "support" and not account.has_support
        ):
            continue
        link = "anchor" if system == "crm" else _link(float(u[0]))
        link = "none" if account.product_only else link
        has_domain = link in ("anchor", "domain") or (link == "foreign_key" and u[1] < 0.6)
        name = spelled(account.name, account.legal_form, system, float(u[2]))
        if link == "none":
            name = abbreviation(account.name, account.number)
        domain = spelled_domain(account.domain, system, float(u[3])) if has_domain else None
        made.append(Record(system, source_id(system, account.number), life, link, name, domain))
    return made


def _common(record: Record) -> dict[str, Any]:
    account = record.life.account
    return {
        "source": record.system,
        "source_account_id": record.source_account_id,
        "name": record.name,
        "domain": record.domain,
        "created_at": at(account.started_on - timedelta(days=1), 10 * 3600),
    }


def _crm_versions(seed: int, record: Record) -> list[dict[str, Any]]:
    """The CRM knows the most, and keeps its history: one account in six changes its owner."""
    account = record.life.account
    u = stream(seed, "owners", account.number).random(3)
    row = _common(record) | {
        "parent_source_account_id": (
            None if account.parent is None else source_id("crm", account.parent)
        ),
        "domain_verified": bool(u[2] < 0.9),
        "plan": account.plan,
        "customer_tier": {"Starter": "C", "Growth": "B", "Enterprise": "A"}[account.plan],
        "region": account.region,
        "employees": account.employees,
        "industry": TRADES[account.trade],
        "deployment": account.deployment,
        "owner_email": account.owner_email,
        "exec_email": account.exec_email,
    }
    first = row | {"known_at": row["created_at"]}
    if u[0] > 0.17:
        return [first]
    moved_on = days_after(account.started_on, 60 + u[1] * 900)
    owner = f"csm-{account.region.lower()}-5@vendor.example"
    return [first, row | {"owner_email": owner, "known_at": at(moved_on, 14 * 3600)}]


def account_rows(seed: int, record: Record) -> list[dict[str, Any]]:
    """The rows of `accounts` of one record."""
    account, life = record.life.account, record.life
    if record.system == "crm":
        return _crm_versions(seed, record)
    row = _common(record)
    if record.system == "product":
        # Now and then the product still shows the plan before the last upgrade.
        stale = account.plan == "Growth" and account.number % 29 == 0
        row |= {"plan": "Starter" if stale else account.plan}
        row |= {"deleted_at": life.churned_on and at(life.churned_on + timedelta(days=45), 3600)}
    elif record.system == "billing":
        row |= {"plan": account.plan, "known_at": row["created_at"]}
    return [row]


def link_rows(record: Record) -> list[dict[str, Any]]:
    """The rows of `account_links` that tie a record to the CRM's, seen from the CRM."""
    account = record.life.account
    base = {"source": "crm", "source_account_id": source_id("crm", account.number)}
    known_at = at(account.started_on, 11 * 3600)
    rows = []
    if record.link == "foreign_key":
        key = {"value": record.source_account_id, "linked_source": record.system}
        rows.append(base | {"kind": "account_id", **key, "known_at": known_at})
    if record.system == "crm" and account.number % 23 == 5:
        alias = {"kind": "alias", "value": f"{account.name} Services"}
        domain = {"kind": "domain", "value": account.domain.replace(".", "-group.")}
        rows += [base | alias | {"known_at": known_at}, base | domain | {"known_at": known_at}]
    return rows


def truth_row(record: Record) -> dict[str, Any]:
    """Who the record truly is."""
    return {
        "source": record.system,
        "source_account_id": record.source_account_id,
        "true_account": record.life.account.key,
        "link": record.link,
    }
