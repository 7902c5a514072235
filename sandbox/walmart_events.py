"""The bodies of Walmart's webhooks in the published shapes, and the list of event types."""

import uuid
from typing import Any

from sandbox import clock
from sandbox.walmart_lines import entries_of, lines_of

Json = dict[str, Any]
ORDER_UPDATES = "ORDER_UPDATES"
# The three older order events; FRAUD_CANCEL exists only as a sub-event of ORDER_UPDATES.
OLDER = ("PO_CREATED", "PO_LINE_AUTOCANCELLED", "INTENT_TO_CANCEL")
EVENT_TYPES: tuple[tuple[str, str, str], ...] = (
    (
        "FEEDS",
        "SELLER_PERFORMANCE_NOTIFICATIONS",
        "Webhook event for various seller performance notifications including late/cancelled deliveries, "
        "seller KPI scores, etc",
    ),
    ("INVENTORY", "INVENTORY_OOS", "Notification for inventory out of stock"),
    ("ITEM", "OFFER_PUBLISHED", "Notification for published offers"),
    ("ITEM", "OFFER_UNPUBLISHED", "Notification for unpublished offers"),
    ("ORDER", "INTENT_TO_CANCEL", "Notification for Intent to Cancel orders"),
    ("ORDER", ORDER_UPDATES, "Consolidate webhook events for various order notifications"),
    ("ORDER", "PO_CREATED", "Notification for new purchase order created"),
    ("ORDER", "PO_LINE_AUTOCANCELLED", "Notification for purchase order line auto-cancelled"),
    ("PRICE", "BUY_BOX_CHANGED", "Notification for change in buy box"),
    (
        "REPORTS",
        "REPORT_STATUS",
        "Notification when a report is successfully processed or results in error",
    ),
    (
        "ReturnsAndRefunds",
        "RETURN_CREATED",
        "Receive a notification when new return(s) are initiated for Seller Fulfilled Item(s)",
    ),
    (
        "ReturnsAndRefunds",
        "RETURN_DELIVERED",
        "Receive a notification when returned items are delivered in the Return Center for Seller Fulfilled Item(s)",
    ),
    (
        "ReturnsAndRefunds",
        "RETURN_INVOICED",
        "Receive a notification when a refund is issued for Seller Fulfilled Item(s)",
    ),
)


def event_types() -> Json:
    """The answer to GET /v3/webhooks/eventTypes."""
    return {
        "events": [
            {"resourceName": resource, "eventType": name, "eventVersion": "V1", "description": text}
            for resource, name, text in EVENT_TYPES
        ]
    }


def is_known(resource: Any, event_type: Any) -> bool:
    return any((resource, event_type) == (known, name) for known, name, _ in EVENT_TYPES)


def order_events(order: Json, partner_id: str, sub_event: str, numbers: set[str] | None) -> dict[str, Json]:
    """The bodies by event type that tell of one happening to an order, for all lines or some."""
    payload = _payload(order, partner_id, sub_event, numbers)
    bodies = {}
    if sub_event in OLDER:
        bodies[sub_event] = {"source": _source(sub_event), "payload": payload}
    bodies[ORDER_UPDATES] = {
        "source": _source(ORDER_UPDATES) | {"eventFilters": None},
        "payload": {"meta": {"subEventType": sub_event}, "subEventType": sub_event, "order": payload},
    }
    return bodies


def return_event(event_type: str, partner_id: str, order: Json, return_order_id: str) -> Json:
    """The body of a RETURN_… event."""
    line = lines_of(order)[0]
    told = {
        "purchaseOrderId": order["purchaseOrderId"],
        "productName": line["item"]["productName"],
        "returnOrderId": return_order_id,
    }
    payload = {"partnerId": partner_id, "partnerName": "Fernhollow Goods", "returnOrders": [told]}
    return {"source": _source(event_type), "payload": payload}


def sample_event(event_type: str, partner_id: str) -> Json:
    """What POST /v3/webhooks/test sends to the receiver."""
    return {"source": _source(event_type), "payload": {"partnerId": partner_id}}


def _source(event_type: str) -> Json:
    return {
        "eventType": event_type,
        "eventTime": clock.iso(clock.now()),
        "eventId": str(uuid.uuid4()),
    }


def _payload(order: Json, partner_id: str, sub_event: str, numbers: set[str] | None) -> Json:
    shipping = order["shippingInfo"]
    wanted = [line for line in lines_of(order) if numbers is None or line["lineNumber"] in numbers]
    return {
        "partnerId": partner_id,
        "purchaseOrderId": order["purchaseOrderId"],
        "customerOrderId": order["customerOrderId"],
        "orderDate": _time(order["orderDate"]),
        "estimatedDeliveryDate": _time(shipping["estimatedDeliveryDate"]),
        "estimatedShipDate": _time(shipping["estimatedShipDate"]),
        "orderLines": [_line(line, sub_event) for line in wanted],
        "shipNodeType": order["shipNode"]["type"],
    }


def _line(line: Json, sub_event: str) -> Json:
    entry = entries_of(line)[-1]
    told = {
        "lineNumber": line["lineNumber"],
        "sku": line["item"]["sku"],
        "productName": line["item"]["productName"],
        "quantity": {"unitOfMeasure": "EACH", "measurementValue": line["orderLineQuantity"]["amount"]},
        "status": entry["status"],
        "statusDate": _time(line["statusDate"]),
        "shippingProgramType": line["fulfillment"].get("shippingProgramType", "THREE_DAY"),
        "shippingMethod": line["fulfillment"]["shipMethod"],
    }
    if "cancellationReason" in entry:
        told["cancellationReason"] = entry["cancellationReason"]
    if sub_event == "INTENT_TO_CANCEL":
        told["cancellationReason"] = "CUSTOMER_REQUESTED"
        told["cancelSubReasonCodeDescription"] = "Changed mind"
    return told


def _time(milliseconds: int) -> str:
    return clock.iso(clock.from_ms(milliseconds))
