"""How the server starts, and how it says that it cannot."""

import json
import os
import socket
import stat
from pathlib import Path

from tests.processes.conftest import Serve
from tests.processes.running import free_port


def test_it_says_where_it_runs_and_how_to_sign_in(serve: Serve) -> None:
    server = serve()
    said = server.ready()
    assert said.startswith(f"Orderbridge is running at http://127.0.0.1:{server.port}\n")
    assert f"Sign in once with this link: http://127.0.0.1:{server.port}/sign-in/abc\n" in said
    assert str(server.data) in said
    port = json.loads((server.data / "sandbox.json").read_text())["port"]
    assert f"The stand-in Magento's control page: http://127.0.0.1:{port + 1}/\n" in said


def test_a_public_address_is_the_one_that_is_said(serve: Serve) -> None:
    assert "link: https://orders.example.com/sign-in/abc" in serve(PUBLIC_URL="https://orders.example.com/").ready()


def test_a_taken_port_is_said_before_anything_starts(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = serve(port=taken.getsockname()[1])
        assert server.ends() == 1
    assert f"Port {server.port} on 127.0.0.1 is taken" in server.said
    assert "--port N" in server.said
    assert not server.processes()
    assert not (server.data / "logs").exists()


def test_nobody_takes_the_port_while_the_server_starts(serve: Serve) -> None:
    server = serve(FAKES="prepare=sleeps")
    server_is_there = server.data / "logs" / "prepare.log"
    while not server_is_there.exists():
        assert server.process.poll() is None, server.said
    other = serve(port=server.port, data=server.data.parent / "other")
    assert other.ends() == 1
    assert "is taken by another program" in other.said


def test_a_busy_data_folder_is_said(serve: Serve) -> None:
    first = serve()
    first.ready()
    second = serve()
    assert second.ends() == 1
    assert "Another Orderbridge server is running with the data folder" in second.said
    assert first.process.poll() is None


def test_a_data_folder_that_cannot_be_written_is_said(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    server = serve(data=tmp_path / "file" / "data")
    assert server.ends() == 1
    assert "cannot be written to" in server.said


def test_a_folder_that_no_address_can_hold_is_said(serve: Serve, tmp_path: Path) -> None:
    server = serve(data=tmp_path / "100% sure?")
    assert server.ends() == 1
    assert "has % ? in its name" in server.said


def test_an_impossible_port_is_said(serve: Serve) -> None:
    server = serve(port=70_000)
    assert server.ends() == 2
    assert "“70000” is no port" in server.said


def test_a_host_that_is_no_address_is_said(serve: Serve) -> None:
    server = serve(HOST="192.0.2.1")
    assert server.ends() == 1
    assert "Check HOST and --port" in server.said


def test_spaces_and_a_very_long_path_are_no_obstacle(serve: Serve, tmp_path: Path) -> None:
    data = tmp_path / "with spaces" / ("long " * 30).strip()
    server = serve(data=data)
    server.ready()
    assert len(str(data / "redis.sock")) > 107
    assert stat.S_IMODE((data / "redis.sock").stat().st_mode) == 0o700
    assert server.stop() == 0


def test_the_keys_are_made_once_and_only_for_the_owner(serve: Serve) -> None:
    first = serve()
    first.ready()
    keys = {name: (first.data / name).read_text() for name in ("SECRET_KEY", "ENCRYPTION_KEYS")}
    assert first.stop() == 0
    second = serve()
    second.ready()
    for name, value in keys.items():
        assert (second.data / name).read_text() == value
        assert stat.S_IMODE((second.data / name).stat().st_mode) == 0o600


def test_keys_from_the_environment_are_not_made(serve: Serve) -> None:
    server = serve(SECRET_KEY="s", ENCRYPTION_KEYS="e")
    server.ready()
    assert not (server.data / "SECRET_KEY").exists()
    assert not (server.data / "ENCRYPTION_KEYS").exists()


def test_the_sandbox_keeps_its_addresses(serve: Serve) -> None:
    first = serve()
    urls = next(line for line in first.ready().splitlines() if line.startswith("urls: "))
    port = json.loads((first.data / "sandbox.json").read_text())["port"]
    assert urls == f"urls: http://127.0.0.1:{port} http://127.0.0.1:{port + 1}"
    assert first.stop() == 0
    assert urls in serve().ready()


def test_the_sandbox_moves_when_its_port_is_taken(serve: Serve) -> None:
    first = serve()
    first.ready()
    first.stop()
    port = json.loads((first.data / "sandbox.json").read_text())["port"]
    with socket.create_server(("127.0.0.1", port + 1)):
        assert f":{port} " not in serve().ready()


def test_without_the_sandbox_none_is_started(serve: Serve) -> None:
    server = serve("--no-sandbox")
    server.ready()
    assert not any("sandbox" in line.split() for line in server.processes().values())


def test_the_sandbox_ends_once_a_real_account_is_connected(serve: Serve) -> None:
    server = serve(FAKES="prepare=connected")
    assert "sign-in" not in server.ready()
    assert not any("sandbox" in line.split() for line in server.processes().values())
    assert "ended unexpectedly" not in server.said


def test_a_database_that_cannot_be_prepared_is_said_with_the_log(serve: Serve) -> None:
    server = serve(FAKES="prepare=dies")
    assert server.ends() == 1
    assert "The database could not be prepared (exit code 1)" in server.said
    assert "the shelf has fallen down" in server.said
    assert not server.processes()


def test_an_outside_redis_starts_none(serve: Serve) -> None:
    server = serve(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    server.ready()
    assert not (server.data / "redis.sock").exists()


def test_the_log_of_the_run_before_is_kept(serve: Serve) -> None:
    first = serve()
    first.ready()
    first.stop()
    before = (first.data / "logs" / "redis.log").read_text()
    assert "Ready to accept connections" in before
    serve().ready()
    assert (first.data / "logs" / "redis.log.1").read_text() == before
    assert stat.S_IMODE(os.stat(first.data / "logs" / "redis.log").st_mode) == 0o600
