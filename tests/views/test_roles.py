"""Every route, every method, every role: the matrix stands here, and a route that is not in it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.views.conftest import signed_in, token_on
from tests.views.test_door import paths
from tests.views.test_every_response import stored
from webapp.people import Role
from webapp.views import door

PUBLIC = "health.live health.ready health.metrics static auth.sign_in auth.open_link auth.enter webhooks.token"
"""Besides the webhooks, which prove their sender themselves."""

MATRIX: dict[tuple[str, Role], str] = {
    ("GET", Role.VIEWER): """
        auth.account behind.for_magento behind.shipped_late behind.to_read behind.webhooks bulk.index bulk.live
        bulk.show dashboard.index glossary.index health.line incoming.index incoming.refused incoming.show log.index
        order.live order.log order.peek order.show order_products.stock orders.home orders.index orders.news
        orders.row outgoing.index outgoing.show polls.index""",
    ("GET", Role.OPERATOR): """
        account_orders.show export.fetch export.show incoming.ask order.ask_to_recreate order_address.edit
        order_cancel.ask order_cancel.ask_to_accept order_deal.ask order_options.ask order_products.choose
        order_refund.ask order_ship.ask reimports.live reimports.show
        settings.account_list settings.index settings.store_list sheet.ask""",
    ("GET", Role.ADMIN): """
        account_settings.ask_to_remove account_settings.new account_settings.show alerts.index erase.ask
        store_settings.ask_to_remove store_settings.new store_settings.show team.index""",
    ("POST", Role.VIEWER): """
        auth.change_account auth.sign_out incoming.find lists.change_view lists.display lists.find lists.save_view
        log.find""",
    ("POST", Role.OPERATOR): """
        bulk.again bulk.start bulk.stop export.as_csv incoming.replay incoming.replay_all incoming.set_aside
        order.acknowledge order.create order.dismiss order.recreate order.refresh order.retry order_address.save
        order_address.to_magento order_cancel.accept order_cancel.cancel order_cancel.ship_anyway order_deal.deal
        order_decide.refunds order_decide.settle order_notes.add order_notes.change order_notes.delete
        order_options.choose order_products.link order_products.unlink order_refund.refund order_ship.resend
        order_ship.ship orders.bulk outgoing.dismiss outgoing.retry polls.ask_now reimports.cancel reimports.start
        sheet.look""",
    ("POST", Role.ADMIN): """
        account_orders.sample account_orders.save account_settings.add account_settings.change account_settings.pause
        account_settings.remove account_settings.resume account_settings.try_changed account_settings.try_new
        account_settings.webhooks alerts.add alerts.change alerts.pause alerts.remove alerts.resume alerts.test
        erase.now store_settings.add store_settings.change store_settings.pause store_settings.read_stock
        store_settings.remove store_settings.resume store_settings.try_changed store_settings.try_new
        store_settings.webhooks team.add team.change_role team.disable team.enable team.link team.sign_out""",
}
ROLES = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)


def needed() -> dict[tuple[str, str], Role]:
    """The least role of each route, by endpoint and method."""
    return {(endpoint, method): role for (method, role), names in MATRIX.items() for endpoint in names.split()}


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """Every route with each of its methods."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] != "webhooks" and rule.endpoint not in PUBLIC.split():
            yield from ((rule.endpoint, method) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"})


def test_each_route_stands_in_the_matrix_and_asks_for_that_role(app: Flask) -> None:
    with app.app_context():
        asked = {route: door.needed_for(*route) for route in routes(app)}
    assert asked == needed()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_let_in_where_the_matrix_says_so_and_refused_elsewhere(
    app: Flask, tmp_path: Path, role: Role
) -> None:
    table, client = needed(), signed_in(app, role.value)
    token = token_on(client, "/account")
    known = {method: paths(app, method) for method in ("GET", "POST")}
    before, refused = stored(tmp_path), 0
    for method, found in known.items():
        for endpoint, path in found:
            least = table.get((endpoint, method))
            if least is None:
                continue
            if ROLES.index(role) >= ROLES.index(least):
                if method == "GET":
                    assert client.get(path).status_code not in (401, 403), path
                continue
            refused += 1
            answer = client.open(path, method=method, data={"csrf_token": token} if method == "POST" else None)
            assert answer.status_code == 403, path
            assert f"needs the role {least}" in answer.text
    assert stored(tmp_path) == before
    assert (refused > 0) == (role is not Role.ADMIN)
