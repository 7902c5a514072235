"""A list that is too long for one answer, put into a running server's database, and its file as a browser has it."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

BEFORE = "2025-12-31"
"""The copies were sold before the end of this day, and no other order was."""
HOSTILE = "=HYPERLINK(1)"
"""The name of the buyer of the first copy."""
_FIRST = 70_000_000_000_000
_TOP = 1_000_000
_AFRESH = {
    "syncs": {
        "id": f"{_TOP} + n",
        "po": f"{_FIRST} + n",
        "look_again_at": "'2099-01-01 00:00:00.000000'",
        "claimed_until": "null",
    },
    "orders": {
        "id": f"{_TOP} + n",
        "sync_id": f"{_TOP} + n",
        "po": f"{_FIRST} + n",
        "ordered_at": "strftime('%Y-%m-%d %H:%M:%S.000000', '2025-06-01', n || ' minutes')",
        "buyer": f"case n when 1 then '{HOSTILE}' else buyer end",
        "magento_order_id": "null",
        "under_way": "0",
    },
    "order_lines": {"order_id": f"{_TOP} + n"},
}


def copy_first_order(data: Path, number: int) -> list[str]:
    """So many orders that are like the first one, older and at rest; their POs, the oldest first."""
    with closing(sqlite3.connect(data / "orderbridge.db", timeout=60)) as database, database:
        order_id, sync_id = database.execute("select id, sync_id from orders order by id limit 1").fetchone()
        for table, afresh in _AFRESH.items():
            key, value = {"syncs": ("id", sync_id), "orders": ("id", order_id)}.get(table, ("order_id", order_id))
            names = [row[1] for row in database.execute(f"pragma table_xinfo({table})") if not row[6]]
            database.execute(
                f"with recursive some(n) as (select 1 union all select n + 1 from some where n < {number})"
                f" insert into {table} ({', '.join(names)})"
                f" select {', '.join(afresh.get(name, f'one.{name}') for name in names)}"
                f" from some cross join {table} as one where one.{key} = ? order by n",
                (value,),
            )
    return [str(_FIRST + n) for n in range(1, number + 1)]


def file_of(address: str, link: str, asks: dict[str, str]) -> tuple[str, list[dict[str, str]]]:
    """Sign in, ask for the list as a file, wait until it is whole: the page of the list, and the rows of the file."""
    browser = build_opener(HTTPCookieProcessor())
    _text(browser, link)
    listed = _text(browser, f"{address}/orders?{urlencode(asks)}")
    token = re.search(r'name="csrf_token" value="([^"]+)"', listed)
    assert token is not None
    form = {"csrf_token": token[1], "asks": urlencode(asks), "list": "1"}
    with browser.open(f"{address}/orders/export", urlencode(form).encode(), timeout=60) as answer:
        progress = answer.url
        assert "/exports/" in progress, answer.read().decode()
    deadline = time.monotonic() + 120
    while "The file is whole." not in _text(browser, progress):
        assert time.monotonic() < deadline, "it is not written"
        time.sleep(0.3)
    text = _text(browser, f"{progress}/file").removeprefix("\ufeff")
    return listed, list(csv.DictReader(io.StringIO(text)))


def _text(browser: OpenerDirector, address: str) -> str:
    with browser.open(address, timeout=60) as answer:
        text: str = answer.read().decode()
        return text
