"""What can be done with an order by hand: a button for what is allowed, the reason for what is not, the best on top."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for

from webapp import by_hand, order_rows
from webapp.by_hand import Options
from webapp.domain.commands import Issued
from webapp.domain.order import Order
from webapp.domain.plan.asking import Ask, ask_of, carrier_of
from webapp.models import AccountRow, OrderRow
from webapp.people import Role
from webapp.views import door, order_parcels, order_undone


@dataclass(frozen=True, slots=True)
class Act:
    """One act: a link that opens its form, or (`is_post`) a button that does it. `why_not` is empty where it goes."""

    key: str
    words: str
    url: str
    why_not: str = ""
    meaning: str = ""
    is_post: bool = False
    is_primary: bool = False
    sends: tuple[tuple[str, str], ...] = ()


def shown(row: OrderRow, account: AccountRow, order: Order, attention: str, issued: Sequence[Issued]) -> dict[str, Any]:
    """What the order's page shows of acts by hand and of what came of them."""
    options = by_hand.options_of(row, account, issued)
    shop, choices, behind = order_rows.to_shop(row), order_rows.choices(row), order_rows.way_back(row)
    zone = account.store.time_zone
    return {
        "acts": acts(row, account, options),
        "steps": steps(row, account, options, attention),
        "parcels": order_parcels.parcels(order, shop, behind, issued, row.waiting_for, choices.deals, zone),
        "undone": order_undone.undone(order, shop, issued, choices),
    }


def acts(row: OrderRow, account: AccountRow, options: Options) -> list[Act]:
    """Everything that can be done with any order, in the order in which it is shown."""
    return [
        _act(row, account, "ship", "Mark as shipped…", "order_ship.ask", options.ship),
        _act(row, account, "cancel", "Cancel…", "order_cancel.ask", options.cancel),
        _act(row, account, "refund", "Refund…", "order_refund.ask", options.refund),
        Act(
            "resend",
            "Resend shipping",
            _url(row, account, "order_ship.resend"),
            options.resend,
            "Read both sides, and send what Walmart lacks of the Magento shipments",
            is_post=True,
        ),
    ]


def steps(row: OrderRow, account: AccountRow, options: Options, attention: str) -> list[Act]:
    """The next best acts for what needs a person; the best one first."""
    asked = ask_of(attention) if attention else None
    answers = _answers(row, account, options) if asked is Ask.ANSWER or row.wants_to_cancel else []
    found: Iterable[Act]
    match asked:
        case Ask.CARRIER:
            ship = _act(row, account, "ship", "Mark as shipped…", "order_ship.ask", options.ship)
            found = [*answers, *_setting(account, "Map the carrier", **_mapping(attention)), ship]
        case Ask.REASON:
            cancel = _act(row, account, "cancel", "Cancel with a reason…", "order_cancel.ask", options.cancel)
            found = [*answers, cancel, *_setting(account, "Choose one for all", _anchor="g-cancels")]
        case Ask.LATE:
            ship = _act(row, account, "ship", "Mark as shipped…", "order_ship.ask", options.ship)
            found = [*answers, ship, _act(row, account, "cancel", "Cancel…", "order_cancel.ask", options.cancel)]
        case Ask.ELSE if row.magento_order_id is not None:
            found = [*answers, _settled(row, account, attention)]
        case _:
            found = answers
    can = [one for one in found if not one.why_not]
    return [replace(one, is_primary=at == 0) for at, one in enumerate(can)]


def _answers(row: OrderRow, account: AccountRow, options: Options) -> list[Act]:
    return [
        Act(
            "accept",
            "Accept: cancel it…",
            _url(row, account, "order_cancel.ask_to_accept"),
            options.answer or options.anyway,
            "Cancel these units at Walmart, as the buyer asked; it is asked once more",
        ),
        Act(
            "anyway",
            "Ship anyway",
            _url(row, account, "order_cancel.ship_anyway"),
            options.anyway,
            "Let it be shipped although the buyer asked to cancel",
            is_post=True,
        ),
    ]


def _settled(row: OrderRow, account: AccountRow, sentence: str) -> Act:
    url = _url(row, account, "order_decide.settle")
    meaning = "You have seen to it; it is not asked for again"
    return Act("settle", "I have dealt with it", url, meaning=meaning, is_post=True, sends=(("sentence", sentence),))


def _setting(account: AccountRow, words: str, **where: Any) -> list[Act]:
    """Where it is settled for all orders; settings are for admins."""
    if not door.me().may(Role.ADMIN):
        return []
    return [Act("setting", words, url_for("account_orders.show", key=account.key, **where))]


def _mapping(attention: str) -> dict[str, str]:
    """Where the carrier is mapped: in a row of its own, which has the focus, or among all where it has no name."""
    carrier = carrier_of(attention)
    return {"carrier": carrier} if carrier else {"_anchor": "g-shipments"}


def _act(row: OrderRow, account: AccountRow, key: str, words: str, endpoint: str, why_not: str) -> Act:
    return Act(key, words, _url(row, account, endpoint), why_not)


def _url(row: OrderRow, account: AccountRow, endpoint: str) -> str:
    return url_for(endpoint, account_key=account.key, po=row.po)
