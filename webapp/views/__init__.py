"""The web door: blueprints, the guard in front of them, and what templates may say."""

from __future__ import annotations

from typing import Any

from flask import Flask

from webapp import exports
from webapp.actions.kinds import ACTIONS
from webapp.domain.help import help_for
from webapp.settings import Settings
from webapp.views import (
    account_orders,
    account_settings,
    alerts,
    assets,
    auth,
    behind,
    beside,
    bulk,
    dashboard,
    direction,
    door,
    errors,
    glossary,
    health,
    incoming,
    log,
    numbers,
    order,
    order_address,
    order_cancel,
    order_deal,
    order_decide,
    order_erase,
    order_export,
    order_lists,
    order_notes,
    order_options,
    order_products,
    order_refund,
    order_ship,
    orders,
    outgoing,
    polls,
    pulse,
    regions,
    reimports,
    rows,
    security,
    sheet,
    store_settings,
    team,
    webhooks,
    words,
)
from webapp.views import (
    settings as settings_pages,
)
from webapp.views.render import htmx

TONE_ICONS = {
    "in": "in",
    "ok": "shipped",
    "warn": "retry",
    "bad": "alert",
    "person": "person",
    "quiet": "minus",
    "seen": "dot",
    "under-way": "clock",
}
"""The shape beside each line of a log: how it went, told apart in grey too."""

OUTCOMES = {
    "in": "Came in",
    "ok": "Done",
    "warn": "Failed",
    "bad": "Needs you",
    "person": "By a person",
    "quiet": "Noted",
    "seen": "Seen",
    "under-way": "Under way",
}
"""The same in a word, for who does not see the shape."""

PAGES = (
    orders.bp,
    order_export.bp,
    order_erase.bp,
    order_lists.bp,
    order.bp,
    order_notes.bp,
    order_address.bp,
    order_options.bp,
    order_products.bp,
    order_ship.bp,
    order_cancel.bp,
    order_refund.bp,
    order_decide.bp,
    order_deal.bp,
    bulk.bp,
    behind.bp,
    dashboard.bp,
    incoming.bp,
    log.bp,
    polls.bp,
    outgoing.bp,
    sheet.bp,
    settings_pages.bp,
    account_settings.bp,
    account_orders.bp,
    reimports.bp,
    store_settings.bp,
    team.bp,
    alerts.bp,
    auth.bp,
    glossary.bp,
    health.bp,
)


def register(app: Flask, settings: Settings) -> None:
    """Give the application its pages."""
    htmx.init_app(app)
    errors.attach(app)
    app.before_request(door.guard)
    security.attach(app, settings)
    app.after_request(assets.told_ahead)
    app.after_request(direction.settled)
    security.csrf.exempt(webhooks.bp)
    app.url_map.converters["int"] = numbers.Number
    for bp in (*PAGES, webhooks.bp):
        app.register_blueprint(bp)
    app.extensions[exports.WRITER] = order_export.lines
    app.wsgi_app = webhooks.Door(app)  # type: ignore[method-assign]
    app.view_functions["static"] = door.public(assets.serve)
    app.context_processor(_common)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=assets.address,
        stylesheet=assets.stylesheet,
        icon=assets.icon,
        moment=words.moment,
        ago=words.ago,
        clock_time=words.clock_time,
        exact=words.exact,
        tone_icons=TONE_ICONS,
        outcomes=OUTCOMES,
        span=words.span,
        duration=words.duration,
        grouped=words.grouped,
        help_for=help_for,
        wrong_at=beside.wrong_at,
        left_open=beside.left_open,
        told_above=beside.told_above,
        helps=glossary.helps,
        request_id=regions.request_id,
        actions=tuple(ACTIONS.values()),
    )
    rows.attach(app)


def _common() -> dict[str, Any]:
    """What every page may ask for: who looks at it, and how things stand."""
    # Callables: an error page must not need the database that may be the very thing that failed.
    return {"who": door.current_person, "take_pulse": pulse.take}
