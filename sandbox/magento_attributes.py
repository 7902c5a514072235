"""The stand-in's attributes that a person chooses a product's variant by: Color, Size."""

from sandbox.magento_errors import MagentoError
from sandbox.magento_search import Document
from sandbox.magento_shop import Shop

NO_ATTRIBUTE = 'The attribute with a "%1" attributeCode doesn\'t exist. Verify the attribute and try again.'
FIRST_NUMBER = 93
"""A fresh Magento's `color` has this number."""


def code(label: str) -> str:
    """The attribute's code, as Magento makes one of its label."""
    return "".join(sign if sign.isalnum() else "_" for sign in label.lower())


def needed(shop: Shop, label: str) -> int:
    """The number of the attribute, which is made where it is not there yet."""
    known = shop.attributes.where(attribute_code=code(label))
    if known:
        return int(known[0]["attribute_id"])
    number = FIRST_NUMBER - 1 + shop.next_id("attribute")
    with shop.documents.transaction():
        shop.attributes.put(
            {
                "attribute_id": number,
                "attribute_code": code(label),
                "frontend_input": "select",
                "default_frontend_label": label,
                "options": [{"label": " ", "value": ""}],
            }
        )
    return number


def value(shop: Shop, label: str, option: str) -> str:
    """The number of an option, as text, as a product carries it; made where it is not there yet."""
    attribute = shop.attributes.need(needed(shop, label))
    for one in attribute["options"]:
        if one["label"] == option:
            return str(one["value"])
    number = str(shop.next_id("attribute_option"))
    options = [*attribute["options"], {"label": option, "value": number}]
    with shop.documents.transaction():
        shop.attributes.put(attribute | {"options": options})
    return number


def shown(shop: Shop, name: str) -> Document:
    """`GET /V1/products/attributes/{code}`; Magento takes the number in its place too."""
    found = shop.attributes.where(**({"attribute_id": int(name)} if name.isdecimal() else {"attribute_code": name}))
    if not found:
        raise MagentoError(404, NO_ATTRIBUTE, [name])
    return found[0]
