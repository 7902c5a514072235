"""Which product of a shop a Walmart SKU is, and who is just making one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Id


class ProductLinkRow(Base):
    """A product that was remembered for a Walmart SKU, for all later orders of a store."""

    __tablename__ = "product_links"

    store_id: Mapped[int] = mapped_column(Id, ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    product_sku: Mapped[str]
    product_name: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str]
    at: Mapped[datetime]


class NewProductRow(Base):
    """A product that one order is just making in a shop, so that no other makes it as well.

    `shop` is the shop's address: several store views sell the same products.
    """

    __tablename__ = "new_products"

    shop: Mapped[str] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    sync_id: Mapped[int] = mapped_column(Id, ForeignKey("syncs.id", ondelete="CASCADE"), index=True)
    held_until: Mapped[datetime]
