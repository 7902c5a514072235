"""The first walks again, with PostgreSQL below."""

from __future__ import annotations

import pytest

from tests.house import House
from tests.journeys import test_first_walk as walk


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
