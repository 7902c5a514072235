"""a line's refunds as Walmart shows them, its return order and the seller's number"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('order_lines', sa.Column('refunds', sa.JSON(), nullable=True))
    op.add_column('order_lines', sa.Column('return_order_id', sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column('order_lines', sa.Column('seller_order_id', sa.String(), server_default=sa.text("''"), nullable=False))
