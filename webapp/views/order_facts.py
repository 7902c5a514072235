"""What the order page shows of an order: lines, money, dates, the buyer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from webapp import order_rows, stock
from webapp.domain.corrected import Corrected, corrected
from webapp.domain.order import ACKNOWLEDGED, CANCELLED, CREATED, SELLER_FULFILLED, ZERO, Line, Order, OrderStatus
from webapp.domain.shop_address import filled_in
from webapp.models import AccountRow, LineRow, OrderRow
from webapp.product_links import Link
from webapp.views import showing, words

DISCOUNT = "DISCOUNT"
CHARGE_WORDS = {"PRODUCT": "Items", "SHIPPING": "Shipping", "FEE": "Fees", DISCOUNT: "Discount"}
"""In the order in which they are shown; other kinds follow under their own names."""
OWN_IN_MAGENTO = frozenset({"PRODUCT", "SHIPPING", DISCOUNT})
"""Magento orders have totals for these alone; whatever else Walmart charges travels inside the shipping."""
LINE_WORDS = {ACKNOWLEDGED: "Acknowledged, not shipped yet", CANCELLED: OrderStatus.CANCELED.value}
"""Where a line's word would not go with its order's, which is Unshipped or Canceled."""
MISSING_AMOUNT = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class LineShown:
    """A line with its units per status and its money; `extras` are its charges beside the product's own."""

    line: Line
    url: str
    shares: tuple[tuple[str, int], ...]
    counts: str
    price: str
    each: str
    extras: str
    tax: str
    tax_rate: str
    total: str
    refunded: str
    wants_to_cancel: bool
    ships_anyway: bool
    link: Link | None
    in_shop: str = ""
    """The shop's SKU where it is another one than Walmart's: as the Magento order has it, else as it is linked."""
    later: str = ""
    """The shop's SKU for later orders, where the Magento order has another one."""
    product_id: int | None = None
    needs_options: bool = False
    misses_product: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """One row of the totals; `note` says where Magento has it."""

    name: str
    amount: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CorrectionShown:
    """Who corrected the address and when; that Walmart has another one since, or Magento still the former."""

    by: str
    at: datetime
    is_outdated: bool
    waits_for_magento: bool


def lines(row: OrderRow, account: AccountRow, links: Mapping[str, Link]) -> list[LineShown]:
    """Every line in Walmart's order. `row.lines` must be loaded."""
    ordered, agreed = order_rows.ordered_skus(row), order_rows.choices(row).ship_anyway
    return [
        _line(each, row, account, links.get(each.sku), ordered.get(each.number, ""), each.number in agreed)
        for each in row.lines
    ]


def _line(
    stored: LineRow, row: OrderRow, account: AccountRow, link: Link | None, ordered: str, is_agreed: bool
) -> LineShown:
    line, linked = order_rows.to_line(stored), link.product_sku if link else ""
    counts = line.counts()
    amounts = _by_kind([line])
    price, tax = amounts.pop("PRODUCT", ZERO), sum((charge.tax for charge in line.charges), ZERO)
    return LineShown(
        line=line,
        url=showing.product_url(account.store, stored.product_id),
        shares=showing.shares(counts),
        counts=_counts_words(counts),
        price=words.money(price, row.currency),
        each=f"{words.money(price / line.quantity, row.currency)} each" if line.quantity > 1 else "",
        extras=" · ".join(
            f"{_charge_word(kind)} {words.money(amount, row.currency)}" for kind, amount in amounts.items() if amount
        ),
        tax=words.money(tax, row.currency),
        tax_rate=words.percent(tax, sum((charge.amount for charge in line.charges if charge.tax), ZERO)),
        total=words.money(line.total, row.currency),
        refunded=words.money(line.refunded, row.currency) if line.refunded else "",
        wants_to_cancel=line.wants_to_cancel and not is_agreed,
        ships_anyway=line.wants_to_cancel and is_agreed,
        link=link,
        in_shop=ordered or linked if (ordered or linked) != stored.sku else "",
        later=linked if ordered and linked != ordered else "",
        product_id=stored.product_id,
        needs_options=showing.still_chooses(row) and showing.needs_options(stored),
        misses_product=showing.misses_product(row, stored),
    )


def _counts_words(counts: Counter[str]) -> str:
    """Walmart's own words here, so that Delivered stands as Delivered."""
    return " · ".join(f"{amount} {LINE_WORDS.get(word, word)}" for word, amount in sorted(counts.items()) if amount)


def sums(row: OrderRow, order: Order) -> list[Sum]:
    """What the total is made of."""
    amounts = _by_kind(order.lines)
    named = [
        Sum(_charge_word(kind), words.money(amount, row.currency), _in_magento(kind))
        for kind, amount in amounts.items()
    ]
    tax = sum((charge.tax for line in order.lines for charge in line.charges), ZERO)
    return [*named, Sum("Tax", words.money(tax, row.currency))]


def paid(order: Order) -> str:
    """What Walmart has charged the buyer by its own rule, which is the share of the total that has shipped."""
    if all(line.shipped == line.quantity for line in order.lines):
        return words.money(order.total, order.currency)
    shipped = sum((line.total * line.shipped / line.quantity for line in order.lines if line.shipped), ZERO)
    if shipped:
        return words.money(shipped, order.currency)
    return "nothing yet" if any(line.open for line in order.lines) else "nothing"


def _in_magento(kind: str) -> str:
    return "" if kind in OWN_IN_MAGENTO else "part of the shipping in Magento"


def gap(row: OrderRow, order: Order) -> str:
    """What is missing between the charges and the total; empty when they add up."""
    missing = row.total - order.total
    return words.money(missing, row.currency) if abs(missing) >= MISSING_AMOUNT else ""


def _by_kind(of: Sequence[Line]) -> dict[str, Decimal]:
    """Charges without their taxes, the product's own first; Walmart gives a discount as a negative product charge."""
    amounts: dict[str, Decimal] = {}
    for line in of:
        for charge in line.charges:
            kind = DISCOUNT if charge.amount < 0 else charge.type
            amounts[kind] = amounts.get(kind, ZERO) + charge.amount
    places = {kind: place for place, kind in enumerate(CHARGE_WORDS)}
    return dict(sorted(amounts.items(), key=lambda each: (places.get(each[0], len(places)), each[0])))


def _charge_word(kind: str) -> str:
    return CHARGE_WORDS.get(kind, kind.replace("_", " ").capitalize())


def address(order: Order, *, sees_buyer: bool) -> list[str]:
    """A viewer learns where a parcel goes, not to which door."""
    to = order.address
    place = " ".join(part for part in (to.city, to.state, to.postal_code if sees_buyer else "") if part)
    if not sees_buyer:
        return [line for line in (place, to.country) if line]
    return [line for line in (to.address1, to.address2, place, to.country) if line]


def buyer(row: OrderRow, order: Order, *, sees_buyer: bool) -> dict[str, Any]:
    """To whom it goes, by the address that holds, and what became of Walmart's own."""
    kept = order_rows.correction(row)
    held = corrected(order, kept)
    walmart = [order.address.name, *address(order, sees_buyer=True), order.address.phone, order.email]
    return {
        "to": {"name": held.address.name, "phone": held.address.phone, "email": held.email},
        "address": address(held, sees_buyer=sees_buyer),
        "walmart_address": [part for part in walmart if part],
        "correction": _correction(row, order, kept) if kept else None,
        "filled_in": filled_in(row.made_up),
    }


def _correction(row: OrderRow, order: Order, kept: Corrected) -> CorrectionShown:
    is_there = row.magento_order_id is not None and not row.magento_is_gone
    return CorrectionShown(
        kept.by,
        kept.at,
        is_outdated=(order.address, order.email) != (kept.walmart, kept.walmart_email),
        waits_for_magento=is_there and kept.version > kept.in_magento and kept.asked < kept.version,
    )


def not_held(row: OrderRow, account: AccountRow) -> str:
    """That Magento holds no stock for it, as long as units are to leave the shop's shelves; else nothing."""
    is_there = row.magento_order_id is not None and not row.magento_is_gone
    waits = row.status not in {OrderStatus.SHIPPED.value, OrderStatus.CANCELED.value}
    return stock.not_held(account.store) if is_there and waits and row.ship_node == SELLER_FULFILLED else ""


def waits_for_acknowledgement(order: Order) -> bool:
    """Some unit is still Created, on an order that the seller fulfils."""
    return order.is_fulfilled_by_seller and order.counts()[CREATED] > 0
