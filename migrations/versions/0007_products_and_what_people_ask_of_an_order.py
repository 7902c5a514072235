"""products linked to walmart skus, and what people ask of an order and correct on it"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('product_links',
    sa.Column('store_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sku', sa.String(), nullable=False),
    sa.Column('product_sku', sa.String(), nullable=False),
    sa.Column('product_name', sa.Text(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_product_links_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('store_id', 'sku', name=op.f('pk_product_links'))
    )
    op.create_table('new_products',
    sa.Column('shop', sa.String(), nullable=False),
    sa.Column('sku', sa.String(), nullable=False),
    sa.Column('sync_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('held_until', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['sync_id'], ['syncs.id'], name=op.f('fk_new_products_sync_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('shop', 'sku', name=op.f('pk_new_products'))
    )
    op.create_index(op.f('ix_new_products_sync_id'), 'new_products', ['sync_id'])

    # Plain additions: making the table anew, as batch mode may, would delete every line that hangs on an order.
    op.add_column('orders', sa.Column('creation_asked', sa.Integer(), server_default='0', nullable=False))
    op.add_column('orders', sa.Column('corrected_address', sa.JSON(), nullable=True))
    op.add_column('order_lines', sa.Column('linked_sku', sa.String(), nullable=True))
    op.add_column('changes', sa.Column('private', sa.Text(), nullable=True))
