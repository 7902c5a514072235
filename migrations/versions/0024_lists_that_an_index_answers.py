"""each list's index holds what else may be asked of it, and the time from sale to ship-by has one"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

REST = {
    "sold": ("ordered_at", "ship_by", "total"),
    "due": ("ship_by", "ordered_at", "total"),
    "total": ("total", "ordered_at", "ship_by"),
}
LEAD = {
    "sqlite": "strftime('%s', ship_by) - strftime('%s', ordered_at)",
    "postgresql": "extract(epoch from ship_by - ordered_at)",
}


def upgrade() -> None:
    for name, (column, *rest) in REST.items():
        op.drop_index(f"ix_orders_facet_{name}", "orders")
        op.create_index(f"ix_orders_facet_{name}", "orders", ["facet", column, "id", *rest])
    op.execute(f"create index ix_orders_lead on orders (({LEAD[op.get_bind().dialect.name]}))")


def downgrade() -> None:
    op.execute("drop index ix_orders_lead")
    for name, (column, *_) in REST.items():
        op.drop_index(f"ix_orders_facet_{name}", "orders")
        op.create_index(f"ix_orders_facet_{name}", "orders", ["facet", column, "id"])
