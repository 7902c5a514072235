"""For machines: is the server alive, can it work, and how is it doing."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, jsonify, make_response, render_template, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from webapp import refusals, settings, troubles, webhook_kinds
from webapp.models import CommandRow, EventRow, db
from webapp.views import door, pulse
from webapp.views.render import part_of

bp = Blueprint("health", __name__)


@bp.get("/health/live")
@door.public
def live() -> AnyResponse:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/health/ready")
@door.public
def ready() -> AnyResponse:
    """The server can take orders in: the database must answer; without Redis it is degraded, not down."""
    redis_is_up = pulse.redis_is_up()
    try:
        taken = troubles.look(redis_is_up=redis_is_up)
    except SQLAlchemyError:
        answer = jsonify(status="down", database="down", redis=_up(redis_is_up), oldest_due_seconds=None)
        answer.status_code = 503
        return answer
    status = "ok" if taken.tone == "ok" else "degraded"
    flow = {
        "oldest_due_seconds": round(taken.oldest_due / timedelta(seconds=1), 1),
        "waiting": taken.waiting.number,
        "last_webhook_at": _at(taken.last_webhook_at),
        "last_poll_at": _at(taken.last_poll_at),
    }
    return jsonify(status=status, database="ok", redis=_up(redis_is_up), **flow)


def _at(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None


@bp.get("/pulse")
@part_of("orders.index")
def line() -> AnyResponse:
    """The line in the header, and what stands under it while something is wrong; aloud only when that is other now."""
    taken = pulse.take()
    shown = {"pulse": taken, "oob": True, "is_other": request.args.get("was", "") != taken.names}
    return make_response("".join(render_template(part, **shown) for part in ("_pulse.html", "_troubles.html")))


@bp.get("/metrics")
@door.public
def metrics() -> AnyResponse:
    """Prometheus' text, for the same machine or for whoever has the token."""
    if not _may_read_metrics():
        abort(403, "Metrics are read from this machine, or with the token in METRICS_TOKEN.")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Now())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Now(Collector):
    """Everything is read from the database at the moment of asking, so that any process may be asked."""

    def collect(self) -> Iterator[Metric]:
        taken = troubles.look(redis_is_up=pulse.redis_is_up())
        yield _gauge(
            "oldest_due_seconds", "How long the oldest due piece of work has waited.", taken.oldest_due.total_seconds()
        )
        yield _gauge("redis_up", "1 while the doorbell answers.", float(taken.redis_is_up))
        if taken.last_order_at:
            at = taken.last_order_at.timestamp()
            yield _gauge("last_order_timestamp_seconds", "When the newest order was imported.", at)
        yield _gauge("events_new", "Events that are stored and not routed yet.", float(_new_events()))
        commands = GaugeMetricFamily("orderbridge_commands", "Commands by state.", labels=["state"])
        for state, number in _open_commands().items():
            commands.add_metric([state], number)
        yield commands
        refused = CounterMetricFamily(
            "orderbridge_webhooks_refused", "Webhooks that were refused.", labels=["source", "reason"]
        )
        for (source, reason), number in refusals.totals().items():
            refused.add_metric([source, reason], number)
        yield refused
        yield CounterMetricFamily(
            "orderbridge_webhooks_unknown_kind",
            "Webhooks of Walmart whose kind is not known here.",
            value=webhook_kinds.unknown_count(),
        )


def _gauge(name: str, sentence: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"orderbridge_{name}", sentence, value=value)


def _new_events() -> int:
    waiting = select(func.count()).select_from(EventRow).where(text("state = 'received'"))
    return db.session.execute(waiting).scalar_one()


def _open_commands() -> dict[str, int]:
    states = ("queued", "running", "parked")
    counted = (
        select(CommandRow.state, func.count().label("number"))
        .where(CommandRow.state.in_(states))
        .group_by(CommandRow.state)
    )
    found = {row.state: row.number for row in db.session.execute(counted)}
    return {state: found.get(state, 0) for state in states}


def _may_read_metrics() -> bool:
    token = settings.current().metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    # Behind a proxy on this machine everybody seems to come from here.
    is_forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not is_forwarded and _is_loopback(request.remote_addr or "")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _up(is_up: bool) -> str:
    return "ok" if is_up else "down"
