"""How a shop's webhooks prove themselves: chosen and changed without a gap, from the command line as from the pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select

from sandbox.magento_signing import new_private_key, public_key, sign
from tests.house import House
from webapp.models import SettingChangeRow, db

BODY = json.dumps({"event": "order", "entity_id": 5}).encode()
SECRET = "a-secret-of-the-shop"


def flask(house: House, *words: str, given: str = "") -> Result:
    return house.app.test_cli_runner().invoke(args=["stores", "webhooks", "Shop", *words], input=given)


def webhooks(house: House, *words: str, given: str = "") -> dict[str, Any]:
    result = flask(house, *words, "--json", given=given)
    assert result.exit_code == 0, result.output
    shown: dict[str, Any] = json.loads(result.output)
    return shown


def post(house: House, url: str, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (
        house.app.test_client().post("/webhooks" + url.partition("/webhooks")[2], data=BODY, headers=named).status_code
    )


def test_a_made_secret_is_shown_once_and_the_way_in_before_counts_until_it_is_dropped(house: House) -> None:
    before = webhooks(house)
    assert (before["mode"], post(house, before["url"])) == ("none", 200)
    shown = webhooks(house, "--auth", "header")
    assert (shown["header_name"], shown["former"]) == ("X-Api-Key", "none")
    assert "secret" not in webhooks(house)
    assert "secret" not in webhooks(house, "--auth", "header")
    assert post(house, shown["url"], X_Api_Key=shown["secret"]) == 200
    assert post(house, shown["url"], X_Api_Key="another") == 401
    assert post(house, before["url"]) == 200
    webhooks(house, "--drop-former")
    assert post(house, before["url"]) == 401
    assert post(house, shown["url"], X_Api_Key=shown["secret"]) == 200


def test_a_new_secret_leaves_the_old_one_valid_until_it_is_dropped(house: House) -> None:
    url = webhooks(house, "--auth", "hmac", "--secret-stdin", given=SECRET)["url"]
    signed = {secret: hmac.new(secret.encode(), BODY, hashlib.sha256).hexdigest() for secret in (SECRET, SECRET + "2")}
    webhooks(house, "--auth", "hmac", "--secret-stdin", given=SECRET + "2")
    assert {post(house, url, X_Signature_Sha256=one) for one in signed.values()} == {200}
    webhooks(house, "--drop-former")
    assert [post(house, url, X_Signature_Sha256=one) for one in signed.values()] == [401, 200]


def test_basic_needs_a_user_and_its_secret_is_no_part_of_what_is_kept_in_the_log(house: House) -> None:
    assert "user name" in flask(house, "--auth", "basic").output
    url = webhooks(house, "--auth", "basic", "--user", "shop", "--secret-stdin", given=SECRET)["url"]
    assert post(house, url, Authorization=f"Basic {base64.b64encode(f'shop:{SECRET}'.encode()).decode()}") == 200
    with house.app.app_context():
        kept = db.session.execute(select(SettingChangeRow)).scalars().all()
    assert [(one.subject, one.setting) for one in kept] == [("Store Shop", "Webhooks")]
    assert "user name and password for shop" in kept[0].after
    assert all(SECRET not in one.before + one.after for one in kept)


def test_adobe_commerce_s_key_is_taken_from_a_file_and_the_one_before_stays_for_a_while(
    house: House, tmp_path: Path
) -> None:
    privates = [new_private_key() for _ in range(3)]
    file = tmp_path / "key.pem"
    for private in privates:
        file.write_text(f"The key:\n{public_key(private)}")
        url = webhooks(house, "--auth", "adobe_commerce", "--public-key", str(file))["url"]

    def answers() -> list[int]:
        signatures = [sign(private, base64.b64encode(BODY)) for private in privates]
        return [post(house, url, x_adobe_commerce_webhook_signature=one) for one in signatures]

    assert answers() == [401, 200, 200]
    webhooks(house, "--drop-former")
    assert answers() == [401, 401, 200]


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (("--auth", "adobe_commerce"), "", "Paste the public key"),
        (("--auth", "adobe_io"), "", "client ID"),
        (("--auth", "adobe_io", "--user", "me"), "", "Paste the public key"),
        (("--auth", "header", "--header", "no header"), "", "letters, digits"),
        (("--auth", "header", "--secret-stdin"), "short", "16 characters"),
        (("--auth", "header", "--secret-stdin"), "", "standard input"),
        (("--auth", "none", "--secret-stdin"), SECRET, "made here"),
    ],
)
def test_what_is_missing_is_said_and_nothing_changes(
    house: House, words: tuple[str, ...], given: str, said: str
) -> None:
    before = webhooks(house)
    refused = flask(house, *words, given=given)
    assert (refused.exit_code, said in refused.output) == (1, True), refused.output
    assert webhooks(house) == before
