"""One call over real HTTP: what ends it, what is recorded, and when the other side may have acted."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import ssl
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.connectors.scripted import CUT, Scripted, Step, answer, free_port, waits_for
from webapp.connectors.http import Answer, Call, Caller, CallRecord, ConnectorError, Limits
from webapp.domain.commands import Side

QUICK = Limits(connect_seconds=0.5, total_seconds=0.5, answer_bytes=100_000)


def fine(got: Answer) -> ConnectorError | None:
    return None


def call(url: str, method: str = "GET", *, effect: bool = True, public_only: bool = False, **headers: str) -> Call:
    return Call(Side.WALMART, method, url, headers, effect=effect, public_only=public_only, correlation_id="one")


def fails(url: str, method: str = "GET", limits: Limits = QUICK) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        Caller(limits=limits).send(call(url, method), fine)
    return caught.value


def test_an_answer_comes_back_whole_and_is_recorded() -> None:
    records: list[CallRecord] = []
    with Scripted([answer(200, '{"a": 1}', X_Thing="x")]) as server:
        got = Caller(on_call=records.append).send(call(f"{server.url}/v3/orders?token=abc&limit=1"), fine)
    assert (got.status, got.body, got.headers["x-thing"]) == (200, b'{"a": 1}', "x")
    record = records[0]
    assert (record.method, record.status, record.correlation_id, record.error) == ("GET", 200, "one", "")
    assert record.url.endswith("/v3/orders?token=***&limit=1")
    assert record.at.utcoffset() == dt.timedelta(0)
    assert record.response_excerpt == '{"a": 1}'


def test_connections_are_shared_by_callers_but_nothing_else_is() -> None:
    with Scripted([answer(200, "{}", Set_Cookie="session=1; Path=/")]) as server:
        for _ in range(3):
            Caller().send(call(server.url), fine)
        assert server.connections == 1
        assert all("cookie" not in request.headers for request in server.requests)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
DRIP = tuple(b"x" for _ in range(200))


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Step((b"",)), id="silence"),
        pytest.param(Step((HEAD, *DRIP), pause=0.05), id="a body that trickles"),
        pytest.param(Step((b"HTTP/1.1 200 OK\r\nX-Long: ", *DRIP), pause=0.05), id="headers that trickle"),
        pytest.param(Step((b"HTTP/1.1 200 OK\r\n", *(b"X: y\r\n" for _ in range(90))), pause=0.05), id="many headers"),
        pytest.param(
            Step(
                (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *(b"1\r\nx\r\n" for _ in range(200))), 0.05
            ),
            id="chunks that trickle",
        ),
    ],
)
def test_a_call_ends_at_its_total_limit(step: Step) -> None:
    with Scripted([step]) as server:
        started = time.monotonic()
        error = fails(server.url, "POST")
        assert time.monotonic() - started < 0.9
    assert error.message == "Walmart did not answer within 0.5 seconds."
    assert (error.permanent, error.doubtful, error.code) == (False, True, "time_out")


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(CUT, id="before a byte"),
        pytest.param(Step((b"HTTP/1.1 200 OK\r\nContent-Le",), close=True), id="in the headers"),
        pytest.param(Step((HEAD + b"{",), close=True), id="in the body"),
        pytest.param(Step((b"this is no HTTP\r\n\r\n",), close=True), id="not HTTP"),
    ],
)
@pytest.mark.parametrize(("method", "doubtful"), [("GET", False), ("POST", True), ("DELETE", True)])
def test_a_broken_answer_leaves_a_doubt_only_after_a_call_that_acts(step: Step, method: str, doubtful: bool) -> None:
    with Scripted([step]) as server:
        error = fails(server.url, method)
    assert (error.permanent, error.doubtful, error.status) == (False, doubtful, None)
    assert error.message == "The connection to Walmart broke before the answer was complete."


def test_what_was_never_sent_leaves_no_doubt() -> None:
    port = free_port()
    error = fails(f"http://127.0.0.1:{port}/", "POST")
    assert (error.doubtful, error.permanent, error.code) == (False, False, "not_sent")
    assert error.message == f"Walmart could not be reached: 127.0.0.1:{port} refused the connection."
    error = fails("http://no-such-host.invalid/", "POST", Limits())
    assert (error.doubtful, error.message) == (
        False,
        "Walmart could not be reached: no host no-such-host.invalid was found.",
    )


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "http://[::1/", "nonsense", "http://127.0.0.1:99999/"])
def test_an_address_that_is_none_is_a_lasting_error(url: str) -> None:
    error = fails(url, "POST")
    assert (error.permanent, error.doubtful) == (True, False)


@pytest.mark.parametrize("value", ["with\nbreak", "sch\u00f6n \u2603"])
def test_a_header_that_http_forbids_is_a_lasting_error(value: str) -> None:
    with Scripted([answer()]) as server, pytest.raises(ConnectorError) as caught:
        Caller().send(call(server.url, "POST", WM_TOKEN=value), fine)
    assert (caught.value.permanent, caught.value.doubtful) == (True, False)


def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    with Scripted([answer()], tls=self_signed(tmp_path)) as server:
        error = fails(server.url, "POST")
    assert (error.doubtful, server.requests) == (False, [])
    assert error.message == f"Walmart could not be reached: the certificate of 127.0.0.1:{server.port} is not valid."


def test_the_total_limit_holds_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = self_signed(tmp_path)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "server.pem"))
    with Scripted([answer(200, "{}"), Step((HEAD, *DRIP), pause=0.05)], tls=context) as server:
        assert Caller(limits=QUICK).send(call(server.url), fine).body == b"{}"
        started = time.monotonic()
        assert fails(server.url, "POST").code == "time_out"
        assert time.monotonic() - started < 0.9


def test_redirects_are_not_followed() -> None:
    with Scripted([answer(200, "{}")]) as elsewhere, Scripted([answer(302, "", Location=elsewhere.url)]) as server:
        error = fails(server.url, "POST")
        assert (error.permanent, error.doubtful, error.code) == (True, False, "redirect")
        assert elsewhere.requests == []


def test_an_answer_is_cut_at_the_largest_size_also_when_it_is_packed() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    with Scripted([answer(200, b"0" * 100_001), answer(200, bomb, Content_Encoding="gzip")]) as server:
        for _ in range(2):
            error = fails(server.url, limits=Limits(answer_bytes=100_000))
            assert "more than" in error.message


def test_a_packed_answer_is_unpacked_and_a_badly_packed_one_is_an_error() -> None:
    with Scripted([answer(200, gzip.compress(b"{}"), Content_Encoding="gzip")]) as server:
        assert Caller().send(call(server.url), fine).body == b"{}"
    with Scripted([answer(200, b"no gzip", Content_Encoding="gzip")]) as server:
        assert fails(server.url, "POST").doubtful


def test_the_environments_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with Scripted([answer(200, "{}")]) as server:
        assert Caller().send(call(server.url), fine).status == 200


def test_a_fence_is_asked_before_each_call_and_can_stop_it() -> None:
    class Fenced(Exception):
        pass

    class Fence:
        def before(self, call: Call) -> None:
            if call.acts:
                raise Fenced

        def after(self, call: Call, answer: Answer | None, error: ConnectorError | None) -> None:
            """It hears, and has nothing to do."""

    with Scripted([answer(200, "{}")]) as server:
        caller = Caller(watch=Fence())
        caller.send(call(server.url), fine)
        caller.send(call(server.url, "POST", effect=False), fine)
        with pytest.raises(Fenced):
            caller.send(call(server.url, "POST"), fine)
        assert [request.method for request in server.requests] == ["GET", "POST"]


def test_what_the_judge_finds_is_raised_and_recorded() -> None:
    records: list[CallRecord] = []

    def refuse(got: Answer) -> ConnectorError:
        return ConnectorError("Refused.", side=Side.WALMART, status=got.status)

    refusal = answer(400, '{"email": "buyer@example.com"}')
    with Scripted([refusal]) as server, pytest.raises(ConnectorError, match="Refused."):
        Caller(on_call=records.append).send(call(server.url), refuse)
    assert (records[0].status, records[0].error) == (400, "Refused.")
    assert "buyer@example.com" not in records[0].response_excerpt


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.215.14/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://0.0.0.0/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://user:pass@127.0.0.1/",
    ],
)
def test_a_call_to_the_public_reaches_no_private_address(url: str) -> None:
    with pytest.raises(ConnectorError) as caught:
        Caller(limits=QUICK).send(call(url, "POST", public_only=True), fine)
    assert (caught.value.permanent, caught.value.doubtful) == (True, False)
    assert "public" in caught.value.message
    assert "pass" not in caught.value.message


def test_a_connection_that_is_open_already_is_no_way_around_the_check() -> None:
    with Scripted([answer(200, "{}")]) as server:
        Caller().send(call(server.url), fine)
        with pytest.raises(ConnectorError):
            Caller().send(call(server.url, public_only=True), fine)
        assert len(server.requests) == 1


def test_many_threads_share_the_pool() -> None:
    with Scripted([answer(200, '{"ok": true}')]) as server:
        failed: list[ConnectorError] = []

        def work() -> None:
            for _ in range(20):
                try:
                    Caller().send(call(server.url), fine)
                except ConnectorError as error:
                    failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert len(server.requests) == 64 * 20
        assert server.connections <= 64 + 8


def test_a_child_process_opens_connections_of_its_own() -> None:
    with Scripted([answer(200, "{}")]) as server:
        caller = Caller()
        caller.send(call(server.url), fine)
        assert _in_child(lambda: caller.send(call(server.url), fine).status) == 200
        caller.send(call(server.url), fine)
        assert waits_for(lambda: len(server.requests) == 3)
        assert server.connections == 2


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def _in_child(work: Callable[[], int]) -> int:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, str(work()).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return int(pipe.read())


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
