"""The stand-in shop's memory: tables of documents, settings, and changes that are written in one go."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.documents import Documents
from sandbox.ledger import Ledger
from sandbox.magento_auth import new_credentials
from sandbox.magento_errors import MagentoError, no_entity
from sandbox.magento_numbers import decimal, plain
from sandbox.magento_oauth import Credentials
from sandbox.magento_search import Criteria, Document, page_of, select

LOCK_SECONDS = 50
DATED = ("store_id", "created_at", "updated_at")
NUMBERED = ("entity_id", "increment_id", "order_id", *DATED)
HOT_ORDER = ("entity_id", "increment_id", "ext_order_id", "quote_id", "state", "status", *DATED)


@dataclass(frozen=True, slots=True)
class Settings:
    """The switches of the stand-in shop, all changed through `/_control/settings`."""

    maintenance: bool = False
    bearer_enabled: bool = True
    rights: tuple[str, ...] | None = None
    multi_source: bool = False
    refunded_unit_still_shippable: bool = True
    last_page_repeats: bool = False
    base_currency: str = "USD"
    carriers: tuple[str, ...] = ("flatrate_flatrate", "freeshipping_freeshipping")
    flatrate_price: str = "5.00"
    order_mails: bool = True


@dataclass(frozen=True, slots=True)
class Reservation:
    """A row of the reservation log: it moves the salable quantity, not the stock on the shelf."""

    stock_id: int
    sku: str
    quantity: Decimal
    event: str
    order_id: int
    increment_id: str


@dataclass(slots=True)
class Save:
    """The changes of one call, kept aside until the webhooks were told and then written at once."""

    puts: dict[tuple[str, str], Document] = field(default_factory=dict)
    effects: list[tuple[str, str, Any]] = field(default_factory=list)
    told: list[tuple[str, Document]] = field(default_factory=list)
    reservations: list[Reservation] = field(default_factory=list)
    moved: list[tuple[str, str, Decimal]] = field(default_factory=list)

    def put(self, table: "Table", document: Document) -> None:
        self.puts[(table.kind, table.key(document))] = document

    def mail(self, order: Document, about: str, *, wanted: Any) -> None:
        """Note a mail to the buyer, which goes out only where the call asks for it with `notify`."""
        if wanted:
            self.effects.append(("email", order["increment_id"], {"about": about}))

    def tell(self, event: str, document: Document) -> None:
        """A webhook to send before the change can be seen."""
        self.told.append((event, document))


class Table:
    """Documents of one kind; the hot columns are kept in memory so that a search reads only its page."""

    def __init__(self, documents: Documents, kind: str, id_name: str, hot: tuple[str, ...]) -> None:
        self.kind = f"magento_{kind}"
        self.id_name = id_name
        self._documents = documents
        self._names = frozenset(hot)
        documents.cached(self._load)

    def _load(self) -> None:
        self._hot = {key: self._row(document) for key, document in self._documents.all(self.kind).items()}

    def key(self, document: Document) -> str:
        return str(document[self.id_name])

    def get(self, key: Any, stale: float = 0) -> Document | None:
        """The document, as it stood `stale` seconds ago."""
        found = (
            self._documents.get_as_of(self.kind, str(key), stale) if stale else self._documents.get(self.kind, str(key))
        )
        return found if isinstance(found, dict) else None

    def need(self, key: Any, stale: float = 0) -> Document:
        """The document; Magento's 404 when there is none."""
        found = self.get(key, stale)
        if found is None:
            raise no_entity()
        return found

    def all(self) -> list[Document]:
        return list(self._documents.all(self.kind).values())

    def where(self, **wanted: Any) -> list[Document]:
        """The documents whose hot columns have these values."""
        with self._documents.lock:
            keys = [k for k, row in self._hot.items() if all(row.get(n) == v for n, v in wanted.items())]
        return [document for key in keys if (document := self.get(key)) is not None]

    def search(self, criteria: Criteria, stale: float = 0) -> tuple[list[Document], int]:
        """The wanted page and how many there are in all."""
        if stale:
            found = select(self._as_of(stale), criteria)
            return page_of(found, criteria), len(found)
        if not criteria.fields <= self._names:
            found = select(self.all(), criteria)
            return page_of(found, criteria), len(found)
        with self._documents.lock:
            rows = [row | {"": key} for key, row in self._hot.items()]
        found = select(rows, criteria)
        page = [self.get(row[""]) for row in page_of(found, criteria)]
        return [document for document in page if document is not None], len(found)

    def put(self, document: Document) -> None:
        """Store the document; meant for inside a transaction of the documents."""
        self._documents.put(self.kind, self.key(document), document)
        self._hot[self.key(document)] = self._row(document)

    def like(self, **wanted: Any) -> list[str]:
        """The keys of the rows that have these values, told apart as a case-insensitive unique key does."""
        folded = {name: _folded(value) for name, value in wanted.items()}
        with self._documents.lock:
            rows = self._hot.items()
            return [key for key, row in rows if all(_folded(row.get(n)) == v for n, v in folded.items())]

    def delete(self, key: Any) -> bool:
        with self._documents.lock:
            self._hot.pop(str(key), None)
            return self._documents.delete(self.kind, str(key))

    def _row(self, document: Document) -> Document:
        return {name: document.get(name) for name in self._names}

    def _as_of(self, stale: float) -> list[Document]:
        with self._documents.lock:
            keys = list(self._hot)
        return [document for key in keys if (document := self.get(key, stale)) is not None]


class Locks:
    """One lock a name, as a database locks one row: whoever comes second waits."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, list[Any]] = {}

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        with self._guard:
            entry = self._locks.setdefault(name, [threading.RLock(), 0])
            entry[1] += 1
        taken = entry[0].acquire(timeout=LOCK_SECONDS)
        try:
            if not taken:
                raise MagentoError(500, "Lock wait timeout exceeded; try restarting transaction")
            yield
        finally:
            if taken:
                entry[0].release()
            with self._guard:
                entry[1] -= 1
                if not entry[1]:
                    self._locks.pop(name, None)


class Shop:
    """Everything the stand-in remembers.

    `tell` is called with each webhook event before its change is written, so a receiver that reads back
    at once sees the state before (observed with a webhook module on 2.4.7-p3).
    """

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.ledger = Ledger(documents)
        self.locks = Locks()
        self.url = ""
        self.orders = Table(documents, "order", "entity_id", HOT_ORDER)
        self.invoices = Table(documents, "invoice", "entity_id", NUMBERED)
        self.shipments = Table(documents, "shipment", "entity_id", NUMBERED)
        self.creditmemos = Table(documents, "creditmemo", "entity_id", NUMBERED)
        self.products = Table(documents, "product", "id", ("id", "sku", "type_id", "status"))
        self.attributes = Table(documents, "attribute", "attribute_id", ("attribute_id", "attribute_code"))
        self.source_items = Table(documents, "source_item", "_key", ("sku", "source_code"))
        self.carts = Table(documents, "cart", "id", ("id", "masked_id"))
        self.customers = Table(documents, "customer", "id", ("id", "email", "website_id", "group_id"))
        self.hooks = Table(documents, "hook", "id", ("id",))
        self.deliveries = Table(documents, "delivery", "id", ("id",))
        self.reservations = Table(documents, "reservation", "id", ("stock_id", "sku", "order_id"))
        self._tables = {table.kind: table for table in vars(self).values() if isinstance(table, Table)}
        self.tell: Callable[[str, Document], None] = lambda event, document: None
        self._sequences: dict[str, Iterator[int]] = {}
        self.credentials = self._credentials()
        documents.cached(self._load)

    def _load(self) -> None:
        self._reserved = self._sum_reservations()
        self.settings = self._settings()

    def next_id(self, name: str) -> int:
        """The next number of a sequence; a number is never given twice, and gaps are normal."""
        with self.documents.lock:
            last = int(self.documents.get("magento_sequence", name) or 0)
            self.documents.put("magento_sequence", name, last + 1)
            return last + 1

    def next_increment(self, kind: str, store_id: int | None) -> str:
        """The next number of the store's own sequence: 000000012, 2000000003."""
        store = store_id or 1
        number = self.next_id(f"increment {kind} {store}")
        return f"{number:09d}" if store == 1 else f"{store}{number:09d}"

    @contextmanager
    def changing(self, order_id: Any) -> Iterator[tuple[Document, Save]]:
        """The order, alone for this change; what goes into the save is written at the end."""
        with self.locks.hold(f"order {order_id}"):
            order, save = self.orders.need(order_id), Save()
            yield order, save
            self.commit(save)

    def commit(self, save: Save) -> None:
        """Tell the webhooks, then write the whole change at once; a hook's veto leaves nothing behind."""
        for event, document in save.told:
            self.tell(event, document)
        with self.documents.transaction():
            for (kind, _), document in save.puts.items():
                self._tables[kind].put(document)
            for source, sku, quantity in save.moved:
                self._move(source, sku, quantity)
            for one in save.reservations:
                self._reserve(one)
            for effect, key, detail in save.effects:
                self.ledger.add(effect, key, detail)

    def reserved(self, stock_id: int, sku: str) -> Decimal:
        """The sum of a SKU's reservations; below zero as long as goods are promised."""
        with self.documents.lock:
            return self._reserved[(stock_id, sku.casefold())]

    def change_settings(self, **changes: Any) -> Settings:
        """Change some switches and keep them."""
        with self.documents.lock:
            self.settings = replace(self.settings, **changes)
            self.documents.put("magento_state", "settings", asdict(self.settings))
        return self.settings

    def _move(self, source: str, sku: str, quantity: Decimal) -> None:
        key = source_key(source, sku)
        item = self.source_items.get(key)
        if item is not None:
            item["quantity"] = plain(decimal(item["quantity"]) + quantity)
            self.source_items.put(item)

    def _reserve(self, one: Reservation) -> None:
        number = self.next_id("reservation")
        self.reservations.put({"id": number, **asdict(one), "quantity": plain(one.quantity)})
        self._reserved[(one.stock_id, one.sku.casefold())] += one.quantity

    def _sum_reservations(self) -> dict[tuple[int, str], Decimal]:
        sums: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
        for row in self.reservations.all():
            sums[(row["stock_id"], row["sku"].casefold())] += decimal(row["quantity"])
        return sums

    def _credentials(self) -> Credentials:
        kept = self.documents.get("magento_state", "credentials")
        if kept is None:
            kept = asdict(new_credentials())
            self.documents.put("magento_state", "credentials", kept)
        return Credentials(**kept)

    def _settings(self) -> Settings:
        kept = self.documents.get("magento_state", "settings") or {}
        for name in ("rights", "carriers"):
            if kept.get(name) is not None:
                kept[name] = tuple(kept[name])
        return Settings(**kept)


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def source_key(source: str, sku: str) -> str:
    return f"{sku.casefold()}|{source}"


def utc_now() -> str:
    """The present as Magento writes times: UTC, to the second, without a zone (2.4.7-p3)."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
