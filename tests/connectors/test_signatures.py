"""Who sent a webhook: each scheme's right proof, its near misses, and garbage that must never raise."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sandbox.magento_signing import new_private_key, public_key, sign
from webapp.connectors.signatures import (
    Request,
    WebhookAuth,
    bearers,
    is_rsa_key,
    same,
    verify_magento,
    verify_token_request,
    verify_walmart,
)

BODY = b'{"source": {"eventId": "1"}}'
NEW, OLD = "new-s\u00e9cret", "old-secret"
BASIC = WebhookAuth("basic", "Authorization", "walmart", (NEW, OLD))
HEADER = WebhookAuth("header", "X-Bridge-Key", "", (NEW, OLD))
HMAC = WebhookAuth("hmac", "X-Signature", "", (NEW, OLD))
NONE = WebhookAuth("none", secrets=(NEW, OLD))
OAUTH = WebhookAuth("oauth", "Authorization", "client", (NEW,))
GARBAGE = (
    "",
    " ",
    "Basic",
    "Basic ",
    "Bearer ",
    "\u2603",
    "\udcff",
    "=" * 50,
    "a" * 9000,
    "\x00",
    "sha256=",
    "Basic !!!",
    ":",
)


def is_walmarts(
    auth: WebhookAuth, path: str, headers: dict[str, str], body: bytes, tokens: tuple[str, ...] = ()
) -> bool:
    return verify_walmart(auth, Request(path, headers, body, datetime.now(UTC)), tokens)


def signed(secret: str, body: bytes = BODY) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def coded(user: str, secret: str) -> str:
    return base64.b64encode(f"{user}:{secret}".encode()).decode()


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_each_scheme_takes_the_secret_in_use_and_the_one_before(secret: str) -> None:
    digest = signed(secret)
    proofs = [
        (NONE, secret, {}),
        (HEADER, "", {"x-bridge-key": secret}),
        (BASIC, "", {"Authorization": f"Basic {coded('walmart', secret)}"}),
        (BASIC, "", {"AUTHORIZATION": coded("walmart", secret)}),
        (BASIC, "", {"Authorization": f"basic  {coded('walmart', secret).rstrip('=')}"}),
        (HMAC, "", {"X-Signature": digest.hex()}),
        (HMAC, "", {"X-Signature": digest.hex().upper()}),
        (HMAC, "", {"X-Signature": f"sha256={digest.hex()}"}),
        (HMAC, "", {"X-Signature": base64.b64encode(digest).decode()}),
        (HMAC, "", {"X-Signature": base64.urlsafe_b64encode(digest).decode().rstrip("=")}),
    ]
    for auth, path, headers in proofs:
        assert is_walmarts(auth, path, headers, BODY), (auth.mode, headers)
        assert verify_magento(auth, path, headers, BODY), (auth.mode, headers)


@pytest.mark.parametrize(
    ("auth", "path", "headers"),
    [
        (NONE, "another", {}),
        (NONE, "", {}),
        (HEADER, NEW, {}),
        (HEADER, "", {"X-Bridge-Key": NEW + "x"}),
        (HEADER, "", {"X-Another": NEW}),
        (BASIC, "", {"Authorization": f"Basic {coded('another', NEW)}"}),
        (BASIC, "", {"Authorization": f"Basic {coded('walmart', 'another')}"}),
        (BASIC, "", {"Authorization": f"Bearer {coded('walmart', NEW)}"}),
        (HMAC, "", {"X-Signature": signed("another").hex()}),
        (HMAC, "", {"X-Signature": signed(NEW, BODY + b" ").hex()}),
        (HMAC, "", {"X-Signature": signed(NEW).hex()[:-2]}),
        (HMAC, "", {"X-Signature": base64.b64encode(signed(NEW)).decode().lower()}),
    ],
)
def test_a_wrong_proof_is_refused(auth: WebhookAuth, path: str, headers: dict[str, str]) -> None:
    assert not is_walmarts(auth, path, headers, BODY)
    assert not verify_magento(auth, path, headers, BODY)


@pytest.mark.parametrize("mode", ["none", "header", "basic", "hmac", "oauth", "", "unknown"])
@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
def test_without_a_secret_nobody_gets_in(mode: str, secrets: tuple[str, ...]) -> None:
    auth = WebhookAuth(mode, "X-Key", "", secrets)
    empty = {"X-Key": base64.b64encode(b":").decode()}
    for headers in ({}, {"X-Key": ""}, empty, {"X-Key": signed("").hex()}):
        assert not is_walmarts(auth, "", headers, BODY, ("",))
        assert not verify_magento(auth, "", headers, BODY)


@pytest.mark.parametrize("auth", [NONE, HEADER, BASIC, HMAC, OAUTH])
def test_garbage_is_refused_without_a_word(auth: WebhookAuth) -> None:
    for value in GARBAGE:
        headers = {auth.header_name: value, value: "x"}
        assert not is_walmarts(auth, value, headers, b"\xff\xfe" * 10, ("token",))
        assert not verify_magento(auth, value, headers, b"")
        assert not verify_token_request(auth, headers)


def test_a_header_sent_twice_proves_nothing() -> None:
    assert not is_walmarts(HEADER, "", {"X-Bridge-Key": NEW, "x-bridge-key": "other"}, BODY)


def test_a_bearer_token_is_good_as_long_as_it_is_issued() -> None:
    headers = {"authorization": "Bearer abc.def"}
    assert is_walmarts(OAUTH, "", headers, BODY, ("old", "abc.def"))
    assert not is_walmarts(OAUTH, "", headers, BODY, ("other",))
    assert not is_walmarts(OAUTH, "", headers, BODY)
    assert not verify_magento(OAUTH, "", headers, BODY)


def test_walmart_gets_a_token_for_its_client_id_and_secret() -> None:
    assert verify_token_request(OAUTH, {"Authorization": coded("client", NEW)})
    assert verify_token_request(OAUTH, {"Authorization": f"Basic {coded('client', NEW)}"})
    assert not verify_token_request(OAUTH, {"Authorization": coded("client", OLD)})
    assert not verify_token_request(BASIC, {"Authorization": coded("walmart", NEW)})


@pytest.mark.parametrize(
    ("one", "other", "equal"), [("a", "a", True), ("a", "b", False), ("", "", False), ("\u00e9", "\u00e9", True)]
)
def test_same(one: str, other: str, equal: bool) -> None:
    assert same(one, other) is equal


def test_secrets_are_not_printed() -> None:
    assert NEW not in repr(BASIC)


def test_the_former_mode_is_accepted_until_it_is_dropped() -> None:
    auth = WebhookAuth("header", "X-Bridge-Key", secrets=(NEW,), former=BASIC)
    old = {"Authorization": coded("walmart", NEW)}
    assert is_walmarts(auth, "", {"X-Bridge-Key": NEW}, BODY)
    assert is_walmarts(auth, "", old, BODY)
    assert not is_walmarts(replace(auth, former=None), "", old, BODY)


def test_tokens_of_a_former_oauth_are_accepted_and_still_issued() -> None:
    auth = WebhookAuth("header", "X-Bridge-Key", secrets=(NEW,), former=OAUTH)
    shown = {OAUTH.header_name: "Bearer abc.def"}
    assert bearers(auth, shown) == ("abc.def",)
    assert bearers(BASIC, {"Authorization": "Bearer abc.def"}) == ()
    assert is_walmarts(auth, "", shown, BODY, ("abc.def",))
    assert verify_token_request(auth, {OAUTH.header_name: coded("client", NEW)})


# Adobe signs with a key of its own

PRIVATE, BEFORE, STRANGE = new_private_key(), new_private_key(), new_private_key()
COMMERCE = WebhookAuth("adobe_commerce", public_keys=(public_key(PRIVATE), public_key(BEFORE)))
IO = WebhookAuth("adobe_io", user_name="client-1", public_keys=(public_key(PRIVATE), public_key(BEFORE)))
TO_US = json.dumps({"recipient_client_id": "client-1", "event_id": "1"}).encode()


def commerce(private: str, body: bytes = BODY) -> dict[str, str]:
    return {"X-Adobe-Commerce-Webhook-Signature": sign(private, base64.b64encode(body))}


def io(*privates: str, body: bytes = TO_US) -> dict[str, str]:
    return {f"x-adobe-digital-signature-{n}": sign(private, body) for n, private in enumerate(privates, 1)}


@pytest.mark.parametrize("private", [PRIVATE, BEFORE])
def test_adobe_commerce_signs_the_base64_text_of_the_body(private: str) -> None:
    assert verify_magento(COMMERCE, "", commerce(private), BODY)
    assert not verify_magento(COMMERCE, "", commerce(private), BODY + b" ")
    of_the_body = {"x-adobe-commerce-webhook-signature": sign(private, BODY)}
    assert not verify_magento(COMMERCE, "", of_the_body, BODY)
    assert not is_walmarts(COMMERCE, "", commerce(private), BODY)


def test_adobe_io_signs_the_body_twice_and_names_whom_it_writes_to() -> None:
    assert verify_magento(IO, "", io(PRIVATE), TO_US)
    assert verify_magento(IO, "", io(STRANGE, BEFORE), TO_US)
    assert not verify_magento(IO, "", io(STRANGE, STRANGE), TO_US)
    assert not verify_magento(IO, "", {}, TO_US)
    for other in (
        b"[]",
        b"nothing",
        b"{}",
        TO_US.replace(b"client-1", b"client-2"),
        TO_US.replace(b'"client-1"', b"1"),
    ):
        assert not verify_magento(IO, "", io(PRIVATE, body=other), other)
    assert not verify_magento(replace(IO, user_name=""), "", io(PRIVATE, body=b"{}"), b"{}")


@pytest.mark.parametrize("keys", [(), ("",), ("no key",), (PRIVATE,), ("-----BEGIN PUBLIC KEY-----\nAAAA",)])
def test_without_a_key_that_can_be_read_nothing_is_adobes(keys: Iterable[str]) -> None:
    assert not verify_magento(replace(COMMERCE, public_keys=tuple(keys)), "", commerce(PRIVATE), BODY)
    assert not verify_magento(replace(IO, public_keys=tuple(keys)), "", io(PRIVATE), TO_US)


def test_garbage_is_no_signature() -> None:
    for value in GARBAGE:
        assert not verify_magento(COMMERCE, "", {"x-adobe-commerce-webhook-signature": value}, BODY)
        assert not verify_magento(IO, "", {"x-adobe-digital-signature-1": value}, TO_US)


def test_a_shop_s_former_proof_counts_until_it_is_dropped() -> None:
    assert verify_magento(replace(COMMERCE, former=HEADER), "", {"X-Bridge-Key": NEW}, BODY)
    assert not verify_magento(COMMERCE, "", {"X-Bridge-Key": NEW}, BODY)


def test_only_a_public_rsa_key_is_taken_for_one() -> None:
    assert is_rsa_key(public_key(PRIVATE))
    assert is_rsa_key(f"\n  {public_key(PRIVATE)}\n")
    assert not any(is_rsa_key(text) for text in ("", "x", PRIVATE, "ssh-rsa AAAA", "\udcff"))
