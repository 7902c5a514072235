"""Whether a number can be its carrier's: real forms are never doubted, slips are."""

from __future__ import annotations

import pytest

from webapp.by_hand.tracking_numbers import doubt


@pytest.mark.parametrize(
    ("carrier", "number"),
    [
        ("UPS", "1Z999AA10123456784"),
        ("ups", "1z 5r8 939 03 5756 712 7"),
        ("UPS", "1ZXX3150YW44070023"),
        ("UPS", "H1234567890"),
        ("UPS", "MI123456ABC0000123"),
        ("UPS", "mi 123456 1234567890123456789012"),
        ("USPS", "9505 5110 6960 5048 6006 24"),
        ("USPS", "92748931507708513018050063"),
        ("USPS", "420221539101026837331000039521"),
        ("USPS", "03071790000523483741"),
        ("USPS", "RB123456785US"),
        ("FedEx", "986578788855"),
        ("FedEx", "041441760228964"),
        ("FedEx", "9611020987654312345672"),
        ("GLS", "whatever they print"),
        ("House Courier", "T1"),
    ],
)
def test_what_may_be_a_number_is_not_doubted(carrier: str, number: str) -> None:
    assert doubt(carrier, number) == ""


@pytest.mark.parametrize(
    ("carrier", "number", "usual"),
    [
        ("UPS", "ABCDEF", "18 signs"),
        ("UPS", "1Z999AA10123456785", "18 signs"),
        ("UPS", "MI123456", "18 signs"),
        ("UPS", "1Z999AA1012345678", "18 signs"),
        ("USPS", "9505511069605048600625", "22 digits"),
        ("USPS", "RB123456784US", "22 digits"),
        ("FedEx", "986578788856", "12 or 15 digits"),
        ("FedEx", "1Z999AA10123456784", "12 or 15 digits"),
    ],
)
def test_what_can_be_none_is_doubted_with_the_usual_form(carrier: str, number: str, usual: str) -> None:
    said = doubt(carrier, number)
    assert said.startswith(f"This does not look like a number of {carrier}: most ")
    assert usual in said
