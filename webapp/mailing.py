"""Whether Magento writes to the buyer: only where Walmart gave an address and the account's settings say so."""

from __future__ import annotations

from webapp.domain.commands import SendOrderMail, Side
from webapp.domain.corrected import corrected
from webapp.effects import effect_of
from webapp.outbox import Outcome, Unneeded
from webapp.scene import Scene


def has_address(scene: Scene) -> bool:
    """The buyer can be written to; an address that was filled in for Magento's sake is nobody's."""
    return bool(corrected(scene.stored, scene.correction).email)


def send(scene: Scene, command: SendOrderMail) -> Outcome:
    """Let the shop send its order e-mail, at most once. Raises ConnectorError or Unneeded."""
    if scene.magento_order_id != command.order:
        raise Unneeded("Another Magento order is linked by now.")
    effect, acts = effect_of(scene), scene.both.magento.acts
    was_sent = acts.order_mail_was_sent(command.order)
    if was_sent is None:
        raise Unneeded("The Magento order was deleted.")
    if was_sent:
        return Outcome("Magento has sent the buyer its order e-mail.")
    if effect.was_sent:
        effect.prove_absent(scene.account.policy.settle_after, Side.MAGENTO, "The order e-mail")
    if effect.send({}, lambda: acts.mail_order(command.order)):
        return Outcome("Magento sent the buyer its order e-mail.")
    return Outcome(
        "Magento was asked for its order e-mail and did not send it at once: it sends e-mails in the background, or "
        "its store view sends none (Stores > Configuration > Sales > Sales Emails)."
    )
