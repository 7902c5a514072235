"""A thin client for the tests of the stand-in shop, and an order as an importer would send it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from typing import Any
from urllib.parse import quote, unquote

import requests

from sandbox.magento import MagentoSandbox

Json = dict[str, Any]
MUG, TEA = "FH-MUG-350-BLU", "FH-TEA-MINT-50"


class Client:
    """Calls the shop's REST interface with its Bearer token."""

    def __init__(self, url: str, token: str) -> None:
        self.base = f"{url}/rest"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self.session.close()

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, f"{self.base}/V1/{path}", json=body, timeout=20)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.call("POST", path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, path: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
        answer = self.call(method, path, body)
        return answer.status_code, answer.json()

    def create(self, **changes: Any) -> Json:
        answer: Json = self.post("orders", {"entity": entity(**changes)})
        return answer

    def order(self, entity_id: int) -> Json:
        answer: Json = self.get(f"orders/{entity_id}")
        return answer


def criteria(*filters: tuple[str, str, str], **more: str) -> str:
    """A query with one filter a group, all of them met."""
    parts = []
    for place, (field, condition, value) in enumerate(filters):
        start = f"searchCriteria[filter_groups][{place}][filters][0]"
        parts += [(f"{start}[field]", field), (f"{start}[value]", value), (f"{start}[condition_type]", condition)]
    parts += [(f"searchCriteria[{name}]" if name != "fields" else name, value) for name, value in more.items()]
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parts)


def line(sku: str = MUG, qty: int = 2, price: float = 10.0, tax: float = 1.9) -> Json:
    """An order line of `qty` pieces; `tax` is a piece's."""
    item: Json = {"sku": sku, "name": sku.title(), "qty_ordered": qty, "product_type": "simple", "store_id": 1}
    for base in ("", "base_"):
        item |= {f"{base}price": price, f"{base}row_total": round(price * qty, 2)}
        item |= {f"{base}tax_amount": round(tax * qty, 2), f"{base}original_price": price}
        item |= {f"{base}price_incl_tax": price + tax, f"{base}row_total_incl_tax": round((price + tax) * qty, 2)}
    return item


def address(**changes: Any) -> Json:
    return {
        "firstname": "Maren",
        "lastname": "Oldfield",
        "street": ["418 Larkspur Ave"],
        "city": "Boise",
        "region": "Idaho",
        "region_code": "ID",
        "postcode": "83702",
        "country_id": "US",
        "telephone": "2085550141",
        "email": "maren@relay.example",
        **changes,
    }


def entity(*, lines: list[Json] | None = None, shipping: float = 4.12, **changes: Any) -> Json:
    """A complete order: its lines, shipping of 4.12 net and 0.78 tax unless said otherwise."""
    items = [line()] if lines is None else lines
    goods = round(sum(item["row_total"] for item in items), 2)
    shipping_tax = 0.78 if shipping else 0
    tax = round(sum(item["tax_amount"] for item in items) + shipping_tax, 2)
    amounts = {
        "subtotal": goods,
        "subtotal_incl_tax": round(goods + tax - shipping_tax, 2),
        "discount_amount": 0,
        "shipping_amount": shipping,
        "shipping_tax_amount": shipping_tax,
        "shipping_incl_tax": round(shipping + shipping_tax, 2),
        "tax_amount": tax,
        "grand_total": round(goods + shipping + tax, 2),
    }
    method = {"address": address(address_type="shipping"), "method": "flatrate_flatrate"}
    return {
        "store_id": 1,
        "state": "new",
        "status": "pending",
        "customer_email": "maren@relay.example",
        "order_currency_code": "USD",
        "base_currency_code": "USD",
        **{f"{base}{name}": value for name, value in amounts.items() for base in ("", "base_")},
        "items": items,
        "billing_address": address(address_type="billing"),
        "payment": {"method": "checkmo", "additional_information": ["Paid on the marketplace"]},
        "extension_attributes": {"shipping_assignments": [{"shipping": method}]},
        "status_histories": [{"comment": "Imported", "status": "pending", "entity_name": "order"}],
        **changes,
    }


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")


def _natural(name: str) -> list[Any]:
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part]


def signed(shop: MagentoSandbox, path: str, *, method: str = "GET", order: Any = _natural, **wrong: str) -> str:
    """An OAuth header made by the book, but for the parts given in `wrong`."""
    given = shop.credentials
    url, _, query = f"{shop.url}/rest/V1/{path}".partition("?")
    oauth = {
        "oauth_consumer_key": given.consumer_key,
        "oauth_nonce": secrets.token_hex(8),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(time.time())),
        "oauth_token": given.token,
        "oauth_version": "1.0",
    } | wrong
    pairs = {_encoded(k): _encoded(v) for k, v in oauth.items()}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        pairs[_encoded(unquote(name))] = _encoded(unquote(value.replace("+", " ")))
    joined = "&".join(f"{name}={pairs[name]}" for name in sorted(pairs, key=order))
    base = f"{method}&{_encoded(url)}&{_encoded(joined)}"
    key = f"{given.consumer_secret}&{given.token_secret}"
    digest = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()
    oauth["oauth_signature"] = wrong.get("oauth_signature", digest)
    return "OAuth " + ", ".join(f'{name}="{_encoded(value)}"' for name, value in oauth.items())
