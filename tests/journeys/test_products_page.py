"""The order's page and its products: searched, linked, unlinked, in stock or not; and its Create Order button."""

from __future__ import annotations

import html
import re

import pytest

from tests.house import House
from tests.journeys.shopping import browser, page_of, shop_order, submit, use
from webapp import line_stock

MUG, UNKNOWN = "FH-MUG-350-BLU", "FH-MUG-350-RED-OLD"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _nobody_is_away() -> None:
    line_stock.forget()


def waiting(house: House) -> str:
    """The PO of an order whose product Magento lacks."""
    po = house.place(lines=[{"sku": UNKNOWN, "quantity": 2}])
    house.drain()
    return po


def test_a_product_is_linked_without_javascript_and_the_order_goes_on(house: House) -> None:
    po, client = waiting(house), browser(house)
    page = client.get(page_of(house, po)).text
    choose = html.unescape(re.search(rf'href="([^"]*/product\?sku={UNKNOWN})"', page)[1])  # type: ignore[index]
    assert f"Link {UNKNOWN}…" in page
    form = client.get(f"{choose}&q=mug+harbor").text
    assert "Fernhollow Stoneware Mug, 12 oz, Harbor Blue" in form
    assert f'name="product" value="{MUG}"' in form
    said = submit(client, f"{page_of(house, po)}/product/link", choose, sku=UNKNOWN, product=MUG, remember="on")
    assert f"{UNKNOWN} is {MUG} in Magento. The order goes on." in said
    house.drain()
    assert [item["sku"] for item in shop_order(house, po)["items"]] == [MUG]
    page = client.get(page_of(house, po)).text
    assert f"{MUG}</span> in Magento" in page
    assert "operator@shop.example" in page
    assert "remembered for all orders of this store" in client.get(choose).text
    said = submit(client, f"{page_of(house, po)}/product/unlink", choose, sku=UNKNOWN)
    assert "looked for by its own SKU again" in said


def test_htmx_gets_what_was_found_alone_and_a_parent_with_its_variants(house: House) -> None:
    po, client = waiting(house), browser(house)
    house.magento.add_product("CUP-RED", name="Cup, red")
    house.magento.add_product("CUP", name="Cup", children=["CUP-RED"])
    url = f"{page_of(house, po)}/product?sku={UNKNOWN}"
    search = HTMX | {"HX-Target": "found"}
    part = client.get(f"{url}&q=cup", headers=search).text
    assert part.startswith('<div id="found"')
    assert "<h1" not in part
    assert 'value="CUP-RED"' in part
    assert 'value="CUP"' not in part
    assert "one of its variants" in part
    assert 'value="CUP-RED"' in client.get(f"{url}&q=&parent=CUP", headers=search).text
    dialog = client.get(url, headers=HTMX).text
    assert "Searching…" in dialog
    assert 'hx-trigger="load"' in dialog
    assert "<!doctype" not in dialog
    assert "No product fits" in client.get(f"{url}&q=nothing+of+the+kind", headers=search).text


def test_what_cannot_be_linked_is_said_on_the_page(house: House) -> None:
    po, client = waiting(house), browser(house)
    page, form = page_of(house, po), f"{page_of(house, po)}/product?sku={UNKNOWN}"
    assert "Magento has no product with the SKU NOTHING." in submit(
        client, f"{page}/product/link", form, sku=UNKNOWN, product="NOTHING"
    )
    assert client.get(f"{page}/product?sku=OTHER").status_code == 404
    house.magento.settings(maintenance=True)
    assert "cannot be searched at the moment. Magento is in maintenance mode." in client.get(f"{form}&q=mug").text
    assert client.get(page).status_code == 200


def test_viewers_see_products_and_stock_and_link_nothing(house: House) -> None:
    po, client = waiting(house), browser(house, "viewer")
    page = client.get(page_of(house, po)).text
    assert "/product?sku=" not in page
    assert client.get(f"{page_of(house, po)}/product?sku={UNKNOWN}").status_code == 403
    assert client.get(f"{page_of(house, po)}/stock").status_code == 200


# Stock


def test_stock_is_told_for_each_line_by_a_call_of_its_own(house: House) -> None:
    po = house.place(lines=[{"sku": MUG}, {"sku": "EMPTY-1"}, {"sku": UNKNOWN}, {"sku": "A/B 1"}, {"sku": "CUP"}])
    house.magento.add_product("EMPTY-1", quantity=0)
    house.magento.add_product("A/B 1", quantity=7)
    house.magento.add_product("CUP", children=[MUG])
    house.drain()
    client, path = browser(house), f"{page_of(house, po)}/stock"
    told = re.findall(r'<td class="l-stock"><span[^>]*>([^<]*)</span>', client.get(path).text)
    assert told == ["1000 in stock", "out of stock", "not found", "7 in stock", "not counted"]
    cells = client.get(path, headers=HTMX).text
    assert re.findall(r'id="stock-(\d)" hx-swap-oob="true"', cells) == ["1", "2", "3", "4", "5"]
    house.magento.ledger.forget_calls()
    assert client.get(page_of(house, po)).status_code == 200
    assert house.magento.ledger.calls() == []


def test_stock_is_unknown_while_magento_is_away_which_is_not_asked_again_at_once(house: House) -> None:
    po, client = waiting(house), browser(house)
    house.magento.settings(maintenance=True)
    path = f"{page_of(house, po)}/stock"
    text = client.get(path).text
    assert "unknown" in text
    assert "Magento is in maintenance mode." in text
    house.magento.ledger.forget_calls()
    assert "unknown" in client.get(path).text
    assert house.magento.ledger.calls() == []
    assert client.get(page_of(house, po)).status_code == 200


def test_a_linked_product_counts_with_its_own_stock_also_once_it_is_ordered(house: House) -> None:
    po, client = waiting(house), browser(house)
    house.magento.add_product("CUP-1", quantity=5)
    form = f"{page_of(house, po)}/product?sku={UNKNOWN}"
    submit(client, f"{page_of(house, po)}/product/link", form, sku=UNKNOWN, product="CUP-1")
    assert "5 in stock" in client.get(f"{page_of(house, po)}/stock").text
    house.drain()
    assert "5 in stock" in client.get(f"{page_of(house, po)}/stock").text


def test_an_order_says_where_its_stock_is_not_held(house: House) -> None:
    direct = house.place()
    house.drain()
    use(house, "cart")
    client = browser(house)
    warning = re.compile(r'<p class="held warn">.*holds no stock for this order')
    assert not warning.search(client.get(page_of(house, direct)).text)
    use(house, "direct")
    assert warning.search(client.get(page_of(house, direct)).text)


# Create Order


def test_create_order_stands_at_the_top_says_why_not_and_works_once(house: House) -> None:
    house.set_policy(create_orders=False)
    po, client = house.place(), browser(house)
    house.drain()
    page = page_of(house, po)
    assert 'id="do-create" class="btn primary"' in client.get(page).text
    assert "Creating the Magento order." in submit(client, f"{page}/create", page)
    assert "It is on its way already." in submit(client, f"{page}/create", page)
    house.drain()
    assert house.effects("order_create") == [f"WM-{po}"]
    text = client.get(page).text
    assert "Create order" not in text
    assert "Create the Magento order: asked for by hand." in text


def test_create_order_tells_what_it_waits_for_and_goes_on_once_that_is_there(house: House) -> None:
    house.set_policy(create_orders=False)
    po, client = waiting(house), browser(house)
    page = page_of(house, po)
    submit(client, f"{page}/create", page)
    house.drain()
    text = client.get(page).text
    assert "disabled" in text
    assert "It is asked for already" in text
    assert f"Link {UNKNOWN}…" in text
    house.magento.add_product(UNKNOWN)
    house.pass_time(minutes=3)
    assert house.effects("order_create") == [f"WM-{po}"]


@pytest.mark.parametrize("end", ["delete", "cancel"])
def test_creating_again_asks_first_and_two_clicks_make_one_order(house: House, end: str) -> None:
    house.set_policy(invoice=False)
    po, client = house.place(), browser(house)
    house.drain()
    page, first = page_of(house, po), f"WM-{po}"
    assert "It cannot be created again" in client.get(f"{page}/recreate").text
    getattr(house.magento, end)(first)
    house.wish(po)
    house.drain()
    assert "Create the order again…" in client.get(page).text
    question = html.unescape(client.get(f"{page}/recreate").text)
    words = {"delete": "was deleted", "cancel": "is canceled"}[end]
    assert f"Magento order {first} {words}. Create the order there again, with -2 behind its number?" in question
    assert len(house.effects("order_create")) == 1
    assert "Creating the Magento order." in submit(client, f"{page}/recreate", f"{page}/recreate", former=first)
    assert "It is on its way already." in submit(client, f"{page}/recreate", page, former=first)
    house.drain()
    assert f"{first} is replaced already." in submit(client, f"{page}/recreate", page, former=first)
    house.drain()
    assert house.effects("order_create") == [first, f"{first}-2"]


def test_a_canceled_order_and_a_paused_account_say_why_none_is_created(house: House) -> None:
    house.set_policy(create_orders=False)
    po, client = house.place(), browser(house)
    house.walmart.act(po, "cancel")
    house.drain()
    page = page_of(house, po)
    assert "The order is canceled at Walmart, so none is created." in client.get(page).text
    assert "The order is canceled at Walmart" in submit(client, f"{page}/create", page)
