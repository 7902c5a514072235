"""Making a Walmart order, in Walmart's exact JSON, from a short description with sensible defaults."""

import random
import uuid
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sandbox import clock
from sandbox.catalog import BY_SKU, PRODUCTS, Product
from sandbox.people import PEOPLE, Person

Json = dict[str, Any]
CENT = Decimal("0.01")
CURRENCIES = {"us": "USD", "ca": "CAD", "mx": "MXN", "cl": "CLP"}
COUNTRIES = {"us": "USA", "ca": "CAN", "mx": "MEX", "cl": "CHL"}
NODES = ("SellerFulfilled", "WFSFulfilled", "3PLFulfilled")
STATUSES = ("Created", "Acknowledged", "Shipped", "Delivered", "Cancelled")
METHODS = ("Standard", "Express", "OneDay", "Freight", "WhiteGlove", "Value")
ADDRESS_FIELDS = (
    "name", "address1", "address2", "city", "state", "postalCode", "country", "addressType",
)  # fmt: skip


class BadOrder(ValueError):
    """The described order cannot be made; the text says why."""


def make_order(spec: Json, rng: random.Random) -> Json:
    """The order that a description asks for.

    Everything is optional, and what is left out is the same each time but for the ids and the times:
    `lines` (see `make_lines`), `po`, `customer_order_id`, `address`, `person` (a place in the list of
    people), `phone`, `email`, `status`, `ship_node`, `market`, `currency`, `method`, `order_date`,
    `ship_by`, `deliver_by` (ISO text or epoch ms), `order_type`, `original_customer_order_id`,
    `shipping_program`, `first_line`.
    """
    market = one_of(spec.get("market", "us"), tuple(CURRENCIES), "market")
    node = one_of(spec.get("ship_node", NODES[0]), NODES, "ship_node")
    ordered = moment(spec.get("order_date")) or clock.now()
    ship_by = moment(spec.get("ship_by")) or _ship_by(ordered)
    deliver_by = moment(spec.get("deliver_by")) or ship_by + timedelta(days=5)
    person = _person(spec)
    order: Json = {
        "purchaseOrderId": str(spec.get("po") or _digits(rng, 13)),
        "customerOrderId": str(spec.get("customer_order_id") or "2000" + _digits(rng, 11)),
        "customerEmailId": str(spec.get("email") or f"{rng.getrandbits(128):032X}@relay.walmart.com"),
        "orderType": one_of(spec.get("order_type", "REGULAR"), ("REGULAR", "REPLACEMENT"), "order_type"),
        "orderDate": _ms(ordered),
        "buyerId": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "isGuest": False,
        "shippingInfo": {
            "phone": str(spec["phone"]) if "phone" in spec else person.phone or "",
            "estimatedDeliveryDate": _ms(deliver_by),
            "estimatedShipDate": _ms(ship_by),
            "methodCode": one_of(spec.get("method", "Value"), METHODS, "method"),
            "postalAddress": _address(spec.get("address") or {}, person, market),
        },
        "orderLines": {"orderLine": make_lines(spec, market, person)},
        "shipNode": {"type": node, "name": "Fernhollow Goods", "id": "10001624309"},
    }
    if order["orderType"] == "REPLACEMENT":
        order["originalCustomerOrderID"] = str(spec.get("original_customer_order_id") or "2000" + _digits(rng, 11))
    return order


def make_lines(spec: Json, market: str, person: Person) -> list[Json]:
    """The order's lines; a wanted quantity N becomes N lines of one unit unless `split` is false.

    A line is `{"sku", "quantity", "price", "tax", "tax_rate", "shipping", "shipping_tax", "discount",
    "fee", "title", "split", "status"}`: price and tax are for a unit, the other amounts for the whole
    of the wanted line.
    """
    wanted = spec.get("lines") or [{key: spec[key] for key in LINE_FIELDS if key in spec}]
    if not isinstance(wanted, list) or not all(isinstance(line, dict) for line in wanted):
        raise BadOrder("lines must be a list of objects")
    program = spec.get("shipping_program")
    status = _first_status(spec)
    currency = str(spec.get("currency") or CURRENCIES[market])
    lines: list[Json] = []
    for line in wanted:
        product = _product(line)
        quantity = int(amount(line, "quantity", Decimal(1)))
        if quantity < 1:
            raise BadOrder("quantity must be at least 1")
        units = [quantity] if line.get("split") in (False, "false") else [1] * quantity
        for place, count in enumerate(units):
            share = (place, len(units))
            charges = _charges(line, product, count, share, currency, person)
            number = int(spec.get("first_line", 1)) + len(lines)
            lines.append(_line(number, product, count, charges, line.get("status", status), program))
    return lines


LINE_FIELDS = (
    "sku", "quantity", "price", "tax", "tax_rate", "shipping", "shipping_tax", "discount", "fee", "title", "split",
)  # fmt: skip


def _line(number: int, product: Product, count: int, charges: list[Json], status: str, program: str | None) -> Json:
    line: Json = {
        "lineNumber": str(number),
        "item": {"productName": product.title, "sku": product.sku, "condition": "New"},
        "charges": {"charge": charges},
        "orderLineQuantity": quantity_of(count),
        "statusDate": clock.now_ms(),
        "orderLineStatuses": {
            "orderLineStatus": [{"status": one_of(status, STATUSES, "status"), "statusQuantity": quantity_of(count)}]
        },
        "fulfillment": {
            "fulfillmentOption": "S2H",
            "shipMethod": "VALUE",
            "pickUpDateTime": clock.now_ms(),
        },
    }
    if program:
        line["fulfillment"]["shippingProgramType"] = program
    return line


def _charges(
    line: Json, product: Product, count: int, share: tuple[int, int], currency: str, person: Person
) -> list[Json]:
    price = amount(line, "price", product.price)
    rate = Decimal(0) if person.tax_free else amount(line, "tax_rate", product.tax_rate)
    tax = cents(amount(line, "tax", cents(price * rate / 100)) * count)
    charges = [charge("PRODUCT", "ItemPrice", cents(price * count), currency, "Tax1", tax)]
    discount = _part(amount(line, "discount", Decimal(0)), share)
    if discount:
        charges.append(charge("PRODUCT", "SubscriptionDiscount", -abs(discount), currency))
    shipping = _part(amount(line, "shipping", Decimal(0)), share)
    if shipping or "shipping" in line:
        shipping_tax = _part(amount(line, "shipping_tax", Decimal(0)), share)
        charges.append(charge("SHIPPING", "Shipping", shipping, currency, "Tax2", shipping_tax))
    fee = _part(amount(line, "fee", Decimal(0)), share)
    if fee:
        charges.append(charge("FEE", "Recycling Fee", fee, currency))
    return charges


def charge(kind: str, name: str, value: Decimal, currency: str, tax_name: str = "", tax: Decimal | None = None) -> Json:
    """One charge in Walmart's form, with a tax only where one is given."""
    body: Json = {"chargeType": kind, "chargeName": name, "chargeAmount": money(value, currency)}
    if tax is not None:
        body["tax"] = {"taxName": tax_name, "taxAmount": money(tax, currency)}
    return body


def money(value: Decimal, currency: str) -> Json:
    """An amount as Walmart writes it: a JSON number."""
    number = float(value)
    return {"currency": currency, "amount": int(number) if number.is_integer() else number}


def quantity_of(count: int) -> Json:
    return {"unitOfMeasurement": "EACH", "amount": str(count)}


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def amount(body: Json, name: str, default: Decimal) -> Decimal:
    """A number of the description as a Decimal; BadOrder when it is none."""
    value = body.get(name)
    if value is None or value == "":
        return default
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise BadOrder(f"{name} must be a number") from None


def one_of(value: Any, allowed: tuple[str, ...], name: str) -> str:
    if value not in allowed:
        raise BadOrder(f"{name} must be one of {', '.join(allowed)}")
    return str(value)


def moment(value: Any) -> datetime | None:
    """A time from ISO text or epoch milliseconds; None stays None."""
    if value is None or value == "":
        return None
    try:
        if str(value).isdigit():
            return clock.from_ms(int(value))
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        raise BadOrder(f"not a time: {value}") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _part(total: Decimal, share: tuple[int, int]) -> Decimal:
    """One line's part of an amount for several lines; the parts add up to the cent."""
    place, parts = share
    return cents(total * (place + 1) / parts) - cents(total * place / parts)


def _first_status(spec: Json) -> str:
    node_is_sellers = spec.get("ship_node", NODES[0]) == NODES[0]
    default = "Created" if node_is_sellers and spec.get("market", "us") != "ca" else "Acknowledged"
    return str(spec.get("status") or default)


def _product(line: Json) -> Product:
    sku = str(line.get("sku") or PRODUCTS[0].sku)
    known = BY_SKU.get(sku)
    title = line.get("title") or (known.title if known else f"Unlisted item {sku}")
    price = known.price if known else Decimal("10.00")
    tax_rate = known.tax_rate if known else Decimal(0)
    return Product(sku, str(title), price, tax_rate, known.weight if known else Decimal(1))


def _person(spec: Json) -> Person:
    try:
        return PEOPLE[int(spec.get("person", 0))]
    except (ValueError, IndexError):
        raise BadOrder(f"person must be a number below {len(PEOPLE)}") from None


def _address(given: Json, person: Person, market: str) -> Json:
    address: Json = {
        "name": person.name,
        "address1": person.address1,
        "address2": person.address2,
        "city": person.city,
        "state": person.state,
        "postalCode": person.postal_code,
        "country": COUNTRIES[market],
        "addressType": person.address_type,
    }
    unknown = set(given) - set(ADDRESS_FIELDS)
    if unknown:
        raise BadOrder(f"address has no {', '.join(sorted(unknown))}")
    address.update(given)
    return {name: value for name, value in address.items() if value is not None}


def _ship_by(ordered: datetime) -> datetime:
    evening = ordered.replace(hour=21, minute=0, second=0, microsecond=0)
    return evening + timedelta(days=2)


def _digits(rng: random.Random, count: int) -> str:
    return str(rng.randrange(10 ** (count - 1), 10**count))


def _ms(value: datetime) -> int:
    return int(value.timestamp() * 1000)
