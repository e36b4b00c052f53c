"""The chosen models as a dbt project: the same selects, casts and indexes, read from the same tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from cockpit.warehouse.models import Model
from cockpit.warehouse.sql_text import Value

SCHEMA = "dbt"
_NAME = "bench"

_PROFILE = """\
bench:
  target: bench
  outputs:
    bench:
      type: postgres
      host: "{{ env_var('BENCH_HOST') }}"
      port: "{{ env_var('BENCH_PORT') | int }}"
      user: "{{ env_var('BENCH_USER') }}"
      password: "{{ env_var('BENCH_PASSWORD') }}"
      dbname: "{{ env_var('BENCH_DATABASE') }}"
      schema: dbt
      threads: THREADS
"""


# Our runner does this after each first fill; dbt leaves it to the server's own service, which comes a minute later.
STATISTICS = "analyze {{ this }}"


def write_project(
    folder: Path,
    models: Sequence[Model],
    values: Mapping[str, Value],
    threads: int,
    after_each: Sequence[str] = (),
) -> None:
    """Write the project's files; passwords come from the environment.

    Args:
        folder: Empty.
        models: With SQL; those that read each other do so by `ref`.
        values: Of their parameters.
        threads: How many models are built at the same time.
        after_each: Statements that follow each model, in dbt's templates.
    """
    (folder / "models").mkdir()
    # JSON is YAML.
    settings = {"+materialized": "table", "+post-hook": list(after_each)}
    project = {"name": _NAME, "version": "1.0", "profile": _NAME, "models": settings}
    (folder / "dbt_project.yml").write_text(json.dumps(project), encoding="utf-8")
    (folder / "profiles.yml").write_text(_PROFILE.replace("THREADS", str(threads)), encoding="utf-8")
    for model in models:
        text = model_text(model, models, values)
        (folder / "models" / f"{model.name}.sql").write_text(text, encoding="utf-8")


def model_text(model: Model, models: Sequence[Model], values: Mapping[str, Value]) -> str:
    """One model's file; its key becomes a unique index, as dbt has no primary keys."""
    contract = model.contract
    indexes = [{"columns": list(contract.grain), "unique": True}]
    indexes += [{"columns": list(columns)} for columns in contract.indexes]
    # A table that a comment names is not read.
    sql = re.sub(r"/\*.*?\*/", "", selection(model, values), flags=re.DOTALL)
    for other in models:
        sql = re.sub(
            rf"\b{re.escape(other.qualified_name)}\b", f"{{% endraw %}}{{{{ ref('{other.name}') }}}}{{% raw %}}", sql
        )
    return f"{{{{ config(indexes={json.dumps(indexes).replace('true', 'True')}) }}}}\n{{% raw %}}{sql}{{% endraw %}}\n"


def selection(model: Model, values: Mapping[str, Value]) -> str:
    """A model's rows as its contract types them: what the runner inserts, too."""
    if model.query is None:
        raise LookupError(f"{model.name} has no SQL")
    columns = ", ".join(f"cast(model.{name} as {each.type}) as {name}" for name, each in model.contract.columns.items())
    return f"select {columns} from ({model.query.render(values)}) as model"
