"""The health of the flow of orders, in words: told by moving the clock."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from tests.house import House
from tests.polling import ask_all, health, move_to, only_mirror, silence, stored
from webapp import accounts, clock, shop_polls, troubles
from webapp.domain.poll_kinds import ELSEWHERE, SHOP, SHOP_DELETIONS, US, kind_of
from webapp.models import AccountRow, PollRow, StoreRow, db
from webapp.sync_health import span
from webapp.unit_of_work import unit_of_work


@pytest.fixture(params=["house", "postgres_house"])
def any_house(request: pytest.FixtureRequest) -> House:
    """The house on each database."""
    found: House = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (119, "1 min"), (7199, "119 min"), (7200, "2 h")]
    + [(86400, "24 h"), (172800, "2 days")],
)
def test_a_length_of_time_has_one_unit(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_a_flow_that_is_well_says_when_and_that_nothing_waits(any_house: House) -> None:
    house = any_house
    only_mirror(house)
    assert health(house).sentence == "No webhook yet; no poll yet; every event is answered."
    house.place()
    house.drain()
    clock.move(timedelta(seconds=40))
    well = health(house)
    assert well.is_ok
    assert well.sentence.startswith("Last webhook 4")
    assert "every event is answered" in well.sentence


def test_polls_that_fail_for_long_are_a_trouble_with_walmarts_own_words(house: House) -> None:
    house.drain()
    house.walmart.fault("status", method="GET", path="/v3/orders", status=503)
    house.pass_time(minutes=10)
    assert health(house).is_ok
    house.pass_time(hours=2)
    red = health(house)
    assert not red.is_ok
    assert red.problems[0].startswith("No poll for changed orders has succeeded for 2 h: Walmart answered 503")
    house.walmart.clear_faults()
    house.pass_time(hours=1)
    assert health(house).is_ok


def test_workers_that_do_not_run_are_a_trouble_too(house: House) -> None:
    house.drain()
    clock.move(timedelta(hours=3))
    assert "look whether the workers run" in health(house).sentence


def test_an_event_that_waits_too_long_is_a_trouble(house: House) -> None:
    house.drain()
    assert house.post_webhook(house.walmart.place_order()) == 200
    assert health(house).sentence.endswith("1 event is in hand.")
    clock.move(timedelta(minutes=4))
    assert health(house).is_ok
    clock.move(timedelta(minutes=2))
    assert health(house).problems == ("One event waits to be answered, for 6 min by now.",)


def test_outside_the_us_no_webhooks_are_expected(house: House) -> None:
    move_to(house, "ca")
    ask_all(house)
    house.drain()
    assert health(house).sentence.startswith("Walmart sends no webhooks in Canada, so orders are found by polls alone;")
    silence(house, "orders", "orders_wfs", "orders_3pl")
    house.pass_time(minutes=40)
    assert health(house).is_ok


def test_a_paused_account_is_no_trouble(house: House) -> None:
    house.drain()
    with house.app.app_context(), unit_of_work() as work:
        work.session.get_one(AccountRow, house.account_id).is_paused = True
    clock.move(timedelta(days=2))
    told = health(house)
    assert told.is_ok
    assert told.sentence.startswith("The account is paused: nothing is read. ")


def test_the_kinds_of_polls_have_the_same_names_in_every_market() -> None:
    assert [kind.name for kind in US] == [kind.name for kind in ELSEWHERE]
    assert kind_of("mx", "open").every < kind_of("us", "open").every
    with pytest.raises(LookupError):
        kind_of("us", "nonsense")


def test_each_page_tells_of_polls_that_have_stopped(any_house: House) -> None:
    house = any_house
    house.drain()
    with house.app.app_context():
        assert troubles.look(redis_is_up=True).troubles == ()
        clock.move(timedelta(hours=2))
        told = troubles.look(redis_is_up=True)
    assert told.tone == "bad"
    assert any("has succeeded for 2 h" in one.headline for one in told.troubles)


def test_a_shop_whose_polls_have_stopped_is_a_trouble_of_its_accounts(any_house: House) -> None:
    house = any_house
    house.drain()
    silence(house, *SHOP)
    house.pass_time(minutes=19)
    assert health(house).is_ok
    house.pass_time(minutes=2)
    assert health(house).problems[0].startswith("No poll for credit memos in the shop has succeeded for 21 min")


def test_a_poll_that_is_new_to_an_old_shop_is_not_late_at_once(any_house: House) -> None:
    house = any_house
    house.drain()
    with house.app.app_context():
        with unit_of_work() as work:
            store = work.session.query(StoreRow).one()
            store.created_at = clock.now() - timedelta(days=400)
            work.execute(delete(PollRow).where(PollRow.kind == SHOP_DELETIONS))
            store_id = store.id
        shop_polls.ensure(accounts.store_by_id(store_id))
        assert troubles.look(redis_is_up=True).troubles == ()
    assert health(house).is_ok
    clock.move(timedelta(days=2))
    assert any(one.startswith("No poll for deleted orders in the shop has") for one in health(house).problems)


def test_polling_by_hand_asks_walmart_and_the_shop(house: House) -> None:
    po = house.walmart.place_order()
    silence(house, *SHOP)
    told = house.app.test_cli_runner().invoke(args=["poll", "--account", "Seller", "--json"])
    assert json.loads(told.output) == {"polls": len(US) + len(SHOP), "troubles": []}
    assert po in stored(house)
    with house.app.app_context():
        shops = select(PollRow.succeeded_at).where(PollRow.kind.in_(SHOP))
        assert None not in set(db.session.execute(shops).scalars())


def test_the_doctor_and_adding_an_account_say_that_no_webhook_is_subscribed(house: House) -> None:
    runner = house.app.test_cli_runner()
    found = json.loads(runner.invoke(args=["doctor", "--json"]).output)
    said = {one["check"]: one["sentence"] for one in found}
    assert "accounts subscribe 'Seller'" in said["webhooks Seller"]
    words = ["accounts", "add", "North", "--store", "Shop", "--client-id", "c", "--client-secret-stdin"]
    added = runner.invoke(args=[*words, "--marketplace", "ca", "--number-prefix", "N-"], input="secret\n")
    assert "polling does the work" in added.output


def test_a_poll_that_comes_hourly_is_not_late_after_half_an_hour(house: House) -> None:
    house.drain()
    silence(house, "shop_deletions")
    house.pass_time(minutes=30)
    with house.app.app_context():
        assert troubles.look(redis_is_up=True).troubles == ()
    assert health(house).is_ok
