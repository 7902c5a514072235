"""The directory of countries and their regions, as a fresh Magento 2.4 knows them."""

from sandbox.magento_errors import MagentoError
from sandbox.magento_search import Document

NOT_AVAILABLE = "The country isn't available."
US = """
    AL Alabama|AK Alaska|AS American Samoa|AZ Arizona|AR Arkansas|AF Armed Forces Africa|AA Armed Forces Americas|
    AC Armed Forces Canada|AE Armed Forces Europe|AM Armed Forces Middle East|AP Armed Forces Pacific|CA California|
    CO Colorado|CT Connecticut|DE Delaware|DC District of Columbia|FM Federated States Of Micronesia|FL Florida|
    GA Georgia|GU Guam|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|
    MH Marshall Islands|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|
    NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|
    MP Northern Mariana Islands|OH Ohio|OK Oklahoma|OR Oregon|PW Palau|PA Pennsylvania|PR Puerto Rico|RI Rhode Island|
    SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VI Virgin Islands|VA Virginia|
    WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming"""
CANADA = """
    AB Alberta|BC British Columbia|MB Manitoba|NL Newfoundland and Labrador|NB New Brunswick|NS Nova Scotia|
    NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|SK Saskatchewan|
    YT Yukon Territory"""
COUNTRIES = {
    "US": ("USA", "United States", 1, US),
    "CA": ("CAN", "Canada", 66, CANADA),
    "PR": ("PRI", "Puerto Rico", 0, ""),
    "GU": ("GUM", "Guam", 0, ""),
    "VI": ("VIR", "U.S. Virgin Islands", 0, ""),
    "AS": ("ASM", "American Samoa", 0, ""),
    "MP": ("MNP", "Northern Mariana Islands", 0, ""),
    "MX": ("MEX", "Mexico", 0, ""),
    "CL": ("CHL", "Chile", 0, ""),
}


def countries() -> list[Document]:
    """Every country with its regions."""
    return [country(code) for code in COUNTRIES]


def country(code: str) -> Document:
    """One country; `available_regions` is left out where it has none. 404 for one that the shop lacks."""
    if code.upper() not in COUNTRIES:
        raise MagentoError(404, NOT_AVAILABLE)
    three, name, first, regions = COUNTRIES[code.upper()]
    answer: Document = {
        "id": code.upper(),
        "two_letter_abbreviation": code.upper(),
        "three_letter_abbreviation": three,
        "full_name_locale": name,
        "full_name_english": name,
    }
    known = [one.strip().partition(" ") for one in regions.split("|") if one.strip()]
    if known:
        answer["available_regions"] = [
            {"id": str(first + at), "code": short, "name": full} for at, (short, _, full) in enumerate(known)
        ]
    return answer
