"""`POST /V1/order/{id}/refund`: credit memos by line, shipping and adjustment, within what was paid."""

from decimal import Decimal
from typing import Any

from sandbox.magento_actions import append_history
from sandbox.magento_errors import MagentoError, invalid_document
from sandbox.magento_fields import REFUND_CALL
from sandbox.magento_invoices import add, carried, document_comments
from sandbox.magento_numbers import NOTHING, cents, decimal, plain, share, told
from sandbox.magento_search import Document
from sandbox.magento_shapes import read
from sandbox.magento_shop import Save, Shop, utc_now
from sandbox.magento_states import qty_to_invoice, qty_to_refund, refunded_before_shipping, settle_state
from sandbox.magento_stock import book_refund
from sandbox.magento_stores import symbol

OVERDRAWN = 'We found an invalid quantity to refund item "%1".'
MOST = "The most money available to refund is {}."
HAS_STATUS = "A creditmemo can not be created when an order has a status of {}"
NOT_IN_ORDER = "The creditmemo contains product item that is not part of the original order."
NO_PRODUCTS = "The credit memo can't be created without products. Add products and try again."
NOT_FOR_INVOICE = "We can't create creditmemo for the invoice."
MOST_SHIPPING = "Maximum shipping amount allowed to refund is: %1"
STOPPING_STATES = ("holded", "canceled", "closed", "payment_review")


def refund(shop: Shop, order_id: Any, body: dict[str, Any]) -> str:
    """Refund the named quantities, shipping and adjustments, and give the memo's id as text.

    No items, or an empty list, means everything that is left; no shipping amount means all of the
    shipping that is left; quantity 0 names a line without refunding it (2.4.7-p3).
    """
    wanted = read(REFUND_CALL, body)
    with shop.changing(order_id) as (order, save):
        quantities = _quantities(order, wanted.get("items"))
        document = _document(shop, order, quantities, wanted.get("arguments", {}))
        _refuse(order, document, quantities)
        extension = wanted.get("arguments", {}).get("extension_attributes", {})
        returned = {int(one) for one in extension.get("return_to_stock_items") or []}
        for item, qty in quantities:
            book_refund(shop, save, order, item, qty, returned=item["item_id"] in returned)
        _book(order, document, quantities)
        document["comments"] = document_comments(shop, "creditmemo", document, wanted)
        settle_state(order, in_progress=False)
        order["updated_at"] = utc_now()
        _save(shop, save, order, document)
        save.mail(order, "credit memo", wanted=wanted.get("notify"))
    return str(document["entity_id"])


def refund_invoice(shop: Shop, invoice_id: Any) -> str:
    """Always refused for payments taken elsewhere, online or not (2.4.7-p3)."""
    shop.invoices.need(invoice_id)
    raise invalid_document("Creditmemo", [NOT_FOR_INVOICE])


def _save(shop: Shop, save: Save, order: Document, document: Document) -> None:
    money = f"{symbol(order.get('order_currency_code'))}{cents(decimal(document['grand_total']))}"
    history = {"comment": f"We refunded {money} offline.", "entity_name": "creditmemo", "is_customer_notified": 0}
    line = append_history(shop, order, history)
    save.put(shop.orders, order)
    save.put(shop.creditmemos, document)
    save.tell("order", order)
    save.tell("new_order_comment", line)
    save.tell("new_creditmemo", document)
    detail = {
        "order": order["increment_id"],
        "grand_total": document["grand_total"],
        "items": {one["sku"]: one["qty"] for one in document["items"]},
    }
    save.effects.append(("refund", str(document["entity_id"]), detail))


def _quantities(order: Document, wanted: list[Document] | None) -> list[tuple[Document, Decimal]]:
    if not wanted:
        return [(item, qty) for item in order["items"] if (qty := qty_to_refund(item))]
    asked = {one.get("order_item_id"): decimal(one.get("qty")) for one in wanted}
    if asked.keys() - {item["item_id"] for item in order["items"]}:
        raise invalid_document("Creditmemo", [NOT_IN_ORDER])
    found = [(item, asked[item["item_id"]]) for item in order["items"] if item["item_id"] in asked]
    for item, qty in found:
        if qty < 0 or qty > qty_to_refund(item):
            raise MagentoError(400, OVERDRAWN, [item.get("name") or item.get("sku")])
    return [(item, qty) for item, qty in found if qty]


def _refuse(order: Document, document: Document, quantities: list[tuple[Document, Decimal]]) -> None:
    messages = []
    if order.get("state") in STOPPING_STATES:
        messages.append(HAS_STATUS.format(order.get("status")))
    if not quantities and not decimal(document["grand_total"]):
        messages.append(NO_PRODUCTS)
    left = decimal(order.get("base_total_paid")) - decimal(order.get("base_total_refunded"))
    if decimal(document["base_grand_total"]) > left:
        messages.append(MOST.format(told(left)))
    if messages:
        raise invalid_document("Creditmemo", messages)


def _document(shop: Shop, order: Document, quantities: list[tuple[Document, Decimal]], arguments: Document) -> Document:
    number, now = shop.next_id("creditmemo"), utc_now()
    lines = [_line(shop, item, qty, number) for item, qty in quantities]
    document: Document = {
        **carried(order),
        "entity_id": number,
        "order_id": order["entity_id"],
        "state": 2,
        "created_at": now,
        "updated_at": now,
        "items": lines,
    }
    for base in ("", "base_"):
        shipping = _shipping(order, base, arguments.get("shipping_amount"))
        document |= _totals(base, lines, shipping, arguments)
    document["increment_id"] = shop.next_increment("creditmemo", order.get("store_id"))
    return document


def _shipping(order: Document, base: str, asked: Any) -> dict[str, Decimal]:
    """Net, tax and gross of the refunded shipping; the asked amount is net."""
    whole = decimal(order.get(f"{base}shipping_amount"))
    left = whole - decimal(order.get(f"{base}shipping_refunded"))
    net = left if asked is None else decimal(asked)
    if net > left:
        raise MagentoError(400, MOST_SHIPPING, [told(left)])
    tax_left = decimal(order.get(f"{base}shipping_tax_amount")) - decimal(order.get(f"{base}shipping_tax_refunded"))
    tax = share(tax_left, left, net, last=net == left)
    return {"shipping_amount": net, "shipping_tax_amount": tax, "shipping_incl_tax": net + tax}


def _line(shop: Shop, item: Document, qty: Decimal, number: int) -> Document:
    left, invoiced = qty_to_refund(item), decimal(item["qty_invoiced"])
    last = qty == left and not qty_to_invoice(item)
    line: Document = {
        "entity_id": shop.next_id("creditmemo_item"),
        "parent_id": number,
        "order_item_id": item["item_id"],
        "qty": plain(qty),
        "base_cost": 0,
        "base_discount_tax_compensation_amount": 0,
        "discount_tax_compensation_amount": 0,
        "base_weee_tax_row_disposition": 0,
        "weee_tax_applied": "[]",
        "weee_tax_applied_row_amount": 0,
        "weee_tax_row_disposition": 0,
    }
    named = ("name", "sku", "product_id", "price", "base_price", "price_incl_tax", "base_price_incl_tax")
    line |= {name: item[name] for name in named if name in item}
    for base in ("", "base_"):
        for amount, billed, used in (
            ("row_total", "row_invoiced", "amount_refunded"),
            ("tax_amount", "tax_invoiced", "tax_refunded"),
            ("discount_amount", "discount_invoiced", "discount_refunded"),
        ):
            rest = decimal(item.get(base + billed)) - decimal(item.get(base + used))
            value = share(rest, left, qty, last=last)
            if value or amount != "discount_amount":
                line[base + amount] = plain(value)
        whole = decimal(item.get(f"{base}row_total_incl_tax"))
        line[f"{base}row_total_incl_tax"] = plain(share(whole, invoiced, qty, last=False))
    return line


def _totals(base: str, lines: list[Document], shipping: dict[str, Decimal], arguments: Document) -> Document:
    subtotal, tax, discount, incl_tax = (
        sum((decimal(line.get(base + name)) for line in lines), NOTHING)
        for name in ("row_total", "tax_amount", "discount_amount", "row_total_incl_tax")
    )
    tax += shipping["shipping_tax_amount"]
    plus = decimal(arguments.get("adjustment_positive"))
    minus = decimal(arguments.get("adjustment_negative"))
    total = subtotal - discount + shipping["shipping_amount"] + tax + plus - minus
    return {f"{base}{name}": plain(value) for name, value in shipping.items()} | {
        f"{base}adjustment": plain(plus - minus),
        f"{base}adjustment_positive": plain(plus),
        f"{base}adjustment_negative": plain(minus),
        f"{base}subtotal": plain(subtotal),
        f"{base}subtotal_incl_tax": plain(incl_tax),
        f"{base}tax_amount": plain(tax),
        f"{base}discount_amount": plain(-discount),
        f"{base}grand_total": plain(total),
        f"{base}discount_tax_compensation_amount": 0,
    }


BOOKED = (
    ("subtotal_refunded", "subtotal"),
    ("tax_refunded", "tax_amount"),
    ("discount_refunded", "discount_amount"),
    ("shipping_refunded", "shipping_amount"),
    ("shipping_tax_refunded", "shipping_tax_amount"),
    ("adjustment_positive", "adjustment_positive"),
    ("adjustment_negative", "adjustment_negative"),
    ("total_refunded", "grand_total"),
    ("total_offline_refunded", "grand_total"),
)


def _book(order: Document, document: Document, quantities: list[tuple[Document, Decimal]]) -> None:
    """Add the memo to what the order and its items count as refunded."""
    lines = {line["order_item_id"]: line for line in document["items"]}
    for item, qty in quantities:
        line = lines[item["item_id"]]
        add(item, "_refunded_unshipped", refunded_before_shipping(item, qty))
        add(item, "qty_refunded", qty)
        for base in ("", "base_"):
            add(item, f"{base}amount_refunded", decimal(line[f"{base}row_total"]))
            add(item, f"{base}tax_refunded", decimal(line[f"{base}tax_amount"]))
            add(item, f"{base}discount_refunded", decimal(line.get(f"{base}discount_amount")))
    for base in ("", "base_"):
        for name, total in BOOKED:
            add(order, base + name, decimal(document[base + total]))
        add(order["payment"], f"{base}amount_refunded", decimal(document[f"{base}grand_total"]))
        add(order["payment"], f"{base}shipping_refunded", decimal(document[f"{base}shipping_amount"]))
