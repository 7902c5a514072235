"""The gate before each neighbour: a call passes its fence and, to Walmart, its account's health and its limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from flask import has_app_context
from sqlalchemy import bindparam, update

from webapp import claims, clock, limits
from webapp.accounts import Account
from webapp.circuit import Circuit
from webapp.claims import Claim
from webapp.connectors import walmart_limits
from webapp.connectors.http import Answer, Call, ConnectorError
from webapp.domain.commands import CommandState
from webapp.limits import Meter
from webapp.models import CommandRow
from webapp.shop_health import ShopHealth
from webapp.unit_of_work import rest, unit_of_work

_LEAVE_THE_LINE = (
    update(CommandRow)
    .where(CommandRow.sync_id == bindparam("held"), CommandRow.state == CommandState.RUNNING, CommandRow.is_in_line)
    .values(is_in_line=False)
    .execution_options(synchronize_session=False)
)
"""The command that is being carried out has its token."""


RENEW_AFTER = claims.LEASE / 4
"""A read renews a lease that is so old; a call may take 25 seconds, and a look at an order is several calls."""


@dataclass(slots=True)
class Gate:
    """Lets the calls of one piece of work through, one after the other."""

    account: Account
    claim: Claim | None = None
    circuit: Circuit = field(init=False)
    sent_at: datetime = field(default_factory=clock.now)
    renewed_at: datetime = field(default_factory=clock.now)

    def __post_init__(self) -> None:
        self.circuit = Circuit(self.account.id)

    def before(self, call: Call) -> None:
        """Raises MustWait where the call has to wait, and claims.Lost where the order is somebody else's by now."""
        self.circuit.enter()
        meter = self._meter(call)
        if call.acts:
            self._take_and_renew(meter)
            self.renewed_at = clock.now()
        else:
            self.renewed_at = _keep(self.claim, self.renewed_at)
            if meter is not None:
                limits.take_read(meter)
        rest()
        self.sent_at = clock.now()

    def after(self, call: Call, answer: Answer | None, error: ConnectorError | None) -> None:
        """Learn from the answer, or from there being none."""
        meter = self._meter(call)
        if meter is not None and answer is not None:
            limits.hear(meter, walmart_limits.heard(answer), self.sent_at)
        self.circuit.note(call, answer, error)

    def _take_and_renew(self, meter: Meter | None) -> None:
        """In one transaction: the order is still ours, and the call has its token."""
        at = None
        with unit_of_work() as work:
            if self.claim is not None:
                claims.check(work, self.claim)
            if meter is not None:
                at = limits.take(work, meter)
            if at is None and self.claim is not None:
                work.execute(_LEAVE_THE_LINE, {"held": self.claim.sync_id})
        if at is not None and meter is not None:
            raise limits.must_wait(meter, at)

    def _meter(self, call: Call) -> Meter | None:
        endpoint = walmart_limits.endpoint_of(call)
        account = self.account
        if endpoint is None:
            return None
        return limits.meter(account.id, endpoint, account.marketplace, account.policy.rate_limits)


@dataclass(slots=True)
class ShopGate:
    """Before Magento stands less: the fence of what acts, given a claim; and what each call tells of the shop."""

    health: ShopHealth
    claim: Claim | None = None
    renewed_at: datetime = field(default_factory=clock.now)

    def before(self, call: Call) -> None:
        """Raises claims.Lost where the order is somebody else's by now."""
        self.renewed_at = _keep(self.claim, self.renewed_at, at_once=call.acts)
        rest()

    def after(self, call: Call, answer: Answer | None, error: ConnectorError | None) -> None:
        """Learn whether the shop answers."""
        self.health.note(error)


def _keep(claim: Claim | None, renewed_at: datetime, *, at_once: bool = False) -> datetime:
    """Hold on to the order, where its lease is no longer young; when that was done last."""
    now = clock.now()
    if claim is None or not (at_once or now - renewed_at >= RENEW_AFTER):
        return renewed_at
    claims.renew(claim)
    return now


@dataclass(frozen=True, slots=True)
class PageGate:
    """For a read while somebody waits in front of a page: meanwhile no transaction is open.

    What was loaded of rows is read anew afterwards, and relations are not: take what is needed before.
    """

    def before(self, call: Call) -> None:
        """Without the application, as in a script, nothing can be open."""
        if has_app_context():
            rest()

    def after(self, call: Call, answer: Answer | None, error: ConnectorError | None) -> None:
        """There is nothing to learn."""
