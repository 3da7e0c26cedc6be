from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.core.identity.ids import user_id_of, user_id_of_email
from health_pipeline.core.identity.likeness.params import Likeness
from health_pipeline.core.identity.resolve import resolve
from health_pipeline_tests.core.identity.tables import (
    NO_REGISTRY,
    RULES,
    account,
    at,
    landed,
    user,
)

ACCOUNTS = landed(
    "accounts",
    account("crm:1", domain="acme.com"),
    account("crm:2", domain="beta.io"),
    account("app:p1", domain="acme.com"),
    account("app:p2", known=3, domain="beta.io"),
)
OF = {"acme": "1", "beta": "2"}


def identity_of(*users):
    return resolve({"accounts": ACCOUNTS, "users": landed("users", *users)}, RULES, NO_REGISTRY)


def account_of(identity, company):
    return identity.account_xref.row(
        by_predicate=(pl.col("source") == "crm") & (pl.col("source_account_id") == OF[company]),
        named=True,
    )["account_id"]


@pytest.mark.parametrize(
    ("why", "keys", "company", "rule"),
    [
        (
            "verified email",
            {"email": "a@ACME.com", "email_verified": True},
            "acme",
            "verified_email",
        ),
        ("SSO domain", {"sso_domain": "www.beta.io"}, "beta", "sso"),
        ("SSO claim", {"sso_claim": "ann@beta.io"}, "beta", "sso"),
        ("the source's account", {"source_account_id": "p1"}, "acme", "source_account"),
        (
            "a verified email outweighs the source",
            {"email": "a@beta.io", "email_verified": True, "source_account_id": "p1"},
            "beta",
            "verified_email",
        ),
        (
            "a public address leaves it to the source",
            {"email": "a@gmail.com", "email_verified": True, "source_account_id": "p1"},
            "acme",
            "source_account",
        ),
        (
            "an address that is not verified leaves it to the source",
            {"email": "a@beta.io", "email_verified": False, "source_account_id": "p1"},
            "acme",
            "source_account",
        ),
        (
            "an address of unknown verification is weaker than the source",
            {"email": "a@beta.io", "source_account_id": "p1"},
            "acme",
            "source_account",
        ),
        ("… but better than nothing", {"email": "a@beta.io"}, "beta", "email"),
        ("not verified, no source", {"email": "a@beta.io", "email_verified": False}, None, None),
        ("unknown domain", {"email": "a@gamma.org", "email_verified": True}, None, None),
        (
            "a subdomain is the company's",
            {"email": "a@eu.acme.com", "email_verified": True},
            "acme",
            "verified_email",
        ),
        (
            "a shared host names nobody but its tenant",
            {"sso_domain": "acme.myshopify.com"},
            None,
            None,
        ),
        ("two @ are no address", {"email": "a@acme.com@beta.io"}, None, None),
        ("… and no SSO claim", {"sso_claim": "a@acme.com@beta.io"}, None, None),
        (
            "… but the source still tells whose claim it is",
            {"sso_claim": "a@acme.com@beta.io", "source_account_id": "p1"},
            "acme",
            "source_account",
        ),
        ("blanks are no address", {"email": "a b@acme.com"}, None, None),
        (
            "… but the source still tells",
            {"email": "a b@beta.io", "email_verified": True, "source_account_id": "p1"},
            "acme",
            "source_account",
        ),
        ("mixed scripts", {"email": "a@аcme.com", "email_verified": True}, None, None),
        ("unknown account", {"source_account_id": "p9"}, None, None),
        ("nothing at all", {"role": "admin"}, None, None),
    ],
)
def test_which_account(why, keys, company, rule):
    identity = identity_of(user("app:u", known=5, **keys))
    found = identity.user_xref.select("account_id", "rule").rows()
    assert found == ([(account_of(identity, company), rule)] if company else []), why
    assert identity.unresolved.height == (0 if company else 1), why


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"email": "a@acme.com@beta.io"}, "not an email address: more than one @"),
        (
            {"email": '"a"@acme.com', "email_verified": True},
            "not an email address: blanks, quotes or brackets before the @",
        ),
        ({"sso_claim": "a@acme.com@beta.io"}, "not an SSO claim: more than one @"),
        ({"email": "acme.com"}, "not an email address: no @"),
        ({"email": "a@аcme.com"}, "word mixes scripts: аcme"),
        ({"email": "a@gamma.org"}, "no account has the domain of the email or SSO claim"),
        (
            {"email": "a@gmail.com", "email_verified": True},
            "neither a company email, an SSO claim nor a source_account_id",
        ),
        (
            {"email": "a@acme.com", "email_verified": False},
            "email is not verified, and there is no source_account_id",
        ),
        (
            {"email": "a@acme.com", "email_verified": False, "source_account_id": "p9"},
            "email is not verified, and no account claims source_account_id",
        ),
        (
            {"email": "a b@acme.com", "source_account_id": "p9"},
            "no account claims source_account_id",
        ),
    ],
)
def test_why_nobody_claims_a_user(keys, why):
    assert identity_of(user("app:u", known=5, **keys)).unresolved["why"].to_list() == [why]


def test_one_address_is_one_person_everywhere():
    identity = identity_of(
        user("app:u1", source_account_id="p1", email="Ann@acme.com"),
        user("zd:77", email="ann@ACME.com"),
        user("app:u2", source_account_id="p1"),
    )
    ids = dict(identity.user_xref.select("source_user_id", "user_id").iter_rows())
    assert ids == {
        "u1": user_id_of_email("ann@acme.com"),
        "77": user_id_of_email("ann@acme.com"),
        "u2": user_id_of("app", "u2"),
    }


def test_conflicts_are_reported():
    identity = identity_of(
        user("app:u", email="a@beta.io", email_verified=True, source_account_id="p1"),
        user("app:v", email="a@acme.com", email_verified=True, source_account_id="p1"),
    )
    acme, beta = account_of(identity, "acme"), account_of(identity, "beta")
    assert identity.conflicts.rows() == [("app", "u", beta, acme, beta)]


@pytest.mark.parametrize(
    ("why", "versions", "expected"),
    [
        (
            "a person who moves counts where they were",
            [
                user("app:u", known=4, source_account_id="p1"),
                user("app:u", known=9, source_account_id="p2"),
            ],
            [("acme", 4), ("beta", 9)],
        ),
        (
            "a version without news adds nothing",
            [
                user("app:u", known=4, source_account_id="p1"),
                user("app:u", known=9, source_account_id="p1", role="admin"),
            ],
            [("acme", 4)],
        ),
        (
            "a link is not known before the account is",
            [user("app:u", known=2, source_account_id="p2")],
            [("beta", 3)],
        ),
        (
            "an address verified later counts from then",
            [
                user("app:u", known=4, source_account_id="p1", email="a@beta.io"),
                user(
                    "app:u",
                    known=9,
                    source_account_id="p1",
                    email="a@beta.io",
                    email_verified=True,
                ),
            ],
            [("acme", 4), ("beta", 9)],
        ),
        (
            "a version that names nobody leaves the link as it was",
            [
                user("app:u", known=4, source_account_id="p1"),
                user("app:u", known=9, role="guest"),
            ],
            [("acme", 4)],
        ),
    ],
)
def test_links_follow_each_other_in_time(why, versions, expected):
    identity = identity_of(*versions)
    links = identity.user_links.select("account_id", "linked_at").rows()
    assert links == [(account_of(identity, company), at(day)) for company, day in expected], why
    assert identity.user_xref["account_id"].to_list() == [links[-1][0]], why


@pytest.mark.parametrize(
    ("why", "people", "one"),
    [
        ("nobody is known", [], True),
        ("its people write from the other's domain", [{"email": "a@compass.com"}], True),
        ("from another", [{"email": "a@compass-group.com"}], False),
        ("they sign on by another", [{"sso_domain": "compass-group.com"}], False),
        ("from both", [{"email": "a@compass-group.com"}, {"email": "b@compass.com"}], True),
        ("from a mailbox provider", [{"email": "a@gmail.com"}], True),
        ("nobody verified it", [{"email": "a@other.io", "email_verified": False}], True),
    ],
)
def test_domains_of_users_speak_against_a_likeness(why, people, one):
    rules = RULES.model_copy(update={"likeness": Likeness(link_above=0.85)})
    more = [account(f"crm:{n}", name=f"Company{n} Quorvex{n}") for n in range(20)]
    tables = {
        "accounts": landed(
            "accounts",
            account("crm:c", name="Compass", domain="compass.com"),
            account("zendesk:g", 2, name="Compass Group"),
            *more,
        ),
        "users": landed(
            "users",
            *(
                user(f"zendesk:u{n}", source_account_id="g", **{"email_verified": True, **person})
                for n, person in enumerate(people or [{"email": None}])
            ),
        ),
    }
    found = resolve(tables, rules, NO_REGISTRY)
    ids = found.account_xref.filter(pl.col("source_account_id").is_in(["c", "g"]))["account_id"]
    assert (ids.n_unique() == 1) == one, why
    assert found.review["why"].str.contains("different domains").any() != one
