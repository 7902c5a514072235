"""An account's Orders tab: every setting of what becomes of its orders, with its default and what it means."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort, flash, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import account_changes, accounts, late_creation, order_settings
from webapp.account_entry import MARKETS
from webapp.accounts import Account, Refused
from webapp.domain.policy import Policy
from webapp.order_settings.kinds import LONGEST
from webapp.people import Role
from webapp.shop_choices import place_of
from webapp.typed import Mistakes
from webapp.views import conflict, door, setting_fields
from webapp.views.render import page

bp = Blueprint("account_orders", __name__, url_prefix="/settings/accounts/<key>/orders")

CREATES = ("create_orders", "create_wfs_orders", "import_since")
"""Switching these can mean that many orders are created at once, so their number is said before."""
HOLDS = ("hold_above", "hold_skus", "hold_addresses")
"""Loosening these lets orders go that are held now, so their number is said before too."""


@bp.get("")
@door.needs(Role.OPERATOR)
def show(key: str) -> AnyResponse:
    """All order settings as they are: operators read why an order goes the way it goes."""
    account = _find(key)
    values = order_settings.values(account.policy, place_of(account))
    carrier = request.args.get("carrier", "").strip()[:LONGEST]
    if not carrier.isprintable():
        carrier = ""
    mapped = next((one for one in account.policy.carriers if one.casefold() == carrier.casefold()), "")
    if carrier and not mapped:
        # What nobody has mapped yet stands in a row of its own: only Walmart's name is to be chosen.
        values["carriers"] = f"{values['carriers']}\n{carrier}\t"
    return _page(account, values, carrier=mapped or carrier)


@bp.post("")
@door.needs(Role.ADMIN)
def save(key: str) -> AnyResponse:
    """Store what is different; where orders would be created at once, say how many first and ask."""
    account = _find(key)
    typed = order_settings.as_typed(request.form)
    seen = request.form.get("seen", "")
    try:
        if seen not in ("", order_settings.version(account.policy)):
            raise account_changes.Stale
        wanted = order_settings.read(request.form, account.policy, place_of(account))
        number = _made_by(account, wanted)
        question = _question(wanted, number)
        if question:
            return _page(account, typed, question=question)
        logged = account_changes.change(account.id, account_changes.Change(policy=wanted, seen=seen), door.me().email)
    except account_changes.Stale:
        account = _find(key)
        return _page(account, typed, _both(account, typed), status=409)
    except Mistakes as mistakes:
        return _page(account, typed, mistakes.by_field, status=422)
    except Refused as refused:
        return _page(account, typed, {"": str(refused)}, status=422)
    names = ", ".join(one.setting for one in logged)
    flash(f"Saved: {names}. Open orders are looked at again with it." if logged else "Nothing was different.")
    if logged and number:
        what = late_creation.number_of(number, wanted)
        flash(f"{what} {'is' if number == 1 else 'are'} being created in Magento; the list shows each as it is done.")
    return redirect(url_for("account_orders.show", key=key), 303)


@bp.post("/sample")
@door.needs(Role.ADMIN)
def sample(key: str) -> AnyResponse:
    """What the order numbers would look like with the prefixes as they stand in the form."""
    place = place_of(_find(key))
    own = request.form.get("number_prefix", "").strip()[:LONGEST]
    if request.headers.get("HX-Trigger") == "wfs_number_prefix":
        prefix = request.form.get("wfs_number_prefix", "").strip()[:LONGEST] or own
        return make_response(
            page("settings/_sample.html", sample=setting_fields.sample(prefix, place, by_seller=False))
        )
    return make_response(page("settings/_sample.html", sample=setting_fields.sample(own, place, by_seller=True)))


def _made_by(account: Account, wanted: Policy) -> int:
    """How many orders saving would create in Magento."""
    changed = {name for name in (*CREATES, *HOLDS) if getattr(wanted, name) != getattr(account.policy, name)}
    return late_creation.count(account.id, wanted, only_held=changed.isdisjoint(CREATES)) if changed else 0


def _question(wanted: Policy, number: int) -> dict[str, str] | None:
    """How many orders saving would create, unless that very number was agreed to already."""
    agreed = request.form.get("agreed", "")
    if number == 0 or (agreed.isdecimal() and int(agreed[:9]) >= number):
        return None
    return {"number": str(number), "sentence": late_creation.say(number, wanted)}


def _both(account: Account, typed: Mapping[str, str]) -> dict[str, str]:
    """Beside what was typed, what is stored by now, in words."""
    stored = order_settings.values(account.policy, place_of(account))
    words = {one.name: one.kind.say(getattr(account.policy, one.name)) for one in order_settings.all_settings()}
    return {
        name: f"Stored by now: {words[name] or 'empty'}." if name else said
        for name, said in conflict.both(stored, typed).items()
    }


def _find(key: str) -> Account:
    account = accounts.by_key(key)
    return account or abort(404, "There is no such account. It may have been removed.")


def _page(
    account: Account,
    values: dict[str, str],
    mistakes: dict[str, str] | None = None,
    question: dict[str, str] | None = None,
    status: int = 200,
    carrier: str = "",
) -> AnyResponse:
    shown = page(
        "settings/account_orders.html",
        account=account,
        market=MARKETS[account.marketplace],
        sections=setting_fields.sections(values, mistakes or {}, place_of(account)),
        mistakes=mistakes or {},
        question=question,
        carrier=carrier,
        seen=order_settings.version(account.policy),
        may_change=door.me().may(Role.ADMIN),
        changes=account_changes.recent(account.id),
        zone=account.store.time_zone,
    )
    return make_response(shown, status)
