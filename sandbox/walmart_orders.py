"""The Walmart stand-in's orders: kept as documents, found by Walmart's filters, changed with a ledger."""

import copy
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sandbox import clock
from sandbox.catalog import BY_SKU
from sandbox.documents import Documents
from sandbox.ledger import Ledger
from sandbox.walmart_auth import Client
from sandbox.walmart_errors import Refused, order_error
from sandbox.walmart_lines import Change, entries_of, lines_of
from sandbox.walmart_settings import SettingsBox
from sandbox.walmart_spec import METHODS, STATUSES, BadOrder

Json = dict[str, Any]
Args = dict[str, list[str]]
KIND = "order"
MAX_LIMIT = 200
MAX_FOUND = 10_000
OLDEST_DAYS = 180
DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?")
DATES = (
    "createdStartDate",
    "createdEndDate",
    "lastModifiedStartDate",
    "lastModifiedEndDate",
    "fromExpectedShipDate",
    "toExpectedShipDate",
)
# A cursor repeats the filters of its scan; everything else a client sends is ignored, as Walmart does.
FILTERS = (
    *DATES,
    "status",
    "sku",
    "customerOrderId",
    "purchaseOrderId",
    "productInfo",
    "shippingProgramType",
    "replacementInfo",
    "orderType",
)


@dataclass(frozen=True, slots=True)
class Card:
    """What the filters ask of an order, so that a list need not read every document."""

    po: str
    customer_order_id: str
    market: str
    node: str
    order_type: str
    created: int
    modified: int
    ship_by: int
    statuses: frozenset[str]
    skus: frozenset[str]
    programs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scan:
    """One page of a scan: its filters, the market, and where in the frozen result it stands."""

    filters: dict[str, list[str]]
    market: str
    limit: int
    place: int
    total: int | None
    node: str
    created_end: str


class Orders:
    """All orders of the seller; every change is one transaction with its effects in the ledger."""

    def __init__(self, documents: Documents, ledger: Ledger, settings: SettingsBox, client: Client) -> None:
        self._documents = documents
        self._ledger = ledger
        self._settings = settings
        self._client = client
        self._cursors: dict[str, None] = {}
        self._cursor_lock = threading.Lock()
        documents.cached(self._load)

    def _load(self) -> None:
        self._cards = {po: _card(record) for po, record in self._documents.all(KIND).items()}

    def __len__(self) -> int:
        return len(self._cards)

    def add(self, order: Json, market: str, *, by: str = "control") -> str:
        """Take in a new order and return its PO; BadOrder when there is one of this number."""
        po = str(order["purchaseOrderId"])
        record = {
            "order": order,
            "market": market,
            "modified": clock.now_ms(),
            "charged": {n["lineNumber"]: copy.deepcopy(n["charges"]["charge"]) for n in lines_of(order)},
            "refunds": {},
            "shipped_at": {},
        }
        with self._documents.transaction():
            if po in self._cards:
                raise BadOrder(f"there is an order {po} already")
            _fit_to_status(record, self._settings)
            self._save(po, record)
            lines = len(lines_of(order))
            self._ledger.add("place", po, {"by": by, "lines": lines, "node": order["shipNode"]["type"]})
        return po

    def record(self, po: str, stale_seconds: float = 0) -> Json:
        """The order's record, as it is or as it was; Refused with Walmart's 404 when unknown."""
        record = self._documents.get_as_of(KIND, po, stale_seconds)
        if record is None:
            raise order_error(
                "CONTENT_NOT_FOUND",
                f"Failed when called getOrder. Order not found for purchaseOrderId {po} ",
                field=None,
                status=404,
                severity="INFO",
                category="APPLICATION",
            )
        return dict(record)

    def view(self, po: str, args: Args, stale_seconds: float = 0) -> Json:
        """The order as the API shows it, with the parts that only certain parameters bring."""
        return shown(self.record(po, stale_seconds)["order"], args, self._settings.now.explicit_nulls)

    def change(self, po: str, act: Callable[[Change], None], by: str = "api") -> Json:
        """Change the order and return its new JSON; Refused leaves it as it was.

        With the setting `partial_multi_line` the lines before the refused one are kept.
        """
        refusal: Refused | None = None
        with self._documents.transaction():
            record = self.record(po)
            change = Change(record, self._settings.now, by)
            try:
                act(change)
            except Refused as refused:
                refusal = refused
            if change.effects and (refusal is None or self._settings.now.partial_multi_line):
                record["modified"] = clock.now_ms()
                self._save(po, record)
                for effect, detail in change.effects:
                    self._ledger.add(effect, po, detail)
        if refusal is not None:
            raise refusal
        order: Json = record["order"]
        return order

    def search(self, args: Args, market: str, *, released: bool = False, stale_seconds: float = 0) -> Json:
        """A page of GET /v3/orders or, for lines in Created only, of GET /v3/orders/released."""
        scan = self._scan(args, market, released)
        found = sorted(self._found(scan, released), key=lambda card: (-card.created, card.po))
        if len(found) > MAX_FOUND:
            raise order_error("INVALID_REQUEST", f"More than {MAX_FOUND} orders found. Narrow the dates")
        page = found[scan.place : scan.place + scan.limit]
        if not page and self._settings.now.empty_list_as_404:
            raise order_error(
                "CONTENT_NOT_FOUND",
                "Failed when called getAllOrders. Orders not found for given search parameters ",
                field=None,
                status=404,
                severity="INFO",
                category="APPLICATION",
            )
        nulls = self._settings.now.explicit_nulls
        records = [self._documents.get_as_of(KIND, card.po, stale_seconds) for card in page]
        orders = [shown(record["order"], scan.filters, nulls) for record in records if record]
        total = len(found) if scan.total is None else scan.total
        meta: Json = {"totalCount": total, "limit": scan.limit}
        if scan.place + scan.limit < len(found):
            meta["nextCursor"] = self._cursor(scan, total)
        return {"list": {"meta": meta, "elements": {"order": orders}}}

    def cards(self) -> list[Card]:
        """A card for every order, newest first."""
        return sorted(self._cards.values(), key=lambda card: (-card.created, card.po))

    def _save(self, po: str, record: Json) -> None:
        self._documents.put(KIND, po, record)
        self._cards[po] = _card(record)

    def _scan(self, args: Args, market: str, released: bool) -> Scan:
        place, total, node = 0, None, "SellerFulfilled"
        if "hasMoreElements" in args:
            self._require_issued(args)
            place, total = int(args["poIndex"][0]), int(args["soIndex"][0])
        else:
            _check_args(args)
        if args.get("shipNodeType"):
            node = args["shipNodeType"][0]
        limit = int(args["limit"][0]) if args.get("limit") else 100
        filters = {name: args[name] for name in FILTERS if args.get(name)}
        if released:
            for name in ("status", "lastModifiedStartDate", "lastModifiedEndDate"):
                filters.pop(name, None)
        # The published cursor shows a created end with milliseconds that the first call did not send.
        end = filters.get("createdEndDate", [clock.iso(clock.now())])[0]
        return Scan(filters, market, limit, place, total, node, end)

    def _found(self, scan: Scan, released: bool) -> Iterable[Card]:
        filters = scan.filters
        windows = [
            (name, _bound(filters, start), _bound(filters | {"createdEndDate": [scan.created_end]}, end))
            for name, start, end in (
                ("created", "createdStartDate", "createdEndDate"),
                ("modified", "lastModifiedStartDate", "lastModifiedEndDate"),
                ("ship_by", "fromExpectedShipDate", "toExpectedShipDate"),
            )
        ]
        by_id = any(name in filters for name in ("purchaseOrderId", "customerOrderId", "lastModifiedStartDate"))
        days = OLDEST_DAYS if by_id or "createdStartDate" in filters else 7
        oldest = int((clock.now() - timedelta(days=days)).timestamp() * 1000)
        for card in list(self._cards.values()):
            if card.created < oldest or card.market != scan.market or card.node != scan.node:
                continue
            if released and "Created" not in card.statuses:
                continue
            if all(low <= getattr(card, name) <= high for name, low, high in windows) and _fits(card, filters):
                yield card

    def _cursor(self, scan: Scan, total: int) -> str:
        fixed = {
            "limit": scan.limit,
            "hasMoreElements": "true",
            "soIndex": total,
            "poIndex": scan.place + scan.limit,
            "partnerId": self._client.partner_id,
            "sellerId": "10431",
        }
        rest = scan.filters | {"createdEndDate": [scan.created_end], "shipNodeType": [scan.node]}
        query = urlencode(fixed | rest, doseq=True, safe=":/")
        with self._cursor_lock:
            self._cursors[query] = None
            while len(self._cursors) > 5000:
                del self._cursors[next(iter(self._cursors))]
        return f"?{query}"

    def _require_issued(self, args: Args) -> None:
        raw = args["_raw"][0]
        with self._cursor_lock:
            if raw not in self._cursors:
                raise order_error("INVALID_REQUEST", "Invalid nextCursor value", field="nextCursor")


def shown(order: Json, args: Args, explicit_nulls: bool = False) -> Json:
    """The API's face of an order that was just read; it is changed in place."""
    if not _is_true(args, "replacementInfo"):
        order.pop("orderType", None)
        order.pop("originalCustomerOrderID", None)
    for line in lines_of(order):
        if _is_true(args, "productInfo"):
            product = BY_SKU.get(line["item"]["sku"])
            weight = str(product.weight) if product else "1"
            line["item"]["imageUrl"] = "https://i5.walmartimages.com/asr/sandbox.jpeg"
            line["item"]["weight"] = {"value": weight, "unit": "Pounds"}
        if explicit_nulls:
            for name in ("originalCarrierMethod", "referenceLineId", "refund", "intentToCancel", "configId"):
                line.setdefault(name, None)
    return order


def _is_true(args: Args, name: str) -> bool:
    return (args.get(name) or [""])[0].lower() == "true"


def _card(record: Json) -> Card:
    order = record["order"]
    lines = lines_of(order)
    return Card(
        po=order["purchaseOrderId"],
        customer_order_id=order["customerOrderId"],
        market=record["market"],
        node=order["shipNode"]["type"],
        order_type=order["orderType"],
        created=order["orderDate"],
        modified=record["modified"],
        ship_by=order["shippingInfo"]["estimatedShipDate"],
        statuses=frozenset(entry["status"] for line in lines for entry in entries_of(line)),
        skus=frozenset(line["item"]["sku"] for line in lines),
        programs=frozenset(line["fulfillment"].get("shippingProgramType", "") for line in lines),
    )


def _fits(card: Card, filters: Args) -> bool:
    statuses = {status for text in filters.get("status", ()) for status in text.split(",")}
    return (
        (not statuses or bool(statuses & card.statuses))
        and filters.get("sku", [card.po])[0] in {card.po, *card.skus}
        and filters.get("purchaseOrderId", [card.po])[0] == card.po
        and filters.get("customerOrderId", [card.customer_order_id])[0] == card.customer_order_id
        and filters.get("orderType", [card.order_type])[0] == card.order_type
        and ("shippingProgramType" not in filters or filters["shippingProgramType"][0] in card.programs)
    )


def _check_args(args: Args) -> None:
    for name in DATES:
        if name in args and not DATE.fullmatch(args[name][0]):
            raise order_error("INVALID_REQUEST", "Invalid Date format value", field=name)
    limit = (args.get("limit") or ["100"])[0]
    if not limit.isdigit() or not 1 <= int(limit) <= MAX_LIMIT:
        raise order_error("INVALID_REQUEST", "Invalid limit value", field="limit")
    for text in args.get("status", ()):
        if any(status not in STATUSES for status in text.split(",")):
            raise order_error("INVALID_REQUEST", "Invalid status value", field="status")
    odd = [name for name in args if name.startswith("?")]
    if odd:
        raise order_error("INVALID_REQUEST", "Invalid request parameter", field=odd[0])


def _bound(filters: Args, name: str) -> int:
    """A date filter as epoch milliseconds; without one there is no bound. A bare day begins at 00:00 UTC."""
    is_end = "End" in name or name.startswith("to")
    if name not in filters:
        return 2**63 if is_end else 0
    text = filters[name][0]
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise order_error("INVALID_REQUEST", "Invalid Date format value", field=name) from None
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    # Whole seconds include what happened within them, or an order of this second would be missed.
    extra = 999 if is_end and value.microsecond == 0 else 0
    return int(value.timestamp() * 1000) + extra


def _fit_to_status(record: Json, settings: SettingsBox) -> None:
    """Give lines that arrive shipped, delivered or cancelled what such lines carry."""
    change = Change(record, settings.now, "control")
    for line in lines_of(record["order"]):
        for entry in entries_of(line):
            if entry["status"] in ("Shipped", "Delivered"):
                entry["trackingInfo"] = demo_tracking(change.po, line["lineNumber"])
                record["shipped_at"][line["lineNumber"]] = clock.now_ms()
            elif entry["status"] == "Cancelled":
                for charge in line["charges"]["charge"]:
                    charge["chargeAmount"]["amount"] = 0
                    if "tax" in charge:
                        charge["tax"]["taxAmount"]["amount"] = 0


def demo_tracking(po: str, line_number: str) -> Json:
    """A believable parcel for what is shipped outside the API."""
    number = f"1Z{po[-8:]}{int(line_number):08d}"
    return {
        "shipDateTime": clock.now_ms(),
        "carrierName": {"carrier": "UPS"},
        "methodCode": METHODS[0],
        "trackingNumber": number,
        "trackingURL": f"https://www.walmart.com/tracking?tracking_id={number}&order_id={po}",
    }
