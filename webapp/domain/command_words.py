"""What each kind of command is called, in a merchant's words."""

from __future__ import annotations

SAY_WHY = "Say why it is given up; the reason stays in the order's log."
IN_WORDS = {
    "AcknowledgeOrder": ("Acknowledge at Walmart", "Acknowledged at Walmart", "Acknowledging…"),
    "CreateMagentoOrder": (
        "Create the Magento order",
        "Created the Magento order",
        "Creating the Magento order…",
    ),
    "CreateProduct": ("Create the product", "Created the product", "Creating the product…"),
    "ReserveStock": ("Hold stock in Magento", "Held stock in Magento", "Holding stock…"),
    "ReleaseStock": ("Give held stock back", "Gave held stock back", "Giving held stock back…"),
    "CreateInvoice": ("Invoice the Magento order", "Invoiced the Magento order", "Invoicing…"),
    "SetMagentoStatus": ("Set the Magento status", "Set the Magento status", "Setting the Magento status…"),
    "SendOrderMail": ("E-mail the order to the buyer", "E-mailed the order to the buyer", "E-mailing the buyer…"),
    "UpdateMagentoAddress": (
        "Change the address in Magento",
        "Changed the address in Magento",
        "Changing the address in Magento…",
    ),
    "CopyNote": ("Copy the note to Magento", "Copied the note to Magento", "Copying the note…"),
    "ConfirmShipment": ("Confirm the shipment at Walmart", "Confirmed the shipment at Walmart", "Sending tracking…"),
    "CorrectTracking": ("Correct the tracking at Walmart", "Corrected the tracking at Walmart", "Sending tracking…"),
    "CancelLines": ("Cancel at Walmart", "Canceled at Walmart", "Canceling at Walmart…"),
    "RefundLines": ("Refund at Walmart", "Refunded at Walmart", "Refunding…"),
    "BookRefund": ("Set the credit memo against refunds", "Set the credit memo against refunds", "Comparing refunds…"),
    "AskAboutMemo": ("Refund for the credit memo", "Refund for the credit memo", "Looking at the credit memo…"),
    "CreateShipment": ("Ship in Magento", "Shipped in Magento", "Shipping in Magento…"),
    "CancelMagentoOrder": ("Cancel in Magento", "Canceled in Magento", "Canceling in Magento…"),
    "CreateCreditMemo": ("Credit in Magento", "Credited in Magento", "Crediting in Magento…"),
}
"""Per kind: what it will do, what it did, what it is doing; the order log and the queue share the words."""

DOING = {
    "AcknowledgeOrder": "Acknowledging at Walmart",
    "CreateMagentoOrder": "Creating the Magento order",
    "CreateProduct": "Creating the product in Magento",
    "ReserveStock": "Holding stock in Magento",
    "ReleaseStock": "Giving held stock back in Magento",
    "CreateInvoice": "Invoicing the Magento order",
    "SetMagentoStatus": "Setting the Magento status",
    "SendOrderMail": "Sending the buyer the order e-mail",
    "UpdateMagentoAddress": "Changing the address in Magento",
    "CopyNote": "Copying a note to Magento",
    "ConfirmShipment": "Sending the shipment to Walmart",
    "CorrectTracking": "Sending the corrected tracking number to Walmart",
    "CancelLines": "Canceling at Walmart",
    "RefundLines": "Refunding at Walmart",
    "BookRefund": "Comparing the credit memo with Walmart's refunds",
    "AskAboutMemo": "Comparing the credit memo with Walmart's refunds",
    "CreateShipment": "Shipping in Magento",
    "CancelMagentoOrder": "Canceling in Magento",
    "CreateCreditMemo": "Making the credit memo in Magento",
}
"""Per kind: how the order's sentence begins while the command is under way."""
KNOWN_NOW = "Every product is known now: the order is read again."
"""Said of an order from the moment its last product was linked until its next turn."""


def is_doing(sentence: str) -> bool:
    """Whether a sentence tells what is being done now; any other one tells what is waited for."""
    return sentence == KNOWN_NOW or sentence.startswith(tuple(DOING.values()))
