"""Whose order it is in the shop: a guest's, always the same customer's, or that of a customer made for the buyer."""

from __future__ import annotations

from webapp.accounts import Account
from webapp.connectors.http import ConnectorError
from webapp.connectors.magento import MagentoClient
from webapp.connectors.magento_customers import Customer
from webapp.domain.magento_entity import Buyer
from webapp.domain.order import Order
from webapp.domain.policy import CustomerMode
from webapp.domain.shop_address import names_of
from webapp.outbox import Refusal


def buyer(magento: MagentoClient, account: Account, order: Order, store_id: int) -> Buyer:
    """The buyer of the order by the account's settings, in this store view; an existing customer is taken as it is.

    Raises Refusal where the predefined customer does not exist, and ConnectorError. Without an e-mail address no
    customer can be made, so the order is a guest's.
    """
    match account.policy.customer:
        case CustomerMode.PREDEFINED:
            return _as_buyer(_predefined(magento, account.policy.customer_id))
        case CustomerMode.NEW if order.email:
            return _as_buyer(_found_or_made(magento, account, order, store_id))
        case _:
            return Buyer()


def _predefined(magento: MagentoClient, customer_id: int) -> Customer:
    found = magento.customers.get(customer_id)
    if found is None:
        raise Refusal(
            f"Magento has no customer {customer_id} any more. Choose another one in the account's settings, then try "
            "again."
        )
    return found


def _found_or_made(magento: MagentoClient, account: Account, order: Order, store_id: int) -> Customer:
    """Found by e-mail first, so that a try whose answer was lost finds what it made."""
    website = account.policy.customer_website or _website_of(magento, store_id)
    found = magento.customers.find(order.email, website)
    if found is not None:
        return found
    names, group = names_of(order.address.name), account.policy.customer_group
    try:
        return magento.customers.create(order.email, names, website, group, store_id)
    except ConnectorError as error:
        again = magento.customers.find(order.email, website) if error.permanent else None
        if again is None:
            raise
        return again


def _website_of(magento: MagentoClient, store_id: int) -> int:
    views = {view.id: view.website_id for view in magento.store_views()}
    return views.get(store_id, 1)


def _as_buyer(customer: Customer) -> Buyer:
    return Buyer(customer.id, customer.group_id, customer.email, customer.first_name, customer.last_name)
