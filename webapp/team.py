"""The people who may come in, as an admin manages them. Each change counts from their next request on and is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from webapp import audit, clock, people
from webapp.models import SessionRow, SignInLinkRow, UserRow, db
from webapp.people import Refused, Role
from webapp.unit_of_work import Work, unit_of_work

COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Member:
    """A person and how they come in; `browsers` is in how many they are signed in, `seen_at` when one was used last."""

    id: int
    email: str
    role: Role
    has_password: bool
    is_disabled: bool
    browsers: int
    seen_at: datetime | None

    @property
    def is_here(self) -> bool:
        """Whether one of the browsers is in use, as far as that is known: it is written down every few minutes."""
        return self.seen_at is not None and clock.now() - self.seen_at <= people.SEEN_EVERY

    @property
    def state(self) -> str:
        """`disabled`, `invited` (no password yet) or `active`."""
        return "disabled" if self.is_disabled else "active" if self.has_password else "invited"


def everyone() -> list[Member]:
    """All people by their e-mail address."""
    sessions = select(SessionRow.user_id, func.count().label("browsers"), func.max(SessionRow.seen_at).label("seen_at"))
    alive = SessionRow.seen_at > clock.now() - people.IDLE, SessionRow.created_at > clock.now() - people.LONGEST_SESSION
    mine = sessions.where(*alive).group_by(SessionRow.user_id).subquery()
    wanted = select(UserRow, mine.c.browsers, mine.c.seen_at).outerjoin(mine, mine.c.user_id == UserRow.id)
    return [
        Member(
            id=row.id,
            email=row.email,
            role=Role(row.role),
            has_password=row.password_hash is not None,
            is_disabled=row.is_disabled,
            browsers=browsers or 0,
            seen_at=seen_at,
        )
        for row, browsers, seen_at in db.session.execute(wanted.order_by(UserRow.email))
    ]


def find(user_id: int) -> str | None:
    """The e-mail address of a person; None where nobody has this number."""
    return db.session.execute(select(UserRow.email).where(UserRow.id == user_id)).scalar_one_or_none()


def invite(email: str, role: str, by: str) -> str:
    """Add a person who has no password yet; the path that signs them in once. Raises Refused."""
    people.add_user(email, role, None, by)
    return people.issue_link(email)


def new_link(email: str, by: str) -> str:
    """A path that signs this person in once within a day. Raises Refused."""
    path = people.issue_link(email)
    with unit_of_work() as work:
        audit.record(work, audit.PEOPLE, by, f"One-time link for {_address(email)}", after="made, valid for a day")
    return path


def change_role(email: str, role: str, by: str = COMMAND_LINE) -> None:
    """Give a person another role. Raises Refused, also where nobody would be left to manage anything."""
    people.check_role(role)
    with unit_of_work() as work:
        row = _row(work, email)
        if row.role == role:
            return
        _keep_an_admin(work, row)
        audit.record(work, audit.PEOPLE, by, f"Role of {row.email}", row.role, role)
        row.role = role


def disable(email: str, by: str = COMMAND_LINE) -> None:
    """Shut the door for a person and end all their sessions and links. Raises Refused."""
    with unit_of_work() as work:
        row = _row(work, email)
        if row.is_disabled:
            return
        _keep_an_admin(work, row)
        _see_out(work, row.id)
        row.is_disabled = True
        audit.record(work, audit.PEOPLE, by, row.email, "may sign in", "disabled")


def enable(email: str, by: str = COMMAND_LINE) -> None:
    """Open the door for a person again. Raises Refused."""
    with unit_of_work() as work:
        row = _row(work, email)
        if row.is_disabled:
            row.is_disabled = False
            audit.record(work, audit.PEOPLE, by, row.email, "disabled", "may sign in")


def end_sessions(email: str, by: str = COMMAND_LINE) -> int:
    """Sign a person out everywhere; their unused links end too. Returns in how many browsers. Raises Refused."""
    with unit_of_work() as work:
        row = _row(work, email)
        ended = _see_out(work, row.id)
        audit.record(work, audit.PEOPLE, by, f"Sessions of {row.email}", after=f"{ended} ended")
        return ended


def _see_out(work: Work, user_id: int) -> int:
    work.execute(delete(SignInLinkRow).where(SignInLinkRow.user_id == user_id))
    return work.changed(delete(SessionRow).where(SessionRow.user_id == user_id))


def _keep_an_admin(work: Work, row: UserRow) -> None:
    """Two admins who demote each other at the same moment wait for one another here."""
    work.execute(update(UserRow).where(_is_admin()).values(role=Role.ADMIN))
    others = select(UserRow.id).where(_is_admin(), UserRow.id != row.id).limit(1)
    if row.role == Role.ADMIN and not row.is_disabled and work.execute(others).first() is None:
        raise Refused(f"{row.email} is the last admin. Make somebody else an admin first.")


def _is_admin() -> Any:
    return (UserRow.role == Role.ADMIN) & UserRow.is_disabled.is_(False)


def _address(email: str) -> str:
    return email.strip().lower()


def _row(work: Work, email: str) -> UserRow:
    wanted = select(UserRow).where(UserRow.email == _address(email)).execution_options(populate_existing=True)
    row = work.session.execute(wanted).scalar_one_or_none()
    if row is None:
        raise Refused(f"There is no user {email}.")
    return row
