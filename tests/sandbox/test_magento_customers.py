"""The stand-in's directory of regions and its customers."""

from __future__ import annotations

import requests

from sandbox.magento import MagentoSandbox


def test_regions_are_told_to_anyone_and_left_out_where_there_are_none(magento: MagentoSandbox) -> None:
    canada = requests.get(f"{magento.url}/rest/V1/directory/countries/CA", timeout=5).json()
    assert {"id": "76", "code": "QC", "name": "Quebec"} in canada["available_regions"]
    island = requests.get(f"{magento.url}/rest/V1/directory/countries/PR", timeout=5).json()
    assert (island["three_letter_abbreviation"], "available_regions" in island) == ("PRI", False)
    assert requests.get(f"{magento.url}/rest/V1/directory/countries/XX", timeout=5).status_code == 404


def test_a_customer_is_made_once_for_a_website_found_by_mail_and_written_to(magento: MagentoSandbox) -> None:
    head = {"Authorization": f"Bearer {magento.token}"}
    sent = {"customer": {"email": "a@b.example", "firstname": "A", "lastname": "B", "website_id": 1}}
    made = requests.post(f"{magento.url}/rest/V1/customers", json=sent, headers=head, timeout=5).json()
    again = requests.post(f"{magento.url}/rest/V1/customers", json=sent, headers=head, timeout=5)
    assert (again.status_code, "already exists" in again.json()["message"]) == (400, True)
    criteria = "searchCriteria[filter_groups][0][filters][0][field]=email"
    criteria += "&searchCriteria[filter_groups][0][filters][0][value]=a@b.example"
    found = requests.get(f"{magento.url}/rest/V1/customers/search?{criteria}", headers=head, timeout=5).json()
    assert [one["id"] for one in found["items"]] == [made["id"]]
    assert requests.get(f"{magento.url}/rest/V1/customers/99", headers=head, timeout=5).status_code == 404
    assert magento.ledger.entries("email")
