"""What a benchmark of loading found: figures, the bars they are held to, and the two files that keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.kept import keep, machine, table

# Measure -> the measure it is divided by, and the least ratio of their rows/s; from the product's requirements.
COMPARED: Mapping[str, tuple[str, float | None]] = {
    "first": ("copy", 0.25),
    "unchanged": ("copy", None),
    "changed_10": ("copy", 0.18),
    "changed_100": ("copy", 0.18),
    "dlt_arrow": ("copy", None),
    "dlt_arrow_merge": ("copy", None),
    "dlt_connectorx": ("copy", None),
    "dlt_arrow_csv": ("copy", None),
    "pandas": ("copy", None),
    "copy_binary": ("copy", None),
    "csv": ("csv_copy", 0.10),
    "sqlite": ("copy", None),
}
PEER, PEER_BAR = "dlt_arrow", 2.0
MEMORY_BAR_MB = 300

_TITLES: Mapping[str, str] = {
    "copy": "COPY to COPY, typed table without index",
    "copy_binary": "the same in COPY's binary format",
    "first": "PostgreSQL to raw, first load",
    "unchanged": "PostgreSQL to raw, nothing changed",
    "changed_10": "PostgreSQL to raw, 10 % changed",
    "changed_100": "PostgreSQL to raw, all changed",
    "dlt_arrow": "dlt, Arrow and ADBC, append",
    "dlt_arrow_merge": "dlt, Arrow and ADBC, merge by key",
    "dlt_connectorx": "dlt, ConnectorX and ADBC, append",
    "dlt_arrow_csv": "dlt, Arrow and CSV, append",
    "pandas": "pandas.to_sql",
    "csv_copy": "\\copy of a CSV file, table of texts",
    "csv": "CSV file to raw",
    "sqlite": "SQLite to raw",
}


@dataclass(frozen=True)
class Measure:
    """One way of loading.

    Attributes:
        seconds: One per round.
        ratio: Of its rows/s to those of plain COPY of the same rows; None for COPY itself.
        bar: Least ratio; None when it is only shown.
    """

    name: str
    rows: int
    seconds: tuple[float, ...]
    ratio: float | None = None
    bar: float | None = None

    @property
    def rows_per_second(self) -> float:
        """Of the median round."""
        return self.rows / median(self.seconds)

    @property
    def is_met(self) -> bool:
        """Whether the bar, if there is one, is reached."""
        return self.bar is None or self.ratio is None or self.ratio >= self.bar


def measures(rows: Mapping[str, int], seconds: Mapping[str, list[float]]) -> list[Measure]:
    """Figures with their ratios, in the order of measuring."""
    plain = {name: Measure(name, rows[name], tuple(taken)) for name, taken in seconds.items()}
    found = []
    for name, measure in plain.items():
        base, bar = COMPARED.get(name, ("", None))
        ratio = measure.rows_per_second / plain[base].rows_per_second if base in plain else None
        found.append(Measure(name, measure.rows, measure.seconds, ratio, bar))
    return found


def summary(found: list[Measure], memory: tuple[int, int] | None, versions: str) -> dict[str, object]:
    """Everything as JSON knows it.

    Args:
        memory: Rows loaded, and the greatest growth of the process in bytes.
    """
    rates = {measure.name: measure.rows_per_second for measure in found}
    times_peer = rates["first"] / rates[PEER] if PEER in rates else None
    memory_mb = round(memory[1] / 1e6, 1) if memory else None
    return {
        "machine": machine(),
        "versions": versions,
        "measures": [
            {
                **asdict(measure),
                "seconds": [round(each, 3) for each in measure.seconds],
                "rows_per_second": round(measure.rows_per_second),
                "ratio": None if measure.ratio is None else round(measure.ratio, 3),
                "is_met": measure.is_met,
            }
            for measure in found
        ],
        "times_dlt": None if times_peer is None else round(times_peer, 2),
        "times_dlt_bar": PEER_BAR,
        "memory_rows": memory[0] if memory else None,
        "memory_mb": memory_mb,
        "memory_bar_mb": MEMORY_BAR_MB,
        "is_met": all(measure.is_met for measure in found)
        and (times_peer is None or times_peer >= PEER_BAR)
        and (memory_mb is None or memory_mb <= MEMORY_BAR_MB),
    }


def write(result: Mapping[str, object], found: list[Measure]) -> None:
    """Keep the result as load.json, and as load.md to read."""
    keep("load", result, _page(result, found))


def _page(result: Mapping[str, object], found: list[Measure]) -> list[str]:
    lines = [
        "# Loading",
        "",
        "Written by `./cockpit bench load`. Rows per second of the median round; the ratio is to plain COPY of the",
        "same rows in the same run, for the CSV file to `\\copy` of it.",
        "",
        f"{result['machine']}; {result['versions']}.",
        "",
        *table(
            ("what", "rows", "rows/s", "ratio", "at least"),
            [
                (
                    _TITLES[each.name],
                    f"{each.rows:,}",
                    f"{each.rows_per_second:,.0f}",
                    _number(each.ratio),
                    _number(each.bar),
                )
                for each in found
            ],
            numbers_from=1,
        ),
        "",
    ]
    if result["times_dlt"] is not None:
        lines.append(f"The first load takes {result['times_dlt']} times the rows/s of {_TITLES[PEER]}.")
    if result["memory_mb"] is not None:
        lines.append(f"Loading {result['memory_rows']:,} rows, the process grew by {result['memory_mb']} MB at most.")
    return lines


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
