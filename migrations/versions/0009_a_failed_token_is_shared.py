"""a renewal of a token that failed is kept, for those who waited for it"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('access_tokens', sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('access_tokens', sa.Column('failure', sa.JSON(none_as_null=True), nullable=True))
