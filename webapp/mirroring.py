"""What Walmart showed is done in Magento: invoices, shipments, cancellations, credit memos. Each is made once.

A document carries a mark in its comment, so that one whose answer was lost is found and adopted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from webapp import mailing, sources
from webapp.connectors.http import ConnectorError
from webapp.domain.carriers import magento_code
from webapp.domain.commands import CancelMagentoOrder, CreateCreditMemo, CreateInvoice, CreateShipment, Side
from webapp.domain.order import ZERO, Tracking
from webapp.domain.plan.case import MARK, REFUND
from webapp.domain.quantities import in_shop
from webapp.domain.reasons import in_words
from webapp.domain.refunds import shipping_in_shop
from webapp.domain.shop import ItemUnits, ShopCreditmemo, ShopOrder, ShopShipment, ShopTrack
from webapp.effects import Effect, effect_of
from webapp.outbox import Outcome, Refusal, Unneeded
from webapp.scene import Scene, shop_again


def invoice(scene: Scene, command: CreateInvoice) -> Outcome:
    """Invoice all that is open, or the named units alone. Raises ConnectorError, Refusal or Unneeded."""
    shop = shop_again(scene)
    if command.items:
        return _invoice_units(scene, shop, _by_item(command.items))
    if shop.is_invoiced:
        return Outcome("The Magento order is invoiced already.")
    try:
        made = scene.both.magento.invoice(shop.entity_id, notify=_mails_invoices(scene))
    except ConnectorError as error:
        again = scene.both.magento.get_order(shop.entity_id) if error.permanent else None
        if again is not None and again.is_invoiced:
            return Outcome("The Magento order is invoiced already.")
        raise
    return Outcome(f"Magento made invoice {made}.")


def _invoice_units(scene: Scene, shop: ShopOrder, wanted: Mapping[int, int]) -> Outcome:
    """Invoice the units that stay. Magento would invoice the others too, if it were asked twice."""
    effect = effect_of(scene)
    if effect.was_sent:
        floors: Mapping[str, int] = effect.kept.get("floors") or {}
        if all(int(item.invoiced) >= floors.get(str(item.item_id), 0) for item in shop.items):
            return Outcome("Magento shows the units that stay invoiced.")
        effect.prove_absent(scene.account.policy.settle_after, Side.MAGENTO, "The invoice")
    left = {item.item_id: int(item.left_to_invoice) for item in shop.items}
    if any(count > left.get(item, 0) for item, count in wanted.items()):
        raise Unneeded("Part of it is invoiced by now.")
    floors = {str(item.item_id): int(item.invoiced) + wanted.get(item.item_id, 0) for item in shop.items}
    made = effect.send({"floors": floors}, lambda: _invoice_these(scene, shop, wanted))
    return Outcome(f"Magento made invoice {made} for the units that stay.")


def _invoice_these(scene: Scene, shop: ShopOrder, wanted: Mapping[int, int]) -> int:
    return scene.both.magento.acts.invoice_items(shop.entity_id, wanted, notify=_mails_invoices(scene))


def _mails_invoices(scene: Scene) -> bool:
    return scene.account.policy.mail_invoice and mailing.has_address(scene)


def ship(scene: Scene, command: CreateShipment) -> Outcome:
    """Ship in Magento what left at Walmart in one parcel, from each source that it leaves."""
    shop, effect = _shop_with_documents(scene), effect_of(scene)
    parts: list[list[Any]] = effect.kept.get("parts") or _parts(scene, shop, command)
    for at, (source, items) in enumerate(parts):
        wanted = {int(item): int(count) for item, count in items.items()}
        if not _is_made(scene, effect, shop.shipments, str(at)):
            if not effect.was_sent:
                _still_to_ship(shop, wanted)
            _ship_part(scene, effect, shop, command, parts, at, source, wanted)
            shop = _shop_with_documents(scene)
    shown = {one.entity_id: one for one in shop.shipments}
    made = [shown[number].increment_id for number in effect.kept.get("made", []) if number in shown]
    parcel = f" with {command.tracking.carrier} {command.tracking.number}" if command.tracking else ""
    return Outcome(f"Shipped in Magento {_named(made, 'shipment')}: {_units(command.items)}{parcel}.")


def cancel(scene: Scene, command: CancelMagentoOrder) -> Outcome:
    """Cancel what is open and not invoiced; Magento takes all of that at once, so it has to be just these units."""
    shop, effect = shop_again(scene), effect_of(scene)
    wanted = _by_item(command.items)
    left = {item.item_id: int(item.left_to_invoice) for item in shop.items if item.left_to_invoice > 0}
    if not left and any(item.canceled for item in shop.items):
        return Outcome(f"Magento order {shop.increment_id} shows it canceled.")
    if left != wanted:
        raise Unneeded("Other units are open in Magento by now than those that Walmart canceled.")
    floors = {str(item.item_id): int(item.canceled) + wanted.get(item.item_id, 0) for item in shop.items}
    was_done = effect.send({"floors": floors}, lambda: scene.both.magento.acts.cancel(shop.entity_id))
    if not was_done and not _is_canceled(shop_again(scene), floors):
        raise Refusal(
            f"Magento does not allow to cancel order {shop.increment_id} as it is {shop.status or shop.state}. Cancel "
            "it there by hand, then dismiss this."
        )
    because = f" Walmart's reason: {_in_words(command.because)}." if command.because else ""
    return Outcome(f"Canceled in Magento order {shop.increment_id}: {_units(command.items)}.{because}")


def credit(scene: Scene, command: CreateCreditMemo) -> Outcome:
    """Make the credit memo for what Walmart cancelled, with its stock returned, or refunded."""
    shop, effect = _shop_with_documents(scene), effect_of(scene)
    wanted = _by_item(command.items)
    if not _is_made(scene, effect, shop.creditmemos, "0", REFUND if not command.cancelled else ""):
        _can_be_credited(shop, wanted)
        items = wanted or {shop.items[0].item_id: 0}
        comment = _comment(scene, _why(command), "0", REFUND if not command.cancelled else "")
        made = effect.send(
            {},
            lambda: scene.both.magento.acts.refund(
                shop.entity_id,
                items,
                shipping=shipping_in_shop(shop, command.lines) if command.shipping else ZERO,
                adjustment_positive=command.adjustment,
                return_to_stock=list(wanted) if command.cancelled else [],
                comment=comment,
            ),
        )
        effect.note(entity_id=made, made=[made])
    memos = scene.both.magento.documents.creditmemos_of([shop.entity_id])
    shown = next((one.increment_id for one in memos if one.entity_id == effect.kept["entity_id"]), "")
    what = _units(command.items) or f"{command.adjustment}"
    return Outcome(f"Made {_named([shown] if shown else [], 'credit memo')} in Magento: {what}, {_why(command)}.")


def _ship_part(
    scene: Scene,
    effect: Effect,
    shop: ShopOrder,
    command: CreateShipment,
    parts: list[list[Any]],
    at: int,
    source: str,
    wanted: dict[int, int],
) -> None:
    comment = _comment(scene, "Shipped at Walmart", str(at))
    notify = scene.account.policy.mail_shipment and mailing.has_address(scene)
    made = effect.send(
        {**effect.kept, "parts": parts, "part": at},
        lambda: scene.both.magento.acts.ship(
            shop.entity_id, wanted, _tracks(command.tracking), source_code=source, comment=comment, notify=notify
        ),
    )
    effect.note(entity_id=made, made=[*effect.kept.get("made", []), made])


def _tracks(tracking: Tracking | None) -> tuple[ShopTrack, ...]:
    if tracking is None or not tracking.number:
        return ()
    return (ShopTrack(0, tracking.number, magento_code(tracking.carrier), tracking.carrier),)


def _is_made(
    scene: Scene, effect: Effect, documents: Iterable[ShopShipment | ShopCreditmemo], at: str, kind: str = ""
) -> bool:
    """The document of this part is there, by its mark; what is found is adopted."""
    mark = _mark(scene, at, kind)
    for document in documents:
        if any(mark in comment for comment in document.comments):
            made = effect.kept.get("made", [])
            if document.entity_id not in made:
                effect.note(entity_id=document.entity_id, made=[*made, document.entity_id])
            return True
    is_known = len(effect.kept.get("made", [])) > int(at)
    if effect.was_sent and not is_known and str(effect.kept.get("part", 0)) == at:
        effect.prove_absent(scene.account.policy.settle_after, Side.MAGENTO, "The document")
    return is_known


def _parts(scene: Scene, shop: ShopOrder, command: CreateShipment) -> list[list[Any]]:
    by_seller = scene.stored.is_fulfilled_by_seller
    found = sources.split(scene.account, scene.both.magento, shop, _by_item(command.items), by_seller=by_seller)
    return [[source, {str(item): count for item, count in items.items()}] for source, items in found]


def _still_to_ship(shop: ShopOrder, wanted: Mapping[int, int]) -> None:
    """By our own count: Magento would ship a unit that was credited, and cuts a quantity without a word."""
    for item in shop.items:
        counted = in_shop(item, shop.shipments, shop.creditmemos)
        if counted.open < wanted.get(item.item_id, 0):
            raise Unneeded(f"{item.sku} is shipped or given up in Magento by now.")


def _can_be_credited(shop: ShopOrder, wanted: Mapping[int, int]) -> None:
    for item in shop.items:
        if int(item.invoiced - item.refunded) < wanted.get(item.item_id, 0):
            raise Unneeded(f"{item.sku} is credited in Magento by now, or not invoiced any more.")


def _shop_with_documents(scene: Scene) -> ShopOrder:
    shop, documents = shop_again(scene), scene.both.magento.documents
    shipments, memos = documents.shipments_of([shop.entity_id]), documents.creditmemos_of([shop.entity_id])
    return replace(shop, shipments=shipments, creditmemos=memos)


def _comment(scene: Scene, words: str, at: str, kind: str = "") -> str:
    return f"{words} ({_mark(scene, at, kind)})"


def _mark(scene: Scene, at: str, kind: str = "") -> str:
    """What tells a document apart that was made by this command: the account's key, the command, its part."""
    return f"{MARK}{kind}{scene.account.key}-{scene.task.id}-{at};"


def _is_canceled(shop: ShopOrder, floors: Mapping[str, int]) -> bool:
    return all(int(item.canceled) >= floors.get(str(item.item_id), 0) for item in shop.items)


def _why(command: CreateCreditMemo) -> str:
    if not command.cancelled:
        return command.because
    return f"canceled at Walmart ({_in_words(command.because)})" if command.because else "canceled at Walmart"


def _in_words(reasons: str) -> str:
    return ", ".join(in_words(one) for one in reasons.split(", "))


def _by_item(items: Iterable[ItemUnits]) -> dict[int, int]:
    return {one.item_id: one.quantity for one in items}


def _units(items: Iterable[ItemUnits]) -> str:
    count = sum(one.quantity for one in items)
    return f"{count} unit{'s' if count != 1 else ''}" if count else ""


def _named(numbers: list[str], word: str) -> str:
    return f"{word} {' and '.join(numbers)}" if numbers else f"a {word}"
