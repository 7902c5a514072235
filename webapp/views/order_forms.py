"""What the forms of an order's page share: a question, as a page or in its dialog, sent once, and asked again in place
with what was typed where something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, abort, flash, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import by_hand, order_rows, outbox
from webapp.by_hand.finding import Found as Judged
from webapp.by_hand.finding import of_row, under_way
from webapp.domain.order import CREATED
from webapp.outbox import Refusal
from webapp.views import order, showing, words
from webapp.views.order import Found
from webapp.views.regions import request_id
from webapp.views.render import page, wants_fragment

ALL = "all"
"""The step of a form's button that takes all that is left, whatever was typed."""
LONGEST = 600
UNPROCESSABLE, CONFLICT = 422, 409


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in a form's fields, and a sentence for each mistake, by field; '' is about the whole."""

    values: Mapping[str, str] = field(default_factory=dict)
    mistakes: Mapping[str, str] = field(default_factory=dict)
    is_conflict: bool = False
    """Somebody else changed meanwhile what the form is about: it is shown beside what was typed."""

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def status(self) -> int:
        return CONFLICT if self.is_conflict else UNPROCESSABLE if self.mistakes else 200


@dataclass(frozen=True, slots=True)
class LineAsked:
    """A line in a form: so many units can be chosen, or why none."""

    number: str
    sku: str
    title: str
    most: int
    why_not: str
    wants_to_cancel: bool
    ships_anyway: bool


def judged(found: Found) -> Judged:
    """The order as the acts see it."""
    return of_row(found.row, found.account, outbox.issued([found.sync.id])[found.sync.id])


def sent() -> Typed:
    """What was sent, as text."""
    return Typed({name: value[:LONGEST] for name, value in request.form.items() if name != "csrf_token"})


def number_of_form() -> str:
    """The form's own number; without one nothing tells two sendings of it apart."""
    number = request.form.get("request", "")[:64]
    if not number:
        abort(400, "This form has no number of its own; open it again.")
    return number


def ask(template: str, found: Found, typed: Typed, **context: Any) -> AnyResponse:
    """The question: a page, or for htmx its form alone; 422 where something is wrong with what was typed, 409 where
    somebody else was quicker, which htmx shows in the question's place too."""
    row, account = found.row, found.account
    answer = page(
        template,
        "form",
        order=row,
        account=account,
        typed=typed,
        form_number=typed["request"] or request_id(),
        money=lambda amount: words.money(amount, row.currency),
        back_url=showing.order_url(account.key, row.po),
        **context,
    )
    answer.status_code = typed.status
    if typed.is_conflict:
        answer.headers["HX-Retarget"] = "closest .asked"
    return answer


def do(found: Found, act: Callable[[], str], again: Callable[[Mapping[str, str]], AnyResponse]) -> AnyResponse:
    """Do it, and go to the order's page with what happens now; `again` asks once more, with the mistakes."""
    try:
        sentence = act()
    except by_hand.Mistakes as mistakes:
        return again(mistakes.by_field)
    except Refusal as refusal:
        return again({"": str(refusal)})
    flash(sentence)
    if not wants_fragment():
        return order.back(found)
    answer = Response("", 204)
    answer.headers["HX-Redirect"] = url_for("order.show", account_key=found.account.key, po=found.row.po)
    return answer


def lines_asked(judged: Judged, most: Mapping[str, int]) -> list[LineAsked]:
    """Every line, with how many of its units can be chosen."""
    wishing = {line.number for line in judged.order.lines if line.intent_to_cancel and line.open}
    going, agreed = under_way(judged), order_rows.choices(judged.row).ship_anyway
    return [
        LineAsked(
            line.number,
            line.sku,
            line.title,
            most[line.number],
            "" if most[line.number] else _why_none(judged, line.number, going[line.number]),
            line.number in wishing and line.number not in agreed,
            line.number in wishing and line.number in agreed,
        )
        for line in judged.order.lines
    ]


def quantities(typed: Typed, lines: list[LineAsked], mistakes: dict[str, str]) -> dict[str, int]:
    """The units that were typed per line; what is no number goes into `mistakes`."""
    found = {}
    for line in lines:
        text = typed[f"quantity-{line.number}"].strip()
        if text and not (text.isascii() and text.isdecimal() and len(text) < 8):
            mistakes[f"quantity-{line.number}"] = "A whole number of units."
        elif text:
            found[line.number] = int(text)
    return found


def _why_none(judged: Judged, number: str, going: int) -> str:
    line = judged.lines[number]
    if going:
        return "on its way to Walmart"
    if line.counts()[CREATED]:
        return "not acknowledged yet"
    if line.shipped and line.cancelled:
        return "shipped and canceled"
    return "shipped" if line.shipped else "canceled" if line.cancelled else "nothing open"
