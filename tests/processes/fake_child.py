"""Small stand-ins for the processes that the supervisor starts; the first argument is the kind."""

import json
import os
import signal
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import NoReturn

from webapp.parent_watch import end_with_parent


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


class Shared(HTTPServer):
    """Shares its port as the real web server does."""

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


def web() -> None:
    Shared((os.environ["HOST"], int(os.environ["PORT"])), Health).serve_forever()


def sleeps() -> None:
    while True:
        time.sleep(60)


def forks() -> None:
    os.fork()
    sleeps()


def stubborn() -> None:
    """As a worker that is in the middle of a job, whose fork is in a process group of its own.

    Once there are two of it, it is stubborn.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if not os.fork():
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setpgrp()
    sleeps()


def dies() -> NoReturn:
    sys.exit("the shelf has fallen down")


def sandbox() -> None:
    port = int(sys.argv[sys.argv.index("--port") + 1])
    print("warming up", flush=True)
    for place, kind in enumerate(("walmart", "magento")):
        print(json.dumps({"kind": kind, "url": f"http://127.0.0.1:{port + place}"}), flush=True)
    sleeps()


def prepare() -> None:
    banner = [json.loads(line) for line in sys.stdin]
    notice = f"urls: {' '.join(one['url'] for one in banner)}"
    print(json.dumps({"sandbox": len(banner) == 2, "sign_in_path": "/sign-in/abc", "notice": notice}))


def connected() -> None:
    sys.stdin.read()
    print(json.dumps({"sandbox": False, "sign_in_path": None, "notice": None}))


KINDS = (web, sleeps, forks, stubborn, dies, sandbox, prepare, connected)


def main() -> None:
    end_with_parent()
    {kind.__name__: kind for kind in KINDS}[sys.argv[1]]()


if __name__ == "__main__":
    main()
