"""The properties that Magento's order interfaces know, by type; anything else in a body is refused."""

from dataclasses import dataclass, field

ORDER_NUMBERS = """
    adjustment_negative adjustment_positive base_adjustment_negative base_adjustment_positive
    base_discount_amount base_discount_canceled base_discount_invoiced base_discount_refunded
    base_grand_total base_discount_tax_compensation_amount base_discount_tax_compensation_invoiced
    base_discount_tax_compensation_refunded base_shipping_amount base_shipping_canceled
    base_shipping_discount_amount base_shipping_discount_tax_compensation_amnt base_shipping_incl_tax
    base_shipping_invoiced base_shipping_refunded base_shipping_tax_amount base_shipping_tax_refunded
    base_subtotal base_subtotal_canceled base_subtotal_incl_tax base_subtotal_invoiced
    base_subtotal_refunded base_tax_amount base_tax_canceled base_tax_invoiced base_tax_refunded
    base_total_canceled base_total_due base_total_invoiced base_total_invoiced_cost
    base_total_offline_refunded base_total_online_refunded base_total_paid base_total_qty_ordered
    base_total_refunded base_to_global_rate base_to_order_rate discount_amount discount_canceled
    discount_invoiced discount_refunded grand_total discount_tax_compensation_amount
    discount_tax_compensation_invoiced discount_tax_compensation_refunded payment_authorization_amount
    shipping_amount shipping_canceled shipping_discount_amount
    shipping_discount_tax_compensation_amount shipping_incl_tax shipping_invoiced shipping_refunded
    shipping_tax_amount shipping_tax_refunded store_to_base_rate store_to_order_rate subtotal
    subtotal_canceled subtotal_incl_tax subtotal_invoiced subtotal_refunded tax_amount tax_canceled
    tax_invoiced tax_refunded total_canceled total_due total_invoiced total_offline_refunded
    total_online_refunded total_paid total_qty_ordered total_refunded weight"""
ORDER_INTEGERS = """
    billing_address_id can_ship_partially can_ship_partially_item customer_gender customer_group_id
    customer_id customer_is_guest customer_note_notify edit_increment email_sent entity_id
    forced_shipment_with_invoice is_virtual payment_auth_expiration quote_address_id quote_id store_id
    total_item_count"""
ORDER_TEXTS = """
    applied_rule_ids base_currency_code coupon_code created_at customer_dob customer_email
    customer_firstname customer_lastname customer_middlename customer_note customer_prefix
    customer_suffix customer_taxvat discount_description ext_customer_id ext_order_id
    global_currency_code hold_before_state hold_before_status increment_id order_currency_code
    original_increment_id protect_code relation_child_id relation_child_real_id relation_parent_id
    relation_parent_real_id remote_ip shipping_description state status store_currency_code store_name
    updated_at x_forwarded_for"""
ORDER_COLUMNS_ONLY = "shipping_address_id shipping_method coupon_rule_name gift_message_id send_email"

ITEM_NUMBERS = """
    amount_refunded base_amount_refunded base_cost base_discount_amount base_discount_invoiced
    base_discount_refunded base_discount_tax_compensation_amount
    base_discount_tax_compensation_invoiced base_discount_tax_compensation_refunded
    base_original_price base_price base_price_incl_tax base_row_invoiced base_row_total
    base_row_total_incl_tax base_tax_amount base_tax_before_discount base_tax_invoiced
    base_tax_refunded base_weee_tax_applied_amount base_weee_tax_applied_row_amnt
    base_weee_tax_disposition base_weee_tax_row_disposition discount_amount discount_invoiced
    discount_percent discount_refunded discount_tax_compensation_amount
    discount_tax_compensation_canceled discount_tax_compensation_invoiced
    discount_tax_compensation_refunded original_price price price_incl_tax qty_backordered
    qty_canceled qty_invoiced qty_ordered qty_refunded qty_returned qty_shipped row_invoiced row_total
    row_total_incl_tax row_weight tax_amount tax_before_discount tax_canceled tax_invoiced tax_percent
    tax_refunded weee_tax_applied_amount weee_tax_applied_row_amount weee_tax_disposition
    weee_tax_row_disposition weight"""
ITEM_INTEGERS = """
    event_id free_shipping gift_message_id gw_id is_qty_decimal is_virtual item_id locked_do_invoice
    locked_do_ship no_discount order_id parent_item_id product_id quote_item_id store_id"""
ITEM_TEXTS = """
    additional_data applied_rule_ids created_at description ext_order_item_id name product_type sku
    updated_at weee_tax_applied"""

ADDRESS_INTEGERS = """
    customer_address_id customer_id entity_id parent_id region_id vat_is_valid vat_request_success"""
ADDRESS_TEXTS = """
    address_type city company country_id email fax firstname lastname middlename postcode prefix region
    region_code suffix telephone vat_id vat_request_date vat_request_id"""

PAYMENT_NUMBERS = """
    amount_authorized amount_canceled amount_ordered amount_paid amount_refunded base_amount_authorized
    base_amount_canceled base_amount_ordered base_amount_paid base_amount_paid_online
    base_amount_refunded base_amount_refunded_online base_shipping_amount base_shipping_captured
    base_shipping_refunded shipping_amount shipping_captured shipping_refunded"""
PAYMENT_INTEGERS = "entity_id parent_id quote_payment_id"
PAYMENT_TEXTS = """
    account_status additional_data anet_trans_method address_status cc_approval cc_avs_status
    cc_cid_status cc_debug_request_body cc_debug_response_body cc_debug_response_serialized cc_exp_month
    cc_exp_year cc_last4 cc_number_enc cc_owner cc_secure_verify cc_ss_issue cc_ss_start_month
    cc_ss_start_year cc_status cc_status_description cc_trans_id cc_type echeck_account_name
    echeck_account_type echeck_bank_name echeck_routing_number echeck_type last_trans_id method po_number
    protection_eligibility"""

TOTAL_NUMBERS = """
    base_shipping_amount base_shipping_canceled base_shipping_discount_amount
    base_shipping_discount_tax_compensation_amnt base_shipping_incl_tax base_shipping_invoiced
    base_shipping_refunded base_shipping_tax_amount base_shipping_tax_refunded shipping_amount
    shipping_canceled shipping_discount_amount shipping_discount_tax_compensation_amount
    shipping_incl_tax shipping_invoiced shipping_refunded shipping_tax_amount shipping_tax_refunded"""


@dataclass(frozen=True, slots=True)
class Shape:
    """An interface of Magento's API: its properties by type, and those that are shapes themselves.

    `many` are lists of a shape, `free` is taken over as it is.
    """

    numbers: frozenset[str] = frozenset()
    integers: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    booleans: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()
    one: dict[str, "Shape"] = field(default_factory=dict)
    many: dict[str, "Shape"] = field(default_factory=dict)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMMENT = Shape(
    integers=_names("is_customer_notified is_visible_on_front entity_id parent_id"),
    texts=_names("comment status created_at entity_name"),
    free=_names("extension_attributes"),
)
ADDRESS = Shape(
    integers=_names(ADDRESS_INTEGERS),
    texts=_names(ADDRESS_TEXTS),
    free=_names("street extension_attributes"),
)
ITEM = Shape(
    numbers=_names(ITEM_NUMBERS),
    integers=_names(ITEM_INTEGERS),
    texts=_names(ITEM_TEXTS),
    free=_names("parent_item product_option extension_attributes"),
)
PAYMENT = Shape(
    numbers=_names(PAYMENT_NUMBERS),
    integers=_names(PAYMENT_INTEGERS),
    texts=_names(PAYMENT_TEXTS),
    free=_names("additional_information extension_attributes"),
)
SHIPPING = Shape(
    texts=_names("method"),
    free=_names("extension_attributes"),
    one={"address": ADDRESS, "total": Shape(numbers=_names(TOTAL_NUMBERS))},
)
ASSIGNMENT = Shape(
    integers=_names("stock_id"),
    free=_names("extension_attributes"),
    one={"shipping": SHIPPING},
    many={"items": ITEM},
)
ORDER_EXTENSION = Shape(
    booleans=_names("converting_from_quote"),
    free=_names(
        "payment_additional_info applied_taxes item_applied_taxes gift_message taxes additional_itemized_taxes"
    ),
    many={"shipping_assignments": ASSIGNMENT},
)
ORDER = Shape(
    numbers=_names(ORDER_NUMBERS),
    integers=_names(ORDER_INTEGERS),
    texts=_names(ORDER_TEXTS),
    one={"billing_address": ADDRESS, "payment": PAYMENT, "extension_attributes": ORDER_EXTENSION},
    many={"items": ITEM, "status_histories": COMMENT},
)

QUANTITY = Shape(numbers=_names("qty"), integers=_names("order_item_id"), free=_names("extension_attributes"))
NOTE = Shape(integers=_names("is_visible_on_front"), texts=_names("comment"), free=_names("extension_attributes"))
TRACK = Shape(texts=_names("track_number title carrier_code"), free=_names("extension_attributes"))
SENT_TRACK = Shape(
    numbers=_names("weight qty"),
    integers=_names("order_id parent_id entity_id"),
    texts=_names("track_number title carrier_code description created_at updated_at"),
    free=_names("extension_attributes"),
)
INVOICE_CALL = Shape(
    booleans=_names("capture notify appendComment"),
    free=_names("arguments"),
    one={"comment": NOTE},
    many={"items": QUANTITY},
)
SHIP_CALL = Shape(
    booleans=_names("notify appendComment"),
    free=_names("packages"),
    one={
        "comment": NOTE,
        "arguments": Shape(one={"extension_attributes": Shape(texts=_names("source_code ext_location_id"))}),
    },
    many={"items": QUANTITY, "tracks": TRACK},
)
REFUND_CALL = Shape(
    booleans=_names("notify appendComment isOnline is_online"),
    one={
        "comment": NOTE,
        "arguments": Shape(
            numbers=_names("shipping_amount adjustment_positive adjustment_negative"),
            one={"extension_attributes": Shape(free=_names("return_to_stock_items"))},
        ),
    },
    many={"items": QUANTITY},
)

ORDER_COLUMNS = ORDER.numbers | ORDER.integers | ORDER.texts | _names(ORDER_COLUMNS_ONLY)
