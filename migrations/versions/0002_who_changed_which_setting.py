"""where an account's address came from, webhook secrets that end, and who changed which setting"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('setting_changes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('setting', sa.String(), nullable=False),
    sa.Column('before', sa.Text(), nullable=False),
    sa.Column('after', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_setting_changes_account_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_setting_changes'))
    )
    op.create_index('ix_setting_changes_account', 'setting_changes', ['account_id', 'id'], unique=False)

    # Plain additions: making the table anew, as batch mode may, would delete every order that hangs on it.
    op.add_column('accounts', sa.Column('public_only', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('accounts', sa.Column('old_secret_until', sa.DateTime(timezone=True), nullable=True))
