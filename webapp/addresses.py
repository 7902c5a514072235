"""A corrected address carried into the Magento order that is there already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from webapp import order_rows, shop_facts
from webapp.connectors.magento_addresses import Addressed
from webapp.creation import mode_of
from webapp.domain.commands import UpdateMagentoAddress
from webapp.domain.corrected import Corrected, corrected
from webapp.domain.creation_settings import CART
from webapp.domain.policy import UnknownRegion
from webapp.domain.shop_address import CannotBuild, build_address, country_of
from webapp.outbox import Outcome, Refusal, Unneeded
from webapp.scene import Scene
from webapp.unit_of_work import Work


def update(scene: Scene, command: UpdateMagentoAddress) -> Outcome:
    """Change what differs of both addresses and of a guest's e-mail; Magento takes it as often as it comes.

    What is sent is read from the order's row and not kept with the command: buyer data stands in one place. Raises
    ConnectorError, Refusal or Unneeded.
    """
    correction = scene.correction
    if correction is None or correction.version != command.version:
        raise Unneeded("The address was corrected once more since.")
    if scene.magento_order_id != command.order:
        raise Unneeded("Another Magento order is linked by now.")
    shop = scene.both.magento.addresses.of_order(command.order)
    if shop is None:
        raise Unneeded("The Magento order was deleted.")
    wanted, made_up = _wanted(scene, correction)
    others = [one for one in shop.addresses if _differs(one.shown, wanted)]
    for address in others:
        scene.both.magento.addresses.change(command.order, address, wanted)
    _tell_the_order(scene, shop, wanted)
    said = "has the corrected address." if others else "had the corrected address already."
    record = partial(_record, scene, command.version, made_up)
    return Outcome(f"Magento order {scene.increment_id} {said}", record)


def _wanted(scene: Scene, correction: Corrected) -> tuple[dict[str, Any], list[str]]:
    """The address as Magento demands it, and what had to be made up for that."""
    store, made_up = scene.account.store, list[str]()
    order = corrected(scene.stored, correction)
    refuse = scene.account.policy.unknown_region is UnknownRegion.REFUSE
    try:
        regions = shop_facts.regions(store.id, scene.both.magento, country_of(order.address))
        by_cart = mode_of(scene.account, order) == CART
        found = build_address(order, regions, made_up, refuse_unknown=refuse, needs_email=by_cart)
    except CannotBuild as problem:
        raise Refusal(str(problem)) from problem
    # What is not named stays as it was: the id of a former region must not, and an e-mail may.
    named = {name: value for name, value in found.items() if value or name != "email"}
    return {"region": "", "region_code": "", "region_id": 0, **named}, made_up


def _tell_the_order(scene: Scene, shop: Addressed, wanted: Mapping[str, Any]) -> None:
    """A guest's name and e-mail stand in the order itself too; a customer's are left alone."""
    if shop.is_guest and wanted.get("email", shop.email) != shop.email:
        names = {"customer_firstname": wanted["firstname"], "customer_lastname": wanted["lastname"]}
        body = {"entity_id": shop.order_id, "customer_email": wanted["email"], **names}
        scene.both.magento.update_order(body)


def _differs(shown: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Magento leaves out what is empty, and tells no region's code but by its id."""
    return any((shown.get(name) or "") != (value or "") for name, value in wanted.items() if name != "region_code")


def _record(scene: Scene, version: int, made_up: list[str], work: Work) -> None:
    row = order_rows.find_locked(scene.claim.sync_id)
    kept = order_rows.correction(row) if row else None
    if row is not None and kept is not None:
        order_rows.set_correction(row, replace(kept, in_magento=version))
        row.made_up = made_up
