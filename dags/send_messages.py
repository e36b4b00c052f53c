"""Send messages that were queued, try again those that could not be sent, and remove the texts of old ones."""

from __future__ import annotations

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable

from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.operators import SendMessagesOperator
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS, asset
from cockpit_airflow.triggers import queued

workspace = find_workspace()

with DAG(
    dag_id="send_messages",
    description="Messages that wait in the outbox",
    doc_md="""### Messages · 消息
Whoever causes a message queues it with its cause and says so in PostgreSQL; the triggerer listens and starts this DAG.
Every half hour it also tries again what a provider did not take, and removes the texts of messages that are over. Red:
a connection is refused, and a person has to put it right (`docs/how-to/send-messages.md`).""",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("7,37 * * * *", timezone=workspace.settings.time_zone),
        assets=queued(asset("push", "outbox"), workspace.settings.warehouse),
    ),
    catchup=False,
    max_active_runs=1,
    default_args={**DEFAULT_ARGUMENTS, "owner": "platform"},
    tags=["push"],
):
    SendMessagesOperator(task_id="send", doc_md="The outbox, as fast as the providers' limits allow.")
