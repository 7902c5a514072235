"""The invented products of the demo shop, known to both stand-ins, and some that the shop lacks."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Product:
    """A thing for sale; `tax_rate` is the sales tax of its kind in per cent, `weight` is in pounds."""

    sku: str
    title: str
    price: Decimal
    tax_rate: Decimal
    weight: Decimal
    brand: str = "Fernhollow"


def _product(sku: str, title: str, price: str, tax_rate: str, weight: str) -> Product:
    return Product(sku, title, Decimal(price), Decimal(tax_rate), Decimal(weight))


PRODUCTS: tuple[Product, ...] = (
    _product("FH-MUG-350-BLU", "Fernhollow Stoneware Mug, 12 oz, Harbor Blue", "14.50", "8.875", "0.9"),
    _product("FH-MUG-350-SND", "Fernhollow Stoneware Mug, 12 oz, Sand", "14.50", "8.875", "0.9"),
    _product("FH-KETTLE-17", "Fernhollow Gooseneck Kettle, 1.7 qt, Brushed Steel", "59.99", "7.25", "2.8"),
    _product("FH-TEA-CHAI-100", "Fernhollow Chai Tea Bags, 100 count", "18.75", "0", "0.6"),
    _product("FH-TEA-MINT-50", "Fernhollow Peppermint Tea Bags, 50 count", "9.95", "0", "0.4"),
    _product("FH-THROW-WOOL", "Fernhollow Lambswool Throw, 51 x 70 in, Charcoal", "89.00", "6", "3.1"),
    _product("FH-LAMP-DESK-2", "Fernhollow Folding Desk Lamp, Warm White", "42.49", "8.25", "2.2"),
    _product("FH-BOARD-ACACIA", "Fernhollow Acacia Cutting Board, 16 x 11 in", "33.33", "8.875", "3.4"),
    _product("FH-CANDLE-FIG", "Fernhollow Soy Candle, Fig & Cedar, 7 oz", "21.00", "6.625", "1.1"),
    _product("FH-PLANTER-8", "Fernhollow Terracotta Planter with Saucer, 8 in", "27.80", "7.25", "4.6"),
    _product("FH-APRON-LINEN", "Fernhollow Linen Apron, One Size, Olive", "38.25", "0", "0.7"),
    _product("FH-SOCKS-3PK", "Fernhollow Merino Socks, 3 Pairs, M", "24.99", "0", "0.3"),
    _product("FH-UMBRELLA-XL", "Fernhollow Storm Umbrella, 62 in", "31.10", "8.875", "1.5"),
    _product("FH-PUZZLE-1000", 'Fernhollow 1000 Piece Puzzle "Lighthouse at Dusk"', "19.99", "9.5", "1.8"),
)

MISSING_PRODUCTS: tuple[Product, ...] = (
    _product("FH-MUG-350-RED-OLD", "Fernhollow Stoneware Mug, 12 oz, Brick (old style)", "12.00", "8.875", "0.9"),
    _product("FH-LAMP-DESK-2-2PK", "Fernhollow Folding Desk Lamp, Warm White (2 pack)", "79.00", "8.25", "4.4"),
    _product("WM-BUNDLE-TEA-01", "Tea Lover's Bundle: Kettle, Two Mugs and Chai", "99.00", "7.25", "5.2"),
)

TEE = _product("FH-TEE-LOGO", "Fernhollow Organic Cotton Tee", "22.00", "0", "0.4")
TEES = tuple(
    _product(
        f"FH-TEE-LOGO-{colour[:3].upper()}-{size}",
        f"Fernhollow Organic Cotton Tee, {colour}, {size}",
        "22.00",
        "0",
        "0.4",
    )
    for colour in ("Moss", "Sand")
    for size in ("S", "M", "L")
)
CHOICES: dict[Product, dict[str, dict[str, str]]] = {
    TEE: {tee.sku: dict(zip(("Color", "Size"), tee.title.split(", ")[1:], strict=True)) for tee in TEES}
}
"""Products that have to be chosen from by their options: their children by SKU, and what tells these apart."""

BY_SKU: dict[str, Product] = {product.sku: product for product in (*PRODUCTS, *MISSING_PRODUCTS, TEE, *TEES)}
