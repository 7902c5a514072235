"""Orders driven at random through whole lives on both sides at once, by one seed, while all around fails."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from sandbox.magento_errors import MagentoError
from sandbox.walmart_errors import Refused
from sandbox.walmart_spec import BadOrder
from tests import in_turn
from tests.dying import dies
from tests.house import House
from tests.journeys.both_ways import MUG, at_walmart, credited_in_magento, in_magento, log, number, refunded_at_walmart
from tests.working import carry_out
from webapp import claims, clock, orders, outbox
from webapp.domain.commands import CommandState
from webapp.domain.plan.case import MARK, REFUND
from webapp.models import db

ONE = Decimal("12.88")
"""A mug with its tax."""
FAULTS = ("status", "cut_before", "cut_after")
ROUNDS = 8
QUIET_AFTER = 3
"""So many looks are taken at least once all faults have ended."""
NO = (MagentoError, Refused, BadOrder)
"""How a side says that an act is impossible."""


@dataclass
class Chaos:
    """A house, its orders, and the dice."""

    house: House
    dice: random.Random
    work: Callable[[House], None] = in_turn.work
    pos: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def live(self, count: int) -> None:
        """Let so many orders come and be acted upon, then let it grow quiet."""
        for _ in range(count):
            self.pos.append(self._place())
        for _ in range(ROUNDS):
            self._break_things()
            for po in self.dice.sample(self.pos, max(len(self.pos) // 2, 1)):
                for _ in range(self.dice.choice((1, 1, 2, 3))):
                    self._act(po)
            self._work()
        self._grow_quiet()

    def _place(self) -> str:
        lines = [
            {"sku": MUG, "quantity": self.dice.choice((1, 2, 2, 3)), "price": 11.90, "tax": 0.98, "split": bool(n % 2)}
            for n in range(self.dice.choice((1, 1, 2)))
        ]
        po = self.house.walmart.place_order(lines=lines, po=f"197{self.dice.randrange(10**10):010d}")
        self._tell(po)
        return po

    def _tell(self, po: str) -> None:
        """A webhook, sometimes twice; the sender's repeats carry one id."""
        event = f"event-{self.dice.random()}"
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            assert self.house.post_webhook(po, event_id=event) == 200

    def _break_things(self) -> None:
        for side in (self.house.walmart, self.house.magento):
            side.clear_faults()
            for kind in FAULTS:
                side.fault(kind, chance=0.034, path="/v3/orders|/rest/")
            if self.dice.random() < 0.25:
                side.fault("stale_reads", method="GET", seconds=self.dice.choice((0.2, 1, 3)))

    def _act(self, po: str) -> None:
        act = self.dice.choice(ACTS)
        with suppress(*NO):
            act(self, po)
            self.done[act.__name__] += 1
        if self.dice.random() < 0.8:
            if self.dice.random() < 0.5:
                self._tell(po)
            else:
                self.house.wish(po)

    def _work(self) -> None:
        """Workers work, and some of them die."""
        for po in self.dice.sample(self.pos, min(max(2, len(self.pos) // 4), len(self.pos))):
            task: Callable[[claims.Claim], None] = self.dice.choice((carry_out, orders.sync))
            with suppress(AssertionError):
                self.done["killed"] += dies(self.house, po, self.dice.randint(1, 14), task)
        self.pass_time(seconds=self.dice.choice((1, 10, 70, 300)))

    def pass_time(self, **by: float) -> None:
        """Work off what is due, and what has fallen due when so much time has gone by."""
        self.work(self.house)
        clock.move(timedelta(**by))
        self.work(self.house)

    def _grow_quiet(self) -> None:
        """Faults end, and whoever waits for an answer looks again; a person has what is parked tried again."""
        self.house.walmart.clear_faults()
        self.house.magento.clear_faults()
        for passed, minutes in enumerate((1, 3, 16, 16, 5, 20, 60)):
            if passed >= QUIET_AFTER and not self._unfinished():
                return
            for po in self.pos:
                self.house.wish(po)
            self._try_parked_again()
            self.pass_time(minutes=minutes)

    def _unfinished(self) -> bool:
        states = {row.state for po in self.pos for row in self.house.commands(po)}
        return bool(states & {CommandState.QUEUED, CommandState.RUNNING, CommandState.PARKED})

    def _try_parked_again(self) -> None:
        with self.house.app.app_context():
            for po in self.pos:
                for row in self.house.commands(po):
                    if row.state == CommandState.PARKED and row.kind != "AskAboutMemo":
                        outbox.retry(row.id, "a person")
            db.session.remove()


def ship_in_shop(chaos: Chaos, po: str) -> None:
    tracks = [
        {"track_number": f"1Z999AA1{chaos.dice.randrange(10**10):010d}", "carrier_code": "ups", "title": "UPS"}
        for _ in range(chaos.dice.choice((0, 1, 1, 1, 2)))
    ]
    chaos.house.magento.ship(number(po), {MUG: chaos.dice.choice((1, 1, 2, 3))}, tracks)


def track_in_shop(chaos: Chaos, po: str) -> None:
    chaos.house.magento.track(number(po), f"1Z999AA1{chaos.dice.randrange(10**10):010d}", "ups", "UPS")


def correct_in_shop(chaos: Chaos, po: str) -> None:
    tracks = [track for one in chaos.house.magento.shipments(number(po)) for track in one["tracks"]]
    if tracks:
        chaos.house.magento.replace_track(number(po), tracks[0]["track_number"], f"1Z{chaos.dice.randrange(10**16)}")


def credit_in_shop(chaos: Chaos, po: str) -> None:
    chaos.house.magento.refund(number(po), {MUG: chaos.dice.choice((1, 1, 2))})


def adjust_in_shop(chaos: Chaos, po: str) -> None:
    chaos.house.magento.refund(number(po), None, adjustment_positive=chaos.dice.choice((1, 3, 4.25)))


def cancel_in_shop(chaos: Chaos, po: str) -> None:
    chaos.house.magento.cancel(number(po))


def ship_at_walmart(chaos: Chaos, po: str) -> None:
    chaos.house.walmart.act(po, "ship", line=str(chaos.dice.choice((1, 2))), tracking=f"W{chaos.dice.randrange(10**9)}")


def cancel_at_walmart(chaos: Chaos, po: str) -> None:
    chaos.house.walmart.act(po, "cancel", line=str(chaos.dice.choice((1, 2))))


def refund_at_walmart(chaos: Chaos, po: str) -> None:
    part = {"amount": 2.5} if chaos.dice.random() < 0.4 else {}
    chaos.house.walmart.act(po, "refund", line=str(chaos.dice.choice((1, 2))), **part)


def ask_to_cancel(chaos: Chaos, po: str) -> None:
    chaos.house.walmart.act(po, "intent_to_cancel", line=str(chaos.dice.choice((1, 2))))


def auto_cancel(chaos: Chaos, po: str) -> None:
    if chaos.dice.random() < 0.3:
        chaos.house.walmart.act(po, chaos.dice.choice(("auto_cancel", "fraud_cancel")))


def deliver(chaos: Chaos, po: str) -> None:
    chaos.house.walmart.act(po, "deliver")


ACTS = (
    *(ship_in_shop, ship_in_shop, ship_in_shop, track_in_shop, correct_in_shop),
    *(credit_in_shop, credit_in_shop, adjust_in_shop, cancel_in_shop),
    *(ship_at_walmart, cancel_at_walmart, refund_at_walmart, ask_to_cancel, auto_cancel, deliver),
)


def wrongs(house: House, po: str) -> list[str]:
    """What is wrong with an order by the ledgers of both sides; empty where all is well, or said to be otherwise."""
    shown, states = house.shown(po), {row.state for row in house.commands(po)}
    if set(at_walmart(house, po)) == {"Cancelled"} and not house.effects("order_create", number(po)):
        return [] if shown["status"] == "Canceled" else ["canceled before it was made, and not shown so"]
    found = [f"{effect} {len(times)} times" for effect, times in _once(house, po).items() if len(times) != 1]
    if states & {CommandState.QUEUED, CommandState.RUNNING}:
        found.append("something is still under way")
    said = [shown["attention"], *shown["waiting_for"], *_remarks(house, po)]
    if not any(said):
        found += _differences(house, po)
    return [*found, *_too_much(house, po)]


def _once(house: House, po: str) -> dict[str, list[str]]:
    once = {"order_create": house.effects("order_create", number(po))}
    if "Cancelled" not in at_walmart(house, po):
        lines = [line for one in house.walmart.ledger.entries("acknowledge", po) for line in one["detail"]["lines"]]
        once |= {f"acknowledge line {line}": [line] * lines.count(line) for line in lines}
    return once


def _remarks(house: House, po: str) -> list[str]:
    return [line for line in log(house, po).splitlines() if "that no credit memo in Magento tells of" in line]


def _differences(house: House, po: str) -> list[str]:
    """Units that one side has and the other lacks, and money."""
    walmart, shop = at_walmart(house, po), in_magento(house, po)
    shipped = walmart.get("Shipped", 0) + walmart.get("Delivered", 0)
    cancelled, found = walmart.get("Cancelled", 0), []
    # What one side shipped and the other did not is made good where the shop credited it: it was paid back, or, where
    # Walmart had cancelled it, never paid. The money tells.
    if abs(shipped - shop["shipped"]) > shop["refunded"]:
        found.append(f"shipped {shipped} at Walmart, {shop['shipped']} in Magento")
    # What was cancelled before the Magento order was made never became a part of it.
    never_there = sum(walmart.values()) - sum(
        int(item["qty_ordered"]) for item in house.magento.order(number(po))["items"]
    )
    given_up = cancelled - never_there - shop["canceled"] - _ours(house, po, "units")
    wanted = credited_in_magento(house, po) - _ours(house, po, "money") - given_up * ONE
    if wanted != refunded_at_walmart(house, po):
        found.append(f"refunded {refunded_at_walmart(house, po)} at Walmart, {wanted} in Magento")
    return found


def _ours(house: House, po: str, what: str) -> Decimal:
    """Of the memos that were made here for what Walmart cancelled: their units, or their money."""
    total = Decimal(0)
    for memo in house.magento.creditmemos(number(po)):
        comments = " ".join(one["comment"] for one in memo.get("comments", []))
        if MARK in comments and f"{MARK}{REFUND}" not in comments:
            units = sum((Decimal(str(item["qty"])) for item in memo["items"]), Decimal(0))
            total += units if what == "units" else Decimal(str(memo["grand_total"]))
    return total


def _too_much(house: House, po: str) -> list[str]:
    """Whatever is said: nobody is paid more than he paid, and nothing is sent that nobody asked for."""
    shop, units = in_magento(house, po), sum(at_walmart(house, po).values())
    told = [one for one in house.walmart.ledger.entries("refund", po) if one["detail"]["by"] == "api"]
    sent = sum((Decimal(a) + Decimal(t) for one in told for a, t in one["detail"]["charges"].values()), Decimal(0))
    ours = sum(MARK in str(one.get("comments")) for one in house.magento.shipments(number(po)))
    shipped = len([one for one in house.walmart.ledger.entries("ship", po) if one["detail"]["by"] == "api"])
    found = []
    if refunded_at_walmart(house, po) > units * ONE or sent > credited_in_magento(house, po):
        found.append(f"refunded {refunded_at_walmart(house, po)} in all, {sent} from here")
    if shipped and shop["shipped"] == 0 or shipped + ours > 3 * max(shop["shipped"], 1):
        found.append(f"told of {shipped} shipments, made {ours} of {shop['shipped']} units")
    return found
