"""which raise of which alert each channel was told"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('alerts', sa.Column('raises', sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column('alert_channels', sa.Column('told', sa.JSON(), nullable=True))
    _carry_over()
    op.drop_column('alert_channels', 'told_until')


def _carry_over() -> None:
    """What a channel knew up to its time it knows by number."""
    at = sa.DateTime(timezone=True)
    alerts = sa.table(
        'alerts', *map(sa.column, ('id', 'kind', 'raises')), sa.column('raised_at', at), sa.column('ended_at', at)
    )
    channels = sa.table(
        'alert_channels', sa.column('id'), sa.column('wants', sa.JSON), sa.column('told', sa.JSON),
        sa.column('told_until', at),
    )
    connection = op.get_bind()
    connection.execute(sa.update(alerts).where(alerts.c.raised_at.is_not(None)).values(raises=1))
    standing = connection.execute(
        sa.select(alerts.c.id, alerts.c.kind, alerts.c.raised_at).where(
            alerts.c.ended_at.is_(None), alerts.c.raised_at.is_not(None)
        )
    ).all()
    for one in connection.execute(sa.select(channels)).all():
        known = [row for row in standing if row.raised_at <= one.told_until and row.kind in one.wants]
        told = {str(row.id): 1 for row in known}
        connection.execute(sa.update(channels).where(channels.c.id == one.id).values(told=told))


def downgrade() -> None:
    op.add_column(
        'alert_channels',
        sa.Column('told_until', sa.DateTime(timezone=True), server_default=sa.text("'1970-01-01 00:00:00'"), nullable=False),
    )
    op.drop_column('alert_channels', 'told')
    op.drop_column('alerts', 'raises')
