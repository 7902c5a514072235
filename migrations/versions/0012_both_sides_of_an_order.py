"""both sides of an order as last read, and what a person decided for it"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('orders', sa.Column('magento_seen', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('orders', sa.Column('remarks', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('orders', sa.Column('choices', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('orders', sa.Column('auto_cancel_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ('auto_cancel_at', 'choices', 'remarks', 'magento_seen'):
        op.drop_column('orders', name)
