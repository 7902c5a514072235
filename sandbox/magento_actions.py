"""What else can be done to an order: cancel, hold, let go, comment; and removing one as a person might."""

from typing import Any

from sandbox.magento_errors import MagentoError
from sandbox.magento_fields import COMMENT
from sandbox.magento_invoices import add
from sandbox.magento_numbers import decimal, plain
from sandbox.magento_orders import new_comment
from sandbox.magento_search import Criteria, Document, Filter, echo
from sandbox.magento_shapes import argument, read
from sandbox.magento_shop import Save, Shop, utc_now
from sandbox.magento_states import (
    can_cancel,
    can_hold,
    is_held,
    qty_to_cancel,
    qty_to_refund,
    qty_to_ship,
    set_state,
    settle_state,
)
from sandbox.magento_stock import release

NO_HOLD = "A hold action is not available."
NO_UNHOLD = "You cannot remove the hold."


def cancel(shop: Shop, order_id: Any) -> bool:
    """Cancel what is neither invoiced nor shipped; False, with a 200, where Magento does not allow it.

    An order that was shipped but not invoiced becomes `canceled` all the same (2.4.7-p3).
    """
    with shop.changing(order_id) as (order, save):
        if not can_cancel(order):
            return False
        state = _state_after_cancel(order)
        for item in order["items"]:
            qty = qty_to_cancel(item)
            release(shop, save, order, item, qty, "order_canceled")
            add(item, "qty_canceled", qty)
        _book_cancel(order)
        set_state(order, state)
        settle_state(order, in_progress=False)
        order["updated_at"] = utc_now()
        save.put(shop.orders, order)
        save.tell("order", order)
        save.effects.append(("cancel", order["increment_id"], {"state": order["state"]}))
    return True


def _state_after_cancel(order: Document) -> str:
    for item in order["items"]:
        if qty_to_refund(item):
            return "processing" if qty_to_ship(item) > qty_to_cancel(item) else "complete"
    return "canceled"


def _book_cancel(order: Document) -> None:
    for base in ("", "base_"):
        for name, whole, used in (
            ("subtotal_canceled", "subtotal", "subtotal_invoiced"),
            ("tax_canceled", "tax_amount", "tax_invoiced"),
            ("shipping_canceled", "shipping_amount", "shipping_invoiced"),
            ("discount_canceled", "discount_amount", "discount_invoiced"),
            ("total_canceled", "grand_total", "total_paid"),
        ):
            rest = decimal(order.get(base + whole)) - decimal(order.get(base + used))
            order[base + name] = plain(abs(rest))


def mail(shop: Shop, order_id: Any) -> bool:
    """Send the order e-mail, or not where the shop sends none or has nobody to write to."""
    with shop.changing(order_id) as (order, save):
        if not shop.settings.order_mails or not order.get("customer_email"):
            return False
        order["email_sent"] = 1
        save.put(shop.orders, order)
        save.mail(order, "order", wanted=True)
    return True


def hold(shop: Shop, order_id: Any) -> bool:
    """Put the order on hold; it keeps in mind the state it had."""
    with shop.changing(order_id) as (order, save):
        if not can_hold(order):
            raise MagentoError(400, NO_HOLD)
        order["hold_before_state"], order["hold_before_status"] = order.get("state"), order.get("status")
        set_state(order, "holded")
        _save(shop, save, order, "hold")
    return True


def unhold(shop: Shop, order_id: Any) -> bool:
    """Give the order the state back that it had before it was held."""
    with shop.changing(order_id) as (order, save):
        if not is_held(order):
            raise MagentoError(400, NO_UNHOLD)
        order["state"] = order.pop("hold_before_state", None)
        order["status"] = order.pop("hold_before_status", None)
        _save(shop, save, order, "unhold")
    return True


def _save(shop: Shop, save: Save, order: Document, effect: str) -> None:
    order["updated_at"] = utc_now()
    save.put(shop.orders, order)
    save.tell("order", order)
    save.effects.append((effect, order["increment_id"], None))


def append_history(shop: Shop, order: Document, sent: Document) -> Document:
    """Add a line to the order's history and give it back."""
    line = new_comment(shop, sent, order, utc_now())
    order["status_histories"].append(line)
    return line


def comment(shop: Shop, order_id: Any, body: dict[str, Any]) -> bool:
    """Add a comment, and the status it names; `updated_at` stays as it was (2.4.7-p3)."""
    sent = read(COMMENT, argument(body, "statusHistory"))
    with shop.changing(order_id) as (order, save):
        line = append_history(shop, order, sent)
        if sent.get("status"):
            order["status"] = sent["status"]
        save.put(shop.orders, order)
        save.tell("new_order_comment", line)
        save.effects.append(("comment", order["increment_id"], {"comment": line.get("comment")}))
    return True


def comments(shop: Shop, order_id: Any, stale: float = 0) -> Document:
    """The order's history, oldest first."""
    order = shop.orders.need(order_id, stale)
    criteria = Criteria(groups=((Filter("parent_id", str(order["entity_id"])),),))
    items = order["status_histories"]
    return {"items": items, "search_criteria": echo(criteria), "total_count": len(items)}


def delete(shop: Shop, order_id: Any) -> bool:
    """Remove the order and its documents for good, as a person at the database might; no REST call can."""
    order = shop.orders.need(order_id)
    with shop.locks.hold(f"order {order['entity_id']}"), shop.documents.transaction():
        for table in (shop.invoices, shop.shipments, shop.creditmemos):
            for document in table.where(order_id=order["entity_id"]):
                table.delete(document["entity_id"])
        shop.orders.delete(order["entity_id"])
        shop.ledger.add("order_delete", order["increment_id"], {"entity_id": order["entity_id"]})
    return True
