"""How much of Walmart's rate limit a backlog of acknowledgements on one account uses, and whether a call is refused."""

from __future__ import annotations

import base64
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
from sqlalchemy import func, select, text

from bench.figures import table, verdict
from bench.stage import Stage, StandIns, ask, connect, forget, set_policy, stage, stop, wait_until
from webapp.app import create_app
from webapp.domain.limits import PUBLISHED, Endpoint
from webapp.domain.policy import AcknowledgeWhen
from webapp.models import IS_OPEN, CommandRow, db

ORDERS = 600
AT_A_TIME = 200
SCALE = 3
"""So many times quicker than Walmart: its minute passes in 20 seconds, and the bucket is as large as Walmart's."""
BARE = 150
"""So many calls make the baseline: a bucket does not tire."""
BURST = PUBLISHED["us"][Endpoint.ACKNOWLEDGE]
PER_MINUTE = BURST * SCALE
SHARE = 97.0
ENDS_WITHIN = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """When the calls arrived that were let through (seconds since the epoch), and how many were answered 429."""

    arrived: list[float]
    refused: int

    @property
    def seconds(self) -> float:
        return max(self.arrived) - min(self.arrived)

    @property
    def share(self) -> float:
        """Per cent of the tokens that Walmart gave out between the first call and the last one."""
        return 100 * len(self.arrived) / (BURST + PER_MINUTE / 60 * self.seconds)


def main(*, quick: bool) -> None:
    """Let two workers acknowledge a backlog, and a bare loop some of the same orders again."""
    orders = ORDERS // 4 if quick else ORDERS
    with stage() as played:
        stand_ins = played.sandbox()
        control = f"{stand_ins.walmart['url']}/_control"
        ask(f"{control}/settings", {"limits": {"acknowledge": PER_MINUTE}, "bursts": {"acknowledge": BURST}})
        connect(played, stand_ins)
        own = {"rate_limits": {Endpoint.ACKNOWLEDGE.value: PER_MINUTE}}
        set_policy(played.settings, acknowledge=AcknowledgeWhen.ON_IMPORT, create_orders=False, **own)
        ours = _ours(played, control, orders)
        for process in played.processes[2:]:
            stop(process)
        time.sleep(BURST / PER_MINUTE * 60)
        print(_in_words(orders, ours, _bare(stand_ins, control)))


def _ours(played: Stage, control: str, orders: int) -> Run:
    """The product: the backlog stands in the outbox before the first worker that carries out commands is started."""
    for _ in range(0, orders, AT_A_TIME):
        some = {"random": True, "ship_node": "SellerFulfilled", "count": min(AT_A_TIME, orders), "webhook": False}
        ask(f"{control}/orders", some)
    played.python("jobs.worker", "inbound")
    played.python("jobs.scheduler")
    wait_until(lambda: _backlog(played) >= orders, "the backlog", ENDS_WITHIN)
    began = time.time()
    for _ in range(2):
        played.python("jobs.worker", "outbound")
    wait_until(lambda: len(_run(control, began).arrived) >= orders, "the last acknowledgement", ENDS_WITHIN)
    return _run(control, began)


def _backlog(played: Stage) -> int:
    time.sleep(1)
    app = create_app(played.settings)
    with app.app_context():
        count = db.session.execute(select(func.count()).select_from(CommandRow).where(text(IS_OPEN))).scalar_one()
        forget(app)
    return int(count)


def _run(control: str, since: float) -> Run:
    time.sleep(1)
    calls = [call for call in ask(f"{control}/calls?method=POST&path=/acknowledge") if _at(call) >= since]
    arrived = [_at(call) - call["seconds"] for call in calls if call["status"] == 200]
    return Run(arrived, refused=sum(call["status"] == 429 for call in calls))


def _bare(stand_ins: StandIns, control: str) -> Run:
    """The baseline: one call after the other, each when the answer before it says that there is a token."""
    with requests.Session() as session:
        url = stand_ins.walmart["url"]
        basic = base64.b64encode(f"{stand_ins.walmart['client_id']}:{stand_ins.walmart['client_secret']}".encode())
        session.headers.update({"WM_SVC.NAME": "bench", "Accept": "application/json"})
        once = {"WM_QOS.CORRELATION_ID": str(uuid.uuid4()), "Authorization": f"Basic {basic.decode()}"}
        granted = session.post(f"{url}/v3/token", {"grant_type": "client_credentials"}, headers=once, timeout=10)
        session.headers["WM_SEC.ACCESS_TOKEN"] = granted.json()["access_token"]
        began = time.time()
        for order in ask(f"{control}/orders")[:BARE]:
            _acknowledge(session, f"{url}/v3/orders/{order['po']}/acknowledge")
    return _run(control, began)


def _acknowledge(session: requests.Session, url: str) -> None:
    headers = {"WM_QOS.CORRELATION_ID": str(uuid.uuid4()), "Content-Type": "application/json"}
    answer = session.post(url, headers=headers, timeout=10)
    if answer.headers["x-current-token-count"] == "0":
        time.sleep(max(int(answer.headers["X-Next-Replenishment-Time"]) / 1000 - time.time(), 0))


def _in_words(orders: int, ours: Run, bare: Run) -> str:
    possible = (orders - BURST) / PER_MINUTE * 60
    rows = [
        [name, f"{run.seconds:.1f} s", f"{run.share:.1f} %", str(run.refused)]
        for name, run in (("two workers", ours), ("a bare loop that waits by the headers", bare))
    ]
    told = table(("", "first to last", "of the limit", "429"), rows)
    return (
        f"{orders} acknowledgements on one account at {PER_MINUTE:g} a minute, {BURST:g} at once; "
        f"{possible:.1f} s are possible\n{told}\nratio to the baseline: {ours.share / bare.share:.3f}\n"
        f"share {verdict(ours.share, SHARE, at_least=True)}; 429 {verdict(ours.refused, 0, at_least=False)}"
    )


def _at(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["at"]).timestamp()
