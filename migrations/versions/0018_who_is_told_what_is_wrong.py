"""who is told when something is wrong, and what was told"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'alerts',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('key', sa.String(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('headline', sa.Text(), nullable=False),
        sa.Column('detail', sa.Text(), nullable=False),
        sa.Column('path', sa.Text(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('told_number', sa.Integer(), nullable=False),
        sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('raised_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_alerts')),
    )
    standing = sa.text('ended_at is null')
    op.create_index('uq_alerts_standing', 'alerts', ['key'], unique=True, sqlite_where=standing, postgresql_where=standing)
    op.create_index('ix_alerts_began_at', 'alerts', ['began_at', 'id'])
    op.create_table(
        'alert_channels',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('address', sa.LargeBinary(), nullable=False),
        sa.Column('public_only', sa.Boolean(), nullable=False),
        sa.Column('wants', sa.JSON(), nullable=False),
        sa.Column('every_minutes', sa.Integer(), nullable=False),
        sa.Column('is_paused', sa.Boolean(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('told_until', sa.DateTime(timezone=True), nullable=False),
        sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('claimed_until', sa.DateTime(timezone=True), nullable=True),
        sa.Column('next_try_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('tries', sa.Integer(), nullable=False),
        sa.Column('trouble', sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('mail', 'hook')", name=op.f('ck_alert_channels_kind')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_alert_channels')),
    )


def downgrade() -> None:
    op.drop_table('alert_channels')
    op.drop_table('alerts')
