"""How Splink is set up for each list: as its documentation advises, then changed while that made it better.

Each list has blocking rules that hold no giant block, term frequencies where values differ in how common they are,
and training by EM on two or three blocking rules. What was tried is told in docs/explanation/matching-benchmark.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import splink.comparison_level_library as levels
import splink.comparison_library as compare
from splink import block_on


@dataclass(frozen=True)
class Setup:
    """One configuration.

    Attributes:
        prepare: Select over the table `received` (the list's columns, all text, and `uid`): the columns to compare.
        comparisons: Makes them anew; Splink writes into them.
        blocks: Rules that find candidates.
        sure: Rules whose pairs are nearly always the same, for the share of matches among all pairs.
        sure_recall: Share of the matches that they find, 0-1.
        training: Blocking rules of the rounds of EM.
        sampled_pairs: Random pairs that tell how often values agree by chance.
        training_pairs: At most, per round of EM; None for all.
    """

    prepare: str
    comparisons: Callable[[], Sequence[Any]]
    blocks: Sequence[Any]
    sure: Sequence[Any]
    sure_recall: float
    training: Sequence[Any]
    sampled_pairs: float = 1e6
    training_pairs: float | None = None


def _common(comparison: Any) -> Any:
    """Agreement on a rare value says more than on a common one."""
    return comparison.configure(term_frequency_adjustments=True)


_FAKE = Setup(
    prepare="select uid, first_name, surname, dob, city, email from received",
    comparisons=lambda: [
        _common(compare.NameComparison("first_name")),
        _common(compare.NameComparison("surname")),
        compare.DateOfBirthComparison("dob", input_is_string=True),
        _common(compare.ExactMatch("city")),
        compare.EmailComparison("email"),
    ],
    # The list is small enough to compare every pair. Four rules of equality (first name and city, surname, birth date,
    # mailbox) give an F1 that is 0.04 less.
    blocks=["1=1"],
    sure=[block_on("first_name", "surname", "dob"), block_on("email")],
    sure_recall=0.7,
    training=[block_on("first_name", "surname"), block_on("dob")],
)

_FEBRL = Setup(
    prepare="""
        select uid, given_name, surname, date_of_birth, soc_sec_id, street_number, address_1, suburb, postcode
        from received
    """,
    comparisons=lambda: [
        _common(compare.NameComparison("given_name")),
        _common(compare.NameComparison("surname")),
        compare.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
        compare.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
        compare.LevenshteinAtThresholds("street_number", 1),
        _common(compare.JaroWinklerAtThresholds("address_1", [0.95, 0.85])),
        _common(compare.JaroWinklerAtThresholds("suburb", [0.9])),
        _common(compare.DamerauLevenshteinAtThresholds("postcode", [1, 2])),
    ],
    blocks=[
        block_on("soc_sec_id"),
        block_on("date_of_birth"),
        block_on("given_name", "surname"),
        block_on("surname", "postcode"),
        block_on("address_1"),
        block_on("substr(given_name, 1, 3)", "substr(surname, 1, 4)"),
        block_on("street_number", "address_1"),
        block_on("postcode", "street_number"),
        block_on("given_name", "postcode"),
        "l.given_name = r.surname and l.surname = r.given_name",
    ],
    sure=[block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")],
    sure_recall=0.9,
    training=[block_on("date_of_birth"), block_on("postcode")],
)

_STREET_WORDS = "street|st|avenue|ave|boulevard|blvd|road|rd|drive|dr|lane|ln|place|pl|court|ct|parkway|pkwy|circle|cir"


def _tidy(column: str) -> str:
    """Lower case, letters and digits only, one space between words; null when nothing is left."""
    bare = f"regexp_replace(lower(strip_accents({column})), '[^a-z0-9]+', ' ', 'g')"
    return f"nullif(trim({bare}), '')"


def _street(column: str) -> str:
    """The name of the street, without house number, direction, kind and what follows."""
    bare = f"regexp_replace({_tidy(column)}, '^[0-9]+ *', '')"
    words = rf"\b({_STREET_WORDS}|n|s|e|w|north|south|east|west|chicago|il|[0-9]+)\b"
    without = f"regexp_replace({bare}, '{words}', '', 'g')"
    return f"nullif(trim(regexp_replace({without}, ' +', ' ', 'g')), '')"


def _number(column: str) -> str:
    return f"nullif(regexp_extract({_tidy(column)}, '^[0-9]+'), '')"


def _address() -> Any:
    """Number, street, postcode and, of companies, city as one comparison: alone each would count again."""
    return compare.CustomComparison(
        output_column_name="address",
        comparison_levels=[
            levels.And(levels.NullLevel("street"), levels.NullLevel("postcode")),
            levels.CustomLevel("number_l = number_r and street_l = street_r", "same house"),
            levels.CustomLevel("number_l = number_r and postcode_l = postcode_r", "same number and postcode"),
            levels.CustomLevel("street_l = street_r and postcode_l = postcode_r", "same street"),
            levels.ExactMatchLevel("postcode"),
            levels.ExactMatchLevel("city", term_frequency_adjustments=True),
            levels.ElseLevel(),
        ],
    )


def _digits(column: str, count: int) -> str:
    bare = f"regexp_replace({column}, '[^0-9]', '', 'g')"
    return f"case when length({bare}) >= {count} then right({bare}, {count}) end"


def _name_by_tokens() -> Any:
    """Names that hold the same words, or one that holds all words of the other."""
    shared = "len(list_intersect(tokens_l, tokens_r)) * 1.0 / len(list_distinct(list_concat(tokens_l, tokens_r)))"
    return compare.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            levels.NullLevel("name"),
            levels.ExactMatchLevel("name", term_frequency_adjustments=True),
            levels.CustomLevel("list_has_all(tokens_l, tokens_r) or list_has_all(tokens_r, tokens_l)", "all words"),
            levels.JaroWinklerLevel("name", 0.92),
            levels.CustomLevel(f"{shared} >= 0.5", "half of the words"),
            levels.JaroWinklerLevel("name", 0.8),
            levels.ElseLevel(),
        ],
    )


def _name_by_shared_words() -> Any:
    """By the count of words that names share: of one firm's companies it is one, of one company nearly all."""
    shared = "len(list_intersect(tokens_l, tokens_r))"
    return compare.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            levels.NullLevel("name"),
            levels.ExactMatchLevel("name", term_frequency_adjustments=True),
            levels.LevenshteinLevel("name", 2),
            levels.CustomLevel("list_has_all(tokens_l, tokens_r) or list_has_all(tokens_r, tokens_l)", "all words"),
            levels.JaroWinklerLevel("name", 0.92),
            levels.CustomLevel(f"{shared} >= 2", "two words"),
            levels.CustomLevel(f"{shared} >= 1", "one word"),
            levels.ElseLevel(),
        ],
    )


_SITES = Setup(
    prepare=rf"""
        select
            uid, {_tidy("name")} as name, list_distinct(string_split({_tidy("name")}, ' ')) as tokens,
            {_number("address")} as number, {_street("address")} as street, left(zip, 5) as zip,
            {_digits("phone", 7)} as phone
        from received
    """,
    # The postcode says what the street says already: as a comparison of its own it makes the result worse.
    comparisons=lambda: [
        _name_by_tokens(),
        _common(compare.ExactMatch("number")),
        _common(compare.JaroWinklerAtThresholds("street", [0.92, 0.8])),
        _common(compare.DamerauLevenshteinAtThresholds("phone", [1])),
    ],
    blocks=[
        block_on("name"),
        block_on("phone"),
        block_on("number", "street"),
        block_on("substr(name, 1, 6)", "zip"),
        block_on("street", "substr(name, 1, 4)"),
        block_on("number", "zip"),
        block_on("number", "substr(name, 1, 3)"),
    ],
    sure=[block_on("name", "number", "street"), block_on("number", "street", "phone")],
    sure_recall=0.6,
    training=[block_on("number", "street"), block_on("phone"), block_on("name")],
)

_PERSONS = Setup(
    prepare=rf"""
        select
            uid, {_tidy("first_name")} as first_name,
            trim(regexp_replace({_tidy("last_name")}, '\b(jr|sr)$', '')) as last_name,
            substr({_tidy("middle_name")}, 1, 1) as initial, birth_date, {_digits("phone", 10)} as phone,
            lower(email) as email, {_number("address")} as number,
            {_street("address")} as street, {_tidy("city")} as city, postcode
        from received
    """,
    comparisons=lambda: [
        _common(compare.NameComparison("first_name")),
        _common(compare.NameComparison("last_name")),
        compare.ExactMatch("initial"),
        compare.DateOfBirthComparison("birth_date", input_is_string=True),
        _common(compare.DamerauLevenshteinAtThresholds("phone", [1])),
        _common(compare.ExactMatch("email")),
        _address(),
    ],
    blocks=[
        block_on("phone"),
        block_on("email"),
        block_on("birth_date"),
        block_on("first_name", "last_name"),
        block_on("last_name", "postcode"),
        block_on("number", "street"),
        block_on("first_name", "postcode"),
        block_on("substr(first_name, 1, 2)", "substr(last_name, 1, 3)", "substr(postcode, 1, 3)"),
    ],
    sure=[block_on("first_name", "last_name", "birth_date"), block_on("email", "birth_date")],
    sure_recall=0.7,
    training=[block_on("birth_date"), block_on("first_name", "last_name")],
)

_FORMS = "llc|l l c|inc|incorporated|corp|corporation|co|company|llp|l l p|ltd|limited|pc|p c|limited liability company"
_PLAIN_NAME = (
    rf"trim(regexp_replace(regexp_replace({_tidy('''replace(name, '&', ' and ')''')}, '\b(d b a|dba) .*$', ''),"
    rf" '\b({_FORMS})$', ''))"
)

_COMPANIES = Setup(
    prepare=rf"""
        with tidied as (
            select
                *, nullif(regexp_replace({_PLAIN_NAME}, '^the ', ''), '') as plain,
                lower(coalesce(
                    nullif(regexp_replace(website, '^(https?://)?(www\.)?', ''), ''), split_part(email, '@', 2)
                )) as host
            from received
        )

        select
            uid, plain as name, list_distinct(string_split(plain, ' ')) as tokens, nullif(host, '') as domain,
            {_digits("phone", 10)} as phone, {_number("address")} as number,
            {_street("address")} as street, {_tidy("city")} as city, state, left(postcode, 5) as postcode
        from tidied
    """,
    comparisons=lambda: [
        _name_by_shared_words(),
        _common(compare.ExactMatch("domain")),
        _common(compare.ExactMatch("phone")),
        _address(),
    ],
    blocks=[
        block_on("phone"),
        block_on("domain"),
        block_on("name", "state"),
        block_on("number", "street"),
        block_on("substr(name, 1, 5)", "postcode"),
        block_on("substr(name, 1, 6)", "city"),
    ],
    sure=[block_on("name", "number", "street"), block_on("name", "phone"), block_on("name", "domain")],
    sure_recall=0.6,
    training=[block_on("domain"), block_on("phone")],
)


def _company_core(*more: Any) -> Any:
    """The standardised name without region and legal form; its brand is what tells firms of one trade apart.

    Args:
        more: Levels between the same brand and a near name.
    """
    return compare.CustomComparison(
        output_column_name="core_name",
        comparison_levels=[
            levels.NullLevel("core_name"),
            levels.ExactMatchLevel("core_name", term_frequency_adjustments=True),
            levels.ExactMatchLevel("brand", term_frequency_adjustments=True),
            *more,
            levels.JaroWinklerLevel("core_name", 0.92),
            levels.ElseLevel(),
        ],
    )


def _rich_company_core() -> Any:
    """With short names, and one other character in the brand.

    DuckDB's distances count bytes: one other Chinese character is a distance of 3 at most.
    """
    return _company_core(
        levels.CustomLevel("contains(core_name_l, core_name_r) or contains(core_name_r, core_name_l)", "shorter"),
        levels.CustomLevel("trade_l = trade_r and levenshtein(brand_l, brand_r) <= 3", "one character"),
    )


def _credit_code() -> Any:
    return compare.CustomComparison(
        output_column_name="credit_code",
        comparison_levels=[
            levels.NullLevel("credit_code"),
            levels.ExactMatchLevel("credit_code"),
            levels.DamerauLevenshteinLevel("credit_code", 2),
            levels.ElseLevel(),
        ],
    )


_CUSTOMER_COLUMNS = """
    select
        uid, core_name, brand, trade, coalesce(region, second_region) as region, legal_form,
        coalesce(branch, '') as branch, credit_code, phone, own_domain as domain, division_code
    from received
"""


def _customer_parts() -> list[Any]:
    """What is compared beside the name.

    Mailbox, contact and the rest of the address are left out: agents share them together with the phone, and as
    comparisons of their own, which the model takes to be independent, they lowered its best F1 (by 0.10 to 0.005).
    """
    return [
        _common(compare.ExactMatch("region")),
        compare.ExactMatch("legal_form"),
        compare.ExactMatch("branch"),
        _credit_code(),
        _common(compare.ExactMatch("phone")),
        _common(compare.ExactMatch("domain")),
    ]


_CUSTOMERS = Setup(
    prepare=_CUSTOMER_COLUMNS,
    comparisons=lambda: [_company_core(), *_customer_parts()],
    blocks=[block_on("credit_code"), block_on("phone"), block_on("core_name"), block_on("domain")],
    sure=[block_on("credit_code"), block_on("core_name", "phone"), block_on("core_name", "region", "legal_form")],
    sure_recall=0.8,
    training=[block_on("core_name", "region"), block_on("credit_code")],
    training_pairs=5e5,
)

_BEST_CUSTOMERS = Setup(
    prepare=_CUSTOMER_COLUMNS,
    comparisons=lambda: [_rich_company_core(), *_customer_parts()],
    blocks=_CUSTOMERS.blocks,
    sure=_CUSTOMERS.sure,
    sure_recall=0.95,
    training=[*_CUSTOMERS.training, block_on("phone")],
)

# Of 100,000 records its best F1 is 0.003 less, but at the usual threshold it is 0.05 more.
_DEFAULT_CUSTOMERS = replace(
    _BEST_CUSTOMERS,
    comparisons=lambda: [_rich_company_core(), *_customer_parts(), compare.ExactMatch("division_code")],
)

SETUPS: Mapping[str, Setup] = {
    "febrl": _FEBRL,
    "fake_1000": _FAKE,
    "sites": _SITES,
    "persons": _PERSONS,
    "companies": _COMPANIES,
    "customers_fast": _CUSTOMERS,
    "customers_best": _BEST_CUSTOMERS,
    "customers_at_default": _DEFAULT_CUSTOMERS,
}
