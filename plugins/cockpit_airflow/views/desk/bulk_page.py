"""One decision about many rows: what it would be about is shown first, then it is taken with one reason."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlencode

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import HTTPException, Request, Response, status

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.quality.assignments import assign
from cockpit.quality.overlay import RowId
from cockpit.warehouse.staging import TYPE_CHECK
from cockpit_airflow.views.access import may_change
from cockpit_airflow.views.database import Row, connected
from cockpit_airflow.views.desk import acting
from cockpit_airflow.views.desk.context import desk_context
from cockpit_airflow.views.desk.desk_page import render_desk
from cockpit_airflow.views.desk.forms import AnswerForm, Posted
from cockpit_airflow.views.desk.people import known_owners, require_known
from cockpit_airflow.views.desk.queue import MOST_AT_ONCE, PLACE, chosen_tasks, raw_rows
from cockpit_airflow.views.desk.queue_page import filter_of, lines_of, rule_titles

_SHOWN = 20
_FILTER = ("source", "entity", "rule", "owner", "days", "text")


def show_choice(request: Request, user: GetUserDep, posted: AnswerForm) -> Response:
    """What a decision about the chosen rows would be about; nothing is decided yet."""
    do = _checked(posted.one("do"), ("confirm", "assign"))
    context = desk_context()
    takes_all = posted.one("all") == "1"
    numbers = None if takes_all else _numbers(posted.many("task"))
    wanted = filter_of({name: posted.one(name) for name in _FILTER})
    with connected(PLACE) as connection:
        tasks = chosen_tasks(connection, wanted if takes_all else filter_of({}), numbers)
        held = raw_rows(connection, context.graph, tasks)
        owners = known_owners(connection, context)
    chosen = [
        {**task, "version": held[key]["version"]}
        for task in tasks
        if (key := (task["source"], task["entity"], task["key"])) in held
    ]
    return _show(request, user, do, chosen, owners=owners, back=_back(posted), is_cut=len(tasks) == MOST_AT_ONCE)


def decide(request: Request, user: GetUserDep, posted: AnswerForm) -> Response:
    """Take the decision about the rows that the page before has shown."""
    do = _checked(posted.one("do"), ("confirm", "assign"))
    context = desk_context()
    shown = dict(_shown(posted.many("row")))
    with connected(PLACE, readonly=False) as connection:
        tasks = chosen_tasks(connection, filter_of({}), list(shown))
        connection.rollback()
        answered_before = len(shown) - len(tasks)
        try:
            if do == "assign":
                require_known(connection, context, posted.one("owner"))
                count = assign(
                    connection,
                    [task["task_id"] for task in tasks],
                    posted.one("owner"),
                    posted.one("reason"),
                    posted.by,
                )
                result = acting.Confirmed(done=count)
            else:
                rows = [(RowId(task["source"], task["entity"], task["key"]), shown[task["task_id"]]) for task in tasks]
                result = acting.confirm_many(connection, context, rows, posted.one("reason"), posted.by)
        except TerminalError as error:
            chosen = [{**task, "version": shown[task["task_id"]]} for task in tasks]
            owners = known_owners(connection, context)
            return _show(request, user, do, chosen, owners=owners, back=posted.one("back"), problem=error)
    if answered_before:
        result.refused[_("somebody has answered meanwhile")] += answered_before
    return render_desk(
        request, "bulk_done", user, do=do, result=result, refused=result.refused.most_common(), back=posted.one("back")
    )


def _show(
    request: Request,
    user: BaseUser,
    do: str,
    chosen: list[Row],
    *,
    owners: list[str],
    back: str,
    is_cut: bool = False,
    problem: TerminalError | None = None,
) -> Response:
    context = desk_context()
    titles = rule_titles(context)
    counted = Counter(rule for task in chosen for rule in task["rule_ids"])
    empty: Row = {"messages": [], "messages_zh": []}
    sample = lines_of(context, [{**task, **empty} for task in chosen[:_SHOWN]])
    money = {
        check.rule_id
        for model in context.graph.layer("staging")
        for check in model.contract.checks
        if check.concerns_money
    }
    return render_desk(
        request,
        "bulk",
        user,
        status_code=status.HTTP_200_OK if problem is None else status.HTTP_409_CONFLICT,
        do=do,
        chosen=chosen,
        rules=[(rule, titles.get(rule, rule), count) for rule, count in counted.most_common()],
        money_count=sum(bool(money & set(task["rule_ids"])) for task in chosen),
        unreadable_count=sum(TYPE_CHECK.rule_id in task["rule_ids"] for task in chosen),
        lines=sample,
        owners=owners,
        back=back,
        is_cut=is_cut,
        most=MOST_AT_ONCE,
        problem=str(problem) if problem else None,
        may_change=may_change(user),
    )


def _checked(do: str, allowed: tuple[str, ...]) -> str:
    if do not in allowed:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, _("The form could not be read."))
    return do


def _numbers(texts: tuple[str, ...]) -> list[int]:
    numbers = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]
    return numbers[:MOST_AT_ONCE]


def _shown(texts: tuple[str, ...]) -> list[tuple[int, str]]:
    """Number of a task and the version of its row, `12:9f86d0`."""
    pairs = [text.partition(":")[::2] for text in texts[:MOST_AT_ONCE]]
    return [(int(number), version) for number, version in pairs if number.isascii() and number.isdigit()]


def _back(posted: Posted) -> str:
    """The query of the page that the person came from, made of what it may hold."""
    values = {name: posted.one(name) for name in (*_FILTER, "state", "sort")}
    return urlencode({name: value for name, value in values.items() if value})
