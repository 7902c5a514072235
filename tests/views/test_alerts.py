"""Who is told when something is wrong and nobody looks: by e-mail and by hook, once for each cause."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.rows import a_command, a_line, a_store, an_account, an_order
from tests.standing_in import Letterbox, Listener, listener, mail_server
from tests.views.conftest import built, settings_in, signed_in, token_on
from webapp import alert_channels, alerts, clock, doctor, onboarding, vault
from webapp.connectors import mail
from webapp.domain.alerts import Kind
from webapp.intake import CONFLICT
from webapp.models import AccountRow, AlertChannelRow, EventRow, OrderRow, PollRow, StoreRow, db
from webapp.settings import CHECKOUT
from webapp.unit_of_work import unit_of_work
from webapp.views import words

PAGE = "/settings/alerts"
ALL = [kind.value for kind in Kind]
OF_ORDERS = [kind.value for kind in Kind if kind is not Kind.SERVER]
"""Redis is down in these tests: that would be told too."""
PO = 2802123870000


@pytest.fixture(scope="module")
def box() -> Iterator[Letterbox]:
    with mail_server() as made:
        yield made


@pytest.fixture(scope="module")
def hook() -> Iterator[Listener]:
    with listener() as made:
        yield made


@pytest.fixture
def house(tmp_path: Path, box: Letterbox, hook: Listener) -> Iterator[Flask]:
    """A server with a mail server, which allows the hook's address."""
    box.letters.clear()
    hook.got.clear()
    box.refuses, hook.status = "", 200
    host = hook.url.split("/")[2]
    changes = {"smtp_url": f"smtp://127.0.0.1:{box.port}", "mail_from": "bridge@shop.example"}
    app = built(settings_in(tmp_path, allowed_hosts_out=frozenset({host}), **changes))
    with app.app_context(), unit_of_work() as work:
        an_account(work, a_store(work))
    yield app
    clock.reset()
    with app.app_context():
        db.engine.dispose()


def say(app: Flask, **form: Any) -> Any:
    """The form for somebody new, as an admin sends it."""
    client = signed_in(app, "admin")
    values = {"csrf_token": token_on(client, PAGE), "kind": "mail", "wants": OF_ORDERS, "every": "15"}
    return client, client.post(PAGE, data=values | form, follow_redirects=True)


def order(app: Flask, number: int, **changes: Any) -> None:
    with app.app_context(), unit_of_work() as work:
        account = work.session.query(AccountRow).one()
        row = an_order(work, account, str(PO + number), **{k: v for k, v in changes.items() if k != "reason"})
        if "reason" in changes:
            a_command(work, row, "CreateMagentoOrder", **parked(changes["reason"]))


def round_(app: Flask, minutes: float = 0) -> None:
    """What the scheduler does each half minute, some time later."""
    clock.move(timedelta(minutes=minutes))
    with app.app_context():
        alerts.look()
        alert_channels.tell()
        db.session.remove()


def late() -> dict[str, Any]:
    return {"ship_in": timedelta(hours=-2)}


def unacknowledged(minutes: int = 210) -> dict[str, Any]:
    sold = clock.now() - timedelta(minutes=minutes)
    lines = (a_line(statuses={"Created": 1}),)
    return {"lines": lines, "acknowledge_by": sold + timedelta(hours=4), "ordered_at": sold}


def numbers(hook: Listener) -> list[int]:
    """How many orders each message was about."""
    return [one["orders"] for got in hook.got for one in got["alerts"]]


def forget(app: Flask, how_many: int) -> None:
    with app.app_context(), unit_of_work() as work:
        for row in work.session.query(OrderRow).limit(how_many):
            work.session.delete(row)


def test_a_further_order_near_its_end_is_told_though_another_one_stands(house: Flask, hook: Listener) -> None:
    say(house, kind="hook", hook=hook.url, every="1")
    order(house, 1, **unacknowledged())
    round_(house)
    order(house, 2, **unacknowledged())
    round_(house, 2)
    round_(house, 2)
    assert numbers(hook) == [1, 2]
    forget(house, 2)
    round_(house, 2)
    order(house, 3, **unacknowledged())
    round_(house, 2)
    assert numbers(hook) == [1, 2, 1]


def test_what_fell_and_grew_again_has_grown(house: Flask, hook: Listener) -> None:
    say(house, kind="hook", hook=hook.url, every="1")
    for number in range(3):
        order(house, number, **late())
    round_(house)
    forget(house, 2)
    round_(house, 9)
    order(house, 5, **late())
    for _ in range(2):
        round_(house, 9)
    assert numbers(hook) == [3]
    round_(house, 1440)
    assert numbers(hook) == [3, 2]


def test_what_fails_at_a_demo_account_is_no_alert_beside_a_real_one(house: Flask, hook: Listener) -> None:
    order(house, 1, has_failed=True, reason="Refused.")
    with house.app_context(), unit_of_work() as work:
        demo = an_account(work, a_store(work, name="Demo shop", is_demo=True), "Demo")
        a_command(work, an_order(work, demo, "999", has_failed=True), "CreateMagentoOrder", **parked("Refused."))
    say(house, kind="hook", hook=hook.url)
    round_(house)
    assert numbers(hook) == [1]


def parked(reason: str) -> dict[str, Any]:
    return {"state": "parked", "ended_at": clock.now(), "reason": reason}


@pytest.mark.parametrize(("looked_at", "said"), [(3, "3 orders need somebody."), (2, "2+ orders need somebody.")])
def test_a_number_that_may_be_higher_is_said_so(
    house: Flask, hook: Listener, monkeypatch: pytest.MonkeyPatch, looked_at: int, said: str
) -> None:
    monkeypatch.setattr(alerts, "LOOKED_AT", looked_at)
    say(house, kind="hook", hook=hook.url)
    for number in range(3):
        order(house, number, attention="No product for SKU MUG-BLUE.")
    round_(house)
    assert hook.got[0]["alerts"][0]["headline"] == said


@pytest.mark.parametrize("status", [301, 404])
def test_no_part_of_a_hooks_address_comes_back_in_words(house: Flask, hook: Listener, status: int) -> None:
    client, _ = say(house, kind="hook", hook=hook.url)
    hook.status = status
    order(house, 1, **late())
    round_(house)
    page = client.get(PAGE).text
    assert {301: "(127.0.0.1)", 404: "channel is archived: *** and ***"}[status] in page
    assert "secret-part" not in page


def test_what_goes_wrong_with_one_is_said_there_and_the_others_are_told(
    house: Flask, hook: Listener, box: Letterbox
) -> None:
    client, _ = say(house, kind="hook", hook=hook.url)
    say(house, mail="orders@shop.example")
    with house.app_context(), unit_of_work() as work:
        work.session.query(AlertChannelRow).filter_by(kind="hook").update({"address": vault.seal("http://[no-address")})
    order(house, 1, **late())
    round_(house)
    assert len(box.letters) == 1
    assert "Sending broke off inside Orderbridge" in client.get(PAGE).text


def test_what_another_host_raises_by_a_slower_clock_is_told_too(house: Flask, hook: Listener) -> None:
    client, _ = say(house, kind="hook", hook=hook.url, every="1")
    order(house, 1, **late())
    round_(house)
    order(house, 2, lines=(a_line(intent_to_cancel="BUYER"),))
    clock.move(timedelta(minutes=-3))
    with house.app_context():
        alerts.look()
    assert "nobody in this list has been told yet" in client.get(PAGE).text
    round_(house, 5)
    round_(house, 5)
    assert [one["kind"] for got in hook.got for one in got["alerts"]] == ["late", "cancellation"]
    assert client.get(PAGE).text.count('told to <span dir="auto">127.0.0.1/…</span>') == 2


@pytest.mark.parametrize("sender", ["bridge@shop.example", '"My shop, Inc." <bridge@shop.example>'])
def test_the_sender_may_have_a_name(sender: str) -> None:
    with mail_server() as box:
        server = mail.MailServer.from_url(f"smtp://127.0.0.1:{box.port}", sender)
        mail.send(server, "orders@shop.example", "Hello", "Hello")
    assert (box.greeted_as, box.letters[0]["From"]) == ("shop.example", sender)


def test_a_password_that_no_login_can_carry_is_said() -> None:
    with mail_server(logs_in=True) as box:
        server = mail.MailServer.from_url(f"smtp://bridge:p%C3%A4ss@127.0.0.1:{box.port}", "bridge@shop.example")
        with pytest.raises(mail.MailError, match="only ASCII is possible there"):
            mail.send(server, "orders@shop.example", "Hello", "Hello")


def test_what_is_new_comes_in_one_letter_and_each_cause_once(house: Flask, box: Letterbox) -> None:
    say(house, mail="orders@shop.example", every="1")
    for number in range(3):
        order(house, number, has_failed=True, reason=f"SKU MUG-{number}00 was not found in Magento.")
    order(house, 10, **late())
    order(house, 11, **unacknowledged())
    round_(house)
    (letter,) = box.letters
    text = bytes(letter.get_payload(decode=True)).decode()
    assert letter["To"] == "orders@shop.example"
    assert letter["From"] == "bridge@shop.example"
    assert "Create the Magento order failed for 3 orders." in text
    assert "1 order of North Outfitters is late: the ship-by date has passed." in text
    assert "1 order of North Outfitters is not acknowledged, and Walmart’s time ends." in text
    assert "MUG-" not in text, "what a neighbour said may quote a buyer: it stays on the page"
    assert "Maria" not in text
    for _ in range(3):
        round_(house, 2)
    assert len(box.letters) == 1


def test_no_sign_in_a_message_turns_what_is_beside_it(house: Flask, box: Letterbox, hook: Listener) -> None:
    say(house, mail="orders@shop.example", every="1")
    say(house, kind="hook", hook=hook.url, every="1")
    order(house, 1, attention="No product SKU-\u202eAB\u200e in Magento. Link one.")
    round_(house)
    (letter,), (got,) = box.letters, hook.got
    text = bytes(letter.get_payload(decode=True)).decode()
    for told in (text, str(got)):
        assert "SKU-�AB" in told
        assert not re.search("[\u200e\u202e]", told)


def test_what_ended_and_comes_again_is_told_again(house: Flask, box: Letterbox) -> None:
    say(house, mail="orders@shop.example", every="1")
    order(house, 1, **late())
    round_(house)
    with house.app_context(), unit_of_work() as work:
        work.session.query(OrderRow).delete()
    for _ in range(3):
        round_(house, 6)
    order(house, 2, **late())
    round_(house, 1)
    assert len(box.letters) == 2


@pytest.mark.parametrize(("away", "letters"), [(4, 2), (8, 2), (11, 3)])
def test_what_is_over_is_said_so_at_once_and_goes_on_where_it_comes_again_soon(
    house: Flask, box: Letterbox, away: int, letters: int
) -> None:
    client, _ = say(house, mail="orders@shop.example", every="1")
    order(house, 1, **late())
    round_(house)
    with house.app_context(), unit_of_work() as work:
        work.session.query(OrderRow).delete()
    order(house, 2, has_failed=True, reason="Refused.")
    round_(house, 1)
    now, over = unescape(client.get(PAGE).text).split('id="told"')[1].split("<h2>Over</h2>")
    assert ("is late" in now, "is late" in over) == (False, True)
    with house.app_context():
        began = [words.moment(one.began_at, "America/Los_Angeles") for one in alerts.past()]
    assert [one for one in began if unescape(one) not in over] == []
    assert over.count("Times are those of America/Los Angeles.") == 2, "what is over, and what was changed"
    round_(house, away - 1)
    order(house, 3, **late())
    round_(house, 1)
    assert "is late" in client.get(PAGE).text.split("<h2>Over</h2>")[0]
    assert len(box.letters) == letters


def test_a_shop_that_cannot_be_read_is_told_and_over_once_it_can(house: Flask, hook: Listener) -> None:
    client, _ = say(house, kind="hook", hook=hook.url, wants=["server"], every="1")
    with house.app_context(), unit_of_work() as work:
        store = work.session.query(StoreRow).one()
        poll = {"store_id": store.id, "due_at": clock.now(), "failing_since": clock.now()}
        poll["succeeded_at"] = clock.now() - timedelta(minutes=1)
        work.add(PollRow(kind="products", name="p", tries=2, trouble="Magento is in maintenance mode.", **poll))
    for _ in range(3):
        round_(house, 3)
    told = [one for got in hook.got for one in got["alerts"] if one["cause"].startswith("server:polls:")]
    assert [one["headline"] for one in told] == ["The shop North Outfitters shop could not be read for 9 min."]
    assert told[0]["detail"].startswith("Magento is in maintenance mode. Nothing is lost.")
    with house.app_context(), unit_of_work() as work:
        work.session.query(PollRow).update(
            {"tries": 0, "trouble": "", "failing_since": None, "succeeded_at": clock.now()}
        )
    round_(house, 1)
    now, over = client.get(PAGE).text.split('id="told"')[1].split("<h2>Over</h2>")
    assert ("could not be read" in now, "could not be read" in over) == (False, True)


def test_a_digest_waits_for_its_time_and_tells_all_that_came_meanwhile(house: Flask, hook: Listener) -> None:
    say(house, kind="hook", hook=hook.url)
    order(house, 1, **late())
    round_(house)
    order(house, 2, has_failed=True, reason="SKU MUG-RED was not found.")
    order(house, 3, attention="No product for SKU MUG-BLUE.")
    round_(house, 5)
    assert len(hook.got) == 1
    round_(house, 11)
    assert [one["kind"] for one in hook.got[1]["alerts"]] == ["needs-action", "failed"]
    assert "text" in hook.got[1]
    assert hook.got[1]["alerts"][1]["url"].endswith("cause=" + hook.got[1]["alerts"][1]["cause"].split(":")[1])


def test_each_number_is_that_of_the_page_it_leads_to(house: Flask, hook: Listener) -> None:
    say(house, kind="hook", hook=hook.url)
    for number in range(2):
        order(house, number, **late())
    order(house, 5, lines=(a_line(intent_to_cancel="BUYER"),))
    order(house, 6, **unacknowledged())
    order(house, 7, **unacknowledged(60))
    round_(house)
    client = signed_in(house, "viewer")
    for one in hook.got[0]["alerts"]:
        path = "/" + one["url"].split("/", 3)[3]
        assert f">{one['orders']} order{'s' if one['orders'] > 1 else ''} <small>" in client.get(path).text, path


def test_what_is_not_taken_comes_again_and_says_why(house: Flask, box: Letterbox) -> None:
    client, _ = say(house, mail="gone@shop.example")
    box.refuses = "5.1.1 no such mailbox"
    order(house, 1, **late())
    round_(house)
    assert "127.0.0.1 does not take e-mail for this address: 5.1.1 no such mailbox" in client.get(PAGE).text
    box.refuses = ""
    round_(house, 60)
    assert len(box.letters) == 1
    assert "no such mailbox" not in client.get(PAGE).text


def test_what_was_not_taken_goes_out_at_once_after_a_test_that_arrives(house: Flask, box: Letterbox) -> None:
    client, _ = say(house, mail="orders@shop.example", every="60")
    box.refuses = "554 5.7.1 not now"
    order(house, 1, **late())
    for minutes in (0, 1, 2, 5, 20):
        round_(house, minutes)
    with house.app_context():
        test = f"{PAGE}/{db.session.query(AlertChannelRow).one().id}/test"
    box.refuses = ""
    client.post(test, data={"csrf_token": token_on(client, PAGE)})
    round_(house, 0.5)
    assert ["is late" in letter["Subject"] for letter in box.letters] == [False, True]
    order(house, 2, has_failed=True, reason="Refused.")
    client.post(test, data={"csrf_token": token_on(client, PAGE)})
    round_(house, 0.5)
    assert len(box.letters) == 3, "how often is still the merchant's to say"


def test_a_trouble_of_the_server_is_told_after_five_minutes(house: Flask, hook: Listener) -> None:
    say(house, kind="hook", hook=hook.url, wants=["server"])
    round_(house)
    order(house, 1, **late())
    round_(house, 3)
    assert hook.got == []
    round_(house, 3)
    assert "Redis is down." in hook.got[0]["text"]
    assert "is late" not in hook.got[0]["text"]


def test_a_used_id_with_another_body_is_told_with_the_page_where_it_stands(house: Flask, hook: Listener) -> None:
    say(house, kind="hook", hook=hook.url, wants=["server"])
    with house.app_context(), unit_of_work() as work:
        account = work.session.query(AccountRow).one()
        for reason in (CONFLICT, "It names no purchase order."):
            twin = EventRow(source="walmart", account_id=account.id, type="", state="ignored", reason=reason)
            twin.headers, twin.body, twin.received_at = {}, b"{}", clock.now()
            work.add(twin)
    for _ in range(3):
        round_(house, 3)
    told = [one for got in hook.got for one in got["alerts"] if one["cause"] == "server:twins"]
    assert [one["headline"] for one in told] == ["1 webhook came with the id of an earlier one and another body."]
    client = signed_in(house, "admin")
    assert CONFLICT in unescape(client.get(urlsplit(told[0]["url"]).path + "?show=ignored").text)
    assert told[0]["url"].endswith("/incoming?show=ignored")


def test_an_admin_adds_tries_changes_pauses_and_removes(house: Flask, hook: Listener) -> None:
    client, added = say(house, kind="hook", hook=hook.url)
    assert "127.0.0.1/…" in added.text
    assert "secret-part" not in added.text
    with house.app_context():
        row = db.session.query(AlertChannelRow).one()
        assert b"secret-part" not in row.address
    token = token_on(client, PAGE)

    def post(act: str, **form: Any) -> str:
        answer = client.post(f"{PAGE}/{row.id}{act}", data={"csrf_token": token, **form}, follow_redirects=True)
        return str(answer.text)

    assert "A test is on its way." in post("/test")
    assert "This is a test: nothing is wrong." in hook.got[0]["text"]
    hook.status = 404
    assert "The address for alerts answered with status 404: channel is archived: *** and ***." in post("/test")
    hook.status = 200
    assert "Saved." in post("", wants=["late"], every="60")
    assert "late; at most once an hour" in client.get(PAGE).text
    assert "Choose at least one kind" in post("", every="60")
    post("/pause")
    order(house, 1, **late())
    round_(house)
    assert len(hook.got) == 2
    post("/resume")
    round_(house)
    assert len(hook.got) == 3
    assert "Nobody is told yet" in post("/remove")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"mail": "nobody"}, "Give one e-mail address"),
        ({"mail": "a@shop.example,b@shop.example"}, "Give one e-mail address"),
        ({"mail": "a@shop.example\nBcc: b@shop.example"}, "Give one e-mail address"),
        ({"kind": "hook", "hook": "http://chat.example/x"}, "it begins with https://"),
        ({"kind": "hook", "hook": "file:///etc/passwd"}, "it begins with https://"),
        ({"mail": "a@shop.example", "wants": []}, "Choose at least one kind"),
        ({"mail": "a@shop.example", "every": "7"}, "Choose one of the list"),
    ],
)
def test_a_mistake_is_said_at_its_field(house: Flask, form: dict[str, Any], said: str) -> None:
    _, answer = say(house, **form)
    assert answer.status_code == 422
    assert said in answer.text
    with house.app_context():
        assert db.session.query(AlertChannelRow).count() == 0


def test_an_address_typed_here_must_be_public(house: Flask) -> None:
    client, _ = say(house, kind="hook", hook="https://127.0.0.1:9/x")
    with house.app_context():
        number = db.session.query(AlertChannelRow).one().id
    token = token_on(client, PAGE)
    answer = client.post(f"{PAGE}/{number}/test", data={"csrf_token": token}, follow_redirects=True)
    assert "may not be used from here" in answer.text


def test_the_step_of_being_told_is_done_once_a_message_arrives(house: Flask, hook: Listener) -> None:
    def step() -> tuple[bool, str]:
        with house.app_context():
            found = onboarding.steps()[-1]
            db.session.remove()
        return found.is_done, found.said

    client, _ = say(house, kind="hook", hook=hook.url)
    name = f"{urlsplit(hook.url).hostname}/…"
    assert step() == (False, f"{name} is added: send a test.")
    token, path = token_on(client, PAGE), f"{PAGE}/1/test"
    hook.status = 404
    client.post(path, data={"csrf_token": token})
    assert not step()[0]
    assert step()[1].startswith(f"{name} does not get them: ")
    assert "Mend it, then send a test" in client.get(PAGE).text
    hook.status = 200
    client.post(path, data={"csrf_token": token})
    assert step() == (True, f"{name} is told.")


def test_the_dashboard_and_the_doctor_say_that_nobody_is_told(house: Flask, box: Letterbox) -> None:
    client, viewer = signed_in(house, "admin"), signed_in(house, "viewer")
    assert "Nobody is told when something goes wrong" in client.get("/dashboard").text
    assert "Nobody is told" not in viewer.get("/dashboard").text
    say(house, mail="gone@shop.example")
    assert "Nobody is told" not in client.get("/dashboard").text
    token = token_on(client, PAGE)
    client.post(f"{PAGE}/1/pause", data={"csrf_token": token})
    assert "Nobody is told" in client.get("/dashboard").text
    client.post(f"{PAGE}/1/resume", data={"csrf_token": token})
    box.refuses = "no such mailbox"
    order(house, 1, **late())
    round_(house)
    with house.app_context():
        with unit_of_work() as work:
            work.session.query(AccountRow).update({"api_url": "http://127.0.0.1:9"})
            work.session.query(StoreRow).update({"url": "http://127.0.0.1:9"})
        [found] = [one for one in doctor.examine() if one.what == "alerts"]
    assert (found.ok, found.sentence.startswith("gone@shop.example does not get them.")) == (False, True)


def test_without_a_mail_server_the_page_says_so(app: Flask, admin: FlaskClient) -> None:
    assert "whoever runs it sets SMTP_URL" in admin.get(PAGE).text
    form = {"csrf_token": token_on(admin, PAGE), "kind": "mail", "mail": "a@shop.example", "wants": ALL, "every": "15"}
    assert admin.post(PAGE, data=form).status_code == 422


def test_the_command_line_manages_who_is_told(house: Flask, box: Letterbox, hook: Listener) -> None:
    runner = house.test_cli_runner()

    def said(*words: str, given: str = "") -> tuple[int, Any]:
        result = runner.invoke(args=["alerts", "channels", *words], input=given)
        out = result.output
        return result.exit_code, json.loads(out) if "--json" in words and result.exit_code == 0 else out.strip()

    assert said("list")[1].startswith("Nobody is told yet.")
    code, made = said("add", "mail", "orders@shop.example", "--of", "late", "--of", "failed", "--every", "60", "--json")
    assert (code, made["name"]) == (0, "orders@shop.example")
    code, other = said("add", "hook", "--json", given=f"{hook.url}\n")
    assert (code, other["name"].endswith("/…")) == (0, True)
    listed = said("list", "--json")[1]
    assert [(one["kind"], one["of"], one["every_minutes"]) for one in listed] == [
        ("mail", ["failed", "late"], 60),
        ("hook", ALL, 15),
    ]
    assert hook.url not in said("list")[1]
    assert (said("test", str(made["channel"]))[0], len(box.letters)) == (0, 1)
    hook.status = 500
    code, words = said("test", str(other["channel"]))
    assert (code, words.startswith("The test did not go out.")) == (1, True)
    assert said("pause", str(made["channel"]))[1].endswith("is paused.")
    assert said("resume", str(made["channel"]))[0] == 0
    assert said("remove", str(made["channel"]))[1] == "orders@shop.example is removed."
    assert [one["kind"] for one in said("list", "--json")[1]] == ["hook"]
    admin = unescape(signed_in(house, "admin").get(PAGE).get_data(as_text=True))
    assert "command line" in admin


@pytest.mark.parametrize(
    ("words", "given", "sentence"),
    [
        (["add", "mail", "nobody"], "", "Give one e-mail address"),
        (["add", "hook"], "", "Nothing came on standard input."),
        (["add", "hook", "https://chat.example/x"], "", "A hook's address is a secret"),
        (["add", "hook"], "ftp://chat.example/x\n", "Give the whole address"),
        (["test", "99"], "", "There is no channel 99."),
        (["remove", "99"], "", "There is no channel 99."),
    ],
)
def test_the_command_line_says_what_is_wrong_with_a_channel(
    house: Flask, words: list[str], given: str, sentence: str
) -> None:
    result = house.test_cli_runner().invoke(args=["alerts", "channels", *words], input=given)
    assert (result.exit_code, sentence in result.output) == (1, True)


def test_only_the_field_of_the_chosen_way_is_shown(house: Flask) -> None:
    page = signed_in(house, "admin").get(PAGE).text
    form = page.partition('class="fields told-by"')[2].partition("</form>")[0]
    assert re.findall(r'<div class="by (\w+)"><label for="(\w+)"', form) == [("mail", "mail"), ("hook", "hook")]
    style = (CHECKOUT / "webapp/static/settings.css").read_text()
    assert ".told-by:has(#kind-mail:checked) .hook, .told-by:has(#kind-hook:checked) .mail { display: none }" in style
