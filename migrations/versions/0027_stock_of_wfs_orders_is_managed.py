"""stock of WFS orders is managed where a source was named for it, as before there was a switch"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

accounts = sa.table("accounts", sa.column("id", sa.BigInteger), sa.column("settings", sa.JSON))


def upgrade() -> None:
    for account_id, settings in _all():
        if settings.get("wfs_shipment_source") and "wfs_manage_stock" not in settings:
            _keep(account_id, settings | {"wfs_manage_stock": True})


def downgrade() -> None:
    """The former version manages stock wherever a source is named, so one that is switched off loses its source."""
    for account_id, settings in _all():
        managed = settings.pop("wfs_manage_stock", False)
        if not managed:
            settings.pop("wfs_shipment_source", None)
        _keep(account_id, settings)


def _all() -> list[tuple[int, dict[str, Any]]]:
    rows = op.get_bind().execute(sa.select(accounts.c.id, accounts.c.settings)).all()
    return [(row.id, dict(row.settings or {})) for row in rows]


def _keep(account_id: int, settings: dict[str, Any]) -> None:
    op.get_bind().execute(accounts.update().where(accounts.c.id == account_id).values(settings=settings))
