"""Walmart's lines put together into lines of the shop, their money kept to the cent and the way back kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from webapp.domain.order import ZERO, Line, Order
from webapp.domain.shop import Product, Units
from webapp.domain.shop_address import CannotBuild

CENT = Decimal("0.01")
PRICE = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the shop's order and the Walmart units behind it. Amounts are for all its units."""

    product: Product
    title: str
    quantity: int
    price: Decimal
    row_total: Decimal
    discount: Decimal
    tax: Decimal
    units: tuple[Units, ...] = ()

    @property
    def tax_percent(self) -> Decimal:
        base = self.row_total - self.discount
        return price(self.tax / base * 100) if base > 0 else ZERO


@dataclass(frozen=True, slots=True)
class Basket:
    """Everything that is not cancelled: the shop's lines, and shipping with every fee."""

    rows: tuple[Row, ...]
    shipping: Decimal
    shipping_tax: Decimal
    fees: tuple[tuple[str, Decimal], ...] = ()


def basket(order: Order, products: Mapping[str, Product], *, by_price: bool = True) -> Basket:
    """The shop's lines for what is not cancelled.

    Lines of one product merge where their unit price agrees; with `by_price` False always, as a Magento cart does.
    Raises CannotBuild where charges below zero cannot be laid on a line.
    """
    lines = [line for line in order.lines if line.uncancelled > 0]
    merged: dict[tuple[str, Decimal], Row] = {}
    for line in lines:
        row = _row(line, products[line.sku])
        key = (row.product.sku.casefold(), row.price if by_price else ZERO)
        before = merged.get(key)
        merged[key] = row if before is None else _put_together(before, row)
    shipping, shipping_tax, fees = _shipping(lines)
    rows = tuple(merged.values())
    if shipping < 0:
        rows, shipping = _as_discount(rows, -shipping), ZERO
    return Basket(rows, shipping, shipping_tax, fees)


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def price(value: Decimal) -> Decimal:
    return value.quantize(PRICE, ROUND_HALF_UP)


def _row(line: Line, product: Product) -> Row:
    share = Decimal(line.uncancelled) / Decimal(line.quantity)
    charges = [charge for charge in line.charges if charge.type == "PRODUCT"]
    gross = sum((c.amount for c in charges if c.amount > 0), ZERO)
    discount = -sum((c.amount for c in charges if c.amount < 0), ZERO)
    return Row(
        product=product,
        title=line.title,
        quantity=line.uncancelled,
        price=price(gross / line.quantity),
        row_total=cents(gross * share),
        discount=cents(discount * share),
        tax=cents(sum((c.tax for c in charges), ZERO) * share),
        units=(Units(line.number, line.uncancelled),),
    )


def _put_together(one: Row, other: Row) -> Row:
    quantity, row_total = one.quantity + other.quantity, one.row_total + other.row_total
    return replace(
        one,
        quantity=quantity,
        price=one.price if one.price == other.price else price(row_total / quantity),
        row_total=row_total,
        discount=one.discount + other.discount,
        tax=one.tax + other.tax,
        units=one.units + other.units,
    )


def _shipping(lines: list[Line]) -> tuple[Decimal, Decimal, tuple[tuple[str, Decimal], ...]]:
    """Everything that is not the product itself, so that the totals stay Walmart's; the fees among it by name."""
    amount, tax = ZERO, ZERO
    fees: dict[str, Decimal] = {}
    for line in lines:
        share = Decimal(line.uncancelled) / Decimal(line.quantity)
        for charge in line.charges:
            if charge.type == "PRODUCT":
                continue
            amount += cents(charge.amount * share)
            tax += cents(charge.tax * share)
            if charge.type != "SHIPPING":
                name = charge.name or charge.type.title()
                fees[name] = fees.get(name, ZERO) + cents(charge.amount * share)
    return amount, tax, tuple(fees.items())


def _as_discount(rows: tuple[Row, ...], amount: Decimal) -> tuple[Row, ...]:
    """Magento knows no shipping below zero: what is left of such a credit becomes a discount, dearest line first."""
    left, laid = amount, list(rows)
    for at in sorted(range(len(rows)), key=lambda at: rows[at].discount - rows[at].row_total):
        part = min(left, max(laid[at].row_total - laid[at].discount, ZERO))
        laid[at] = replace(laid[at], discount=laid[at].discount + part)
        left -= part
    if left:
        raise CannotBuild("The order's credits are larger than its charges, so it was not sent to Magento.")
    return tuple(laid)
