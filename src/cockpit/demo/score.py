"""Compare what the platform made of the demo company with what is true about it.

The only code that reads schema truth together with the platform's own tables; it runs as demo_truth, which may read
both and change neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg2.errors
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor
from psycopg2.extras import RealDictCursor
from pydantic import BaseModel, ConfigDict, Field, computed_field

from cockpit.demo.statements import statement
from cockpit.errors import StackError
from cockpit.i18n import _

SOURCE = "erp"
_LISTED_DIFFERENCES = 20


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class VariantScore(_Part):
    """One way in which a customer was recorded again."""

    system: str
    variant: str
    planted_count: int = Field(description="repeats of this kind in the system")
    found_count: int = Field(description="of these, with the same golden key as the first record")


class LookAlikeScore(_Part):
    """One kind of near name that belongs to another customer."""

    kind: str
    planted_count: int
    merged_count: int = Field(description="wrongly put together with another customer; 0 is right")


class TrapScore(_Part):
    """One kind of pairs of records with near names that are different customers."""

    kind: str
    planted_count: int = Field(description="pairs both records of which reached core")
    merged_count: int = Field(description="of these, with one golden key; 0 is right")


class _PairScore(_Part):
    """Pairs of records that are, or were taken for, one thing."""

    record_count: int = Field(description="records in all systems")
    matched_record_count: int = Field(description="of these, with a golden key in core")
    true_pair_count: int = Field(description="pairs of records that are one thing")
    found_pair_count: int = Field(description="pairs that the platform gives one golden key")
    right_pair_count: int = Field(description="pairs that are in both")
    review_pair_count: int = Field(description="true pairs that are not found, and that a person is asked about")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def precision(self) -> float | None:
        """Right / found pairs, 0-1; null when none was found."""
        return _ratio(self.right_pair_count, self.found_pair_count)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def recall(self) -> float | None:
        """Right / true pairs, 0-1; null when there is none."""
        return _ratio(self.right_pair_count, self.true_pair_count)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def recall_with_review(self) -> float | None:
        """Right pairs and those that a person is asked about / true pairs, 0-1; null when there is none."""
        return _ratio(self.right_pair_count + self.review_pair_count, self.true_pair_count)


class ProductScore(_PairScore):
    """Pairs of records of products that are, or were taken for, one product."""

    near_pair_count: int = Field(description="pairs of one name in two sizes, materials or designs")
    merged_near_pair_count: int = Field(description="of these, with one golden key; 0 is right")


class MatchingScore(_PairScore):
    """Pairs of customer records that are, or were taken for, one customer."""

    variants: tuple[VariantScore, ...]
    look_alikes: tuple[LookAlikeScore, ...]
    traps: tuple[TrapScore, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def merged_trap_share(self) -> float | None:
        """Traps with one golden key / traps of all kinds, 0-1; null when there is none."""
        return _ratio(sum(trap.merged_count for trap in self.traps), sum(trap.planted_count for trap in self.traps))


class AnomalyKindScore(_Part):
    """One kind of planted wrong row in one entity of a system."""

    system: str
    entity: str
    kind: str
    planted_count: int
    caught_count: int = Field(description="ever held back or warned about, by whichever rule")
    held_count: int = Field(description="of these, held back")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def recall(self) -> float | None:
        """Caught / planted rows, 0-1."""
        return _ratio(self.caught_count, self.planted_count)


class FalseAlarm(_Part):
    """Clean rows that a rule holds back, or warns about."""

    system: str
    entity: str
    rule_id: str
    row_count: int
    boundary_count: int = Field(description="of these, planted boundary cases")


class QualityScore(_Part):
    """Planted wrong rows of all systems against what rules found."""

    kinds: tuple[AnomalyKindScore, ...]
    false_alarms: tuple[FalseAlarm, ...] = Field(description="clean rows that are held back now")
    warnings: tuple[FalseAlarm, ...] = Field(description="clean rows that rules warn about now; they go on")
    clean_row_count: int = Field(description="rows of the systems that truth knows, without the planted wrong ones")
    wrongly_held_count: int = Field(description="of these, held back now, by however many rules")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def recall(self) -> float | None:
        """Caught / planted rows over all kinds, 0-1."""
        return _ratio(sum(kind.caught_count for kind in self.kinds), sum(kind.planted_count for kind in self.kinds))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def false_alarm_count(self) -> int:
        """Clean rows that are held now, once per rule."""
        return sum(alarm.row_count for alarm in self.false_alarms)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def wrongly_held_share(self) -> float | None:
        """Clean rows that are held now / clean rows, 0-1."""
        return _ratio(self.wrongly_held_count, self.clean_row_count)


class Difference(_Part):
    """A figure of mart_region_attainment that is not the true one."""

    region_code: str
    month: date
    figure: str
    expected: Decimal | None
    found: Decimal | None


class AttainmentScore(_Part):
    """mart_region_attainment against the clean rows, to the cent."""

    region_month_count: int = Field(description="region-months that are known to truth")
    difference_count: int
    differences: tuple[Difference, ...] = Field(description=f"the latest {_LISTED_DIFFERENCES}")


class CauseScore(_Part):
    """A planted miss and whether the cockpit shows it."""

    kind: str
    region_code: str
    month: date
    is_shown: bool = Field(description="is_below_pace in mart_region_attainment")


class TruthScore(_Part):
    """How right the platform is about the demo company."""

    matching: MatchingScore
    products: ProductScore
    quality: QualityScore
    attainment: AttainmentScore
    causes: tuple[CauseScore, ...]


def score(truth: PgConnection, source: str = SOURCE) -> TruthScore:
    """Score the platform's tables of this database.

    Args:
        truth: Connection as demo_truth; nothing is written.
        source: The ERP's name in the platform's tables.

    Raises:
        StackError: the demo has not been generated, the pipelines have not run, or demo_truth lacks a right.
    """
    values = {"source": source}
    try:
        with truth, truth.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute("select exists (select from marts.mart_region_attainment) as is_visible")
            if cursor.fetchone() == {"is_visible": False}:
                raise StackError(
                    _("the demo cannot be scored: {reason}", reason=_("mart_region_attainment shows no rows")),
                    where="marts.mart_region_attainment",
                    fix=_("Run the pipelines; if they have run, a row policy has to let demo_truth read."),
                )
            pairs = _rows(cursor, "matching", values)[0]
            differences = _rows(cursor, "attainment", values)
            cursor.execute("select count(*) as row_count from truth.region_month")
            region_months = cursor.fetchone()
            return TruthScore(
                matching=MatchingScore(
                    **pairs,
                    variants=tuple(VariantScore(**row) for row in _rows(cursor, "variants", values)),
                    look_alikes=tuple(LookAlikeScore(**row) for row in _rows(cursor, "look_alikes", values)),
                    traps=tuple(TrapScore(**row) for row in _rows(cursor, "traps", values)),
                ),
                products=ProductScore(**_rows(cursor, "products", values)[0]),
                quality=QualityScore(
                    kinds=tuple(AnomalyKindScore(**row) for row in _rows(cursor, "anomalies", values)),
                    false_alarms=tuple(FalseAlarm(**row) for row in _rows(cursor, "false_alarms", values)),
                    warnings=tuple(FalseAlarm(**row) for row in _rows(cursor, "warnings", values)),
                    **_rows(cursor, "clean_rows", values)[0],
                ),
                attainment=AttainmentScore(
                    region_month_count=region_months["row_count"] if region_months else 0,
                    difference_count=len(differences),
                    differences=tuple(Difference(**row) for row in differences[:_LISTED_DIFFERENCES]),
                ),
                causes=tuple(CauseScore(**row) for row in _rows(cursor, "causes", values)),
            )
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.InvalidSchemaName) as error:
        raise StackError(
            _("the demo cannot be scored yet: {reason}", reason=_first_line(error)),
            fix=_("Run './cockpit demo' first; it generates the company and runs the pipelines."),
        ) from error
    except psycopg2.errors.InsufficientPrivilege as error:
        raise StackError(
            _("the demo cannot be scored: {reason}", reason=_first_line(error)),
            fix=_("Run './cockpit setup' again; it gives demo_truth the right to read."),
        ) from error


def _rows(cursor: PgCursor, name: str, values: dict[str, str]) -> Sequence[dict[str, Any]]:
    cursor.execute(statement(f"score_{name}"), values)
    # RealDictCursor's rows are dictionaries, which the cursor's type does not say.
    return cursor.fetchall()  # type: ignore[return-value]


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _first_line(error: psycopg2.Error) -> str:
    return str(error).strip().splitlines()[0]
