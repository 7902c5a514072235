"""Webhooks shuffled, doubled and dropped: after one poll each order stands as Walmart shows it, each effect once."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.house import House, order_event
from webapp.domain.order import fold
from webapp.domain.policy import AcknowledgeWhen

ORDERS = 10
STEPS = ("ship", "cancel", "cancel_one", "auto_cancel", "intent_to_cancel", "deliver", "refund", "acknowledge")
SUB_TYPES = {"cancel": "PO_LINE_CANCELLED", "auto_cancel": "PO_LINE_AUTOCANCELLED", "ship": "PO_LINE_SHIPPED"}


@dataclass
class Story:
    """One order, what happens to it at Walmart, and the webhooks that tell of it."""

    po: str
    steps: list[str]
    told: list[tuple[str, str]] = field(default_factory=list)


def begin(house: House, dice: random.Random) -> Story:
    po = house.walmart.place_order(lines=[{"quantity": dice.randint(1, 3)}])
    steps = dice.choices(STEPS, k=dice.randint(0, 4))
    return Story(po, steps, [(f"{po}-0", "PO_CREATED")])


def go_on(house: House, story: Story, dice: random.Random) -> None:
    """Let the next step happen, where Walmart allows it by then."""
    step = story.steps.pop(0)
    more = {"lines": ["1"]} if step == "cancel_one" else {}
    try:
        house.walmart.act(story.po, step.removesuffix("_one"), **more)
    except Exception:
        return  # nothing left to cancel, nothing shipped to refund: then it does not happen
    story.told.append((f"{story.po}-{len(story.told)}", SUB_TYPES.get(step, "PO_LINE_UPDATED")))


def tell(house: House, stories: list[Story], dice: random.Random) -> None:
    """Webhooks as they come in bad weather: a third is lost, some come twice, none in order."""
    letters = [(story.po, *letter) for story in stories for letter in story.told if dice.random() > 0.33]
    letters += dice.sample(letters, len(letters) // 2)
    dice.shuffle(letters)
    for po, event_id, sub_type in letters:
        assert house.post(order_event(po, sub_type, event_id)) == 200


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_becomes_of_the_webhooks_the_end_is_the_same(house: House, seed: int) -> None:
    dice = random.Random(seed)
    when = dice.choice([AcknowledgeWhen.ON_IMPORT, AcknowledgeWhen.AFTER_MAGENTO_ORDER])
    house.set_policy(acknowledge=when, accept_cancellation_requests=True)
    stories = [begin(house, dice) for _ in range(ORDERS)]
    while any(story.steps for story in stories):
        going = [story for story in stories if story.steps]
        for story in dice.sample(going, (len(going) + 1) // 2):
            go_on(house, story, dice)
        tell(house, stories, dice)
        house.drain()
    house.pass_time(minutes=6)
    house.pass_time(minutes=3)
    for story in stories:
        assert_at_rest(house, story.po)
    created = Counter(house.effects("order_create"))
    assert set(created.values()) <= {1}
    assert len(house.magento.orders()) == len(created)


def assert_at_rest(house: House, po: str) -> None:
    """Shown as Walmart has it; taken once, made once, invoiced once; nothing under way, nothing unexplained."""
    counts: Counter[str] = Counter()
    for line in house.walmart.statuses(po).values():
        counts.update(line)
    shown = house.shown(po)
    assert shown["status"] == fold(counts)
    assert counts["Created"] == 0, "still to acknowledge"
    assert {row.state for row in house.commands(po)} <= {"done", "dismissed"}
    assert shown["attention"] is None
    if shown["status"] != "Canceled":
        assert shown["magento_increment_id"] == f"WM-{po}"
        assert len(house.magento.invoices(f"WM-{po}")) == 1
    assert len(house.walmart.ledger.calls("POST", f"/{po}/acknowledge")) <= 1
    assert [row.kind for row in house.commands(po) if row.state == "done"].count("CreateMagentoOrder") <= 1
