"""A shop's morning: orders in every state that the pages can show, some of them hostile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.rows import (
    ALDER_COURT,
    a_call,
    a_change,
    a_command,
    a_line,
    a_parcel,
    a_store,
    an_account,
    an_attempt,
    an_event,
    an_order,
)
from webapp import clock
from webapp.domain.order import Line
from webapp.models import AccountRow, OrderRow
from webapp.unit_of_work import Work, unit_of_work

LONG_SKU = "SKU-WITHOUT-ANY-SPACE-" * 9
HOSTILE = '<img src=x onerror="alert(1)"> "><script>alert(2)</script>'


def draw() -> tuple[str, str]:
    """Fill the database; returns the account's key and the PO of the order with the richest page."""
    with unit_of_work() as work:
        store = a_store(work)
        account = an_account(work, store)
        other = an_account(work, store, "Sierra Kitchen", marketplace="ca")
        rich = _partly_shipped(work, account)
        _parked(work, account)
        _simple_ones(work, account)
        _odd_ones(work, account, other)
        return account.key, rich.po


def _partly_shipped(work: Work, account: AccountRow) -> OrderRow:
    trace = a_parcel()
    lines = (
        a_line("1", statuses={"Shipped": 1}, tracking=trace, shipping="4.99"),
        a_line("2", statuses={"Shipped": 1}, tracking=trace),
        a_line("3", "TEE-M", "Trail tee, M", "18.00", "1.23"),
    )
    order = an_order(
        work,
        account,
        "2802123876439",
        lines,
        waiting_for=["Waiting for a tracking number on shipment 000000131."],
        magento_counts="3 invoiced · 3 shipped",
    )
    an_event(work, order, duplicates=1)
    command = a_command(work, order, state="done", ended_at=clock.now())
    slow = a_call(status=503, duration_ms=92, response_excerpt='{"error":"unavailable"}')
    sentence = "Walmart did not answer as it should (503)."
    an_attempt(work, order, command, sentence, outcome="failed", calls=[slow])
    an_attempt(work, order, command, "Acknowledged at Walmart, 3 h 59 min before the deadline.", number=2)
    made = a_call(side="Magento", url="https://shop.example/rest/all/V1/orders", request_excerpt='{"entity":{}}')
    creation = a_command(work, order, "CreateMagentoOrder", state="done", ended_at=clock.now())
    an_attempt(work, order, creation, "Created Magento order WM-2802123876439, $48.17.", calls=[made, made])
    a_change(work, order, "At Walmart: 3 to ship → 2 shipped · 1 to ship.")
    a_change(work, order, "Waiting for a tracking number on shipment 000000131.", "waiting")
    an_event(work, order, source="merchant", type="refresh", headers={"by": "owner@north.example"}, body=b"")
    return order


def _parked(work: Work, account: AccountRow) -> None:
    order = an_order(
        work,
        account,
        "2802123876522",
        (a_line("1", "CBL-1M-BLK", "Cable, 1 m", "11.90", "1.09", statuses={"Created": 1}),),
        address=replace(ALDER_COURT, name="Jürgen Weiß", phone=""),
        magento=False,
        products=False,
        attention="Magento: The order's number is taken by another order. Choose another prefix in the settings.",
        waiting_for=["Magento refused the order; try it again or give it up."],
        acknowledge_by=clock.now() + timedelta(hours=3),
        made_up=["telephone “0000”"],
        wants_magento=True,
        has_failed=True,
    )
    reason = "The order's number is taken by another order. Choose another prefix in the settings."
    a_command(work, order, "CreateMagentoOrder", state="parked", reason=reason, ended_at=clock.now(), tries=3)
    a_command(work, order, state="queued", tries=2, reason="Walmart asked to wait.")
    an_event(work, order, state="failed", reason="The body is not JSON that can be read; it is kept as it came.")


SHIPMENT = "Waiting for a shipment in Magento."


def _simple_ones(work: Work, account: AccountRow) -> None:
    def placed(po: str, line: Line, hours: float, name: str, **changes: Any) -> None:
        at, address = clock.now() - timedelta(hours=hours), replace(ALDER_COURT, name=name)
        an_order(work, account, po, (line,), ordered_at=at, address=address, **changes)

    lantern = a_line("1", "LNT-02", "Camp lantern", "28.50", "2.90")
    placed("2802123875110", lantern, 18, "Aisha Khan", ship_in=timedelta(hours=-2), waiting_for=[SHIPMENT])
    mug = a_line(
        "1", "MUG-BLUE", "Enamel mug, blue", "34.00", "2.57", statuses={"Shipped": 3}, refunded=Decimal("12.19")
    )
    both = {"magento_state": "complete", "magento_counts": "3 invoiced · 3 shipped"}
    placed("2802123874001", mug, 24, "Tom O’Neill", ship_in=timedelta(hours=-20), **both)
    tee = a_line("1", "TEE-S", "Trail tee, S", "18.00", "0", statuses={"Cancelled": 1})
    placed("2802123873888", tee, 27, "Wei Chen")
    wish = a_line(
        "1", "STV-1", "Folding stove", "64.00", "5.12", intent_to_cancel="CUSTOMER_REQUESTED_SELLER_TO_CANCEL"
    )
    placed("2802123876600", wish, 0.2, "Noor Haddad", ship_in=timedelta(hours=20), waiting_for=[SHIPMENT])
    fresh = a_line("1", statuses={"Created": 2})
    waiting = ["Creating the Magento order."]
    on_its_way = {"under_way": True, "waiting_for": waiting, "wants_magento": True}
    placed("2802123876701", fresh, 0.01, "Lena Ortiz", magento=False, **on_its_way)


def _odd_ones(work: Work, account: AccountRow, other: AccountRow) -> None:
    hour = timedelta(hours=1)
    hostile = (
        a_line("1", LONG_SKU, HOSTILE),
        a_line("2", "🧉-מאטה", "כוס אמייל אדומה גדולה מאוד עם ידית"),
        a_line("3", "C-3", "Third thing"),
        a_line("4", "C-4", "Fourth thing"),
    )
    an_order(
        work,
        account,
        "2802123872000",
        hostile,
        ordered_at=clock.now() - 30 * hour,
        address=replace(ALDER_COURT, name="🦊 " + HOSTILE, address1=HOSTILE),
        attention=HOSTILE,
        magento_is_gone=True,
    )
    wfs = a_line("1", "PAN-28", "Cast iron pan, 28 cm", "59.00", "7.67", statuses={"Delivered": 1})
    at = clock.now() - 50 * hour
    an_order(
        work, other, "2802123871111", (wfs,), ordered_at=at, ship_node="WFSFulfilled", magento=False, currency="CAD"
    )
    half = a_line("1", "PAN-20", "Cast iron pan, 20 cm", "39.00", "5.07", statuses={"Shipped": 1, "Cancelled": 1})
    an_order(work, other, "2802123871112", (half,), ordered_at=at - hour, currency="CAD")
