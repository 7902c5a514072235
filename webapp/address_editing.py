"""What a person does about an order's address: correct it, and have it changed in the Magento order too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from babel import Locale
from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from webapp import accounts, clock, order_rows, outbox, shop_facts, turns
from webapp.accounts import Account
from webapp.connectors.http import ConnectorError, Limits
from webapp.domain.commands import CommandState
from webapp.domain.corrected import LABELS, Corrected, corrected, differences, mistakes, tidy, two_letters
from webapp.domain.order import Order, OrderStatus
from webapp.domain.policy import UnknownRegion
from webapp.domain.regions import Region
from webapp.models import ChangeRow, CommandRow, OrderRow, SyncRow, db
from webapp.neighbours import call_magento_briefly
from webapp.outbox import Refusal
from webapp.queue import Bell
from webapp.turns import Wake
from webapp.unit_of_work import Work, unit_of_work

LIMITS = Limits(connect_seconds=2, total_seconds=5)
"""Somebody waits in front of the page."""
TO_MAGENTO, ONLY_HERE = "yes", "no"
NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Codes of groups of countries, of tests and of what is not known, which stand among the territories too."""


class Mistakes(Exception):
    """What was typed cannot stand: a sentence by the name of each field."""

    def __init__(self, of_fields: Mapping[str, str]) -> None:
        super().__init__("Nothing was saved. See what is wrong below.")
        self.of_fields = dict(of_fields)


class Conflict(Exception):
    """Somebody else corrected the address meanwhile."""


@dataclass(frozen=True, slots=True)
class Form:
    """An address as it stands, to be corrected: its fields as text, and which correction that is.

    `shop_number` is the Magento order that has an address already; empty where there is none.
    """

    values: Mapping[str, str]
    version: int
    shop_number: str


@cache
def countries() -> frozenset[str]:
    """The codes of countries and of what has a code of its own, such as Puerto Rico."""
    codes = {str(code) for code in Locale("en").territories}
    return frozenset(code for code in codes if len(code) == 2) - NO_COUNTRIES


def form_of(row: OrderRow) -> Form:
    """The address that holds, for a form. `row.lines` must be loaded."""
    correction = order_rows.correction(row)
    return Form(_as_text(delivered(row)), correction.version if correction else 0, shop_number(row))


def delivered(row: OrderRow) -> Order:
    """The order with the address that holds. `row.lines` must be loaded."""
    return corrected(order_rows.to_order(row), order_rows.correction(row))


def shop_number(row: OrderRow) -> str:
    """The Magento order whose address can be changed."""
    return (row.magento_increment_id or "") if row.magento_order_id is not None and not row.magento_is_gone else ""


def proposed(row: OrderRow) -> str:
    """Whether the Magento order is best changed too: labels are printed from it, so yes while anything can ship."""
    return ONLY_HERE if row.status in {OrderStatus.SHIPPED.value, OrderStatus.CANCELED.value} else TO_MAGENTO


def save(order_id: int, given: Mapping[str, str], seen: int, choice: str, by: str) -> str:
    """Put another address in place of the one that was `seen`; what follows, in a sentence.

    `choice` says whether the Magento order, where there is one, is changed too. The log names the fields for
    everybody, and what they were and are for those who see buyers' data. Raises Mistakes, Conflict or Refusal.
    """
    address, email = tidy(dict(given))
    account = _account(order_id)
    refuse = account.policy.unknown_region is UnknownRegion.REFUSE
    regions = _regions(account, address.country)
    wrong = mistakes(address, email, regions, countries=countries(), refuse_unknown=refuse)
    with unit_of_work() as work:
        row = _order(work, order_id)
        number = shop_number(row)
        if number and choice not in {TO_MAGENTO, ONLY_HERE}:
            wrong["magento"] = f"Say whether Magento order {number} is changed too."
        if wrong:
            raise Mistakes(wrong)
        before, stored = order_rows.correction(row), order_rows.to_order(row)
        if (before.version if before else 0) != seen:
            raise Conflict
        old = corrected(stored, before)
        new = replace(old, address=replace(address, address_type=stored.address.address_type), email=email)
        changes = differences(old, new)
        if not changes:
            return "Nothing is different, so nothing was changed."
        is_asked = bool(number) and choice == TO_MAGENTO
        order_rows.set_correction(row, _next(before, stored, new, by, is_asked=is_asked))
        _dismiss_former(work, row)
        _tell(work, row, by, changes, number if is_asked else "")
        _wake(work, row)
    return _goes_on(order_id, number, is_asked=is_asked, by=by)


def _next(before: Corrected | None, stored: Order, new: Order, by: str, *, is_asked: bool) -> Corrected:
    version = before.version + 1 if before else 1
    return Corrected(
        address=new.address,
        email=new.email,
        version=version,
        by=by,
        at=clock.now(),
        walmart=stored.address,
        walmart_email=stored.email,
        asked=version if is_asked else 0,
        in_magento=before.in_magento if before else 0,
    )


def ask_magento(order_id: int, by: str) -> str:
    """Have the Magento order changed to the corrected address; what follows. Raises Refusal where it cannot be."""
    with unit_of_work() as work:
        row = _order(work, order_id)
        kept, number = order_rows.correction(row), shop_number(row)
        if kept is None or not number:
            raise Refusal("There is no corrected address and Magento order to go together; reload the page.")
        if kept.in_magento >= kept.version:
            raise Refusal(f"Magento order {number} has this address already.")
        order_rows.set_correction(row, replace(kept, asked=kept.version))
        said = f"Change the address of Magento order {number} too: asked for by hand."
        work.add(ChangeRow(sync_id=row.sync_id, at=clock.now(), kind="person", by=by, sentence=said))
        _wake(work, row)
    return f"The address of Magento order {number} is changed {_when(order_id)}."


def regions_known(row: OrderRow, store_id: int) -> tuple[Region, ...]:
    """The regions of the order's country, as far as the shop was asked for them before."""
    known = shop_facts.get(store_id, f"regions:{two_letters(delivered(row).address.country)}")
    return tuple(Region(**one) for one in known[0]["regions"]) if known else ()


def _as_text(order: Order) -> dict[str, str]:
    address = order.address
    found = {name: str(getattr(address, name)) for name in LABELS if name != "email"}
    return found | {"country": two_letters(address.country), "email": order.email}


def _account(order_id: int) -> Account:
    account_id = db.session.execute(select(OrderRow.account_id).where(OrderRow.id == order_id)).scalar_one_or_none()
    if account_id is None:
        raise Refusal("This order is not known any more; reload the page.")
    return accounts.by_id(account_id)


def _regions(account: Account, country: str) -> tuple[Region, ...] | None:
    """What the shop knows of the country; None where it cannot say just now: creation judges it once more."""
    if len(country) != 2:
        return None
    magento = call_magento_briefly(account.store, LIMITS)
    try:
        return shop_facts.regions(account.store.id, magento, country)
    except ConnectorError:
        return None


def _order(work: Work, order_id: int) -> OrderRow:
    """The order, locked: what is read of it holds until it is written. Its turn first, as workers lock them."""
    turn = select(SyncRow.id).join(OrderRow, OrderRow.sync_id == SyncRow.id).where(OrderRow.id == order_id)
    work.execute(turn.with_for_update(of=SyncRow))
    wanted = select(OrderRow).where(OrderRow.id == order_id).options(selectinload(OrderRow.lines))
    locked = wanted.with_for_update(of=OrderRow).execution_options(populate_existing=True)
    row: OrderRow | None = work.execute(locked).scalar_one_or_none()
    if row is None:
        raise Refusal("This order is not known any more; reload the page.")
    if row.buyer_erased_at is not None:
        raise Refusal("The buyer’s data was erased, and stays so.")
    return row


def _dismiss_former(work: Work, row: OrderRow) -> None:
    """What waits for a person with a former correction waits in vain."""
    parked = update(CommandRow).where(CommandRow.sync_id == row.sync_id, CommandRow.kind == "UpdateMagentoAddress")
    ends = {"state": CommandState.DISMISSED, "ended_at": clock.now(), "reason": "The address was corrected once more."}
    work.execute(parked.where(CommandRow.state == CommandState.PARKED).values(**ends))


def _tell(work: Work, row: OrderRow, by: str, changes: list[tuple[str, str, str]], number: str) -> None:
    fields = ", ".join(label.lower() for label, _, _ in changes)
    also = f" Magento order {number} is to be changed too." if number else ""
    told = "\n".join(f"{label}: {old or '—'} → {new or '—'}" for label, old, new in changes)
    sentence = f"Corrected the address: {fields}.{also}"
    now = clock.now()
    work.add(ChangeRow(sync_id=row.sync_id, at=now, kind="person", by=by, sentence=sentence, private=told))


def _wake(work: Work, row: OrderRow) -> None:
    row.changed_at = clock.now()
    turns.wake(work, [Wake(row.account_id, row.po, clock.now())])
    work.ring(Bell.INBOUND)


def _when(order_id: int) -> str:
    """From when on the Magento order can have it: nothing is sent to a shop that is away, or of a paused account."""
    account = _account(order_id)
    if account.is_paused:
        return f"once its {'store' if account.store.is_paused else 'account'} is resumed"
    return "once Magento answers" if account.store.is_failing else "next"


def _goes_on(order_id: int, number: str, *, is_asked: bool, by: str) -> str:
    """What the correction leads to. A creation that waits for a person is tried with it at once."""
    if number:
        goes = f"is changed {_when(order_id)}" if is_asked else "stays"
        return f"Saved here. Magento order {number} {goes}."
    parked = (
        select(CommandRow.id)
        .join(OrderRow, OrderRow.sync_id == CommandRow.sync_id)
        .where(OrderRow.id == order_id, CommandRow.kind == "CreateMagentoOrder")
        .where(CommandRow.state == CommandState.PARKED)
    )
    waiting = list(db.session.execute(parked).scalars())
    for command_id in waiting:
        outbox.retry(command_id, by)
    return "Saved. The Magento order is tried again with it." if waiting else "Saved. The Magento order gets this one."
