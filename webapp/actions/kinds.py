"""The actions that can be done on many orders at once: whom each passes over and why, and what it does to one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from webapp import creation_by_hand, inbox, order_rows, outbox
from webapp.actions import acknowledging, cancelling, shipping
from webapp.actions.chosen import Chosen, newest_command, parked_ids
from webapp.actions.doing import Asked as Asked
from webapp.actions.doing import Done as Done
from webapp.domain.commands import CommandState, CreateMagentoOrder, issued_of
from webapp.domain.order import OrderStatus, fulfiller
from webapp.domain.plan.creating import NOT_FOR_THOSE
from webapp.domain.plan.products import waits_for_product
from webapp.models import AccountRow
from webapp.outbox import Refusal
from webapp.policy_json import policy_from_json

CREATE = CreateMagentoOrder.__name__


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of the Actions menu.

    `question` has a place for `{orders}`. `why_not` is empty where the action goes, else a reason that orders share
    and that reads well behind `5 orders:`; `what` says what it will do.
    `act` does it; it may be called twice, and raises Refusal with the reason where it cannot. `follows` is the kind of
    command that the plan issues for it later; until then the order itself tells how it stands. With `reads` there is no
    command: the order's reading is what it is about, and its end says the first word (`bulk_items`). Of one that cannot
    be taken back `effect` says so; one that `asks_again` shows what it would do by then before what failed is tried
    again. `check` says what is wrong with what was chosen beside it, by field, for the markets.
    """

    key: str
    menu: str
    question: str
    button: str
    why_not: Callable[[Chosen], str]
    what: Callable[[Chosen], str]
    act: Callable[[Chosen, Asked], Done]
    follows: str = ""
    reads: bool = False
    effect: str = ""
    asks_again: bool = False
    check: Callable[[Mapping[str, str], Collection[str]], Mapping[str, str]] = lambda options, markets: {}


def _acknowledge(chosen: Chosen, asked: Asked) -> Done:
    sentence = acknowledging.acknowledge(chosen.row.id, asked.by)
    return Done(sentence, newest_command(chosen.row.sync_id, acknowledging.KIND))


def _why_not_created(chosen: Chosen) -> str:
    row = chosen.row
    if row.magento_order_id is not None:
        return "A Magento order is linked already."
    if row.status == OrderStatus.CANCELED.value:
        return "Canceled at Walmart, so no Magento order is created."
    if chosen.is_paused:
        return "The account is paused. Resume it first."
    order = order_rows.to_order(row)
    if not order.is_fulfilled_by_seller and not _creates_wfs_orders(chosen.account):
        return f"{fulfiller(order)}; {NOT_FOR_THOSE}"
    if any(waits_for_product(str(one)) for one in row.waiting_for):
        return "Waiting for a product to be linked or made; the Magento order is created by itself then."
    return ""


def _creates_wfs_orders(account: AccountRow) -> bool:
    return policy_from_json(account.settings, number_prefix=account.number_prefix).create_wfs_orders


def _what_is_created(chosen: Chosen) -> str:
    before = issued_of(CreateMagentoOrder, chosen.issued)
    if any(one.state is CommandState.PARKED for one in before):
        return "Magento refused it before; it is tried again."
    if any(one.is_under_way for one in before):
        return "It is on its way already."
    return f"{len(chosen.row.lines)} {'line' if len(chosen.row.lines) == 1 else 'lines'}."


def _create(chosen: Chosen, asked: Asked) -> Done:
    parked = parked_ids(chosen.row.sync_id, CREATE)
    if not parked:
        return Done(creation_by_hand.create_now(chosen.row.id, asked.by))
    for command_id in parked:
        outbox.retry(command_id, asked.by)
    return Done("Magento refused it before; it is tried again now.", parked[-1])


def _refresh(chosen: Chosen, asked: Asked) -> Done:
    inbox.record_wish(chosen.row.account_id, chosen.row.po, by=asked.by)
    return Done("")


def _parked(chosen: Chosen) -> list[str]:
    parked = [one for one in chosen.issued if one.state is CommandState.PARKED]
    return [one.reason for one in parked if not (one.kind == "RefundLines" and one.was_sent)]


def _retry(chosen: Chosen, asked: Asked) -> Done:
    parked = parked_ids(chosen.row.sync_id, among_others=True)
    if not parked:
        raise Refusal("Nothing of it has failed any more.")
    for command_id in parked:
        outbox.retry(command_id, asked.by)
    sentence = "It is tried again now." if len(parked) == 1 else f"{len(parked)} of its commands are tried again now."
    return Done(sentence, parked[-1])


ACTIONS: Mapping[str, Action] = {
    action.key: action
    for action in (
        Action(
            "acknowledge",
            "Acknowledge…",
            "Acknowledge {orders} at Walmart?",
            "Acknowledge",
            acknowledging.why_not,
            acknowledging.what,
            _acknowledge,
        ),
        Action(
            "create",
            "Create Magento orders…",
            "Create {orders} in Magento?",
            "Create",
            _why_not_created,
            _what_is_created,
            _create,
            follows=CREATE,
        ),
        Action(
            "ship",
            "Mark as shipped…",
            "Mark {orders} as shipped at Walmart?",
            "Mark as shipped:",
            shipping.why_not,
            shipping.what,
            shipping.ship,
            effect="Walmart charges the buyers and tells them the numbers. This cannot be taken back, only refunded.",
            check=shipping.check,
        ),
        Action(
            "resend",
            "Resend shipping…",
            "Send again what Walmart lacks of the shipments of {orders}?",
            "Resend",
            shipping.why_not_resent,
            lambda chosen: "Both sides are read; what Walmart has is not sent again.",
            shipping.resend,
        ),
        Action(
            "cancel",
            "Cancel…",
            "Cancel what is open of {orders} at Walmart?",
            "Cancel",
            cancelling.why_not,
            cancelling.what,
            cancelling.cancel,
            effect="Walmart tells the buyers and does not charge for these units. This cannot be taken back.",
            asks_again=True,
            check=cancelling.check,
        ),
        Action(
            "refresh",
            "Refresh…",
            "Read {orders} again on both sides?",
            "Refresh",
            lambda chosen: "The account is paused. Resume it first." if chosen.is_paused else "",
            lambda chosen: "Read at Walmart and in Magento.",
            _refresh,
            reads=True,
        ),
        Action(
            "retry",
            "Retry failed…",
            "Try again what failed on {orders}?",
            "Try again",
            lambda chosen: "" if _parked(chosen) else "Nothing has failed that can be tried again for many at once.",
            lambda chosen: " ".join(_parked(chosen)),
            _retry,
        ),
    )
}
"""In the order of the menu."""
