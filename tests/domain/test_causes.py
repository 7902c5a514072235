"""Which failures count as one."""

from __future__ import annotations

import pytest

from webapp.domain.causes import UNKNOWN, cause


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("Magento: the product with SKU MUG-RED was not found.", "Magento: the product with SKU … was not found."),
        ("Magento: the SKU “A1-9 X” was not found.", "Magento: the SKU “… X” was not found."),
        ("Walmart did not answer (503). It was tried 13 times.", "Walmart did not answer (503)."),
        ("Order WM-2802123876439 is taken by order 000000131.", "Order … is taken by order …."),
        ("The totals differ: $48.17 and $48.10.", "The totals differ: $… and $…."),
        ("Choose a reason in the settings.", "Choose a reason in the settings."),
        ("SKU-1 SKU-2 SKU-3 are missing.", "… are missing."),
        ("No product MUG-RED, MUG-BLUE and TEE-M1 in Magento.", "No product … in Magento."),
        ("  ", UNKNOWN),
    ],
)
def test_a_cause_is_what_is_alike_in_many_orders(reason: str, said: str) -> None:
    assert cause(reason) == said
