"""Credit memos laid on Walmart's lines: each kind of money, to the cent, never above what was charged."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.factories import NOW, a_charge, a_line
from webapp.domain.commands import LineMoney
from webapp.domain.order import ACKNOWLEDGED, ZERO, Charge, Line, LineRefund, ReturnedLine
from webapp.domain.refunds import Account, Settlement, account, by_type, settle, shipping_in_shop, total
from webapp.domain.shop import Credited, ShopCreditmemo, ShopOrder

D = Decimal


def sold(
    number: int = 1, *units: tuple[str, int], price: str = "10.00", shipping: bool = True, refunds: str = ""
) -> Line:
    """A line of one shipped unit, with tax, and with shipping that has a tax of its own."""
    charges = [a_charge(price, "0.83")] + ([a_charge("4.99", "0.41", "SHIPPING")] if shipping else [])
    given_back = (LineRefund("R1", "Others", "", (Charge("PRODUCT", "Product", D(refunds), ZERO),)),) if refunds else ()
    statuses = units or (("Shipped", 1),)
    return a_line(number, *statuses, charges=tuple(charges), refunds=given_back, refunded=D(refunds or 0))


def a_memo(
    *units: int, shipping: str = "0", tax: str = "0", plus: str = "0", minus: str = "0", of: str = "10.83"
) -> ShopCreditmemo:
    items = tuple(Credited(7 + at, count, D(of) * count) for at, count in enumerate(units))
    return ShopCreditmemo(5, "C5", 12, NOW, items, D(shipping), D(tax), D(plus), D(minus))


def settled(
    memo: ShopCreditmemo,
    lines: list[Line],
    units: dict[str, int] | None = None,
    accounted: list[LineMoney] | None = None,
    returns: list[ReturnedLine] | None = None,
    cancelled_shipping: str = "0",
) -> Settlement:
    accounts = [account(line, accounted or [], returns or []) for line in lines]
    return settle(memo, Counter(units or {}), accounts, D(cancelled_shipping))


def money(lines: tuple[LineMoney, ...]) -> dict[str, dict[str, tuple[str, str]]]:
    return {one.line: {kind: (str(a), str(t)) for kind, (a, t) in by_type(one.charges).items()} for one in lines}


ITEM, SHIPPING = {"PRODUCT": ("10.00", "0.83")}, {"SHIPPING": ("4.99", "0.41")}
SENT = [
    ("all of a line", a_memo(1, shipping="4.99", tax="0.41"), [sold()], {"1": 1}, {"1": ITEM | SHIPPING}, {}),
    ("a unit without its shipping", a_memo(1), [sold()], {"1": 1}, {}, {"1": ITEM}),
    ("a line that had no shipping", a_memo(1), [sold(shipping=False)], {"1": 1}, {"1": ITEM}, {}),
    ("shipping alone", a_memo(shipping="4.99", tax="0.41"), [sold()], {}, {}, {"1": SHIPPING}),
    (
        "a part of shipping, split as it was charged",
        a_memo(shipping="2.00"),
        [sold()],
        {},
        {},
        {"1": {"SHIPPING": ("1.85", "0.15")}},
    ),
    ("an adjustment alone", a_memo(plus="3.00"), [sold()], {}, {}, {"1": {"PRODUCT": ("3.00", "0")}}),
    (
        "an adjustment over two lines, by what remains of each",
        a_memo(plus="6.00"),
        [sold(1), sold(2, price="5.00")],
        {},
        {},
        {"1": {"PRODUCT": ("4.00", "0")}, "2": {"PRODUCT": ("2.00", "0")}},
    ),
    (
        "cents that cannot be split are the last one's",
        a_memo(plus="0.10"),
        [sold(1), sold(2), sold(3)],
        {},
        {},
        {"1": {"PRODUCT": ("0.03", "0")}, "2": {"PRODUCT": ("0.03", "0")}, "3": {"PRODUCT": ("0.04", "0")}},
    ),
    (
        "a fee is taken from the item",
        a_memo(1, minus="2.50"),
        [sold()],
        {"1": 1},
        {},
        {"1": {"PRODUCT": ("7.50", "0.83")}},
    ),
    (
        "a full line and a part of another are two commands",
        a_memo(1, shipping="4.99", tax="0.41", plus="1.00"),
        [sold(1), sold(2)],
        {"1": 1},
        {"1": ITEM | SHIPPING},
        {"2": {"PRODUCT": ("1.00", "0")}},
    ),
    ("one unit of two", a_memo(1), [sold(1, ("Shipped", 2))], {"1": 1}, {}, {"1": {"PRODUCT": ("5.00", "0.42")}}),
    (
        "what was never shipped was never charged",
        a_memo(1),
        [sold(1, ("Shipped", 1), (ACKNOWLEDGED, 1), shipping=False)],
        {"1": 1},
        {"1": {"PRODUCT": ("5.00", "0.42")}},
        {},
    ),
    (
        "the shipping of cancelled units is nobody's",
        a_memo(1, shipping="9.98", tax="0.82"),
        [sold()],
        {"1": 1},
        {"1": ITEM | SHIPPING},
        {},
    ),
]


@pytest.mark.parametrize(("name", "memo", "lines", "units", "full", "partial"), SENT, ids=[one[0] for one in SENT])
def test_a_memo_is_laid_on_lines(
    name: str,
    memo: ShopCreditmemo,
    lines: list[Line],
    units: dict[str, int],
    full: dict[str, object],
    partial: dict[str, object],
) -> None:
    found = settled(memo, lines, units, cancelled_shipping="5.40" if "cancelled units" in name else "0")
    assert (money(found.full), money(found.partial)) == (full, partial)
    assert (found.against, found.question) == ((), "")


@pytest.mark.parametrize(
    ("units", "taken", "others", "expected"),
    [
        (1, "1.00", [sold(2)], {"1": {"PRODUCT": ("9.00", "0.83")}, "2": {"PRODUCT": ("1.00", "0")}}),
        (2, "5.67", [sold(2)], {"1": {"PRODUCT": ("4.33", "0.42")}, "2": {"PRODUCT": ("0.67", "0")}}),
    ],
)
def test_what_an_adjustment_took_of_a_unit_is_given_back_on_another_line(
    units: int, taken: str, others: list[Line], expected: dict[str, object]
) -> None:
    line = sold(1, ("Shipped", units), shipping=False, refunds=taken)
    before = [LineMoney("1", (Charge("PRODUCT", "Product", D(taken), ZERO),))]
    found = settled(a_memo(1), [line, *others], {"1": 1}, before)
    assert money(found.partial) == expected
    assert "goes on other lines" in found.note
    alone = settled(a_memo(1), [line], {"1": 1}, before)
    assert "is more than Walmart charged" in alone.question, "nobody is paid less than a memo says without a word"


def test_a_full_price_alone_is_said_to_give_back_more() -> None:
    assert "With the full price of line 1 Walmart gives back 5.40" in settled(a_memo(1), [sold()], {"1": 1}).note


def test_more_than_was_charged_is_asked_about_and_cents_of_rounding_are_not() -> None:
    assert "more than Walmart charged" in settled(a_memo(plus="10.03"), [sold()]).question
    found = settled(a_memo(plus="10.02"), [sold()])
    assert money(found.partial) == {"1": {"PRODUCT": ("10.00", "0")}}
    assert "0.02 more was credited than Walmart charged" in found.note


AGAINST = [
    (
        "the whole line, refunded there in full",
        a_memo(1, shipping="4.99", tax="0.41"),
        "10.00",
        "5.40",
        {"1": 1},
        "16.23",
        "0",
    ),
    ("the same part", a_memo(plus="3.00"), "3.00", "0", {}, "3.00", "0"),
    (
        "the whole line, of which a part was refunded there",
        a_memo(1, shipping="4.99", tax="0.41"),
        "3.00",
        "0",
        {"1": 1},
        "3.00",
        "13.23",
    ),
]


@pytest.mark.parametrize(
    ("name", "memo", "there", "more", "units", "against", "sent"), AGAINST, ids=[one[0] for one in AGAINST]
)
def test_what_walmart_refunded_before_is_not_paid_again(
    name: str, memo: ShopCreditmemo, there: str, more: str, units: dict[str, int], against: str, sent: str
) -> None:
    line = sold(refunds=there)
    if D(more):
        whole = LineRefund("R1", "Others", "", line.charges)
        line = a_line(1, ("Shipped", 1), charges=line.charges, refunds=(whole,), refunded=whole.total)
    found = settled(memo, [line], units)
    assert sum((one.total for one in found.against), ZERO) == D(against)
    assert sum((one.total for one in (*found.full, *found.partial)), ZERO) == D(sent)
    assert found.question == ""


def test_a_return_counts_as_refunded_before_the_line_shows_it() -> None:
    back = ReturnedLine("1", "RMA1", "1", "COMPLETED", 1, D("16.23"))
    found = settled(a_memo(1, shipping="4.99", tax="0.41"), [sold()], {"1": 1}, returns=[back])
    assert sum((one.total for one in found.against), ZERO) == D("16.23")
    assert (found.full, found.partial) == ((), ())


def test_parts_that_differ_are_a_question() -> None:
    assert "Walmart has refunded 3.00 already" in settled(a_memo(plus="4.00"), [sold(refunds="3.00")]).question


def test_a_memo_that_tells_of_the_next_part_is_sent_in_full() -> None:
    told = [LineMoney("1", (Charge("PRODUCT", "Product", D("3.00"), ZERO),))]
    found = settled(a_memo(plus="3.00"), [sold(refunds="3.00")], accounted=told)
    assert money(found.partial) == {"1": {"PRODUCT": ("3.00", "0")}}


def test_the_widened_part_that_is_booked_by_hand_is_set_against_what_walmart_gave() -> None:
    whole = LineRefund("R1", "Others", "", sold().charges)
    line = a_line(1, ("Shipped", 1), charges=sold().charges, refunds=(whole,), refunded=whole.total)
    told = [LineMoney("1", (a_charge("10.00", "0.83"),), 1)]
    for memo in (a_memo(plus="5.40"), a_memo(shipping="4.99", tax="0.41")):
        found = settled(memo, [line], accounted=told)
        assert sum((one.total for one in found.against), ZERO) == D("5.40")
        assert (found.full, found.partial, found.question) == ((), (), "")


CENT = st.integers(0, 1200).map(lambda count: D(count) / 100)


@settings(max_examples=300, deadline=None)
@given(
    shipping=CENT,
    plus=CENT,
    minus=CENT,
    before=st.sampled_from(["", "3.00", "10.00"]),
    units=st.sampled_from([{}, {"1": 1}, {"1": 1, "2": 1}]),
)
def test_never_above_what_was_charged(
    shipping: Decimal, plus: Decimal, minus: Decimal, before: str, units: dict[str, int]
) -> None:
    memo = a_memo(*units.values(), shipping=str(shipping), plus=str(plus), minus=str(minus))
    lines = [sold(1, refunds=before), sold(2, price="5.00")]
    found = settled(memo, lines, units)
    left = {one.line.number: one.left for one in (account(line, []) for line in lines)}
    for one in (*found.full, *found.partial):
        for kind, (amount, tax) in by_type(one.charges).items():
            assert ZERO <= amount <= left[one.line][kind][0]
            assert ZERO <= tax <= left[one.line][kind][1]
    assert not {one.line for one in found.full} & {one.line for one in found.partial}


@pytest.mark.parametrize(
    ("shop_net", "shop_tax", "refunded", "net", "tax", "expected"),
    [
        ("4.99", "0.41", "0", "4.99", "0.41", "4.99"),
        ("4.50", "0.90", "0", "4.99", "0.41", "4.50"),
        ("9.00", "1.80", "0", "4.99", "0.41", "4.50"),
        ("5.40", "0", "0", "4.99", "0.41", "5.40"),
        ("4.99", "0.41", "4.00", "4.99", "0.41", "0.99"),
        ("0", "0", "0", "4.99", "0.41", "0"),
    ],
)
def test_shipping_is_credited_net_of_the_shops_own_tax(
    shop_net: str, shop_tax: str, refunded: str, net: str, tax: str, expected: str
) -> None:
    shop = ShopOrder(
        12, "WM-1", "1", 1, "complete", "complete", D("16.23"),
        shipping=D(shop_net), shipping_tax=D(shop_tax), shipping_refunded=D(refunded),
    )  # fmt: skip
    assert shipping_in_shop(
        shop, [LineMoney("1", (a_charge("10.00", "0.83"), a_charge(net, tax, "SHIPPING")), 1)]
    ) == D(expected)


def test_an_account_leaves_out_what_never_shipped() -> None:
    one: Account = account(sold(1, ("Shipped", 1), (ACKNOWLEDGED, 1)), [])
    assert total(one.charged) == D("8.13")
