"""Send messages that could not be sent at once, and remove the texts of old ones."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from cockpit_airflow.operators import SendMessagesOperator
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS

with DAG(
    dag_id="send_messages",
    description="Messages that wait in the outbox",
    doc_md="""### Messages · 消息
Whoever causes a message sends it at once (`tell_owners` in `stage_<source>`). What a provider did not take is tried
again here, with growing pauses; the texts of messages that are over are removed. Red: a connection is refused, and a
person has to put it right (`docs/how-to/send-messages.md`).""",
    schedule=timedelta(minutes=15),
    catchup=False,
    max_active_runs=1,
    default_args={**DEFAULT_ARGUMENTS, "owner": "platform"},
    tags=["push"],
):
    SendMessagesOperator(task_id="send", doc_md="The outbox, as fast as the providers' limits allow.")
