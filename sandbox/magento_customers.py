"""The stand-in's customers: one e-mail a website, a welcome mail for each new one."""

from typing import Any

from sandbox.magento_errors import MagentoError, no_such, required
from sandbox.magento_fields import Shape
from sandbox.magento_search import Document
from sandbox.magento_shapes import argument, read
from sandbox.magento_shop import Save, Shop, utc_now

SAME_EMAIL = "A customer with the same email address already exists in an associated website."
CUSTOMER = Shape(
    integers=frozenset({"id", "group_id", "store_id", "website_id", "disable_auto_group_change"}),
    texts=frozenset({"email", "firstname", "lastname", "middlename", "prefix", "suffix", "created_in", "dob"}),
    free=frozenset({"addresses", "custom_attributes", "extension_attributes"}),
)


def get(shop: Shop, customer_id: int) -> Document:
    """The customer; Magento's 404 when there is none."""
    found = shop.customers.get(customer_id)
    if found is None:
        raise no_such("customerId", customer_id)
    return found


def create(shop: Shop, body: dict[str, Any]) -> Document:
    """A new customer; without a password Magento writes to the buyer how to set one."""
    sent = read(CUSTOMER, argument(body, "customer"))
    for name in ("email", "firstname", "lastname"):
        if not sent.get(name):
            raise required(name)
    website = sent.get("website_id", 1)
    with shop.locks.hold(f"customer {website} {sent['email'].casefold()}"):
        if shop.customers.like(email=sent["email"], website_id=website):
            raise MagentoError(400, SAME_EMAIL)
        customer: Document = {
            "group_id": 1,
            "store_id": 1,
            "created_at": utc_now(),
            "updated_at": utc_now(),
            "addresses": [],
            **sent,
            "id": shop.next_id("customer"),
            "website_id": website,
        }
        save = Save()
        save.put(shop.customers, customer)
        save.effects.append(("customer_create", customer["email"], {"id": customer["id"]}))
        save.effects.append(("email", customer["email"], {"about": "customer"}))
        shop.commit(save)
    return customer
