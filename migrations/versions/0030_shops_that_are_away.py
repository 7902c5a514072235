"""shops that are away, and what waits for them to be back"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

WAITS = sa.text("wake_from is not null")


def upgrade() -> None:
    op.add_column('stores', sa.Column('trouble', sa.Text(), nullable=True))
    op.add_column('stores', sa.Column('trouble_since', sa.DateTime(timezone=True), nullable=True))
    op.add_column('stores', sa.Column('is_away', sa.Boolean(), server_default=sa.false(), nullable=False))
    for table in ('syncs', 'commands'):
        op.add_column(table, sa.Column('wake_from', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_syncs_wake', 'syncs', ['account_id'], sqlite_where=WAITS, postgresql_where=WAITS)


def downgrade() -> None:
    op.drop_index('ix_syncs_wake', 'syncs')
    for table in ('commands', 'syncs'):
        op.drop_column(table, 'wake_from')
    for column in ('is_away', 'trouble_since', 'trouble'):
        op.drop_column('stores', column)
