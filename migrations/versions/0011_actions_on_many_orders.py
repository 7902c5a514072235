"""actions on many orders, and what came of them order by order"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    identity = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('bulk_jobs',
    sa.Column('id', identity, nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('asks', sa.Text(), nullable=False),
    sa.Column('was_cut', sa.Boolean(), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('wants_stop', sa.Boolean(), nullable=False),
    sa.Column('claimed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fence', sa.Integer(), nullable=False),
    sa.CheckConstraint("state in ('draft', 'running', 'done', 'stopped')", name=op.f('ck_bulk_jobs_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bulk_jobs')),
    sa.UniqueConstraint('key', name=op.f('uq_bulk_jobs_key'))
    )
    running = sa.text("state = 'running'")
    op.create_index('ix_bulk_jobs_running', 'bulk_jobs', ['id'], sqlite_where=running, postgresql_where=running)
    op.create_table('bulk_items',
    sa.Column('id', identity, nullable=False),
    sa.Column('job_id', identity, nullable=False),
    sa.Column('order_id', identity, nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('sentence', sa.Text(), nullable=False),
    sa.Column('command_id', identity, nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state in ('waiting', 'skipped', 'done', 'failed')", name=op.f('ck_bulk_items_state')),
    sa.ForeignKeyConstraint(['job_id'], ['bulk_jobs.id'], name=op.f('fk_bulk_items_job_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_bulk_items_order_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bulk_items')),
    sa.UniqueConstraint('job_id', 'order_id', name=op.f('uq_bulk_items_job_id_order_id'))
    )
    op.create_index(op.f('ix_bulk_items_order_id'), 'bulk_items', ['order_id'])
    op.create_index('ix_bulk_items_state', 'bulk_items', ['job_id', 'state', 'id'])
