"""The tables. A stored thing is a `…Row`; the rules know only the domain's own types."""

from webapp.models.accounts import (
    AccessTokenRow,
    AccountRow,
    BucketRow,
    SettingChangeRow,
    StoreFactRow,
    StoreRow,
    StoreTokenRow,
    SubscriptionRow,
)
from webapp.models.alerts import AlertChannelRow, AlertRow
from webapp.models.base import Base, Id, db
from webapp.models.bulk import BulkItemRow, BulkJobRow
from webapp.models.exports import ExportPartRow, ExportRow
from webapp.models.incoming import (
    CAME_AGAIN,
    CAME_TO_NOTHING,
    IS_A_SHOPS,
    IS_NEW,
    IS_OUR_OWN,
    IS_UNANSWERED,
    IS_WALMARTS,
    EventActRow,
    EventRow,
    MissingSkuRow,
    PollRow,
    RefusedWebhookRow,
    ReimportRow,
    SyncRow,
    WebhookKindRow,
)
from webapp.models.orders import LEAD, ChangeRow, LineRow, NoteRow, OrderRow, is_of_finding
from webapp.models.outgoing import IS_OPEN, PAID_PERHAPS, AttemptRow, CommandRow
from webapp.models.people import SavedListRow, SessionRow, SignInAttemptRow, SignInLinkRow, UserRow
from webapp.models.products import NewProductRow, ProductLinkRow

__all__ = [
    "CAME_AGAIN",
    "CAME_TO_NOTHING",
    "IS_A_SHOPS",
    "IS_NEW",
    "IS_OPEN",
    "IS_OUR_OWN",
    "IS_UNANSWERED",
    "IS_WALMARTS",
    "LEAD",
    "PAID_PERHAPS",
    "Base",
    "Id",
    "AccessTokenRow",
    "AccountRow",
    "AlertChannelRow",
    "AlertRow",
    "AttemptRow",
    "BucketRow",
    "BulkItemRow",
    "BulkJobRow",
    "ChangeRow",
    "CommandRow",
    "EventActRow",
    "EventRow",
    "ExportPartRow",
    "ExportRow",
    "LineRow",
    "MissingSkuRow",
    "NoteRow",
    "NewProductRow",
    "OrderRow",
    "is_of_finding",
    "PollRow",
    "ProductLinkRow",
    "RefusedWebhookRow",
    "ReimportRow",
    "SavedListRow",
    "SessionRow",
    "SettingChangeRow",
    "SignInAttemptRow",
    "SignInLinkRow",
    "StoreFactRow",
    "StoreRow",
    "StoreTokenRow",
    "SubscriptionRow",
    "SyncRow",
    "UserRow",
    "WebhookKindRow",
    "db",
]
