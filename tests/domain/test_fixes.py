"""Which failure is mended where."""

from __future__ import annotations

import pytest

from webapp.domain.fixes import Fix, fix_of

CASES = (
    ("The order's number is taken by another order. Choose another prefix in the settings.", Fix.SETTINGS),
    ("The order number WM-1 has a colon, which the shop's own repair of its stock cannot take.", Fix.SETTINGS),
    ("Magento does not take this address with the shipping method flatrate. Carrier not found: flatrate", Fix.SETTINGS),
    ("Magento has no customer 7 any more. Choose another one in the account's settings, then try again.", Fix.SETTINGS),
    ("Walmart knows no carrier Bee. Map it.", Fix.SETTINGS),
    ("Walmart did not accept the client ID and secret. Check them in the account's settings.", Fix.CONNECTION),
    ("Magento did not accept the access token. Or the integration lacks a right.", Fix.STORE),
    ("The store's address does not lead to Magento's REST API (404). Check the address and the store view.", Fix.STORE),
    ("A firewall or the web server in front of Magento refused the call (403): no reason given", Fix.STORE),
    ("The shop has no store view us. It has: default.", Fix.STORE),
    ("Magento answered 400: We can't save the address: “Phone Number” is required. Enter and try again.", Fix.ADDRESS),
    ("“MUG” cannot be put into a Magento cart. Product that you are trying to add is not available.", Fix.PRODUCT),
    ("Magento order WM-1 carries this PO but its total is 3, not 4. Compare the two.", Fix.MAGENTO),
    ("Magento does not allow to cancel order WM-1 as it is complete. Cancel it there by hand.", Fix.MAGENTO),
    ("The refund was sent at 10:00 UTC and Walmart does not show it. Look in Seller Center.", Fix.WALMART),
    ("Walmart answered 400: INVALID_REQUEST_CONTENT: the line cannot be shipped.", Fix.WALMART),
    ("An error in Orderbridge itself (KeyError); the server's log has the details.", Fix.UNKNOWN),
    ("Something that nobody has seen before.", Fix.UNKNOWN),
)


@pytest.mark.parametrize(("sentence", "fix"), CASES)
def test_each_known_failure_leads_to_what_mends_it(sentence: str, fix: Fix) -> None:
    assert fix_of(sentence) is fix


def test_every_way_to_mend_has_a_failure_that_leads_there() -> None:
    assert {fix for _, fix in CASES} == set(Fix)
