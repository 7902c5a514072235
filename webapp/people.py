"""Who may come in: users with roles, Argon2id passwords, server-side sessions and one-time sign-in links."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, func, select, update

from webapp import audit, clock, vault
from webapp.models import SessionRow, SignInAttemptRow, SignInLinkRow, UserRow, db
from webapp.unit_of_work import Work, unit_of_work

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
SUGGESTED_PASSWORD = 15
LONGEST_EMAIL = 254
IDLE = timedelta(hours=12)
LONGEST_SESSION = timedelta(days=14)
LINK_LIVES = timedelta(hours=24)
FIRST_ADMIN = "admin@localhost"

GUESS_WINDOW = timedelta(minutes=15)
GUESSES_AT_ONE_ACCOUNT = 5
GUESSES_FROM_ONE_ADDRESS = 20
SIEGE = 50
"""So many wrong passwords for one account from everywhere, and each address has one guess left instead of five."""

SEEN_EVERY = timedelta(minutes=5)
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$7XkYPKtHricw/1GcrCXPyQ$BUrsu6w0gRjnuGKgPJWRjUrV2MDMRjRp3mSgPp7kaME"
_COMMON = frozenset(
    [
        "password",
        "password1",
        "password12",
        "password123",
        "passw0rd",
        "p@ssw0rd",
        "p@ssword",
        "12345678",
        "123456789",
        "1234567890",
        "87654321",
        "11111111",
        "00000000",
        "88888888",
        "qwertyui",
        "qwerty123",
        "qwertyuiop",
        "1q2w3e4r",
        "1q2w3e4r5t",
        "1qaz2wsx",
        "zaq12wsx",
        "asdfghjk",
        "asdfghjkl",
        "abc12345",
        "abcd1234",
        "abcdefgh",
        "iloveyou",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "superman",
        "starwars",
        "trustno1",
        "welcome1",
        "welcome123",
        "changeme",
        "letmein1",
        "letmein123",
        "admin123",
        "admin1234",
        "administrator",
        "whatever",
        "computer",
        "internet",
        "michelle",
        "jennifer",
        "corvette",
        "mercedes",
        "maverick",
        "samantha",
        "steelers",
        "midnight",
        "orderbridge",
        "magento1",
        "magento123",
        "magento2",
        "walmart1",
        "walmart123",
        "walmart2024",
        "walmart2025",
        "walmart2026",
    ]
)

_hasher = PasswordHasher()
# One hash takes 64 MiB for a moment; a flood of guesses must not take them all at once.
_hashing = threading.BoundedSemaphore(2)


class Refused(Exception):
    """What was entered cannot be stored, or opens no door; the message says what to do, and `field` where."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Slower(Refused):
    """Too many wrong passwords; the door stays shut for `retry_after` seconds for this caller."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Role(StrEnum):
    """What a person may do; each role may do all that the one before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """This role may do what `needed` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)

    @property
    def meaning(self) -> str:
        """One sentence that says what the role may do."""
        return _MEANINGS[self]


_MEANINGS = {
    Role.VIEWER: "Sees orders and their log, without street, telephone and e-mail of buyers.",
    Role.OPERATOR: "Sees everything about an order and may act on it; reads the settings of accounts and stores.",
    Role.ADMIN: "May do everything, also manage accounts, stores and people.",
}


@dataclass(frozen=True, slots=True)
class Person:
    """The one who is signed in, as they are on this very request."""

    id: int
    email: str
    role: Role
    has_password: bool
    session: str
    grid: Mapping[str, Any] = field(default_factory=dict)
    """How this person likes the orders listed (`grid.tastes`)."""

    def may(self, needed: Role) -> bool:
        return self.role.covers(needed)


def wrong(email: str, password: str | None, role: str = Role.VIEWER) -> dict[str, str]:
    """All that is wrong with what was entered, by field, as far as it can be said without knowing who is there."""
    checks: tuple[Callable[[], object], ...] = (lambda: _email(email), lambda: check_role(role))
    if password is not None:
        checks += (lambda: check_password(password, email.strip().lower()),)
    found: dict[str, str] = {}
    for check in checks:
        try:
            check()
        except Refused as refused:
            found[refused.field] = str(refused)
    return found


def add_user(email: str, role: str, password: str | None, by: str = "command line") -> None:
    """Add a person; without a password only a one-time link lets them in. Raises Refused: what to change."""
    email = _email(email)
    check_role(role)
    if password is not None:
        check_password(password, email)
    hashed = None if password is None else _hash(password)
    with unit_of_work() as work:
        if _by_email(work, email) is not None:
            raise Refused(f"{email} is there already.", "email")
        work.add(UserRow(email=email, role=role, password_hash=hashed, is_disabled=False, created_at=clock.now()))
        audit.record(work, audit.PEOPLE, by, email, after=f"added as {role}")


def check_role(role: str) -> None:
    """Raises Refused for what is no role."""
    if role not in set(Role):
        raise Refused(f"There is no role {role}. Choose one of {', '.join(Role)}.", "role")


def first_link() -> str | None:
    """A fresh one-time path for the first admin, who is made if need be; None once somebody has a password."""
    has_password = select(UserRow.id).where(UserRow.password_hash.is_not(None)).limit(1)
    with unit_of_work() as work:
        if work.execute(has_password).first() is not None:
            return None
        admins = select(UserRow).where(UserRow.role == Role.ADMIN, UserRow.is_disabled.is_(False)).order_by(UserRow.id)
        admin = work.session.execute(admins.limit(1)).scalar_one_or_none()
        if admin is None:
            admin = UserRow(email=FIRST_ADMIN, role=Role.ADMIN, is_disabled=False, created_at=clock.now())
            work.add(admin)
            work.flush()
        return _new_link(work, admin.id)


def issue_link(email: str) -> str:
    """A path that signs this person in once within a day; earlier links of theirs stop working."""
    with unit_of_work() as work:
        user = _by_email(work, _email(email))
        if user is None or user.is_disabled:
            raise Refused(f"There is no active user {email}.")
        return _new_link(work, user.id)


def open_link(token: str) -> str | None:
    """Use a sign-in link up: a new session's token, or None when the link was used, has expired or never was."""
    with unit_of_work() as work:
        mine = SignInLinkRow.token_hash == vault.digest(token)
        link = work.session.execute(select(SignInLinkRow).where(mine)).scalar_one_or_none()
        if link is None or not work.changed(delete(SignInLinkRow).where(mine)):
            return None
        user = work.session.get(UserRow, link.user_id)
        if user is None or user.is_disabled or link.expires_at <= clock.now():
            return None
        return _new_session(work, user.id)


def sign_in(email: str, password: str, address: str) -> str:
    """A new session's token. Raises Refused in the same words and time for a wrong password and an unknown user."""
    wanted, place = email.strip().lower()[:LONGEST_EMAIL], _network(address)
    guess = _note_guess(vault.digest(wanted), place)
    user = db.session.execute(select(UserRow).where(UserRow.email == wanted)).scalar_one_or_none()
    known = user is not None and user.password_hash is not None and not user.is_disabled
    is_right = _verify(user.password_hash if user and known else None, password)
    if not known or not is_right or user is None:
        raise Refused("The e-mail address or the password is not right.")
    user_id, hashed = user.id, user.password_hash or ""
    stronger = _hash(password) if _hasher.check_needs_rehash(hashed) else None
    with unit_of_work() as work:
        work.execute(delete(SignInAttemptRow).where(SignInAttemptRow.id == guess))
        if stronger:
            work.execute(update(UserRow).where(UserRow.id == user_id).values(password_hash=stronger))
        return _new_session(work, user_id)


def who(token: str) -> Person | None:
    """The person whose browser holds this token, with the role they have now; None when the session is over."""
    hashed, now = vault.digest(token), clock.now()
    row = db.session.get(SessionRow, hashed)
    if row is None or row.user.is_disabled or now >= min(row.seen_at + IDLE, row.created_at + LONGEST_SESSION):
        return None
    user = row.user
    person = Person(user.id, user.email, Role(user.role), user.password_hash is not None, hashed, user.grid or {})
    if now - row.seen_at > SEEN_EVERY:
        with unit_of_work() as work:
            work.execute(update(SessionRow).where(SessionRow.token_hash == hashed).values(seen_at=now))
    return person


def sign_out(token: str) -> None:
    """End this session for good."""
    with unit_of_work() as work:
        work.execute(delete(SessionRow).where(SessionRow.token_hash == vault.digest(token)))


def set_credentials(person: Person, email: str, new: str, current: str, address: str) -> None:
    """Change a person's own e-mail address and password; all their other sessions and links end. Raises Refused."""
    email = _email(email)
    user = db.session.get_one(UserRow, person.id)
    if user.password_hash is not None:
        guess = _note_guess(vault.digest(user.email), _network(address))
        if not _verify(user.password_hash, current):
            raise Refused("The current password is not right.", "current")
        with unit_of_work() as work:
            work.execute(delete(SignInAttemptRow).where(SignInAttemptRow.id == guess))
    if new or user.password_hash is None:
        check_password(new, email)
    values = {"email": email} | ({"password_hash": _hash(new)} if new else {})
    with unit_of_work() as work:
        taken = _by_email(work, email)
        if taken is not None and taken.id != person.id:
            raise Refused(f"{email} belongs to another user.", "email")
        work.execute(update(UserRow).where(UserRow.id == person.id).values(**values))
        if email != person.email:
            audit.record(work, audit.PEOPLE, email, "Own e-mail address", person.email, email)
        if new:
            audit.record(work, audit.PEOPLE, email, "Own password", after="changed")
        others = SessionRow.user_id == person.id, SessionRow.token_hash != person.session
        work.execute(delete(SessionRow).where(*others))
        work.execute(delete(SignInLinkRow).where(SignInLinkRow.user_id == person.id))


def check_password(password: str, email: str) -> None:
    """Length counts, not composition. Raises Refused for what is guessed first."""
    if len(password) < SHORTEST_PASSWORD:
        raise Refused(
            f"A password needs {SHORTEST_PASSWORD} characters; {SUGGESTED_PASSWORD} or more, say four words, are good.",
            "password",
        )
    if len(password) > LONGEST_PASSWORD:
        raise Refused(f"A password has at most {LONGEST_PASSWORD} characters here.", "password")
    plain = password.lower()
    is_run = len(set(plain)) < 3 or plain in "abcdefghijklmnopqrstuvwxyz0123456789012345678909876543210"
    if plain in _COMMON or is_run or plain in (email, email.partition("@")[0]):
        said = "That password is among the first ones that are tried. Choose another one, say four words."
        raise Refused(said, "password")


def _email(given: str) -> str:
    email = given.strip().lower()
    name, at, host = email.partition("@")
    if (
        not (name and at and host)
        or len(email) > LONGEST_EMAIL
        or any(c.isspace() or not c.isprintable() for c in email)
    ):
        said = f"“{given.strip()[:80]}” is not an e-mail address." if email else "Enter the e-mail address."
        raise Refused(said, "email")
    return email


def _by_email(work: Work, email: str) -> UserRow | None:
    return work.session.execute(select(UserRow).where(UserRow.email == email)).scalar_one_or_none()


def _new_link(work: Work, user_id: int) -> str:
    token = vault.new_token()
    work.execute(delete(SignInLinkRow).where(SignInLinkRow.user_id == user_id))
    work.add(SignInLinkRow(token_hash=vault.digest(token), user_id=user_id, expires_at=clock.now() + LINK_LIVES))
    return f"/sign-in/{token}"


def _new_session(work: Work, user_id: int) -> str:
    token, now = vault.new_token(), clock.now()
    work.execute(
        delete(SessionRow).where((SessionRow.seen_at < now - IDLE) | (SessionRow.created_at < now - LONGEST_SESSION))
    )
    work.add(SessionRow(token_hash=vault.digest(token), user_id=user_id, created_at=now, seen_at=now))
    return token


def _note_guess(email_hash: str, place: str) -> int:
    """Count a guess before it is looked at, so that many at once are not all let through. Raises Slower."""
    now = clock.now()
    with unit_of_work() as work:
        work.execute(delete(SignInAttemptRow).where(SignInAttemptRow.at < now - GUESS_WINDOW))
        at_account, from_here, both, oldest = _guesses(work, email_hash, place)
        allowed = 1 if at_account >= SIEGE else GUESSES_AT_ONE_ACCOUNT
        if both >= allowed or from_here >= GUESSES_FROM_ONE_ADDRESS:
            wait = max(int(((oldest or now) + GUESS_WINDOW - now).total_seconds()), 1)
            raise Slower("Too many wrong passwords from here. Wait a little, or use a sign-in link.", wait)
        row = SignInAttemptRow(email_hash=email_hash, address=place, at=now)
        work.add(row)
        work.flush()
        return row.id


def _guesses(work: Work, email_hash: str, place: str) -> tuple[int, int, int, datetime | None]:
    """Guesses at the account, from the address, and both together; and the oldest one from the address."""
    row, count = SignInAttemptRow, func.count()
    at_account = work.execute(select(count).where(row.email_hash == email_hash)).scalar_one()
    from_here = work.execute(select(count).where(row.address == place)).scalar_one()
    oldest = work.execute(select(func.min(row.at)).where(row.address == place)).scalar_one()
    both = work.execute(select(count).where(row.address == place, row.email_hash == email_hash)).scalar_one()
    return at_account, from_here, both, oldest


def _network(address: str) -> str:
    """An IPv6 customer owns 2^64 addresses; they count as one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


def _hash(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def _verify(hashed: str | None, password: str) -> bool:
    """Takes the same time with and without a stored password."""
    with _hashing:
        try:
            _hasher.verify(hashed or _NOBODY, password[:LONGEST_PASSWORD])
        except VerificationError:
            return False
    return hashed is not None
