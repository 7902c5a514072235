"""since when an order is finished, and when its buyer's data and the bodies of webhooks were erased"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('orders', sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('orders', sa.Column('buyer_erased_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('events', sa.Column('body_erased_at', sa.DateTime(timezone=True), nullable=True))
    op.execute(sa.text('update orders set finished_at = changed_at where not is_open'))
    has_buyer = sa.text('buyer_erased_at is null')
    op.create_index('ix_orders_to_erase', 'orders', ['finished_at'], sqlite_where=has_buyer, postgresql_where=has_buyer)


def downgrade() -> None:
    op.drop_index('ix_orders_to_erase', table_name='orders')
    op.drop_column('events', 'body_erased_at')
    op.drop_column('orders', 'buyer_erased_at')
    op.drop_column('orders', 'finished_at')
