"""What people did that belongs to no order and no account: managing people, taking data out, erasing it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from webapp import clock
from webapp.models import SettingChangeRow, db
from webapp.unit_of_work import Work

PEOPLE, EXPORTS, PRIVACY, ALERTS = "People", "Exports", "Buyers’ data", "Alerts"
SUBJECTS = (PEOPLE, EXPORTS, PRIVACY)


def record(work: Work, subject: str, by: str, what: str, before: str = "", after: str = "") -> None:
    """Keep who did what, in the transaction that does it."""
    row = SettingChangeRow(account_id=None, subject=subject, at=clock.now(), by=by)
    row.setting, row.before, row.after = what, before, after
    work.add(row)


def recent(*subjects: str, at_most: int = 50) -> Sequence[SettingChangeRow]:
    """The last entries about these subjects, newest first."""
    mine = select(SettingChangeRow).where(SettingChangeRow.subject.in_(subjects))
    return db.session.execute(mine.order_by(SettingChangeRow.id.desc()).limit(at_most)).scalars().all()
