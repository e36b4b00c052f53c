"""What the benchmark of matching found: the bars it is held to, and the two files that keep the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.kept import keep, table

# From the product's requirements; for the demo's customers.
LEAST_PRECISION, LEAST_FOUND = 0.995, 0.95
MOST_TRAPS_RATIO = 1 / 10_000
FEWEST_TRAPS = 30_000
# Of a million records.
MILLION = 1_000_000
MOST_SECONDS_RATIO = 0.4
MOST_MEMORY_MB = 4_096


def bars(measure: Mapping[str, Any]) -> dict[str, bool]:
    """Name of each bar that applies to a list -> whether it is met."""
    ours = measure["ours"]
    found: dict[str, bool] = {}
    if measure["least_f1"] is not None:
        found["f1"] = ours["f1"] >= measure["least_f1"]
    if measure["traps"] is not None:
        found["precision"] = ours["precision"] >= LEAST_PRECISION
        found["found_or_shown"] = ours["found_or_shown"] >= LEAST_FOUND
    if measure["traps"] is not None and measure["traps"] >= FEWEST_TRAPS:
        found["traps"] = ours["traps_merged"] / measure["traps"] <= MOST_TRAPS_RATIO
    if measure["records"] >= MILLION:
        found["memory"] = ours["memory_mb"] <= MOST_MEMORY_MB
        found["seconds"] = measure["seconds_ratio"] <= MOST_SECONDS_RATIO
    return found


def write(result: Mapping[str, Any]) -> None:
    """Keep the result as match.json, and as match.md to read."""
    keep("match", result, _page(result))


def _page(result: Mapping[str, Any]) -> list[str]:
    lines = [
        "# Matching",
        "",
        "Written by `./cockpit bench match`; what is measured, and how Splink is set up, is told in",
        "[the explanation](../../docs/explanation/matching-benchmark.md). Each system runs in a process of its own and",
        "starts from the same file; pairs within clusters are counted. Ours runs with the rules that are shipped.",
        "",
        f"{result['machine']}; {result['versions']}.",
        "",
        *table(
            ("list", "records", "system", "F1", "precision", "recall", "B-cubed", "candidates", "s", "CPU s", "MB"),
            [_row(measure, system) for measure in result["measures"] for system in systems(measure)],
            numbers_from=3,
        ),
        "",
        *_left_out(result["left_out"]),
        "Splink's clusters are those of the threshold in its documentation's examples, a probability of 0.95. Its best",
        "F1 is at the threshold that the truth says is best, which nobody knows who has no truth:",
        "",
        *table(
            ("list", "configuration", "best F1", "precision", "recall", "at weight"),
            [
                (
                    measure["name"],
                    peer["setup"],
                    f"{peer['best']['f1']:.4f}",
                    f"{peer['best']['precision']:.4f}",
                    f"{peer['best']['recall']:.4f}",
                    f"{peer['best']['weight']:.0f}",
                )
                for measure in result["measures"]
                for peer in measure["splink"]
            ],
            numbers_from=2,
        ),
        "",
    ]
    customers = [measure for measure in result["measures"] if measure["traps"] is not None]
    if customers:
        lines += [
            "The demo's customers. Found or shown: true pairs in one cluster, or in two that a pair for review joins.",
            "Traps: pairs of records with near names that are different companies.",
            "",
            *table(
                ("records", "precision", "found or shown", "traps", "merged", "of Splink's s", "from raw text s", "MB"),
                [
                    (
                        f"{measure['records']:,}",
                        f"{measure['ours']['precision']:.4f}",
                        f"{measure['ours']['found_or_shown']:.4f}",
                        f"{measure['traps']:,}",
                        f"{measure['ours']['traps_merged']:,}",
                        f"{measure['seconds_ratio']:.2f}",
                        f"{measure['raw']['seconds']:.1f}",
                        f"{measure['raw']['memory_mb']:,.0f}",
                    )
                    for measure in customers
                ],
                numbers_from=0,
            ),
            "",
        ]
    return lines


def _left_out(names: Sequence[str]) -> list[str]:
    return [f"Not measured in this run: {', '.join(names)}.", ""] if names else []


def systems(measure: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Name -> figures, ours first."""
    peers = measure["splink"]
    return [
        ("cockpit", measure["ours"]),
        *((f"Splink, {peer['setup']}" if len(peers) > 1 else "Splink", peer) for peer in peers),
    ]


def _row(measure: Mapping[str, Any], system: tuple[str, Mapping[str, Any]]) -> Sequence[str]:
    name, figures = system
    return (
        measure["name"],
        f"{measure['records']:,}",
        name,
        f"{figures['f1']:.4f}",
        f"{figures['precision']:.4f}",
        f"{figures['recall']:.4f}",
        f"{figures['b_cubed']:.4f}",
        f"{figures['candidates']:,}",
        f"{figures['seconds']:.1f}",
        f"{figures['cpu_seconds']:.1f}",
        f"{figures['memory_mb']:,.0f}",
    )
