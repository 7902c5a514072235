"""The order's page and its products: searched, linked, unlinked, in stock or not; and its Create Order button."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient

from tests.house import House
from tests.journeys.shopping import browser, page_of, shop_order, store_of, submit, use
from webapp import line_stock, product_options, stock, store_rights
from webapp.domain.shop import Product, Variant

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
    waits = page[page.index(">Waiting<") :].split("</section>")[0]
    assert UNKNOWN not in waits, "what somebody is asked for is not said twice"
    form = client.get(f"{choose}&q=mug+harbor").text
    assert "Fernhollow Stoneware Mug, 12 oz, Harbor Blue" in form
    assert f'name="product" value="{MUG}"' in form
    said = submit(client, f"{page_of(house, po)}/product/link", choose, sku=UNKNOWN, product=MUG, remember="on")
    assert f"{UNKNOWN} is {MUG} in Magento. The order is read again." in said
    assert "Every product is known now" in said, "before anybody has read the order again"
    assert "Needs you</h2>" not in said
    assert f"Link {UNKNOWN}…" not in said
    house.drain()
    assert [item["sku"] for item in shop_order(house, po)["items"]] == [MUG]
    page = client.get(page_of(house, po)).text
    assert f"{MUG}</span> in Magento" in page
    assert "operator@shop.example" in page
    form = client.get(choose).text
    assert "remembered for all orders of this store" in form
    assert "keeps the products that it has" in form
    link = f"{page_of(house, po)}/product/link"
    said = submit(client, link, choose, sku=UNKNOWN, product="FH-KETTLE-17", seen=MUG, remember="on")
    assert f"{MUG}</span> in Magento" in said, "that is what the order holds"
    assert "FH-KETTLE-17</span> in later orders" in said
    said = submit(client, f"{page_of(house, po)}/product/unlink", choose, sku=UNKNOWN)
    assert "looked for by its own SKU again" in said
    assert f"{MUG}</span> in Magento" in said
    assert "in later orders" not in said


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
    assert f"/options?sku={UNKNOWN}&amp;parent=CUP" in part
    dialog = client.get(url, headers=HTMX).text
    assert "Searching…" in dialog
    assert 'hx-trigger="load"' in dialog
    assert "<!doctype" not in dialog
    assert "No product fits" in client.get(f"{url}&q=nothing+of+the+kind", headers=search).text


def cups(house: House) -> str:
    """The PO of an order for a configurable product of four variants, whose title names one of them."""
    kinds = {f"CUP-{c[:3].upper()}-{s}": {"Color": c, "Size": s} for c in ("Red", "Blue") for s in ("M", "L")}
    for sku in kinds:
        house.magento.add_product(sku, name=f"Cup {sku[4:]}")
    house.magento.add_product("CUP", name="Cup", children=kinds)
    po = house.place(lines=[{"sku": "CUP", "title": "Enamel cup, blue, L"}])
    house.drain()
    return po


def test_options_are_set_without_javascript_remembered_and_used_for_later_orders(house: House) -> None:
    po, client = cups(house), browser(house)
    page, form = page_of(house, po), f"{page_of(house, po)}/options?sku=CUP"
    text = client.get(page).text
    assert "Set options of CUP…" in text
    assert "Set options…" in text
    assert f'{form}" aria-label="Set options… CUP"' in client.get("/orders").text
    asked = html.unescape(client.get(form).text)
    words = re.findall(r'name="product" value="([^"]+)"[^>]*?( checked)?[^>]*> <span><b dir="auto">([^<]+)</b>', asked)
    assert [(sku, option) for sku, _, option in words] == [
        ("CUP-RED-M", "Color: Red, Size: M"),
        ("CUP-RED-L", "Color: Red, Size: L"),
        ("CUP-BLU-M", "Color: Blue, Size: M"),
        ("CUP-BLU-L", "Color: Blue, Size: L"),
    ]
    assert 'value="CUP-BLU-L" required checked' in asked
    assert "does not tell the options" not in asked
    assert asked.count("fits the title at Walmart") == 1
    said = submit(
        client,
        f"{page}/options",
        form,
        sku="CUP",
        parent="CUP",
        product="CUP-RED-M",
        remember="on",
        seen="",
        request="r",
    )
    assert "CUP is CUP-RED-M in Magento. The order is read again." in said
    house.drain()
    assert [item["sku"] for item in shop_order(house, po)["items"]] == ["CUP-RED-M"]
    text = html.unescape(client.get(page).text)
    assert "(Cup RED-M) with the options Color: Red, Size: M, remembered for later orders." in text
    assert "Set options…" not in text
    assert "Set options…" not in client.get("/orders").text
    later = house.place(lines=[{"sku": "CUP"}])
    house.drain()
    assert [item["sku"] for item in shop_order(house, later)["items"]] == ["CUP-RED-M"]


def test_options_that_cannot_be_read_or_chosen_are_said_and_nothing_is_set(house: House) -> None:
    po, client = cups(house), browser(house)
    form = f"{page_of(house, po)}/options?sku=CUP"
    sent = {"csrf_token": token(client, form), "sku": "CUP", "parent": "CUP", "request": "r", "seen": ""}
    answer = client.post(f"{page_of(house, po)}/options", data=sent | {"product": MUG})
    assert (answer.status_code, "Choose what was sold." in answer.text) == (422, True)
    rights = {right.name for right in store_rights.RIGHTS if right.name != "Magento_Catalog::attributes_attributes"}
    house.magento.settings(rights=tuple(rights))
    text = client.get(form).text
    assert "Stores &gt; Attributes &gt; Product" in text
    assert ">Cup BLU-L<" in text
    house.magento.settings(rights=None, maintenance=True)
    assert "cannot be read at the moment. Magento is in maintenance mode." in client.get(form).text
    answer = client.post(f"{page_of(house, po)}/options", data=sent | {"product": "CUP-RED-M"})
    assert (answer.status_code, "Nothing was set. Magento is in maintenance" in answer.text) == (422, True)
    house.magento.settings(maintenance=False)
    assert "has no variants in Magento" in client.get(f"{form}&parent={MUG}").text


def token(client: FlaskClient, seen_on: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(seen_on).text)
    assert found is not None
    return found[1]


def test_who_links_second_sees_both_products_and_loses_nothing(house: House) -> None:
    po, client = waiting(house), browser(house)
    page = page_of(house, po)
    form = f"{page}/product?sku={UNKNOWN}"
    sent = {"csrf_token": token(client, form), "sku": UNKNOWN, "remember": "on", "request": "r", "seen": ""}
    assert client.post(f"{page}/product/link", data=sent | {"product": "FH-KETTLE-17"}).status_code == 303
    answer = client.post(f"{page}/product/link", data=sent | {"product": MUG}, headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "closest .asked")
    text = html.unescape(answer.text)
    assert "operator@shop.example said something else meanwhile" in text
    assert "FH-KETTLE-17" in text
    assert f"Link {MUG} all the same" in text
    assert 'name="seen" value="FH-KETTLE-17"' in text
    over = client.post(f"{page}/product/link", data=sent | {"product": MUG, "seen": "FH-KETTLE-17"})
    assert over.status_code == 303
    assert f"{MUG}</span> in Magento" in client.get(page).text


def test_what_cannot_be_linked_is_said_on_the_page(house: House) -> None:
    po, client = waiting(house), browser(house)
    page, form = page_of(house, po), f"{page_of(house, po)}/product?sku={UNKNOWN}"
    sent = {"csrf_token": token(client, form), "sku": UNKNOWN, "product": "NOTHING", "request": "r"}
    answer = client.post(f"{page}/product/link", data=sent)
    assert (answer.status_code, "Magento has no product with the SKU NOTHING." in answer.text) == (422, True)
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
    client = browser(house, "admin")
    warning = re.compile(r'<p class="held warn">.*holds no stock for some of our orders.*Set it up')
    assert not warning.search(client.get(page_of(house, direct)).text), "nobody has seen it yet"
    house.pass_time(minutes=20)
    with house.app.app_context():
        stock.read(store_of(house))
    assert warning.search(client.get(page_of(house, direct)).text)
    use(house, "cart")
    assert not warning.search(client.get(page_of(house, direct)).text)


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
    house.pass_time(minutes=3)
    house.wish(po)
    house.drain()
    house.pass_time(seconds=6)
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
    assert "Canceled at Walmart, so no Magento order is created." in client.get(page).text
    assert "Canceled at Walmart, so no Magento order" in submit(client, f"{page}/create", page)


def test_a_variant_of_which_an_option_is_unknown_does_not_fit_the_title(house: House) -> None:
    """Blue is known, L is not: that would be said of two variants, and of one of them wrongly."""
    po, client = cups(house), browser(house)
    house.magento.fault("status", method="GET", path="/V1/products/attributes/", status=403, times=1)
    asked = html.unescape(client.get(f"{page_of(house, po)}/options?sku=CUP").text)
    assert "Magento does not tell the options of all variants." in asked
    assert "fits the title" not in asked
    assert not re.search(r'name="product"[^>]* checked', asked)
    house.walmart.act(po, "cancel", webhook=False)
    house.wish(po)
    house.drain()
    assert "Set options…" not in client.get("/orders").text + client.get(page_of(house, po)).text


@pytest.mark.parametrize(
    ("variants", "fits"),
    [
        ({"RED": (("Color", "Red"), 0), "BLUE": (("Color", "Blue"), 0)}, "BLUE"),
        ({"RED-M": (("Color", "Red"), 1), "BLUE-M": (("Color", "Blue"), 1)}, ""),
        ({"RED-M": (("Color", "Red"), 0), "BLUE-M": (("Color", "Blue"), 1)}, ""),
    ],
)
def test_only_a_variant_that_is_wholly_known_fits_a_title(
    variants: dict[str, tuple[tuple[str, str], int]], fits: str
) -> None:
    made = [
        Variant(Product(at, sku, sku), (option,), lacks=lacks)
        for at, (sku, (option, lacks)) in enumerate(variants.items())
    ]
    found = product_options.fitting(made, "Enamel cup, blue, L")
    assert (found.product.sku if found else "") == fits
    assert product_options.Choice(tuple(made)).is_unnamed is any(lacks for _, lacks in variants.values())
