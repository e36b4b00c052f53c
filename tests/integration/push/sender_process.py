"""A sender of its own, to be killed: what it says on its standard output tells how far it is."""

from __future__ import annotations

import sys
import time
from contextlib import closing

import psycopg2

from cockpit.push.channels import ConnectedChannels
from cockpit.push.message import Channel, Message, Receipt, Recipient
from cockpit.push.outbox import send_pending
from tests.integration.push.conftest import dingtalk_rule, push_rules


class Hanging:
    """Sends and then hangs before the sender can commit."""

    def __init__(self, inner: Channel) -> None:
        self.inner = inner
        self.rule = inner.rule

    def send(self, message: Message) -> Receipt:
        receipt = self.inner.send(message)
        sys.stdout.write("sent\n")
        sys.stdout.flush()
        time.sleep(60)
        return receipt


class HangingChannels:
    """As `ConnectedChannels`, each of them hanging."""

    def __init__(self, inner: ConnectedChannels) -> None:
        self.inner = inner

    def get(self, channel: str, connection: str) -> Channel | None:
        found = self.inner.get(channel, connection)
        return Hanging(found) if found else None


if __name__ == "__main__":
    rules = push_rules(dingtalk_rule())
    with closing(psycopg2.connect(sys.argv[1])) as connection:
        send_pending(
            connection, rules, HangingChannels(ConnectedChannels(rules.channels)), lambda name: Recipient(name)
        )
