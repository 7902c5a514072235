"""Creating a Magento order from a cart: filled, placed once, its totals patched; each step is kept before the next.

Every cart that was ever opened for an order is kept with it, so that an order which came of one is always found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import select, update

from webapp import claims, clock, plain
from webapp.claims import Claim
from webapp.connectors.http import ConnectorError
from webapp.connectors.magento import MagentoClient
from webapp.connectors.magento_carts import Placed
from webapp.domain import magento_entity
from webapp.domain.commands import Side
from webapp.domain.magento_entity import CannotBuild
from webapp.domain.order import ZERO
from webapp.domain.shop import ShopOrder
from webapp.models import OrderRow, db
from webapp.outbox import Refusal
from webapp.scene import Scene
from webapp.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart that was opened. `placing_since` stands from right before it is placed until Magento refuses to.

    One whose order was canceled in Magento is dropped: the next try begins anew.
    """

    id: str
    placing_since: datetime | None = None
    is_dropped: bool = False


def find_placed(claim: Claim, magento: MagentoClient) -> Placed | None:
    """The order that came of one of the carts that were opened for this order."""
    for cart in reversed(_known(claim)):
        placed = magento.carts.placed(cart.id)
        if placed is not None and not placed.is_canceled:
            return placed
        if placed is not None:
            _keep(claim, replace(cart, is_dropped=True))
    return None


def make(scene: Scene, sent: dict[str, Any], placed: Placed | None) -> ShopOrder:
    """The Magento order, placed if it was not yet, with Walmart's totals. Raises ConnectorError or Refusal."""
    return _patched(scene, sent, placed or _place(scene, sent, _filled(scene, sent)))


def _filled(scene: Scene, sent: dict[str, Any]) -> Cart:
    """An open cart that holds exactly what was sold, addressed. One of an earlier try is used on, if it is whole."""
    wanted = {str(item["sku"]).casefold(): Decimal(item["qty_ordered"]) for item in sent["body"]["items"]}
    carts = scene.both.magento.carts
    cart, there = _of_before(scene)
    if cart is None or any(quantity > wanted.get(sku, ZERO) for sku, quantity in there.items()):
        cart, there = Cart(carts.new()), {}
        _keep(scene.claim, cart)
    for item in sent["body"]["items"]:
        sku = str(item["sku"])
        missing = int(wanted[sku.casefold()] - there.get(sku.casefold(), ZERO))
        if missing:
            _add(scene, cart, sku, missing)
    _address(scene, cart, sent["body"])
    return cart


def _of_before(scene: Scene) -> tuple[Cart | None, Mapping[str, Decimal]]:
    """The last cart with what lies in it; nothing where there is none to go on with.

    One that is just being placed is left alone until it is certain that Magento is not at it any more.
    """
    known = _known(scene.claim)
    if not known:
        return None, {}
    cart = known[-1]
    there = scene.both.magento.carts.quantities(cart.id)
    if cart.placing_since is not None:
        settled_at = cart.placing_since + scene.account.policy.settle_after
        if there is None:
            raise _unseen(cart)
        if clock.now() < settled_at:
            sentence = "Waiting until it is certain that Magento did not place the cart; then it is placed."
            raise ConnectorError(sentence, side=Side.MAGENTO, retry_after=settled_at - clock.now())
    return (cart, there) if there is not None else (None, {})


def _add(scene: Scene, cart: Cart, sku: str, quantity: int) -> None:
    try:
        scene.both.magento.carts.add(cart.id, sku, quantity)
    except ConnectorError as error:
        if not error.permanent or error.unauthorized:
            raise
        raise Refusal(
            f"“{sku}” cannot be put into a Magento cart. {error.message} A cart takes only what is in stock, enabled "
            "and in the store's website. Change that in Magento, then try again."
        ) from error


def _address(scene: Scene, cart: Cart, body: dict[str, Any]) -> None:
    address = {name: value for name, value in body["billing_address"].items() if name != "address_type"}
    assignment = body["extension_attributes"]["shipping_assignments"][0]
    code = str(assignment["shipping"]["method"])
    carrier, _, method = code.partition("_")
    try:
        scene.both.magento.carts.address(cart.id, address, carrier, method)
    except ConnectorError as error:
        if not error.permanent or error.unauthorized:
            raise
        raise Refusal(
            f"Magento does not take this address with the shipping method {code}. {error.message} Switch the method "
            "on for this country in Magento, or choose another one in the account's settings; then try again."
        ) from error


def _place(scene: Scene, sent: dict[str, Any], cart: Cart) -> Placed:
    """Place the cart, once: after any doubt Magento is asked what came of it before anything is repeated."""
    _keep(scene.claim, replace(cart, placing_since=clock.now()))
    try:
        scene.both.magento.carts.place(cart.id, sent["body"]["payment"]["method"])
    except ConnectorError as error:
        if error.doubtful:
            raise
        placed = scene.both.magento.carts.placed(cart.id)
        if placed is not None:
            return placed
        if error.status == 404:
            raise _unseen(cart) from error
        _keep(scene.claim, cart)
        raise
    placed = scene.both.magento.carts.placed(cart.id)
    if placed is None:
        raise _unseen(cart)
    return placed


def _patched(scene: Scene, sent: dict[str, Any], placed: Placed) -> ShopOrder:
    """The placed order with Walmart's totals; `ext_order_id` comes with the same call, so it tells of it."""
    if placed.ext_order_id != sent["ext_order_id"]:
        scene.both.magento.update_order(_patch(sent, placed))
    order = scene.both.magento.get_order(placed.entity_id)
    if order is None or order.ext_order_id != sent["ext_order_id"]:
        raise ConnectorError("Magento does not show the order's totals as they were set yet.", side=Side.MAGENTO)
    if order.grand_total != Decimal(sent["grand_total"]):
        raise Refusal(
            f"Magento order {order.increment_id} was made from a cart, but its total is {order.grand_total}, not "
            f"{sent['grand_total']}. Something in the shop changes it. Cancel the order there, then try again."
        )
    return order


def _patch(sent: dict[str, Any], placed: Placed) -> dict[str, Any]:
    body = sent["body"]
    try:
        if sent["shop_tax"]:
            body = magento_entity.with_shop_tax(body, placed.tax_percents, placed.shipping_percent)
        return magento_entity.patch(body, placed.shown)
    except CannotBuild as problem:
        raise Refusal(f"{problem} Cancel order {placed.entity_id} in Magento, then try again.") from problem


def _unseen(cart: Cart) -> ConnectorError:
    return ConnectorError(f"Magento made an order of cart {cart.id} but does not show it yet.", side=Side.MAGENTO)


def _known(claim: Claim) -> tuple[Cart, ...]:
    kept = db.session.execute(select(OrderRow.magento_carts).where(OrderRow.sync_id == claim.sync_id)).scalar_one()
    return tuple(cart for cart in plain.read(kept or (), tuple[Cart, ...]) if not cart.is_dropped)


def _keep(claim: Claim, cart: Cart) -> None:
    """Remember the cart before anything is done with it."""
    with unit_of_work() as work:
        claims.check(work, claim)
        known = [one for one in _known(claim) if one.id != cart.id] + [cart]
        kept = msgspec.to_builtins([asdict(one) for one in known])
        work.execute(update(OrderRow).where(OrderRow.sync_id == claim.sync_id).values(magento_carts=kept))
