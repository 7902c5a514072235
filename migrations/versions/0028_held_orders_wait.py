"""an order that a rule holds waits for its Magento order, and has a problem of its own kind"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

HELD = "substr(attention, 1, 23) = 'Held by a rule of yours'"

WITH_FACET = {
    'by_sold': ['ordered_at', 'id', 'facet', 'ship_by', 'total'],
    'by_due': ['ship_by', 'id', 'facet', 'ordered_at', 'total'],
    'by_total': ['total', 'id', 'facet', 'ordered_at', 'ship_by'],
    'facet_sold': ['facet', 'ordered_at', 'id', 'ship_by', 'total'],
    'facet_due': ['facet', 'ship_by', 'id', 'ordered_at', 'total'],
    'facet_total': ['facet', 'total', 'id', 'ordered_at', 'ship_by'],
}


def computed_anew(rule: str) -> None:
    """The column's own rule cannot be changed in both databases; it is made anew, and so are its indexes."""
    for name in WITH_FACET:
        op.drop_index(f'ix_orders_{name}', 'orders')
    op.execute('alter table orders drop column facet')
    is_sqlite = op.get_bind().dialect.name == 'sqlite'
    kind, null = ('virtual', 'not null') if is_sqlite else ('stored', '')
    op.execute(sa.text(f'alter table orders add column facet bigint generated always as ({rule}) {kind} {null}'))
    if not is_sqlite:
        op.execute('alter table orders alter column facet set not null')
    for name, columns in WITH_FACET.items():
        op.create_index(f'ix_orders_{name}', 'orders', columns)


def facet(account_unit: int, still_to_be_made: str, problem: str) -> str:
    return (
        f"account_id * {account_unit} + (case status when 'Created' then 0 when 'Unshipped' then 1 when 'Partially Shipped' then 2"
        " when 'Shipped' then 3 else 4 end) * 8192"
        " + (case when magento_order_id is not null and magento_is_gone then 1 when magento_order_id is not null then 0"
        f"{still_to_be_made} when wants_magento and attention is not null then 2 when wants_magento then 3 else 4 end) * 1024"
        " + (case ship_node when 'SellerFulfilled' then 0 when 'WFSFulfilled' then 1 else 2 end) * 256"
        " + (case when attention is not null or wants_to_cancel then 1 else 0 end)"
        " + (case when acknowledge_by is not null then 2 else 0 end)"
        " + (case when to_ship then 4 else 0 end)"
        " + (case when is_open then 8 else 0 end)"
        " + (case when has_failed then 16 else 0 end)"
        " + (case when wants_to_cancel then 32 else 0 end)"
        " + (case when refunded > 0 then 64 else 0 end)"
        " + (case when magento_order_id is null then 0"
        " when magento_is_gone then (case when status = 'Canceled' then 0 else 1 end)"
        " when magento_state = '' then 0"
        " when status = 'Canceled' then (case magento_state when 'canceled' then 0 when 'closed' then 0 else 1 end)"
        " when magento_state = 'canceled' then 1"
        " when status <> 'Shipped' then (case magento_state when 'complete' then 1 when 'closed' then 1 else 0 end)"
        " when magento_state = 'closed' then (case when refunded > 0 then 0 else 1 end)"
        " when ship_node = 'SellerFulfilled' and replace(magento_counts, 'shipped', '') = magento_counts then 1"
        " else 0 end) * 128"
        " + (case when substr(attention, 1, 10) = 'No product' then 1"
        " when substr(attention, 1, 24) = 'Walmart knows no carrier' then 2"
        " when substr(attention, 1, 36) = 'Walmart wants a reason for canceling' then 3"
        " when substr(attention, 1, 25) = 'The buyer asked to cancel' then 4"
        " when substr(attention, 1, 20) = 'Magento shipped line' then 4"
        " when substr(attention, 1, 36) = 'Walmart cancels what has not shipped' then 5"
        f"{problem} when has_failed then 6 when attention is not null then 7 when wants_to_cancel then 4 else 0 end) * 65536"
    )


def upgrade() -> None:
    computed_anew(facet(1048576, f" when wants_magento and {HELD} then 3", f" when {HELD} then 8"))


def downgrade() -> None:
    computed_anew(facet(524288, "", ""))
