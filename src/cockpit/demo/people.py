"""The persons: the company's own staff with their place in the organisation, and the contacts at its customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.clock import Clock
from cockpit.demo.company import Company
from cockpit.demo.customers import owner_usernames
from cockpit.demo.draw import Bools, Ints, Stream, Times, between, categorical, choose, generator, seconds, times
from cockpit.demo.profile import Profile
from cockpit.demo.profile_people import ContactHabits, Organisation, load_people
from cockpit.rulebook.security import Person, load_security
from cockpit.rulebook.workspace import REPOSITORY

SECURITY = REPOSITORY / "include" / "rules" / "security"

COMPANY, BUSINESS_UNIT, SALES_REGION, REGION, TEAM = LEVELS = (
    "company",
    "business_unit",
    "sales_region",
    "region",
    "team",
)
EXECUTIVE, MANAGER, REP, FORMER_REP = "executive", "manager", "rep", "former_rep"
NOBODY = -1

_DAY_SECONDS = 86_400
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Staff:
    """The organisation.

    Attributes:
        org_units: Grain: one row per unit: org_unit_code, parent_code (null at the top), level, name_en, name_zh,
            business_unit_code, sales_region_code, region_code (null above their level), `share` (of the region's
            targets, teams only, else null).
        users: Grain: one row per person: user_id, username, name (Chinese), role, org_unit_code, manager_user_id
            (-1 for none), region_code, email, phone, valid_from, valid_to (NaT while employed).
    """

    org_units: pd.DataFrame
    users: pd.DataFrame


def make_staff(company: Company) -> Staff:
    """The company's organisation and its people; equal companies have equal ones."""
    rules = load_people().organisation
    org_units = _org_units(company.profile, rules)
    return Staff(org_units=org_units, users=_users(company, rules, org_units))


def make_contacts(company: Company) -> pd.DataFrame:
    """The persons at the customers, as they really are; each system types them in its own way.

    Returns:
        Grain: one row per person and company: contact_id, true_contact_id (the first of the same person: an agent
        stands at many firms), customer_id (the true one), name, gender (male or female),
        phone (digits; null when nobody knows it), email (null), title, department, birthday (NaT), owner_username,
        is_primary, is_agent (of a book-keeping agent: the same name, phone and email for all firms), is_left (no
        longer there), created_at, updated_at (local).
    """
    habits = load_people().contacts
    rng = generator(company.seed, Stream.CONTACTS)
    companies = company.customers.companies
    counts = choose(rng, habits.count_share, len(companies)) + 1
    row = np.repeat(np.arange(len(companies)), counts)
    count = len(row)
    is_primary = np.arange(count) == np.repeat(np.cumsum(counts) - counts, counts)
    agent = companies["agent"].to_numpy(dtype=np.int64)[row]
    is_agent = is_primary & (agent >= 0)
    # Who stands for whom: the first contact of an agent's first firm is the same person at all its firms.
    person = np.arange(count)
    if is_agent.any():
        places = np.flatnonzero(is_agent)
        _agents, first, position = np.unique(agent[places], return_index=True, return_inverse=True)
        person[places] = places[first][position]

    surname, given = _draw_names(rng, habits, count)
    title = choose(rng, [title.share for title in habits.titles], count)
    title[is_agent] = [item.title for item in habits.titles].index(habits.agent_title)
    created_at, updated_at = _draw_times(rng, company, companies["true_customer_id"].to_numpy()[row])
    is_left = (rng.random(count) < habits.left_share) & ~is_primary
    frame = pd.DataFrame(
        {
            "contact_id": habits.first_id + np.arange(count),
            "true_contact_id": habits.first_id + person,
            "customer_id": companies["true_customer_id"].to_numpy()[row],
            "name": _names(habits, surname, given),
            "gender": categorical(rng.integers(0, 2, count), ["male", "female"]),
            "phone": _phones(rng, company, habits, row, is_agent),
            "email": _emails(rng, habits, companies, row, surname, given, is_agent),
            "title": categorical(title, list(dict.fromkeys(title.title for title in habits.titles))),
            "department": pd.Categorical(np.array([item.department for item in habits.titles], dtype=object)[title]),
            "birthday": _birthdays(rng, company.clock, habits, count),
            "owner_username": _owners(company, companies["true_customer_id"].to_numpy()[row]),
            "is_primary": is_primary,
            "is_agent": is_agent,
            "is_left": is_left,
            "created_at": created_at,
            "updated_at": updated_at,
        }
    )
    for name in ("name", "gender", "phone", "email", "title", "department", "birthday"):
        frame[name] = frame[name].array[person]
    return frame


def _org_units(profile: Profile, rules: Organisation) -> pd.DataFrame:
    rows: list[tuple[str, str | None, str, str, str, str | None, str | None, str | None, float | None]] = []
    top = rules.company
    rows.append((top.code, None, COMPANY, top.name_en, top.name_zh, None, None, None, None))
    for unit in rules.business_units:
        rows.append((unit.code, top.code, BUSINESS_UNIT, unit.name_en, unit.name_zh, unit.code, None, None, None))
        for sales_region in rules.sales_regions:
            code = f"{unit.code}-{sales_region.code}"
            rows.append(
                (
                    code,
                    unit.code,
                    SALES_REGION,
                    f"{unit.name_en}, {sales_region.name_en}",
                    f"{unit.name_zh}{sales_region.name_zh}",
                    unit.code,
                    sales_region.code,
                    None,
                    None,
                )
            )
        for region in profile.regions:
            parent = f"{unit.code}-{region.sales_region_code}"
            code = f"{unit.code}-{region.region_code}"
            names = (f"{unit.name_en}, {region.name_en}", f"{unit.name_zh}{region.name_zh}")
            place = (unit.code, region.sales_region_code, region.region_code)
            rows.append((code, parent, REGION, *names, *place, None))
            rows.append((f"{code}-1", code, TEAM, f"{names[0]}, team 1", f"{names[1]}一组", *place, unit.share))
    columns = [
        "org_unit_code",
        "parent_code",
        "level",
        "name_en",
        "name_zh",
        "business_unit_code",
        "sales_region_code",
        "region_code",
        "share",
    ]
    return pd.DataFrame(rows, columns=columns)


def _users(company: Company, rules: Organisation, org_units: pd.DataFrame) -> pd.DataFrame:
    profile = company.profile
    rng = generator(company.seed, Stream.STAFF)
    logins = load_security(SECURITY).people
    spare = iter(_spare_usernames(profile, rules))
    rows: list[dict[str, object]] = []

    def add(username: str, name: str, role: str, unit: str, manager: int, region_code: str | None) -> int:
        rows.append(
            {
                "user_id": len(rows) + 1,
                "username": username,
                "name": name,
                "role": role,
                "org_unit_code": unit,
                "manager_user_id": manager,
                "region_code": region_code,
            }
        )
        return len(rows)

    def anybody() -> tuple[str, str]:
        username = next(spare)
        return username, _staff_name(rules, username)

    leader = _login(logins, "executive") or anybody()
    top = add(*leader, EXECUTIVE, rules.company.code, NOBODY, None)
    heads: dict[str, int] = {}
    for unit in rules.business_units:
        heads[unit.code] = add(*anybody(), EXECUTIVE, unit.code, top, None)
    middle = org_units[org_units["level"] == SALES_REGION]
    for code, parent in zip(middle["org_unit_code"], middle["parent_code"], strict=True):
        heads[code] = add(*anybody(), MANAGER, code, heads[parent], None)
    # One manager leads a region's teams of all business units.
    managers: dict[str, int] = {}
    main = rules.business_units[0].code
    for region in profile.regions:
        code = region.region_code
        who = _login(logins, "region_manager", code) or anybody()
        superior = heads[f"{main}-{region.sales_region_code}"]
        managers[code] = add(*who, MANAGER, f"{main}-{code}", superior, code)
    unit_of = _units_of_reps(rules, profile.names.owners.reps_per_region)
    for index, username in enumerate(owner_usernames(profile)):
        region_index, place = divmod(index, profile.names.owners.reps_per_region)
        code = profile.regions[region_index].region_code
        team = f"{unit_of[place]}-{code}-1"
        add(username, _staff_name(rules, username), REP, team, managers[code], code)
    successors = [row for row in rows if row["role"] == REP]
    replaced = rng.random(len(successors)) < rules.replaced_share
    pairs: dict[int, int] = {}
    for successor, is_replaced in zip(successors, replaced.tolist(), strict=True):
        if is_replaced:
            before = add(
                *anybody(),
                FORMER_REP,
                str(successor["org_unit_code"]),
                managers[str(successor["region_code"])],
                str(successor["region_code"]),
            )
            pairs[before] = int(str(successor["user_id"]))
    return _with_dates(rng, company, rules, pd.DataFrame(rows), pairs)


def _with_dates(
    rng: np.random.Generator, company: Company, rules: Organisation, users: pd.DataFrame, pairs: dict[int, int]
) -> pd.DataFrame:
    """Validity, and how people are reached; a successor begins when the one before leaves."""
    count = len(users)
    start = company.first_month.astype("datetime64[s]")
    years = between(rng, rules.joined_years, count)
    joined = start - seconds(np.round(years * _DAYS_PER_YEAR) * _DAY_SECONDS)
    left = np.full(count, np.datetime64("NaT", "s"))
    history = (company.clock.now - start).astype(np.int64)
    changed = start + seconds((0.2 + 0.6 * rng.random(count)) * history)
    changed = changed.astype("datetime64[M]").astype("datetime64[s]")
    for before, after in pairs.items():
        left[before - 1] = changed[before - 1]
        joined[after - 1] = changed[before - 1]
    prefixes = company.profile.names.mobile_prefixes
    prefix, number = rng.integers(0, len(prefixes), count), rng.integers(20_000_000, 90_000_000, count)
    updated_at = np.where(np.isnat(left), joined, left)
    return users.assign(
        email=[f"{username}@{rules.email_domain}" for username in users["username"]],
        phone=[f"{prefixes[p]}{n}" for p, n in zip(prefix.tolist(), number.tolist(), strict=True)],
        valid_from=joined,
        valid_to=left,
        updated_at=np.minimum(updated_at, company.clock.now),
    )


def _spare_usernames(profile: Profile, rules: Organisation) -> Sequence[str]:
    """User names that no rep has."""
    taken = set(owner_usernames(profile))
    return [
        username
        for given in rules.given_names
        for surname in rules.surnames
        if (username := f"{surname}.{given}") not in taken
    ]


def _staff_name(rules: Organisation, username: str) -> str:
    surname, given = username.split(".")
    return rules.surnames[surname] + rules.given_names[given]


def _login(people: dict[str, Person], role: str, region_code: str | None = None) -> tuple[str, str] | None:
    """User name and Chinese name of the platform's person with this role, and this region if one is asked for."""
    for username, person in people.items():
        regions = {scope.key for scope in person.scopes if scope.kind == "region"}
        if role in person.roles and (region_code is None or region_code in regions):
            return username, person.name_zh
    return None


def _units_of_reps(rules: Organisation, reps: int) -> list[str]:
    """Business unit of each of a region's reps, by the units' shares."""
    bounds = np.cumsum([unit.share for unit in rules.business_units])
    middle = (np.arange(reps) + 0.5) / reps * bounds[-1]
    return [rules.business_units[int(np.searchsorted(bounds, place))].code for place in middle]


def _draw_names(rng: np.random.Generator, habits: ContactHabits, count: int) -> tuple[Ints, Ints]:
    """Index of the surname, and both given characters as one number (a single one leaves the second at the end)."""
    width = len(habits.given_names)
    surname = choose(rng, [item.share for item in habits.surnames], count)
    first, second = rng.integers(0, width, count), rng.integers(0, width, count)
    has_two = rng.random(count) < habits.two_character_given_share
    return surname, first * (width + 1) + np.where(has_two, second, width)


def _names(habits: ContactHabits, surname: Ints, given: Ints) -> list[str]:
    surnames = [item.character for item in habits.surnames]
    second = [*habits.given_names, ""]
    width = len(second)
    return [
        surnames[s] + second[g // width] + second[g % width]
        for s, g in zip(surname.tolist(), given.tolist(), strict=True)
    ]


def _phones(rng: np.random.Generator, company: Company, habits: ContactHabits, row: Ints, is_agent: Bools) -> pd.Series:
    """Mobile numbers as digits; some colleagues give the company's number, an agent the one of all its firms."""
    prefixes = company.profile.names.mobile_prefixes
    count = len(row)
    prefix, number = rng.integers(0, len(prefixes), count), rng.integers(20_000_000, 90_000_000, count)
    kind = rng.random(count)
    customers = company.customers.customers
    main = dict(zip(customers["customer_id"].tolist(), customers["phone"].tolist(), strict=True))
    ids = company.customers.companies["true_customer_id"].to_numpy()[row].tolist()
    phones: list[str | None] = []
    for p, n, k, shared, customer_id in zip(
        prefix.tolist(), number.tolist(), kind.tolist(), is_agent.tolist(), ids, strict=True
    ):
        if shared or k < habits.switchboard_share:
            phones.append(dialled(main[customer_id]))
        elif k < habits.switchboard_share + habits.missing_phone_share:
            phones.append(None)
        else:
            phones.append(f"{prefixes[p]}{n}")
    return pd.Series(phones, dtype=object)


def dialled(phone: object) -> str | None:
    """A typed number as the digits that one dials in the country; null without one."""
    if not isinstance(phone, str):
        return None
    digits = "".join(character for character in phone if character.isdigit())
    if phone.startswith("+86"):
        national = digits[2:]
        return national if national.startswith("1") and len(national) == 11 else f"0{national}"
    return digits


def _emails(
    rng: np.random.Generator,
    habits: ContactHabits,
    companies: pd.DataFrame,
    row: Ints,
    surname: Ints,
    given: Ints,
    is_agent: Bools,
) -> pd.Series:
    """Addresses of the customers' own domains and of free mail, an agent has the mailbox of its firms."""
    count = len(row)
    syllables = [item.pinyin for item in habits.surnames]
    second = [*habits.given_names.values(), ""]
    width = len(second)
    hosts, mailboxes = companies["host"].tolist(), companies["mailbox"].tolist()
    kind = rng.random(count).tolist()
    number = rng.integers(1, 10_000, count).tolist()
    emails: list[str | None] = []
    for at, s, g, k, n, of_agent in zip(
        row.tolist(), surname.tolist(), given.tolist(), kind, number, is_agent.tolist(), strict=True
    ):
        if of_agent:
            emails.append(mailboxes[at])
            continue
        if k < habits.missing_email_share:
            emails.append(None)
            continue
        person = f"{second[g // width]}{second[g % width]}"
        if k < habits.missing_email_share + habits.free_mail_share:
            free = habits.free_mail_domains[n % len(habits.free_mail_domains)]
            emails.append(f"{syllables[s]}{person}{n}@{free}")
        else:
            emails.append(f"{person}.{syllables[s]}@{hosts[at]}")
    return pd.Series(emails, dtype=object)


def _birthdays(rng: np.random.Generator, clock: Clock, habits: ContactHabits, count: int) -> Times:
    days = rng.integers(habits.ages.min * 365, habits.ages.max * 365, count)
    birthdays = np.datetime64(clock.today) - days
    birthdays[rng.random(count) >= habits.birthday_share] = np.datetime64("NaT")
    return birthdays.astype("datetime64[s]")


def _draw_times(rng: np.random.Generator, company: Company, customer_ids: Ints) -> tuple[Times, Times]:
    """When a contact was entered, after its customer, and last changed."""
    customers = company.customers.customers
    position = customer_ids - int(customers["customer_id"].iloc[0])
    created_at: Times = times(customers, "created_at")[position]
    open_seconds = (company.clock.now - created_at).astype(np.int64)
    created_at += seconds(rng.random(len(position)) ** 2 * open_seconds)
    rest = (company.clock.now - created_at).astype(np.int64)
    is_edited = rng.random(len(position)) < company.profile.company.customers.updated_share
    updated_at: Times = created_at + seconds(rng.random(len(position)) * rest * is_edited)
    return created_at, updated_at


def _owners(company: Company, customer_ids: Ints) -> pd.Categorical[str]:
    """The reps who own the customers."""
    customers = company.customers.customers
    owner = pd.Categorical(customers["owner_username"])
    codes = np.asarray(owner.codes, dtype=np.int64)[customer_ids - int(customers["customer_id"].iloc[0])]
    return categorical(codes, owner.categories.tolist())
