"""The description of articles in lists besides the ERP's: `include/rules/demo/articles.yml`."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from pydantic import Field

from cockpit.demo.profile import FOLDER, Family, Share
from cockpit.rulebook.files import Rule, load


class PartFamily(Family):
    """Parts that the ERP does not sell: one in each size and each material or finish."""

    category: str
    unit: str
    sizes: tuple[str, ...] = Field(min_length=1)
    marks: tuple[str, ...] = ()


class MarkSpelling(Rule):
    """How a material, finish or design is written in either language."""

    zh: tuple[str, ...] = Field(min_length=1)
    en: tuple[str, ...] = Field(min_length=1)


class ArticleList(Rule):
    """A list of articles under numbers of its keeper.

    Attributes:
        list: Who keeps it.
        language: What most of its names are in.
        prefix, digits: Of its numbers.
        share: Of the articles, that are in it.
        both_languages_share: Of its rows, that have a name in the other language too.
        slip_share: Of its rows, whose name has a slip of the pen.
        left_out_share: Of its rows, whose material or design is left out.
    """

    list: str
    language: Literal["zh", "en"]
    prefix: str
    digits: int = Field(ge=1)
    share: Share
    both_languages_share: Share
    slip_share: Share
    left_out_share: Share


class ArticlesFile(Rule):
    """Contents of articles.yml."""

    version: int
    parts: tuple[PartFamily, ...]
    marks: dict[str, MarkSpelling]
    article_lists: tuple[ArticleList, ...]

    def list_of(self, keeper: str) -> ArticleList:
        """The list of one keeper."""
        return next(each for each in self.article_lists if each.list == keeper)


@functools.cache
def load_articles(folder: Path = FOLDER) -> ArticlesFile:
    """Read the description.

    Raises:
        RuleFileError: the file is missing or wrong, with file and line.
    """
    return load(folder / "articles.yml", ArticlesFile)
