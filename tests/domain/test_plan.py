"""What is left to do for an order: commands, waiting sentences, what a person must do, when to look again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import product

import pytest

from tests.domain.factories import (
    NOW,
    a_line,
    a_product,
    a_shop_order,
    acknowledged,
    an_order,
    issued,
    seen,
)
from webapp.domain.commands import (
    AcknowledgeOrder,
    CancelLines,
    Command,
    CommandState,
    ConfirmShipment,
    CreateInvoice,
    CreateMagentoOrder,
    Issued,
)
from webapp.domain.order import CANCELLED, SELLER_FULFILLED, Order
from webapp.domain.plan import Plan, Seen, is_to_be_created, plan
from webapp.domain.policy import AcknowledgeWhen, Policy
from webapp.domain.shop import Units

ON_IMPORT, AFTER, BY_HAND = AcknowledgeWhen.ON_IMPORT, AcknowledgeWhen.AFTER_MAGENTO_ORDER, AcknowledgeWhen.BY_HAND
QUEUED, RUNNING, DONE = CommandState.QUEUED, CommandState.RUNNING, CommandState.DONE
PARKED, DISMISSED = CommandState.PARKED, CommandState.DISMISSED
WFS = "WFSFulfilled"
GUARD_AT = timedelta(hours=3)


def planned(both: Seen, before: Iterable[Issued] = (), **policy: object) -> Plan:
    return plan(both, Policy(**policy), before, NOW)  # type: ignore[arg-type]


def kinds(found: Plan) -> set[type[Command]]:
    return {type(command) for command in found.commands}


def shipped() -> Order:
    return an_order(a_line(1, ("Shipped", 1)))


def canceled() -> Order:
    return an_order(a_line(1, (CANCELLED, 1)))


# The acknowledgement


@pytest.mark.parametrize(
    ("when", "linked", "creates", "guard", "age", "node"),
    list(
        product(
            AcknowledgeWhen,
            (False, True),
            (False, True),
            (False, True),
            (timedelta(minutes=5), GUARD_AT, timedelta(hours=9)),
            (SELLER_FULFILLED, WFS, "3PLFulfilled"),
        )
    ),
)
def test_an_order_is_acknowledged_when_its_policy_or_the_guard_says_so(
    when: AcknowledgeWhen, linked: bool, creates: bool, guard: bool, age: timedelta, node: str
) -> None:
    both = seen(an_order(age=age, ship_node=node), linked=linked)
    found = planned(both, acknowledge=when, create_orders=creates, acknowledge_guard=guard)
    by_policy = when is ON_IMPORT or (when is AFTER and creates and linked)
    expected = node == SELLER_FULFILLED and (by_policy or (guard and age >= GUARD_AT))
    assert (AcknowledgeOrder in kinds(found)) is expected
    if node == SELLER_FULFILLED and not expected:
        assert any("cknowledge" in sentence for sentence in found.waiting_for)


@pytest.mark.parametrize("word", ["Acknowledged", "Shipped", "Delivered", "Refund", "Cancelled", "Unheard"])
def test_an_order_without_a_created_unit_is_never_acknowledged(word: str) -> None:
    found = planned(seen(an_order(a_line(1, (word, 1)), age=timedelta(days=1))), acknowledge=ON_IMPORT)
    assert AcknowledgeOrder not in kinds(found)


def test_one_created_unit_among_others_is_enough() -> None:
    order = an_order(a_line(1, ("Acknowledged", 2), ("Created", 1)), a_line(2, ("Cancelled", 1)))
    assert AcknowledgeOrder in kinds(planned(seen(order), acknowledge=ON_IMPORT))


def test_the_guard_fires_for_an_order_that_waits_for_a_product() -> None:
    both = seen(an_order(age=GUARD_AT), products={})
    assert kinds(planned(both)) == {AcknowledgeOrder}


def test_after_the_deadline_it_is_still_acknowledged() -> None:
    assert AcknowledgeOrder in kinds(planned(seen(an_order(age=timedelta(days=3)))))


def test_the_guard_is_looked_at_in_time() -> None:
    found = planned(seen(an_order(), products={}))
    assert found.look_again_at == an_order().ordered_at + GUARD_AT


def test_with_magento_creation_off_the_default_is_by_hand_and_says_so() -> None:
    found = planned(seen(), create_orders=False, acknowledge_guard=False)
    assert found.commands == ()
    assert "Waiting for you to acknowledge: this account acknowledges by hand." in found.waiting_for


# The Magento order


@pytest.mark.parametrize(
    ("creates", "node", "wfs", "linked", "order"),
    list(product((False, True), (SELLER_FULFILLED, WFS), (False, True), (False, True), ("new", "canceled"))),
)
def test_the_magento_order_is_made_once_where_the_settings_ask_for_it(
    creates: bool, node: str, wfs: bool, linked: bool, order: str
) -> None:
    line = a_line(1, (CANCELLED if order == "canceled" else "Created", 1))
    both = seen(an_order(line, ship_node=node), linked=linked)
    found = planned(both, create_orders=creates, create_wfs_orders=wfs)
    asked = creates if node == SELLER_FULFILLED else wfs
    assert (CreateMagentoOrder in kinds(found)) is (asked and not linked and order == "new")


@pytest.mark.parametrize(("since", "made"), [(None, True), (NOW - timedelta(days=1), True), (NOW, False)])
def test_an_order_from_before_the_account_began_is_shown_and_not_made(since: object, made: bool) -> None:
    found = planned(seen(), import_since=since)
    assert (CreateMagentoOrder in kinds(found)) is made
    assert made or any("Ordered before 2026-11-03" in sentence for sentence in found.waiting_for)


def test_missing_products_are_named_and_asked_for() -> None:
    order = an_order(a_line(1, sku="B"), a_line(2, sku="A"), a_line(3, sku="C"), a_line(4, (CANCELLED, 1), sku="D"))
    found = planned(seen(order, products={"C": a_product("C")}))
    assert CreateMagentoOrder not in kinds(found)
    assert found.missing_skus == ("A", "B")
    assert "Waiting for a product with the SKU A, B in Magento." in found.waiting_for
    assert found.attention is not None
    assert "A, B" in found.attention


@pytest.mark.parametrize(
    ("kind", "fits"), [("simple", True), ("virtual", True), ("configurable", False), ("bundle", False)]
)
def test_only_a_product_without_choices_can_be_ordered(kind: str, fits: bool) -> None:
    found = planned(seen(products={"MUG": a_product(kind=kind)}))
    assert (CreateMagentoOrder in kinds(found)) is fits
    assert fits or kind in str(found.attention)


@pytest.mark.parametrize(("store", "made"), [("USD", True), ("EUR", False), (None, True), ("", True)])
def test_money_is_never_converted(store: str | None, made: bool) -> None:
    found = planned(seen(store_currency=store))
    assert (CreateMagentoOrder in kinds(found)) is made
    if not made:
        assert found.waiting_for[-1] == "The store has another currency."
        assert "EUR" in str(found.attention)
        assert "USD" in str(found.attention)


def test_a_shop_that_is_away_is_said_and_asked_again_soon() -> None:
    found = planned(seen(shop_trouble="Waiting for Magento: it is in maintenance.", products={}))
    assert found.commands == ()
    assert "Waiting for Magento: it is in maintenance." in found.waiting_for
    assert found.look_again_at is not None
    assert found.look_again_at <= NOW + timedelta(minutes=5)


def test_an_order_canceled_before_it_was_made_leaves_nothing_to_do() -> None:
    over = frozenset({"AcknowledgeOrder", "ReserveStock", "SendOrderMail", "UpdateMagentoAddress"})
    assert planned(seen(canceled())) == Plan(over=over)


# The invoice


@pytest.mark.parametrize(
    ("word", "invoices", "invoiced", "state"),
    list(
        product(
            ("Created", "Acknowledged", "Shipped", "Cancelled"),
            (False, True),
            (0, 1),
            ("new", "processing", "holded", "canceled", "closed"),
        )
    ),
)
def test_the_invoice_is_made_once_for_an_order_that_was_taken(
    word: str, invoices: bool, invoiced: int, state: str
) -> None:
    shop = a_shop_order(invoiced=invoiced, state=state, status=state)
    found = planned(seen(an_order(a_line(1, (word, 1))), linked=True, shop=shop), invoice=invoices)
    wanted = invoices and not invoiced and word in {"Acknowledged", "Shipped"}
    assert (CreateInvoice in kinds(found)) is (wanted and state in {"new", "processing"})
    if wanted and state not in {"new", "processing"}:
        assert f"Not invoiced: the Magento order is {state}." in found.waiting_for


def test_a_partly_shipped_order_is_invoiced_too() -> None:
    order = an_order(a_line(1, ("Acknowledged", 1), ("Shipped", 1)))
    assert CreateInvoice in kinds(planned(seen(order, linked=True)))


# What was issued before


def scene_for(kind: Numbered) -> Seen:
    """An order that wants exactly this kind of command."""
    return {
        AcknowledgeOrder: seen(an_order(), linked=True, shop=a_shop_order(invoiced=1)),
        CreateMagentoOrder: seen(acknowledged()),
        CreateInvoice: seen(acknowledged(), linked=True),
    }[kind]


Numbered = type[AcknowledgeOrder] | type[CreateMagentoOrder] | type[CreateInvoice]
ALL_KINDS = [AcknowledgeOrder, CreateMagentoOrder, CreateInvoice]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_first_command_is_of_the_first_generation(kind: Numbered) -> None:
    assert planned(scene_for(kind)).commands == (kind(),)


@pytest.mark.parametrize(("kind", "state"), list(product(ALL_KINDS, (QUEUED, RUNNING))))
def test_a_command_under_way_is_asked_for_again_and_not_doubled(kind: Numbered, state: CommandState) -> None:
    assert planned(scene_for(kind), [issued(kind, state)]).commands == (kind(1),)
    later = [issued(kind, DISMISSED, 1), issued(kind, state, 2)]
    assert planned(scene_for(kind), later).commands == (kind(2),)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_command_that_was_dismissed_by_the_rules_may_come_again_under_another_key(kind: Numbered) -> None:
    assert planned(scene_for(kind), [issued(kind, DISMISSED)]).commands == (kind(2),)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_parked_command_waits_for_a_person_and_its_reason_is_shown(kind: Numbered) -> None:
    found = planned(scene_for(kind), [issued(kind, PARKED, reason="Walmart: that is not possible.")])
    assert kind not in kinds(found)
    assert found.attention == "Walmart: that is not possible."
    assert any("refused" in sentence for sentence in found.waiting_for)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_what_a_person_gave_up_is_not_asked_for_again_and_that_is_said(kind: Numbered) -> None:
    found = planned(scene_for(kind), [issued(kind, DISMISSED, given_up=True)])
    assert kind not in kinds(found)
    assert any("given up by hand" in sentence for sentence in found.waiting_for)


@pytest.mark.parametrize(
    ("kind", "age", "again"),
    [
        (AcknowledgeOrder, timedelta(seconds=1), False),
        (AcknowledgeOrder, timedelta(seconds=119), False),
        (AcknowledgeOrder, timedelta(seconds=120), True),
        (CreateInvoice, timedelta(seconds=1), False),
        (CreateInvoice, timedelta(seconds=121), True),
    ],
)
def test_a_done_command_that_is_not_visible_yet_counts_as_in_flight(
    kind: Numbered, age: timedelta, again: bool
) -> None:
    found = planned(scene_for(kind), [issued(kind, DONE, done_at=NOW - age)])
    assert (kind(2) in found.commands) is again
    if not again:
        assert any("to show the" in sentence for sentence in found.waiting_for)
        assert found.look_again_at is not None
        assert found.look_again_at <= NOW + timedelta(seconds=10)


@pytest.mark.parametrize("state", [QUEUED, RUNNING])
def test_while_magento_cannot_be_read_an_invoice_under_way_is_not_called_off(state: CommandState) -> None:
    both = seen(acknowledged(), linked=True, shop=None, shop_trouble="Waiting for Magento: it is away.")
    found = planned(both, [issued(CreateInvoice, state)])
    assert found.commands == (CreateInvoice(1),)
    assert "Waiting for Magento: it is away." in found.waiting_for


def test_while_magento_cannot_be_read_no_new_invoice_is_asked_for() -> None:
    both = seen(acknowledged(), linked=True, shop=None, shop_trouble="Waiting for Magento: it is away.")
    assert planned(both).commands == ()


# Waiting and looking again


@pytest.mark.parametrize(
    ("both", "sentence"),
    [
        (seen(), "Creating the Magento order."),
        (seen(acknowledged(), linked=True, shop=a_shop_order(invoiced=1)), "Waiting for a shipment in Magento."),
        (
            seen(acknowledged(ship_node=WFS)),
            "Walmart ships this order itself (WFS); Magento orders for those are switched off.",
        ),
        (seen(acknowledged(ship_node=WFS), linked=True), "Walmart ships this order itself (WFS)."),
        (seen(an_order(), products={}), "Acknowledged as soon as the Magento order exists."),
        (
            seen(an_order(a_line(1, ("Teleported", 1)))),
            "Walmart shows a status that Orderbridge does not know: Teleported.",
        ),
        (seen(acknowledged(), linked=True, shop=None, shop_trouble="Waiting for Magento."), "Waiting for Magento."),
    ],
)
def test_what_is_not_done_yet_has_a_sentence(both: Seen, sentence: str) -> None:
    assert sentence in planned(both).waiting_for


WAITS, TELLS = "Waiting for a shipment in Magento.", "Sending the shipment to Walmart."
CANCELS = "Canceling at Walmart."


@pytest.mark.parametrize(
    ("command", "state", "open_units", "told"),
    [
        (ConfirmShipment((Units("1", 1),), request="r-1"), QUEUED, 1, (TELLS,)),
        (ConfirmShipment((Units("1", 1),), request="r-1"), RUNNING, 1, (TELLS,)),
        (ConfirmShipment((Units("1", 1),), request="r-1"), QUEUED, 2, (TELLS, WAITS)),
        (ConfirmShipment((Units("1", 1),), request="r-1"), DISMISSED, 1, (WAITS,)),
        (CancelLines((Units("1", 1),), "OTHERS", "request:r-1"), QUEUED, 1, (CANCELS,)),
    ],
)
def test_what_a_person_asked_for_is_said_while_it_is_told_to_walmart(
    command: ConfirmShipment | CancelLines, state: CommandState, open_units: int, told: tuple[str, ...]
) -> None:
    both = seen(an_order(a_line(1, ("Acknowledged", open_units))), linked=True, shop=a_shop_order(invoiced=1))
    asked = Issued(type(command).__name__, "r-1", state, command=command)
    waits = planned(both, [asked]).waiting_for
    assert tuple(one for one in waits if one in {WAITS, TELLS, CANCELS}) == told


def test_an_open_order_never_goes_unexplained() -> None:
    words = ("Created", "Acknowledged", "Teleported")
    for word, node, linked, creates in product(words, (SELLER_FULFILLED, WFS), (False, True), (False, True)):
        order = an_order(a_line(1, (word, 1)), ship_node=node)
        found = planned(seen(order, linked=linked), create_orders=creates, acknowledge=BY_HAND, invoice=False)
        assert found.waiting_for or found.attention, (word, node, linked, creates)


def test_every_open_order_is_looked_at_within_a_day_and_a_finished_one_rests() -> None:
    for both in (seen(acknowledged(), linked=True), seen(acknowledged(ship_node=WFS)), seen(products={})):
        at = planned(both).look_again_at
        assert at is not None
        assert at <= NOW + timedelta(hours=24)
    done = seen(shipped(), linked=True, shop=a_shop_order(invoiced=1, state="complete"))
    assert planned(done).look_again_at is None
    assert planned(seen(canceled())).look_again_at is None


def test_a_linked_order_whose_shop_is_away_is_looked_at_again_soon() -> None:
    both = seen(acknowledged(), linked=True, shop=None, shop_trouble="Waiting for Magento: it is away.")
    at = planned(both).look_again_at
    assert at is not None
    assert at <= NOW + timedelta(minutes=5)


def test_a_finished_order_whose_invoice_could_not_be_looked_at_is_looked_at_again_soon() -> None:
    both = seen(shipped(), linked=True, shop=None, shop_trouble="Waiting for Magento: it is away.")
    at = planned(both).look_again_at
    assert at is not None
    assert at <= NOW + timedelta(minutes=5)


def test_a_deleted_magento_order_needs_a_person_and_nothing_is_written_to_it() -> None:
    found = planned(seen(acknowledged(), linked=True, shop=None, shop_is_gone=True))
    assert found.commands == ()
    assert "was deleted" in str(found.attention)


def test_the_deletion_of_a_finished_order_is_only_remarked() -> None:
    found = planned(seen(shipped(), linked=True, shop=None, shop_is_gone=True))
    assert found.attention is None
    assert "was deleted" in " ".join(found.remarks)


@pytest.mark.parametrize(
    ("state", "given_up", "asked", "expected"),
    [
        (None, False, 0, True),
        (DISMISSED, True, 0, False),
        (DISMISSED, True, 1, False),
        (DISMISSED, True, 2, True),
        (DISMISSED, False, 0, True),
        (PARKED, False, 0, True),
        (QUEUED, False, 0, True),
    ],
)
def test_an_order_is_still_to_be_created_unless_it_was_given_up_and_nobody_asked_since(
    state: CommandState | None, given_up: bool, asked: int, expected: bool
) -> None:
    before = (issued(CreateMagentoOrder, state, given_up=given_up),) if state else ()
    assert is_to_be_created(seen(creation_asked=asked), Policy(), before) is expected
    assert not is_to_be_created(seen(linked=True, creation_asked=asked), Policy(), before)


def test_an_unknown_status_needs_a_person() -> None:
    assert "Teleported" in str(planned(seen(an_order(a_line(1, ("Teleported", 1))))).attention)


def test_the_plan_is_pure_asking_twice_gives_the_same() -> None:
    both, before = seen(an_order(), products={}), [issued(AcknowledgeOrder, PARKED, reason="No.")]
    assert planned(both, before) == planned(both, before)


@pytest.mark.parametrize(("wishing", "named"), [((2,), "line 2"), ((1, 3), "lines 1, 3")])
def test_the_lines_that_a_buyer_wants_canceled_are_named(wishing: tuple[int, ...], named: str) -> None:
    lines = (a_line(one, ("Acknowledged", 1), intent_to_cancel="Y" if one in wishing else "") for one in (1, 2, 3))
    found = planned(seen(an_order(*lines), linked=True))
    assert found.attention == f"The buyer asked to cancel {named}. Accept it, or ship anyway."
    assert f"Waiting for you: the buyer asked to cancel {named}." in found.waiting_for
