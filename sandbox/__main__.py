"""`python -m sandbox walmart|magento|both --port N`: the stand-ins alone, a JSON line for each."""

import argparse
import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from sandbox import magento, walmart
from sandbox.server import Server, StandIn

KINDS: dict[str, Callable[[argparse.Namespace], StandIn]] = {
    "walmart": lambda wanted: walmart.stand_in(wanted.data),
    "magento": lambda wanted: magento.stand_in(wanted.data, wanted.stock_cron),
}


def main() -> None:
    """Serve until SIGTERM or SIGINT, or until the parent is gone when it supervises."""
    wanted = _arguments()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if os.environ.get("ORDERBRIDGE_SUPERVISED") == "1":
        threading.Thread(target=_watch_parent, args=(ended,), daemon=True).start()
    kinds = list(KINDS) if wanted.kind == "both" else [wanted.kind]
    running = [
        _serve(KINDS[kind](wanted), wanted.port + place if wanted.port else 0) for place, kind in enumerate(kinds)
    ]
    ended.wait()
    for server, neighbour in running:
        server.close()
        neighbour.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("kind", choices=(*KINDS, "both"))
    parser.add_argument("--port", type=int, default=0, help="both: this one and the next; 0: any free")
    parser.add_argument("--data", type=Path, default=None, help="a folder to keep the state in")
    parser.add_argument(
        "--stock-cron",
        type=float,
        default=0,
        metavar="SECONDS",
        help="the shop runs the cron line that keeps the stock of direct orders right, this often",
    )
    return parser.parse_args()


def _serve(neighbour: StandIn, port: int) -> tuple[Server, StandIn]:
    server = Server(neighbour.app, port).start()
    neighbour.start(server.url)
    print(json.dumps({"kind": neighbour.kind, "url": server.url, **neighbour.banner}), flush=True)
    return server, neighbour


def _watch_parent(ended: threading.Event) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        if ended.wait(1):
            return
    ended.set()


if __name__ == "__main__":
    main()
