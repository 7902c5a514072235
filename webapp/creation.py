"""Creating the Magento order: what is there already is found and linked, anything else is made exactly once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import update

from webapp import carts, clock, customers, order_rows, outbox, plain, products, shop_facts, stock, stock_holding
from webapp.accounts import Account
from webapp.connectors.http import ConnectorError
from webapp.domain import magento_entity, way_back
from webapp.domain.commands import Side
from webapp.domain.corrected import corrected
from webapp.domain.magento_entity import CannotBuild, Target
from webapp.domain.order import Order, OrderStatus
from webapp.domain.plan.mailing import WANTED
from webapp.domain.policy import TaxSource, UnknownRegion
from webapp.domain.shop import Product, ShopOrder
from webapp.domain.shop_address import country_of, filled_in
from webapp.domain.way_back import Sent
from webapp.models import ChangeRow, OrderRow
from webapp.outbox import Outcome, Refusal, Unneeded
from webapp.scene import Scene, read_again
from webapp.settings import current
from webapp.shop_facts import NoView
from webapp.unit_of_work import Work

DUPLICATE_NUMBER = "duplicate_number"
MOVE_LASTS = timedelta(days=14)
"""So long after its connection an account's orders may have been made by another connector too."""
UNSEEN_TRIES = 5
"""So many tries a number that Magento calls taken may stay unseen before it is believed to be a stranger's."""


def create(scene: Scene) -> Outcome:
    """Create the Magento order, or link the one that is there. Raises ConnectorError, Refusal or Unneeded."""
    order = read_again(scene)
    if order.status is OrderStatus.CANCELED and not scene.task.was_sent:
        raise Unneeded("Canceled at Walmart before the Magento order was made.")
    if mode_of(scene.account, order) == "cart":
        stock_holding.before_creation(scene)
    payload = _payload(scene, order)
    found = _find(scene, payload)
    if found is not None:
        sentence = f"Found Magento order {found.increment_id} and linked it."
        return _link(scene, found, _adopted(scene, payload), sentence, is_own=_is_ours(found, payload))
    sent = outbox.freeze(scene.claim, scene.task, payload)
    placed = carts.find_placed(scene.claim, scene.both.magento)
    if order.status is OrderStatus.CANCELED and placed is None:
        raise _called_off(scene)
    if sent["mode"] == "cart" or placed is not None:
        made = carts.make(scene, sent, placed)
        return _link(scene, made, sent, f"Created Magento order {made.increment_id} from a cart.")
    return _post(scene, sent)


def mode_of(account: Account, order: Order) -> str:
    """What Walmart ships itself takes nothing from the shop's shelves, so it is always created directly."""
    return account.store.mode if order.is_fulfilled_by_seller else "direct"


def _post(scene: Scene, sent: dict[str, Any]) -> Outcome:
    try:
        created = scene.both.magento.create_order(sent["body"])
    except ConnectorError as error:
        if error.code != DUPLICATE_NUMBER:
            raise
        sent = _adopted(scene, sent)
        adopted = _find(scene, sent)
        if adopted is None:
            raise _number_taken_unseen(scene, sent) from error
        return _link(scene, adopted, sent, f"Magento order {adopted.increment_id} was there already; linked it.")
    return _link(scene, created, sent, f"Created Magento order {created.increment_id}.")


def _called_off(scene: Scene) -> Exception:
    """Nothing more is sent. What was sent may still arrive, so it is not believed to be lost at once."""
    before, settles = scene.task.tried_before, scene.account.policy.settle_after
    if before is not None and clock.now() - before < settles:
        sentence = "Canceled at Walmart; looking whether Magento made the order after all."
        return ConnectorError(sentence, side=Side.MAGENTO)
    return Unneeded("Canceled at Walmart, and Magento did not make the order.")


def _adopted(scene: Scene, payload: dict[str, Any]) -> dict[str, Any]:
    """What is kept where the order is there already: unless this command made it, its buyer is not written to."""
    return outbox.freeze(scene.claim, scene.task, {**payload, WANTED: False})


def _payload(scene: Scene, order: Order) -> dict[str, Any]:
    """What goes out: as it was frozen before the first send; until then as it is true now."""
    if scene.task.was_sent and scene.task.frozen is not None:
        return scene.task.frozen
    delivered = corrected(order, scene.correction)
    try:
        target = _target(scene, delivered)
        entity = magento_entity.build(delivered, _products(scene, order), target)
    except (CannotBuild, NoView) as problem:
        raise Refusal(str(problem)) from problem
    policy, mode = scene.account.policy, mode_of(scene.account, order)
    return {
        "mode": mode,
        "body": entity.body,
        "increment_id": entity.body.get("increment_id", ""),
        "ext_order_id": order.po,
        "store_id": target.store_id,
        "grand_total": str(entity.grand_total),
        "made_up": list(entity.made_up),
        "lines": msgspec.to_builtins(entity.sent),
        "email": order.email,
        "anywhere": order.ordered_at < scene.account.created_at + MOVE_LASTS,
        "address_version": scene.correction.version if scene.correction else 0,
        WANTED: policy.mail_order and bool(delivered.email) and scene.account.store.mode == "direct",
        "shop_tax": policy.tax_source is TaxSource.MAGENTO,
    }


def _products(scene: Scene, order: Order) -> Mapping[str, Product]:
    """The products by Walmart's SKU, as they are now. Raises Unneeded where the order has to wait for one."""
    wanted = products.wanted(order, scene.links)
    found = products.match(scene.both.magento, scene.account.store.id, wanted).products
    missing = sorted(wanted.skus - found.keys())
    if missing:
        raise Unneeded(f"No product {', '.join(missing)} in Magento any more; the order waits for it.")
    refused = sorted(sku for sku in wanted.skus if not found[sku].can_be_ordered)
    if refused:
        raise Unneeded(f"{', '.join(refused)} cannot be ordered by itself in Magento any more; the order waits.")
    return found


def _target(scene: Scene, order: Order) -> Target:
    account, policy, store = scene.account, scene.account.policy, scene.account.store
    is_direct = mode_of(account, order) == "direct"
    store_id, currency = _view_for(scene, order)
    return Target(
        store_id=store_id,
        currency=currency,
        increment_id=number_for(account, order, len(scene.former) + 1) if is_direct else "",
        back_link=_back_link(account, order.po),
        regions=shop_facts.regions(store.id, scene.both.magento, country_of(order.address)),
        refuse_unknown_region=policy.unknown_region is UnknownRegion.REFUSE,
        buyer=customers.buyer(scene.both.magento, account, order, store_id),
        say_ship_by=policy.ship_by_comment,
        is_cart=not is_direct,
        shipping_method=policy.shipping_method,
        payment_method=policy.payment_method,
    )


def _view_for(scene: Scene, order: Order) -> tuple[int, str]:
    """The store view's id and base currency; what the seller does not ship may have a view of its own.

    Raises NoView, ConnectorError, and CannotBuild where that view sells in another currency.
    """
    store, code = scene.account.store, scene.account.policy.wfs_store_view
    if order.is_fulfilled_by_seller or not code or code == store.connection.store_view:
        return store.store_id, store.currency
    view = shop_facts.view(store.id, scene.both.magento, code)
    if view.currency and view.currency != order.currency:
        raise CannotBuild(
            f"The order is in {order.currency}, and the store view {code} for WFS orders has the base currency "
            f"{view.currency}. Choose another store view in the account's settings, then try again."
        )
    return view.id, view.currency or store.currency


def number_for(account: Account, order: Order, copy: int) -> str:
    """The order's own number in the store view; one that is created again gets -2, -3."""
    number = account.policy.prefix(by_seller=order.is_fulfilled_by_seller) + order.po
    return number if copy == 1 else f"{number}-{copy}"


def _find(scene: Scene, sent: dict[str, Any]) -> ShopOrder | None:
    """The Magento order that this command made earlier, or that another connector made for the same PO."""
    po, number = sent["ext_order_id"], sent["increment_id"]
    found = scene.both.magento.find_carriers_of(po, number, sent["email"], anywhere=sent["anywhere"])
    for order in _own_first(found, sent):
        if order.entity_id in scene.former:
            continue
        agrees = order.grand_total == Decimal(sent["grand_total"])
        if _is_ours(order, sent):
            if order.ext_order_id != po or not agrees:
                raise _number_taken(sent)
            return order
        if _carries(order, po) and not order.is_canceled:
            if agrees:
                return order
            raise Refusal(
                f"Magento order {order.increment_id} carries this PO but its total is {order.grand_total}, not "
                f"{sent['grand_total']}. Compare the two; cancel it in Magento or dismiss this, then try again."
            )
    return None


def _own_first(found: Iterable[ShopOrder], sent: dict[str, Any]) -> list[ShopOrder]:
    return sorted(found, key=lambda order: (not _is_ours(order, sent), order.entity_id))


def _is_ours(order: ShopOrder, sent: dict[str, Any]) -> bool:
    return bool(sent["increment_id"]) and (order.increment_id, order.store_id) == (
        sent["increment_id"],
        sent["store_id"],
    )


def _carries(order: ShopOrder, po: str) -> bool:
    """The PO stands in it as a whole number. One that names another external order is another one."""
    if order.ext_order_id:
        return order.ext_order_id == po
    whole = re.compile(rf"(?<!\d){re.escape(po)}(?!\d)")
    return any(whole.search(text) for text in (order.increment_id, *order.notes))


def _number_taken(sent: dict[str, Any]) -> Refusal:
    return Refusal(
        f"Magento has another order with the number {sent['increment_id']}. Choose another number prefix in the "
        "account's settings, then try again."
    )


def _number_taken_unseen(scene: Scene, sent: dict[str, Any]) -> Exception:
    if scene.task.tries >= UNSEEN_TRIES:
        return _number_taken(sent)
    sentence = f"Magento has an order {sent['increment_id']} but does not show it yet; looking again."
    return ConnectorError(sentence, side=Side.MAGENTO)


def _link(scene: Scene, shop: ShopOrder, sent: dict[str, Any], sentence: str, *, is_own: bool = True) -> Outcome:
    return Outcome(sentence, partial(_record_link, scene, shop, sent, is_own))


def _record_link(scene: Scene, shop: ShopOrder, sent: dict[str, Any], is_own: bool, work: Work) -> None:
    behind = way_back.find(shop.items, plain.read(sent["lines"], tuple[Sent, ...]))
    work.execute(
        update(OrderRow)
        .where(OrderRow.sync_id == scene.claim.sync_id)
        .values(
            magento_order_id=shop.entity_id,
            magento_increment_id=shop.increment_id,
            magento_state=shop.state,
            magento_status=shop.status,
            magento_is_gone=False,
            creation_asked=0,
            magento_items=[asdict(one) for one in behind],
            made_up=sent["made_up"],
            changed_at=clock.now(),
        )
    )
    if is_own:
        _note_address(scene, sent, work)
    for kind, sentence in _to_tell(scene, sent):
        work.add(ChangeRow(sync_id=scene.claim.sync_id, at=clock.now(), kind=kind, by=outbox.RULE, sentence=sentence))


def _note_address(scene: Scene, sent: dict[str, Any], work: Work) -> None:
    """The order has the address that went out with it, which may have been corrected since."""
    row = order_rows.find_locked(scene.claim.sync_id)
    kept = order_rows.correction(row) if row else None
    if row is not None and kept is not None:
        order_rows.set_correction(row, replace(kept, in_magento=int(sent.get("address_version", 0))))


def _to_tell(scene: Scene, sent: dict[str, Any]) -> Iterable[tuple[str, str]]:
    if sent["made_up"]:
        yield "made_up", filled_in(sent["made_up"])
    if sent["mode"] == "direct" and scene.stored.is_fulfilled_by_seller:
        not_held = stock.not_held(scene.account.store)
        if not_held:
            yield "stock", not_held


def _back_link(account: Account, po: str) -> str:
    public = current().public_url
    return f"{public}/orders/{account.key}/{po}" if public else ""
