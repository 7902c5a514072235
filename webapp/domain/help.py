"""What the words mean: each status, each mark beside it and each reason to wait, with what comes next and what to do.

A reason is told by how its sentence begins, or by words behind the SKU that it begins with, which the rules of
`domain.plan` write and the log repeats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from webapp.domain.command_words import DOING
from webapp.domain.facets import Tab
from webapp.domain.hold_rules import HELD
from webapp.domain.order import OrderStatus
from webapp.domain.plan.asking import (
    BUYER_ASKED,
    LATE,
    NO_CARRIER,
    NO_PRODUCT,
    NO_REASON,
    SHIPPED_THOUGH_ASKED,
)
from webapp.domain.plan.products import CANNOT_BE_ORDERED, IS_CONFIGURABLE, LINK_THE_SIMPLE


@dataclass(frozen=True, slots=True)
class Help:
    """A word or the beginning of a sentence, what it means, and what happens or is to be done now.

    `whole` is its heading where the beginning alone does not read as one; `is_inside`: a SKU stands before the word.
    """

    word: str
    meaning: str
    next: str
    whole: str = ""
    is_inside: bool = False

    @property
    def title(self) -> str:
        """Its heading, which never looks cut off."""
        return self.whole or self.word

    def tells(self, sentence: str) -> bool:
        """It explains this sentence."""
        return self.word in sentence if self.is_inside else sentence.startswith(self.word)

    @property
    def slug(self) -> str:
        """The word as it stands in an address."""
        return re.sub(r"[^a-z0-9]+", "-", self.word.lower()).strip("-")


_NEXT = {
    OrderStatus.CREATED: "It is acknowledged by itself once the Magento order exists, or at once, or by hand, as the "
    "account's order settings say; an hour before Walmart's four hours end in any case, unless that is switched off.",
    OrderStatus.UNSHIPPED: "Ship it in Magento with a tracking number, or mark it as shipped here: Walmart hears of it "
    "by itself. Magento has its order, and its invoice where the settings ask for one.",
    OrderStatus.PARTIALLY_SHIPPED: "Ship or cancel the rest. The exact numbers stand beside the status, for each line.",
    OrderStatus.SHIPPED: "Nothing is left to do. A refund, a corrected tracking number or a credit memo is still "
    "carried to the other side.",
    OrderStatus.CANCELED: "Nothing is left to do at Walmart; the Magento order is canceled or credited with it.",
}
STATUSES = tuple(Help(status.value, status.meaning, _NEXT[status]) for status in OrderStatus)

REFUNDED = Help(
    "Refunded",
    "So much of the total was paid back to the buyer. The status stays Shipped.",
    "Each refund stands on the order's page with who made it.",
)
MARKS = (
    Help(
        "To acknowledge",
        Tab.TO_ACKNOWLEDGE.meaning,
        "It is acknowledged by itself as the account's order settings say; where they say by hand, it waits for you.",
    ),
    Help(
        "To ship",
        Tab.TO_SHIP.meaning,
        "Ship them in Magento with a tracking number, or mark them as shipped here.",
    ),
    Help(
        "Ship today",
        Tab.SHIP_TODAY.meaning,
        "Ship them in Magento with a tracking number, or mark them as shipped here. Today is that of the store.",
    ),
    REFUNDED,
    Help(
        "Sides differ",
        "One of Walmart and Magento has shipped, canceled, refunded or deleted what the other has not.",
        "Often that is only under way, and the sentence under the status says so. If not, its page has both sides.",
    ),
    Help(
        "Cancellation requested",
        Tab.CANCELLATION.meaning,
        "Accept it, or ship anyway, on the order's page: then it is asked for no more. What ships anyway says so "
        "until it has shipped.",
    ),
    Help(
        "Late",
        Tab.LATE.meaning,
        "Ship it as soon as you can: Walmart counts it, and cancels by itself some days later.",
    ),
    Help(
        "Needs action",
        Tab.NEEDS_ACTION.meaning,
        "The order's page has the reason too, with the buttons that help. What only has to be shipped, or lacks its "
        "tracking number, stands under To ship.",
    ),
    Help(
        "Failed",
        Tab.FAILED.meaning,
        "Mend the cause first. Both can be done on the order's page, or for all under Outgoing.",
    ),
    Help(
        "Acknowledged late",
        "Walmart was told that the order is taken after its four hours had ended. Walmart accepts that.",
        "Nothing is to be done.",
    ),
    Help(
        "Replacement",
        "Walmart sends it in place of an earlier order; its total may be zero.",
        "It is handled like any other order.",
    ),
    Help(
        "WFS, 3PL",
        "Walmart itself, or another warehouse, ships this order.",
        "Nothing is ever written to Walmart for it. A Magento order is made only where the settings ask for it.",
    ),
)
UNDER_WAY = Help(
    "Under way",
    "A command is being carried out, waits for its turn under Walmart's limits, or until the other side shows it.",
    "Nothing is to be done. If it fails it is tried again for three days, and then says so.",
)
REASONS = (
    Help(
        "Waiting for a shipment in Magento",
        "Everything is ready and the goods have not left.",
        "Ship it in Magento with a tracking number, or mark it as shipped on its page.",
    ),
    Help(
        "Waiting for a tracking number",
        "The Magento shipment has no tracking number, and Walmart takes none without.",
        "It stays under To ship until the shipment in Magento has its number; then it goes out by itself in minutes.",
    ),
    Help(
        "Waiting for a product",
        "Magento has no product with this SKU, and the settings say not to make one.",
        "Link a product on the order's page, or create one with this SKU: the order goes on by itself.",
    ),
    Help(
        "Waiting for you to acknowledge",
        "This account acknowledges by hand.",
        "Press Acknowledge, on the page or for many in the list, within Walmart's four hours.",
    ),
    Help(
        "Acknowledged as soon as",
        "The account acknowledges after the Magento order is made, so that nothing is promised that cannot be sold.",
        "See why the Magento order is not there yet; the deadline guard acknowledges in time if it is on.",
        "Acknowledged as soon as the Magento order exists",
    ),
    Help(
        "Waiting for you",
        "Only a person can decide this.",
        "The choice stands on the order's page.",
        "Waiting for your decision",
    ),
    Help(
        "Waiting for Magento:",
        "The shop does not answer as it should; Magento's own reason stands behind it.",
        "Bring the shop back: the order goes on by itself within minutes, and nothing is lost.",
        "Waiting for Magento to answer",
    ),
    Help(
        "Waiting for",
        "It was done, and the other side does not show it yet: reads may be minutes old.",
        "Nothing is to be done; it is read again by itself.",
        "Waiting for the other side to show it",
    ),
    Help(
        "Magento refused",
        "Magento gave a reason that trying again does not change.",
        "The reason and the next step stand on the order's page; Try again goes on once it is mended.",
    ),
    Help(
        "The acknowledgement was refused",
        "Walmart gave a reason that trying again does not change.",
        "The reason stands on the order's page; look at the order in Seller Center, then try again or give it up.",
    ),
    Help(
        "Not acknowledged",
        "Somebody gave the acknowledgement up, so Walmart does not know that the order is taken.",
        "Acknowledge it by hand if it is to be shipped; else Walmart cancels it.",
    ),
    Help(
        "Not invoiced",
        "The invoice was given up by hand, or the Magento order does not take one as it stands.",
        "Invoice it in Magento by hand where one is needed.",
    ),
    Help(
        "Canceled at Walmart; Magento order",
        "Walmart canceled units, and the Magento order cannot follow as long as it is on hold.",
        "Release the order in Magento: the cancellation follows by itself.",
        "Canceled at Walmart; the Magento order is on hold",
    ),
    Help(
        "Shipped at Walmart; Magento order",
        "Walmart shows a parcel, and the Magento order cannot follow as long as it is on hold.",
        "Release the order in Magento: the shipment follows by itself.",
        "Shipped at Walmart; the Magento order is on hold",
    ),
    Help(
        "Shipped in Magento; told to Walmart",
        "Walmart takes no shipment of an order that is not acknowledged.",
        "Acknowledge it, or see why that waits; the shipment follows by itself.",
        "Shipped in Magento; told to Walmart once it is acknowledged",
    ),
    Help(
        "Refunded at Walmart; credited",
        "Walmart paid the buyer back, and the credit memo in Magento waits for what is named.",
        "Invoice the order, or answer for the credit memo on this page; it follows by itself.",
        "Refunded at Walmart; not credited in Magento yet",
    ),
    Help(
        "The carrier",
        "Walmart takes only carriers of its own list, or others with a tracking address.",
        "Map it once under Order settings, Carriers: what waits goes out by itself.",
        "The carrier needs to be mapped",
    ),
    Help(
        "To be shipped by",
        "The order has its place in time: so long Walmart waits for the parcel.",
        "Ship it in time; after that Walmart may cancel it by itself.",
        "To be shipped by its date",
    ),
    Help(
        "No Magento order",
        "Somebody decided that this order gets none.",
        "Create order, at the top right of its page, makes it after all.",
    ),
    Help(
        "Creating Magento orders is switched off",
        "The account's order settings say so.",
        "Create this one by hand at the top right of its page, or switch it on for all under Order settings.",
    ),
    Help(
        "Ordered before",
        "It is older than the day from which the account creates Magento orders.",
        "Create this one by hand, or move the day back under Order settings.",
        "Ordered before the day that orders are created from",
    ),
    Help(
        "Canceled at Walmart before",
        "Nothing is left that Magento would have to know.",
        "Nothing is to be done.",
        "Canceled at Walmart before a Magento order was made",
    ),
    Help(
        HELD,
        "It is one of those that you want to look at first: by its total, a SKU, or its address.",
        "Release it with “Create order”, or cancel it. The rules stand under Order settings.",
    ),
    Help(
        "Stock is held for it",
        "Its Magento order has to wait, so its units were taken out of the shop's stock meanwhile.",
        "They are given back by themselves: when the Magento order is made, the order is canceled, or at that time.",
    ),
    Help(
        "The store has another currency",
        "Money is never converted, so the Magento order is not made.",
        "Tie the account to a store view in the order's currency.",
    ),
    Help(
        "The order is in",
        "The order's currency is not the store's, and money is never converted.",
        "Tie the account to a store in that currency.",
        "The order is in another currency",
    ),
    Help(
        "Walmart ships this order itself",
        "It lies in Walmart's warehouse (WFS).",
        "Nothing is to be done. A Magento order for such orders can be switched on under Order settings.",
    ),
    Help(
        "Another warehouse ships this order",
        "A third party ships it (3PL).",
        "Nothing is to be done. A Magento order for such orders can be switched on under Order settings.",
    ),
    Help(
        "Walmart shows a status",
        "Walmart uses a word that this version does not know; the order is kept and nothing is guessed.",
        "Look at the order in Seller Center.",
        "Walmart shows a status that is not known here",
    ),
    Help(
        "Unknown Walmart status",
        "Walmart uses a word that this version does not know; the order is kept and nothing is guessed.",
        "Look at the order in Seller Center.",
    ),
    Help(
        BUYER_ASKED,
        "Walmart passed on the buyer's wish; only the seller can cancel.",
        "Accept it, or ship anyway.",
    ),
    Help(
        SHIPPED_THOUGH_ASKED,
        "Magento shipped units that the buyer wants canceled, so nothing was told to Walmart yet.",
        "Ship anyway confirms the parcel; or cancel, and keep the goods back.",
        "Magento shipped what the buyer asked to cancel",
    ),
    Help(
        NO_CARRIER,
        "Walmart takes only carriers of its own list, or others with a tracking address.",
        "Map it once under Order settings, Carriers: what waits goes out by itself.",
        "Walmart does not know the carrier",
    ),
    Help(
        NO_REASON,
        "Walmart wants a reason for each cancellation, and the account has none chosen.",
        "Cancel it on the order's page with a reason, or choose one for all under Order settings.",
    ),
    Help(
        NO_PRODUCT,
        "Magento has no product with this SKU.",
        "Link a product and let it be remembered, or create one with this SKU: the order goes on by itself.",
        "No product with this SKU in Magento",
    ),
    Help(
        IS_CONFIGURABLE,
        "The SKU stands for a product with variants, such as sizes or colors, and Magento takes an order only for one "
        "of them.",
        "Set its options on the order's page, or link the variant for good: the order goes on by itself.",
        "A configurable product: which variant was sold?",
        is_inside=True,
    ),
    Help(
        LINK_THE_SIMPLE,
        "Magento takes no order for a bundle or a group by its SKU alone, only for the simple products in it.",
        "Link the simple product that is sold, on the order's page: the order goes on by itself.",
        "A product that cannot be ordered by itself",
        is_inside=True,
    ),
    Help(
        CANNOT_BE_ORDERED,
        "The SKU stands for a product of variants or parts, and Magento takes an order only for one of those.",
        "Link the one that is sold, on the order's page: the order goes on by itself.",
        "The product cannot be ordered by itself",
        is_inside=True,
    ),
    Help(
        LATE,
        "Some days after the ship-by date Walmart cancels by itself, and counts it against the seller.",
        "Ship it, or cancel it, before.",
        "Walmart cancels what has not shipped in time",
    ),
)


@lru_cache(maxsize=1024)
def help_for(sentence: str) -> Help | None:
    """What a sentence of an order means; None for one that says all there is to say by itself."""
    if sentence.startswith(tuple(DOING.values())):
        return UNDER_WAY
    return next((one for one in (*REASONS, REFUNDED) if one.tells(sentence)), None)
