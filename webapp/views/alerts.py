"""Who is told when something is wrong while nobody looks, for admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import alert_channels, alerts, audit, queries, settings
from webapp.domain.alerts import Kind
from webapp.grid.wanted import Wanted
from webapp.people import Role
from webapp.typed import Mistakes
from webapp.views import beside, door, orders

bp = Blueprint("alerts", __name__, url_prefix="/settings/alerts")


@bp.get("")
@door.needs(Role.ADMIN)
def index() -> AnyResponse:
    """The channels, what was told, and who changed what."""
    return _shown({}, {"kind": "mail" if settings.current().mail_server else "hook"})


@bp.post("")
@door.needs(Role.ADMIN)
def add() -> AnyResponse:
    """A new channel."""
    try:
        wish = alert_channels.read_wish(request.form, request.form.getlist("wants"))
    except Mistakes as mistakes:
        return _shown(mistakes.by_field, request.form)
    alert_channels.add(wish, door.me().email)
    flash(f"{wish.name} is told from now on. Send a test to see that it arrives.")
    return _back()


@bp.post("/<int:channel_id>")
@door.needs(Role.ADMIN)
def change(channel_id: int) -> AnyResponse:
    """Other kinds, or how often."""
    try:
        if not alert_channels.change(channel_id, request.form, request.form.getlist("wants"), door.me().email):
            abort(404, "It was removed meanwhile.")
    except Mistakes as mistakes:
        for field, sentence in mistakes.by_field.items():
            beside.tell(f"c{channel_id}-{field}", sentence)
    else:
        flash("Saved.")
    return _back()


@bp.post("/<int:channel_id>/test")
@door.needs(Role.ADMIN)
def test(channel_id: int) -> AnyResponse:
    """Send a message that says that it is a test."""
    trouble = alert_channels.test(channel_id)
    if trouble:
        flash(f"The test did not go out. {trouble}", "bad")
    else:
        flash("A test is on its way. If it does not arrive within minutes, look where unwanted e-mail goes.")
    return _back()


@bp.post("/<int:channel_id>/pause")
@door.needs(Role.ADMIN)
def pause(channel_id: int) -> AnyResponse:
    """Nothing for a while."""
    return _paused(channel_id, True, "It is paused: nothing is told to it.")


@bp.post("/<int:channel_id>/resume")
@door.needs(Role.ADMIN)
def resume(channel_id: int) -> AnyResponse:
    """On again."""
    return _paused(channel_id, False, "It goes on, and hears of what is still wrong.")


@bp.post("/<int:channel_id>/remove")
@door.needs(Role.ADMIN)
def remove(channel_id: int) -> AnyResponse:
    """Away with it."""
    alert_channels.remove(channel_id, door.me().email)
    flash("It is removed.")
    return _back()


def _paused(channel_id: int, is_paused: bool, said: str) -> AnyResponse:
    if not alert_channels.pause(channel_id, is_paused, door.me().email):
        abort(404, "It was removed meanwhile.")
    flash(said)
    return _back()


def _back() -> AnyResponse:
    return redirect(url_for("alerts.index"), 303)


def _shown(mistakes: Mapping[str, str], form: Mapping[str, str]) -> AnyResponse:
    asked = request.form.getlist("wants") if request.method == "POST" else [kind.value for kind in Kind]
    values: dict[str, Any] = {
        "kind": form.get("kind", "mail"),
        "mail": form.get("mail", ""),
        "wants": asked,
        "every": form.get("every", str(alert_channels.USUALLY)),
    }
    channels = alert_channels.everyone()
    shown = render_template(
        "settings/alerts.html",
        channels=channels,
        kinds=list(Kind),
        often=alert_channels.OFTEN,
        values=values,
        mistakes=mistakes,
        no_mail="" if settings.current().mail_server else alert_channels.NO_MAIL_SERVER,
        standing=[(one, alert_channels.who_knows(one, channels)) for one in alerts.standing()],
        past=alerts.past(),
        changes=audit.recent(audit.ALERTS),
        zone=orders.zone_name(Wanted(), queries.all_accounts()),
    )
    return make_response(shown, 422 if mistakes else 200)
