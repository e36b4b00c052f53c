"""The demo's customer records as standardised columns, which both sides of the benchmark start from.

Every text goes through the standardisers that staging uses. A value that identifies nobody (a placeholder, a code
whose check digit is wrong) is null, as in staging. Parts that the standardisers find are columns of their own; those of
the name stand together as JSON too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from cockpit.domain.normalise.kinds import stored_text
from cockpit.domain.normalise.standard import Standard, to_json
from cockpit.stack.settings import REPOSITORY
from cockpit.warehouse.standardise_many import ManyStandardiser

RULES = REPOSITORY / "include" / "rules" / "normalisation"

Part = Callable[[Standard, str], object]


def _stored(kind: str) -> Part:
    return lambda standard, text: stored_text(kind, standard, text)


def _detail(name: str) -> Part:
    return lambda standard, _text: standard.details.get(name)


def _core(standard: Standard, _text: str) -> object:
    return standard.value


def _all_parts(standard: Standard, _text: str) -> object:
    return to_json({"value": standard.value, **standard.details})


def _unless_placeholder(kind: str) -> Part:
    def part(standard: Standard, text: str) -> object:
        return None if _is_placeholder(standard) else stored_text(kind, standard, text)

    return part


def _own_domain(standard: Standard, _text: str) -> object:
    """The domain of an address that only its owner has: not that of a mail provider."""
    is_own = standard.outcome == "ok" and not standard.details.get("is_free") and not _is_placeholder(standard)
    return standard.details.get("domain") if is_own else None


def _site_domain(standard: Standard, text: str) -> object:
    """The domain of a web site that is not a page of a shared one."""
    is_own = standard.outcome == "ok" and not standard.details.get("is_shared") and not _is_placeholder(standard)
    return stored_text("website", standard, text) if is_own else None


def _is_placeholder(standard: Standard) -> bool:
    flags = standard.details.get("flags")
    return standard.reason == "placeholder" or (isinstance(flags, list | tuple) and "placeholder" in flags)


# Column of the sources -> kind, and the columns that it gives.
COLUMNS: Mapping[str, tuple[str, Mapping[str, Part]]] = {
    "name": (
        "company",
        {
            "name": _stored("company"),
            "name_parts": _all_parts,
            "core_name": _core,
            "brand": _detail("brand"),
            "trade": _detail("trade"),
            "region": _detail("region"),
            "second_region": _detail("second_region"),
            "legal_form": _detail("legal_form"),
            "branch": _detail("branch"),
            "other_name": _detail("also"),
        },
    ),
    "former_name": ("company", {"former_name": _stored("company"), "former_core_name": _core}),
    "credit_code": ("credit-code", {"credit_code": _stored("credit-code")}),
    "phone": ("phone", {"phone": _unless_placeholder("phone"), "phone_type": _detail("type")}),
    "email": ("email", {"email": _unless_placeholder("email"), "email_domain": _own_domain}),
    "website": ("website", {"website": _unless_placeholder("website"), "site_domain": _site_domain}),
    "address": ("address", {"address": _stored("address"), "division_code": _core, "address_rest": _detail("rest")}),
    "contact_name": ("person", {"contact_name": _stored("person")}),
}


def standardised(records: pd.DataFrame, workers: int = 2) -> pd.DataFrame:
    """Standardised columns of raw records.

    Args:
        records: record_id, source, region_code and the columns of `COLUMNS`, raw texts or null.
        workers: Processes that share the texts.

    Returns:
        Grain: one row per record, in their order; all columns are text or null.
    """
    columns: dict[str, object] = {
        name: records[name].to_numpy(dtype=object) for name in ("record_id", "source", "region_code")
    }
    for column, (kind, parts) in COLUMNS.items():
        codes, texts = pd.factorize(records[column].to_numpy(dtype=object))
        with ManyStandardiser(RULES, kind, workers=workers) as standardiser:
            found = standardiser.standardise_batch(list(texts))
        for name, part in parts.items():
            # One more at the end: code -1, which stands for null, takes it.
            values = np.empty(len(texts) + 1, dtype=object)
            values[:-1] = [_text(part(standard, text)) for standard, text in zip(found, texts, strict=True)]
            columns[name] = values[codes]
    made = pd.DataFrame(columns).astype(object)
    made["own_domain"] = made["site_domain"].where(made["site_domain"].notna(), made["email_domain"])
    return made


def _text(value: object) -> str | None:
    return None if value is None else str(value)
