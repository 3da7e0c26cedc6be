"""The resolved identity rules (identity.yaml)."""

from __future__ import annotations

from typing import Literal

from health_pipeline.core.identity.likeness.params import Likeness
from health_pipeline.core.schemas.base import Frozen

Rule = Literal[
    "manual", "foreign_key", "sso_claim", "verified_domain", "domain", "name_region", "name"
]


class IdentityRules(Frozen):
    """Which exact keys link source records, in order of trust.

    Attributes:
        rules: applied in this order; a record keeps the first rule that links it. `manual` are the
            decisions of people; the others are keys (see `records.account_keys`).
        public_domains: mailbox providers and shared hosts that never identify a company, beside
            those of the kept lists (`public_hosts.mailbox_hosts`); so do all hosts below them.
        not_public: domains taken off those lists, because here they are companies.
        legal_suffixes: words dropped from the end of a legal name before comparing ("inc", "gmbh"),
            beside the terms of the package `cleanco`.
        precedence: for each attribute, the sources whose value wins, in order; "default" for all
            others. Sources are named by role (billing, crm, product, support) or by `source`.
        roles: source → role (product, crm, billing, support, delivery).
        likeness: what is shown, or linked, of records that no exact rule links; None: nothing.
    """

    rules: tuple[Rule, ...] = (
        "manual",
        "foreign_key",
        "sso_claim",
        "verified_domain",
        "domain",
        "name_region",
        "name",
    )
    public_domains: frozenset[str] = frozenset()
    not_public: frozenset[str] = frozenset()
    legal_suffixes: tuple[str, ...] = ()
    precedence: dict[str, tuple[str, ...]] = {}
    roles: dict[str, str] = {}
    likeness: Likeness | None = Likeness()
