"""compose.yaml and Dockerfile: every command and module they name is in the image and can be started."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.running import CHECKOUT

COMPOSE = (CHECKOUT / "compose.yaml").read_text()
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()
LISTS = re.findall(r"(?:command:|test:|CMD) (\[.*\])", COMPOSE + DOCKERFILE)
COMMANDS = sorted({tuple(word for word in json.loads(found) if word != "CMD") for found in LISTS})
OURS = [command for command in COMMANDS if command[0] in ("python", "flask")]
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


@pytest.mark.parametrize("command", OURS, ids=" ".join)
def test_the_image_has_what_the_command_names(image: Path, command: tuple[str, ...]) -> None:
    program, *words = command
    if program == "flask":
        ran = _run(image, sys.executable, "-m", "flask", *words, "--help")
    elif words[0] == "-m":
        ran = _run(image, sys.executable, "-c", f"import {words[1]}; {words[1]}.main")
    else:
        ran = _run(image, sys.executable, "-c", _imports(words[1]))
    assert ran.returncode == 0, ran.stderr


def _imports(code: str) -> str:
    return ";".join(part for part in code.split(";") if "import" in part)


def test_migrations_run_in_the_image(image: Path) -> None:
    ran = _run(image, sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade")
    assert ran.returncode == 0, ran.stderr


def test_every_setting_of_compose_is_one_we_read() -> None:
    read = (CHECKOUT / "webapp" / "settings.py").read_text()
    for name in re.findall(r"^    ([A-Z_]+): ", COMPOSE.partition("services:")[0], re.MULTILINE):
        assert f'"{name}"' in read
