"""The core of the stand-ins: documents, ledger, faults and the server that carries them."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask, request

from sandbox import control
from sandbox.buckets import TokenBucket
from sandbox.documents import REMEMBERED_BYTES, Documents
from sandbox.faults import BadFault, Faults
from sandbox.ledger import Ledger
from sandbox.server import Server

ROOT = Path(__file__).parents[2]


class Bench:
    """A tiny neighbour with one route that has an effect."""

    def __init__(self) -> None:
        self.documents = Documents()
        self.ledger = Ledger(self.documents)
        self.faults = Faults()
        app = Flask(__name__)
        control.install(app, self.ledger, self.faults)
        app.register_blueprint(control.control_blueprint("A neighbour", self.ledger, self.faults, list))

        @app.post("/do/<key>")
        def do(key: str) -> dict[str, int]:
            self.ledger.add("do", key)
            return {"length": len(request.get_data())}

        @app.get("/crash")
        def crash() -> str:
            raise RuntimeError

        self.server = Server(app).start()
        self.url = self.server.url


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.server.close()
    made.documents.close()


def test_documents_hand_out_copies_in_the_order_of_first_storing() -> None:
    documents = Documents()
    documents.put("a", "2", {"v": 1})
    documents.put("a", "1", {"v": 2})
    documents.put("a", "2", {"v": 3})
    taken = documents.get("a", "2")
    assert taken is not None
    taken["v"] = 9
    assert documents.all("a") == {"2": {"v": 3}, "1": {"v": 2}}
    assert documents.get("a", "3") is None
    assert documents.delete("a", "1")
    assert not documents.delete("a", "1")
    documents.close()


def test_a_transaction_keeps_all_or_nothing() -> None:
    documents = Documents()

    def fail_halfway() -> None:
        with documents.transaction():
            documents.put("a", "1", {})
            with documents.transaction():
                documents.put("a", "2", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert documents.all("a") == {}
    documents.close()


def test_a_document_can_be_read_as_it_was() -> None:
    documents = Documents()
    documents.put("a", "1", {"v": 1})
    documents.put("a", "1", {"v": 2})
    assert documents.get_as_of("a", "1", 0) == {"v": 2}
    assert documents.get_as_of("a", "1", 60) is None
    time.sleep(0.02)
    documents.put("a", "1", {"v": 3})
    assert documents.get_as_of("a", "1", 0.01) == {"v": 2}
    documents.close()


def test_the_past_of_what_changed_last_is_remembered_and_no_more_than_fits() -> None:
    documents = Documents()
    for key in ("old", "new"):
        for version in range(10):
            documents.put("a", key, {"v": version, "text": "x" * (REMEMBERED_BYTES // 15)})
    assert documents.get_as_of("a", "new", 60) is None
    assert documents.get_as_of("a", "old", 60) == documents.get("a", "old")
    documents.close()


def test_what_was_put_survives_a_kill(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from sandbox.documents import Documents\n"
        "d = Documents(Path(sys.argv[1])); n = 0\n"
        "while True:\n d.put('a', str(n), {'n': n}); print(n, flush=True); n += 1\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "x.sqlite")], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert child.stdout is not None
    with child.stdout:
        told = [int(child.stdout.readline()) for _ in range(50)]
        os.kill(child.pid, signal.SIGKILL)
        told += [int(line) for line in child.stdout.read().split()]
    child.wait()
    documents = Documents(tmp_path / "x.sqlite")
    assert set(documents.all("a")) >= {str(n) for n in told}
    documents.close()


def test_the_ledger_counts_on_after_a_restart(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "x.sqlite")
    Ledger(documents).add("ship", "1", {"line": "1"})
    documents.close()
    documents = Documents(tmp_path / "x.sqlite")
    ledger = Ledger(documents)
    ledger.add("cancel", "2")
    assert [(e["n"], e["effect"], e["key"]) for e in ledger.entries()] == [(1, "ship", "1"), (2, "cancel", "2")]
    assert len(ledger.entries("ship")) == 1
    documents.close()


def test_a_connection_is_kept_and_any_body_is_read(bench: Bench) -> None:
    with requests.Session() as session:
        assert session.post(f"{bench.url}/do/1", data=b"x" * 100_000).json() == {"length": 100_000}
        assert session.post(f"{bench.url}/do/1", data=iter([b"ab", b"cde"])).json() == {"length": 5}
        assert session.get(f"{bench.url}/crash").status_code == 500
        assert session.head(f"{bench.url}/_control/").content == b""
        assert len(session.get_adapter(bench.url).poolmanager.pools) == 1  # type: ignore[attr-defined]


def test_garbage_is_a_400(bench: Bench) -> None:
    with socket.create_connection(("127.0.0.1", bench.server.port)) as raw:
        raw.sendall(b"no request\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")


def test_many_connections_at_once(bench: Bench) -> None:
    statuses: list[int] = []

    def call() -> None:
        with requests.Session() as session:
            for _ in range(5):
                statuses.append(session.post(f"{bench.url}/do/1").status_code)

    threads = [threading.Thread(target=call) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 200
    assert len(bench.ledger.entries("do")) == 200


def test_cut_before_does_nothing_and_cut_after_acts(bench: Bench) -> None:
    for kind, effects in (("cut_before", 0), ("cut_after", 1)):
        bench.faults.add({"match": {"method": "post", "path": "/do"}, "kind": kind, "times": 1})
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{bench.url}/do/1", timeout=5)
        assert len(bench.ledger.entries()) == effects
    assert [call["status"] for call in bench.ledger.calls(path="/do")] == [0, 0]
    assert bench.faults.all() == []


def test_a_status_fault_strikes_as_often_as_told(bench: Bench) -> None:
    fault = {
        "match": {"path": r"/do/\d$"},
        "kind": "status",
        "status": 502,
        "body": "<html>bad gateway</html>",
        "content_type": "text/html",
        "headers": {"X-From": "the edge"},
        "times": 2,
        "skip": 1,
    }
    requests.post(f"{bench.url}/_control/faults", json=fault, timeout=5)
    answers = [requests.post(f"{bench.url}/do/1", timeout=5) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 502, 502, 200]
    assert answers[1].text == "<html>bad gateway</html>"
    assert answers[1].headers["X-From"] == "the edge"
    assert len(bench.ledger.entries()) == 2


def test_delays_go_with_other_faults(bench: Bench) -> None:
    bench.faults.add({"kind": "delay", "seconds": 0.05})
    bench.faults.add({"kind": "delay_after", "seconds": 0.05})
    bench.faults.add({"kind": "status", "status": 500})
    started = time.monotonic()
    assert requests.post(f"{bench.url}/do/1", timeout=5).status_code == 500
    assert time.monotonic() - started >= 0.1


def test_throttle_answers_429_by_a_bucket(bench: Bench) -> None:
    bench.faults.add({"kind": "throttle", "per_minute": 60, "burst": 2})
    answers = [requests.post(f"{bench.url}/do/1", timeout=5) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["Retry-After"]) >= 1


def test_a_bucket_fills_again() -> None:
    bucket = TokenBucket(6000, burst=1)
    assert bucket.take().allowed
    refused = bucket.take()
    assert not refused.allowed
    assert refused.next_at > time.time() - 0.01
    time.sleep(0.02)
    assert bucket.take().allowed


@pytest.mark.parametrize(
    "body", [{"kind": "nonsense"}, {"kind": "delay", "seconds": "x"}, {"kind": "delay", "path": "("}]
)
def test_a_senseless_fault_is_refused(bench: Bench, body: dict[str, str]) -> None:
    with pytest.raises(BadFault):
        Faults().add(body)
    answer = requests.post(f"{bench.url}/_control/faults", json=body, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_person_switches_faults_with_forms(bench: Bench) -> None:
    page = requests.get(f"{bench.url}/_control/", timeout=5).text
    assert "A neighbour" in page
    answer = requests.post(
        f"{bench.url}/_control/faults",
        data={"kind": "status", "path": "/do", "status": "503", "times": ""},
        headers={"Accept": "text/html", "Origin": bench.url},
        timeout=5,
        allow_redirects=False,
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/_control/")
    assert requests.post(f"{bench.url}/do/1", timeout=5).status_code == 503
    assert requests.delete(f"{bench.url}/_control/faults", timeout=5).json() == []
    assert requests.post(f"{bench.url}/do/1", timeout=5).status_code == 200


def test_a_form_of_another_site_is_refused(bench: Bench) -> None:
    answer = requests.post(
        f"{bench.url}/_control/faults",
        data={"kind": "status"},
        headers={"Origin": "https://elsewhere.example"},
        timeout=5,
    )
    assert answer.status_code == 403
    assert bench.faults.all() == []


def test_effects_and_calls_can_be_read(bench: Bench) -> None:
    requests.post(f"{bench.url}/do/7", headers={"WM_QOS.CORRELATION_ID": "c-1"}, timeout=5)
    ledger = requests.get(f"{bench.url}/_control/ledger?effect=do", timeout=5).json()
    assert [(entry["effect"], entry["key"]) for entry in ledger] == [("do", "7")]
    calls = requests.get(f"{bench.url}/_control/calls", timeout=5).json()
    assert json.dumps(calls[0]["headers"]["WM_QOS.CORRELATION_ID"]) == '"c-1"'
