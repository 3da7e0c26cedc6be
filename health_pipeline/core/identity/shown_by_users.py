"""Whose domains the users of a record show, where the record itself shows none."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from health_pipeline.core.identity.landed import RECORD, optional, table_of
from health_pipeline.core.identity.standardise import domains, email_domains


def shown_by_users(
    landed: Mapping[str, pl.DataFrame],
    records: pl.DataFrame,
    showing: pl.DataFrame,
    public: Collection[str],
) -> pl.DataFrame:
    """Domains of verified addresses and of SSO: they link users (R24), and deny a likeness.

    A support desk calls "Compass Group" what the CRM calls Compass: that its people write from
    compass-group.com says more than the name.

    Args:
        landed: contract tables.
        records: `account_records`.
        showing: rec: records that show a domain of their own; theirs counts.
        public: `public_hosts`, whose addresses show nobody's domain.

    Returns:
        rec, value (a registrable domain); each once.
    """
    users = table_of(landed, "users")
    if users is None:
        return pl.DataFrame(schema={"rec": pl.Int64(), "value": pl.String()})
    silent = records.join(showing, on="rec", how="anti").select("rec", *RECORD)
    told = users.select(
        *(optional(users, name, pl.String()) for name in (*RECORD, "email", "sso_domain")),
        optional(users, "email_verified", pl.Boolean()),
    ).join(silent, on=RECORD)
    verified = told.filter("email_verified")
    found = [
        verified.select("rec", value=email_domains(verified["email"], public)),
        told.select("rec", value=domains(told["sso_domain"], public)),
    ]
    return pl.concat(found).drop_nulls().unique()
