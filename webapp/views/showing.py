"""An order as the pages show it: every rule of what is said, linked or marked, worked out before a template sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from urllib.parse import quote, urlencode

from markupsafe import Markup

from webapp.domain.command_words import is_doing
from webapp.domain.facets import unfold
from webapp.domain.help import help_for
from webapp.domain.order import ACKNOWLEDGED, CANCELLED, CREATED, SELLER_FULFILLED, SHIPPED_WORDS, OrderStatus, is_open
from webapp.domain.plan.products import lacks_product
from webapp.domain.shop import CONFIGURABLE
from webapp.models import AccountRow, LineRow, OrderRow, StoreRow
from webapp.policy_json import policy_from_json
from webapp.queries import version
from webapp.shops import OUTAGE
from webapp.views import words
from webapp.views.words import Deadline

MOST_ITEMS = 3
WALMART_ORDER_URL = "https://seller.walmart.com/orders/manage-orders?poNumber={po}"
"""Where Seller Center shows an order. Walmart documents no such address, so it is a pattern, and kept in one place."""

CANCELED_STATE = "canceled"
SHIPPED_BY = {SELLER_FULFILLED: "Seller", "WFSFulfilled": "Walmart (WFS)", "3PLFulfilled": "3PL"}

ICONS = {
    OrderStatus.CREATED: "created",
    OrderStatus.UNSHIPPED: "unshipped",
    OrderStatus.PARTIALLY_SHIPPED: "partial",
    OrderStatus.SHIPPED: "shipped",
    OrderStatus.CANCELED: "canceled",
}


@dataclass(frozen=True, slots=True)
class Item:
    """What the buyer bought of one SKU; `url` leads to the product in the shop, once it is known.

    Until then, and while its options are to be set, `link_url` leads to where that is done; `link_words` say what.
    """

    quantity: int
    title: str
    sku: str
    url: str
    wants_to_cancel: bool
    link_url: str = ""
    link_words: str = ""


@dataclass(frozen=True, slots=True)
class Shop:
    """The Magento side in a cell: a link, or why there is none.

    `is_gone`: it was deleted there; `is_off`: it was canceled there while Walmart's order was not; `differs`: those,
    and whatever else one side shows and the other does not.
    """

    number: str
    url: str
    state: str
    is_gone: bool
    is_off: bool = False
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One order in the grid."""

    id: int
    version: int
    account_key: str
    account: str
    po: str
    customer_order_id: str
    url: str
    status: OrderStatus
    icon: str
    counts: str
    sentence: str
    needs_attention: bool
    under_way: bool
    is_busy: bool
    """The sentence tells what is being done now, not what is waited for."""
    help: str
    """Under which slug the sentence is explained; empty for one that says all."""
    sold_at: Markup
    ship_by: Deadline
    shop: Shop
    items: tuple[Item, ...]
    more_items: int
    buyer: str
    total: str
    wants_to_cancel: bool
    """The buyer asked for it and waits for an answer; `ships_anyway` once that was given."""
    ships_anyway: bool
    by: str
    edge: str
    notes: int
    is_demo: bool
    is_chosen: bool = False


def row(order: OrderRow, account: AccountRow) -> Row:
    """The grid's row of an order whose lines are loaded."""
    store, counts, status = account.store, counts_of(order.lines), OrderStatus(order.status)
    is_shops = order.wants_magento or order.magento_order_id is not None
    link = partial(_link, account.key, order)
    bought = items(order.lines, store, link if is_shops else None)
    sentence, needs_attention = _sentence(order)
    if order.waiting_for and not needs_attention:
        sentence = resting(account) or sentence
    is_due = is_open(counts) and order.ship_node == SELLER_FULFILLED
    ship_by = words.deadline(order.ship_by, store.time_zone, is_open=is_due)
    return Row(
        id=order.id,
        version=version(order.changed_at),
        account_key=account.key,
        account=f"{account.name} · {account.marketplace.upper()}",
        po=order.po,
        customer_order_id=order.customer_order_id,
        url=order_url(account.key, order.po),
        status=status,
        icon=ICONS[status],
        counts=order.counts if " · " in order.counts else "",
        sentence=sentence,
        needs_attention=needs_attention,
        under_way=order.under_way,
        is_busy=order.under_way and is_doing(sentence),
        help=told.slug if (told := help_for(sentence)) else "",
        sold_at=words.moment(order.ordered_at, store.time_zone),
        ship_by=ship_by,
        shop=shop(order, store),
        items=tuple(sorted(bought, key=lambda item: not item.link_url))[:MOST_ITEMS],
        more_items=max(len(bought) - MOST_ITEMS, 0),
        buyer=order.buyer,
        total=words.money(order.total, order.currency),
        wants_to_cancel=order.wants_to_cancel,
        ships_anyway=not order.wants_to_cancel and any(item.wants_to_cancel for item in bought),
        by=SHIPPED_BY.get(order.ship_node, order.ship_node),
        edge=_edge(needs_attention or order.wants_to_cancel, ship_by),
        notes=order.notes or 0,
        is_demo=order.is_demo,
    )


def resting(account: AccountRow) -> str:
    """Why nothing is done about the account's orders, and what to do; empty while something is."""
    if account.store.is_paused:
        return "Its store is paused: resume the store to go on."
    return "Its account is paused: resume it to go on." if account.is_paused else ""


def _edge(needs_somebody: bool, ship_by: Deadline) -> str:
    """The mark at the row's edge."""
    if needs_somebody:
        return "needs"
    return ship_by.tone if ship_by.tone in ("late", "soon") else ""


def items(
    lines: Iterable[LineRow], store: StoreRow, link_of: Callable[[LineRow], tuple[str, str]] | None = None
) -> tuple[Item, ...]:
    """Lines of the same product put together: in the US three mugs are three lines."""
    merged: dict[tuple[str, str], Item] = {}
    for line in lines:
        wants = bool(line.intent_to_cancel) and is_open(counts_of([line]))
        before = merged.get((line.sku, line.title))
        link_url, link_words = link_of(line) if link_of else ("", "")
        merged[(line.sku, line.title)] = Item(
            quantity=line.quantity + (before.quantity if before else 0),
            title=line.title,
            sku=line.sku,
            url=product_url(store, line.product_id),
            wants_to_cancel=wants or bool(before and before.wants_to_cancel),
            link_url=link_url,
            link_words=link_words,
        )
    return tuple(merged.values())


def needs_options(line: LineRow) -> bool:
    """The product is chosen from by its options, and nobody has said which variant was sold."""
    return line.product_type == CONFIGURABLE


def still_chooses(order: OrderRow) -> bool:
    """Its Magento order is still to be made, so a variant can be set for it. Its lines must be loaded."""
    return order.magento_order_id is None and is_open(counts_of(order.lines))


def misses_product(order: OrderRow, line: LineRow) -> bool:
    """The shop has said that it has no product for this line; one that has not answered has said nothing."""
    is_wanted = not line.product_id and counts_of([line])[CANCELLED] < line.quantity
    return is_wanted and any(lacks_product(str(sentence)) for sentence in order.waiting_for)


def _link(account_key: str, order: OrderRow, line: LineRow) -> tuple[str, str]:
    """Where a line's product is chosen, and what the link says; both empty where there is nothing to choose."""
    if still_chooses(order) and needs_options(line):
        page, said = "options", "Set options…"
    elif misses_product(order, line):
        page, said = "product", "Link…"
    else:
        return "", ""
    return f"{order_url(account_key, order.po)}/{page}?{urlencode({'sku': line.sku})}", said


def shop(order: OrderRow, store: StoreRow) -> Shop:
    """The Magento order's number, and the way to it while it is there."""
    number = order.magento_increment_id or ""
    has_link = bool(order.magento_order_id and store.admin_url and not order.magento_is_gone)
    url = f"{store.admin_url}sales/order/view/order_id/{order.magento_order_id}/" if has_link else ""
    is_off = order.magento_state == CANCELED_STATE and order.status != OrderStatus.CANCELED.value
    state = order.magento_status or order.magento_state
    return Shop(number, safe_url(url), state, order.magento_is_gone, is_off, unfold(order.facet or 0).differs)


def counts_of(lines: Iterable[LineRow]) -> Counter[str]:
    """Units per Walmart status word."""
    counted: Counter[str] = Counter()
    for line in lines:
        for quantity in line.quantities:
            counted[quantity["status"]] += quantity["amount"]
    return counted


def shares(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    """Units per kind of progress, for the bar beside a line: `(slug, units)`, furthest first."""
    shipped = sum(counts[word] for word in SHIPPED_WORDS)
    other = counts.total() - shipped - counts[CANCELLED] - counts[ACKNOWLEDGED] - counts[CREATED]
    parts = (
        ("shipped", shipped),
        ("unshipped", counts[ACKNOWLEDGED]),
        ("created", counts[CREATED] + other),
        ("canceled", counts[CANCELLED]),
    )
    return tuple((slug, units) for slug, units in parts if units)


@lru_cache(maxsize=4096)
def order_url(account_key: str, po: str) -> str:
    """The address of `order.show`, written out: fifty of them stand on a page, and building them took a tenth of it."""
    return f"/orders/{quote(account_key, safe='')}/{quote(po, safe='')}"


def walmart_url(account: AccountRow, po: str) -> str:
    """Where Seller Center shows the order, by the account's own pattern where it has one."""
    own = policy_from_json(account.settings, number_prefix=account.number_prefix).walmart_order_url
    return (own or WALMART_ORDER_URL).replace("{po}", quote(po, safe=""))


def product_url(store: StoreRow, product_id: int | None) -> str:
    return safe_url(f"{store.admin_url}catalog/product/edit/id/{product_id}/") if product_id and store.admin_url else ""


def safe_url(url: str) -> str:
    """The address if a browser may follow it, else nothing: a tracking link may come from anywhere."""
    return url if url.startswith(("https://", "http://")) else ""


def _sentence(order: OrderRow) -> tuple[str, bool]:
    """The sentence that matters now, and whether a person must act on it."""
    if order.attention:
        return order.attention, True
    if order.waiting_for:
        told = [str(sentence) for sentence in order.waiting_for]
        # Whatever else it waits for, nothing comes of that before the shop answers.
        return next((one for one in told if one.startswith(OUTAGE)), told[0]), False
    if order.refunded:
        money = words.money(order.refunded, order.currency)
        return f"Refunded {money} of {words.money(order.total, order.currency)}.", False
    return "", False
