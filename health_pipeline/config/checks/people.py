"""Rules of churn.yaml, identity.yaml and activity.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from health_pipeline.config.checks.names import listed, repeated, unknown
from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue
from health_pipeline.core.schemas.sources import SOURCE_TABLES

ROLES = ("product", "crm", "billing", "support", "delivery")
LEAP_YEAR = 2024
ATTRIBUTE_TABLES = ("accounts", "subscriptions")


def _attributes() -> list[str]:
    return sorted({c for table in ATTRIBUTE_TABLES for c in SOURCE_TABLES[table].names})


def churn_events(draft: Draft) -> Iterator[Issue]:
    """Some event has to count as churn."""
    if not draft.churn.events:
        allowed = "logo_loss, non_renewal, contraction"
        yield draft.issue("churn", ("events",), "no event counts as churn", allowed)


def entity(draft: Draft) -> Iterator[Issue]:
    """The score is about accounts; one about users is not built (R11)."""
    if draft.churn.entity == "user":
        yield draft.issue("churn", ("entity",), "scores of users are not built yet", "account")


def currency(draft: Draft) -> Iterator[Issue]:
    """Currencies are ISO codes."""
    code = draft.churn.currency
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        yield draft.issue("churn", ("currency",), "not an ISO currency code", "such as USD or EUR")


def exclusions(draft: Draft) -> Iterator[Issue]:
    """Accounts are excluded by columns that accounts have (R14)."""
    known = _attributes()
    for n, rule in enumerate(draft.churn.exclude):
        yield from unknown(draft, "churn", ("exclude", n, "column"), rule.column, known, "column")


def roles(draft: Draft) -> Iterator[Issue]:
    """A source plays one of the five roles."""
    for source, role in draft.identity.roles.items():
        yield from unknown(draft, "identity", ("roles", source), role, ROLES, "role")


def precedence(draft: Draft) -> Iterator[Issue]:
    """Sources are ranked for attributes that exist; `default` ranks them for all others."""
    known = ["default", *_attributes()]
    for attribute in draft.identity.precedence:
        path = ("precedence", attribute)
        yield from unknown(draft, "identity", path, attribute, known, "attribute")


def public_domains(draft: Draft) -> Iterator[Issue]:
    """Domains stand as they are compared: lower case, with a dot, without an @."""
    for key in ("public_domains", "not_public"):
        listing = draft.document("identity").value((key,))
        names = listing if getattr(draft.identity, key) and isinstance(listing, list) else ()
        for n, name in enumerate(names):
            if name != name.lower() or "." not in name or "@" in name or " " in name:
                words, allowed = "not a domain as it is compared", "lower case, such as gmail.com"
                yield draft.issue("identity", (key, n), words, allowed)


def likeness(draft: Draft) -> Iterator[Issue]:
    """What links by itself is at least as probable as what is shown."""
    rules = draft.identity.likeness
    if rules and rules.link_above is not None and rules.link_above < rules.review_above:
        words = f"below review_above ({rules.review_above})"
        path, allowed = ("likeness", "link_above"), f"{rules.review_above} and above, or null"
        yield draft.issue("identity", path, words, allowed)


def feature_names(draft: Draft) -> Iterator[Issue]:
    """Features are named once: a name is a bit."""
    names = [feature.name for feature in draft.activity.features]
    yield from repeated(draft, "activity", ("features",), names)


def feature_matches(draft: Draft) -> Iterator[Issue]:
    """What an event is matched by is lower case, and means one feature."""
    owner: dict[tuple[str, str], str] = {}
    for n, feature in enumerate(draft.activity.features):
        for key, values in (("match", feature.match), ("events", feature.events)):
            for m, value in enumerate(values):
                path = ("features", n, key, m)
                first = owner.setdefault((key, value), feature.name)
                if value != value.lower():
                    yield draft.issue("activity", path, "not lower case", value.lower())
                elif first != feature.name:
                    yield draft.issue("activity", path, f"already means the feature {first}")
        if not feature.match and not feature.events:
            words = "can never be met: neither match nor events"
            yield draft.issue("activity", ("features", n), words)


def core_use(draft: Draft) -> Iterator[Issue]:
    """Something has to be a value moment (R31)."""
    rules = draft.activity
    names = [feature.name for feature in rules.features]
    if not rules.core_events and not any(feature.core for feature in rules.features):
        words = "no feature is core and no core event is named: nothing would be a value moment"
        yield draft.issue("activity", ("features",), words, f"`core: true` on {listed(names)}")


def holidays(draft: Draft) -> Iterator[Issue]:
    """Holidays are dates, or days of every year, as they are compared."""
    for n, day in enumerate(draft.activity.holidays):
        if not (_is_date(day) or _is_date(f"{LEAP_YEAR}-{day}")):
            allowed = "a date such as 2024-12-25, or 12-25 of every year"
            yield draft.issue("activity", ("holidays", n), "not a date", allowed)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
