"""the way back from a magento order, the carts it may have come of, and what a store was asked"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('store_facts',
    sa.Column('store_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('value', sa.JSON(), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_store_facts_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('store_id', 'name', name=op.f('pk_store_facts'))
    )
    # Plain additions: making the table anew, as batch mode may, would delete every line that hangs on an order.
    for name in ('magento_items', 'magento_carts', 'magento_former'):
        op.add_column('orders', sa.Column(name, sa.JSON(), nullable=True))
