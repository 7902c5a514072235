"""files that are made in the background, and the parts that are written of them"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    identity = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('exports',
    sa.Column('id', identity, nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('columns', sa.JSON(), nullable=False),
    sa.Column('with_address', sa.Boolean(), nullable=False),
    sa.Column('order_ids', sa.LargeBinary(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('written', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('claimed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fence', sa.Integer(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.CheckConstraint("state in ('waiting', 'done', 'failed')", name=op.f('ck_exports_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exports')),
    sa.UniqueConstraint('key', name=op.f('uq_exports_key'))
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index('ix_exports_to_write', 'exports', ['id'], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table('export_parts',
    sa.Column('id', identity, nullable=False),
    sa.Column('export_id', identity, nullable=False),
    sa.Column('begin', sa.Integer(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['export_id'], ['exports.id'], name=op.f('fk_export_parts_export_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_export_parts')),
    sa.UniqueConstraint('export_id', 'begin', name=op.f('uq_export_parts_export_id_begin'))
    )


def downgrade() -> None:
    op.drop_table('export_parts')
    op.drop_table('exports')
