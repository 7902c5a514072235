"""What stands between a Walmart order and its Magento order: products, links, and what people asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.domain.factories import NOW, a_line, a_product, an_order, issued, seen
from webapp.domain.commands import Command, CommandState, CreateMagentoOrder, CreateProduct, Issued
from webapp.domain.plan import Plan, Seen, plan
from webapp.domain.policy import MissingProduct, Policy

CREATES = Policy(missing_product=MissingProduct.CREATE)
SWITCHED_OFF = Policy(create_orders=False)


def planned(both: Seen, policy: Policy | None = None, *before: Issued) -> Plan:
    return plan(both, policy or Policy(), before, NOW)


def a_creation(sku: str, state: CommandState, generation: int = 1, **more: object) -> Issued:
    return Issued("CreateProduct", f"{generation}:{sku}", state, **more)  # type: ignore[arg-type]


def about_creating(found: Plan) -> tuple[Command, ...]:
    return tuple(one for one in found.commands if isinstance(one, CreateMagentoOrder | CreateProduct))


# Links


def test_a_linked_product_that_is_there_lets_the_order_go_on() -> None:
    both = seen(products={"MUG": a_product("CUP")}, links={"MUG": "CUP"})
    assert about_creating(planned(both)) == (CreateMagentoOrder(1),)


def test_a_linked_product_that_is_gone_is_named_and_waited_for_by_its_own_sku() -> None:
    found = planned(seen(products={}, links={"MUG": "CUP"}))
    assert found.missing_skus == ("CUP",)
    assert found.waiting_for[-1] == "Waiting for a product with the SKU CUP in Magento."
    assert found.attention is not None
    assert "MUG was linked to it" in found.attention


def test_a_linked_product_is_never_created() -> None:
    assert about_creating(planned(seen(products={}, links={"MUG": "CUP"}), CREATES)) == ()


def test_a_linked_parent_is_refused_and_waited_for_by_its_own_sku() -> None:
    found = planned(seen(products={"MUG": a_product("CUPS", "configurable")}, links={"MUG": "CUPS"}))
    assert found.missing_skus == ("CUPS",)
    assert "configurable" in str(found.attention)
    assert "Set its options" in str(found.attention)
    bundle = planned(seen(products={"MUG": a_product("CUPS", "bundle")}))
    assert "Link the simple product" in str(bundle.attention)


# Creating products

TWO = an_order(a_line(1, sku="A"), a_line(2, sku="B"), a_line(3, sku="B"))


def test_missing_products_are_created_once_each_and_the_order_after_them() -> None:
    found = planned(seen(TWO, products={}), CREATES)
    assert about_creating(found) == (CreateProduct("A"), CreateProduct("B"))
    assert found.attention is None
    assert found.missing_skus == ("A", "B")
    assert about_creating(planned(seen(TWO, products={"B": a_product("B")}), CREATES)) == (CreateProduct("A"),)
    assert about_creating(planned(seen(TWO), CREATES)) == (CreateMagentoOrder(1),)


@pytest.mark.parametrize(
    ("before", "wanted", "words"),
    [
        ([a_creation("MUG", CommandState.QUEUED)], (CreateProduct("MUG", 1),), "Creating the product in Magento (MUG)"),
        ([a_creation("MUG", CommandState.RUNNING)], (CreateProduct("MUG", 1),), "Creating the product"),
        ([a_creation("MUG", CommandState.PARKED, reason="No.")], (), "refused to create the product MUG"),
        ([a_creation("MUG", CommandState.DONE, done_at=NOW)], (), "Waiting for Magento to show the product MUG"),
        ([a_creation("MUG", CommandState.DONE, done_at=NOW - timedelta(hours=1))], (), "Waiting for a product"),
        ([a_creation("MUG", CommandState.DISMISSED, given_up=True)], (), "Waiting for a product with the SKU MUG"),
        ([a_creation("MUG", CommandState.DISMISSED)], (CreateProduct("MUG", 2),), "Creating the product"),
        ([a_creation("JUG", CommandState.DONE, done_at=NOW)], (CreateProduct("MUG", 1),), "Creating the product"),
    ],
)
def test_a_product_is_created_until_it_is_there_given_up_or_gone_again(
    before: list[Issued], wanted: tuple[Command, ...], words: str
) -> None:
    found = planned(seen(products={}), CREATES, *before)
    assert about_creating(found) == wanted
    assert words in " ".join(found.waiting_for)


def test_by_default_no_product_is_created() -> None:
    assert about_creating(planned(seen(products={}))) == ()


def test_no_product_is_created_for_an_order_that_the_store_cannot_take() -> None:
    found = planned(seen(an_order(currency="CAD"), products={}), CREATES)
    assert about_creating(found) == ()
    assert "CAD" in str(found.attention)


# What people ask for


@pytest.mark.parametrize(
    ("asked", "before", "wanted"),
    [
        (0, [], ()),
        (1, [], (CreateMagentoOrder(1),)),
        (1, [issued(CreateMagentoOrder, CommandState.QUEUED)], (CreateMagentoOrder(1),)),
        (1, [issued(CreateMagentoOrder, CommandState.DISMISSED)], (CreateMagentoOrder(2),)),
        (1, [issued(CreateMagentoOrder, CommandState.DISMISSED, given_up=True)], ()),
        (2, [issued(CreateMagentoOrder, CommandState.DISMISSED, given_up=True)], (CreateMagentoOrder(2),)),
        (2, [issued(CreateMagentoOrder, CommandState.PARKED)], ()),
    ],
)
def test_what_a_person_asks_for_is_created_whatever_the_settings_say_until_a_person_gives_it_up(
    asked: int, before: list[Issued], wanted: tuple[Command, ...]
) -> None:
    assert about_creating(planned(seen(creation_asked=asked), SWITCHED_OFF, *before)) == wanted


def test_what_a_person_asks_for_waits_for_its_product_like_any_other() -> None:
    found = planned(seen(creation_asked=1, products={}), SWITCHED_OFF)
    assert about_creating(found) == ()
    assert found.missing_skus == ("MUG",)


def test_a_canceled_order_is_not_created_even_where_a_person_asked() -> None:
    canceled = an_order(a_line(1, ("Cancelled", 1)))
    assert about_creating(planned(seen(canceled, creation_asked=1), SWITCHED_OFF)) == ()
