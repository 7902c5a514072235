"""Customer returns at the Walmart stand-in: started by the control, read and refunded through the API."""

import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox import clock
from sandbox.documents import Documents
from sandbox.walmart_errors import content_error, order_error
from sandbox.walmart_lines import Change, lines_of, units
from sandbox.walmart_orders import Orders
from sandbox.walmart_refunds import refund
from sandbox.walmart_settings import Settings

Json = dict[str, Any]
KIND = "return"


def start_return(documents: Documents, order: Json, numbers: set[str] | None) -> Json:
    """A return order for shipped lines, some or all, kept and returned."""
    lines = [
        line
        for line in lines_of(order)
        if units(line, "Shipped", "Delivered") and (numbers is None or line["lineNumber"] in numbers)
    ]
    if not lines:
        raise content_error("Nothing was shipped that could come back")
    told = [_line(place, line, order["purchaseOrderId"]) for place, line in enumerate(lines, 1)]
    total = sum(Decimal(str(each["chargeTotals"][-1]["value"]["currencyAmount"])) for each in told)
    body: Json = {
        "returnOrderId": f"1{secrets.randbelow(10**17):017d}",
        "customerEmailId": order["customerEmailId"],
        "customerName": _name(order["shippingInfo"]["postalAddress"].get("name", "")),
        "customerOrderId": order["customerOrderId"],
        "refundMode": "POST_DELIVERY",
        "returnOrderDate": clock.iso(clock.now()),
        "totalRefundAmount": {"currencyAmount": float(total), "currencyUnit": _currency(lines[0])},
        "returnLineGroups": [],
        "returnOrderLines": told,
        "returnChannel": {"channelName": "IN_STORE"},
    }
    documents.put(KIND, body["returnOrderId"], body)
    return body


def search_returns(documents: Documents, args: Mapping[str, str], settings: Settings) -> Json:
    """A page of GET /v3/returns, newest first."""
    found = [
        body
        for body in reversed(documents.all(KIND).values())
        if args.get("returnOrderId", body["returnOrderId"]) == body["returnOrderId"]
        and args.get("customerOrderId", body["customerOrderId"]) == body["customerOrderId"]
        and (not args.get("status") or args["status"] in {n["status"] for n in body["returnOrderLines"]})
        and args.get("returnCreationStartDate", "") <= body["returnOrderDate"]
    ]
    limit, offset = _whole(args, "limit", 10), _whole(args, "offset", 0)
    if not found and settings.empty_list_as_404:
        raise order_error("CONTENT_NOT_FOUND", "Returns not found for given search parameters", field=None, status=404)
    meta: Json = {"totalCount": len(found), "limit": limit}
    if offset + limit < len(found):
        meta["nextCursor"] = f"?sellerId=10431&limit={limit}&offset={offset + limit}"
    return {"meta": meta, "returnOrders": found[offset : offset + limit]}


def refund_return(documents: Documents, orders: Orders, number: str, body: Json) -> Json:
    """The answer to POST /v3/returns/{id}/refund: the named lines are refunded in full."""
    with documents.transaction():
        kept = documents.get(KIND, number)
        if kept is None:
            raise order_error("CONTENT_NOT_FOUND", "Return not found", field=None, status=404)
        wanted = {int(line.get("returnOrderLineNumber", 0)) for line in body.get("refundLines") or []}
        lines = [n for n in kept["returnOrderLines"] if n["returnOrderLineNumber"] in wanted]
        if not lines or body.get("customerOrderId") != kept["customerOrderId"]:
            raise content_error("refundLines is invalid", "refundLines")
        po = lines[0]["purchaseOrderId"]
        numbers = [str(line["purchaseOrderLineNumber"]) for line in lines]
        orders.change(po, lambda change: refund(change, full_refund(change, numbers)))
        for line in lines:
            line |= {"status": "COMPLETED", "currentRefundStatus": "REFUND_COMPLETED", "refundedQty": 1}
        documents.put(KIND, number, kept)
    return {"returnOrderId": number, "customerOrderId": kept["customerOrderId"]}


def full_refund(change: Change, numbers: list[str], reason: str = "Customer returned item") -> Json:
    """A refund request for the whole of some lines."""
    charge = {"chargeType": "PRODUCT", "chargeName": "Item Price", "chargeAmount": {"amount": 0}}
    charges = {"refundCharge": [{"refundReason": reason, "charge": charge}]}
    lines = [
        {"lineNumber": number, "isFullRefund": True, "refunds": {"refund": [{"refundCharges": charges}]}}
        for number in numbers
    ]
    return {"orderRefund": {"purchaseOrderId": change.po, "orderLines": {"orderLine": lines}}}


def _line(place: int, line: Json, po: str) -> Json:
    currency = _currency(line)
    count = units(line, "Shipped", "Delivered")
    charges = line["charges"]["charge"]
    prices = [Decimal(str(c["chargeAmount"]["amount"])) for c in charges if c["chargeType"] == "PRODUCT"]
    taxes = [Decimal(str(c["tax"]["taxAmount"]["amount"])) for c in charges if "tax" in c]
    price, tax = sum(prices, Decimal(0)), sum(taxes, Decimal(0))
    return {
        "returnOrderLineNumber": place,
        "salesOrderLineNumber": int(line["lineNumber"]),
        "returnReason": "CUSTOMER_CHANGED_MIND",
        "purchaseOrderId": po,
        "purchaseOrderLineNumber": int(line["lineNumber"]),
        "item": {"sku": line["item"]["sku"], "productName": line["item"]["productName"]},
        "unitPrice": _money(price / count, currency),
        "chargeTotals": [
            {"name": "lineSubTotal", "value": _money(price, currency)},
            {"name": "lineTotalTaxes", "value": _money(tax, currency)},
            {"name": "lineTotal", "value": _money(price + tax, currency)},
        ],
        "currentDeliveryStatus": "DELIVERED",
        "currentRefundStatus": "REFUND_INITIATED",
        "quantity": {"unitOfMeasure": "EACH", "measurementValue": count},
        "returnExpectedFlag": True,
        "refundedQty": 0,
        "status": "INITIATED",
        "statusTime": clock.iso(clock.now()),
    }


def _currency(line: Json) -> str:
    return str(line["charges"]["charge"][0]["chargeAmount"]["currency"])


def _money(value: Decimal, currency: str) -> Json:
    return {"currencyAmount": round(float(value), 2), "currencyUnit": currency}


def _name(name: str) -> Json:
    first, _, last = name.partition(" ")
    return {"firstName": first, "lastName": last}


def _whole(args: Mapping[str, str], name: str, default: int) -> int:
    text = args.get(name, "")
    return int(text) if text.isdigit() else default
