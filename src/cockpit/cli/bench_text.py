"""What `cockpit bench` shows at a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cockpit.cli.output import table
from cockpit.i18n import _


def title(name: str) -> str:
    """A measure or a step for people; its own name when it has no other."""
    if name.startswith("splink "):
        return _("Splink: {name}", name=name.removeprefix("splink "))
    if name.startswith("match "):
        return _("Matching: {name}", name=name.removeprefix("match "))
    titles = {
        "rows": _("Making rows"),
        "texts": _("Making texts"),
        "file": _("Writing files"),
        "memory": _("Memory"),
        "copy": _("COPY to COPY, typed table"),
        "first": _("PostgreSQL to raw, first load"),
        "unchanged": _("PostgreSQL to raw, unchanged"),
        "changed_10": _("PostgreSQL to raw, 10 % changed"),
        "changed_100": _("PostgreSQL to raw, all changed"),
        "csv_copy": _("\\copy of CSV, table of texts"),
        "csv": _("CSV file to raw"),
        "sqlite": _("SQLite to raw"),
        "copy_binary": _("the same, binary"),
        "dlt_arrow": _("dlt, Arrow, ADBC, append"),
        "dlt_arrow_merge": _("dlt, Arrow, ADBC, merge by key"),
        "dlt_arrow_csv": _("dlt, Arrow, CSV, append"),
        "dlt_connectorx": _("dlt, ConnectorX, ADBC, append"),
        "pandas": "pandas.to_sql",
        "plain": _("Failures counted in plain SQL"),
        "check": _("First check"),
        "recheck": _("Later check"),
        "copy_inputs": _("Copying what the models read"),
        "empty": _("Our runner, empty tables"),
        "bare": _("The same SQL bare"),
        "dbt": "dbt run",
        "dbt_analysed": _("dbt run with statistics"),
        "again": _("Our runner, all rows again"),
        "match_all": _("All records, first run"),
        "golden_all": _("Golden records, first run"),
        "match_change": _("Matching the new records"),
        "golden_change": _("Golden records after it"),
        "match_again": _("All records with the same model"),
        "policies": _("Row policies on a scan"),
        "charts": _("Charts and their SQL"),
        "first_view": _("The first view in a browser"),
        "users": _("Several people, not cached"),
        "users_cached": _("Several people, cached"),
        "sql": _("The SQL of all dashboards"),
    }
    return titles.get(name, name)


def load_text(result: Mapping[str, Any]) -> str:
    """The result of benchmarks/bench_load.py: figures, then what the bars say."""
    header = [_("Way of loading"), _("rows"), _("rows/s"), _("to COPY"), _("at least"), ""]
    rows = [
        [
            title(each["name"]),
            f"{each['rows']:,}",
            f"{each['rows_per_second']:,}",
            _ratio(each["ratio"]),
            _ratio(each["bar"]),
            "" if each["bar"] is None else _verdict(each["is_met"]),
        ]
        for each in result["measures"]
    ]
    lines = [table(header, rows, right=range(1, 5))]
    if result["times_dlt"] is not None:
        lines.append(
            _(
                "First load against dlt with Arrow: {times:.1f} times (at least {bar:.0f})",
                times=result["times_dlt"],
                bar=result["times_dlt_bar"],
            )
            + f"  {_verdict(result['times_dlt'] >= result['times_dlt_bar'])}"
        )
    if result["memory_mb"] is not None:
        lines.append(
            _(
                "Memory above idle while loading {rows:,} rows: {megabytes:.0f} MB (at most {bar})",
                rows=result["memory_rows"],
                megabytes=result["memory_mb"],
                bar=result["memory_bar_mb"],
            )
            + f"  {_verdict(result['memory_mb'] <= result['memory_bar_mb'])}"
        )
    return "\n".join(lines)


def standardise_text(result: Mapping[str, Any]) -> str:
    """The result of benchmarks/bench_standardise.py: seconds per million texts, ours and a library's."""
    header = [_("Kind"), _("texts"), _("s/1M"), _("at most"), "", _("library"), _("s/1M"), _("reads")]
    rows = [
        [
            each["kind"],
            f"{each['rows']:,}",
            _seconds(each["seconds_per_million"]),
            _seconds(each["bar"]),
            "" if each["bar"] is None else _verdict(each["is_met"]),
            each["alternative"] or "",
            _seconds(each["alternative_seconds_per_million"]),
            "" if each["alternative_read_ratio"] is None else f"{each['alternative_read_ratio']:.0%}",
        ]
        for each in result["measures"]
    ]
    return table(header, rows, right=(1, 2, 3, 6, 7))


def quality_text(result: Mapping[str, Any]) -> str:
    """The result of benchmarks/bench_quality.py: seconds, and how many times plain SQL they are."""
    header = [_("{count} checks", count=result["checks"]), _("rows"), "s", _("to plain SQL"), _("at most"), ""]
    rows = [
        [
            title(each["name"]),
            f"{result['rows']:,}",
            f"{each['seconds']:.2f}",
            f"{each['times_plain']:.1f}",
            _seconds(result["bar_seconds"] if each["name"] == "check" else None),
            _verdict(result["is_met"]) if each["name"] == "check" else "",
        ]
        for each in result["measures"]
    ]
    return table(header, rows, right=range(1, 5))


def models_text(result: Mapping[str, Any]) -> str:
    """The result of benchmarks/bench_models.py: seconds of ours, of the bare SQL, of dbt."""
    header = [_("{count} models, {rows} rows", count=len(result["models"]), rows=f"{result['rows']:,}"), "s"]
    header.append(_("sum of models"))
    rows = [
        [title(each["name"]), f"{each['seconds']:.2f}", f"{each['busy_seconds']:.2f}"] for each in result["measures"]
    ]
    seconds = {each["name"]: each["seconds"] for each in result["measures"]}
    lines = [
        table(header, rows, right=(1, 2)),
        _("Less than dbt: {ratio:.2f} of its seconds", ratio=seconds["empty"] / seconds["dbt"])
        + f"  {_verdict(seconds['empty'] < seconds['dbt'])}",
        _("Above the bare SQL: {share:+.1%} (at most {bar:.0%})", share=result["overhead"], bar=result["overhead_bar"])
        + f"  {_verdict(result['overhead'] <= result['overhead_bar'])}",
    ]
    if result["differing"]:
        lines.append(_("dbt made other rows of {names}", names=", ".join(result["differing"])))
    return "\n".join(lines)


def match_change_text(result: Mapping[str, Any]) -> str:
    """The result of benchmarks/bench_match_change.py: seconds, and whether a full run found the same."""
    header = [_("{new} new among {rows} records", new=f"{result['new']:,}", rows=f"{result['rows']:,}"), "s"]
    header += [_("at most"), ""]
    rows = [
        [
            title(each["name"]),
            f"{each['seconds']:.2f}",
            _seconds(result["bar_seconds"] if each["name"] == "match_change" else None),
            _verdict(result["is_met"]) if each["name"] == "match_change" else "",
        ]
        for each in result["measures"]
    ]
    same = _("A full run finds the same.") if result["is_equal"] else _("A full run finds something else.")
    return "\n".join([table(header, rows, right=(1, 2)), same])


def cockpit_text(result: Mapping[str, Any]) -> str:
    """The result of benchmarks/bench_cockpit.py: what people wait for, and what the bars say."""
    met, charts, first, users = (result[name] for name in ("met", "charts", "first_view", "users"))
    full, part = result["policies"]["full"], result["policies"]["part"]
    header = ["", _("measured"), _("at most"), ""]
    rows = [
        [_("Row policies, all rows, to plain WHERE"), *_times(full), _verdict(met["policies_full"])],
        [_("Row policies, a quarter, to plain WHERE"), *_times(part), _verdict(met["policies_part"])],
        [
            _("Charts, one person: p95 ms (SQL {ms:.0f})", ms=charts["sql_p95_ms"]),
            f"{charts['p95_ms']:.0f}",
            f"{charts['bar_ms']:.0f}",
            _verdict(met["charts"]),
        ],
        [_("First view, cached: s"), f"{first['seconds']:.1f}", f"{first['bar']:.1f}", _verdict(met["first_view"])],
        [
            _(
                "{count} people: p95 ms ({rate}/s, {errors} errors)",
                count=users["users"],
                rate=users["requests_per_second"],
                errors=users["errors"],
            ),
            f"{users['p95_ms']:.0f}",
            f"{users['bar_ms']:.0f}",
            _verdict(met["users"]),
        ],
        [_("The same, cached: p95 ms"), f"{result['users_cached']['p95_ms']:.0f}", "", ""],
        [
            _("Slowest SQL of {count} charts: ms", count=result["sql"]["count"]),
            f"{result['sql']['slowest'][0]['ms']:.0f}",
            f"{result['sql']['bar_ms']:.0f}",
            _verdict(met["sql"]),
        ],
    ]
    lines = [table(header, rows, right=(1, 2))]
    if result["left_out"]:
        lines.append(_("Left out: {names}", names=", ".join(result["left_out"])))
    return "\n".join(lines)


def _times(policy: Mapping[str, Any]) -> list[str]:
    return [f"{policy['times']:.2f}", f"{policy['bar']:.2f}"]


def match_text(result: Mapping[str, Any]) -> str:
    """The result of benchmarks/bench_match.py: F1 and seconds of both, then more about the demo's customers."""
    header = [_("List"), "F1", _("at least"), "s", "Splink F1", _("its best"), "s", ""]
    rows = [
        [
            each["name"],
            f"{each['ours']['f1']:.3f}",
            "" if each["least_f1"] is None else f"{each['least_f1']:.3f}",
            f"{each['ours']['seconds']:.1f}",
            f"{max(peer['f1'] for peer in each['splink']):.3f}",
            f"{max(peer['best']['f1'] for peer in each['splink']):.3f}",
            f"{each['splink'][0]['seconds']:.1f}",
            _verdict(each["is_met"]) if each["bars"] else "",
        ]
        for each in result["measures"]
    ]
    lines = [table(header, rows, right=range(1, 7))]
    lines += [_customers_text(each) for each in result["measures"] if each["traps"] is not None]
    if result["left_out"]:
        lines.append(_("Left out: {names}", names=", ".join(result["left_out"])))
    return "\n".join(lines)


def _customers_text(measure: Mapping[str, Any]) -> str:
    ours = measure["ours"]
    texts = {
        "precision": _("precision {ratio:.4f}", ratio=ours["precision"]),
        "found_or_shown": _("found or shown {ratio:.4f}", ratio=ours["found_or_shown"]),
        "traps": _("{merged} of {traps:,} traps merged", merged=ours["traps_merged"], traps=measure["traps"]),
        "seconds": _("{ratio:.2f} of Splink's seconds", ratio=measure["seconds_ratio"]),
        "memory": _(
            "{megabytes:.0f} MB; Splink {peer:.0f} MB",
            megabytes=ours["memory_mb"],
            peer=measure["splink"][0]["memory_mb"],
        ),
    }
    bars = measure["bars"]
    said = [f"{text} {_verdict(bars[name])}" if name in bars else text for name, text in texts.items()]
    seconds = _("from raw text {seconds:.1f} s", seconds=measure["raw"]["seconds"])
    return f"{measure['name']}:\n" + "\n".join(f"  {text}" for text in (*said, seconds))


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _verdict(is_met: bool) -> str:
    return _("met") if is_met else _("MISSED")
