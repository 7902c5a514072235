"""token buckets, deadlines and places in line of commands, and accounts that rest"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('buckets',
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('endpoint', sa.String(), nullable=False),
    sa.Column('full_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('heard_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('line_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('most_left', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_buckets_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', 'endpoint', name=op.f('pk_buckets'))
    )

    # Plain additions: making the table anew, as batch mode may, would delete every order that hangs on it.
    op.add_column('accounts', sa.Column('failures', sa.Integer(), server_default='0', nullable=False))
    op.add_column('accounts', sa.Column('trouble', sa.Text(), nullable=True))
    op.add_column('accounts', sa.Column('trouble_since', sa.DateTime(timezone=True), nullable=True))
    op.add_column('accounts', sa.Column('probe_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('commands', sa.Column('deadline', sa.DateTime(timezone=True), nullable=True))
    op.add_column('commands', sa.Column('is_in_line', sa.Boolean(), server_default=sa.false(), nullable=False))
