"""What a person does to an order at Walmart by hand: ship, cancel, refund, answer the buyer, send again.

Each act is judged against the order as it was last read, becomes a command like those of the plan, and is read again on
both sides right before it goes out. A form's `request_id` names the act, so that a double click asks once. Each act
returns what happens now, in a sentence, and raises Refusal (`Mistakes` where it is about a field) with what is wrong.
"""

from __future__ import annotations

from webapp.by_hand.allowing import Options as Options
from webapp.by_hand.allowing import options as options
from webapp.by_hand.allowing import options_of as options_of
from webapp.by_hand.cancelling import accept_cancellation as accept_cancellation
from webapp.by_hand.cancelling import cancel as cancel
from webapp.by_hand.cancelling import ship_anyway as ship_anyway
from webapp.by_hand.deciding import Dealt as Dealt
from webapp.by_hand.deciding import deal_tracks as deal_tracks
from webapp.by_hand.deciding import refunds_shipped as refunds_shipped
from webapp.by_hand.deciding import settle as settle
from webapp.by_hand.finding import ASKED as ASKED
from webapp.by_hand.finding import GONE as GONE
from webapp.by_hand.finding import Mistakes as Mistakes
from webapp.by_hand.refunding import Left as Left
from webapp.by_hand.refunding import left_to_refund as left_to_refund
from webapp.by_hand.refunding import refund as refund
from webapp.by_hand.refunding import widened as widened
from webapp.by_hand.shipping import Parcel as Parcel
from webapp.by_hand.shipping import resend as resend
from webapp.by_hand.shipping import ship as ship
