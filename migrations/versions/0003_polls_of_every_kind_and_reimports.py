"""polls of every kind that keep how far they have come, and reimports"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

# As they were at this step; a later kind comes with a later step.
KINDS = ('orders_wfs', 'orders_3pl', 'open', 'open_wfs', 'open_3pl', 'cancellations')


def upgrade() -> None:
    op.create_table('reimports',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('wants_cancel', sa.Boolean(), nullable=False),
    sa.Column('pages', sa.Integer(), nullable=False),
    sa.Column('orders', sa.Integer(), nullable=False),
    sa.Column('new', sa.Integer(), nullable=False),
    sa.Column('changed', sa.Integer(), nullable=False),
    sa.Column('unreadable', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('reading', sa.String(), nullable=False),
    sa.Column('trouble', sa.Text(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state in ('running', 'done', 'canceled')", name=op.f('ck_reimports_state')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reimports_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reimports'))
    )
    op.create_index('ix_reimports_account', 'reimports', ['account_id', 'id'], unique=False)
    op.create_index('uq_reimports_running', 'reimports', ['account_id'], unique=True, sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))
    op.create_index('ix_events_open', 'events', ['account_id', 'received_at'], unique=False, sqlite_where=sa.text("state in ('received', 'waiting')"), postgresql_where=sa.text("state in ('received', 'waiting')"))
    op.create_index('ix_events_webhooks', 'events', ['account_id', 'received_at'], unique=False, sqlite_where=sa.text("source = 'walmart'"), postgresql_where=sa.text("source = 'walmart'"))
    op.add_column('polls', sa.Column('progress', sa.JSON(), nullable=True))
    _add_polls()


def _add_polls() -> None:
    """Accounts that are there already get the polls that a new account gets, from where their one poll stood."""
    accounts = sa.table('accounts', sa.column('id'), sa.column('key'))
    polls = sa.table(
        'polls',
        sa.column('kind'),
        sa.column('account_id'),
        sa.column('name'),
        sa.column('cursor_at', sa.DateTime(timezone=True)),
        sa.column('due_at', sa.DateTime(timezone=True)),
        sa.column('fence'),
        sa.column('tries'),
        sa.column('trouble'),
    )
    now = datetime.now(UTC)
    connection = op.get_bind()
    now = now.replace(tzinfo=None) if connection.dialect.name == 'sqlite' else now
    known = connection.execute(
        sa.select(accounts.c.id, accounts.c.key, polls.c.cursor_at).join(
            polls, sa.and_(polls.c.account_id == accounts.c.id, polls.c.kind == 'orders')
        )
    ).all()
    rows = [
        {
            'kind': kind,
            'account_id': account.id,
            'name': f'{kind}:{account.key}',
            'cursor_at': account.cursor_at if kind.startswith('orders') else None,
            'due_at': now,
            'fence': 0,
            'tries': 0,
            'trouble': '',
        }
        for account in known
        for kind in KINDS
    ]
    if rows:
        connection.execute(polls.insert(), rows)
