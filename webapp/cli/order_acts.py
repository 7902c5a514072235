"""What the order's page can do, on the command line: `orders ship`, `cancel`, `refund`, `retry` and so on."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from decimal import Decimal

import click
from flask.cli import with_appcontext

from webapp import accounts, by_hand, outbox
from webapp.actions.chosen import parked_ids
from webapp.by_hand import Left, Parcel, left_to_refund
from webapp.by_hand.allowing import why_not_answered
from webapp.by_hand.finding import Found, of_row, ready_units, refuse, wanted_canceled
from webapp.by_hand.refunding import judge
from webapp.by_hand.shipping import SEND_ANYWAY
from webapp.cli.orders import for_account, order_of
from webapp.cli.saying import as_json, fail, plainly, show
from webapp.domain.amounts import OtherCurrency, amount_of, money
from webapp.domain.order import ZERO, Charge
from webapp.domain.outgoing import contents
from webapp.domain.reasons import REFUND_REASONS, cancel_reasons
from webapp.domain.shop import Units
from webapp.models import AccountRow, OrderRow, db

BY = "command line"

for_request = click.option("--request", default="", help="Your own number for this: sent twice, it is done once.")


def command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command about one order, with the options that all of them have."""

    def made(function: Callable[..., None]) -> click.Command:
        plain = with_appcontext(plainly(as_json(for_account(function))))
        return click.command(name)(click.argument("po")(plain))

    return made


@command("ship")
@click.option("--line", "given", multiple=True, help="LINE=UNITS; without it, all that is ready.")
@click.option("--carrier", required=True, help="Walmart's name of it, or your own with --url.")
@click.option("--number", required=True, help="The tracking number.")
@click.option("--url", default="", help="Where a parcel of a carrier that Walmart does not list is tracked.")
@click.option("--method", default="", help="Walmart's shipping method; else the order's own.")
@click.option("--anyway", is_flag=True, help="Also lines whose buyer asked to cancel.")
@click.option("--sure", is_flag=True, help="Also under a number that is no usual one, or that is used already.")
@for_request
def ship(
    po: str,
    given: tuple[str, ...],
    carrier: str,
    number: str,
    url: str,
    method: str,
    anyway: bool,
    sure: bool,
    request: str,
    account_name: str,
    as_json: bool,
) -> None:
    """Tell Walmart that units have left in one parcel."""
    account, row = order_of(po, account_name)
    judged = _judged(row)
    units = {line: _units(text, "--line 1=2") for line, text in _pairs(row, given, "1=2").items()}
    wanted = units or {line: count for line, count in ready_units(judged).items() if count}
    parcel = Parcel(carrier, number, url, method)
    try:
        sentence = by_hand.ship(row.id, wanted, parcel, BY, _request(request), anyway=anyway, sure=sure)
    except by_hand.Mistakes as mistakes:
        fail(str(mistakes).replace(SEND_ANYWAY, "Look for a slip, or add --sure."))
    _say(account, po, sentence, as_json)


@command("cancel")
@click.option("--line", "given", multiple=True, required=True, help="LINE=UNITS or LINE=UNITS:REASON.")
@click.option("--reason", default="", help="Walmart's reason, for lines without one of their own.")
@for_request
def cancel(po: str, given: tuple[str, ...], reason: str, request: str, account_name: str, as_json: bool) -> None:
    """Cancel open units at Walmart."""
    account, row = order_of(po, account_name)
    lines = {}
    for line, text in _pairs(row, given, "1=1:REASON").items():
        units, _, own = text.partition(":")
        lines[line] = (_units(units, "--line 1=1:REASON"), own or reason)
    known = [one.code for one in cancel_reasons(account.marketplace)]
    unknown = sorted({why or "none" for _, why in lines.values()} - set(known))
    if unknown:
        fail(f"Walmart takes one of these reasons, not {', '.join(unknown)}: {', '.join(known)}.")
    _say(account, po, by_hand.cancel(row.id, lines, BY, _request(request)), as_json)


@command("refund")
@click.option("--line", "given", multiple=True, required=True, help="LINE=all, LINE=AMOUNT, LINE=KIND:AMOUNT:TAX,…")
@click.option("--reason", required=True, help="Walmart's reason, as it spells it.")
@click.option("--comment", default="", help="A word for Walmart.")
@click.option("--yes", "is_sure", is_flag=True, help="Without it, only what would be given back is said.")
@for_request
def refund(
    po: str,
    given: tuple[str, ...],
    reason: str,
    comment: str,
    is_sure: bool,
    request: str,
    account_name: str,
    as_json: bool,
) -> None:
    """Give the buyer money back on what has shipped; without --yes it is only said."""
    account, row = order_of(po, account_name)
    if reason not in REFUND_REASONS:
        fail(f"Walmart takes one of these reasons, not {reason}: {', '.join(REFUND_REASONS)}.")
    left = {one.line.number: one for one in left_to_refund(_judged(row))}
    amounts = {
        line: _charges(left.get(line), line, text, row.currency) for line, text in _pairs(row, given, "1=all").items()
    }
    if is_sure:
        _say(account, po, by_hand.refund(row.id, amounts, reason, comment, BY, _request(request)), as_json)
        return
    total = sum((one.total for one in judge(_judged(row), amounts, reason, comment)), ZERO)
    beyond, widened = by_hand.widened(row, amounts)
    sentence = " ".join(
        [f"Would refund {money(total + beyond, row.currency)}.", *widened, "Nothing was sent: add --yes to do it."]
    )
    _say(account, po, sentence, as_json, done=False)


@command("accept-cancellation")
@click.option("--line", "given", multiple=True, help="LINE=UNITS, all that the buyer asks for; without it, it is said.")
@for_request
def accept_cancellation(po: str, given: tuple[str, ...], request: str, account_name: str, as_json: bool) -> None:
    """Cancel at Walmart what the buyer asked to cancel; without --line it is only said."""
    account, row = order_of(po, account_name)
    shown = {line: _units(text, "--line 1=2") for line, text in _pairs(row, given, "1=2").items()}
    if shown:
        _say(account, po, by_hand.accept_cancellation(row.id, shown, BY, _request(request)), as_json)
        return
    judged = _judged(row)
    refuse(why_not_answered(judged))
    wanted = wanted_canceled(judged)
    units = contents((Units(line, count) for line, count in wanted.items()), judged.order.lines)
    lines = " ".join(f"--line {line}={count}" for line, count in wanted.items())
    _say(account, po, f"Would cancel {units}. Nothing was sent: add {lines} to do it.", as_json, done=False)


@command("ship-anyway")
def ship_anyway(po: str, account_name: str, as_json: bool) -> None:
    """Let it be shipped although the buyer asked to cancel."""
    account, row = order_of(po, account_name)
    _say(account, po, by_hand.ship_anyway(row.id, BY), as_json)


@command("resend")
def resend(po: str, account_name: str, as_json: bool) -> None:
    """Send what Walmart lacks of the Magento shipments."""
    account, row = order_of(po, account_name)
    _say(account, po, by_hand.resend(row.id, BY), as_json)


@command("settle")
def settle(po: str, account_name: str, as_json: bool) -> None:
    """You have dealt with what the order asks of you: it is not asked for again."""
    account, row = order_of(po, account_name)
    _say(account, po, by_hand.settle(row.id, row.attention or "", BY), as_json)


@command("retry")
@click.option("--command", "command_id", type=int, default=0, help="One command's number; else all that wait.")
@click.option("--never-arrived", is_flag=True, help="A change of stock without an answer did not arrive: do it anew.")
def retry(po: str, command_id: int, never_arrived: bool, account_name: str, as_json: bool) -> None:
    """Try again what has failed."""
    account, row = order_of(po, account_name)
    ids = _parked(row, command_id)
    for one in ids:
        outbox.retry(one, BY, never_arrived=never_arrived)
    _say(account, po, "It is tried again now." if len(ids) == 1 else f"{len(ids)} are tried again now.", as_json)


@command("dismiss")
@click.option("--reason", required=True, help="Why it is given up; it stays in the order's log.")
@click.option("--command", "command_id", type=int, default=0, help="Its number, where several wait.")
def dismiss(po: str, reason: str, command_id: int, account_name: str, as_json: bool) -> None:
    """Give up what has failed."""
    account, row = order_of(po, account_name)
    ids = _parked(row, command_id)
    if len(ids) > 1:
        fail(f"Several have failed; say which with --command: {', '.join(map(str, ids))}.")
    outbox.dismiss(ids[0], reason, BY)
    _say(account, po, "Given up; the reason stands in the log.", as_json)


commands = (ship, cancel, refund, accept_cancellation, ship_anyway, resend, settle, retry, dismiss)


def _say(account: accounts.Account, po: str, sentence: str, as_json: bool, *, done: bool = True) -> None:
    show({"account": account.name, "po": po, "done": done, "sentence": sentence}, as_json, sentence)


def _judged(row: OrderRow) -> Found:
    account = db.session.get_one(AccountRow, row.account_id)
    return of_row(row, account, outbox.issued([row.sync_id])[row.sync_id])


def _request(given: str) -> str:
    return f"cli-{given}"[:64] if given else f"cli-{secrets.token_urlsafe(9)}"


def _pairs(row: OrderRow, given: Iterable[str], example: str) -> dict[str, str]:
    """`LINE=…` by line, for lines that the order has."""
    known = [line.number for line in row.lines]
    found = {}
    for text in given:
        line, sign, value = text.partition("=")
        if not sign or not value:
            fail(f"Write --line as in --line {example}, not {text}.")
        if line not in known:
            fail(f"The order has no line {line}. It has {', '.join(known)}.")
        found[line] = value
    return found


def _units(text: str, example: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 10**6):
        fail(f"{text} is no number of units. Write it as in {example}.")
    return int(text)


def _charges(left: Left | None, line: str, text: str, currency: str) -> tuple[Charge, ...]:
    """What is to be given back of a line: `all`, an amount of the product's price, or kinds with their taxes."""
    if left is None:
        fail(f"Of line {line} nothing can be refunded: it has not shipped, or all is refunded already.")
    if text == "all":
        return left.everything
    charges = []
    for part in text.split(","):
        kind, amount, tax = _parts(part, currency)
        if kind not in left.amounts:
            fail(f"Line {line} has no {kind} left to refund. It has {', '.join(left.amounts)}.")
        charges.append(left.charge(kind, amount, tax))
    return tuple(charges)


def _parts(text: str, currency: str) -> tuple[str, Decimal, Decimal]:
    kind, sign, rest = text.partition(":")
    amount, _, tax = rest.partition(":") if sign else (kind, "", "")
    try:
        found = [amount_of(one, currency) if one else ZERO for one in (amount, tax)]
    except OtherCurrency:
        fail(f"{text} is no amount of this order. This order is in {currency}.")
    if None in found or not amount:
        fail(f"{text} is no amount. Write all, 4.50, or PRODUCT:4.50:0.37,SHIPPING:1.00.")
    return (kind.upper() if sign else "PRODUCT"), found[0] or ZERO, found[1] or ZERO


def _parked(row: OrderRow, command_id: int) -> list[int]:
    ids = parked_ids(row.sync_id)
    if not ids:
        fail("Nothing of this order has failed.")
    if command_id and command_id not in ids:
        fail(f"No command {command_id} of this order has failed. Failed: {', '.join(map(str, ids))}.")
    return [command_id] if command_id else ids
