"""What may be kept of a call: nothing that opens a door or names a buyer, everything that explains."""

from __future__ import annotations

import json
import time

import pytest

from webapp.connectors import redact

ORDER = {
    "purchaseOrderId": "1796277083022",
    "customerEmailId": "ABC@relay.walmart.com",
    "shippingInfo": {
        "phone": "5555550100",
        "methodCode": "Value",
        "postalAddress": {"name": "Ada \"L\" Love", "address1": "1 Mill Lane", "address2": None, "city": "Warners",
                          "postalCode": "13164", "state": "NY"},
    },
    "item": {"productName": "Red mug", "sku": "MUG-RED"},
    "amount": 10.5,
    "status": "Created",
}  # fmt: skip
ENTITY = {
    "increment_id": "WM-1796",
    "customer_email": "ada@example.com",
    "customer_firstname": "Ada",
    "customer_lastname": "Love",
    "billing_address": {"street": ["1 Mill Lane", "Unit ]2"], "telephone": "0000", "postcode": "13164", "fax": 5},
    "grand_total": 12.5,
    "items": [{"sku": "MUG-RED", "qty_ordered": 1}],
    "status_histories": [{"comment": 'Rang "twice"', "is_customer_notified": 0}],
    "comment": {"comment": "Rang again", "is_visible_on_front": 0},
}
SECRETS = {
    "access_token": "eyJraWQiOiI1MWY3MjM0Ny0wYWY5LTRhZ",
    "authDetails": {"userName": "abc", "password": "hush", "clientSecret": "quiet", "authMethod": "BASIC_AUTH"},
    "oauth_token_secret": "still",
}
HIDDEN = (
    "Ada",
    "Love",
    "Rang",
    "twice",
    "Mill",
    "Unit",
    "5555550100",
    "13164",
    "Warners",
    "ABC@",
    "ada@",
    "hush",
    "quiet",
    "still",
    "eyJ",
)
KEPT = {
    "order": ("1796277083022", "Value", "Red mug", "MUG-RED", "10.5", "Created", "NY"),
    "entity": ("WM-1796", "12.5", "MUG-RED", "qty_ordered"),
    "secrets": ("BASIC_AUTH",),
}


@pytest.mark.parametrize(("name", "body"), [("order", ORDER), ("entity", ENTITY), ("secrets", SECRETS)])
def test_secrets_and_buyers_are_masked_and_the_rest_is_kept(name: str, body: object) -> None:
    for text in (json.dumps(body), json.dumps(body, indent=2), json.dumps(body, separators=(",", ":"))):
        for masked in (redact.excerpt(text), redact.body(text.encode())):
            assert not [word for word in HIDDEN if word in masked]
            assert not [word for word in KEPT[name] if word not in masked]


@pytest.mark.parametrize("body", [ORDER, ENTITY, SECRETS])
def test_text_that_is_cut_anywhere_shows_nothing_more(body: object) -> None:
    text = json.dumps(body)
    for end in range(len(text)):
        masked = redact.excerpt(text[:end])
        assert not [word for word in HIDDEN if word in masked]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("<ns2:order><ns2:name>Ada Love</ns2:name><ns2:po>17</ns2:po></ns2:order>", "Ada"),
        ("grant_type=client_credentials&client_secret=hush&user=17", "hush"),
        ("Mail ada.love+x@mail.example.com about 17", "ada"),
        ("Authorization: Bearer abcdefghijkl 17", "abcdefghijkl"),
        ("Authorization: Basic YWJjOmRlZg== 17", "YWJj"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOjF9.c2ln 17", "eyJ1aWQ"),
    ],
)
def test_other_texts_are_masked_too(text: str, hidden: str) -> None:
    assert hidden not in redact.excerpt(text)
    assert "17" in redact.excerpt(text)


def test_the_secrets_of_the_call_are_masked_wherever_they_stand() -> None:
    assert redact.excerpt("you sent s3cr3t-value", ("s3cr3t-value", "")) == "you sent ***"


FILTER = "searchCriteria%5Bfilter_groups%5D%5B{}%5D%5Bfilters%5D%5B0%5D%5B{}%5D={}"
PLAIN = "searchCriteria[filter_groups][{}][filters][0][{}]={}"


def searched(form: str, value: str) -> str:
    """A search by buyer and by store, as it goes out."""
    pairs = ((0, "field", "customer_email"), (0, "value", value), (1, "field", "store_id"), (1, "value", "7"))
    return "https://shop.example/rest/V1/customers/search?" + "&".join(form.format(*pair) for pair in pairs)


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://u:p@shop.example/x?api_key=1&limit=2", "https://shop.example/x?api_key=***&limit=2"),
        (searched(FILTER, "ada%2Bx%40relay.walmart.com"), searched(FILTER, "***")),
        (searched(FILTER, "ada"), searched(FILTER, "***")),
        (searched(PLAIN, "ada@relay.walmart.com"), searched(PLAIN, "***")),
        ("https://s.example/x?customer%5Bemail%5D=ada&sku=MUG", "https://s.example/x?customer%5Bemail%5D=***&sku=MUG"),
        ("https://s.example/x?q=ada%40relay.walmart.com&sku=MUG", "https://s.example/x?q=***&sku=MUG"),
        ("https://s.example/x/ada%2540mail.example/y", "https://s.example/x/***/y"),
        ("https://s.example/x?postcode=13164&status=Created", "https://s.example/x?postcode=***&status=Created"),
        ("http://[bad", "***"),
    ],
)
def test_addresses_lose_their_password_their_secrets_and_the_buyer(url: str, masked: str) -> None:
    assert redact.address(url) == masked


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, '{"name": "' + "\\" * 500_000, "x@" * 300_000, '"street": [' * 90_000]
)
def test_a_huge_text_is_cut_and_takes_no_time(text: str) -> None:
    started = time.process_time()
    assert len(redact.excerpt(text)) <= 4096
    assert time.process_time() - started < 0.25


def test_a_body_is_laid_out_with_its_amounts_as_they_came() -> None:
    assert redact.body(b'{"total":10.50,"lines":[{"name":"Ada"}]}').splitlines()[1] == '  "total": 10.50,'
    assert redact.body(b"\xff<name>Ada</name>") == "\ufffd<name>***</name>"
