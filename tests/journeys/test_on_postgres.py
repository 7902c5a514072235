"""The first walks again, with PostgreSQL below."""

from __future__ import annotations

import pytest

from tests.house import House
from tests.journeys import test_erasing as erasing
from tests.journeys import test_first_walk as walk
from tests.journeys import test_limits as limits


@pytest.fixture
def house(postgres_house: House) -> House:
    """Whatever asks for a house in this file gets one on PostgreSQL."""
    return postgres_house


test_created_acknowledged_and_invoiced_once = walk.test_an_order_is_created_acknowledged_and_invoiced_once
test_one_effect = walk.test_a_repeated_webhook_has_one_effect
test_wfs = walk.test_a_wfs_order_is_shown_and_nothing_is_written_for_it
test_unknown_sku = walk.test_an_unknown_sku_waits_in_plain_words_and_goes_on_when_the_product_appears
test_trouble_while_creating = walk.test_trouble_while_creating_leaves_one_magento_order
test_lost_webhook = walk.test_an_order_whose_webhook_was_lost_is_found_by_the_poll
test_after_the_deadline = walk.test_an_acknowledgement_after_the_deadline_is_still_sent_and_said
test_backlog = limits.test_a_backlog_goes_out_at_the_limit_without_one_refusal
test_waits = limits.test_what_waits_for_its_turn_says_until_when_and_uses_up_no_try
test_deadlines = limits.test_the_nearest_deadline_goes_first
test_open_order_keeps_its_buyer = erasing.test_an_open_order_keeps_its_buyer_and_so_does_one_that_waits_for_somebody
test_bodies_go = erasing.test_bodies_go_after_their_days_and_what_belongs_to_no_order_after_its
