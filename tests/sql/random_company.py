"""Random rows of a company for models to be built from: every kind of row that sums have gone wrong with.

Documents of the sources stand in staging, as they do after their checks. Golden records, leads and touches, which
functions or many tables would be needed for, stand in core.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

# A Wednesday in a year with a leap day, so that there is a year before it to compare with.
AS_OF = datetime.fromisoformat("2024-03-20T10:00+08:00")
SHANGHAI = timedelta(hours=8)
# The last one belongs to no sales region; CN-XX is none of the company's.
REGIONS = {"CN-SH": "east", "CN-ZJ": "east", "CN-GD": "south", "CN-BJ": None}
WITH_UNKNOWN = (*REGIONS, *REGIONS, "CN-XX", None)
CATEGORIES = {"pressure": ("pressure", "PI"), "flow": ("flow", "PI"), "analysis": ("analysis", "AN")}
UNITS = (
    ("HX", None, "company", None, None),
    ("PI", "HX", "business_unit", None, None),
    ("AN", "HX", "business_unit", None, None),
    ("PI-SH", "PI", "region", "east", "CN-SH"),
    ("AN-SH", "AN", "region", "east", "CN-SH"),
    ("PI-SH-1", "PI-SH", "team", None, None),
    ("AN-GD-1", "AN", "team", "south", "CN-GD"),
)
REPS = ("li.si", "wang.wu", "zhao.liu")
# The last one is not in the list of users.
OWNERS = (*REPS, "who.else", None)
STAGES = ("contact", "requirement", "proposal", "negotiation", "won", "lost")
CHANNELS = ("baidu", "douyin", "trade_fair", "website", "unknown")
KINDS = ("signed", "invoiced", "received")
CURRENCIES = ("CNY", "CNY", "CNY", "USD", "EUR", None)
CUSTOMERS, PRODUCTS, DOCUMENTS = 8, 6, 50

Row = dict[str, Any]


class RandomCompany:
    """Rows by table, the same ones for the same seed.

    Args:
        seed: Of the chance that makes them.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def tables(self) -> Mapping[str, list[Row]]:
        """Schema-qualified table -> its rows."""
        documents = range(1, DOCUMENTS + 1)
        given = {
            "core.core_customer": [self._customer(number) for number in range(1, CUSTOMERS + 1)],
            "core.core_customer_source": list(self._customer_sources()),
            "core.core_customer_owner": list(self._owners()),
            "core.core_product": [self._product(number) for number in range(1, PRODUCTS)],
            "core.core_product_source": [
                # Two records of one product.
                {
                    "source": "erp",
                    "source_key": str(n),
                    "source_product_key": str(n),
                    "product_key": f"P{max(n - 1, 1)}",
                }
                for n in range(1, PRODUCTS + 1)
            ],
            "core.core_lead": [self._lead(number) for number in documents],
            "core.core_touch": [self._touch(number) for number in documents],
            "core.core_web_session": [
                {"session_key": str(number), "started_date": self._day(), "channel_code": self._random.choice(CHANNELS)}
                for number in documents
            ],
            "stg_region": [
                {"region_key": code, "name_en": code, "name_zh": code, "sales_region_code": sales_region}
                for code, sales_region in REGIONS.items()
            ],
            "stg_org_unit": [
                {
                    "org_unit_key": key,
                    "parent_key": above,
                    "level": level,
                    "sales_region_code": area,
                    "region_code": region,
                }
                for key, above, level, area, region in UNITS
            ],
            "stg_user": list(self._users()),
            "stg_exchange_rate": list(self._rates()),
            "stg_order": [self._order(number) for number in documents],
            "stg_order_line": list(self._lines()),
            "stg_shipment": [self._shipment(number) for number in documents],
            "stg_invoice": [self._invoice(number) for number in documents],
            "stg_contract": [self._contract(number) for number in documents],
            "stg_receipt": [self._receipt(number) for number in documents],
            "stg_receipt_claim": [self._claim(number) for number in range(1, 2 * DOCUMENTS)],
            "stg_target": list(self._targets("region_code", (*REGIONS, "CN-XX"))),
            "stg_staff_target": list(self._targets("org_unit_code", [unit[0] for unit in UNITS])),
            "stg_product_cost": [self._product_cost() for _number in range(2 * PRODUCTS)],
            "stg_opportunity": [self._opportunity(number) for number in documents],
            "stg_opportunity_stage": [self._stage(number) for number in range(1, 3 * DOCUMENTS)],
            "stg_activity": [self._activity(number) for number in range(1, 2 * DOCUMENTS)],
            "stg_marketing_cost": [self._marketing_cost() for _number in documents],
        }
        return {
            table if "." in table else f"staging.{table}": rows if "." in table else _of_a_source(table, rows)
            for table, rows in given.items()
        }

    def _customer(self, number: int) -> Row:
        return {
            "customer_key": f"C{number}",
            "customer_name": f"客户{number}",
            "region_code": self._random.choice(WITH_UNKNOWN),
            "industry": self._random.choice(("chemistry", "water", None)),
            "owner_username": self._random.choice(OWNERS),
        }

    def _customer_sources(self) -> Iterator[Row]:
        """Two systems with a record of each customer; the first two records of the ERP are one customer."""
        for source in ("erp", "crm"):
            for number in range(1, CUSTOMERS + 1):
                golden = 1 if source == "erp" and number == 2 else number
                yield {
                    "source": source,
                    "source_key": str(number),
                    "source_customer_key": str(number),
                    "customer_key": f"C{golden}",
                }

    def _owners(self) -> Iterator[Row]:
        """Each customer changes hands once or never; those of the last one are not known."""
        for number in range(1, CUSTOMERS):
            changed_at = self._moment()
            if self._random.random() < 0.5:
                yield self._owned(number, "-infinity", None)
            else:
                yield self._owned(number, "-infinity", changed_at)
                yield self._owned(number, changed_at, None)

    def _owned(self, number: int, begin: Any, end: Any) -> Row:
        return {
            "customer_key": f"C{number}",
            "valid_from": begin,
            "valid_to": end,
            "owner_username": self._random.choice(OWNERS),
            "region_code": self._random.choice((*REGIONS, "unknown")),
        }

    def _product(self, number: int) -> Row:
        # No product line names gifts.
        category = self._random.choice((*CATEGORIES, "gift", None))
        line, unit = CATEGORIES.get(str(category), (None, None))
        return {
            "product_key": f"P{number}",
            "product_category": category,
            "product_line": line,
            "business_unit_code": unit,
        }

    def _lead(self, number: int) -> Row:
        created_at = self._moment()
        created_date = (created_at + SHANGHAI).date()
        return {
            "lead_key": f"crm:{number}",
            "channel_code": self._random.choice(CHANNELS),
            "created_at": created_at,
            "created_date": created_date,
            "created_month": created_date.replace(day=1),
            "status": self._random.choice(("new", "qualified", "converted", "invalid")),
            "customer_key": self._random.choice((None, self._golden())),
        }

    def _touch(self, number: int) -> Row:
        touched_at = self._moment()
        touched_date = (touched_at + SHANGHAI).date()
        return {
            "touch_key": str(number),
            "customer_key": self._golden(),
            "touched_at": touched_at,
            "touched_date": touched_date,
            "touched_month": touched_date.replace(day=1),
            "channel_code": self._random.choice(CHANNELS),
            "campaign": self._random.choice((None, "spring")),
        }

    def _users(self) -> Iterator[Row]:
        """Some have another position later; one has left, another one's unit is not there."""
        for number, username in enumerate(REPS, start=1):
            moved = date(2023, self._random.randint(2, 12), 1)
            units = ("PI-SH-1", "AN-GD-1", "AN-SH", "gone")
            yield {"user_key": f"{number}a", "username": username, "org_unit_key": self._random.choice(units)}
            yield {
                "user_key": f"{number}b",
                "username": username,
                "org_unit_key": self._random.choice(units),
                "valid_from": moved,
                "valid_to": self._random.choice((None, date(2024, 2, 29))),
            }

    def _rates(self) -> Iterator[Row]:
        """Another one from the leap day on, and each further time that chance says."""
        for currency, rate in (("USD", 7.1), ("EUR", 7.8)):
            for day in {date(2022, 12, 31), date(2024, 2, 29), self._day()}:
                yield {
                    "currency": currency,
                    "valid_from": day,
                    "rate": round(rate + self._random.random() / 10, 4),
                }

    def _order(self, number: int) -> Row:
        return {
            "order_key": str(number),
            # One number in ten belongs to another order as well.
            "order_number": f"SO{number if self._random.random() < 0.9 else 1}",
            "customer_key": self._customer_key(),
            "region_code": self._random.choice(WITH_UNKNOWN),
            "ordered_at": self._moment(),
            "status": self._random.choice(("open", "delivered", "delivered", "cancelled")),
            "currency": self._random.choice(CURRENCIES),
            "is_cancellation": self._is_cancellation(number),
        }

    def _is_cancellation(self, number: int) -> bool | None:
        return True if number % 7 == 0 else self._random.choice((False, None))

    def _lines(self) -> Iterator[Row]:
        """None to four lines of each order: those of cancellations are below zero, returned goods and gifts elsewhere."""
        for order in range(1, DOCUMENTS + 1):
            for line in range(1, self._random.randint(0, 4) + 1):
                quantity = self._random.choice((-2, 0, 1, 3, 8)) if order % 7 else -self._random.randint(1, 5)
                price = self._cents(1, 9999)
                yield {
                    "order_line_key": f"{order}-{line}",
                    "order_key": str(order),
                    "product_key": str(self._random.randint(1, PRODUCTS + 1)),
                    "quantity": quantity,
                    "unit_price": price,
                    "amount": round(quantity * price, 2),
                }

    def _shipment(self, number: int) -> Row:
        shipped_at = self._moment()
        return {
            "shipment_key": str(number),
            "order_source": self._random.choice(("erp", None)),
            "order_number": self._order_number(),
            "status": "signed",
            "shipped_at": shipped_at,
            "signed_at": self._random.choice((None, shipped_at + timedelta(days=3))),
        }

    def _invoice(self, number: int) -> Row:
        amount = self._cents(-300, 2000)
        net = round(amount / 1.13, 2)
        return {
            "invoice_key": str(number),
            "order_key": self._random.choice((None, self._order_key())),
            "customer_key": self._customer_key(),
            "state": "red" if amount < 0 else self._random.choice(("issued", "reversed")),
            "amount": amount,
            "net_amount": net,
            "tax_amount": round(amount - net, 2),
            "currency": self._random.choice(CURRENCIES),
            "issued_on": self._day(),
        }

    def _contract(self, number: int) -> Row:
        return {
            "contract_key": str(number),
            "contract_number": f"HT{number if self._random.random() < 0.9 else 1}",
            "customer_key": self._customer_key(),
            "order_number": self._random.choice((None, self._order_number())),
            "signed_date": self._day(),
            "amount": self._cents(1, 9999),
            "currency": self._random.choice(CURRENCIES),
            "tax_basis": self._random.choice(("with_tax", "without_tax")),
            "tax_rate": self._random.choice((0.13, 0.06, None)),
            "is_framework": self._random.choice((True, False, False, None)),
            "status": self._random.choice(("active", "closed", "terminated")),
            "owner_username": self._random.choice(OWNERS),
        }

    def _receipt(self, number: int) -> Row:
        return {
            "receipt_key": str(number),
            "customer_key": self._customer_key(),
            "order_key": self._random.choice((None, self._order_key())),
            "region_code": self._random.choice(WITH_UNKNOWN),
            "received_at": self._moment(),
            # Money that goes back is below zero.
            "amount": self._cents(-300, 2000),
            "currency": self._random.choice(CURRENCIES),
        }

    def _claim(self, number: int) -> Row:
        """Receipts are claimed by one, by several or by none; for too much, too little, the wrong sign."""
        return {
            "claim_key": str(number),
            "receipt_key": str(self._random.randint(1, DOCUMENTS)),
            "order_key": self._random.choice((None, self._order_key())),
            "contract_number": self._random.choice((None, f"HT{self._random.randint(1, DOCUMENTS + 1)}")),
            "amount": self._cents(-300, 1500),
            "claimed_at": self._moment(),
        }

    def _targets(self, column: str, units: Any) -> Iterator[Row]:
        for unit in units:
            for kind in KINDS:
                for month in (date(2023, 3, 1), date(2024, 2, 1), date(2024, 3, 1)):
                    if self._random.random() < 0.7:
                        yield {column: unit, "month": month, "kind": kind, "amount": self._cents(0, 9999)}

    def _product_cost(self) -> Row:
        return {
            "product_key": str(self._random.randint(1, PRODUCTS)),
            "month": self._day().replace(day=1),
            "unit_cost": self._cents(1, 2000),
            "currency": self._random.choice(CURRENCIES),
        }

    def _opportunity(self, number: int) -> Row:
        stage = self._random.choice(STAGES)
        created_at = self._moment()
        return {
            "opportunity_key": str(number),
            "customer_key": self._customer_key(),
            "name": "项目",
            "stage": stage,
            "amount": self._random.choice((None, self._cents(1, 9999), self._cents(1, 9999))),
            "currency": self._random.choice(CURRENCIES),
            "owner_username": self._random.choice(OWNERS),
            "created_at": created_at,
            # A won one may lack the day of the decision.
            "closed_at": self._random.choice((None, *(created_at + timedelta(days=n) for n in (0, 9, 60)))),
        }

    def _stage(self, number: int) -> Row:
        return {
            "history_key": str(number),
            "opportunity_key": str(self._random.randint(1, DOCUMENTS)),
            "stage": self._random.choice(STAGES),
            "entered_at": self._moment(),
        }

    def _activity(self, number: int) -> Row:
        return {
            "activity_key": str(number),
            "kind": self._random.choice(("visit", "call", "follow_up", "wechat")),
            "customer_key": self._customer_key(),
            "owner_username": self._random.choice(OWNERS),
            "started_at": self._moment(),
            "minutes": self._random.choice((None, self._random.randint(0, 120))),
        }

    def _marketing_cost(self) -> Row:
        return {
            "platform_code": self._random.choice(("baidu", "douyin", "nobody knows")),
            "cost_date": self._day(),
            "amount": self._cents(0, 900),
            "currency": self._random.choice(CURRENCIES),
            "impressions": self._random.choice((None, self._random.randint(0, 999))),
            "clicks": self._random.randint(0, 99),
        }

    def _moment(self) -> datetime:
        """Fourteen months, at any hour; one in four within a second of the end of a month in Shanghai."""
        if self._random.random() < 0.25:
            border = datetime(2023, self._random.randint(1, 12), 1, tzinfo=UTC) - SHANGHAI
            if self._random.random() < 0.3:
                border = datetime(2024, 3, 1, tzinfo=UTC) - SHANGHAI
            return border + timedelta(seconds=self._random.choice((-1, 0, 1)))
        return datetime(2023, 1, 1, tzinfo=UTC) + timedelta(minutes=self._random.randint(0, 60 * 24 * 440))

    def _day(self) -> date:
        return (self._moment() + SHANGHAI).date()

    def _cents(self, least: int, most: int) -> float:
        return self._random.randint(least * 100, most * 100) / 100

    def _golden(self) -> str:
        return f"C{self._random.randint(1, CUSTOMERS)}"

    def _customer_key(self) -> str | None:
        """Of a customer, of one that is not there, or none."""
        return self._random.choice((None, *(str(number) for number in range(1, CUSTOMERS + 2))))

    def _order_key(self) -> str:
        return str(self._random.randint(1, DOCUMENTS + 1))

    def _order_number(self) -> str:
        return f"SO{self._random.randint(1, DOCUMENTS + 1)}"


def _of_a_source(table: str, rows: list[Row]) -> list[Row]:
    """Rows of staging with the source that each comes from: the CRM's own, or the ERP."""
    crm = {"stg_contract", "stg_opportunity", "stg_opportunity_stage", "stg_activity", "stg_user"}
    source = "crm" if table in crm else "erp"
    return [{"source": source, "source_key": str(number), **row} for number, row in enumerate(rows)]
