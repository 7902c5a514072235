"""`sync`: read an order on both sides, store it, ask the plan what is left, put that in the outbox."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from webapp import accounts, bulk_items, claims, clock, deaths, hints, inbox, order_rows, order_store, outbox, shops
from webapp.accounts import Account
from webapp.claims import Claim
from webapp.connectors.http import ConnectorError
from webapp.domain.commands import CreateMagentoOrder, issued_of
from webapp.domain.creation_settings import CART
from webapp.domain.order import ZERO, Order, ReturnedLine, has_gone_backwards
from webapp.domain.plan import Choices, Seen, plan
from webapp.domain.plan.seen import in_flight
from webapp.domain.policy import Policy
from webapp.domain.quantities import has_gone_backwards as shop_has_gone_backwards
from webapp.domain.retry import next_attempt
from webapp.inbox import EventState
from webapp.limits import MustWait
from webapp.neighbours import Neighbours, call_both
from webapp.order_rows import Known
from webapp.order_store import Finding, Sight
from webapp.outbox import Trial
from webapp.shops import Shop
from webapp.unit_of_work import Work, unit_of_work

log = logging.getLogger(__name__)

DOUBT = timedelta(seconds=5)
AGAIN = "It is tried again by itself."
UNKNOWN_TRIES = 5
"""How often an order that a webhook announced is asked for before the webhook is believed to be wrong."""


def sync(claim: Claim) -> None:
    """Bring one held order up to date and let it go again.

    Whatever goes wrong is recorded and tried again later; nothing is raised but `claims.Lost`.
    """
    trial = Trial()
    newest = inbox.newest_of(claim.account_id, claim.po)
    try:
        if claim.deaths >= deaths.MOST:
            _leave_unread(claim, trial, newest)
        elif claim.deaths > 1 and not claim.trouble:
            _read_apart(claim)
        else:
            _sync(claim, trial, newest)
    except claims.Lost:
        log.info("po=%s was taken over", claim.po)
    except MustWait as wait:
        _wait(claim, wait)
    except ConnectorError as error:
        _read_failed(claim, trial, error.message, error.retry_after, newest)
    except Exception as error:
        log.exception("po=%s could not be synced", claim.po)
        sentence = f"An error in Orderbridge itself ({type(error).__name__}); the server's log has the details."
        _read_failed(claim, trial, sentence, None, newest)


def judge(
    account: Account,
    sights: Sequence[Sight],
    seen_in: Mapping[str, Shop],
    returns: tuple[ReturnedLine, ...] | None = None,
) -> list[Finding]:
    """What the plan makes of each order, given Magento's side by PO, and Walmart's returns where they were read."""
    issued = outbox.issued([sight.claim.sync_id for sight in sights])
    found = []
    for sight in sights:
        seen = replace(_seen(account, sight, seen_in[sight.order.po]), returns=returns)
        mine = tuple(issued[sight.claim.sync_id])
        planned = plan(seen, account.policy, mine, clock.now())
        found.append(Finding(sight, seen, planned, mine, seen_in[sight.order.po].wake_from))
    return found


def doubt(work: Work, claim: Claim, trouble: str = "Walmart showed an older state than before; reading again.") -> None:
    """A unit seems to go backwards: believed only when a second read of the order alone says the same."""
    claims.release(work, claim, clock.now() + DOUBT, trouble=trouble, doubted=True)


def _sync(claim: Claim, trial: Trial, newest: int) -> None:
    account = accounts.by_id(claim.account_id)
    both = call_both(account, trial.calls.append, claim)
    read_at = clock.now()
    order = both.walmart.get_order(claim.po)
    if order is None:
        _unknown_at_walmart(claim, trial, newest)
        return
    known = order_rows.known(account.id, [claim.po]).get(claim.po)
    wishers = hints.wishers(account.id, claim.po, newest)
    if known is None and not wishers and not account.policy.imports(order.ordered_at):
        _pass_over(claim, order, account.policy, newest)
        return
    if known and has_gone_backwards(known.order.lines, order.lines) and not claim.is_doubted:
        with unit_of_work() as work:
            claims.check(work, claim)
            doubt(work, claim)
        return
    order = order_rows.with_first_prices(order, known.order if known else None)
    shop = shops.read_one(both.magento, account, order, known)
    shop = _once_it_can_be_seen(account, claim, known, shop)
    doubtful = _why_doubted(known, shop)
    if doubtful and not claim.is_doubted:
        with unit_of_work() as work:
            claims.check(work, claim)
            doubt(work, claim, doubtful)
        return
    sight = Sight(claim, order, known, read_at, wishers=wishers)
    findings = judge(account, [sight], {order.po: shop})
    if findings[0].planned.needs_returns:
        findings = judge(account, [sight], {order.po: shop}, _returns(both, order))
    with unit_of_work() as work:
        claims.check(work, claim)
        order_store.store(work, account, findings, newest)


def _once_it_can_be_seen(account: Account, claim: Claim, known: Known | None, shop: Shop) -> Shop:
    """An order that was only just made in Magento may not be shown yet, so that its absence tells nothing."""
    if not shop.is_gone or known is None or known.is_gone:
        return shop
    made = issued_of(CreateMagentoOrder, outbox.issued([claim.sync_id])[claim.sync_id])
    is_new = in_flight(made, account.policy, clock.now()) is not None
    return Shop(trouble=shops.NOT_SHOWN) if is_new else shop


def _why_doubted(known: Known | None, shop: Shop) -> str:
    """Why a second read has to say the same before it is believed; empty where nothing is odd."""
    if known is None:
        return ""
    if shop.is_gone and not known.is_gone:
        return shops.NOT_SHOWN
    return shops.OLD if _shop_went_backwards(known, shop) else ""


def _shop_went_backwards(known: Known, shop: Shop) -> bool:
    before, after = known.shop, shop.order
    if before is None or after is None or before.entity_id != after.entity_id:
        return False
    return shop_has_gone_backwards(before, after)


def _returns(both: Neighbours, order: Order) -> tuple[ReturnedLine, ...]:
    """What was given back through returns. Without the right to read them the order alone has to tell."""
    try:
        found = both.walmart.returns_of(order.customer_order_id)
    except ConnectorError as error:
        if not error.permanent:
            raise
        return ()
    return tuple(
        ReturnedLine(
            order.po, one.return_order_id, line.line, line.status, int(line.refunded_quantity), line.amount or ZERO
        )
        for one in found
        for line in one.lines
        if line.po == order.po
    )


def _seen(account: Account, sight: Sight, shop: Shop) -> Seen:
    known = sight.known
    return Seen(
        order=sight.order,
        shop=shop.order,
        linked_increment_id=known.magento_increment_id if known else None,
        shop_is_gone=shop.is_gone,
        shop_trouble=shop.trouble,
        products=shop.match.products,
        links=shop.match.links,
        creation_asked=known.creation_asked if known else 0,
        corrected=known.correction.address if known and known.correction else None,
        address_asked=_address_asked(known),
        store_currency=account.store.currency,
        shop_takes_stock=account.store.mode == CART and sight.order.is_fulfilled_by_seller,
        market=account.marketplace,
        behind=known.behind if known else (),
        choices=known.choices if known else Choices(),
    )


def _address_asked(known: Known | None) -> int:
    correction = known.correction if known else None
    return correction.asked if correction and correction.asked > correction.in_magento else 0


def _pass_over(claim: Claim, order: Order, policy: Policy, newest: int) -> None:
    """An order from before the day from which orders are imported is left where it is."""
    sentence = (
        f"Ordered {order.ordered_at:%Y-%m-%d %H:%M} UTC; this account imports what was ordered from "
        f"{policy.import_since:%Y-%m-%d %H:%M} UTC on. A reimport of that day brings it in."
    )
    with unit_of_work() as work:
        claims.check(work, claim)
        inbox.settle(work, claim.account_id, [claim.po], newest, EventState.IGNORED, sentence)
        claims.release(work, claim, None)


def _unknown_at_walmart(claim: Claim, trial: Trial, newest: int) -> None:
    """An order that was just announced may need a moment; one that stays unknown was never there."""
    tries = claim.tries + 1
    again_at = next_attempt(tries, clock.now(), jitter=random.random()) if tries <= UNKNOWN_TRIES else None
    if again_at is None and order_rows.find(claim.sync_id) is not None:
        # It was there: Walmart's silence about it is no reason to forget it.
        again_at = clock.now() + timedelta(days=1)
    sentence = f"Walmart does not know the purchase order {claim.po}."
    with unit_of_work() as work:
        claims.check(work, claim)
        outbox.record_read(work, claim.sync_id, trial, "failed", sentence, tries)
        if again_at is None:
            inbox.settle(work, claim.account_id, [claim.po], newest, EventState.FAILED, sentence)
        bulk_items.was_not_read(work, claim.sync_id, f"{sentence} {AGAIN}", trial.started_at)
        claims.release(work, claim, again_at, tries=tries, trouble=sentence)


def _read_apart(claim: Claim) -> None:
    """Its readers died together with those of other orders, and one of these did it: read them one by one."""
    at = clock.now() + deaths.apart(claim.deaths)
    with unit_of_work() as work:
        claims.check(work, claim)
        claims.release(
            work,
            claim,
            at,
            tries=claim.tries,
            trouble=deaths.SENTENCE,
            doubted=claim.is_doubted,
            deaths=claim.deaths,
        )


def _leave_unread(claim: Claim, trial: Trial, newest: int) -> None:
    """What takes its reader down each time must not do so for ever: from now on it has one try at a time."""
    again_at = clock.now() + timedelta(days=1)
    with unit_of_work() as work:
        claims.check(work, claim)
        outbox.record_read(work, claim.sync_id, trial, deaths.DIED, deaths.READING, claim.deaths)
        inbox.settle(work, claim.account_id, [claim.po], newest, EventState.FAILED, deaths.READING)
        bulk_items.was_not_read(work, claim.sync_id, deaths.READING, trial.started_at)
        claims.release(
            work,
            claim,
            again_at,
            tries=claim.tries,
            trouble=deaths.READING,
            doubted=claim.is_doubted,
            deaths=deaths.MOST - 1,
        )
    log.error("po=%s is left unread: its reader ended %s times in the middle", claim.po, claim.deaths)


def _wait(claim: Claim, wait: MustWait) -> None:
    """No try and no failure: the order is read when its call may go out."""
    try:
        with unit_of_work() as work:
            claims.check(work, claim)
            claims.release(
                work,
                claim,
                wait.at,
                tries=claim.tries,
                trouble=wait.message,
                doubted=claim.is_doubted,
                deaths=claim.deaths,
            )
    except claims.Lost:
        log.info("po=%s was taken over", claim.po)


def _read_failed(claim: Claim, trial: Trial, sentence: str, retry_after: timedelta | None, newest: int) -> None:
    """A read that failed is tried again for as long as it takes: a hint is never given up."""
    tries = claim.tries + 1
    now = clock.now()
    again_at = next_attempt(tries, now, jitter=random.random(), retry_after=retry_after) or now + timedelta(days=1)
    try:
        with unit_of_work() as work:
            claims.check(work, claim)
            outbox.record_read(work, claim.sync_id, trial, "failed", sentence, tries)
            bulk_items.was_not_read(work, claim.sync_id, f"{sentence} {AGAIN}", trial.started_at)
            claims.release(work, claim, again_at, tries=tries, trouble=sentence)
    except claims.Lost:
        log.info("po=%s was taken over", claim.po)
    log.warning("po=%s read failed: %s", claim.po, sentence)
