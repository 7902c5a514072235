"""words with letters such as ł and ø are found without the stroke too"""

from functools import reduce
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

LETTERS = {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
COLUMNS = ("find_numbers", "find_items", "find_buyer")
orders = sa.table('orders', *(sa.column(name, sa.Text) for name in COLUMNS))


def upgrade() -> None:
    for name in COLUMNS:
        column: Any = orders.c[name]
        plain = reduce(lambda text, letter: sa.func.replace(text, *letter), LETTERS.items(), column)
        has_one = sa.or_(*(column.contains(letter) for letter in LETTERS))
        op.execute(sa.update(orders).where(has_one).values({name: plain}))


def downgrade() -> None:
    """What is found by its plain letters stays so."""
