"""Days since the last engagement with an executive sponsor who is still there (R50).

A contact is a sponsor by `contact_is_sponsor`, else by `users.is_sponsor` of that email. An
unanswered outgoing mail is no engagement. Contacts with a sponsor who has left count no more,
unless another one is there who was not met yet. Without any, the days since the account's first
contact of any kind.
"""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import answers, not_applicable, rows
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.sponsors import as_compared, sponsors, unanswered

CONTACT = ("account_id", "contact_email", "contact_is_sponsor", "kind", "direction")


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    reads=("engagements", "users"),
    unit="days",
    higher_is_better=False,
    leading=True,
    default_knots=(90.0, 30.0, 21.0, 7.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="an engagement with the sponsor in the last 21 days",
    risk_pattern="no engagement with a sponsor for more than 30 days",
    kpi="sponsor engagement",
    risk_sentence="executive sponsor inactive for {value:.0f} days ({detail})",
    strength_sentence="executive sponsor engaged ({detail})",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Days; `detail` dates the last contact or says why there is none."""
    if not _can_tell(view):
        return not_applicable(view)
    on = pl.col("occurred_at").dt.date()
    contacts = rows(view, "engagements").select(*CONTACT, on=on).pipe(read)
    people = sponsors(view)
    if people is None:
        none = {"email": pl.lit(""), "left_on": pl.lit(None, pl.Date)}
        people = view.accounts.select("account_id", **none).clear()
    met = _last_met(contacts, people)
    met = pl.concat([met, _met_before(contacts, people, met)])
    never = contacts.select("account_id", "on").join(met, on="account_id", how="anti")
    since = pl.concat(
        [met, never.group_by("account_id").agg(pl.col("on").min(), met=pl.lit(value=False))]
    )
    all_left = pl.col("left_on").is_not_null().all()
    left = people.group_by("account_id").agg(
        left_on=pl.when(all_left).then(pl.col("left_on").max())
    )
    return answers(
        view,
        since.join(left, on="account_id", how="left").select(
            "account_id",
            value=(pl.lit(view.day) - pl.col("on")).dt.total_days(),
            detail=pl.when("met")
            .then(pl.format("last contact on {}", "on"))
            .otherwise(
                pl.coalesce(
                    pl.format("the sponsor left on {}", "left_on"),
                    pl.lit("no sponsor contact on record"),
                )
            ),
        ),
    )


def _last_met(contacts: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """`account_id`, `on`, `met` (true) of the accounts of which a sponsor was met."""
    told = pl.col("contact_is_sponsor")
    asked = contacts.filter(told.fill_null(True)).filter(~unanswered())
    gone = people.drop_nulls("left_on")
    # Addresses are compared only where they decide: of hardly any account a sponsor has left.
    doubted = pl.col("account_id").is_in(gone["account_id"].unique().implode())
    person = ["account_id", "email"]
    found = [
        asked.filter(told, ~doubted),
        _named(asked.filter(told, doubted)).join(gone, on=person, how="anti"),
        _named(asked.filter(told.is_null())).join(
            people.filter(pl.col("left_on").is_null()), on=person, how="semi"
        ),
    ]
    rows = pl.concat([rows.select("account_id", "on") for rows in found])
    return rows.group_by("account_id").agg(pl.col("on").max(), met=pl.lit(value=True))


def _met_before(contacts: pl.DataFrame, people: pl.DataFrame, met: pl.DataFrame) -> pl.DataFrame:
    """As `_last_met`, with whoever left, of accounts whose other sponsors were not met yet.

    That a second sponsor is new to us is no year of silence: the time since the first one goes on.
    """
    gone = pl.col("left_on").is_not_null()
    some = people.filter(gone.any().over("account_id") & ~gone).join(
        met, on="account_id", how="anti"
    )
    if some.is_empty():
        return met.clear()
    theirs = [side.join(some, on="account_id", how="semi") for side in (contacts, people)]
    return _last_met(theirs[0], theirs[1].with_columns(left_on=pl.lit(None, pl.Date)))


def _named(contacts: pl.DataFrame) -> pl.DataFrame:
    return contacts.with_columns(email=as_compared("contact_email"))


def _can_tell(view: DayView) -> bool:
    """Whether some source says who is a sponsor."""
    by_email = view.has("engagements", "contact_email") and view.has("users", "email", "is_sponsor")
    return by_email or view.has("engagements", "contact_is_sponsor")
