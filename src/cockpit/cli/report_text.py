"""The report for a person at a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from cockpit.cli.output import table
from cockpit.demo.key_figures import KeyFigure
from cockpit.demo.score import TruthScore
from cockpit.i18n import _
from cockpit.pipelines.report import Report


def as_text(report: Report) -> str:
    """Sections for ledger, layers, stages and, in the demo, truth."""
    parts = [_ledger(report), _layers(report), _stages(report)]
    if report.truth:
        parts.append(_truth(report.truth))
    if report.key_figures:
        parts[-1] += "\n" + _key_figures(report.key_figures)
    return "\n\n".join(parts)


def _ledger(report: Report) -> str:
    """One line per source; its entities are in the JSON, and in `sources stage` and `sources rejected`."""
    header = [_("Source"), _("received"), _("loaded"), _("unchanged"), _("rejected"), _("staged"), _("quarantined")]
    sums: dict[str, list[int]] = {}
    for e in report.ledger.entities:
        counts = (e.received, e.loaded, e.unchanged, e.rejected, e.staged, e.quarantined)
        held = sums.get(e.source, [0] * len(counts))
        sums[e.source] = [one + other for one, other in zip(held, counts, strict=True)]
    rows = [[source, *(f"{count:,}" for count in counts)] for source, counts in sums.items()]
    verdict = _("The ledger balances.") if report.ledger.is_balanced else _("THE LEDGER DOES NOT BALANCE.")
    return f"{_('Import ledger')}\n{table(header, rows, right=range(1, 7))}\n{verdict}"


def _layers(report: Report) -> str:
    rows = [
        [layer, f"{len(report.rows.get(layer, {}))}", f"{sum(report.rows.get(layer, {}).values()):,}"]
        for layer in ("raw", "staging", "core", "marts")
    ]
    return f"{_('Layers')}\n{table([_('Layer'), _('tables'), _('rows')], rows, right=(1, 2))}"


def _stages(report: Report) -> str:
    rows = [[s.stage, f"{s.seconds:.1f}", f"{s.steps}", f"{s.rows_changed:,}"] for s in report.stages]
    header = [_("Last run"), _("seconds"), _("steps"), _("rows changed")]
    text = table(header, rows, right=(1, 2, 3))
    if report.pipeline_seconds is not None:
        text += "\n" + _("Sources to marts: {seconds:.1f} s", seconds=report.pipeline_seconds)
    return text


def _truth(truth: TruthScore) -> str:
    shown = sum(cause.is_shown for cause in truth.causes)
    matching, products, quality, attainment = truth.matching, truth.products, truth.quality, truth.attainment
    planted = sum(kind.planted_count for kind in quality.kinds)
    caught = sum(kind.caught_count for kind in quality.kinds)
    lines = [
        _("Found against planted"),
        _("  duplicate customers  precision {precision}, recall {recall} ({right:,} of {true:,} pairs)",
          precision=_share(matching.precision), recall=_share(matching.recall),
          right=matching.right_pair_count, true=matching.true_pair_count),
        _("  left to a person     {review:,} pairs, recall {recall} with them",
          review=matching.review_pair_count, recall=_share(matching.recall_with_review)),
        _("  near names merged    {merged:,} of {planted:,} pairs",
          merged=sum(trap.merged_count for trap in matching.traps),
          planted=sum(trap.planted_count for trap in matching.traps)),
        *(
            _("    {kind}: {merged:,} of {planted:,}", kind=_trap(trap.kind), merged=trap.merged_count,
              planted=trap.planted_count)
            for trap in matching.traps if trap.merged_count
        ),
        _("  duplicate products   precision {precision}, recall {recall} ({right:,} of {true:,} pairs)",
          precision=_share(products.precision), recall=_share(products.recall),
          right=products.right_pair_count, true=products.true_pair_count),
        _("    left to a person   {review:,} pairs, recall {recall} with them",
          review=products.review_pair_count, recall=_share(products.recall_with_review)),
        _("    other sizes merged {merged:,} of {planted:,} pairs",
          merged=products.merged_near_pair_count, planted=products.near_pair_count),
        _("  wrong rows           recall {recall} ({caught:,} of {planted:,}), {alarms:,} false alarms",
          recall=_share(quality.recall), caught=caught, planted=planted, alarms=quality.false_alarm_count),
        *(
            _("    {place} {kind}: {caught:,} of {planted:,}", place=f"{missed.system}.{missed.entity}",
              kind=missed.kind, caught=missed.caught_count, planted=missed.planted_count)
            for missed in quality.kinds if missed.caught_count < missed.planted_count
        ),
        _("  clean rows held      {held:,} of {clean:,} ({share})",
          held=quality.wrongly_held_count, clean=quality.clean_row_count, share=_percent(quality.wrongly_held_share)),
        _("  region months        {different:,} of {count:,} differ from the truth",
          different=attainment.difference_count, count=attainment.region_month_count),
        _("  planted causes       {shown} of {count} shown in red", shown=shown, count=len(truth.causes)),
    ]  # fmt: skip
    return "\n".join(lines)


def _key_figures(figures: Sequence[KeyFigure]) -> str:
    differing = [figure for figure in figures if figure.difference_count]
    lines = [
        _("  key figures          {right} of {count} agree with a second computation ({values:,} values)",
          right=len(figures) - len(differing), count=len(figures), values=sum(f.value_count for f in figures)),
        *(
            _("    {figure}: {different:,} of {values:,} differ", figure=figure.figure,
              different=figure.difference_count, values=figure.value_count)
            for figure in differing
        ),
    ]  # fmt: skip
    return "\n".join(lines)


def _trap(kind: str) -> str:
    """What the companies of a kind of trap have in common."""
    titles = {
        "branch": _("a branch and its company"),
        "group_and_subsidiary": _("companies of one group"),
        "homophone": _("brands that sound alike"),
        "near_name": _("near trades"),
        "one_character": _("brands with one other character"),
        "ordinal": _("first and second"),
        "same_brand_other_region": _("one name in two cities"),
        "same_brand_other_trade": _("one brand in two trades"),
        "shared_agent": _("one book-keeping agent"),
    }
    return titles.get(kind, kind)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"
