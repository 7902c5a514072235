"""Starts, watches and ends everything that `script/server` runs: Valkey, the sandbox, web, workers and scheduler."""

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jobs import data_folder, embedded_redis, forks, ports, processes
from jobs.commands import Command
from jobs.house import House, Options, build
from jobs.interrupts import Interrupted, Interrupts
from jobs.processes import Child, GaveUp, Nest
from jobs.refusal import CannotStart

ENDS_WITHIN = 8.0
NEIGHBOUR_ENDS_WITHIN = 2.0
LOOK_AT_LOGS_EVERY = 60.0


def main(arguments: Sequence[str] | None = None, build_house: Callable[[Options], House] = build) -> int:
    """Run until told to stop. The exit code is 0 after a clean stop."""
    options = _options(arguments)
    interrupts = Interrupts()
    try:
        with (
            interrupts.caught(),
            data_folder.opened(options.data, interrupts.rest) as lock,
            ports.held(options.host, options.port),
        ):
            os.chdir(options.data)
            data_folder.make_keys(options.data, os.environ)
            nest = Nest(data_folder.start_logs(options.data), lock, lifeline=os.pipe()[0])
            return _run(Family(build_house(options), options, nest, interrupts))
    except Interrupted:
        return 0
    except (CannotStart, GaveUp) as error:
        print(error, file=sys.stderr)
        return 1


@dataclass(slots=True)
class Family:
    """What runs, in the order of starting, and what it runs for."""

    house: House
    options: Options
    nest: Nest
    interrupts: Interrupts
    children: list[Child] = field(default_factory=list)

    def start(self, command: Command) -> Child:
        self.children.append(processes.start(command, self.nest))
        return self.children[-1]

    def named(self, name: str) -> list[Child]:
        return [child for child in self.children if child.name == name]

    def wait_until(self, condition: Callable[[], bool], seconds: float = 0.02) -> None:
        """Look after the children until the condition holds. Raises Interrupted when asked to stop meanwhile."""
        while not condition():
            self.look_after(seconds)

    def look_after(self, seconds: float) -> None:
        """Rest for so long, or until a child ends, and start again what has ended."""
        self.interrupts.rest(seconds)
        processes.restart_the_dead(self.children, self.nest, say)


def say(*lines: str) -> None:
    """Tell the person at the terminal; a terminal that is gone is no reason to stop."""
    with contextlib.suppress(OSError):
        os.write(1, "".join(f"{line}\n" for line in lines).encode())


def _run(family: Family) -> int:
    code = 0
    try:
        _start(family)
        _watch(family)
    except Interrupted:
        say("Stopping…")
    finally:
        code = _end(family)
    return code


def _start(family: Family) -> None:
    began = time.monotonic()
    house = family.house
    if house.redis:
        family.start(house.redis)
        family.wait_until(embedded_redis.answers, 0.005)
    prepared = _prepare(family)
    for command in house.services:
        family.start(command)
    host = ports.reachable(family.options.host)
    family.wait_until(lambda: ports.is_live(host, family.options.port))
    _announce(family, prepared, time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `prepare` answered: whether the sandbox is wanted, a link to sign in with, and a word to pass on."""

    sandbox: bool
    sign_in_path: str | None
    notice: str | None


def _prepare(family: Family) -> Prepared:
    """Migrate, and tie the demonstration to the sandbox, while the sandbox starts beside it."""
    forks.preload(command.argv[0] for command in (family.house.prepare, *family.house.services))
    prepare = processes.start(family.house.prepare, family.nest, talks=True)
    try:
        if family.house.shared:
            forks.share(family.house.shared, family.house.prepare.env)
        # Only now: whatever is written to here after a fork is shared with it no more.
        sandbox = family.start(family.house.sandbox) if family.house.sandbox else None
        if sandbox:
            family.wait_until(lambda: len(_banner(family)) == 2 or processes.are_gone([prepare]))
        _tell(prepare, _banner(family) if sandbox else [])
        family.wait_until(lambda: processes.are_gone([prepare]))
        prepared = _answer(prepare)
    finally:
        processes.kill([prepare])
    if sandbox and not prepared.sandbox:
        _end_some(family, family.named("sandbox"), NEIGHBOUR_ENDS_WITHIN)
        family.children = [child for child in family.children if child.name != "sandbox"]
    return prepared


def _banner(family: Family) -> list[bytes]:
    """The whole lines of JSON that the sandbox has printed since it was started last."""
    (sandbox,) = family.named("sandbox")
    with sandbox.log.open("rb") as log:
        log.seek(sandbox.log_starts_at)
        return [line for line in log.read().splitlines(keepends=True) if line.startswith(b"{") and line.endswith(b"\n")]


def _tell(prepare: Child, lines: list[bytes]) -> None:
    assert prepare.process.stdin
    with contextlib.suppress(BrokenPipeError):
        prepare.process.stdin.writelines(lines)
        prepare.process.stdin.close()


def _answer(prepare: Child) -> Prepared:
    assert prepare.process.stdout
    try:
        document = json.loads(prepare.process.stdout.read())
        if prepare.process.returncode == 0:
            return Prepared(bool(document["sandbox"]), document.get("sign_in_path"), document.get("notice"))
    except (ValueError, KeyError):
        pass
    raise CannotStart(
        f"The database could not be prepared ({processes.how_it_ended(prepare)}).\n"
        f"The log is {prepare.log}; the last lines:\n{data_folder.last_lines(prepare.log)}"
    )


def _announce(family: Family, prepared: Prepared, seconds: float) -> None:
    address = family.options.address
    say(f"Orderbridge is running at {address}")
    if prepared.sign_in_path:
        say(f"Sign in once with this link: {address}{prepared.sign_in_path}")
    if prepared.notice:
        say(prepared.notice)
    for one in _stand_ins(family):
        say(f"The stand-in {one['kind'].capitalize()}'s control page: {one['url']}/")
    say(
        f"Everything is kept in {family.options.data}, the logs in {family.nest.logs}.",
        f"Ready in {seconds:.1f} s. Ctrl-C stops it; the next start goes on where it stopped.",
    )


def _stand_ins(family: Family) -> list[dict[str, str]]:
    return [json.loads(line) for line in _banner(family)] if family.named("sandbox") else []


def _watch(family: Family) -> None:
    logs_looked_at = time.monotonic()
    while True:
        family.look_after(1.0)
        if time.monotonic() - logs_looked_at > LOOK_AT_LOGS_EVERY:
            data_folder.cut_logs(family.nest.logs)
            logs_looked_at = time.monotonic()


def _end(family: Family) -> int:
    """End all, the doors first and Valkey last, so that work under way still finds what it needs. Nothing is left."""
    neighbours, redis = family.named("sandbox"), family.named("redis")
    services = [child for child in reversed(family.children) if child not in (*neighbours, *redis)]
    try:
        _end_some(family, services, ENDS_WITHIN)
        _end_some(family, neighbours, NEIGHBOUR_ENDS_WITHIN)
        _end_some(family, redis, NEIGHBOUR_ENDS_WITHIN)
    except Interrupted:
        say("Killed.")
        return 130
    finally:
        processes.kill(family.children)
    return 0


def _end_some(family: Family, children: list[Child], seconds: float) -> None:
    """End these by SIGTERM, and by SIGKILL what is left. Raises Interrupted at a second Ctrl-C."""
    processes.ask_to_end(children)
    deadline = time.monotonic() + seconds
    while not processes.are_gone(children) and time.monotonic() < deadline:
        family.interrupts.rest(0.05)
    late = [child.name for child in children if not processes.are_gone([child])]
    if late:
        say(f"{', '.join(late)} did not end within {seconds:.0f} seconds and was killed.")
    processes.kill(children)


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="script/server",
        description="Starts Orderbridge: the web server, the workers, the scheduler, a Valkey of its own unless "
        "REDIS_URL is set, and a sandbox with sample orders until a real account is connected.",
    )
    parser.add_argument("--port", type=_port, default=8000, metavar="N", help="The port to listen on (8000).")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="The folder that everything is kept in (var, in the checkout)."
    )
    parser.add_argument("--no-sandbox", action="store_true", help="Start without the sandbox and its sample orders.")
    given = parser.parse_args(arguments)
    return Options.read(given.data, given.port, os.environ, sandbox=not given.no_sandbox)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise argparse.ArgumentTypeError(f"“{text}” is no port; give a number from 1 to 65535.")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
