"""of which type a line's product is, so that its options can be asked for"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('order_lines', sa.Column('product_type', sa.String(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    op.drop_column('order_lines', 'product_type')
