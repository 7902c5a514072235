"""The durable webhook against a bare Flask route that answers 204: same load, same run, turn by turn."""

from __future__ import annotations

import random
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace

from sqlalchemy import select

from bench import load
from bench.figures import ratios, spread, table, verdict
from bench.load import Load, Result
from bench.postgres import postgres_stage
from bench.stage import SECRET, SIGNATURE, Stage, connect, forget, free_port, is_live, kill, stage, wait_until
from webapp.app import create_app
from webapp.models import EventRow, db

P99_AT_HALF, P99_FULL = 50.0, 100.0
KILLS = 24


@dataclass(frozen=True, slots=True)
class Contender:
    """A server under test, and the least ratio to the bare route that it must reach."""

    name: str
    load: Load
    budget: float


def main(*, quick: bool) -> None:
    """All contenders in turn, several rounds; then the same at half the bare route's rate; then the kills."""
    rounds, seconds, kills = (2, 1.5, 4) if quick else (5, 4.0, KILLS)
    with ExitStack() as stack:
        lite = stack.enter_context(stage())
        post = stack.enter_context(postgres_stage())
        bare = Load(port=_bare(lite), path="/webhooks/walmart/any", secret=SECRET, header=SIGNATURE, seconds=seconds)
        contenders = [_contender("SQLite, 1 process", lite, bare, 1, 1.0)]
        contenders.append(_contender("PostgreSQL, 1 process", post, bare, 1, 0.8))
        contenders.append(_contender("PostgreSQL, 2 processes", post, bare, 2, 1.0))
        full = _rounds([Contender("bare", bare, 0), *contenders], rounds)
        rate = statistics.median(result.per_second for result in full["bare"]) / 2
        halves = [replace(each, load=replace(each.load, rate=rate)) for each in contenders]
        _report(contenders, full, _rounds(halves, rounds), rate)
        for played in (lite, post):
            _report_stored(played)
        _report_kills(lite, contenders[0].load, kills)


def _bare(played: Stage) -> int:
    port = free_port()
    options = "--worker-class gthread --workers 1 --threads 8 --log-level error"
    words = f"gunicorn --bind 127.0.0.1:{port} {options} bench.bare:app"
    played.python(*words.split())
    wait_until(lambda: is_live(port), "the bare route")
    return port


def _contender(name: str, played: Stage, bare: Load, processes: int, budget: float) -> Contender:
    key = played.account or connect(played, None)
    return Contender(name, replace(bare, port=played.web(processes), path=f"/webhooks/walmart/{key}"), budget)


def _rounds(contenders: list[Contender], rounds: int) -> dict[str, list[Result]]:
    """One after the other, round after round, so that noise meets all of them alike."""
    found: dict[str, list[Result]] = {each.name: [] for each in contenders}
    for number in range(rounds):
        for each in contenders:
            fresh = replace(each.load, prefix=f"r{number}-{random.getrandbits(48):x}")
            found[each.name].append(load.run(fresh))
    return found


def _report(
    contenders: list[Contender], full: dict[str, list[Result]], half: dict[str, list[Result]], rate: float
) -> None:
    base = [result.per_second for result in full["bare"]]
    rows = [["bare gunicorn gthread 1x8, 204", spread(base), "1", *_times(full["bare"]), "", ""]]
    for each in contenders:
        speed = [result.per_second for result in full[each.name]]
        rows.append(
            [
                each.name,
                spread(speed),
                spread(ratios(speed, base), 2),
                *_times(full[each.name]),
                *_times(half[each.name]),
            ]
        )
    header = ("", "answers/s", "ratio", "p50 ms", "p99 ms", "p50 at half", "p99 at half")
    print(
        f"{load.CONNECTIONS} connections; half the bare rate is {rate:.0f}/s; "
        f"medians (least–most) of {len(base)} rounds"
    )
    print(table(header, rows))
    for each in contenders:
        ratio = statistics.median(ratios([result.per_second for result in full[each.name]], base))
        at_full = statistics.median(result.p99 for result in full[each.name])
        at_half = statistics.median(result.p99 for result in half[each.name])
        print(
            f"{each.name}: ratio {verdict(ratio, each.budget, at_least=True)}; "
            f"p99 {verdict(at_full, P99_FULL, at_least=False)}; at half {verdict(at_half, P99_AT_HALF, at_least=False)}"
        )
        _print_trouble([*full[each.name], *half[each.name]])


def _times(results: list[Result]) -> tuple[str, str]:
    return spread([result.p50 for result in results], 1), spread([result.p99 for result in results], 1)


def _print_trouble(results: list[Result]) -> None:
    others = {status: count for result in results for status, count in result.statuses.items() if status[0] != "2"}
    broken = sum(result.broken for result in results)
    if others or broken:
        print(f"  answers other than 2xx: {others or 'none'}; connections broken: {broken}")


def _report_stored(played: Stage) -> None:
    print(f"rows stored in {played.settings.database_url.partition(':')[0]}: {len(_stored(played))}")


def _stored(played: Stage, prefix: str = "") -> set[str]:
    """The delivery ids that the database holds."""
    app = create_app(played.settings)
    with app.app_context():
        keys = db.session.execute(select(EventRow.delivery_key).where(EventRow.delivery_key.contains(f":{prefix}")))
        found = {key.rpartition(":")[2] for key in keys.scalars() if key}
        forget(app)
    return found


def _report_kills(played: Stage, full: Load, kills: int) -> None:
    """SIGKILL the web server in the middle of the load, again and again: what got a 2xx must be stored."""
    heard = played.folder / "acknowledged"
    for number in range(kills):
        port = played.web()
        server = played.processes[-1]
        running = load.start(replace(full, port=port, seconds=5.0, prefix=f"kill{number}", acknowledged=str(heard)))
        time.sleep(random.uniform(0.6, 1.0))
        kill(server)
        running.wait(30)
    acknowledged = set(heard.read_text().split())
    stored = _stored(played, "kill")
    print(
        f"{kills} kills under load: {len(acknowledged)} events acknowledged, "
        f"{len(acknowledged - stored)} of them missing (budget 0), "
        f"{len(stored - acknowledged)} stored without an answer"
    )
