"""External contacts of the salespeople in WeCom, and how often they chat; no message is ever kept."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd

from cockpit.demo.apis import marks as kinds
from cockpit.demo.apis.marks import Marks, Planting, pick, text_column
from cockpit.demo.apis.people import NO_CONTACT, NO_CUSTOMER, draw_mobiles
from cockpit.demo.apis.profile import ApisFile, TagGroup
from cockpit.demo.clock import Clock
from cockpit.demo.draw import Times, seconds
from cockpit.demo.profile import Profile

SYSTEM = "wecom"
# Added to the id of a contact that was never added by anybody.
_UNKNOWN_OFFSET = 900_000_000
_DAY_SECONDS = 86_400


def contact_key(contact_id: int) -> str:
    """The id under which the API gives a contact; as the view api_wecom_external_contact computes it."""
    return "wm" + hashlib.md5(f"contact{contact_id}".encode(), usedforsecurity=False).hexdigest()[:20]


def draw_contacts(
    rng: np.random.Generator,
    profile: Profile,
    apis: ApisFile,
    people: pd.DataFrame,
    first_id: int,
    clock: Clock,
    since: np.datetime64,
    marks: Marks,
    *,
    is_history: bool,
) -> pd.DataFrame:
    """Contacts, most of them people of the ERP's customers.

    Args:
        rng: The table's generator.
        profile: Has the prefixes of mobile numbers.
        apis: How people register.
        people: Grain: one row per contact to make; see `people.at_customers`.
        first_id: Id of the first.
        clock: Nothing lies after its `as_of`.
        since: Local; nothing was added before.
        marks: Takes the planted rows.
        is_history: Plant each kind at least once.

    Returns:
        Columns as the table wecom_contact, ascending by created_at.
    """
    rules = apis.wecom
    count = len(people)
    begun = np.maximum(people["known_at"].to_numpy().astype("datetime64[s]"), since)
    created_at = begun + seconds(rng.random(count) * (clock.now - begun).astype(np.int64))
    order = np.argsort(created_at, kind="stable")
    created_at, people = created_at[order], people.iloc[order].reset_index(drop=True)
    mobile = text_column(pd.Series(draw_mobiles(rng, profile, count)))
    is_same = rng.random(count) < rules.same_phone_share
    mobile[is_same] = people["phone"].to_numpy(dtype=object)[is_same]
    mobile[rng.random(count) >= rules.mobile_share] = None
    edited = rng.random(count) < 0.3
    changed_at = created_at + seconds(rng.random(count) * (clock.now - created_at).astype(np.int64) * edited)
    contacts = pd.DataFrame(
        {
            "contact_id": first_id + np.arange(count, dtype=np.int64),
            "customer_id": people["customer_id"].to_numpy(dtype=np.int64),
            "name": text_column(people["name"]),
            "gender": people["gender"].to_numpy(dtype=np.int64),
            "mobile": mobile,
            "position_text": pick(rng, rules.positions, count),
            "add_way": pick(rng, rules.add_ways, count),
            "tags": _draw_tags(rng, rules.tag_groups, count),
            "owner_username": people["owner_username"].to_numpy(dtype=object),
            "created_at": created_at,
            "changed_at": changed_at,
        }
    )
    planting = Planting(rng, count, at_least_one=is_history)
    rates = rules.anomalies
    rows = planting.choose(kinds.PLACEHOLDER_PHONE, rates.placeholder_phone)
    contacts.loc[rows, "mobile"] = rng.choice(rules.placeholder_phones, len(rows)).astype(object)
    rows = planting.choose(kinds.FAKE_REGISTRATION, rates.fake_registration)
    contacts.loc[rows, "name"] = rng.choice(rules.fake_names, len(rows)).astype(object)
    contacts.loc[rows, "customer_id"] = NO_CUSTOMER
    keys = [contact_key(number) for number in contacts["contact_id"].tolist()]
    planting.tell(marks, SYSTEM, "external_contact", keys)
    is_real = contacts["customer_id"].to_numpy() != NO_CUSTOMER
    persons = np.where(is_real, people["contact_id"].to_numpy(dtype=np.int64), NO_CONTACT)
    marks.add_persons(SYSTEM, "external_contact", keys, persons.tolist())
    return contacts


def _draw_tags(rng: np.random.Generator, groups: tuple[TagGroup, ...], count: int) -> pd.Categorical[str]:
    """Each contact has one tag of each group or none, written as JSON; few combinations, so each is written once."""
    choices: list[list[dict[str, str]]] = [[]]
    for group in groups:
        tagged = [{"group_name": group.group, "tag_name": tag} for tag in group.tags]
        choices = [[*before, *tag] for before in choices for tag in ([], *([each] for each in tagged))]
    words = [json.dumps(choice, ensure_ascii=False) for choice in choices]
    return pick(rng, words, count)


def draw_chats(
    rng: np.random.Generator,
    apis: ApisFile,
    contacts: pd.DataFrame,
    count: int,
    first_id: int,
    clock: Clock,
    marks: Marks,
    *,
    since: Times | None = None,
) -> pd.DataFrame:
    """Conversations of a contact with a salesperson on one day.

    Args:
        rng: The table's generator.
        apis: How often things go wrong.
        contacts: contact_id, owner_username, created_at.
        count: Chats wanted.
        first_id: Id of the first.
        clock: Nothing lies after its `as_of`.
        marks: Takes the planted rows.
        since: Earliest moment of each chat; the time at which its contact was added when absent.

    Returns:
        Columns as the table wecom_chat.
    """
    row = rng.integers(0, len(contacts), count)
    begun = contacts["created_at"].to_numpy().astype("datetime64[s]")[row] if since is None else since
    last_message_at = begun + seconds(rng.random(count) * (clock.now - begun).astype(np.int64))
    last_message_at.sort()
    chats = pd.DataFrame(
        {
            "chat_id": first_id + np.arange(count, dtype=np.int64),
            "contact_id": contacts["contact_id"].to_numpy(dtype=np.int64)[row],
            "owner_username": contacts["owner_username"].to_numpy(dtype=object)[row],
            "received_count": rng.geometric(0.15, count),
            "sent_count": rng.geometric(0.18, count),
            "first_reply_seconds": np.round(np.exp(rng.normal(5.5, 1.4, count))).astype(np.int64),
            "last_message_at": last_message_at,
            "changed_at": np.minimum(last_message_at + seconds(rng.integers(0, 1800, count)), clock.now),
        }
    )
    planting = Planting(rng, count, at_least_one=since is None)
    rates = apis.wecom.anomalies
    rows = planting.choose(kinds.CONTACT_UNKNOWN, rates.contact_unknown)
    chats.loc[rows, "contact_id"] += _UNKNOWN_OFFSET
    rows = planting.choose(kinds.REPLY_TIME_NEGATIVE, rates.reply_time_negative)
    chats.loc[rows, "first_reply_seconds"] = -rng.integers(1, 4 * _DAY_SECONDS, len(rows))
    planting.tell(marks, SYSTEM, "chat", [f"wr{number:010d}" for number in chats["chat_id"].tolist()])
    return chats
