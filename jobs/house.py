"""What there is to start: the table of processes, each with its command line and environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jobs import embedded_redis, ports
from jobs.commands import Command

CHECKOUT = Path(__file__).resolve().parent.parent

# Standard input is the lifeline, which ends with the supervisor. The reader needs it as descriptor 3, since a shell
# gives background commands /dev/null as standard input.
WATCH = """
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
trap 'kill -TERM $child' TERM INT
(
    trap - TERM INT
    read -r _ <&3
    kill -TERM $child
    for _ in 1 2 3; do kill -0 $child || exit; sleep 1; done
    kill -KILL $child
) &
reader=$!
exec 3<&- 2>/dev/null
wait $child; code=$?
while kill -0 $child; do wait $child; code=$?; done
kill $reader
exit $code
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line and the environment ask for."""

    data: Path
    port: int
    host: str
    public_url: str
    redis_url: str
    sandbox: bool

    @classmethod
    def read(cls, data: Path | None, port: int, environ: Mapping[str, str], *, sandbox: bool) -> Self:
        return cls(
            data=Path(os.path.abspath(data or CHECKOUT / "var")),
            port=port,
            host=environ.get("HOST") or "127.0.0.1",
            public_url=environ.get("PUBLIC_URL", "").rstrip("/"),
            redis_url=environ.get("REDIS_URL", ""),
            sandbox=sandbox,
        )

    @property
    def address(self) -> str:
        """Where a person reaches the server."""
        host = ports.reachable(self.host)
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


@dataclass(frozen=True, slots=True)
class House:
    """Everything that runs, in the order of starting; `prepare` runs once and ends before the services start."""

    redis: Command | None
    sandbox: Command | None
    prepare: Command
    services: tuple[Command, ...]
    shared: str = ""
    """A module whose `share` is called once before the services are forked: what it makes, they all have."""


def build(options: Options) -> House:
    """The processes of the product."""
    env = environment(options)
    redis = None if options.redis_url else embedded_redis.command()

    def service(name: str, *words: str) -> Command:
        return Command(name, words, CHECKOUT, env, forked=True)

    return House(
        redis=Command("redis", watched(redis), options.data, env) if redis else None,
        sandbox=service("sandbox", *_sandbox(options.data)) if options.sandbox else None,
        prepare=service("prepare", "flask.cli", "--app", "wsgi", "prepare", "--json"),
        services=(
            service("web", "jobs.web"),
            service("worker-inbound", "jobs.worker", "inbound"),
            service("worker-outbound", "jobs.worker", "outbound"),
            service("scheduler", "jobs.scheduler"),
        ),
        shared="jobs.rehearsal",
    )


def environment(options: Options) -> dict[str, str]:
    """What each of our processes finds in its environment beside what the supervisor found in its own."""
    return {
        "DATA_DIR": str(options.data),
        "REDIS_URL": options.redis_url or f"unix://{options.data / embedded_redis.SOCKET}",
        "HOST": options.host,
        "PORT": str(options.port),
        "ORDERBRIDGE_SUPERVISED": "1",
        "PYTHONUNBUFFERED": "1",
    }


def watched(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The same for a program that is not ours: a shell beside it ends it when the supervisor is gone."""
    return ("/bin/sh", "-c", WATCH, "watch", *argv)


def _sandbox(data: Path) -> tuple[str, ...]:
    port = ports.pair(data / "sandbox.json")
    cron = ("--stock-cron", "20")
    return ("sandbox.__main__", "both", "--port", str(port), "--data", str(data / "sandbox"), *cron)
