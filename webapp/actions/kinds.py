"""The actions that can be done on many orders at once: whom each passes over and why, and what it does to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from webapp import creation_by_hand, inbox, outbox
from webapp.actions import acknowledging
from webapp.actions.chosen import Chosen, newest_command, parked_ids
from webapp.domain.commands import CommandState, CreateMagentoOrder, issued_of
from webapp.domain.order import OrderStatus
from webapp.outbox import Refusal

CREATE = CreateMagentoOrder.__name__


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants it, what was chosen beside it, and the number under which one order is acted on once."""

    by: str
    request_id: str
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Done:
    """What happens now, and the command that tells what comes of it, where one went out at once."""

    sentence: str
    command_id: int | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of the Actions menu.

    `question` has a place for `{orders}`. `why_not` is empty where the action goes; `what` says what it will do.
    `act` does it; it may be called twice, and raises Refusal with the reason where it cannot. `follows` is the kind of
    command that the plan issues for it later; until then the order itself tells how it stands.
    """

    key: str
    menu: str
    question: str
    button: str
    why_not: Callable[[Chosen], str]
    what: Callable[[Chosen], str]
    act: Callable[[Chosen, Asked], Done]
    follows: str = ""


def _acknowledge(chosen: Chosen, asked: Asked) -> Done:
    sentence = acknowledging.acknowledge(chosen.row.id, asked.by)
    return Done(sentence, newest_command(chosen.row.sync_id, acknowledging.KIND))


def _why_not_created(chosen: Chosen) -> str:
    row = chosen.row
    if row.magento_order_id is not None:
        return f"Magento order {row.magento_increment_id} is linked already."
    if row.status == OrderStatus.CANCELED.value:
        return "The order is canceled at Walmart, so none is created."
    return "Its account is paused. Resume it first." if chosen.is_paused else ""


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
    return Done("Read on both sides now.")


def _parked(chosen: Chosen) -> list[str]:
    return [one.reason for one in chosen.issued if one.state is CommandState.PARKED]


def _retry(chosen: Chosen, asked: Asked) -> Done:
    parked = parked_ids(chosen.row.sync_id)
    if not parked:
        raise Refusal("Nothing of it waits for you any more.")
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
            "refresh",
            "Refresh…",
            "Read {orders} again on both sides?",
            "Refresh",
            lambda chosen: "Its account is paused. Resume it first." if chosen.is_paused else "",
            lambda chosen: "Read at Walmart and in Magento.",
            _refresh,
        ),
        Action(
            "retry",
            "Retry failed…",
            "Try again what failed on {orders}?",
            "Try again",
            lambda chosen: "" if _parked(chosen) else "Nothing of it has failed.",
            lambda chosen: " ".join(_parked(chosen)),
            _retry,
        ),
    )
}
"""In the order of the menu."""
