"""stores from a page: where their address may lead, when their keys were set, an admin user's token, who changed what"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.add_column('stores', sa.Column('public_only', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('stores', sa.Column('credentials_set_at', sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        'store_tokens',
        sa.Column('store_id', ID, nullable=False),
        sa.Column('token', sa.LargeBinary(), nullable=True),
        sa.Column('fetched_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('renewing_until', sa.DateTime(timezone=True), nullable=True),
        sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('failure', sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_store_tokens_store_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('store_id', name=op.f('pk_store_tokens')),
    )
    with op.batch_alter_table('setting_changes') as batch:
        batch.add_column(sa.Column('store_id', ID, nullable=True))
        batch.create_foreign_key(
            op.f('fk_setting_changes_store_id'), 'stores', ['store_id'], ['id'], ondelete='SET NULL'
        )
        batch.create_index('ix_setting_changes_store', ['store_id', 'id'])


def downgrade() -> None:
    with op.batch_alter_table('setting_changes') as batch:
        batch.drop_index('ix_setting_changes_store')
        batch.drop_constraint(op.f('fk_setting_changes_store_id'), type_='foreignkey')
        batch.drop_column('store_id')
    op.drop_table('store_tokens')
    for name in ('credentials_set_at', 'public_only'):
        op.drop_column('stores', name)
