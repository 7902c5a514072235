"""compose.yaml and Dockerfile: every command and module they name is in the image and can be started."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.running import CHECKOUT, free_port

COMPOSE = (CHECKOUT / "compose.yaml").read_text()
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()
LISTS = re.findall(r"(?:command:|test:|CMD) (\[.*\])", COMPOSE + DOCKERFILE)
COMMANDS = sorted({tuple(word for word in json.loads(found) if word != "CMD") for found in LISTS})
MODULES = sorted({command[2] for command in COMMANDS if command[:2] == ("python", "-m")})
ONE_LINERS = [command[2] for command in COMMANDS if command[:2] == ("python", "-c")]
KEYS = {"SECRET_KEY": "s", "ENCRYPTION_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the Dockerfile copies, and nothing else."""
    folder = tmp_path_factory.mktemp("image")
    for source, target in re.findall(r"^COPY (\S+) (\S+)$", DOCKERFILE, re.MULTILINE):
        if (CHECKOUT / source).is_dir():
            shutil.copytree(CHECKOUT / source, folder / target)
        else:
            shutil.copy(CHECKOUT / source, folder / target)
    return folder


def _run(image: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(image / "data"), **KEYS}
    return subprocess.run(argv, cwd=image, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_the_services_are_the_ones_we_know() -> None:
    services = re.findall(
        r"^  ([a-z-]+):$", COMPOSE.partition("services:")[2].partition("volumes:\n  postgres")[0], re.M
    )
    assert services == ["web", "worker-inbound", "worker-outbound", "scheduler", "migrate", "postgres", "redis"]
    assert "sandbox" not in [word for command in COMMANDS for word in command]


def test_the_image_has_the_modules_that_are_started(image: Path) -> None:
    assert MODULES == ["jobs.scheduler", "jobs.web", "jobs.worker"]
    ran = _run(image, sys.executable, "-c", "".join(f"import {module}; {module}.main\n" for module in MODULES))
    assert ran.returncode == 0, ran.stderr


def test_the_health_check_runs_in_the_image_and_says_no_when_nothing_answers(image: Path) -> None:
    (code,) = ONE_LINERS
    ran = _run(image, sys.executable, "-c", code.replace("8000", str(free_port())))
    assert (ran.returncode, ran.stderr) == (1, "")


def test_migrations_run_in_the_image(image: Path) -> None:
    assert ("flask", "--app", "wsgi", "db", "upgrade") in COMMANDS
    ran = _run(image, sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade")
    assert ran.returncode == 0, ran.stderr


def test_every_setting_of_compose_is_one_we_read() -> None:
    read = (CHECKOUT / "webapp" / "settings.py").read_text()
    for name in re.findall(r"^    ([A-Z_]+): ", COMPOSE.partition("services:")[0], re.MULTILINE):
        assert f'"{name}"' in read
