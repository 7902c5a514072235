"""What both stand-ins share around their API: faults and call log on each call, and `/_control/`."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from flask import Blueprint, Flask, Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import clock
from sandbox.buckets import Taken
from sandbox.faults import KINDS, BadFault, Fault, Faults
from sandbox.ledger import Ledger
from sandbox.server import CUT

PREFIX = "/_control"


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a form on the control page."""

    name: str
    value: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A form with one button on the control page; it posts its fields to `path`."""

    label: str
    path: str
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[object, ...]
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """A headed part of the control page: forms, and a table when it has columns."""

    title: str
    actions: tuple[Action, ...] = ()
    columns: tuple[str, ...] = ()
    rows: Sequence[Row] = ()


def json_answer(body: Any, status: int = 200) -> Response:
    """The body as a JSON answer."""
    return Response(msgspec.json.encode(body), status, content_type="application/json")


def control_body() -> dict[str, Any]:
    """What a control call carries: a JSON object, or the fields of a form that are filled in."""
    if request.form:
        return {name: value for name, value in request.form.items() if value != ""}
    if not request.get_data():
        return {}
    try:
        body = msgspec.json.decode(request.get_data())
    except msgspec.DecodeError:
        raise BadControl("the body is not JSON") from None
    if not isinstance(body, dict):
        raise BadControl("the body is not a JSON object")
    return body


def control_answer(body: Any, status: int = 200) -> AnyResponse:
    """JSON for a program; a browser that posted a form goes back to the page."""
    if "text/html" in request.headers.get("Accept", "") and request.method == "POST":
        return redirect(f"{PREFIX}/", 303)
    return json_answer(body, status)


class BadControl(ValueError):
    """A control call that cannot be obeyed; answered with 400 and the text."""


def install(app: Flask, ledger: Ledger, faults: Faults, throttled: Callable[[Taken], Response] | None = None) -> None:
    """Let the faults strike the app's calls and the ledger hear of them; `/_control/` is left alone.

    `throttled` makes the neighbour's own 429; without it a bare one with Retry-After is sent.
    Must be called before other before_request hooks are added, so that a fault strikes first.
    """
    too_many = throttled or _too_many

    @app.before_request
    def strike() -> Response | None:
        g.sandbox_started = time.perf_counter()
        g.sandbox_struck = []
        if request.path.startswith(PREFIX):
            return None
        g.sandbox_struck = faults.take(request.method, request.path)
        for fault in g.sandbox_struck:
            answer = _strike(fault, too_many)
            if answer is not None:
                return answer
        return None

    @app.after_request
    def finish(response: Response) -> Response:
        for fault in g.get("sandbox_struck", ()):
            if fault.kind == "delay_after":
                time.sleep(fault.seconds)
            elif fault.kind == "cut_after":
                request.environ[CUT] = True
        _record(ledger, response)
        return response


def _strike(fault: Fault, too_many: Callable[[Taken], Response]) -> Response | None:
    if fault.kind == "delay":
        time.sleep(fault.seconds)
    elif fault.kind == "cut_before":
        request.environ[CUT] = True
        return Response(b"", 500)
    elif fault.kind == "status":
        return Response(fault.body, fault.status, fault.headers, content_type=fault.content_type)
    elif fault.kind == "throttle" and fault.bucket is not None:
        taken = g.sandbox_throttled = fault.bucket.take()
        return None if taken.allowed else too_many(taken)
    return None


def _too_many(taken: Taken) -> Response:
    wait = max(1, round(taken.next_at - time.time()))
    return Response('{"message": "Too many requests"}', 429, {"Retry-After": str(wait)})


def _record(ledger: Ledger, response: Response) -> None:
    if request.path.startswith(PREFIX):
        return
    status = 0 if request.environ.get(CUT) else response.status_code
    taken = time.perf_counter() - g.get("sandbox_started", time.perf_counter())
    query = request.query_string.decode("latin-1")
    ledger.record_call(request.method, request.path, query, status, taken, request.headers)


def control_blueprint(
    title: str,
    ledger: Ledger,
    faults: Faults,
    panels: Callable[[], list[Panel]],
    links: tuple[str, ...] = (),
) -> Blueprint:
    """The part of `/_control` that is the same on each stand-in; add the stand-in's own routes to it.

    `panels` gives the stand-in's part of the page, `links` names further GET routes to show.
    """
    blueprint = Blueprint("control", __name__, url_prefix=PREFIX, template_folder="templates")
    _guard(blueprint)

    @blueprint.get("/")
    def page() -> str:
        shown = [*panels(), _fault_panel(faults), _ledger_panel(ledger)]
        return render_template("control.html", title=title, panels=shown, links=links)

    @blueprint.get("/ledger")
    def entries() -> Response:
        return json_answer(ledger.entries(request.args.get("effect"), request.args.get("key")))

    @blueprint.get("/calls")
    def calls() -> Response:
        return json_answer(ledger.calls(request.args.get("method"), request.args.get("path", "")))

    @blueprint.get("/faults")
    def list_faults() -> Response:
        return json_answer([fault.as_json() for fault in faults.all()])

    @blueprint.post("/faults")
    def add_fault() -> AnyResponse:
        return control_answer(faults.add(control_body()).as_json())

    @blueprint.post("/faults/clear")
    @blueprint.delete("/faults")
    def clear_faults() -> AnyResponse:
        faults.clear()
        return control_answer([])

    @blueprint.delete("/faults/<int:number>")
    def clear_fault(number: int) -> AnyResponse:
        faults.clear(number)
        return control_answer([fault.as_json() for fault in faults.all()])

    return blueprint


def _guard(blueprint: Blueprint) -> None:
    @blueprint.before_request
    def same_origin() -> Response | None:
        """No page of another site may work the stand-in through a person's browser."""
        origin = request.headers.get("Origin")
        if request.method == "GET" or origin is None or urlsplit(origin).netloc == request.host:
            return None
        return json_answer({"error": "a form of another site"}, 403)

    @blueprint.errorhandler(BadControl)
    @blueprint.errorhandler(BadFault)
    def refuse(error: Exception) -> Response:
        return json_answer({"error": str(error)}, 400)


def _fault_panel(faults: Faults) -> Panel:
    fields = (
        Field("kind", "status", ", ".join(KINDS)),
        Field("method", "", "any"),
        Field("path", "", "any"),
        Field("status", "503"),
        Field("seconds", "1"),
        Field("times", "1", "for ever"),
    )
    rows = [Row((f.kind, f.method or "any", f.path, f.status, f.seconds, f.times)) for f in faults.all()]
    return Panel(
        f"Faults ({', '.join(KINDS)})",
        (Action("Switch on", f"{PREFIX}/faults", fields), Action("All off", f"{PREFIX}/faults/clear")),
        ("Kind", "Method", "Path", "Status", "Seconds", "Times left"),
        rows,
    )


def _ledger_panel(ledger: Ledger) -> Panel:
    last = ledger.entries()[:-31:-1]
    rows = [Row((entry["n"], entry["at"], entry["effect"], entry["key"])) for entry in last]
    return Panel(f"Last effects, {clock.iso(clock.now())}", (), ("n", "At", "Effect", "Key"), rows)
