"""The merchant's settings: what M2E ships as defaults, and a round trip through what is stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.accounts import policy_from_json, policy_to_json
from webapp.domain.policy import AcknowledgeWhen, Policy

seconds = st.integers(0, 10**6).map(lambda n: timedelta(seconds=n))
policies = st.builds(
    Policy,
    acknowledge=st.sampled_from(AcknowledgeWhen),
    acknowledge_guard=st.booleans(),
    acknowledge_guard_before=seconds,
    create_orders=st.booleans(),
    create_wfs_orders=st.booleans(),
    import_since=st.none() | st.datetimes(datetime(2020, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    number_prefix=st.text("WM-1 _#é", max_size=8),
    wfs_number_prefix=st.text("WM-1 _#é", max_size=8),
    invoice=st.booleans(),
    carriers=st.sampled_from([{}, {"ups": "UPS", "Eigen Post": "USPS"}]),
    correct_tracking_within=seconds,
    auto_cancel_after=st.none() | seconds,
    settle_after=seconds,
    read_daily=seconds,
)


@given(policy=policies)
def test_settings_come_back_as_they_were_stored(policy: Policy) -> None:
    stored = json.loads(json.dumps(policy_to_json(policy)))
    assert policy_from_json(stored, number_prefix=policy.number_prefix) == policy


def test_who_never_chose_gets_the_defaults_also_better_ones_later() -> None:
    assert policy_to_json(Policy(number_prefix="WM-")) == {}
    assert policy_from_json({}, number_prefix="WM-") == Policy(number_prefix="WM-")


def test_a_setting_of_another_version_is_passed_over() -> None:
    assert policy_from_json({"sing_songs": True, "invoice": False}, number_prefix="") == Policy(invoice=False)


def test_the_defaults_are_the_designs() -> None:
    policy = Policy()
    assert policy.acknowledge is AcknowledgeWhen.AFTER_MAGENTO_ORDER
    assert policy.acknowledge_guard
    assert policy.acknowledge_guard_before == timedelta(minutes=60)
    assert (policy.create_orders, policy.create_wfs_orders, policy.invoice) == (True, False, True)


def test_what_costs_something_is_chosen_by_the_merchant_and_never_by_default() -> None:
    policy = Policy()
    assert policy.cancel_reason == ""
    assert not policy.accept_cancellation_requests
    assert not policy.create_credit_memos
    assert (policy.send_shipments, policy.send_cancels, policy.send_credit_memos, policy.create_shipments) == (
        True,
    ) * 4


@pytest.mark.parametrize(("market", "days"), [("us", 4), ("ca", 7), ("CA", 7), ("mx", 4)])
def test_walmart_cancels_by_itself_as_the_market_is_known_for(market: str, days: int) -> None:
    assert Policy().cancels_after(market) == timedelta(days=days)
    assert Policy(auto_cancel_after=timedelta(days=6)).cancels_after(market) == timedelta(days=6)


@pytest.mark.parametrize(
    ("by_seller", "wfs", "used"), [(True, "WF-", "WM-"), (False, "WF-", "WF-"), (False, "", "WM-")]
)
def test_wfs_orders_may_have_a_number_prefix_of_their_own(by_seller: bool, wfs: str, used: str) -> None:
    assert Policy(number_prefix="WM-", wfs_number_prefix=wfs).prefix(by_seller=by_seller) == used
