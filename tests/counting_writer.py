"""`tests.counting_writer TIMES`, forked by `tests.mother`: reads a number and writes the next one, again and again."""

from __future__ import annotations

import sys

from sqlalchemy import select, update

from webapp.app import create_app
from webapp.models import AccountRow
from webapp.unit_of_work import unit_of_work


def main() -> None:
    with create_app().app_context():
        for _ in range(int(sys.argv[1])):
            with unit_of_work() as work:
                number = int(work.execute(select(AccountRow.seller_id)).scalar_one() or 0)
                work.execute(update(AccountRow).values(seller_id=str(number + 1)))
