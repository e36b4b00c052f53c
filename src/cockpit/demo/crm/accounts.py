"""The CRM's own list of companies: the ERP's customers as typed here, prospects, and accounts that exist twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.company import Company
from cockpit.demo.company_name import CompanyName
from cockpit.demo.crm.profile import CrmFile
from cockpit.demo.crm.spelling import FORMER_NAME, SAME, VARIANTS, typed_headcounts, typed_phone, variant_spellers
from cockpit.demo.customers import draw_name_parts, owner_usernames
from cockpit.demo.draw import Bools, Ints, Stream, Times, choose, column, generator, seconds, times, unmarked
from cockpit.demo.people import domains

PLACEHOLDER_PHONE, IMPOSSIBLE_PHONE = "placeholder_phone", "impossible_phone"
NO_ACCOUNT = -1

_CUSTOMER, _PROSPECT, _LOST = _STATUSES = ("customer", "prospect", "lost")
_DAY_SECONDS = 86_400
_PROSPECT_DAYS = 900
_MOBILE_STYLES = 8


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
    region = column(companies, "region")[row]
    status = np.where(row < len(known), 0, np.where(rng.random(len(row)) < 0.2, 2, 1))
    accounts = pd.DataFrame(
        {
            "account_id": account_ids,
            "account_number": [f"A{number:07d}" for number in account_ids.tolist()],
            "name": names,
            "former_name": unmarked(len(row)),
            "credit_code": _credit_codes(rng, company, crm, row, len(known)),
            "phone": phones,
            "headcount": typed_headcounts(rng, habits.headcount_median, rng.random(len(row)) < habits.headcount_share),
            "industry": _industries(rng, crm, companies, row),
            "region_code": [company.profile.regions[index].region_code for index in region.tolist()],
            "address": _addresses(rng, company, crm, companies, row),
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
    return pd.DataFrame(
        {
            "true_customer_id": crm.accounts.prospect_first_id + np.arange(len(kept)),
            "name": [drawn[place] for place in fresh],
            "former_name": None,
            "city": city[kept],
            "region": region_of_city[city[kept]],
            "industry": [names.trades[t].industry for t in trade[kept].tolist()],
            "agent": -1,
        }
    )


def _type_names(
    rng: np.random.Generator, company: Company, crm: CrmFile, companies: pd.DataFrame, row: Ints, is_repeat: Bools
) -> tuple[list[str], list[str | None]]:
    """Each account's name as typed and in which way it differs from the proper one."""
    spellers = variant_spellers(company.profile.names, crm)
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
        text = spellers[VARIANTS[k]](name)
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
        (phones[at] if isinstance(phones[at], str) else None) if same else typed_phone(number, kind)
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


def _credit_codes(rng: np.random.Generator, company: Company, crm: CrmFile, row: Ints, known: int) -> list[str | None]:
    """Codes of the customers whose account has one."""
    erp = company.customers.customers
    position = column(company.customers.companies, "true_customer_id") - int(erp["customer_id"].iloc[0])
    codes = erp["credit_code"].to_numpy(dtype=object)[position].tolist()
    has_code = (rng.random(len(row)) < crm.accounts.credit_code_share) & (row < known)
    return [
        codes[at] if has and isinstance(codes[at], str) else None
        for at, has in zip(row.tolist(), has_code.tolist(), strict=True)
    ]


def _industries(rng: np.random.Generator, crm: CrmFile, companies: pd.DataFrame, row: Ints) -> list[str]:
    words = crm.accounts.industry_words
    picks = rng.integers(0, 60, len(row)).tolist()
    industries = companies["industry"].tolist()
    return [
        choices[pick % len(choices)]
        for at, pick in zip(row.tolist(), picks, strict=True)
        if (choices := words.get(industries[at], (industries[at],)))
    ]


def _addresses(
    rng: np.random.Generator, company: Company, crm: CrmFile, companies: pd.DataFrame, row: Ints
) -> list[str | None]:
    habits = crm.accounts
    cities = [
        (f"{region.name_zh}省" if region.name_zh != city.name else "", f"{city.name}市")
        for region in company.profile.regions
        for city in region.cities
    ]
    style, road = rng.integers(0, 3, len(row)).tolist(), rng.integers(0, len(habits.roads), len(row)).tolist()
    number, has = rng.integers(1, 2000, len(row)).tolist(), (rng.random(len(row)) < habits.address_share).tolist()
    city = column(companies, "city")[row].tolist()
    texts: list[str | None] = []
    for c, s, r, n, given in zip(city, style, road, number, has, strict=True):
        province, town = cities[c]
        head = (province + town, town, "")[s]
        texts.append(f"{head}{habits.roads[r]}{n}号" if given else None)
    return texts


def _websites(rng: np.random.Generator, crm: CrmFile, companies: pd.DataFrame, row: Ints) -> list[str | None]:
    labels = domains(companies)
    has = (rng.random(len(row)) < crm.accounts.website_share).tolist()
    return [f"www.{labels[at]}.com" if given else None for at, given in zip(row.tolist(), has, strict=True)]


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
