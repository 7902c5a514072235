"""orders that wait for their shop are counted, whether it does not answer or refuses"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

WAITS = sa.text("substr(trouble, 1, 20) = 'Waiting for Magento:'")


def upgrade() -> None:
    op.create_index('ix_syncs_for_shop', 'syncs', ['id'], sqlite_where=WAITS, postgresql_where=WAITS)


def downgrade() -> None:
    op.drop_index('ix_syncs_for_shop', 'syncs')
