"""From which columns each column of a model is computed, down to the fields of the sources.

Read out of the SQL; of what no SQL makes, out of what is known instead: typed tables follow their source's mapping,
golden records their rules of survivorship, tables that a function builds the tables that it reads. What a value is
taken from counts; conditions and keys by which rows are chosen or joined do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from cockpit.rulebook.contract import LAYERS
from cockpit.rulebook.survivorship import load_survivorship
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.models import Model, ModelGraph
from cockpit.warehouse.staging import source_entities
from cockpit.warehouse.tables import FLAG

# In place of a column: the value hangs on the table as a whole.
WHOLE = "*"


@dataclass(frozen=True, order=True)
class Origin:
    """A column that a value is computed from.

    Attributes:
        table: Schema-qualified.
        column: Of a table of raw the field of the source; `*` for the table as a whole.
    """

    table: str
    column: str

    def __str__(self) -> str:
        schema, _dot, name = self.table.partition(".")
        if schema == "raw":
            # A field of a source as people know it: source, entity, field.
            return f"{name.replace('__', '.', 1)}.{self.column}"
        return f"{name}.{self.column}" if schema in LAYERS else f"{self.table}.{self.column}"


class Lineage:
    """Of all models of a workspace; each is looked into when it is first asked for.

    Args:
        workspace: Whose sources and rules say what SQL does not.
        graph: Its models.
    """

    def __init__(self, workspace: Workspace, graph: ModelGraph) -> None:
        self._workspace = workspace
        self._graph = graph
        self._entities = {entity.staging_table: entity for entity in source_entities(workspace)}
        self._direct: dict[str, dict[str, frozenset[Origin]]] = {}
        self._reached: dict[tuple[Origin, frozenset[str]], frozenset[Origin]] = {}

    def direct(self, model: Model) -> Mapping[str, frozenset[Origin]]:
        """Each column of a model -> the columns of the tables that it reads which its value comes from.

        A column without any is a constant, or counts rows.
        """
        if model.name not in self._direct:
            self._direct[model.name] = self._look_into(model)
        return self._direct[model.name]

    def sources(self, model: Model, column: str) -> list[Origin]:
        """The fields of the sources that a column comes from, and columns of tables that no model makes."""
        return self.reached(model, column, frozenset())

    def core(self, model: Model, column: str) -> list[Origin]:
        """The columns of core that a column of a mart comes from, through other marts."""
        return self.reached(model, column, frozenset({"core"}))

    def readers(self, model: Model, column: str) -> list[Origin]:
        """The columns of other models whose values come from this one directly."""
        asked = {Origin(model.qualified_name, column), Origin(model.qualified_name, WHOLE)}
        return sorted(
            Origin(other.qualified_name, name)
            for other in self._graph.downstream(model)
            for name, origins in self.direct(other).items()
            if origins & asked
        )

    def reached(self, model: Model, column: str, stop_at: frozenset[str]) -> list[Origin]:
        """What a column comes from, followed to tables of these layers, or to tables that no model makes."""
        found = {end for origin in self.direct(model)[column] for end in self._ends(origin, stop_at)}
        return sorted(found)

    def _ends(self, origin: Origin, stop_at: frozenset[str]) -> frozenset[Origin]:
        schema, _dot, name = origin.table.partition(".")
        model = self._graph.models.get(name)
        if model is None or schema in stop_at:
            return frozenset({origin})
        key = (origin, stop_at)
        if key not in self._reached:
            columns = self.direct(model)
            asked = columns.values() if origin.column == WHOLE else [columns.get(origin.column, frozenset())]
            self._reached[key] = frozenset(
                end for origins in asked for each in origins for end in self._ends(each, stop_at)
            )
        return self._reached[key]

    def _look_into(self, model: Model) -> dict[str, frozenset[Origin]]:
        if model.name in self._entities:
            return self._typed(model)
        if model.contract.survivorship:
            return self._golden(model)
        if model.query is None:
            return self._built_by(model)
        return _of_query(model, self._shapes(model))

    def _shapes(self, model: Model) -> dict[str, dict[str, dict[str, str]]]:
        """Schema -> table -> column -> type of what a model reads."""
        shapes: dict[str, dict[str, dict[str, str]]] = {}
        for upstream in self._graph.upstream(model):
            columns = {name: column.type for name, column in upstream.contract.columns.items()}
            shapes.setdefault(upstream.layer, {})[upstream.name] = columns | ({FLAG: "boolean"})
        return shapes

    def _typed(self, model: Model) -> dict[str, frozenset[Origin]]:
        entity = self._entities[model.name]
        received = {entity.entity.our_name(field): field for field in entity.entity.columns}
        # What standardising says beside a value: company_details, company_reason.
        beside = {column.name for column in model.standardised}
        found = {}
        for column in model.contract.columns:
            named = [name for name in received if column == name or (name in beside and column.startswith(f"{name}_"))]
            fields = {received[max(named, key=len)]} if named else set()
            found[column] = frozenset(Origin(f"raw.{entity.raw_table}", field) for field in fields)
        return found

    def _golden(self, model: Model) -> dict[str, frozenset[Origin]]:
        rule = load_survivorship(self._workspace.models_folder, str(model.contract.survivorship))
        staged, links = f"staging.stg_{rule.entity}", f"core.{rule.table}_source"
        known = {name: Origin(staged, field.column) for name, field in rule.fields.items()}
        known |= {"created_at": Origin(staged, "created_at"), rule.key: Origin(links, rule.key)}
        return {
            column: frozenset({known.get(column, Origin(links if column.endswith("_count") else staged, WHOLE))})
            for column in model.contract.columns
        }

    def _built_by(self, model: Model) -> dict[str, frozenset[Origin]]:
        read = self._graph.upstream(model)
        found = {}
        for column in model.contract.columns:
            same = {Origin(each.qualified_name, column) for each in read if column in each.contract.columns}
            found[column] = frozenset(same or {Origin(each.qualified_name, WHOLE) for each in read})
        return found


def _of_query(model: Model, shapes: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, frozenset[Origin]]:
    if model.query is None:
        raise LookupError(f"{model.name} has no SQL")
    tree = qualify(
        model.query.tree.copy(),
        dialect="postgres",
        schema=dict(shapes),
        quote_identifiers=False,
        identify=False,
        validate_qualify_columns=False,
    )
    root = build_scope(tree)
    if root is None:
        raise OptimizeError(f"no select in {model.origin}")
    resolver = _Resolver()
    return {column: resolver.output(root, column) for column in model.query.columns}


class _Resolver:
    """Follows columns through the selects of one statement."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], frozenset[Origin]] = {}

    def output(self, scope: Scope, column: str) -> frozenset[Origin]:
        """What a column that a select gives comes from."""
        key = (id(scope), column)
        if key not in self._known:
            # A recursive query asks for its own column: nothing is added by that.
            self._known[key] = frozenset()
            self._known[key] = frozenset(self._of_scope(scope, column))
        return self._known[key]

    def _of_scope(self, scope: Scope, column: str) -> Iterator[Origin]:
        if scope.set_operation_scopes:
            place = _names(scope).index(column)
            for branch in scope.set_operation_scopes:
                yield from self.output(branch, _names(branch)[place])
            return
        if isinstance(scope.expression, exp.Subquery | exp.Lateral):
            # Nothing but brackets, or a select beside others.
            inner = [each for each in scope.sources.values() if isinstance(each, Scope) and column in _names(each)]
            for each in inner:
                yield from self.output(each, column)
            if inner:
                return
        if scope.is_udtf or not isinstance(scope.expression, exp.Select):
            # Rows of a function: any of its arguments.
            yield from self._of_columns(scope.expression.find_all(exp.Column), scope)
            return
        selected = next((each for each in scope.expression.selects if each.alias_or_name == column), None)
        if selected is not None:
            yield from self._of_expression(selected, scope)

    def _of_expression(self, expression: exp.Expr, scope: Scope) -> Iterator[Origin]:
        inner = {id(each.expression): each for each in scope.subquery_scopes}
        asked = [node for node in expression.find_all(exp.Query) if id(node) in inner]
        for node in asked:
            for name in node.named_selects:
                yield from self.output(inner[id(node)], name)
        own = (
            column
            for column in expression.find_all(exp.Column)
            if not any(column.find_ancestor(exp.Query) is node for node in asked)
        )
        yield from self._of_columns(own, scope)

    def _of_columns(self, columns: Iterable[exp.Column], scope: Scope) -> Iterator[Origin]:
        for column in columns:
            source = _source(scope, column.table)
            if isinstance(source, exp.Table):
                if source.db:
                    yield Origin(f"{source.db}.{source.name}", column.name)
                else:
                    # A function in FROM.
                    yield from self._of_columns(_arguments(source), scope)
            elif isinstance(source, Scope):
                yield from self.output(source, column.name)


def _source(scope: Scope, name: str) -> Scope | exp.Expr | None:
    """What a table's name means; a select within another one may look at the tables around it."""
    around: Scope | None = scope
    while around is not None:
        if name in around.sources:
            found: Scope | exp.Expr = around.sources[name]
            return found
        around = around.parent
    return None


def _names(scope: Scope) -> list[str]:
    return scope.expression.named_selects if isinstance(scope.expression, exp.Query) else []


def _arguments(table: exp.Table) -> list[exp.Column]:
    return [each for each in table.find_all(exp.Column) if each.table != table.alias_or_name]
