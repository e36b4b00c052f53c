"""Tell of builds as OpenLineage events, with the columns that each column comes from.

Written here and not by Airflow's provider, so that tasks that build several models and runs without Airflow tell the
same (docs/adr/0020). One JSON object per line in a file, or posted to a server such as Marquez.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import requests

from cockpit import __version__
from cockpit.errors import CockpitError
from cockpit.warehouse.builds import Build
from cockpit.warehouse.connections import connection_url
from cockpit.warehouse.lineage import WHOLE, Lineage, Origin
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext

log = logging.getLogger(__name__)

# File, address of a server, or `off`; `logs/openlineage.jsonl` of the platform when absent.
VARIABLE = "COCKPIT_OPENLINEAGE"
NAMESPACE = "cockpit"

# Whoever keeps events for longer sends them to a server.
_LARGEST_FILE_BYTES = 20_000_000
_POST_SECONDS = 5

_PRODUCER = f"urn:crm-cockpit:{__version__}"
_SPEC = "https://openlineage.io/spec"
_FACETS: Mapping[str, tuple[str, str]] = {
    "schema": ("1-1-1", "SchemaDatasetFacet"),
    "columnLineage": ("1-2-0", "ColumnLineageDatasetFacet"),
    "documentation": ("1-0-1", "DocumentationDatasetFacet"),
    "outputStatistics": ("1-0-2", "OutputStatisticsOutputDatasetFacet"),
    "parent": ("1-1-0", "ParentRunFacet"),
    "errorMessage": ("1-0-1", "ErrorMessageRunFacet"),
    "ownership": ("1-0-1", "OwnershipJobFacet"),
}

State = Literal["START", "COMPLETE", "FAIL"]


def tell_built(context: BuildContext, model: Model, build: Build) -> None:
    """Tell that a model was built; nothing where nothing had to be done. Never a reason for a build to fail."""
    if build.kind != "fresh":
        ended = datetime.now(UTC)
        begun = ended - timedelta(seconds=build.seconds)
        _tell(lambda: [event(context, model, "START", begun), event(context, model, "COMPLETE", ended, build=build)])


def tell_failed(context: BuildContext, model: Model, error: CockpitError) -> None:
    """Tell that a model could not be built."""
    now = datetime.now(UTC)
    _tell(lambda: [event(context, model, "START", now), event(context, model, "FAIL", now, error=error)])


def event(
    context: BuildContext,
    model: Model,
    state: State,
    moment: datetime,
    *,
    build: Build | None = None,
    error: CockpitError | None = None,
) -> dict[str, Any]:
    """One event of OpenLineage 2-0-2.

    Args:
        context: Its run and the time that it was asked for make the id of the build's run.
        model: The job; its table is the output, the tables that it reads are the inputs.
        moment: Aware.
        build: Adds the rows that were written, with the columns that they come from.
        error: Its text is for users: no row content, no secrets.
    """
    facets = _parent(context)
    if error is not None:
        facets |= _facet("errorMessage", {"message": str(error), "programmingLanguage": "SQL"})
    return {
        "eventType": state,
        "eventTime": moment.isoformat(),
        "producer": _PRODUCER,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run_id(context.run_id, model.name), "facets": facets},
        "job": {
            "namespace": NAMESPACE,
            "name": model.qualified_name,
            "facets": _facet("ownership", {"owners": [{"name": model.contract.owner, "type": "OWNER"}]}),
        },
        "inputs": [_dataset(context, table) for table in sorted(model.reads)],
        "outputs": [_output(context, model, build)],
    }


def run_id(run: str, job: str) -> str:
    """The id of one job within a run, always the same for both."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"cockpit:{run}:{job}"))


def _parent(context: BuildContext) -> dict[str, Any]:
    """The run that the build belongs to: Airflow's task where there is one, the command's otherwise."""
    names = [os.environ.get(f"AIRFLOW_CTX_{part}_ID", "") for part in ("DAG", "TASK")]
    name = ".".join(filter(None, names)) or f"run {context.workspace.name}"
    run = {"runId": run_id(context.run_id, name)}
    return _facet("parent", {"run": run, "job": {"namespace": NAMESPACE, "name": name}})


def _output(context: BuildContext, model: Model, build: Build | None) -> dict[str, Any]:
    columns = model.contract.columns
    fields = [{"name": name, "type": each.type, "description": each.description} for name, each in columns.items()]
    facets = _facet("schema", {"fields": fields})
    facets |= _facet("documentation", {"description": model.contract.description})
    output = _dataset(context, model.qualified_name)
    if build is not None:
        direct = Lineage(context.workspace, context.graph).direct(model)
        origins = {name: {"inputFields": _input_fields(context, found)} for name, found in direct.items()}
        facets |= _facet("columnLineage", {"fields": origins})
        output["outputFacets"] = _facet("outputStatistics", {"rowCount": build.inserted + build.updated})
    return {**output, "facets": facets}


def _input_fields(context: BuildContext, origins: Iterable[Origin]) -> list[dict[str, str]]:
    # A table as a whole stands among the inputs.
    named = sorted(origin for origin in origins if origin.column != WHOLE)
    return [{**_dataset(context, origin.table), "field": origin.column} for origin in named]


def _dataset(context: BuildContext, table: str) -> dict[str, Any]:
    url = connection_url(context.workspace.settings.warehouse)
    return {"namespace": f"postgres://{url.host}:{url.port or 5432}", "name": f"{url.database}.{table}"}


def _facet(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    version, kind = _FACETS[name]
    url = f"{_SPEC}/facets/{version}/{kind}.json#/$defs/{kind}"
    return {name: {"_producer": _PRODUCER, "_schemaURL": url, **content}}


def _tell(make: Callable[[], list[dict[str, Any]]]) -> None:
    place = _place()
    if place is None:
        return
    try:
        events = make()
        if isinstance(place, Path):
            _append(place, events)
        else:
            for each in events:
                requests.post(place, json=each, timeout=_POST_SECONDS).raise_for_status()
    except Exception as error:
        # A build has done its work whether or not it could be told of.
        log.warning("OpenLineage events were not written: %s", type(error).__name__)


def _place() -> Path | str | None:
    chosen = os.environ.get(VARIABLE)
    if chosen == "off":
        return None
    if chosen:
        return chosen if chosen.startswith(("http://", "https://")) else Path(chosen)
    home = os.environ.get("COCKPIT_HOME")
    return Path(home) / "logs" / "openlineage.jsonl" if home else None


def _append(file: Path, events: Iterable[Mapping[str, Any]]) -> None:
    """Add lines; a file that has grown large becomes `<name>.1`, in place of the one before."""
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in events)
    file.parent.mkdir(parents=True, exist_ok=True)
    with (file.parent / f".{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if file.exists() and file.stat().st_size > _LARGEST_FILE_BYTES:
            file.replace(file.with_name(f"{file.name}.1"))
        with file.open("a", encoding="utf-8") as written:
            written.write(text)
