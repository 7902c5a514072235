"""What goes out: commands with unique keys, tried on a schedule, ended done, dismissed or parked, never dropped."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from webapp import circuit, claims, clock, deaths, line, plain, shop_health
from webapp.claims import Claim
from webapp.columns import NOW
from webapp.connectors.http import CallRecord, ConnectorError
from webapp.connectors.walmart_errors import DEFAULT_WAIT, REFUSED_FOR_NOW
from webapp.database import is_sqlite
from webapp.domain.command_keys import cause_of
from webapp.domain.command_words import IN_WORDS, SAY_WHY
from webapp.domain.commands import (
    BOTH_WAYS,
    KEEP_DOUBT,
    KINDS,
    SETTLES_IN,
    TRIED_ON,
    Command,
    CommandState,
    Issued,
    Side,
)
from webapp.domain.limits import BY_COMMAND
from webapp.domain.plan import Plan
from webapp.domain.retry import SCHEDULE, next_attempt
from webapp.issued import RULE as RULE
from webapp.issued import issued as issued
from webapp.issued import parked
from webapp.limits import MustWait
from webapp.models import AttemptRow, ChangeRow, CommandRow, SyncRow, db
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

log = logging.getLogger(__name__)

# The table, not the class: many rows in one execution, without the ORM between.
COMMANDS = CommandRow.metadata.tables[CommandRow.__tablename__]

_OPEN = CommandRow.state.in_((CommandState.QUEUED, CommandState.RUNNING)), CommandRow.next_attempt_at <= NOW
_DUE = select(CommandRow.id).where(CommandRow.sync_id == bindparam("order"), *_OPEN).order_by(CommandRow.id)
_WAITING = select(CommandRow).where(CommandRow.sync_id.in_(bindparam("orders", expanding=True)))
_WAITING = _WAITING.where(CommandRow.state.in_((CommandState.QUEUED, CommandState.PARKED)))
_TRIED_BEFORE = select(func.max(AttemptRow.started_at)).where(AttemptRow.command_id == bindparam("command"))

UNEXPECTED_TRIES = 5
"""An error that nobody foresaw will hardly heal: after so many tries a person is asked."""
NEVER = ", as the change before never arrived"
NOT_PARKED = "This command is not among the failed ones any more; reload the page."


class Refusal(Exception):
    """A command cannot be carried out as things stand: park it with this sentence, which names the next step."""


class NoReason(Refusal):
    """Nothing is given up or set aside without a reason."""


class Unneeded(Exception):
    """Nothing is left for this command to do: dismiss it with this sentence."""


@dataclass(frozen=True, slots=True)
class Task:
    """A command about to be tried, as plain values."""

    id: int
    command: Command
    tries: int
    frozen: dict[str, Any] | None
    was_sent: bool
    tried_before: datetime | None = None
    """When the try before this one began; nothing was sent later than that."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command achieved, in words, and what else to record in the same transaction."""

    sentence: str
    record: Record | None = None


@dataclass(slots=True)
class Trial:
    """One try while it runs: the calls made so far, and the clock that measures it."""

    started_at: datetime = field(default_factory=clock.now)
    began: float = field(default_factory=time.monotonic)
    calls: list[CallRecord] = field(default_factory=list)
    wake_from: datetime | None = None

    @property
    def duration_ms(self) -> int:
        return round((time.monotonic() - self.began) * 1000)


Record = Callable[[Work], None]
Perform = Callable[[Claim, Task, Trial], Outcome]

NO_DEADLINES: Mapping[int, datetime | None] = MappingProxyType({})


def issue(work: Work, sync_id: int, account_key: str, po: str, commands: Iterable[Command], by: str = RULE) -> int:
    """Put commands in the outbox; one that is there already is left as it is. Returns how many are new."""
    return issue_all(work, account_key, [(sync_id, po, tuple(commands))], by)


def issue_all(
    work: Work,
    account_key: str,
    wanted: Iterable[tuple[int, str, Sequence[Command]]],
    by: str = RULE,
    deadlines: Mapping[int, datetime | None] = NO_DEADLINES,
) -> int:
    """The same for many orders of an account, in one statement: for each its turn's id, its PO and its commands.

    `deadlines` are by the turn's id; of what waits for the same rate limit, the nearest goes first.
    """
    wishes = [(sync_id, po, command) for sync_id, po, commands in wanted for command in commands]
    rows = [_queued(one[0], account_key, *one[1:], by) | {"deadline": deadlines.get(one[0])} for one in wishes]
    if not rows:
        return 0
    insert = sqlite.insert(COMMANDS) if is_sqlite() else postgresql.insert(COMMANDS)
    unless_there = insert.on_conflict_do_nothing(index_elements=["key"]).execution_options(preserve_rowcount=True)
    new = int(getattr(work.session.execute(unless_there, rows), "rowcount", 0))
    if new:
        work.ring(Bell.OUTBOUND)
    return new


def settle(work: Work, plans: Mapping[int, Plan], known: Mapping[int, Iterable[Issued]]) -> None:
    """Of each order, by its turn's id: dismiss what waits but is not asked for any more, with that reason.

    What waits for a person is dismissed only where the plan says that its need is over, or, of what carries a status
    across, does not hold it. `known` is what the plan was shown. What a person asked for or retried since, it never
    judged: that stays.
    """
    kept = {(sync_id, type(one).__name__, cause_of(one)) for sync_id, plan in plans.items() for one in plan.commands}
    over = {(sync_id, kind) for sync_id, plan in plans.items() for kind in plan.over}
    judged = {
        (sync_id, one.kind, one.cause, one.is_under_way)
        for sync_id, shown in known.items()
        for one in shown
        if one.is_under_way or (sync_id, one.kind) in over or isinstance(one.command, BOTH_WAYS)
    }
    held = {(sync_id, type(one).__name__, cause_of(one)) for sync_id, plan in plans.items() for one in plan.held}
    unwanted = judged - {(*key, True) for key in kept} - {(*key, False) for key in held}
    for row in work.execute(_WAITING, {"orders": list(plans)}).scalars():
        if (row.sync_id, row.kind, row.cause, row.state == CommandState.QUEUED) in unwanted:
            _end(row, CommandState.DISMISSED, "Not needed any more: the order shows that it is done or called off.")


def run(claim: Claim, perform: Perform) -> None:
    """Carry out what is due for a held order, one command after the other, then let it be read again."""
    try:
        due = db.session.execute(_DUE, {"order": claim.sync_id, "now": clock.now()}).scalars().all()
        waited = [_has_to_wait(claim, command_id, perform) for command_id in due]
        with unit_of_work() as work:
            if waited and all(waited):
                claims.let_go(work, claim)
            else:
                claims.hand_over(work, claim)
    except claims.Lost:
        log.info("po=%s was taken over", claim.po)


def retry(command_id: int, by: str, *, never_arrived: bool = False) -> None:
    """A person wants a parked command tried again now, built from what is true now. Raises Refusal if not parked."""
    if not retry_all((command_id,), by, never_arrived=never_arrived):
        raise Refusal(NOT_PARKED)


def retry_all(command_ids: Collection[int], by: str, *, never_arrived: bool = False) -> int:
    """The same for those of them that are parked, in one transaction; returns how many. See KEEP_DOUBT."""
    with unit_of_work() as work:
        return retry_within(work, command_ids, by, never_arrived=never_arrived)


def retry_within(work: Work, command_ids: Collection[int], by: str, *, never_arrived: bool = False) -> int:
    """The same in a unit of work that is open, together with what else it writes."""
    rows = parked(work, command_ids)
    for row in rows:
        row.state, row.tries, row.next_attempt_at = CommandState.QUEUED, 0, clock.now()
        row.reason, row.ended_at = "", None
        row.frozen = row.frozen if row.kind in KEEP_DOUBT and not never_arrived else None
        _tell(work, row, by, f"{IN_WORDS[row.kind][0]}: tried again by hand{NEVER * never_arrived}.")
    _look_again(work, [row.sync_id for row in rows])
    work.ring(Bell.OUTBOUND)
    return len(rows)


def dismiss(command_id: int, reason: str, by: str) -> None:
    """A person gives a parked command up, with a reason. Raises Refusal when it is not parked or no reason is given."""
    if not dismiss_all((command_id,), reason, by):
        raise Refusal(NOT_PARKED)


def dismiss_all(command_ids: Collection[int], reason: str, by: str) -> int:
    """The same for those of them that are parked, in one transaction; returns how many. Raises Refusal likewise."""
    with unit_of_work() as work:
        rows = parked(work, command_ids)
        if rows and not reason.strip():
            raise NoReason(SAY_WHY)
        for row in rows:
            _end(row, CommandState.DISMISSED, reason.strip())
            row.dismissed_by = by
            _tell(work, row, by, f"{IN_WORDS[row.kind][0]}: given up. {reason.strip()}")
        _look_again(work, [row.sync_id for row in rows])
        return len(rows)


def record_read(work: Work, sync_id: int, trial: Trial, outcome: str, sentence: str, number: int) -> None:
    """Keep what happened on a read of both sides that failed."""
    work.add(_attempt(sync_id, None, trial, outcome, sentence, number))


def freeze(claim: Claim, task: Task, payload: dict[str, Any]) -> dict[str, Any]:
    """Keep exactly what is about to be sent, before it is sent; what was sent once is never built anew."""
    if task.was_sent and task.frozen is not None:
        return task.frozen
    with unit_of_work() as work:
        claims.check(work, claim)
        mine = update(CommandRow).where(CommandRow.id == task.id)
        work.execute(mine.values(frozen=payload, first_sent_at=clock.now()))
    return payload


def _queued(sync_id: int, account_key: str, po: str, command: Command, by: str) -> dict[str, Any]:
    kind, cause, now = type(command).__name__, cause_of(command), clock.now()
    return {
        "sync_id": sync_id,
        "kind": kind,
        "key": f"{account_key}:{po}:{kind}:{cause}",
        "cause": cause,
        "arguments": msgspec.to_builtins(asdict(command)),
        "state": CommandState.QUEUED,
        "issued_by": by,
        "issued_at": now,
        "next_attempt_at": now,
    }


def _begin(claim: Claim, command_id: int) -> Task | None:
    with unit_of_work() as work:
        claims.check(work, claim)
        row = work.session.get(CommandRow, command_id, populate_existing=True)
        if row is None or row.state not in {CommandState.QUEUED, CommandState.RUNNING}:
            return None
        if row.state == CommandState.RUNNING and not deaths.lives_on(work, row):
            return None
        row.state, row.is_in_line, row.wake_from = CommandState.RUNNING, row.kind in BY_COMMAND, None
        command = plain.read(row.arguments, KINDS[row.kind])
        before = work.execute(_TRIED_BEFORE, {"command": row.id}).scalar_one()
        return Task(row.id, command, row.tries, row.frozen, row.first_sent_at is not None, before)


def _has_to_wait(claim: Claim, command_id: int, perform: Perform) -> bool:
    """Try a command. True where nothing came of it but a time at which it may go out."""
    task = _begin(claim, command_id)
    if task is None:
        return False
    try:
        _try(claim, task, perform)
    except MustWait as wait:
        _wait(claim, task, wait)
        return True
    return False


def _wait(claim: Claim, task: Task, wait: MustWait) -> None:
    """Back into the queue until its time. It was no try, and so leaves no attempt."""
    kind = type(task.command).__name__
    with unit_of_work() as work:
        claims.check(work, claim)
        row = work.session.get_one(CommandRow, task.id)
        row.state, row.reason, row.next_attempt_at = CommandState.QUEUED, wait.message, wait.at
        row.is_in_line = wait.endpoint is not None and wait.endpoint is BY_COMMAND.get(kind)
        line.tell_orders(work, {claim.sync_id: (kind, wait.message)})


def _try(claim: Claim, task: Task, perform: Perform) -> None:
    trial = Trial()
    try:
        outcome = perform(claim, task, trial)
    except (claims.Lost, MustWait):
        raise
    except ConnectorError as error:
        _failed(claim, task, trial, error)
    except Refusal as refusal:
        _record(claim, task, trial, CommandState.PARKED, str(refusal))
    except Unneeded as reason:
        _record(claim, task, trial, CommandState.DISMISSED, str(reason))
    except Exception as error:
        log.exception("command=%s po=%s failed unexpectedly", task.id, claim.po)
        _failed_unexpectedly(claim, task, trial, error)
    else:
        _record(claim, task, trial, CommandState.DONE, outcome.sentence, outcome.record)


def _failed(claim: Claim, task: Task, trial: Trial, error: ConnectorError) -> None:
    rests_until = circuit.health_of(claim.account_id).probe_at if error.unauthorized else None
    if error.side is Side.WALMART and (rests_until or error.status in REFUSED_FOR_NOW):
        # Nothing is wrong with this command: the account rests, or its limit is used up. That uses up no try.
        at = rests_until or clock.now() + (error.retry_after or DEFAULT_WAIT)
        _again(claim, task, trial, error.message, at, counts=False)
        return
    if error.permanent:
        _record(claim, task, trial, CommandState.PARKED, error.message)
        return
    waits = [error.retry_after, SETTLES_IN.get(type(task.command).__name__) if error.doubtful else None]
    asked = max((wait for wait in waits if wait is not None), default=None)
    trial.wake_from = shop_health.wake_from(error, clock.now(), asked)
    again_at = next_attempt(task.tries + 1, clock.now(), jitter=random.random(), retry_after=asked)
    if again_at is None and type(task.command).__name__ in TRIED_ON:
        again_at = clock.now() + SCHEDULE[-1]
    if again_at is None:
        _record(claim, task, trial, CommandState.PARKED, f"{error.message} It was tried {task.tries + 1} times.")
        return
    _again(claim, task, trial, error.message, again_at)


def _failed_unexpectedly(claim: Claim, task: Task, trial: Trial, error: Exception) -> None:
    sentence = f"An error in Orderbridge itself ({type(error).__name__}); the server's log has the details."
    again_at = next_attempt(task.tries + 1, clock.now(), jitter=random.random())
    if again_at is None or task.tries + 1 >= UNEXPECTED_TRIES:
        _record(claim, task, trial, CommandState.PARKED, sentence)
    else:
        _again(claim, task, trial, sentence, again_at)


def _again(claim: Claim, task: Task, trial: Trial, sentence: str, again_at: datetime, *, counts: bool = True) -> None:
    tries = task.tries + counts
    with unit_of_work() as work:
        claims.check(work, claim)
        row = work.session.get_one(CommandRow, task.id)
        row.state, row.reason, row.tries, row.is_in_line = CommandState.QUEUED, sentence, tries, False
        row.next_attempt_at, row.wake_from = shop_health.comes(work, claim.account_id, again_at, trial.wake_from)
        work.add(_attempt(claim.sync_id, task.id, trial, "failed", sentence, task.tries + 1))


def _record(
    claim: Claim, task: Task, trial: Trial, state: CommandState, sentence: str, record: Record | None = None
) -> None:
    with unit_of_work() as work:
        claims.check(work, claim)
        row = work.session.get_one(CommandRow, task.id)
        row.tries = task.tries + 1
        _end(row, state, sentence)
        work.add(_attempt(claim.sync_id, task.id, trial, state.value, sentence, row.tries))
        if record is not None:
            record(work)
    log.info("command=%s kind=%s po=%s state=%s", task.id, type(task.command).__name__, claim.po, state)


def _end(row: CommandRow, state: CommandState, sentence: str) -> None:
    row.state, row.ended_at = state, clock.now()
    if state is CommandState.DONE:
        row.outcome, row.reason = sentence, ""
    else:
        row.reason = sentence


def _attempt(
    sync_id: int, command_id: int | None, trial: Trial, outcome: str, sentence: str, number: int
) -> AttemptRow:
    return AttemptRow(
        sync_id=sync_id,
        command_id=command_id,
        number=number,
        started_at=trial.started_at,
        duration_ms=trial.duration_ms,
        outcome=outcome,
        sentence=sentence,
        calls=msgspec.to_builtins(trial.calls),
    )


def _tell(work: Work, row: CommandRow, by: str, sentence: str) -> None:
    work.add(ChangeRow(sync_id=row.sync_id, at=clock.now(), kind="person", by=by, sentence=sentence))


def _look_again(work: Work, sync_ids: Collection[int]) -> None:
    again = update(SyncRow).where(SyncRow.id.in_(sync_ids))
    work.execute(again.values(look_again_at=clock.now() + timedelta(seconds=1), hints=SyncRow.hints + 1))
