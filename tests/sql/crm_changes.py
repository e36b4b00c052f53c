"""A small CRM whose rows change at random: deals move on, back and away, people change teams, accounts change owners."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random

from cockpit.rulebook.workspace import REPOSITORY
from tests.sql.changing_system import BEGIN, ChangingSystem

SCHEMA = REPOSITORY / "src/cockpit/demo/crm/schema.sql"
UNITS = (
    ("HX", None, "company", None, None),
    ("PI", "HX", "business_unit", None, None),
    ("PI-CN-SH", "PI", "region", "east", "CN-SH"),
    ("PI-CN-SH-1", "PI-CN-SH", "team", "east", "CN-SH"),
    ("PI-CN-GD-1", "PI", "team", "south", "CN-GD"),
)
REPS = ("li.si", "wang.wu", "zhao.liu")
STAGES = ("contact", "requirement", "proposal", "negotiation", "won", "lost")
ACCOUNTS, DEALS, CONTRACTS, ACTIVITIES = 8, 30, 15, 40


class ChangingCrm(ChangingSystem):
    """Rows of the demo's CRM schema; each round of changes is an hour younger than the one before."""

    schema = SCHEMA

    def fill(self) -> None:
        """The first rows."""
        for code, parent, level, sales_region, region in UNITS:
            self._write(
                "org_unit",
                org_unit_code=code,
                parent_code=parent,
                level=level,
                name_en=code,
                name_zh=code,
                business_unit_code="PI" if level != "company" else None,
                sales_region_code=sales_region,
                region_code=region,
            )
        for number in range(1, len(REPS) + 1):
            self._write_user(number)
        for number in range(1, ACCOUNTS + 1):
            self._write_account(number)
        for number in range(1, DEALS + 1):
            self._write_deal(number)
        for number in range(1, CONTRACTS + 1):
            self._write_contract(number)
        for number in range(1, ACTIVITIES + 1):
            self._write_activity(number)

    def change(self, seed: int) -> None:
        """One round of changes: deals, contracts and contacts, and in turn one kind of master data."""
        self._random = Random(seed)
        self._changed_at += timedelta(hours=1)
        often: list[Callable[[], None]] = [
            lambda: self._write_deal(self._random.randint(1, DEALS)),
            lambda: self._write_stage(self._random.randint(1, DEALS), self._new_id()),
            lambda: self._write_contract(self._random.randint(1, CONTRACTS + 2)),
            lambda: self._write_activity(self._random.randint(1, ACTIVITIES)),
            lambda: self._write_activity(self._new_id()),
        ]
        in_turn: list[Callable[[], None]] = [
            lambda: None,
            lambda: self._write_account(self._random.randint(1, ACCOUNTS + 1)),
            lambda: None,
            lambda: self._write_lead(self._random.randint(1, 5)),
            lambda: self._write_user(self._random.randint(1, len(REPS))),
        ]
        for _count in range(self._random.randint(1, 6)):
            self._random.choice(often)()
        in_turn[seed % len(in_turn)]()

    def meet(self) -> None:
        """A round of contacts alone: once deals move, stages are judged anew, and with them each open deal."""
        self._changed_at += timedelta(hours=1)
        for number in range(1, ACTIVITIES + 1, 2):
            self._write_activity(number)

    def _write_user(self, number: int) -> None:
        self._write(
            "app_user",
            user_id=number,
            username=REPS[number - 1],
            role=self._random.choice(("rep", "rep", "manager")),
            org_unit_code=self._random.choice(("PI-CN-SH-1", "PI-CN-GD-1", "PI")),
            manager_user_id=None if number == 1 else 1,
            valid_from=date(2020, 5, 1),
            valid_to=self._random.choice((None, date(2026, 3, 10))),
        )

    def _write_account(self, number: int) -> None:
        self._write(
            "account",
            account_id=number,
            account_number=f"A{number}",
            name=f"客户{number}有限公司",
            phone=f"1390000{number:04d}",
            region_code=self._random.choice(("CN-SH", "CN-GD", None)),
            status="customer",
            owner_username=self._random.choice((*REPS, None)),
            created_at=BEGIN - timedelta(days=400),
        )

    def _write_lead(self, number: int) -> None:
        self._write(
            "lead",
            lead_id=number,
            company=f"客户{number}有限公司",
            contact_name="王芳",
            mobile=f"1390000{number:04d}",
            source=self._random.choice(("百度", "抖音", "官网")),
            status=self._random.choice(("new", "contacted", "invalid")),
            created_at=self._moment(),
        )

    def _write_deal(self, number: int) -> None:
        stage = self._random.choice(STAGES)
        created = datetime(2025, 12, 1, tzinfo=UTC) + timedelta(hours=self._random.randint(0, 24 * 60))
        self._write(
            "opportunity",
            opportunity_id=number,
            opportunity_number=f"OP{number}",
            account_id=self._random.randint(1, ACCOUNTS),
            name="项目",
            stage=stage,
            amount=self._random.randint(1, 99) * 1000,
            currency=self._random.choice(("CNY", "CNY", None)),
            budget=self._random.choice((None, "10万", "面议")),
            product_category="热电偶",
            competitor=self._random.choice((None, "鼎新仪表")),
            owner_username=self._random.choice(REPS),
            expected_close_on=self._random.choice((None, date(2026, 3, 1), date(2026, 4, 1))),
            created_at=created,
            closed_at=created + timedelta(days=self._random.randint(0, 20)) if stage in STAGES[-2:] else None,
        )
        for entry in range(self._random.randint(1, 3)):
            self._write_stage(number, number * 10 + entry)

    def _write_stage(self, deal: int, entry: int) -> None:
        self._write(
            "opportunity_stage_history",
            history_id=entry,
            opportunity_id=deal,
            stage=self._random.choice(STAGES),
            entered_at=self._moment(),
            changed_by=self._random.choice(REPS),
        )

    def _write_contract(self, number: int) -> None:
        self._write(
            "contract",
            contract_id=number,
            contract_number=f"HT{number}",
            opportunity_id=self._random.choice((None, self._random.randint(1, DEALS))),
            account_id=self._random.randint(1, ACCOUNTS),
            # Orders of the small ERP have such numbers.
            order_number=self._random.choice((None, f"SO{self._random.randint(1, 45)}")),
            signed_on=self._moment().date(),
            amount=self._random.randint(1, 99_999) / 100,
            currency="CNY",
            tax_basis=self._random.choice(("with_tax", "without_tax")),
            tax_rate=self._random.choice((0.13, 0.06)),
            is_framework=self._random.random() < 0.1,
            status=self._random.choice(("active", "closed", "terminated")),
            owner_username=self._random.choice(REPS),
            created_at=BEGIN,
        )

    def _write_activity(self, number: int) -> None:
        self._write(
            "activity",
            activity_id=number,
            kind=self._random.choice(("visit", "call", "follow_up", "wechat")),
            account_id=self._random.randint(1, ACCOUNTS + 1),
            opportunity_id=self._random.choice((None, self._random.randint(1, DEALS))),
            owner_username=self._random.choice(REPS),
            started_at=self._moment(),
            minutes=self._random.choice((None, self._random.randint(-1, 120))),
            subject="新品介绍",
            result=self._random.choice((None, "有意向")),
            next_step=self._random.choice((None, "报价")),
            created_at=self._changed_at,
        )

    def _moment(self) -> datetime:
        """January to March, at any hour: some fall on another day in Shanghai, some lie in the future."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=self._random.randint(0, 24 * 82))
