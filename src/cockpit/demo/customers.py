"""The customer records: real companies, the same company entered again, and near names that are other companies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cockpit.demo.clock import Clock
from cockpit.demo.company_facts import ADDRESS_STYLES, Related, make_facts, typed_address
from cockpit.demo.company_name import CompanyName, respell
from cockpit.demo.credit_code import make_codes
from cockpit.demo.draw import Bools, Ints, Stream, Times, categorical, choose, generator, sample, seconds, unmarked
from cockpit.demo.groups import SUBSIDIARY, Relations, relate
from cockpit.demo.name_spelling import REWORDED, NameSpeller, identities
from cockpit.demo.profile import City, NamesFile, Profile
from cockpit.demo.profile_facts import load_facts
from cockpit.demo.profile_groups import load_groups
from cockpit.demo.profile_people import load_people

_DAYS_PER_YEAR = 365.25
_DAY_SECONDS = 86_400
_SERIALS = 10**8
_SPACES = (" ", "\u3000")
# Of the companies that have moved: those whose record has not been changed yet.
_LATE_SHARE = 0.5

SAME_CODE = "same_code_other_spelling"
SAME_NAME = "same_name_without_code"
OTHER_NAME = "other_name_without_code"
BRANCH = "branch"
NEAR_NAME = "near_name"

NO_PARENT = -1


@dataclass(frozen=True)
class CustomerTables:
    """The ERP's customers and what is true about them.

    Attributes:
        customers: Grain: one row per record, ids ascending with `created_at`; columns as the ERP's table.
        clusters: Grain: one row per record: customer_id, true_customer_id (the first record of the same
            company) and variant (how the record repeats another one; null for a first record).
        look_alikes: Records whose name is near another company's: kind, entity, key.
        companies: Grain: one row per company, true_customer_id ascending: `name` (a CompanyName), `former_name` (the
            same, or null), `city` (index over all regions' cities), `region` (index), `industry`, `agent` (number of
            its book-keeping agent, -1 for none), `credit_code` (its own), and what `company_facts.make_facts` gives.
        hierarchy: Grain: one row per company that belongs to another one: child and parent, by true_customer_id, and
            kind (branch or subsidiary).
        neighbours: Grain: one row per pair of companies that are easily taken for one: left_customer_id,
            right_customer_id (true ones) and kind.
    """

    customers: pd.DataFrame
    clusters: pd.DataFrame
    look_alikes: pd.DataFrame
    companies: pd.DataFrame
    hierarchy: pd.DataFrame
    neighbours: pd.DataFrame


@dataclass(frozen=True)
class _Companies:
    """Real companies, one element each; a record points to one of them.

    Attributes:
        models: Companies that a look-alike was made from.
        branch_of: Branch -> the company that it belongs to.
        near_to: Company with a near name -> the one that it is near to.
    """

    names: list[CompanyName]
    cities: Ints
    industries: list[str]
    look_alikes: dict[int, str]
    models: Ints
    branch_of: dict[int, int]
    near_to: dict[int, int]


@dataclass(frozen=True)
class _Records:
    """Which company each record is of, and how it repeats it.

    Attributes:
        company: Index of the company.
        is_repeat: False for the first record of each company.
        has_same_code: A repeat that carries the company's credit code.
        is_reworded: A repeat whose name may differ after normalising too.
    """

    company: Ints
    is_repeat: Bools
    has_same_code: Bools
    is_reworded: Bools


def make_customers(profile: Profile, count: int, start: np.datetime64, clock: Clock, seed: int) -> CustomerTables:
    """Draw the customer records.

    Args:
        profile: The company's description.
        count: Records, duplicates included.
        start: First moment of the order history, local.
        clock: Nothing is dated after its `as_of`.
        seed: Equal seeds give equal tables.
    """
    rng, rng_groups = generator(seed, Stream.CUSTOMERS), generator(seed, Stream.GROUPS, 1)
    rng_facts = generator(seed, Stream.COMPANY_FACTS)
    cities = [city for region in profile.regions for city in region.cities]
    region_of_city = np.array([index for index, region in enumerate(profile.regions) for _city in region.cities])

    repeat_count = round(profile.dirt.duplicates.share * count)
    companies = _draw_companies(rng, profile, cities, region_of_city, count - repeat_count)
    records = _draw_records(rng, rng_facts, profile, companies, repeat_count)
    related = _relate(profile, companies, records, seed)
    companies = replace(companies, names=related.names, cities=related.cities, industries=related.industries)
    companies.look_alikes.update(related.look_alikes)
    created_at = _draw_created_at(rng, profile, records, start, clock)

    is_edited = rng.random(count) < profile.company.customers.updated_share
    until_now = (clock.now - created_at).astype(np.int64)
    updated_at = created_at + seconds(rng.random(count) * until_now * is_edited)

    region = region_of_city[companies.cities[records.company]]
    reps_per_region = profile.names.owners.reps_per_region
    owners = owner_usernames(profile)
    owner = region * reps_per_region + rng.integers(0, reps_per_region, count)

    order = np.argsort(created_at, kind="stable")
    ids = np.empty(count, dtype=np.int64)
    ids[order] = profile.company.customers.first_id + np.arange(count)
    # The first len(companies.names) records are the first ones of their companies, in the companies' order.
    true_ids = ids[records.company]
    parents = companies.branch_of | related.parents
    hierarchy = pd.DataFrame(
        {
            "child_customer_id": ids[list(parents)],
            "parent_customer_id": ids[list(parents.values())],
            "kind": [SUBSIDIARY if child in related.parents else BRANCH for child in parents],
        }
    )
    company_count = len(companies.names)
    facts = make_facts(
        rng_facts,
        load_facts(),
        profile,
        companies.names,
        ids[:company_count],
        companies.cities,
        Related(parents, related.agents),
    )
    names = _spell_names(rng, rng_facts, profile.names, companies, records, related)
    codes = _company_codes(rng, cities, companies)
    customers = pd.DataFrame(
        {
            "customer_id": ids,
            "name": names,
            "credit_code": _type_credit_codes(rng, rng_facts, profile, codes, companies, records),
            "phone": _shared_phones(
                rng_groups, profile, related.agents, parents, _draw_phones(rng, profile, cities, companies, records)
            ),
            **_type_facts(rng_facts, profile, facts, records),
            "region_code": categorical(region, [item.region_code for item in profile.regions]),
            "industry": [companies.industries[company] for company in records.company.tolist()],
            "owner_username": [owners[index] for index in owner.tolist()],
            "created_at": created_at,
            "updated_at": updated_at,
            **_draw_recorded_relations(rng_groups, ids, parents, related),
        }
    )
    variant = unmarked(count)
    variant[records.is_repeat] = SAME_NAME
    variant[records.is_reworded] = OTHER_NAME
    variant[records.has_same_code] = SAME_CODE
    clusters = pd.DataFrame({"customer_id": ids, "true_customer_id": true_ids, "variant": variant})
    look_alikes = pd.DataFrame(
        {
            "kind": list(companies.look_alikes.values()),
            "entity": "customer",
            "key": [str(ids[company]) for company in companies.look_alikes],
        }
    )
    by_company = pd.DataFrame(
        {
            "true_customer_id": ids[:company_count],
            "name": companies.names,
            "former_name": [related.former_names.get(index) for index in range(company_count)],
            "city": companies.cities,
            "region": region[:company_count],
            "industry": companies.industries,
            "agent": [related.agents.get(index, -1) for index in range(company_count)],
            "credit_code": codes,
            **facts,
        }
    )
    return CustomerTables(
        customers=customers.iloc[order].reset_index(drop=True),
        clusters=clusters.iloc[order].reset_index(drop=True),
        look_alikes=look_alikes,
        companies=by_company.sort_values("true_customer_id", ignore_index=True),
        hierarchy=hierarchy,
        neighbours=_neighbours(ids, companies, related),
    )


def _neighbours(ids: Ints, companies: _Companies, related: Relations) -> pd.DataFrame:
    pairs = [
        *((model, near, NEAR_NAME) for near, model in companies.near_to.items()),
        *((parent, branch, BRANCH) for branch, parent in companies.branch_of.items()),
        *related.neighbours,
    ]
    return pd.DataFrame(
        {
            "left_customer_id": ids[[left for left, _right, _kind in pairs]],
            "right_customer_id": ids[[right for _left, right, _kind in pairs]],
            "kind": [kind for _left, _right, kind in pairs],
        }
    )


def _relate(profile: Profile, companies: _Companies, records: _Records, seed: int) -> Relations:
    """Relations between companies that are recorded once, from a stream of their own."""
    taken = [records.company[records.is_repeat], companies.models, np.fromiter(companies.look_alikes, dtype=np.int64)]
    return relate(
        generator(seed, Stream.GROUPS),
        load_groups(),
        Relations(list(companies.names), companies.cities.copy(), list(companies.industries)),
        np.setdiff1d(np.arange(len(companies.names)), np.concatenate(taken)),
        _homophones(profile.names.brand_alphabet),
    )


def _homophones(alphabet: Sequence[str]) -> Callable[[str], Sequence[str]]:
    """Brand characters with the same syllable, itself left out."""
    syllables = load_people().contacts.brand_syllables
    return lambda one: [other for other in alphabet if other != one and syllables[other] == syllables[one]]


def _draw_recorded_relations(
    rng: np.random.Generator, ids: Ints, parents: dict[int, int], related: Relations
) -> dict[str, object]:
    """What the ERP's clerks know of parents and former names, as columns of the customer table."""
    rules = load_groups()
    count = len(ids)
    parent_ids = np.full(count, NO_PARENT, dtype=np.int64)
    former = unmarked(count)
    knows = rng.random(count)
    for child, parent in parents.items():
        if knows[child] < rules.subsidiaries.recorded_share:
            parent_ids[child] = ids[parent]
    for index, name in related.former_names.items():
        if knows[index] < rules.former_names.recorded_share:
            former[index] = str(name)
    return {"parent_customer_id": parent_ids, "former_name": former}


def _type_facts(
    rng: np.random.Generator, profile: Profile, facts: pd.DataFrame, records: _Records
) -> dict[str, list[str | None]]:
    """What the ERP's clerks know of mailboxes and addresses; a company that has moved may stand at its former one."""
    missing, count = profile.dirt.missing, len(records.company)
    has_email = (rng.random(count) >= missing.email_share).tolist()
    has_address = (rng.random(count) >= missing.address_share).tolist()
    is_late, style = (rng.random(count) < _LATE_SHARE).tolist(), rng.integers(0, ADDRESS_STYLES, count).tolist()
    boxes, places, former = facts["mailbox"].tolist(), facts["place"].tolist(), facts["former_place"].tolist()
    emails: list[str | None] = []
    addresses: list[str | None] = []
    for at, has_box, has_place, late, form in zip(
        records.company.tolist(), has_email, has_address, is_late, style, strict=True
    ):
        emails.append(boxes[at] if has_box else None)
        place = former[at] if late and former[at] is not None else places[at]
        addresses.append(typed_address(place, form) if has_place else None)
    return {"email": emails, "address": addresses}


def _shared_phones(
    rng: np.random.Generator,
    profile: Profile,
    agents: dict[int, int],
    parents: dict[int, int],
    phones: list[str | None],
) -> list[str | None]:
    """The phones with shared numbers, in the clerks' spellings: one for all firms of a book-keeping agent, and the
    switchboard of a group for some of its companies."""
    prefixes = profile.names.mobile_prefixes
    count = max(agents.values(), default=-1) + 1
    numbers = [
        f"{prefixes[prefix]}{number}"
        for prefix, number in zip(
            rng.integers(0, len(prefixes), count).tolist(),
            rng.integers(20_000_000, 90_000_000, count).tolist(),
            strict=True,
        )
    ]
    styles = rng.integers(0, 4, len(agents)).tolist()
    shared = list(phones)
    for (company, agent), style in zip(agents.items(), styles, strict=True):
        shared[company] = _typed_mobile(numbers[agent], style)
    is_shared = (rng.random(len(parents)) < load_facts().groups.phone_share).tolist()
    for (child, parent), has_switchboard in zip(parents.items(), is_shared, strict=True):
        if has_switchboard and shared[parent]:
            shared[child] = shared[parent]
    return shared


def owner_usernames(profile: Profile) -> list[str]:
    """The sales reps, `reps_per_region` after each other for each region; all different."""
    owners = profile.names.owners
    surnames, given = owners.surnames, owners.given_names
    wanted = len(profile.regions) * owners.reps_per_region
    if wanted > len(surnames) * len(given):
        raise ValueError(f"{wanted} reps need more names than {len(surnames)} x {len(given)}")
    return [
        # The shift by the surname keeps neighbours from sharing a given name.
        f"{surnames[index % len(surnames)]}.{given[(index // len(surnames) + 3 * index) % len(given)]}"
        for index in range(wanted)
    ]


def _draw_companies(
    rng: np.random.Generator, profile: Profile, cities: Sequence[City], region_of_city: Ints, count: int
) -> _Companies:
    """Companies with different names, the last ones near in name to an earlier one."""
    names = profile.names
    near_count = round(profile.dirt.look_alikes.near_name_share * count)
    branch_count = round(profile.dirt.look_alikes.branch_share * count)
    plain_count = count - near_count - branch_count

    city, brand, trade = draw_name_parts(rng, profile, region_of_city, plain_count)
    form = choose(rng, [item.share for item in names.legal_forms], plain_count)
    bracketed = rng.random(plain_count) < names.bracketed_city_share
    width = len(names.brand_alphabet)
    plain = [
        CompanyName(
            city=cities[c].name,
            brand=names.brand_alphabet[b // width] + names.brand_alphabet[b % width],
            trade=names.trades[t].word,
            legal_form=names.legal_forms[f].word,
            has_bracketed_city=is_bracketed,
        )
        for c, b, t, f, is_bracketed in zip(
            city.tolist(), brand.tolist(), trade.tolist(), form.tolist(), bracketed.tolist(), strict=True
        )
    ]
    has_near_trade = np.array([item.word in names.near_trades for item in names.trades])
    near_to = sample(rng, np.flatnonzero(has_near_trade[trade]), near_count)
    branch_of = sample(rng, np.arange(plain_count), branch_count)
    branch_city = rng.integers(0, len(cities), len(branch_of))
    near = [replace(plain[i], trade=names.near_trades[plain[i].trade]) for i in near_to.tolist()]
    branches = [
        replace(plain[i], branch=f"{cities[c].name}{names.branch_suffix}")
        for i, c in zip(branch_of.tolist(), branch_city.tolist(), strict=True)
    ]
    industries = [
        names.trades[t].industry for t in [*trade.tolist(), *trade[near_to].tolist(), *trade[branch_of].tolist()]
    ]
    first_branch = plain_count + len(near)
    return _Companies(
        names=[*plain, *near, *branches],
        cities=np.concatenate([city, city[near_to], branch_city]),
        industries=industries,
        look_alikes={
            **{plain_count + i: NEAR_NAME for i in range(len(near))},
            **{first_branch + i: BRANCH for i in range(len(branches))},
        },
        models=np.concatenate([near_to, branch_of]),
        branch_of={first_branch + i: company for i, company in enumerate(branch_of.tolist())},
        near_to={plain_count + i: company for i, company in enumerate(near_to.tolist())},
    )


def draw_name_parts(
    rng: np.random.Generator, profile: Profile, region_of_city: Ints, count: int
) -> tuple[Ints, Ints, Ints]:
    """City, brand (a pair of characters as one number) and trade; no combination occurs twice."""
    width, trades = len(profile.names.brand_alphabet), len(profile.names.trades)
    shares = [profile.regions[r].share / len(profile.regions[r].cities) for r in region_of_city.tolist()]
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < count:
        drawn = count - len(keys) + 16
        first = rng.integers(0, width, drawn)
        second = (first + rng.integers(1, width, drawn)) % width  # never the same character twice
        fresh = (choose(rng, shares, drawn) * width**2 + first * width + second) * trades
        keys = np.concatenate([keys, fresh + rng.integers(0, trades, drawn)])
        _values, places = np.unique(keys, return_index=True)
        keys = keys[np.sort(places)]
    keys = keys[:count]
    return keys // trades // width**2, keys // trades % width**2, keys % trades


def _draw_records(
    rng: np.random.Generator,
    rng_names: np.random.Generator,
    profile: Profile,
    companies: _Companies,
    repeat_count: int,
) -> _Records:
    """One record per company, then the repeats, some of which make a third record of the same company."""
    rates = profile.dirt.duplicates
    third_count = round(rates.third_record_share * repeat_count)
    plain = np.setdiff1d(np.arange(len(companies.names)), np.fromiter(companies.look_alikes, dtype=np.int64))
    repeated = sample(rng, plain, repeat_count - third_count)
    repeats = np.concatenate([repeated, sample(rng, repeated, third_count)])
    has_same_code = rng.random(len(repeats)) >= rates.without_code_share
    is_reworded = rng_names.random(len(repeats)) < rates.reworded_share
    first = np.zeros(len(companies.names), dtype=bool)
    return _Records(
        company=np.concatenate([np.arange(len(companies.names)), repeats]),
        is_repeat=np.concatenate([first, np.ones(len(repeats), dtype=bool)]),
        has_same_code=np.concatenate([first, has_same_code]),
        is_reworded=np.concatenate([first, is_reworded]),
    )


def _draw_created_at(
    rng: np.random.Generator, profile: Profile, records: _Records, start: np.datetime64, clock: Clock
) -> Times:
    """When each record was entered; a repeat always after the first record of its company."""
    habits = profile.company.customers
    count = int((~records.is_repeat).sum())
    before = rng.random(count) * habits.existing_years * _DAYS_PER_YEAR * _DAY_SECONDS
    within = rng.random(count) * float((clock.now - start).astype(np.int64))
    existed = rng.random(count) < habits.existing_share
    first = start + seconds(np.where(existed, -before, within))
    # The company opens with customers to sell to.
    first[0] = start - seconds(_DAY_SECONDS)
    created_at = first[records.company]
    age = (clock.now - created_at[records.is_repeat]).astype(np.int64)
    created_at[records.is_repeat] += seconds(1 + rng.random(len(age)) * (age - 1))
    return created_at


def _spell_names(
    rng: np.random.Generator,
    rng_names: np.random.Generator,
    names: NamesFile,
    companies: _Companies,
    records: _Records,
    related: Relations,
) -> list[str]:
    spelled = [str(name) for name in companies.names]
    speller = NameSpeller(names, identities([*companies.names, *related.former_names.values()]))
    repeats, is_reworded = records.company[records.is_repeat], records.is_reworded[records.is_repeat]
    choices = rng.integers(0, 12, (len(repeats), 2))
    variants = rng_names.integers(0, len(REWORDED), len(repeats)).tolist()
    for company, (habit, space), reworded, variant in zip(
        repeats.tolist(), choices.tolist(), is_reworded.tolist(), variants, strict=True
    ):
        name = companies.names[company]
        text = speller.spell(name, REWORDED[variant]) if reworded else str(name)
        # A variant that does not fit leaves the name as it is.
        spelled.append(text if text != str(name) else respell(name, names, habit, _SPACES[space % len(_SPACES)]))
    return spelled


def _company_codes(rng: np.random.Generator, cities: Sequence[City], companies: _Companies) -> list[str]:
    """The credit code of each company."""
    return make_codes(
        [cities[city].division_code for city in companies.cities.tolist()],
        rng.choice(_SERIALS, len(companies.names), replace=False),
    )


def _type_credit_codes(
    rng: np.random.Generator,
    rng_facts: np.random.Generator,
    profile: Profile,
    codes: Sequence[str],
    companies: _Companies,
    records: _Records,
) -> list[str | None]:
    """The codes as the ERP has them: some missing, and those of the company above it for some branches."""
    is_missing = rng.random(len(codes)) < profile.dirt.missing.credit_code_share
    # A repeat with the same code needs a first record that has one.
    is_missing[records.company[records.has_same_code]] = False
    first: list[str | None] = [
        None if missing else code for code, missing in zip(codes, is_missing.tolist(), strict=True)
    ]
    has_parents = rng_facts.random(len(companies.branch_of)) < profile.dirt.branch_with_parents_code_share
    for (branch, parent), is_parents in zip(companies.branch_of.items(), has_parents.tolist(), strict=True):
        if is_parents:
            first[branch] = codes[parent]
    is_lower = rng.random(len(records.company)) < profile.dirt.duplicates.lower_case_code_share
    repeats: list[str | None] = []
    for index in np.flatnonzero(records.is_repeat).tolist():
        code = codes[records.company[index]]
        repeats.append((code.lower() if is_lower[index] else code) if records.has_same_code[index] else None)
    return [*first, *repeats]


def _draw_phones(
    rng: np.random.Generator, profile: Profile, cities: Sequence[City], companies: _Companies, records: _Records
) -> list[str | None]:
    """Mobile and land lines as users type them; a repeat often has the company's number in another spelling."""
    names, rates = profile.names, profile.dirt
    count = len(records.company)
    is_mobile = rng.random(count) < names.mobile_share
    prefix = rng.integers(0, len(names.mobile_prefixes), count)
    number = rng.integers(20_000_000, 90_000_000, count)  # local numbers do not begin with 0, 1 or 9
    style = rng.integers(0, 4, count)
    is_missing = rng.random(count) < rates.missing.phone_share
    is_same = records.is_repeat & (rng.random(count) < rates.duplicates.same_phone_share)
    source = np.where(is_same, records.company, np.arange(count))
    phones: list[str | None] = []
    for index, city in zip(source.tolist(), companies.cities[records.company].tolist(), strict=True):
        if is_missing[index]:
            phones.append(None)
        elif is_mobile[index]:
            digits = f"{names.mobile_prefixes[prefix[index]]}{number[index]}"
            phones.append(_typed_mobile(digits, int(style[len(phones)])))
        else:
            local = str(number[index])[: cities[city].phone_digits]
            phones.append(_typed_land_line(cities[city].area_code, local, int(style[len(phones)])))
    return phones


def _typed_mobile(digits: str, style: int) -> str:
    if style == 1:
        return f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"
    if style == 2:
        return f"+86 {digits[:3]} {digits[3:7]} {digits[7:]}"
    return digits


def _typed_land_line(area_code: str, local: str, style: int) -> str:
    if style == 1:
        return f"（{area_code}）{local}"
    if style == 2:
        return f"+86 {area_code[1:]} {local[:4]} {local[4:]}"
    return f"{area_code}-{local}"
