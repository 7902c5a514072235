"""Invented buyers and their addresses, of the many kinds that a shop has to carry over unharmed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A buyer as Walmart tells of one: a name in one field, a relay address, a place to ship to."""

    name: str
    address1: str
    city: str
    state: str
    postal_code: str
    address2: str | None = None
    phone: str | None = "2065550100"
    country: str = "USA"
    address_type: str = "RESIDENTIAL"
    tax_free: bool = False


PEOPLE: tuple[Person, ...] = (
    Person("Maren Oldfield", "418 Larkspur Ave", "Boise", "ID", "83702", phone="2085550141"),
    Person("Tobias Quill", "77 Copper Mill Rd", "Albany", "NY", "12203", "Apt 4B", "5185550162"),
    Person("Ines Calloway", "1200 Riverbend Blvd", "Austin", "TX", "78702", "Unit #1803", "5125550118"),
    Person("Halvard Brandt", "PO Box 2291", "Homer", "AK", "99603", phone="9075550177"),
    Person("Sgt. Dana Whitlock", "Unit 29401 Box 18", "APO", "AE", "09096", phone=None, tax_free=True),
    Person("LCDR Owen Pryce", "PSC 473 Box 120", "FPO", "AP", "96349-0002", tax_free=True),
    Person("Marisol Peña Ávila", "Calle Luna 214", "San Juan", "PR", "00901-1432", "Urb. El Faro"),
    Person("Jürgen Müßig-Höfer", "905 Kaiser St", "Milwaukee", "WI", "53202", phone="4145550129"),
    Person("Siobhán O'Dwyer", "12 St. Brendan's Ct", "Boston", "MA", "02118", phone="6175550134"),
    Person("Prudence", "3301 Cedar Hollow Ln", "Asheville", "NC", "28801", phone="8285550190"),
    Person(
        "Bartholomew Featherstonehaugh-Villanueva de la Concepción III",
        "10455 Old Plank Road Extension Number Four, Building C",
        "Winchester-on-the-Severn",
        "MD",
        "21401-7712",
        "Rear entrance, second door past the loading dock, ring twice",
        "4105550153",
    ),
    Person("نور الهادي", "640 Michigan Ave", "Dearborn", "MI", "48126", phone="3135550147"),
    Person("Łukasz Wróbel", "5218 W Belmont Ave", "Chicago", "IL", "60641", "Fl 2", "7735550186"),
    Person("Nguyễn Thị Ánh", "88 Bolsa Pl", "Westminster", "CA", "92683", phone="7145550121"),
    Person('J. R. "Dusty" McCall, Jr.', "Rural Route 3, Box 40", "Elko", "NV", "89801", phone=None),
    Person(
        "Accounts & Receiving",
        "2000 Harbor <Dock 7>",
        "Tacoma",
        "WA",
        "98421",
        "c/o Pinewood Dental, Suite 310",
        "+1 (253) 555-0109",
        address_type="OFFICE",
    ),
    Person("Ka'iulani Kealoha", "91-1001 Keaunui Dr", "Ewa Beach", "HI", "96706", phone="8085550166"),
    Person("Øyvind Ström", "15 Fjord View", "Portland", "OR", "97209-3302", phone="5035550113"),
    Person("d'Arcy  Le Fèvre", "9 Rue Royale", "New Orleans", "LA", "70116", "Côté jardin", "5045550155"),
    Person("Wilhelmina Sato", "27 Pebble Cove", "Dover", "DE", "19901", phone="3025550138", tax_free=True),
    Person("Ezekiel Thorne", "701 Granite Way", "Manchester", "NH", "03101", phone="", tax_free=True),
    Person("Aaliyah Brooks-Tran", "1 Peachtree Sq NE", "Atlanta", "GA", "30309", "Apt. 12-F", "4045550170"),
)
