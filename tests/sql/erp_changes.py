"""A small ERP whose rows change at random, wrongly now and then, as the demo's and a real one's do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from cockpit.rulebook.workspace import REPOSITORY
from tests.sql.changing_system import BEGIN, ChangingSystem

SCHEMA = REPOSITORY / "src/cockpit/demo/erp_schema.sql"
REGIONS = ("CN-SH", "CN-GD", "CN-BJ", "CN-ZJ")
CATEGORIES = ("pressure", "flow", "level")
NAMES = ("华东仪表有限公司", "华东仪表有限责任公司", "北方阀门有限公司", "北方阀门 有限公司", "第一商贸有限公司")
MONTHS = (date(2026, 2, 1), date(2026, 3, 1))
CUSTOMERS, PRODUCTS, ORDERS, RECEIPTS = 12, 6, 40, 40
# Products that come without a category now and then.
OFTEN_WRONG = 2


class ChangingErp(ChangingSystem):
    """Rows of the demo's ERP schema; each round of changes is an hour younger than the one before."""

    schema = SCHEMA

    def fill(self) -> None:
        """The first rows: clean but for what chance makes wrong."""
        for region in REGIONS:
            self._write("region", region_code=region, name_en=region, name_zh=region, sales_region_code="east")
        for number in range(1, CUSTOMERS + 1):
            self._write_customer(number)
        for number in range(1, PRODUCTS + 1):
            self._write_product(number)
        for number in range(1, ORDERS + 1):
            self._write_order(number)
        for number in range(1, RECEIPTS + 1):
            self._write_receipt(number)
            self._write_claim(number)
            self._write_invoice(number)
            self._write_service_cost(number)
        for region in REGIONS:
            self._write_target(region)
        for number in range(1, PRODUCTS + 1):
            self._write_product_cost(number)

    def change(self, seed: int) -> None:
        """One round of changes: orders and receipts, and with each seed but every sixth one kind of master data or costs."""
        self._random = Random(seed)
        self._changed_at += timedelta(hours=1)
        often: list[Callable[[], None]] = [
            lambda: self._write_order(self._random.randint(1, ORDERS)),
            lambda: self._write_order(self._new_id()),
            lambda: self._write_line(self._random.randint(1, ORDERS + 3), self._random.randint(1, 4)),
            lambda: self._write_receipt(self._random.randint(1, RECEIPTS)),
            lambda: self._write_receipt(self._new_id()),
            lambda: self._write_claim(self._random.randint(1, 2 * RECEIPTS)),
            lambda: self._write_invoice(self._random.randint(1, 2 * ORDERS)),
            lambda: self._write_service_cost(self._random.randint(1, ORDERS)),
        ]
        in_turn: list[Callable[[], None]] = [
            lambda: None,
            lambda: self._write_target(self._random.choice(REGIONS)),
            self._write_customers,
            lambda: self._write_product(self._random.randint(1, PRODUCTS + 1)),
            lambda: self._write_product_cost(self._random.randint(1, PRODUCTS)),
            lambda: self._write(
                "region", region_code="CN-TJ", name_en=f"T{seed}", name_zh="天津", sales_region_code="north"
            ),
        ]
        for _count in range(self._random.randint(1, 8)):
            self._random.choice(often)()
        in_turn[seed % len(in_turn)]()

    def _write_customers(self) -> None:
        """All and some new ones, so that regions that are missing come and go."""
        for number in range(1, CUSTOMERS + 3):
            self._write_customer(number)

    def _write_customer(self, number: int) -> None:
        self._write(
            "customer",
            customer_id=number,
            name=self._random.choice(NAMES) if self._random.random() < 0.5 else f"客户{number}",
            credit_code=self._random.choice((None, "91310000600037341N", "91440300708461136T")),
            # A missing region is completed from the customer's orders.
            region_code=self._random.choice((*REGIONS, "CN-XX", None)),
            created_at=BEGIN + timedelta(minutes=self._random.randint(0, 3)),
        )

    def _write_product(self, number: int) -> None:
        category = self._random.choice((*CATEGORIES, None))
        if number > OFTEN_WRONG:
            # A change of a few among very few products would lead to a build of all.
            category = category or CATEGORIES[0]
        price = 10 + self._changed_at.hour
        self._write("product", product_id=number, product_code=f"P{number}", category=category, list_price=price)

    def _write_order(self, number: int) -> None:
        self._write(
            "sales_order",
            order_id=number,
            # One number in ten belongs to another order as well.
            order_number=f"SO{number if self._random.random() < 0.9 else 1}",
            customer_id=self._random.randint(1, CUSTOMERS + 1),
            region_code=self._random.choice(REGIONS),
            ordered_at=self._moment(),
            status=self._random.choice(("open", "delivered", "delivered", "cancelled", "lost")),
            currency=self._random.choice(("CNY",) * 9 + ("RMB!",)),
        )
        for line in range(1, self._random.randint(1, 3) + 1):
            self._write_line(number, line)

    def _write_line(self, order: int, line: int) -> None:
        quantity, price = self._random.randint(-1, 9), Decimal(self._random.randint(1, 9999)) / 100
        wrong = self._random.random() < 0.1
        self._write(
            "sales_order_line",
            order_id=order,
            line_number=line,
            product_id=self._random.randint(1, PRODUCTS + 1),
            quantity=quantity,
            unit_price=price,
            amount=quantity * price + (5 if wrong else 0),
        )

    def _write_receipt(self, number: int) -> None:
        self._write(
            "receipt",
            receipt_id=number,
            receipt_number=f"R{number}",
            customer_id=self._random.randint(1, CUSTOMERS + 1),
            order_id=self._random.choice((None, self._random.randint(1, ORDERS + 1))),
            region_code=self._random.choice((*REGIONS, "CN-XX")),
            received_at=self._moment(),
            amount=self._random.randint(-1, 20) * 1000,
            currency="CNY",
        )

    def _write_target(self, region: str) -> None:
        for month in MONTHS:
            amount = self._random.randint(-1, 9) * 10_000
            self._write("region_target", region_code=region, month=month, kind="received", amount=amount)

            self._write("staff_target", org_unit_code=f"PI-{region}", month=month, kind="received", amount=abs(amount))

    def _write_claim(self, number: int) -> None:
        """Of a receipt once, twice or not at all; too much, too little, below zero."""
        self._write(
            "receipt_claim",
            claim_id=number,
            receipt_id=self._random.randint(1, RECEIPTS),
            order_id=self._random.choice((None, self._random.randint(1, ORDERS + 1))),
            contract_number=self._random.choice((None, "HT1")),
            amount=self._random.randint(-1, 12) * 1000,
            claimed_at=self._moment(),
        )

    def _write_invoice(self, number: int) -> None:
        amount = self._random.randint(-3, 20) * 100
        self._write(
            "invoice",
            invoice_id=number,
            invoice_number=f"I{number}",
            order_id=self._random.choice((None, self._random.randint(1, ORDERS + 1))),
            customer_id=self._random.randint(1, CUSTOMERS + 1),
            state="red" if amount < 0 else self._random.choice(("issued", "reversed", "lost")),
            amount=amount,
            net_amount=amount,
            tax_amount=0,
            currency="CNY",
            issued_on=self._moment().date(),
        )

    def _write_service_cost(self, number: int) -> None:
        self._write(
            "service_cost",
            service_cost_id=number,
            order_id=self._random.choice((None, self._random.randint(1, ORDERS + 1))),
            customer_id=self._random.randint(1, CUSTOMERS + 1),
            kind="repair",
            amount=self._random.randint(1, 99),
            incurred_on=self._moment().date(),
        )

    def _write_product_cost(self, number: int) -> None:
        for month in MONTHS:
            self._write("product_cost", product_id=number, month=month, unit_cost=self._random.randint(1, 99))

    def _moment(self) -> datetime:
        """February to April, at any hour: some fall on another day in Shanghai, some lie in the future."""
        return datetime(2026, 2, 1, tzinfo=UTC) + timedelta(hours=self._random.randint(0, 24 * 62))
