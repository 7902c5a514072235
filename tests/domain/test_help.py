"""Every sentence that an order may wait with has its help, and says the same word."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.domain.factories import NOW, seen
from webapp.domain import help as texts
from webapp.domain import plan
from webapp.domain.help import MARKS, REASONS, STATUSES, help_for
from webapp.domain.order import OrderStatus
from webapp.domain.policy import Policy
from webapp.domain.shop import Product

RULES = Path(plan.__file__).parent


def beginnings() -> Iterator[str]:
    """How each sentence begins that the rules write out behind `waiting_for`."""
    for path in sorted(RULES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "waiting_for":
                for inner in ast.walk(node.value):
                    text = inner.values[0] if isinstance(inner, ast.JoinedStr) else inner
                    if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value[:1].isupper():
                        yield text.value


def test_each_reason_to_wait_has_its_help() -> None:
    found = sorted(set(beginnings()))
    assert len(found) >= 10
    assert [one for one in found if help_for(one) is None] == []


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("Waiting for a tracking number on shipment 000000012.", "Waiting for a tracking number"),
        ("Waiting for a shipment in Magento.", "Waiting for a shipment in Magento"),
        ("Waiting for Magento to show the invoice.", "Waiting for"),
        ("Waiting for you: choose why it is canceled at Walmart (line 1).", "Waiting for you"),
        ("Waiting for you to acknowledge: this account acknowledges by hand.", "Waiting for you to acknowledge"),
        ("Creating the Magento order: try 3 in 2 min.", "Under way"),
        ("No product MUG-RED in Magento. Link a product.", "No product"),
        ("Walmart ships this order itself (WFS).", "Walmart ships this order itself"),
        ("TEE is a configurable product: Magento has to know which.", "is a configurable product:"),
        ("SET is a bundle product. Link the simple product that is sold.", "Link the simple product that is sold"),
    ],
)
def test_a_sentence_finds_the_nearest(sentence: str, word: str) -> None:
    found = help_for(sentence)
    assert found is not None
    assert found.word == word


def test_what_explains_itself_has_none() -> None:
    assert help_for("Magento: the address is not valid.") is None


def test_what_is_asked_of_somebody_about_a_product_has_its_help() -> None:
    for kind in ("configurable", "bundle"):
        blocked = plan.plan(seen(products={"MUG": Product(1, "MUG", "Mug", kind)}), Policy(), (), NOW)
        assert blocked.attention
        for sentence in (blocked.attention, *blocked.waiting_for):
            assert help_for(sentence) is not None, sentence


def test_no_heading_looks_cut_off() -> None:
    for one in REASONS:
        assert not one.title.endswith(("…", ":", " by", " in", " for", " as", " before")), one.title


def test_all_five_statuses_are_told_and_each_has_an_address_of_its_own() -> None:
    assert [one.word for one in STATUSES] == [status.value for status in OrderStatus]
    slugs = [one.slug for one in (*STATUSES, *MARKS, *REASONS, texts.UNDER_WAY)]
    assert len(set(slugs)) == len(slugs)
