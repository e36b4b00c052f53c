"""The CRM's own list of companies: the ERP's customers as typed here, prospects, and accounts that exist twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.company import Company
from cockpit.demo.company_facts import ADDRESS_STYLES, Related, make_facts, typed_address
from cockpit.demo.company_name import CompanyName
from cockpit.demo.credit_code import make_codes
from cockpit.demo.crm.profile import CrmFile
from cockpit.demo.crm.spelling import typed_headcounts, typed_phone
from cockpit.demo.customers import draw_name_parts, owner_usernames
from cockpit.demo.draw import Bools, Ints, Objects, Stream, Times, choose, column, generator, seconds, times, unmarked
from cockpit.demo.name_spelling import FORMER_NAME, SAME, VARIANTS, NameSpeller, identities
from cockpit.demo.people import dialled
from cockpit.demo.profile_facts import load_facts

PLACEHOLDER_PHONE, IMPOSSIBLE_PHONE, WRONG_CODE = "placeholder_phone", "impossible_phone", "wrong_credit_code"
NO_ACCOUNT = -1

_CUSTOMER, _PROSPECT, _LOST = _STATUSES = ("customer", "prospect", "lost")
_DAY_SECONDS = 86_400
_PROSPECT_DAYS = 900
_MOBILE_STYLES = 8
_SERIALS = 10**8
# Of the companies that have moved: those whose account has not been changed yet.
_LATE_SHARE = 0.5


@dataclass(frozen=True)
class Accounts:
    """The accounts and what is true about them.

    Attributes:
        accounts: Grain: one row per account, ids ascending; columns as the table, markers `anomaly` and
            `boundary_case`.
        clusters: Grain: one row per account: key, true_customer_id, variant (how the name differs; null when typed
            as it is).
        framework: Positions of the accounts with a framework contract.
        companies: Grain: one row per company, prospects included: true_customer_id, `name` (a CompanyName), region
            (index), industry.
        first_ids: Account of each company, in the order of `companies`.
    """

    accounts: pd.DataFrame
    clusters: pd.DataFrame
    framework: Ints
    companies: pd.DataFrame
    first_ids: Ints


def make_accounts(company: Company, crm: CrmFile) -> Accounts:
    """Draw the accounts; equal companies have equal ones."""
    rng = generator(company.seed, Stream.CRM_ACCOUNTS)
    habits = crm.accounts
    known = company.customers.companies
    companies = pd.concat([known, _draw_prospects(rng, company, crm)], ignore_index=True)
    count, repeat_count = len(companies), round(habits.duplicate_share * len(companies))
    row = np.concatenate([np.arange(count), rng.choice(count, repeat_count, replace=False)])
    is_repeat = np.arange(len(row)) >= count
    account_ids = np.concatenate(
        [column(companies, "true_customer_id"), habits.duplicate_first_id + np.arange(repeat_count)]
    )
    names, variants = _type_names(rng, company, crm, companies, row, is_repeat)
    created_at, updated_at = _draw_times(rng, company, companies, row, is_repeat, len(known))
    phones, anomaly, boundary = _type_phones(rng, company, crm, companies, row, len(known))
    codes = _credit_codes(rng, crm, companies, row, anomaly)
    region = column(companies, "region")[row]
    status = np.where(row < len(known), 0, np.where(rng.random(len(row)) < 0.2, 2, 1))
    accounts = pd.DataFrame(
        {
            "account_id": account_ids,
            "account_number": [f"A{number:07d}" for number in account_ids.tolist()],
            "name": names,
            "former_name": unmarked(len(row)),
            "credit_code": codes,
            "phone": phones,
            "email": _emails(rng, crm, companies, row),
            "headcount": typed_headcounts(rng, habits.headcount_median, rng.random(len(row)) < habits.headcount_share),
            "industry": _industries(rng, crm, companies, row),
            "region_code": [company.profile.regions[index].region_code for index in region.tolist()],
            "address": _addresses(rng, crm, companies, row),
            "website": _websites(rng, crm, companies, row),
            "status": pd.Categorical.from_codes(status, dtype=pd.CategoricalDtype(list(_STATUSES))),
            "parent_account_id": _parents(rng, company, crm, account_ids),
            "owner_username": _owners(rng, company, companies, row, region, len(known)),
            "created_at": created_at,
            "updated_at": updated_at,
            "anomaly": anomaly,
            "boundary_case": boundary,
        }
    )
    clusters = pd.DataFrame(
        {
            "key": account_ids.astype(str),
            "true_customer_id": column(companies, "true_customer_id")[row],
            "variant": variants,
        }
    )
    order = np.argsort(account_ids, kind="stable")
    return Accounts(
        accounts=accounts.iloc[order].reset_index(drop=True),
        clusters=clusters.iloc[order].reset_index(drop=True),
        framework=np.flatnonzero(
            (rng.random(len(row)) < habits.framework_share) & (account_ids[order] < habits.prospect_first_id)
        ),
        companies=companies,
        first_ids=account_ids[:count],
    )


def _draw_prospects(rng: np.random.Generator, company: Company, crm: CrmFile) -> pd.DataFrame:
    """Companies that are not in the ERP, none with the name of one that is."""
    profile, names = company.profile, company.profile.names
    known = company.customers.companies
    used = {(name.city, name.brand, name.trade) for name in known["name"]}
    wanted = round(crm.accounts.prospect_share * len(known))
    cities = [city for region in profile.regions for city in region.cities]
    region_of_city = np.array([index for index, region in enumerate(profile.regions) for _city in region.cities])
    city, brand, trade = draw_name_parts(rng, profile, region_of_city, wanted)
    form = choose(rng, [item.share for item in names.legal_forms], wanted)
    width = len(names.brand_alphabet)
    drawn = [
        CompanyName(
            city=cities[c].name,
            brand=names.brand_alphabet[b // width] + names.brand_alphabet[b % width],
            trade=names.trades[t].word,
            legal_form=names.legal_forms[f].word,
        )
        for c, b, t, f in zip(city.tolist(), brand.tolist(), trade.tolist(), form.tolist(), strict=True)
    ]
    fresh = [place for place, name in enumerate(drawn) if (name.city, name.brand, name.trade) not in used]
    kept = np.array(fresh, dtype=np.int64)
    ids, kept_names = crm.accounts.prospect_first_id + np.arange(len(kept)), [drawn[place] for place in fresh]
    facts_rng = generator(company.seed, Stream.COMPANY_FACTS, 1)
    facts = make_facts(facts_rng, load_facts(), profile, kept_names, ids, city[kept], Related({}, {}))
    return pd.DataFrame(
        {
            "true_customer_id": ids,
            "name": kept_names,
            "former_name": None,
            "city": city[kept],
            "region": region_of_city[city[kept]],
            "industry": [names.trades[t].industry for t in trade[kept].tolist()],
            "agent": -1,
            "credit_code": _new_codes(facts_rng, [cities[at].division_code for at in city[kept].tolist()], known),
            **facts,
        }
    )


def _new_codes(rng: np.random.Generator, division_codes: Sequence[str], known: pd.DataFrame) -> list[str]:
    """Credit codes that no customer has."""
    used = set(known["credit_code"])
    wanted = len(division_codes)
    spare = rng.choice(_SERIALS, wanted + len(used), replace=False) if wanted else np.empty(0, dtype=np.int64)
    codes = make_codes(division_codes, spare[:wanted])
    others = iter(spare[wanted:].tolist())
    for place in range(wanted):
        while codes[place] in used:
            codes[place] = make_codes([division_codes[place]], np.array([next(others)]))[0]
    return codes


def _type_names(
    rng: np.random.Generator, company: Company, crm: CrmFile, companies: pd.DataFrame, row: Ints, is_repeat: Bools
) -> tuple[list[str], list[str | None]]:
    """Each account's name as typed and in which way it differs from the proper one."""
    speller = NameSpeller(company.profile.names, identities([*companies["name"], *companies["former_name"].dropna()]))
    shares = crm.accounts.variants.model_dump()
    # Whoever enters a company again types it in another way.
    kind = choose(rng, [1 - sum(shares.values()), *shares.values()], len(row))
    kind[is_repeat] = 1 + rng.integers(0, len(shares), int(is_repeat.sum()))
    keeps_former = rng.random(len(row)) < crm.accounts.former_name_share
    proper, former = companies["name"].tolist(), companies["former_name"].tolist()
    typed: list[str] = []
    variants: list[str | None] = []
    for at, k, keeps in zip(row.tolist(), kind.tolist(), keeps_former.tolist(), strict=True):
        name = proper[at]
        if keeps and isinstance(former[at], CompanyName):
            typed.append(str(former[at]))
            variants.append(FORMER_NAME)
            continue
        text = speller.spell(name, VARIANTS[k])
        typed.append(text)
        variants.append(None if VARIANTS[k] == SAME or text == str(name) else VARIANTS[k])
    return typed, variants


def _draw_times(
    rng: np.random.Generator, company: Company, companies: pd.DataFrame, row: Ints, is_repeat: Bools, known: int
) -> tuple[Times, Times]:
    """A customer's account is older than its first entry in the ERP; a repeated one is younger than the first."""
    now = company.clock.now
    erp = company.customers.customers
    position = column(companies, "true_customer_id")[:known] - int(erp["customer_id"].iloc[0])
    entered = times(erp, "created_at")[position] - seconds(rng.integers(1, 60, known) * _DAY_SECONDS)
    prospects = now - seconds(rng.integers(1, _PROSPECT_DAYS * _DAY_SECONDS, len(companies) - known))
    created_at: Times = np.concatenate([entered, prospects])[row]
    age = (now - created_at).astype(np.int64)
    created_at += seconds(rng.random(len(row)) * age * is_repeat)
    age = (now - created_at).astype(np.int64)
    is_edited = rng.random(len(row)) < company.profile.company.customers.updated_share
    updated_at: Times = created_at + seconds(rng.random(len(row)) * age * is_edited)
    return created_at, updated_at


def _type_phones(
    rng: np.random.Generator, company: Company, crm: CrmFile, companies: pd.DataFrame, row: Ints, known: int
) -> tuple[list[str | None], np.ndarray, np.ndarray]:
    """Telephones as typed, with the wrong ones and the ones that only look wrong marked."""
    erp = company.customers.customers
    position = column(companies, "true_customer_id")[:known] - int(erp["customer_id"].iloc[0])
    phones = erp["phone"].to_numpy(dtype=object)[position].tolist()
    prefixes, count = company.profile.names.mobile_prefixes, len(row)
    own = [
        f"{prefixes[p]}{n}"
        for p, n in zip(
            rng.integers(0, len(prefixes), count).tolist(),
            rng.integers(20_000_000, 90_000_000, count).tolist(),
            strict=True,
        )
    ]
    style = rng.integers(0, _MOBILE_STYLES, count).tolist()
    is_same = (rng.random(count) < 0.7) & (row < known)
    chance = rng.random(count)
    dirt = crm.phones
    is_placeholder = chance < dirt.placeholder_share
    is_impossible = (chance >= dirt.placeholder_share) & (chance < dirt.placeholder_share + dirt.impossible_share)
    typed: list[str | None] = [
        typed_phone(main, kind) if (main := dialled(phones[at]) if same else number) else None
        for at, same, number, kind in zip(row.tolist(), is_same.tolist(), own, style, strict=True)
    ]
    anomaly, boundary = unmarked(count), unmarked(count)
    for place in np.flatnonzero(is_placeholder).tolist():
        typed[place] = dirt.placeholders[style[place] % len(dirt.placeholders)]
        anomaly[place] = PLACEHOLDER_PHONE
    for place in np.flatnonzero(is_impossible).tolist():
        typed[place] = own[place][:-1]
        anomaly[place] = IMPOSSIBLE_PHONE
    free = np.flatnonzero(~is_placeholder & ~is_impossible)[: len(dirt.look_alikes)]
    for place, number in zip(free.tolist(), dirt.look_alikes, strict=False):
        typed[place] = number
        boundary[place] = PLACEHOLDER_PHONE
    return typed, anomaly, boundary


def _credit_codes(
    rng: np.random.Generator, crm: CrmFile, companies: pd.DataFrame, row: Ints, anomaly: Objects
) -> list[str | None]:
    """Codes as typed; a wrong one is marked unless its row is marked already."""
    habits, codes, count = crm.accounts, companies["credit_code"].tolist(), len(row)
    has_code = rng.random(count) < habits.credit_code_share
    chance, slip = rng.random(count), rng.integers(0, 16, count).tolist()
    typed: list[str | None] = [
        codes[at] if has else None for at, has in zip(row.tolist(), has_code.tolist(), strict=True)
    ]
    for place in np.flatnonzero(has_code & (chance < habits.wrong_code_share)).tolist():
        if anomaly[place] is None:
            typed[place] = _mistyped_code(codes[row[place]], slip[place])
            anomaly[place] = WRONG_CODE
    is_other = (chance >= habits.wrong_code_share) & (chance < habits.wrong_code_share + habits.other_code_share)
    for place in np.flatnonzero(has_code & is_other).tolist():
        typed[place] = codes[(row[place] + 1) % len(codes)]
    return typed


def _mistyped_code(code: str, slip: int) -> str:
    """The code with two digits of the organisation's number exchanged, or one too few."""
    at = next((at for at in range(8 + slip % 7, 16) if code[at] != code[at + 1]), 16)
    return code[:at] + code[at + 1] + code[at] + code[at + 2 :] if at < 16 else code[:-1]


def _industries(rng: np.random.Generator, crm: CrmFile, companies: pd.DataFrame, row: Ints) -> list[str]:
    words = crm.accounts.industry_words
    picks = rng.integers(0, 60, len(row)).tolist()
    industries = companies["industry"].tolist()
    return [
        choices[pick % len(choices)]
        for at, pick in zip(row.tolist(), picks, strict=True)
        if (choices := words.get(industries[at], (industries[at],)))
    ]


def _addresses(rng: np.random.Generator, crm: CrmFile, companies: pd.DataFrame, row: Ints) -> list[str | None]:
    """Addresses as typed; half of those who have moved still stand at their former one."""
    count = len(row)
    style, has = rng.integers(0, ADDRESS_STYLES, count).tolist(), rng.random(count) < crm.accounts.address_share
    is_late = (rng.random(count) < _LATE_SHARE).tolist()
    places, former = companies["place"].tolist(), companies["former_place"].tolist()
    return [
        typed_address(former[at] if late and former[at] is not None else places[at], form) if given else None
        for at, form, given, late in zip(row.tolist(), style, has.tolist(), is_late, strict=True)
    ]


def _emails(rng: np.random.Generator, crm: CrmFile, companies: pd.DataFrame, row: Ints) -> list[str | None]:
    has, boxes = (rng.random(len(row)) < crm.accounts.email_share).tolist(), companies["mailbox"].tolist()
    return [boxes[at] if given else None for at, given in zip(row.tolist(), has, strict=True)]


def _websites(rng: np.random.Generator, crm: CrmFile, companies: pd.DataFrame, row: Ints) -> list[str | None]:
    hosts = companies["host"].tolist()
    has = (rng.random(len(row)) < crm.accounts.website_share).tolist()
    return [f"www.{hosts[at]}" if given else None for at, given in zip(row.tolist(), has, strict=True)]


def _parents(rng: np.random.Generator, company: Company, crm: CrmFile, account_ids: Ints) -> Ints:
    """The parent's account where a user has filled it in, else -1."""
    hierarchy = company.customers.hierarchy
    knows = rng.random(len(hierarchy)) < crm.accounts.parent_share
    parent = dict(
        zip(
            hierarchy.loc[knows, "child_customer_id"].tolist(),
            hierarchy.loc[knows, "parent_customer_id"].tolist(),
            strict=True,
        )
    )
    return np.array([parent.get(account, NO_ACCOUNT) for account in account_ids.tolist()], dtype=np.int64)


def _owners(
    rng: np.random.Generator, company: Company, companies: pd.DataFrame, row: Ints, region: Ints, known: int
) -> list[str]:
    """The ERP's owner for customers, a rep of the region for prospects."""
    erp = company.customers.customers
    position = column(companies, "true_customer_id")[:known] - int(erp["customer_id"].iloc[0])
    owners = erp["owner_username"].to_numpy(dtype=object)[position].tolist()
    reps = reps_by_region(company)
    pick = rng.integers(0, 60, len(row)).tolist()
    return [
        owners[at] if at < known else reps[place][number % len(reps[place])]
        for at, place, number in zip(row.tolist(), region.tolist(), pick, strict=True)
    ]


def reps_by_region(company: Company) -> list[Sequence[str]]:
    """User names of the reps of each region, in the profile's order."""
    size = company.profile.names.owners.reps_per_region
    owners = owner_usernames(company.profile)
    return [owners[index * size : (index + 1) * size] for index in range(len(company.profile.regions))]
