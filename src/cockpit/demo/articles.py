"""Articles and the lists that they stand in, each under numbers of its own and written in its own way.

The ERP's products, and parts that it does not sell. An article in another size, material or design is another article,
so that most of them have near names; which records are one is known to schema truth alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.company import Company
from cockpit.demo.draw import Stream, generator
from cockpit.demo.profile_articles import ArticleList, ArticlesFile, load_articles

WAREHOUSE, DEALERS = "warehouse", ("D01", "D05")

_FIRST_PART_ID = 5001
_SLIP, _LEFT_OUT = "slip", "left_out"


@dataclass(frozen=True)
class Article:
    """An article as it is.

    Attributes:
        article_id: The ERP's number of a product; numbers of their own for parts.
        size, mark: As the catalogue writes them; empty where it has none.
    """

    article_id: int
    name_zh: str
    name_en: str
    size: str
    mark: str
    category: str
    unit: str


def make_articles(company: Company, rules: ArticlesFile | None = None) -> list[Article]:
    """All articles, the ERP's products first."""
    rules = rules or load_articles()
    sold = [
        (category, family, variant)
        for category in company.profile.categories
        for family in category.families
        for variant in category.variants
    ]
    ids = company.products["product_id"].tolist()
    articles = [
        Article(
            article_id,
            family.name_zh,
            family.name_en,
            "" if variant in rules.marks else variant,
            variant if variant in rules.marks else "",
            category.category,
            "台",
        )
        for article_id, (category, family, variant) in zip(ids, sold, strict=True)
    ]
    parts = [(part, size, mark) for part in rules.parts for size in part.sizes for mark in part.marks or ("",)]
    articles += [
        Article(_FIRST_PART_ID + number, part.name_zh, part.name_en, size, mark, part.category, part.unit)
        for number, (part, size, mark) in enumerate(parts)
    ]
    return articles


def list_rows(company: Company, keeper: str, rules: ArticlesFile | None = None) -> pd.DataFrame:
    """A keeper's list.

    Returns:
        key (its own number), name, other_name (in the other language; None), size (with the mark), unit,
        article_id, family and variant (what is wrong with the row; None).
    """
    rules = rules or load_articles()
    kept = rules.list_of(keeper)
    rng = generator(company.seed, Stream.ARTICLES, [each.list for each in rules.article_lists].index(keeper))
    articles = make_articles(company, rules)
    chosen = np.sort(rng.permutation(len(articles))[: round(len(articles) * kept.share)]).tolist()
    numbers = rng.permutation(10**kept.digits - 1)[: len(chosen)] + 1
    rows = [
        {"key": f"{kept.prefix}{number:0{kept.digits}d}", **_row(rng, articles[place], kept, rules)}
        for place, number in zip(chosen, numbers.tolist(), strict=True)
    ]
    listed = pd.DataFrame(rows, dtype=object)
    return listed.where(listed.notna(), None)


def article_truth(company: Company) -> pd.DataFrame:
    """Grain: one row per record of an article in any system; columns as truth.product."""
    products = {article.article_id: article.name_en for article in make_articles(company)}
    erp = company.products
    known: list[tuple[str, str, list[str], list[int], list[str | None] | None]] = [
        ("erp", "product", erp["product_id"].astype(str).tolist(), erp["product_id"].tolist(), None),
        ("trade_fair", "price_list", erp["product_code"].tolist(), erp["product_id"].tolist(), None),
    ]
    for keeper, system, entity in (
        (WAREHOUSE, "scm", "material"),
        *((each, "distributors", "article") for each in DEALERS),
    ):
        rows = list_rows(company, keeper)
        known.append((system, entity, rows["key"].tolist(), rows["article_id"].tolist(), rows["variant"].tolist()))
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "system": system,
                    "entity": entity,
                    "key": keys,
                    "true_product_id": ids,
                    "family": [products[number] for number in ids],
                    "variant": variants if variants is not None else [None] * len(keys),
                }
            )
            for system, entity, keys, ids, variants in known
        ],
        ignore_index=True,
    )


def _row(rng: np.random.Generator, article: Article, kept: ArticleList, rules: ArticlesFile) -> dict[str, object]:
    draws = rng.random(3)
    picks = rng.integers(0, 1 << 20, 3).tolist()
    is_zh = kept.language == "zh"
    name, other = (article.name_zh, article.name_en) if is_zh else (article.name_en, article.name_zh)
    variant = None
    if draws[0] < kept.slip_share:
        name, variant = _with_slip(name, picks[0]), _SLIP
    mark = ""
    if article.mark:
        spelling = rules.marks[article.mark]
        spellings = spelling.zh if is_zh else spelling.en
        mark = spellings[picks[1] % len(spellings)]
        if variant is None and draws[1] < kept.left_out_share:
            mark, variant = "", _LEFT_OUT
    return {
        "name": name,
        "other_name": other if draws[2] < kept.both_languages_share else None,
        "size": " ".join(filter(None, (_STYLES[picks[2] % len(_STYLES)](article.size), mark))),
        "unit": article.unit if is_zh else "pcs",
        "article_id": article.article_id,
        "family": article.name_en,
        "variant": variant,
    }


def _with_slip(name: str, pick: int) -> str:
    """The name with one of its signs twice, never the first one."""
    place = 1 + pick % (len(name) - 1)
    return name[:place] + name[place] + name[place:]


def _tight(size: str) -> str:
    return size.replace(" ", "") if size.count(" ") == 1 else size


def _starred(size: str) -> str:
    return size.replace("×", "*")


def _spaced(size: str) -> str:
    return re.sub(r"^(M\d+)×(\d+)$", r"\1 x \2 mm", size).replace("×", " x ").replace("°C", "℃")


def _wide(size: str) -> str:
    return size.translate(_FULL_WIDTH)


_FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(ord("0"), ord("9") + 1)})


def _other_unit(size: str) -> str:
    """The same in another unit: 600 kPa, 500 cm, M8 x 2 cm."""
    found = re.fullmatch(r"([\d.]+) (MPa|m)|(.*×)(\d+)(?: mm)?|(\d+) mm", size)
    if found is None or re.fullmatch(r"[\d.]+×.*", size):
        return size
    number, unit, before, last, alone = found.groups()
    if unit == "MPa":
        return f"{float(number) * 1000:.0f} kPa"
    if unit == "m":
        return f"{float(number) * 100:.0f}cm"
    return f"{before}{int(last) / 10:g} cm" if last else f"{int(alone) / 10:g}cm"


_STYLES: tuple[Callable[[str], str], ...] = (str, _tight, _starred, _spaced, _wide, _other_unit)
