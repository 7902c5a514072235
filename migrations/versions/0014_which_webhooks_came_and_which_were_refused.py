"""which webhooks came, by kind, and which were refused, by reason"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('webhook_kinds',
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('type', sa.String(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_webhook_kinds_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', 'type', name=op.f('pk_webhook_kinds'))
    )
    op.create_table('refused_webhooks',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('store_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_refused_webhooks_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_refused_webhooks_store_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_refused_webhooks'))
    )
    op.create_index(op.f('ix_refused_webhooks_account_id'), 'refused_webhooks', ['account_id'], unique=False)
    op.create_index(op.f('ix_refused_webhooks_store_id'), 'refused_webhooks', ['store_id'], unique=False)
    # What came before is told of too.
    op.execute(
        "insert into webhook_kinds (account_id, type, count, last_at) "
        "select account_id, type, count(*), max(received_at) from events "
        "where source = 'walmart' and account_id is not null and state not in ('received', 'failed') group by account_id, type"
    )


def downgrade() -> None:
    op.drop_table('refused_webhooks')
    op.drop_table('webhook_kinds')
