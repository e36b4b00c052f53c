"""Contacts and leads of the CRM: persons as its users, or the persons themselves, typed them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.company import Company
from cockpit.demo.crm.accounts import NO_ACCOUNT, PLACEHOLDER_PHONE, Accounts, reps_by_region
from cockpit.demo.crm.profile import CrmFile
from cockpit.demo.crm.spelling import typed_headcounts, typed_phone
from cockpit.demo.draw import (
    Ints,
    Objects,
    Stream,
    Times,
    categorical,
    choose,
    column,
    generator,
    sample,
    seconds,
    times,
    unmarked,
)
from cockpit.demo.name_spelling import SAME, VARIANTS, NameSpeller, identities
from cockpit.demo.profile_people import load_people

FAKE_REGISTRATION = "fake_registration"
DUPLICATE_CONTACT = "entered_twice"
EMAIL_DOMAIN_TYPO = "email_domain_typo"
NO_PERSON = -1

_STATUSES = ("new", "contacted", "qualified", "converted", "invalid")
_PHONE_STYLES = 8
_DAY_SECONDS = 86_400
_CONTACT_DUPLICATES_FROM = 50_000_000
_UNKNOWN_COMPANIES_FROM = 80_000_000


@dataclass(frozen=True)
class Persons:
    """Rows of one table and what is true about them.

    Attributes:
        rows: Columns as the table, plus the markers `anomaly` and `boundary_case`.
        clusters: Grain: one row per row that belongs to a company: key, true_customer_id, variant.
        persons: Grain: one row per row with a known person: key, true_contact_id, variant.
    """

    rows: pd.DataFrame
    clusters: pd.DataFrame
    persons: pd.DataFrame


def make_contacts_table(company: Company, crm: CrmFile, contacts: pd.DataFrame) -> Persons:
    """The contacts as the CRM has them, some of them twice.

    Args:
        company: Gives the seed.
        crm: How dirty.
        contacts: The persons as they are; see `people.make_contacts`.
    """
    rng = generator(company.seed, Stream.CRM_LEADS, 1)
    count, repeat_count = len(contacts), round(crm.contacts.duplicate_share * len(contacts))
    row = np.concatenate([np.arange(count), rng.choice(count, repeat_count, replace=False)])
    is_repeat = np.arange(len(row)) >= count
    ids = np.concatenate([column(contacts, "contact_id"), _CONTACT_DUPLICATES_FROM + np.arange(repeat_count)])
    rows = contacts.iloc[row].reset_index(drop=True)
    has_typo = (rng.random(len(row)) < crm.contacts.email_typo_share) | is_repeat
    created_at, age = times(rows, "created_at"), (company.clock.now - times(rows, "created_at")).astype(np.int64)
    created_at = created_at + seconds(rng.random(len(row)) * age * is_repeat)
    mobile = pd.Series(_typed_phones(rng, rows["phone"].tolist()), dtype=object)
    email = _misspelt(rows["email"].tolist(), has_typo.tolist(), crm.contacts.email_typos)
    anomaly = unmarked(len(row))
    anomaly[(rows["email"].notna() & (email != rows["email"])).to_numpy()] = EMAIL_DOMAIN_TYPO
    frame = rows.assign(
        contact_id=ids,
        account_id=rows["customer_id"],
        mobile=mobile,
        email=email,
        is_primary=rows["is_primary"] & ~is_repeat,
        created_at=created_at,
        updated_at=np.maximum(times(rows, "updated_at"), created_at),
        anomaly=anomaly,
        boundary_case=unmarked(len(row)),
    )
    variant = unmarked(len(row))
    variant[is_repeat] = DUPLICATE_CONTACT
    key = ids.astype(str)
    return Persons(
        rows=frame,
        clusters=pd.DataFrame({"key": key, "true_customer_id": rows["customer_id"], "variant": unmarked(len(row))}),
        persons=pd.DataFrame({"key": key, "true_contact_id": rows["true_contact_id"], "variant": variant}),
    )


def make_leads(company: Company, crm: CrmFile, accounts: Accounts, contacts: pd.DataFrame) -> Persons:
    """Enquiries of the whole history, fake ones included."""
    rng = generator(company.seed, Stream.CRM_LEADS)
    count = round(crm.leads.per_customer * len(company.customers.customers))
    start = company.first_month.astype("datetime64[s]")
    open_seconds = (company.clock.now - start).astype(np.int64)
    # Enquiries have become more frequent.
    created_at = np.sort(start + seconds(np.sqrt(rng.random(count)) * open_seconds))
    return draw_leads(rng, company, crm, accounts, contacts, created_at, first_id=1, at_least_one=True)


def draw_leads(
    rng: np.random.Generator,
    company: Company,
    crm: CrmFile,
    accounts: Accounts,
    contacts: pd.DataFrame,
    created_at: Times,
    *,
    first_id: int,
    at_least_one: bool,
) -> Persons:
    """Enquiries at given times.

    Args:
        rng: Of these leads.
        company: Regions, names and the end of the history.
        crm: How they look.
        accounts: The CRM's accounts.
        contacts: The persons at the customers.
        created_at: Ascending, local.
        first_id: Id of the first lead.
        at_least_one: Plant one of each kind even where the share gives less.
    """
    habits, count = crm.leads, len(created_at)
    ids = first_id + np.arange(count)
    is_known = rng.random(count) < habits.known_share
    person = rng.integers(0, len(contacts), count)
    company_of = _company_positions(accounts, contacts, person)
    prospects = np.flatnonzero(column(accounts.companies, "true_customer_id") >= crm.accounts.prospect_first_id)
    # A stranger comes from a company that reps know already, or from one that nobody knows.
    from_prospect = ~is_known & (rng.random(count) < 0.4)
    company_of[from_prospect] = rng.choice(prospects, int(from_prospect.sum()))
    typed, variants = _type_companies(rng, company, crm, accounts, company_of)
    strangers = np.flatnonzero(~is_known & ~from_prospect)
    for place, name in zip(strangers.tolist(), _unknown_companies(rng, company, len(strangers)), strict=True):
        typed[place], variants[place] = name, None
    names, phones, emails = _strangers(rng, company, count)
    rows = contacts.iloc[person]
    known = is_known.tolist()
    names = [mine if k else other for k, mine, other in zip(known, rows["name"].tolist(), names, strict=True)]
    phones = [mine if k else other for k, mine, other in zip(known, rows["phone"].tolist(), phones, strict=True)]
    emails = [mine if k else other for k, mine, other in zip(known, rows["email"].tolist(), emails, strict=True)]
    region = column(accounts.companies, "region")[company_of]
    region[strangers] = rng.integers(0, len(company.profile.regions), len(strangers))
    is_converted = is_known & (rng.random(count) < habits.converted_share / habits.known_share)
    status = np.where(is_converted, 3, choose(rng, [0.2, 0.35, 0.25, 0, 0.2], count))
    age = (company.clock.now - created_at).astype(np.int64)
    touched = np.minimum(rng.random(count) * 20 * _DAY_SECONDS, age * rng.random(count)) * (status > 0)
    words = [word for group in habits.sources.values() for word in group]
    frame = pd.DataFrame(
        {
            "lead_id": ids,
            "company": typed,
            "contact_name": names,
            "mobile": _typed_phones(rng, phones),
            "email": emails,
            "region_code": [company.profile.regions[index].region_code for index in region.tolist()],
            "source": categorical(rng.integers(0, len(words), count), words),
            "campaign": _picked(rng, habits.campaigns, count),
            "headcount": typed_headcounts(rng, crm.accounts.headcount_median, rng.random(count) < 0.5),
            "remark": _remarks(rng, crm, count),
            "status": categorical(status, _STATUSES),
            "account_id": np.where(is_converted, accounts.first_ids[company_of], NO_ACCOUNT),
            "owner_username": _lead_owners(rng, company, region),
            "created_at": created_at,
            "updated_at": created_at + seconds(touched),
            "anomaly": unmarked(count),
            "boundary_case": unmarked(count),
        }
    )
    true_person = np.where(is_known, column(rows, "true_contact_id"), NO_PERSON)
    true_company = np.where(
        is_known | from_prospect,
        column(accounts.companies, "true_customer_id")[company_of],
        _UNKNOWN_COMPANIES_FROM + ids,
    )
    variant = np.array(variants, dtype=object)
    _repeat(rng, crm, frame, true_person, true_company, variant)
    _plant(rng, company, crm, frame, at_least_one=at_least_one)
    key = ids.astype(str)
    is_real = ~(frame[["anomaly", "boundary_case"]] == FAKE_REGISTRATION).any(axis=1).to_numpy()
    clusters = pd.DataFrame({"key": key, "true_customer_id": true_company, "variant": variant})
    persons = pd.DataFrame({"key": key, "true_contact_id": true_person, "variant": unmarked(count)})
    return Persons(rows=frame, clusters=clusters[is_real], persons=persons[is_real & (true_person != NO_PERSON)])


def _company_positions(accounts: Accounts, contacts: pd.DataFrame, person: Ints) -> Ints:
    """Position of the persons' companies, whose ids ascend."""
    ids = column(accounts.companies, "true_customer_id")
    return np.searchsorted(ids, column(contacts, "customer_id")[person]).astype(np.int64)


def _type_companies(
    rng: np.random.Generator, company: Company, crm: CrmFile, accounts: Accounts, company_of: Ints
) -> tuple[list[str], list[str | None]]:
    companies = accounts.companies
    speller = NameSpeller(company.profile.names, identities([*companies["name"], *companies["former_name"].dropna()]))
    shares = crm.accounts.variants.model_dump()
    kind = choose(rng, [1 - sum(shares.values()), *shares.values()], len(company_of)).tolist()
    proper = companies["name"].tolist()
    typed, variants = [], list[str | None]()
    for at, k in zip(company_of.tolist(), kind, strict=True):
        text = speller.spell(proper[at], VARIANTS[k])
        typed.append(text)
        variants.append(None if VARIANTS[k] == SAME or text == str(proper[at]) else VARIANTS[k])
    return typed, variants


def _unknown_companies(rng: np.random.Generator, company: Company, count: int) -> list[str]:
    """Names that belong to nobody else: three brand characters instead of two."""
    profile, names = company.profile, company.profile.names
    cities = [city.name for region in profile.regions for city in region.cities]
    alphabet, trades, forms = names.brand_alphabet, names.trades, names.legal_forms
    picks = rng.integers(0, 10**6, (count, 6)).tolist()
    return [
        f"{cities[c % len(cities)]}{alphabet[x % len(alphabet)]}{alphabet[y % len(alphabet)]}"
        f"{alphabet[z % len(alphabet)]}{trades[t % len(trades)].word}{forms[f % len(forms)].word}"
        for c, x, y, z, t, f in picks
    ]


def _strangers(rng: np.random.Generator, company: Company, count: int) -> tuple[list[str], list[object], list[object]]:
    rules, prefixes = load_people().contacts, company.profile.names.mobile_prefixes
    surnames, given = rules.surnames, list(rules.given_names.items())
    picks = rng.integers(0, 10**6, (count, 4)).tolist()
    number = rng.integers(20_000_000, 90_000_000, count).tolist()
    chosen = [(surnames[s % len(surnames)], given[g % len(given)], p, n) for (s, g, p, n) in picks]
    names = [surname.character + first[0] for surname, first, _p, _n in chosen]
    phones: list[object] = [
        f"{prefixes[p % len(prefixes)]}{digits}" for (_s, _g, p, _n), digits in zip(chosen, number, strict=True)
    ]
    domains = rules.free_mail_domains
    emails: list[object] = [
        f"{surname.pinyin}{first[1]}{n % 1000}@{domains[p % len(domains)]}" if n % 3 else None
        for surname, first, p, n in chosen
    ]
    return names, phones, emails


def _repeat(
    rng: np.random.Generator, crm: CrmFile, frame: pd.DataFrame, person: Ints, true_company: Ints, variant: Objects
) -> None:
    """Let some persons ask a second time, shortly after: the next row repeats the one before."""
    wanted = round(crm.leads.duplicate_share * len(frame))
    rows = sample(rng, np.arange(0, len(frame) - 1, 2), wanted) if len(frame) > 1 else np.empty(0, dtype=np.int64)
    for name in ("company", "contact_name", "mobile", "email", "region_code", "owner_username"):
        frame.loc[rows + 1, name] = frame[name].iloc[rows].array
    for truth in (person, true_company, variant):
        truth[rows + 1] = truth[rows]


def _plant(
    rng: np.random.Generator, company: Company, crm: CrmFile, frame: pd.DataFrame, *, at_least_one: bool
) -> None:
    habits, count = crm.leads, len(frame)
    floor = int(at_least_one)
    rows = sample(rng, np.arange(count), max(round(habits.fake_share * count), floor))
    pick = rng.integers(0, 10**6, (len(rows), 3))
    frame.loc[rows, "company"] = [habits.fake_companies[p % len(habits.fake_companies)] for p in pick[:, 0].tolist()]
    frame.loc[rows, "contact_name"] = [habits.fake_names[p % len(habits.fake_names)] for p in pick[:, 1].tolist()]
    frame.loc[rows, "mobile"] = [crm.phones.placeholders[p % len(crm.phones.placeholders)] for p in pick[:, 2].tolist()]
    frame.loc[rows, "email"] = None
    frame.loc[rows, "anomaly"] = FAKE_REGISTRATION
    free = np.flatnonzero(frame["anomaly"].isna().to_numpy())
    rows = sample(rng, free, max(round(habits.placeholder_share * count), floor))
    pick = rng.integers(0, len(crm.phones.placeholders), len(rows))
    frame.loc[rows, "mobile"] = [crm.phones.placeholders[p] for p in pick.tolist()]
    frame.loc[rows, "anomaly"] = PLACEHOLDER_PHONE
    if at_least_one:
        free = np.flatnonzero((frame["anomaly"].isna() & (frame["account_id"] == NO_ACCOUNT)).to_numpy())
        rows = sample(rng, free, len(habits.look_alike_companies))
        city = company.profile.regions[0].cities[0].name
        frame.loc[rows, "company"] = [f"{city}{word}" for word in habits.look_alike_companies[: len(rows)]]
        frame.loc[rows, "boundary_case"] = FAKE_REGISTRATION


def _typed_phones(rng: np.random.Generator, phones: list[object]) -> list[str | None]:
    styles = rng.integers(0, _PHONE_STYLES, len(phones)).tolist()
    return [
        typed_phone(phone, style) if isinstance(phone, str) else None
        for phone, style in zip(phones, styles, strict=True)
    ]


def _misspelt(emails: list[object], has_typo: list[bool], typos: dict[str, str]) -> pd.Series:
    """The addresses, some with the last of the usual slips that fits."""
    written: list[object] = []
    for email, is_wrong in zip(emails, has_typo, strict=True):
        slips = [slip for slip in typos.items() if isinstance(email, str) and slip[0] in email]
        written.append(email.replace(*slips[-1]) if is_wrong and slips and isinstance(email, str) else email)
    return pd.Series(written, dtype=object)


def _picked(rng: np.random.Generator, words: tuple[str, ...], count: int) -> pd.Categorical[str]:
    return categorical(rng.integers(0, len(words), count), words)


def _remarks(rng: np.random.Generator, crm: CrmFile, count: int) -> list[str]:
    habits = crm.leads
    picks = rng.integers(0, 10**6, (count, 3)).tolist()
    return [
        habits.remarks[r % len(habits.remarks)].format(
            product=habits.products[p % len(habits.products)], amount=habits.amounts[a % len(habits.amounts)]
        )
        for r, p, a in picks
    ]


def _lead_owners(rng: np.random.Generator, company: Company, region: Ints) -> list[str]:
    reps = reps_by_region(company)
    pick = rng.integers(0, 60, len(region)).tolist()
    return [reps[place][number % len(reps[place])] for place, number in zip(region.tolist(), pick, strict=True)]
