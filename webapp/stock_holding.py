"""Stock held for an order that waits: taken from the sources' quantities, and given back to them, each exactly once.

Magento sets quantities, it does not add to them, so what a call shall leave there is kept before it goes out: after a
lost answer the quantity itself tells whether it arrived. Orders of one shop take turns at a SKU; what somebody else
writes between our reading and writing, a moment apart, is lost as with any program that sets stock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from webapp import clock, sku_turns, sources
from webapp.connectors.http import ConnectorError
from webapp.connectors.magento_stock import AtSource
from webapp.domain.commands import CommandState, ReleaseStock, ReserveStock, Side
from webapp.domain.plan.reserving import MOVES
from webapp.effects import SENT, Effect, effect_of
from webapp.limits import MustWait
from webapp.models import AccountRow, CommandRow, StoreRow, SyncRow, db
from webapp.outbox import Outcome, Refusal
from webapp.scene import Scene

SOON = timedelta(seconds=5)
DOING = "changing the stock of"
Move = dict[str, Any]
"""One source's change: `source`, how many units (`quantity`), and its quantity `before` and `after`, as texts;
`in_stock` where it is given back."""


def reserve(scene: Scene, command: ReserveStock) -> Outcome:
    """Take the units, or as many as lie there. Raises ConnectorError, Refusal or MustWait."""
    with _turn(scene, command.sku) as effect:
        lying = _lying(scene, command.sku, _sources(scene))
        moves = list(_taken(lying, command.quantity))
        if not effect.was_sent and not moves:
            return Outcome(f"Nothing of {command.sku} lies in Magento that could be held.")
        return Outcome(f"Held of {command.sku}: {_in_words(_make(scene, effect, command.sku, lying, moves))}.")


def release(scene: Scene, command: ReleaseStock) -> Outcome:
    """Give back what was taken. Raises ConnectorError, Refusal or MustWait."""
    with _turn(scene, command.sku) as effect:
        taken = _moves_of(scene, command.reservation)
        lying = _lying(scene, command.sku, [one["source"] for one in taken])
        gone = [one for one in taken if one["source"] not in lying]
        if gone:
            raise Refusal(
                f"{command.sku} is not at source {', '.join(one['source'] for one in gone)} any more, so nothing was "
                f"given back of what was taken: {_in_words(taken)}. Put the units where they belong in Magento, then "
                "give this up."
            )
        moves = list(_given_back(taken, lying))
        done = _in_words(_make(scene, effect, command.sku, lying, moves))
        return Outcome(f"Gave back of {command.sku}: {done}, since {command.because}.")


def held_by(account_id: int) -> tuple[str, ...]:
    """What the account's orders took from the shop's stock and nobody gave back, or may have taken, in words."""
    mine = select(CommandRow, SyncRow.po).join(SyncRow, SyncRow.id == CommandRow.sync_id)
    kinds = CommandRow.kind.in_((ReserveStock.__name__, ReleaseStock.__name__))
    rows = db.session.execute(mine.where(SyncRow.account_id == account_id, kinds).order_by(CommandRow.id)).all()
    ended = {
        (row.sync_id, row.arguments["reservation"])
        for row, _ in rows
        if row.kind == ReleaseStock.__name__ and (row.state == CommandState.DONE or row.dismissed_by)
    }
    return tuple(
        f"order {po}: {row.arguments['sku']}, {_in_words(moves)}"
        for row, po in rows
        if (moves := _perhaps_taken(row)) and (row.sync_id, row.cause) not in ended
    )


def _perhaps_taken(row: CommandRow) -> list[Move]:
    kept = row.frozen or {}
    is_taking = row.kind == ReserveStock.__name__ and kept.get(SENT) and not row.dismissed_by
    return list(kept.get(MOVES, [])) if is_taking else []


def before_creation(scene: Scene) -> None:
    """A cart takes the stock itself, so what is held is given back first. Raises MustWait meanwhile."""
    rows = db.session.execute(
        select(CommandRow).where(
            CommandRow.sync_id == scene.claim.sync_id,
            CommandRow.kind.in_((ReserveStock.__name__, ReleaseStock.__name__)),
        )
    ).scalars()
    held, ended = set[str](), set[str]()
    for row in rows:
        if row.kind == ReserveStock.__name__ and row.state == CommandState.DONE and (row.frozen or {}).get(MOVES):
            held.add(row.cause)
        is_asked_no_more = row.state in {CommandState.DONE, CommandState.PARKED} or bool(row.dismissed_by)
        if row.kind == ReleaseStock.__name__ and is_asked_no_more:
            ended.add(row.arguments["reservation"])
    if held - ended:
        raise MustWait("The stock that is held for it is given back first.", clock.now() + SOON)


@contextmanager
def _turn(scene: Scene, sku: str) -> Iterator[Effect]:
    """Nobody else here changes this SKU's stock meanwhile, nor while it is in doubt whether we did."""
    sku_turns.take(scene, sku, DOING)
    effect = effect_of(scene)
    try:
        yield effect
    except ConnectorError as error:
        # A read that fails after a lost answer is not doubtful itself, but leaves the doubt as it was.
        if not error.doubtful and not effect.was_sent:
            sku_turns.let_go(scene, sku)
        raise
    except Refusal:
        sku_turns.let_go(scene, sku)
        raise
    sku_turns.let_go(scene, sku)


def _sources(scene: Scene) -> tuple[str, ...]:
    """The sources that the store view sells from, in the order in which they are drawn on."""
    _, codes = sources.known(scene.account.store, scene.both.magento)
    if not codes:
        raise Refusal(
            "The shop does not tell its sources. Give the integration the rights to sources and stocks (Stores > "
            "Inventory), then try again."
        )
    return codes


def _lying(scene: Scene, sku: str, codes: Sequence[str]) -> dict[str, AtSource]:
    found = scene.both.magento.stock.at_each(sku, codes)
    return {code: found[code] for code in codes if code in found}


def _taken(lying: Mapping[str, AtSource], quantity: int) -> Iterator[Move]:
    left = Decimal(quantity)
    for source, there in lying.items():
        amount = min(left, max(there.quantity, Decimal(0))) if there.is_in_stock else Decimal(0)
        if amount:
            left -= amount
            yield _move(source, amount, there.quantity, -amount)


def _given_back(moves: list[Move], lying: Mapping[str, AtSource]) -> Iterator[Move]:
    """Where nothing was left, the holding is why it counts as out of stock; else that stays as somebody set it."""
    for one in moves:
        there, amount = lying[one["source"]], Decimal(one["quantity"])
        is_in_stock = there.is_in_stock or there.quantity <= 0
        yield _move(one["source"], amount, there.quantity, amount) | {"in_stock": is_in_stock}


def _move(source: str, quantity: Decimal, before: Decimal, change: Decimal) -> Move:
    return {"source": source, "quantity": str(quantity), "before": str(before), "after": str(before + change)}


def _make(scene: Scene, effect: Effect, sku: str, lying: Mapping[str, AtSource], moves: list[Move]) -> list[Move]:
    """Set the quantities; what an earlier try set is adopted. Returns what was done."""
    if effect.was_sent:
        sent: list[Move] = effect.kept[MOVES]
        if _others_moved_since(scene, sku, effect.kept[SENT][-1]):
            raise Refusal(
                f"Magento did not answer whether it changed the stock of {sku} ({_in_words(sent)}), and another order "
                "changed it since, so its quantities cannot tell. Put them right in Magento, then give this up, or say "
                "that it did not arrive."
            )
        if _shows(lying, sent, "after"):
            return sent
        if not _shows(lying, sent, "before"):
            raise Refusal(
                f"Magento did not answer whether it changed the stock of {sku} ({_in_words(sent)}), and it shows other "
                "quantities by now. Put them right in Magento, then give this up, or say that it did not arrive."
            )
        effect.prove_absent(scene.account.policy.settle_after, Side.MAGENTO, f"The change of the stock of {sku}")
    wanted = {one["source"]: AtSource(Decimal(one["after"]), one.get("in_stock", True)) for one in moves}
    effect.send({MOVES: moves}, lambda: scene.both.magento.stock.set_at_each(sku, wanted))
    return moves


def _others_moved_since(scene: Scene, sku: str, since: str) -> bool:
    """A change of another order may have gone out after ours: a turn ends by itself while a shop stays unreadable."""
    perhaps = (
        select(CommandRow.frozen, StoreRow.url)
        .join(SyncRow, SyncRow.id == CommandRow.sync_id)
        .join(AccountRow, AccountRow.id == SyncRow.account_id)
        .join(StoreRow, StoreRow.id == AccountRow.store_id)
        .where(
            CommandRow.kind.in_((ReserveStock.__name__, ReleaseStock.__name__)),
            CommandRow.id != scene.task.id,
            CommandRow.first_sent_at.is_not(None),
            or_(CommandRow.ended_at.is_(None), CommandRow.ended_at >= datetime.fromisoformat(since)),
            CommandRow.arguments["sku"].as_string() == sku,
        )
    )
    shop = sku_turns.shop_at(scene.account.store.connection.url)
    mine = [kept or {} for kept, url in db.session.execute(perhaps) if sku_turns.shop_at(url) == shop]
    return any(at >= since for kept in mine for at in kept.get(SENT, []))


def _shows(lying: Mapping[str, AtSource], moves: list[Move], when: str) -> bool:
    there = {source: one.quantity for source, one in lying.items()}
    return all(there.get(one["source"]) == Decimal(one[when]) for one in moves)


def _moves_of(scene: Scene, reservation: str) -> list[Move]:
    mine = select(CommandRow).where(
        CommandRow.sync_id == scene.claim.sync_id,
        CommandRow.kind == ReserveStock.__name__,
        CommandRow.cause == reservation,
    )
    row = db.session.execute(mine).scalar_one()
    return list((row.frozen or {}).get(MOVES, []))


def _in_words(moves: list[Move]) -> str:
    return ", ".join(
        f"{_number(one['quantity'])} at source {one['source']} ({_number(one['before'])} → {_number(one['after'])})"
        for one in moves
    )


def _number(text: str) -> str:
    return f"{Decimal(text).normalize():f}"
