"""`POST /V1/order/{id}/invoice`: the lines that are billed, what they add up to, the order after it."""

from decimal import Decimal
from typing import Any

from sandbox.magento_errors import MagentoError, invalid_document
from sandbox.magento_fields import INVOICE_CALL
from sandbox.magento_numbers import NOTHING, decimal, plain, share
from sandbox.magento_search import Document
from sandbox.magento_shapes import read
from sandbox.magento_shop import Save, Shop, utc_now
from sandbox.magento_states import can_invoice, qty_to_invoice, settle_state

CARRIED = """base_currency_code base_to_global_rate base_to_order_rate billing_address_id
    global_currency_code order_currency_code store_currency_code store_id store_to_base_rate
    store_to_order_rate"""
OVERDRAWN = 'We found an invalid quantity to invoice item "%1".'
NO_PRODUCTS = "The invoice can't be created without products. Add products and try again."
NOT_ALLOWED = "The order does not allow an invoice to be created."


def invoice(shop: Shop, order_id: Any, body: dict[str, Any]) -> str:
    """Invoice the named quantities, or all that is open, and give the invoice's id as text.

    Shipping goes into the first invoice; `capture` makes no difference for offline payments (2.4.7-p3).
    """
    wanted = read(INVOICE_CALL, body)
    with shop.changing(order_id) as (order, save):
        quantities = _quantities(order, wanted.get("items"))
        _refuse(order, quantities)
        document = _document(shop, order, quantities)
        _book(order, document, quantities)
        document["comments"] = document_comments(shop, "invoice", document, wanted)
        settle_state(order, in_progress=True)
        order["updated_at"] = utc_now()
        save.put(shop.orders, order)
        save.put(shop.invoices, document)
        save.tell("new_invoice", document)
        save.tell("order", order)
        _note(save, order, document)
        save.mail(order, "invoice", wanted=wanted.get("notify"))
    return str(document["entity_id"])


def _note(save: Save, order: Document, document: Document) -> None:
    detail = {"order": order["increment_id"], "grand_total": document["grand_total"]}
    save.effects.append(("invoice", str(document["entity_id"]), detail))


def _quantities(order: Document, wanted: list[Document] | None) -> list[tuple[Document, Decimal]]:
    if not wanted:
        return [(item, qty) for item in order["items"] if (qty := qty_to_invoice(item))]
    asked = {one.get("order_item_id"): decimal(one.get("qty")) for one in wanted}
    found = [(item, asked[item["item_id"]]) for item in order["items"] if item["item_id"] in asked]
    for item, qty in found:
        if qty < 0 or qty > qty_to_invoice(item):
            raise MagentoError(400, OVERDRAWN, [item.get("name") or item.get("sku")])
    return [(item, qty) for item, qty in found if qty]


def _refuse(order: Document, quantities: list[tuple[Document, Decimal]]) -> None:
    messages = []
    if not quantities:
        messages.append(NO_PRODUCTS)
    if not can_invoice(order):
        messages.append(NOT_ALLOWED)
    if messages:
        raise invalid_document("Invoice", messages)


def _document(shop: Shop, order: Document, quantities: list[tuple[Document, Decimal]]) -> Document:
    number, now = shop.next_id("invoice"), utc_now()
    lines = [_line(shop, item, qty, number) for item, qty in quantities]
    first = not shop.invoices.where(order_id=order["entity_id"])
    shipping = _shipping(order) if first else dict.fromkeys(_shipping(order), NOTHING)
    document: Document = {
        **carried(order),
        "entity_id": number,
        "increment_id": shop.next_increment("invoice", order.get("store_id")),
        "order_id": order["entity_id"],
        "state": 2,
        "can_void_flag": 0,
        "created_at": now,
        "updated_at": now,
        "total_qty": plain(sum((qty for _, qty in quantities), NOTHING)),
        **{name: plain(value) for name, value in shipping.items()},
        "items": lines,
    }
    for base in ("", "base_"):
        document |= _totals(base, lines, shipping)
    return document


def carried(order: Document) -> Document:
    """What a document takes over from its order."""
    taken = {name: order[name] for name in CARRIED.split() if name in order}
    address = order["_shipping"].get("address")
    return taken | ({"shipping_address_id": address["entity_id"]} if address else {})


def _shipping(order: Document) -> dict[str, Decimal]:
    names = ("shipping_amount", "shipping_incl_tax", "shipping_tax_amount")
    return {f"{base}{name}": decimal(order.get(f"{base}{name}")) for base in ("", "base_") for name in names}


def _line(shop: Shop, item: Document, qty: Decimal, number: int) -> Document:
    open_qty = qty_to_invoice(item)
    line: Document = {
        "entity_id": shop.next_id("invoice_item"),
        "parent_id": number,
        "order_item_id": item["item_id"],
        "qty": plain(qty),
        "base_cost": 0,
        "base_discount_tax_compensation_amount": 0,
        "discount_tax_compensation_amount": 0,
    }
    told = ("name", "sku", "product_id", "price", "base_price", "price_incl_tax", "base_price_incl_tax")
    line |= {name: item[name] for name in told if name in item}
    for base in ("", "base_"):
        for amount, used in (
            ("row_total", "row_invoiced"),
            ("tax_amount", "tax_invoiced"),
            ("discount_amount", "discount_invoiced"),
        ):
            rest = decimal(item.get(base + amount)) - decimal(item.get(base + used))
            value = share(rest, open_qty, qty, last=qty == open_qty)
            if value or amount != "discount_amount":
                line[base + amount] = plain(value)
        whole = decimal(item.get(f"{base}row_total_incl_tax"))
        line[f"{base}row_total_incl_tax"] = plain(share(whole, decimal(item["qty_ordered"]), qty, last=False))
    return line


def _totals(base: str, lines: list[Document], shipping: dict[str, Decimal]) -> Document:
    subtotal, tax, discount, incl_tax = (
        sum((decimal(line.get(base + name)) for line in lines), NOTHING)
        for name in ("row_total", "tax_amount", "discount_amount", "row_total_incl_tax")
    )
    tax += shipping[f"{base}shipping_tax_amount"]
    total = subtotal - discount + shipping[f"{base}shipping_amount"] + tax
    return {
        f"{base}subtotal": plain(subtotal),
        f"{base}subtotal_incl_tax": plain(incl_tax),
        f"{base}tax_amount": plain(tax),
        f"{base}discount_amount": plain(-discount),
        f"{base}grand_total": plain(total),
        f"{base}discount_tax_compensation_amount": 0,
    }


def _book(order: Document, document: Document, quantities: list[tuple[Document, Decimal]]) -> None:
    """Add the invoice to what the order and its items count as invoiced and paid."""
    lines = {line["order_item_id"]: line for line in document["items"]}
    for item, qty in quantities:
        line = lines[item["item_id"]]
        add(item, "qty_invoiced", qty)
        for base in ("", "base_"):
            add(item, f"{base}row_invoiced", decimal(line[f"{base}row_total"]))
            add(item, f"{base}tax_invoiced", decimal(line[f"{base}tax_amount"]))
            add(item, f"{base}discount_invoiced", decimal(line.get(f"{base}discount_amount")))
    for base in ("", "base_"):
        for name, total in (
            ("subtotal_invoiced", "subtotal"),
            ("tax_invoiced", "tax_amount"),
            ("discount_invoiced", "discount_amount"),
            ("shipping_invoiced", "shipping_amount"),
            ("total_invoiced", "grand_total"),
            ("total_paid", "grand_total"),
        ):
            add(order, base + name, decimal(document[base + total]))
        add(order["payment"], f"{base}amount_paid", decimal(document[f"{base}grand_total"]))
        add(order["payment"], f"{base}shipping_captured", decimal(document[f"{base}shipping_amount"]))
        due = decimal(order.get(f"{base}grand_total")) - decimal(order.get(f"{base}total_paid"))
        order[f"{base}total_due"] = plain(max(due, NOTHING))


def add(document: Document, name: str, amount: Decimal) -> None:
    """Raise a number of the document by the amount."""
    document[name] = plain(decimal(document.get(name)) + amount)


def document_comments(shop: Shop, kind: str, document: Document, wanted: Document) -> list[Document]:
    """The comment of the call, kept only with `appendComment` (2.4.7-p3)."""
    sent = wanted.get("comment") or {}
    if not (wanted.get("appendComment") and sent.get("comment")):
        return []
    return [
        {
            "comment": sent["comment"],
            "created_at": utc_now(),
            "entity_id": shop.next_id(f"{kind}_comment"),
            "is_customer_notified": int(bool(wanted.get("notify"))),
            "is_visible_on_front": sent.get("is_visible_on_front", 0),
            "parent_id": document["entity_id"],
        }
    ]
