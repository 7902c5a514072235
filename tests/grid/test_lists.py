"""The grid's statements against a plain reading of the same orders, on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.house import new_database
from tests.rows import ALDER_COURT, a_line, a_parcel, a_store, an_account, an_order, turns
from tests.views.conftest import built, settings_in
from webapp import clock, order_rows, queries
from webapp.by_hand import doubting
from webapp.by_hand.finding import of_row
from webapp.database import is_sqlite
from webapp.domain.facets import Problem, Tab, unfold
from webapp.domain.order import OrderStatus
from webapp.domain.words import typed_words, words_of
from webapp.grid import lists, sql
from webapp.grid.saved import Search
from webapp.grid.wanted import Sort, Wanted
from webapp.models import AccountRow, OrderRow, SyncRow, db
from webapp.unit_of_work import unit_of_work

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
SKUS = ("MUG-RED", "MUG-BLUE", "TEE-M", "STV_1", "50%OFF", "Ärmel 7")
NAMES = ("Maria Gonzalez", "Jürgen Weiß", "Mario Rossi", "李 小龙", "O'Neill Tom")
STATUSES = ({"Created": 1}, {"Acknowledged": 2}, {"Shipped": 1, "Acknowledged": 1}, {"Shipped": 2}, {"Cancelled": 1})


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """180 orders of three accounts; many share their second, their total, or have no ship-by date."""
    changes = {}
    if request.param == "postgres":
        changes["database_url"] = new_database(request.getfixturevalue("postgres"))
    app = built(settings_in(tmp_path, **changes))
    clock.move(NOW - clock.now())
    rng = random.Random(7)
    with app.app_context():
        with unit_of_work() as work:
            store = a_store(work)
            accounts = [
                an_account(work, store, name, marketplace=m) for name, m in (("A", "us"), ("B", "us"), ("C", "ca"))
            ]
            owners = {str(7_000_000_000_000 + n): rng.choice(accounts) for n in range(180)}
            for account in accounts:
                mine = [po for po, owner in owners.items() if owner is account]
                for turn in turns(work, account, mine).values():
                    _draw(work, rng, account, turn)
        yield app
        db.session.remove()
        db.engine.dispose()


def _draw(work: Any, rng: random.Random, account: Any, turn: SyncRow) -> None:
    line = a_line("1", rng.choice(SKUS), "A thing", f"{rng.randint(1, 4)}.50", statuses=rng.choice(STATUSES))
    an_order(
        work,
        account,
        turn.po,
        (replace(line, intent_to_cancel=rng.choice(["", "", "", "ASKED"])),),
        ordered_at=NOW - timedelta(hours=rng.randint(0, 60)),
        ship_in=rng.choice([None, timedelta(hours=rng.randint(-40, 40), minutes=30)]),
        address=replace(ALDER_COURT, name=rng.choice(NAMES)),
        magento=rng.random() < 0.6,
        attention=rng.choice([None, None, None, "Look here.", "No product MUG in Magento. Link a product."]),
        magento_state=rng.choice(["processing", "complete", "closed", "canceled"]),
        refunded=rng.choice([Decimal(0), Decimal(0), Decimal(1)]),
        has_failed=rng.random() < 0.1,
        wants_magento=rng.random() < 0.5,
        ship_node=rng.choice(["SellerFulfilled", "SellerFulfilled", "WFSFulfilled", "3PLFulfilled"]),
        magento_is_gone=rng.random() < 0.1,
        acknowledge_by=rng.choice([None, NOW]),
        turn=turn,
    )


def some_wanted(rng: random.Random, keys: list[str], store: str) -> tuple[Wanted, Search]:
    """A question that somebody might ask."""
    args: dict[str, str] = {}
    maybe = (
        ("tab", [tab.value for tab in Tab]),
        ("status", [status.slug for status in OrderStatus]),
        ("account", [*keys, "gone"]),
        ("store", [store, "gone"]),
        ("sides", ["differ", "agree"]),
        ("problem", [problem.slug for problem in Problem]),
        ("market", ["us", "ca", "mx"]),
        ("magento", ["yes", "no", "failed", "waiting", "deleted"]),
        ("by", ["seller", "walmart", "others"]),
        ("sold_from", ["2026-11-08", "2026-11-09T07:00", "0001-01-02"]),
        ("sold_to", ["2026-11-09", "2026-11-09T19:00"]),
        ("due_from", ["2026-11-09", "2026-11-10T04:00"]),
        ("due_to", ["2026-11-10", "2026-11-11 09:00", "9999-12-30"]),
        ("total_from", ["2.48", "3,5"]),
        ("total_to", ["3.48", "4.48"]),
        ("items", ["mug", "mug red", "thing", "50%"]),
    )
    for name, values in rng.sample(maybe, rng.choice([0, 1, 1, 2, 2, 3])):
        args[name] = rng.choice(values)
    args["sort"] = rng.choice(["", "-"]) + rng.choice(list(Sort)).value
    search = Search(rng.choice(["", "", "", "mar", "70000", "STV_1", "weiss"]), rng.choice(["", "", "", "mar", "李"]))
    return Wanted.from_args(args), search


def expected(wanted: Wanted, search: Search, rows: list[OrderRow]) -> list[int]:
    """The ids in order, by reading every order in plain Python."""
    return [row.id for row in sorted((row for row in rows if fits(row, wanted, search)), key=place(wanted))]


def fits(row: OrderRow, wanted: Wanted, search: Search) -> bool:
    account, facet = row.account, unfold(row.facet)
    today = row.ship_by is not None and row.ship_by < datetime.combine(NOW.date() + timedelta(days=1), time(), UTC)
    is_late = row.is_open and row.ship_node == "SellerFulfilled" and row.ship_by is not None and row.ship_by < NOW
    in_shop = {
        "": True,
        "yes": row.magento_order_id is not None,
        "no": row.magento_order_id is None,
        "deleted": row.magento_order_id is not None and row.magento_is_gone,
        "failed": row.magento_order_id is None and row.wants_magento and row.attention is not None,
        "waiting": row.magento_order_id is None and row.wants_magento and row.attention is None,
    }
    node = {"": row.ship_node, "seller": "SellerFulfilled", "walmart": "WFSFulfilled", "others": "3PLFulfilled"}
    return (
        (is_late if wanted.tab is Tab.LATE else wanted.tab.takes(facet))
        and (wanted.tab is not Tab.SHIP_TODAY or today)
        and wanted.store in ("", account.store.key)
        and wanted.problem in (Problem.NONE, facet.problem)
        and (not wanted.sides or (row.magento_order_id is not None and facet.differs is (wanted.sides == "differ")))
        and wanted.status in (None, OrderStatus(row.status))
        and wanted.account in ("", account.key)
        and wanted.market in ("", account.marketplace)
        and in_shop[wanted.magento]
        and node[wanted.by] == row.ship_node
        and within(row.ordered_at, wanted.sold_from, wanted.sold_to)
        and within(row.ship_by, wanted.due_from, wanted.due_to)
        and within_money(row.total, wanted.total_from, wanted.total_to)
        and has_words(row, wanted, search)
    )


def within(at: datetime | None, begin: str, end: str) -> bool:
    def read(typed: str) -> datetime:
        return datetime.fromisoformat(typed).replace(tzinfo=UTC)

    if not begin and not end:
        return True
    if at is None:
        return False
    last = read(end) + (timedelta(minutes=1) if ":" in end else timedelta(days=1)) if end else None
    return (not begin or at >= read(begin)) and (last is None or at < last)


def within_money(total: Decimal, begin: str, end: str) -> bool:
    ends = [Decimal(typed.replace(",", ".")) if typed else None for typed in (begin, end)]
    return (ends[0] is None or total >= ends[0]) and (ends[1] is None or total <= ends[1])


def has_words(row: OrderRow, wanted: Wanted, search: Search) -> bool:
    buyer, items = words_of(row.buyer), [word for line in row.lines for word in words_of(f"{line.sku} {line.title}")]
    every = [*buyer, *items, *words_of(f"{row.po} {row.customer_order_id} {row.magento_increment_id or ''}")]

    def have(words: list[str], typed: str) -> bool:
        return all(any(word.startswith(begun) for word in words) for begun in typed_words(typed))

    return have(every, search.text) and have(buyer, search.buyer) and have(items, wanted.items)


def place(wanted: Wanted) -> Any:
    """The key by which the rows stand: ties by id in the direction of the sort, no ship-by date always last."""
    ranks = [status.value for status in OrderStatus]

    def key(row: OrderRow) -> tuple[Any, ...]:
        sign = -1 if wanted.descending else 1
        match wanted.sort:
            case Sort.STATUS:
                return sign * ranks.index(row.status), -row.ordered_at.timestamp(), -row.id
            case Sort.DUE:
                return row.ship_by is None, sign * (row.ship_by.timestamp() if row.ship_by else 0), sign * row.id
            case Sort.TOTAL:
                return sign * row.total, sign * row.id
            case Sort.SOLD:
                return sign * row.ordered_at.timestamp(), sign * row.id

    return key


@pytest.mark.parametrize("few", [5_000, 3])
def test_any_list_is_the_one_that_reading_everything_gives(
    shop: Flask, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(lists, "FEW", few)
    accounts = queries.all_accounts()
    by_id = {account.id: account for account in accounts}
    rows = list(
        order_rows.find_all([sync_id for (sync_id,) in db.session.execute(db.select(OrderRow.sync_id))]).values()
    )
    for row in rows:
        row.account = by_id[row.account_id]
    db.session.expunge_all()  # what a page reads, it reads itself
    rng = random.Random(few + len(str(db.engine.url)))
    for _ in range(25):
        wanted, search = some_wanted(rng, [account.key for account in accounts], accounts[0].store.key)
        question = lists.question(wanted, accounts, UTC, search)
        assert question.mistakes == {} or "begins after it ends" in str(question.mistakes)
        if question.mistakes:
            continue
        right = expected(wanted, search, rows)
        walked, page, backs = [], lists.page(question, 12), []
        for tab, count in page.counts.items():
            if count.or_more:  # with so low a limit, "more than a few" is no proof of a thousand
                continue
            assert count.number == len(expected(replace(wanted, tab=tab), search, rows)), (tab, wanted, search)
        while True:
            walked += [order.id for order in page.orders]
            if page.after is None:
                break
            backs.append([order.id for order in page.orders])
            page = lists.page(replace(question, wanted=replace(wanted, after=page.after, at=page.at + 12)), 12)
        assert walked == right, (wanted, search)
        while page.before is not None and backs:
            page = lists.page(replace(question, wanted=replace(wanted, before=page.before)), 12)
            assert [order.id for order in page.orders] == backs.pop(), (wanted, search)
        assert lists.matching_ids(question, 1000) == expected(
            replace(wanted, sort=Sort.SOLD, descending=True), search, rows
        )


def test_how_many_orders_there_are_at_all_is_told_about_right(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNTED_TO", 20)
    if not is_sqlite():
        db.session.execute(db.text("analyze orders"))
    for args, about in (({}, 180), ({"sort": "due"}, 180), ({"by": "seller"}, None), ({"tab": "late"}, None)):
        question = lists.question(Wanted.from_args(args), queries.all_accounts(), UTC)
        assert lists.page(question, 12).about == about


def test_the_facet_in_the_database_says_what_the_order_says(shop: Flask) -> None:
    for row in db.session.execute(db.select(OrderRow)).scalars():
        facet = unfold(row.facet)
        assert (facet.account_id, facet.status) == (row.account_id, OrderStatus(row.status))
        assert facet.needs_action is (row.attention is not None or row.wants_to_cancel)
        assert facet.to_acknowledge is (row.acknowledge_by is not None)
        assert (facet.to_ship, facet.is_open, facet.has_failed) == (row.to_ship, row.is_open, row.has_failed)
        assert facet.wants_to_cancel is row.wants_to_cancel
        assert facet.is_refunded is (row.refunded > 0)


def test_orders_are_found_by_their_parcels_numbers_however_those_are_written(shop: Flask) -> None:
    with shop.app_context():
        with unit_of_work() as work:
            account = work.session.query(AccountRow).first()
            assert account is not None
            numbers = {"900": "1Z 999 AA1-0123", "901": "1z999aa10123", "902": "AND", "903": "1Z999AA101234"}
            ids = {
                po: an_order(work, account, po, (a_line("1", statuses={"Shipped": 1}, tracking=a_parcel(number)),)).id
                for po, number in numbers.items()
            }
        for given, found in ((("1z999aa10123",), ("900", "901")), (("and", "no"), ("902",)), (("no",), ())):
            statement = sql.with_numbers(given, 10)
            assert sorted(db.session.execute(statement).scalars()) == [ids[po] for po in found]


def test_a_number_at_many_orders_hides_no_other(shop: Flask) -> None:
    filler, used = "1Z9990000000000000", "1Z999AA10123456784"
    typed = [filler, *(f"1Z8{at:015}" for at in range(198)), used]
    with unit_of_work() as work:
        account = work.session.query(AccountRow).first()
        assert account is not None
        for at in range(doubting.AT_ONCE + 1):
            number = used if at == doubting.AT_ONCE else filler
            parcel = (a_line("1", statuses={"Shipped": 1}, tracking=a_parcel(number)),)
            an_order(work, account, f"71{at:011}", parcel, address=replace(ALDER_COURT, name="Somebody Else"))
        fresh = an_order(work, account, "7200000000000")
    found = of_row(fresh, account, ())
    said = doubting.doubts([doubting.Label(found, "Other", number) for number in typed])
    orders = [[sentence for sentence in some if sentence.startswith("Order ")] for some in said]
    assert [len(some) for some in orders] == [1, *[0] * 198, 1]
    assert orders[-1] == [f"Order 7100000000200 has the number {used} already."]
    assert len(list(db.session.execute(sql.with_numbers([one.lower() for one in typed], 5)))) == 6
