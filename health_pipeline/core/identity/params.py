"""The resolved identity rules (identity.yaml)."""

from __future__ import annotations

from typing import Literal

from health_pipeline.core.schemas.base import Frozen

Rule = Literal["foreign_key", "domain", "name"]


class IdentityRules(Frozen):
    """Which exact keys link source records, in order of trust.

    Attributes:
        rules: applied in this order; a record keeps the first rule that links it.
        public_domains: mailbox providers and shared hosts that never identify a company.
        legal_suffixes: words dropped from the end of a legal name before comparing ("inc", "gmbh").
        precedence: for each attribute, the sources whose value wins, in order; "default" for all
            others. Sources are named by role (billing, crm, product, support) or by `source`.
        roles: source → role (product, crm, billing, support, delivery).
    """

    rules: tuple[Rule, ...] = ("foreign_key", "domain", "name")
    public_domains: frozenset[str] = frozenset()
    legal_suffixes: tuple[str, ...] = ()
    precedence: dict[str, tuple[str, ...]] = {}
    roles: dict[str, str] = {}
