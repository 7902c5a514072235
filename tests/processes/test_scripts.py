"""The scripts: what they find, what they say when something is missing, and what they hand on."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chromium import NAMES
from tests.processes.running import CHECKOUT

NEEDED = ("dirname", "cat", "cp", "cmp", "find", "mkdir")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH that has the usual small programs and nothing else."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in NEEDED:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the scripts need, in a folder with a space in its name."""
    copy = tmp_path / "check out"
    for name in ("script", "jobs"):
        shutil.copytree(CHECKOUT / name, copy / name)
    for name in ("webapp", "sandbox"):
        (copy / name).mkdir()
    for name in ("webapp/__init__.py", "webapp/parent_watch.py", "requirements.txt", "requirements-dev.txt"):
        shutil.copyfile(CHECKOUT / name, copy / name)
    return copy


@pytest.fixture
def installed(checkout: Path) -> Path:
    """The copy with a virtual environment that has everything installed and compiled; its Python is ours."""
    _program(checkout / ".venv" / "bin" / "python", f'exec "{sys.executable}" "$@"')
    (checkout / ".venv" / ".compiled").mkdir()
    shutil.copyfile(checkout / "requirements.txt", checkout / ".venv" / ".compiled" / "requirements.txt")
    for name in ("requirements.txt", "requirements-dev.txt"):
        shutil.copyfile(checkout / name, checkout / ".venv" / f".installed-{name}")
    return checkout


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def _run(script: Path, *words: str, path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(script), *words],
        cwd="/",
        env={"PATH": str(path), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_script_can_be_started() -> None:
    for name in ("server", "test", "check", "bench"):
        assert os.access(CHECKOUT / "script" / name, os.X_OK)
    assert os.access(CHECKOUT / ".ci" / "run", os.X_OK)


def test_without_python_the_server_says_what_to_install(checkout: Path, tools: Path) -> None:
    ran = _run(checkout / "script" / "server", path=tools)
    assert ran.returncode == 1
    assert "Orderbridge needs Python 3.11 or newer" in ran.stderr


def test_an_old_python_is_not_taken(checkout: Path, tools: Path) -> None:
    _program(tools / "python3", "exit 1")
    assert "needs Python 3.11 or newer" in _run(checkout / "script" / "server", path=tools).stderr


def test_a_python_without_venv_is_said(checkout: Path, tools: Path) -> None:
    _program(tools / "python3", 'case "$*" in *ensurepip*) exit 1 ;; esac')
    ran = _run(checkout / "script" / "server", path=tools)
    assert ran.returncode == 1
    assert "apt-get install python3-venv" in ran.stderr


def test_a_failed_installation_is_said_and_tried_again(installed: Path, tools: Path) -> None:
    (installed / "requirements.txt").write_text("no-such-package==1\n")
    _program(installed / ".venv" / "bin" / "python", 'case "$*" in *"pip install"*) exit 1 ;; esac')
    for _ in range(2):
        ran = _run(installed / "script" / "server", path=tools)
        assert ran.returncode == 1
        assert "The packages in requirements.txt could not be installed" in ran.stderr


def test_the_server_starts_from_any_folder_and_a_path_with_spaces(installed: Path, tools: Path) -> None:
    ran = _run(installed / "script" / "server", "--port", "none", path=tools)
    assert ran.returncode == 2, ran.stderr
    assert "“none” is no port" in ran.stderr
    assert "Installing" not in ran.stderr


def _asked(checkout: Path, tools: Path) -> list[str]:
    """What the server's script asks Python for, each with how far it is to optimize."""
    ran = _run(checkout / "script" / "server", path=tools, PYTHONDONTWRITEBYTECODE="1")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_what_the_server_loads_is_compiled_beforehand_and_again_after_a_change(installed: Path, tools: Path) -> None:
    _program(
        installed / ".venv" / "bin" / "python",
        'test "$1" != -P || echo "$PYTHONOPTIMIZE $3${PYTHONDONTWRITEBYTECODE:+, and writes nothing}"',
    )
    assert _asked(installed, tools) == ["2 jobs.supervisor"]
    later = time.time() + 60
    os.utime(installed / "jobs" / "web.py", (later, later))
    assert _asked(installed, tools) == ["2 jobs.compiled", "2 jobs.supervisor"]
    os.utime(installed / "jobs" / "web.py", (1, 1))
    assert _asked(installed, tools) == ["2 jobs.supervisor"]
    (installed / "requirements.txt").write_text("flask==3.2\n")
    shutil.copyfile(installed / "requirements.txt", installed / ".venv" / ".installed-requirements.txt")
    assert _asked(installed, tools) == ["2 jobs.compiled", "2 jobs.supervisor"]
    assert _asked(installed, tools) == ["2 jobs.supervisor"]


def test_help_is_printed_before_anything_is_installed(checkout: Path, tools: Path) -> None:
    (tools / "python3").symlink_to(sys.executable)
    ran = _run(checkout / "script" / "server", "--port", "9", "--help", path=tools)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "--no-sandbox" in ran.stdout
    assert not (checkout / ".venv").exists()


def test_left_out_tests_are_said(installed: Path, tools: Path) -> None:
    _program(installed / ".venv" / "bin" / "python", 'echo "python $*"')
    ran = _run(installed / "script" / "test", "-k", "one", path=tools)
    assert "apt-get install chromium-headless-shell" in ran.stdout
    assert "REFERENCE_DIR" in ran.stdout
    called = "python -m pytest -n 2 --dist worksteal -m not browser and not reference -k one"
    assert ran.stdout.splitlines()[-1] == called


@pytest.mark.parametrize("browser", NAMES)
def test_nothing_is_left_out_where_everything_is_there(
    installed: Path, tools: Path, tmp_path: Path, browser: str
) -> None:
    _program(installed / ".venv" / "bin" / "python", 'echo "python $*"')
    _program(tools / browser, "")
    ran = _run(installed / "script" / "test", path=tools, REFERENCE_DIR=str(tmp_path))
    assert ran.stdout == "python -m pytest -n 2 --dist worksteal\n"


def test_in_ci_a_missing_chromium_is_a_failure(installed: Path, tools: Path) -> None:
    ran = _run(installed / "script" / "test", path=tools, CI="true")
    assert ran.returncode == 1
    assert "apt-get install chromium-headless-shell" in ran.stderr
