"""What the truth says of the default world is what its tables show, hard to read but not hidden."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from health_pipeline.adapters.sample import FREE_MAIL_DOMAINS, World

SNAPSHOTS = (date(2024, 9, 30), date(2024, 11, 30), date(2025, 1, 31), date(2025, 3, 31))


def account_days(world: World) -> pl.DataFrame:
    """Distinct active users of each true account and day: account, day, users."""
    return (
        world.tables["events"]
        .with_columns(pl.col("occurred_at").dt.date().alias("day"))
        .join(world.truth_users, on=["source", "source_user_id"])
        .group_by(pl.col("true_account").alias("account"), "day")
        .agg(pl.col("source_user_id").n_unique().alias("users"))
    )


def mean_use(days: pl.DataFrame, account: str, last: date, length: int) -> float:
    """Active user-days a day in the `length` days that end on `last`."""
    between = pl.col("day").is_between(last - timedelta(days=length - 1), last)
    return float(days.filter(between & (pl.col("account") == account))["users"].sum()) / length


def auc(y: np.ndarray, risk: np.ndarray) -> float:
    above = (risk[y][:, None] > risk[~y][None, :]).mean()
    return float(above + (risk[y][:, None] == risk[~y][None, :]).mean() / 2)


def test_every_record_and_user_has_one_true_owner(default):
    for name, truth, key in (
        ("accounts", default.truth_records, ["source", "source_account_id"]),
        ("users", default.truth_users, ["source", "source_user_id"]),
    ):
        known = default.tables[name].select(key).unique()
        assert truth.select(key).is_duplicated().sum() == 0
        assert known.join(truth, on=key, how="anti").is_empty()
        assert truth.join(known, on=key, how="anti").is_empty()
    owners = set(default.truth_records["true_account"]) | set(default.truth_users["true_account"])
    assert owners == set(default.truth["true_account"])


def test_every_row_of_a_table_belongs_to_a_known_record(default):
    for name, rows in default.tables.items():
        linked = rows.drop_nulls("source_account_id")
        stray = linked.join(default.truth_records, on=["source", "source_account_id"], how="anti")
        assert stray.is_empty(), name


def test_the_world_is_about_as_large_and_as_risky_as_promised(default):
    truth = default.truth.filter("is_customer")
    lost, quiet = truth["churned_on"].count(), truth["is_quiet_churner"].sum()
    assert 380 <= default.truth.height <= 420
    assert 0.9e6 <= default.tables["events"].height <= 1.2e6
    assert lost >= 50
    assert 0.13 <= lost / truth.height <= 0.2
    assert 0.15 <= quiet / lost <= 0.4
    assert set(default.tables["outcomes"]["kind"]) == {
        "logo_loss",
        "non_renewal",
        "contraction",
        "renewal",
        "multi_year_renewal",
        "expansion",
    }


def test_losses_stand_in_outcomes_with_their_notice_before_them(default):
    lost = default.truth.drop_nulls("churned_on").select(
        "crm_id", "churned_on", "churn_kind", "notice_on"
    )
    told = default.tables["outcomes"].filter(pl.col("kind").is_in(["logo_loss", "non_renewal"]))
    told = told.select("source_account_id", "occurred_on", "kind", "notice_on")
    # An outcome is known on the morning after, so a loss on the last day is not yet told.
    known = lost.filter(pl.col("churned_on") < date(2025, 6, 30))
    assert sorted(told.rows()) == sorted(known.rows())
    assert (lost["notice_on"] < lost["churned_on"]).all()


def test_money_of_outcomes_agrees_with_their_kind(default):
    sign = (pl.col("arr_after") - pl.col("arr_before")).cast(pl.Float64).sign()
    signs = default.tables["outcomes"].select("kind", sign.alias("sign")).unique()
    assert sorted(signs.rows()) == [
        ("contraction", -1.0),
        ("expansion", 1.0),
        ("logo_loss", -1.0),
        ("multi_year_renewal", 0.0),
        ("non_renewal", -1.0),
        ("renewal", 0.0),
    ]


def test_seats_are_asked_for_at_the_price_of_the_contract(default):
    price = pl.col("arr").cast(pl.Float64) / pl.col("seats")
    prices = default.tables["subscriptions"].group_by("source_account_id").agg(price.first())
    number = pl.col("outcome_id").str.replace("out", "seat").alias("request_id")
    moved = (pl.col("arr_after") - pl.col("arr_before")).cast(pl.Float64).alias("moved")
    asked = (
        default.tables["seat_requests"]
        .join(default.tables["outcomes"].select(number, moved), on="request_id")
        .join(prices, on="source_account_id")
    )
    assert asked.height > 50
    assert (
        asked.select((pl.col("moved") / pl.col("arr")).round() == pl.col("seats")).to_series().all()
    )


def test_quiet_churners_slip_in_use_long_before_notice_without_a_word_to_support(default):
    days = account_days(default)
    tickets = default.tables["tickets"].unique("ticket_id")
    quiet = default.truth.filter("is_quiet_churner", "sends_events")
    falls, before, after = [], 0.0, 0.0
    for row in quiet.iter_rows(named=True):
        slip, notice = row["slip_on"], row["notice_on"]
        assert (notice - slip).days >= 60
        usual = mean_use(days, row["true_account"], slip, 56)
        if slip - timedelta(days=56) >= date(2024, 4, 1) and usual > 0.5:
            falls.append(mean_use(days, row["true_account"], notice, 28) / usual)
        mine = pl.col("source_account_id") == pl.lit(row["support_id"], pl.String)
        on = tickets.filter(mine)["opened_at"].dt.date()  # none if the desk does not know them
        before += on.is_between(slip - timedelta(days=60), slip - timedelta(days=1)).sum()
        after += on.is_between(notice - timedelta(days=45), notice).sum()
    assert len(falls) >= 6
    assert np.median(falls) < 0.7
    assert np.mean(np.array(falls) < 1) >= 0.85
    assert after / 45 < before / 60


def test_use_ranks_the_accounts_that_leave_within_90_days_well_but_not_perfectly(default):
    days = account_days(default)
    truth = default.truth.filter("is_customer", "sends_events")
    left, ratio = [], []
    for snapshot in SNAPSHOTS:
        here = truth.filter(
            pl.col("started_on") < snapshot - timedelta(days=112),
            pl.col("churned_on").is_null() | (pl.col("churned_on") > snapshot),
        )
        for account, churned_on in here.select("true_account", "churned_on").iter_rows():
            now = mean_use(days, account, snapshot, 28)
            usual = mean_use(days, account, snapshot - timedelta(days=28), 84)
            left.append(churned_on is not None and (churned_on - snapshot).days <= 90)
            ratio.append(-(now + 0.05) / (usual + 0.05))
    assert 0.62 <= auc(np.array(left), np.array(ratio)) <= 0.85


def test_some_who_leave_never_looked_ill_and_some_ill_ones_stay(default):
    truth = default.truth.filter("is_customer")
    lost, kept = (truth.filter(pl.col("churned_on").is_null() == k) for k in (False, True))
    assert (lost["health_end"] > 0).sum() >= 3
    assert (kept["health_end"] < -0.5).sum() >= 20


def test_links_between_systems_are_as_good_as_promised(default):
    others = default.truth_records.filter(pl.col("source") != "crm")
    shares = dict(others["link"].value_counts(normalize=True).iter_rows())
    assert 0.005 <= shares["none"] <= 0.045
    assert shares["foreign_key"] > shares["domain"] > shares["name"] > shares["none"]
    emails = default.tables["users"]["email"].drop_nulls()
    free = emails.str.ends_with(FREE_MAIL_DOMAINS[0]) | emails.str.ends_with(FREE_MAIL_DOMAINS[1])
    assert 10 <= free.sum() <= 0.02 * len(emails)
    assert default.truth["parent"].count() >= 3
    assert (~default.truth["is_customer"]).sum() >= 1
