"""A workspace: its sources, database, currency and time zone; the models are shared by all workspaces.

A wrong rule file stops what needs it and nothing else: its error is kept here and raised where it is used.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, field_validator

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.attribution import Attribution, load_attribution
from cockpit.rulebook.behaviour import Behaviour, load_behaviour
from cockpit.rulebook.calendars import Calendars, load_calendars
from cockpit.rulebook.completion import Completion, load_completion
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.customers import CustomerRules, load_customer_rules
from cockpit.rulebook.dictionary import Dictionary, load_dictionary
from cockpit.rulebook.files import Rule, load
from cockpit.rulebook.funnel import Funnel, load_funnel
from cockpit.rulebook.health import Health, load_health
from cockpit.rulebook.metrics import MetricRules, load_metrics
from cockpit.rulebook.product_lines import ProductLines, load_product_lines
from cockpit.rulebook.quadrant import Quadrant, load_quadrant
from cockpit.rulebook.quality import Quality, load_quality
from cockpit.rulebook.scores import Scores, load_scores
from cockpit.rulebook.segments import Segments, load_segments
from cockpit.rulebook.sources import LogSource, Source, load_source

REPOSITORY = Path(__file__).resolve().parents[3]

T = TypeVar("T")


class WorkspaceFile(Rule):
    """Contents of `workspace.yml`.

    Attributes:
        warehouse: Connection id of the workspace's own database.
        sources: Folder with one YAML file per source, relative to this file.
        dictionary: File with the data dictionary, relative to this file.
        behaviour: Folder with the rules by which behaviour logs are read, relative to this file.
        attribution: Folder with channels and how credit is shared among them, relative to this file.
        normalisation: Folder with the rules by which texts are standardised, relative to this file; texts stay as
            typed without it.
        quality: Folder with the rules about rows that look wrong, relative to this file.
        completion: Folder with the rules by which missing values are filled from other rows, relative to this file.
        scores: Folder with the rules by which quality is measured, relative to this file; it is not without it.
        funnel: File with the stages of opportunities, relative to this file; models of opportunities need it.
        product_lines: File with the product lines and their business units, relative to this file; products have none
            without it.
        metrics: Folder with the figures that the business defines, relative to this file.
        lifecycle: File that says where a customer's stages of life end, relative to this file.
        rfm: File with the bounds of recency, frequency and money, relative to this file.
        segments: Folder with the segments of customers, relative to this file; there are none without it.
        calendar: Folder with one file of working days per country, relative to this file; without it Monday to Friday
            count everywhere.
        health: Folder with what makes an opportunity healthy, relative to this file; models of opportunities need it.
        quadrant: File that says how reps' activity is set against its result, relative to this file.
        models: Folder with the layers of SQL models, relative to this file.
        security: Folder with roles and people, relative to this file; none when nobody looks at its marts.
        push: Folder with the rules about messages to people, relative to this file; nobody gets any without it.
        data_docs_results: Results of checks that Data Docs keep per table.
        check_results_days: So many days of figures of checks are kept in `quality.check_result`; of each check the
            newest ones however old they are.
        parameters: Values that SQL models may use as `:name`, such as the share of the time-proportional
            target below which a region is red.
    """

    workspace: str = Field(pattern=IDENTIFIER)
    title: str
    title_zh: str
    warehouse: str = Field(pattern=IDENTIFIER)
    sources: str
    dictionary: str | None = None
    behaviour: str | None = None
    attribution: str | None = None
    normalisation: str | None = None
    quality: str | None = None
    completion: str | None = None
    scores: str | None = None
    funnel: str | None = None
    product_lines: str | None = None
    metrics: str | None = None
    lifecycle: str | None = None
    rfm: str | None = None
    segments: str | None = None
    calendar: str | None = None
    health: str | None = None
    quadrant: str | None = None
    models: str
    security: str | None = None
    push: str | None = None
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    time_zone: str
    data_docs_results: int = Field(default=20, ge=1, le=1000)
    check_results_days: int = Field(default=400, ge=7, le=5000)
    parameters: dict[str, float | str] = Field(default_factory=dict)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(_("{name} is no IANA time zone such as Asia/Shanghai", name=name)) from error
        return name


class Workspace(Rule):
    """A workspace with its files read.

    Attributes:
        sources: Those whose files can be used.
        broken_sources: Why the others cannot, by the names of their files.
        broken_rules: Why the rules of a folder cannot be used, by its key in workspace.yml; as if there were none.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    settings: WorkspaceFile
    folder: Path
    models_folder: Path
    dictionary: Dictionary
    behaviour: Behaviour | None = None
    funnel: Funnel | None = None
    attribution: Attribution | None = None
    health: Health | None = None
    quadrant: Quadrant | None = None
    sources: dict[str, Source]
    quality: Quality = Quality()
    scores: Scores | None = None
    customers: CustomerRules | None = None
    segments: Segments = Segments()
    completion: Completion = Completion()
    product_lines: ProductLines = ProductLines()
    calendars: Calendars = Calendars()
    metrics: MetricRules = MetricRules()
    broken_sources: dict[str, RuleFileError] = Field(default_factory=dict)
    broken_rules: dict[str, RuleFileError] = Field(default_factory=dict)

    @property
    def faults(self) -> list[RuleFileError]:
        """What is wrong with files; those of standardising are only tried when something is standardised."""
        quality = [file.error for file in self.quality.broken]
        return [*self.broken_sources.values(), *self.broken_rules.values(), *quality]

    def source(self, name: str) -> Source:
        """The source of that name.

        Raises:
            RuleFileError: its file is wrong, or there is none.
        """
        if name in self.broken_sources:
            raise self.broken_sources[name]
        if name not in self.sources:
            raise RuleFileError(_("unknown source"), found=name, allowed=", ".join(self.sources))
        return self.sources[name]

    @property
    def name(self) -> str:
        """Short name, as in `./cockpit run NAME`."""
        return self.settings.workspace

    @property
    def normalisation_folder(self) -> Path | None:
        """Folder of the standardising rules."""
        return self.folder / self.settings.normalisation if self.settings.normalisation else None

    @property
    def zone(self) -> ZoneInfo:
        """Where business days begin and end."""
        return ZoneInfo(self.settings.time_zone)

    @property
    def parameters(self) -> dict[str, float | str]:
        """Values that SQL models may use as `:name`: those of rule files, and of workspace.yml, which go before."""
        segments = None if "segments" in self.broken_rules else self.segments
        rules = (
            self.behaviour,
            self.funnel,
            self.attribution,
            self.product_lines,
            self.customers,
            segments,
            self.calendars,
            self.health,
            self.quadrant,
        )
        found = {name: value for each in rules if each for name, value in each.parameters().items()}
        return {**found, **self.settings.parameters}


def workspace_files() -> dict[str, Path]:
    """Name of each workspace and its file: the company's own under include/, further ones under examples/."""
    files = [REPOSITORY / "include" / "workspace.yml", *sorted((REPOSITORY / "examples").glob("*/workspace.yml"))]
    return {load(path, WorkspaceFile).workspace: path for path in files if path.exists()}


@functools.cache
def load_workspace(path: Path) -> Workspace:
    """Read a workspace and its sources.

    Raises:
        RuleFileError: workspace.yml or the data dictionary is wrong, on which all else depends.
    """
    settings = load(path, WorkspaceFile)
    folder = path.parent
    dictionary = load_dictionary(folder / settings.dictionary if settings.dictionary else None)
    broken_rules: dict[str, RuleFileError] = {}
    broken_sources: dict[str, RuleFileError] = {}

    def rules(key: str, read: Callable[[Path], T]) -> T | None:
        """The rules of a folder or file; none when workspace.yml names none, or one of its files is wrong."""
        name = getattr(settings, key)
        try:
            return read(folder / name) if name else None
        except RuleFileError as error:
            # A rule may be about a source whose file is wrong, and then nothing is wrong with the rule.
            broken_rules[key] = next(iter(broken_sources.values()), error)
            return None

    behaviour = rules("behaviour", load_behaviour)
    sources: dict[str, Source] = {}
    for file in sorted((folder / settings.sources).glob("*.yml")):
        try:
            sources[file.stem] = _read_source(file, settings, dictionary, broken_rules.get("behaviour"))
        except RuleFileError as error:
            broken_sources[file.stem] = error
    return Workspace(
        settings=settings,
        folder=folder,
        models_folder=(folder / settings.models).resolve(),
        dictionary=dictionary,
        behaviour=behaviour,
        funnel=rules("funnel", load_funnel),
        attribution=rules("attribution", load_attribution),
        health=rules("health", load_health),
        quadrant=rules("quadrant", load_quadrant),
        sources=sources,
        quality=load_quality(folder / settings.quality, sources, broken_sources) if settings.quality else Quality(),
        scores=rules("scores", lambda path: load_scores(path, sources)),
        customers=rules("lifecycle", lambda path: load_customer_rules(path, folder / (settings.rfm or "rfm.yml"))),
        segments=rules("segments", load_segments) or Segments(),
        completion=rules("completion", lambda path: load_completion(path, sources)) or Completion(),
        calendars=rules("calendar", load_calendars) or Calendars(),
        product_lines=rules("product_lines", load_product_lines) or ProductLines(),
        metrics=rules("metrics", load_metrics) or MetricRules(),
        broken_sources=broken_sources,
        broken_rules=broken_rules,
    )


def _read_source(
    file: Path, settings: WorkspaceFile, dictionary: Dictionary, broken_behaviour: RuleFileError | None
) -> Source:
    source = load_source(file, dictionary)
    if source.source != file.stem:
        raise RuleFileError(
            _("source differs from the file's name"), where=f"{file}:1", found=source.source, allowed=file.stem
        )
    if isinstance(source, LogSource):
        if broken_behaviour:
            raise broken_behaviour
        if not settings.behaviour:
            raise RuleFileError(
                _("a source of logs needs the workspace's behaviour rules, which say what is personal"),
                where=f"{file}:1",
                fix=_("Add 'behaviour: rules/behaviour' to workspace.yml."),
            )
    return source


def find_workspace(name: str | None = None) -> Workspace:
    """The workspace of that name; `COCKPIT_WORKSPACE` or the company's own when none is given."""
    wanted = name or os.environ.get("COCKPIT_WORKSPACE") or "huaxing"
    files = workspace_files()
    if wanted not in files:
        raise RuleFileError(_("unknown workspace"), found=wanted, allowed=", ".join(files))
    return load_workspace(files[wanted])
