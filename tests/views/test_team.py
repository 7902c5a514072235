"""People and roles: who may do what, changed from one request to the next, never without an admin, always on record."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import a_store, an_account
from tests.views.conftest import PEOPLE, signed_in, token_on
from webapp import clock, team
from webapp.models import SettingChangeRow, UserRow, db
from webapp.unit_of_work import unit_of_work
from webapp.views import words

PASSWORD = "four quiet words here"


def number(app: Flask, role: str) -> int:
    with app.app_context():
        return db.session.execute(select(UserRow.id).where(UserRow.email == PEOPLE[role])).scalar_one()


def post(client: FlaskClient, path: str, **form: str) -> str:
    sent = {"csrf_token": token_on(client, "/account"), **form}
    return client.post(f"/settings/people{path}", data=sent, follow_redirects=True).text


def kept(app: Flask) -> list[tuple[str, str, str, str]]:
    with app.app_context():
        rows = db.session.execute(select(SettingChangeRow).order_by(SettingChangeRow.id)).scalars()
        return [(row.by, row.setting, row.before, row.after) for row in rows]


def test_a_person_added_without_a_password_comes_in_by_the_link_that_is_shown_once(
    app: Flask, admin: FlaskClient
) -> None:
    text = post(admin, "", email="Dana@Shop.Example", role="operator")
    link = re.search(r"/sign-in/[\w-]+", text)
    assert link is not None
    fresh = app.test_client()
    assert fresh.get(link[0]).status_code == 303
    assert "operator" in fresh.get("/account").text
    listed = admin.get("/settings/people").text
    assert listed.count("in use now") == 2, "hers and the reader's own"
    clock.move(timedelta(minutes=6))
    listed = admin.get("/settings/people").text
    assert listed.count("in use now") == 1
    assert "last used <time" in listed
    assert link[0] not in listed
    assert "No password yet" in listed
    assert kept(app) == [(PEOPLE["admin"], "dana@shop.example", "", "added as operator")]


def test_who_changed_what_is_told_on_the_clock_of_the_other_pages(app: Flask, admin: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        an_account(work, a_store(work))
    post(admin, "", email="dana@shop.example", role="viewer", password=PASSWORD)
    page = admin.get("/settings/people").text
    with app.app_context():
        at = words.moment(db.session.query(SettingChangeRow).one().at, "America/Los_Angeles")
    assert f'<span class="dim">{at}</span>' in page
    assert "Times are those of America/Los Angeles." in page


def test_a_person_added_with_a_password_signs_in_and_a_bad_one_is_explained(app: Flask, admin: FlaskClient) -> None:
    assert "needs 8 characters" in post(admin, "", email="dana@shop.example", role="viewer", password="short")
    assert "is there already" in post(admin, "", email=PEOPLE["viewer"], role="viewer", password=PASSWORD)
    assert "no role king" in post(admin, "", email="dana@shop.example", role="king", password=PASSWORD)
    assert kept(app) == []
    assert "may sign in as viewer" in post(admin, "", email="dana@shop.example", role="viewer", password=PASSWORD)
    fresh = app.test_client()
    form = {"csrf_token": token_on(fresh, "/sign-in"), "email": "dana@shop.example", "password": PASSWORD}
    assert fresh.post("/sign-in", data=form).status_code == 303


def test_role_sessions_and_door_change_from_the_next_request_on(
    app: Flask, admin: FlaskClient, viewer: FlaskClient
) -> None:
    who = number(app, "viewer")
    assert viewer.get("/settings/people").status_code == 403
    assert "is admin now" in post(admin, f"/{who}/role", role="admin")
    assert viewer.get("/settings/people").status_code == 200
    assert "signed out everywhere" in post(admin, f"/{who}/sign-out")
    assert viewer.get("/orders").status_code == 303
    again = signed_in(app, "viewer")
    assert "cannot sign in any more" in post(admin, f"/{who}/disable")
    assert again.get("/orders").status_code == 303
    assert "no active user" in post(admin, f"/{who}/link")
    assert "may sign in again" in post(admin, f"/{who}/enable")
    assert again.get("/orders").status_code == 303, "the old session is over for good"
    assert [(setting, before, after) for _, setting, before, after in kept(app)] == [
        (f"Role of {PEOPLE['viewer']}", "viewer", "admin"),
        (f"Sessions of {PEOPLE['viewer']}", "", "1 ended"),
        (PEOPLE["viewer"], "may sign in", "disabled"),
        (PEOPLE["viewer"], "disabled", "may sign in"),
    ]
    assert "Role of" in admin.get("/settings/people").text


@pytest.mark.parametrize(("act", "form"), [("disable", {}), ("role", {"role": "operator"})])
def test_the_last_admin_stays(app: Flask, admin: FlaskClient, act: str, form: dict[str, str]) -> None:
    me = number(app, "admin")
    assert "is the last admin. Make somebody else an admin first." in post(admin, f"/{me}/{act}", **form)
    assert admin.get("/settings/people").status_code == 200
    with app.app_context():
        team.change_role(PEOPLE["viewer"], "admin")
        team.disable(PEOPLE["viewer"])
    assert "is the last admin" in post(admin, f"/{me}/{act}", **form), "a disabled admin manages nothing"
    with app.app_context():
        team.enable(PEOPLE["viewer"])
    assert "is the last admin" not in post(admin, f"/{me}/{act}", **form)
    assert admin.get("/settings/people").status_code in (303, 403)


def test_the_same_on_the_command_line(app: Flask, viewer: FlaskClient) -> None:
    def run(*words: str) -> Any:
        return app.test_cli_runner().invoke(args=["users", *words])

    listed = json.loads(run("list", "--json").output)
    assert [(one["email"], one["role"], one["state"], one["browsers"]) for one in listed] == [
        (PEOPLE["viewer"], "viewer", "invited", 1),
        (PEOPLE["operator"], "operator", "invited", 0),
        (PEOPLE["admin"], "admin", "invited", 0),
    ]
    assert run("role", PEOPLE["viewer"], "operator").output == f"{PEOPLE['viewer']} is operator now.\n"
    assert run("disable", PEOPLE["viewer"]).exit_code == 0
    assert viewer.get("/orders").status_code == 303
    assert "is the last admin" in run("disable", PEOPLE["admin"]).output
    assert run("role", "nobody@shop.example", "viewer").exit_code == 1
    assert (
        "/sign-in/" in json.loads(run("add", "eve@shop.example", "--role", "viewer", "--link", "--json").output)["link"]
    )
    assert {by for by, *_ in kept(app)} == {"command line"}
