"""What the channels know of the company's world: its customers and their people as outsiders write them down."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.channels.profile import ChannelsFile, DateFormat
from cockpit.demo.company import Company
from cockpit.demo.customers import owner_usernames
from cockpit.demo.draw import Bools, Ints, Times
from cockpit.demo.people import make_contacts

_SPELLINGS = 4


@dataclass(frozen=True)
class World:
    """The company with the description of its channels."""

    company: Company
    channels: ChannelsFile

    @functools.cached_property
    def customers(self) -> pd.DataFrame:
        """The ERP's records that are the first of their company."""
        clusters = self.company.customers.clusters
        is_first = (clusters["customer_id"] == clusters["true_customer_id"]).to_numpy()
        return self.company.customers.customers[is_first].reset_index(drop=True)

    @functools.cached_property
    def reps(self) -> list[str]:
        """User names of the sales reps."""
        return owner_usernames(self.company.profile)

    @functools.cached_property
    def contacts(self) -> pd.DataFrame:
        """Persons at customers: true_contact_id, customer_id (the true one), name, phone (digits or null), email (or
        null), title."""
        return make_contacts(self.company)

    @functools.cached_property
    def _customer_row(self) -> pd.Series:
        return pd.Series(np.arange(len(self.customers)), index=self.customers["customer_id"].to_numpy())

    def draw_contacts(self, rng: np.random.Generator, count: int) -> pd.DataFrame:
        """Persons at customers with the ERP's row of their firm: name, phone, email, title, true_contact_id,
        customer_id, company, region_code, industry, credit_code, owner_username."""
        people = self.contacts.iloc[rng.integers(0, len(self.contacts), count)]
        firms = self.customers.iloc[self._customer_row[people["customer_id"].to_numpy()].to_numpy()]
        frame = people[["name", "phone", "email", "title", "true_contact_id", "customer_id"]].reset_index(drop=True)
        for column, source in (
            ("company", "name"), ("region_code", "region_code"), ("industry", "industry"),
            ("credit_code", "credit_code"), ("owner_username", "owner_username"),
        ):  # fmt: skip
            frame[column] = firms[source].astype(object).to_numpy()
        return frame

    def draw_strangers(self, rng: np.random.Generator, count: int) -> pd.DataFrame:
        """Persons of firms that are no customers; columns as of `draw_contacts`, both ids -1."""
        people, names = self.channels.people, self.company.profile.names
        alphabet = names.brand_alphabet
        cities = [(city, region.region_code) for region in self.company.profile.regions for city in region.cities]
        picks = rng.integers(0, 1 << 30, (count, 8)).tolist()
        rows = []
        for city_pick, first, second, trade, form, surname, given, digits in picks:
            city, region_code = cities[city_pick % len(cities)]
            pair = (
                alphabet[first % len(alphabet)] + alphabet[(first + 1 + second % (len(alphabet) - 1)) % len(alphabet)]
            )
            work = names.trades[trade % len(names.trades)]
            legal_form = names.legal_forms[form % len(names.legal_forms)].word
            prefix = names.mobile_prefixes[digits % len(names.mobile_prefixes)]
            rows.append(
                {
                    "name": people.surnames[surname % len(people.surnames)]
                    + people.given_names[given % len(people.given_names)],
                    "phone": f"{prefix}{20_000_000 + digits % 70_000_000}",
                    "email": f"info@{digits % 9_999_999:07d}.example.cn" if form % 3 else None,
                    "title": people.titles[trade % len(people.titles)],
                    "true_contact_id": -1,
                    "customer_id": -1,
                    # The word 新 keeps strangers apart from the generated customers.
                    "company": f"{city.name}新{pair}{work.word}{legal_form}",
                    "region_code": region_code,
                    "industry": work.industry,
                    "credit_code": None,
                    "owner_username": None,
                }
            )
        return pd.DataFrame(rows, columns=_COLUMNS)

    def draw_people(self, rng: np.random.Generator, count: int, customer_share: float) -> pd.DataFrame:
        """Persons at customers and at other firms, mixed; columns as of `draw_contacts`."""
        known = int(rng.binomial(count, customer_share))
        everybody = pd.concat(
            [self.draw_contacts(rng, known), self.draw_strangers(rng, count - known)], ignore_index=True
        )
        return everybody.iloc[rng.permutation(count)].reset_index(drop=True)

    def fake(self, rng: np.random.Generator, people: pd.DataFrame, share: float) -> Bools:
        """Turn some into people who do not say who they are; returns which."""
        fakes = self.channels.fakes
        is_fake: Bools = np.zeros(len(people), dtype=bool)
        rows = rng.choice(len(people), max(round(share * len(people)), 1), replace=False)
        is_fake[rows] = True
        picks = rng.integers(0, 1 << 20, (len(rows), 4)).tolist()
        phones = self.channels.placeholder_phones
        for row, (name, company, email, phone) in zip(rows.tolist(), picks, strict=True):
            people.loc[row, ["name", "company", "email", "phone", "true_contact_id", "customer_id"]] = [
                fakes.names[name % len(fakes.names)],
                fakes.companies[company % len(fakes.companies)],
                fakes.emails[email % len(fakes.emails)],
                phones[phone % len(phones)],
                -1,
                -1,
            ]
        return is_fake

    def give_placeholders(
        self, rng: np.random.Generator, people: pd.DataFrame, share: float, candidates: Bools
    ) -> Ints:
        """Give some of the candidates a phone number that nobody has; returns their rows."""
        free = np.flatnonzero(candidates)
        rows = rng.choice(free, min(max(round(share * len(people)), 1), len(free)), replace=False)
        phones = np.array(self.channels.placeholder_phones, dtype=object)
        people.loc[rows, "phone"] = phones[rng.integers(0, len(phones), len(rows))]
        return rows.astype(np.int64)


_COLUMNS = (
    "name", "phone", "email", "title", "true_contact_id", "customer_id", "company", "region_code", "industry",
    "credit_code", "owner_username",
)  # fmt: skip


def texts(values: pd.Series) -> list[str | None]:
    """A column as texts, None where it has none."""
    return [None if missing else str(value) for value, missing in zip(values, values.isna(), strict=True)]


def typed_names(rng: np.random.Generator, names: Sequence[str]) -> list[str]:
    """Company names as others type them: other brackets, spaces, the same legal form in other words."""
    habits = rng.integers(0, 12, len(names)).tolist()
    return [_typed_name(name, habit) for name, habit in zip(names, habits, strict=True)]


def _typed_name(name: str, habit: int) -> str:
    match habit:
        case 0 | 1:
            return name.replace("（", "(").replace("）", ")")
        case 2:
            return name.replace("有限公司", " 有限公司")
        case 3:
            return name.replace("有限责任公司", "有限公司")
        case 4:
            return f" {name}\u3000"
        case _other:
            return name


def typed_phones(rng: np.random.Generator, phones: Sequence[str | None]) -> list[str | None]:
    """Numbers as people type them: with blanks, hyphens, the country's code or full-width digits."""
    styles = rng.integers(0, 8, len(phones)).tolist()
    return [_typed_phone(phone, style) if phone else None for phone, style in zip(phones, styles, strict=True)]


def _typed_phone(digits: str, style: int) -> str:
    if len(digits) != 11:
        return digits
    match style:
        case 0:
            return f"{digits[:3]} {digits[3:7]} {digits[7:]}"
        case 1:
            return f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"
        case 2:
            return f"+86{digits}"
        case 3:
            return "".join(chr(ord(digit) + 0xFEE0) for digit in digits)
        case _other:
            return digits


def written_dates(moments: Times, form: DateFormat) -> list[str]:
    """Dates in one of the forms that people use; `republic` counts years from 1912."""
    texts = np.datetime_as_string(moments.astype("datetime64[D]"), unit="D").tolist()
    match form:
        case "dash":
            return list(texts)
        case "slash":
            return [f"{text[:4]}/{int(text[5:7])}/{int(text[8:])}" for text in texts]
        case "chinese":
            return [f"{text[:4]}年{int(text[5:7])}月{int(text[8:])}日" for text in texts]
        case "compact":
            return [text.replace("-", "") for text in texts]
        case "dotted":
            return [f"{text[8:]}.{text[5:7]}.{text[:4]}" for text in texts]
        case "republic":
            return [f"民国{int(text[:4]) - 1911}年{int(text[5:7])}月{int(text[8:])}日" for text in texts]
