"""Carriers and shipping methods: Walmart's own words, and which of them a tracking number of the shop means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from webapp.domain.policy import Policy
from webapp.domain.shop import ShopTrack

LISTED: dict[str, tuple[str, ...]] = {
    "us": (
        "UPS",
        "USPS",
        "FedEx",
        "Airborne",
        "OnTrac",
        "DHL Ecommerce - US",
        "DHL",
        "LS",
        "UDS",
        "UPSMI",
        "FDX",
        "PILOT",
        "ESTES",
        "SAIA",
        "FDS Express",
        "Seko Worldwide",
        "HIT Delivery",
        "FEDEXSP",
        "RL Carriers",
        "Metropolitan Warehouse & Delivery",
        "China Post",
        "YunExpress",
        "Yellow Freight Sys",
        "AIT Worldwide Logistics",
        "Chukou1",
        "Sendle",
        "Landmark Global",
        "Sunyou",
        "Yanwen",
        "4PX",
        "GLS",
        "OSM Worldwide",
        "FIRST MILE",
        "AM Trucking",
        "CEVA",
        "India Post",
        "SF Express",
        "CNE",
        "TForce Freight",
        "AxleHire",
        "LSO",
        "Royal Mail",
        "ABF Freight System",
        "WanB",
        "Roadrunner Freight",
        "Meyer Distribution",
        "AAA Cooper",
        "Canada Post",
        "Southeastern Freight Lines",
        "Japan Post",
        "Correos de Mexico",
        "XPO Logistics",
        "JD Logistics",
        "YDH",
        "JCEX",
        "Flyt",
        "Deutsche Post",
        "Better Trucks",
        "Asendia",
        "SFC",
        "UBI",
        "ePost Global",
        "YF Logistics",
        "RXO",
        "Estes Express",
        "Shypmax",
        "WIN.IT America",
        "PITT OHIO",
        "PostNord Sweden",
        "Equick",
        "Whistl",
        "Tusou",
        "Shiprocket",
        "DTDC",
        "PTS",
    ),
    "ca": ("UPS", "USPS", "FedEx", "CPC", "PCLINT", "DHL", "GLB", "PURINTL_SWWGROUND", "FEDEX_SWWEXPRESS", "17Track")
    + ("ASL", "CANPAR", "CEVA", "LOOMIS", "SAMEDAY", "SWYFT", "TFORCE", "UBI", "JIAYOU", "LETTERMAIL"),
    "mx": ("MX-FEDX", "MX-DHL", "Estafeta", "SFC", "PEXP", "TRACUSA", "UPS", "99MIN", "17Track"),
}
"""What `carrier` may be, letter for letter, by market (Walmart's page of supported carriers; Canada's list is of 2023,
Mexico's of 2023 with later reports). Anything else goes as `otherCarrier` with a tracking address."""

METHODS = ("Standard", "Express", "OneDay", "Freight", "WhiteGlove", "Value")
"""Walmart's shipping methods (US). An order's own method is sent back as it came."""

MAGENTO_CODES = {"ups": "UPS", "usps": "USPS", "fedex": "FedEx", "dhl": "DHL"}
"""The carriers that Magento itself knows, by its codes. Any other comes as `custom` with a title."""

NUMBER = "{number}"


@dataclass(frozen=True, slots=True)
class Carrier:
    """How a carrier is named to Walmart. One that is not listed needs the address of its tracking page."""

    name: str
    is_listed: bool = True
    url: str = ""


def listed(market: str) -> tuple[str, ...]:
    """The carriers that Walmart lists for a market; where none are known, those of the US."""
    return LISTED.get(market.lower(), LISTED["us"])


def carrier_of(track: ShopTrack, policy: Policy, market: str) -> Carrier | None:
    """The carrier of a shop's tracking number; None where it must be mapped first.

    The merchant's mapping by code or title comes first, then his own carriers, Magento's codes, and Walmart's names.
    """
    names = {_plain(name): name for name in listed(market)}
    mapped = _find(policy.carriers, track)
    if mapped:
        return _named(mapped, names) or _own(mapped, track, policy)
    own = _own(track.title, track, policy)
    if own is not None:
        return own
    known = MAGENTO_CODES.get(track.carrier_code.strip().casefold(), "")
    found = (_named(each, names) for each in (known, track.carrier_code, track.title) if each)
    return next((carrier for carrier in found if carrier is not None), None)


def magento_code(carrier: str) -> str:
    """The code by which Magento knows a carrier of Walmart's; `custom` where it does not."""
    codes = {_plain(name): code for code, name in MAGENTO_CODES.items()}
    return codes.get(_plain(carrier), "custom")


def method_of(track: ShopTrack | None, policy: Policy, order_method: str) -> str:
    """Walmart's shipping method: as mapped by the tracking number's title or code, else the order's own."""
    mapped = _find(policy.methods, track) if track is not None else ""
    mapped = mapped or _folded(policy.methods).get(order_method.strip().casefold(), "")
    return mapped or order_method or METHODS[0]


def tracking_url(pattern: str, number: str) -> str:
    """The tracking address of a parcel: `{number}` in the pattern is its number."""
    return pattern.replace(NUMBER, number)


def _find(mapping: Mapping[str, str], track: ShopTrack) -> str:
    known = _folded(mapping)
    title, code = track.title.strip().casefold(), track.carrier_code.strip().casefold()
    return known.get(title) or known.get(code, "")


def _own(name: str, track: ShopTrack, policy: Policy) -> Carrier | None:
    address = _folded(policy.own_carriers).get(name.strip().casefold())
    return Carrier(name.strip(), is_listed=False, url=tracking_url(address, track.number)) if address else None


def _named(name: str, names: Mapping[str, str]) -> Carrier | None:
    found = names.get(_plain(name))
    return Carrier(found) if found else None


def _folded(mapping: Mapping[str, str]) -> dict[str, str]:
    return {name.strip().casefold(): value for name, value in mapping.items()}


def _plain(name: str) -> str:
    """A name without case, spaces and signs: `Fed Ex` is `FedEx`."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())
