"""`cockpit match` on lists that are bad: bounded time and memory, a right result, and a word about what was bad."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest

from cockpit.cli.output import width
from cockpit.rulebook.workspace import REPOSITORY

HEADER = ("id", "first_name", "surname", "birth_date", "phone", "email", "address")
# Safety nets, not measurements: nothing here may take the square of the list, which would be hours. Seconds of the
# processor, because the clock depends on what else the machine does; a core that two processes share counts twice.
MOST_SECONDS = 300
MOST_MEMORY_MB = 3_000

# Runs the command as it is typed; its last line says how much memory it took. The system ends it at the limit.
_PROGRAM = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({MOST_SECONDS}, {MOST_SECONDS}))
from cockpit.cli import main
code = main.main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Done:
    """What the command did.

    Attributes:
        sizes: Records of each group, the largest first.
    """

    text: str
    error: str
    memory_mb: int
    sizes: list[int]


Match = Callable[..., Done]


@pytest.fixture
def match(tmp_path: Path) -> Match:
    def run(path: Path, *options: object, rules: str = "persons", code: int = 0, lang: str = "en") -> Done:
        out = tmp_path / "clusters.csv"
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                _PROGRAM,
                "match",
                str(path),
                "--rules",
                rules,
                "--out",
                str(out),
                *map(str, options),
            ],
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY / "src"),
                "COLUMNS": "80",
                "COCKPIT_LANG": lang,
                "PYTHONIOENCODING": "utf-8",
            },
            capture_output=True,
            encoding="utf-8",
            timeout=10 * MOST_SECONDS,
            check=False,
        )
        assert done.returncode == code, done.stderr
        error, _line, memory = done.stderr.rstrip().rpartition("\n")
        # A path may be longer than a line.
        wide = [line for line in done.stdout.splitlines() if width(line) > 80 and str(tmp_path) not in line]
        assert wide == []
        assert "\x1b" not in done.stdout + done.stderr
        return Done(done.stdout, error, int(memory), group_sizes(out) if code == 0 else [])

    return run


def group_sizes(path: Path) -> list[int]:
    with path.open(encoding="utf-8", newline="") as file:
        names = sorted(row["cluster_id"] for row in csv.DictReader(file))
    return sorted((len(list(group)) for _name, group in groupby(names)), reverse=True)


def write(
    path: Path, rows: Iterable[Sequence[object]], header: Sequence[str] = HEADER, encoding: str = "utf-8"
) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def people(count: int, seed: int = 1) -> list[tuple[str, ...]]:
    """Different persons, each with a phone, mailbox and address of their own."""
    random_ = random.Random(seed)

    def name() -> str:
        return "".join(random_.choice("bcdfglmnprst") + random_.choice("aeiou") for _ in range(3)).title()

    return [
        (
            f"p{n}", name(), name(), f"{1930 + random_.randrange(80)}-{n % 12 + 1:02d}-{n % 28 + 1:02d}",
            f"{13_000_000_000 + n * 7_919_317 % 999_999_937}", f"{name()}{n}@{name()}{n % 977}.example",
            f"{n % 311 + 1} {name()} Road",
        )
        for n in range(count)
    ]  # fmt: skip


ANNA = ("Anna", "Kowalska", "1980-01-02", "13800138000", "anna@kowalska.example", "1 Main Street")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_one_phone_mailbox_and_address_for_a_hundred_thousand(match: Match, tmp_path: Path, lang: str) -> None:
    count = 100_000 if lang == "en" else 2_500
    agent = ("021-5555 1234", "info@agent.example", "1 Main Street")
    path = write(tmp_path / "list.csv", ((*person[:4], *agent) for person in people(count)))
    done = match(path, lang=lang)
    assert done.memory_mb < MOST_MEMORY_MB
    # Who shares a phone, a mailbox and an address is not one person.
    assert done.sizes[0] <= 3
    assert sum(size > 1 for size in done.sizes) < count / 1_000
    assert ("由超过 200 条记录共用" if lang == "zh" else "Shared by more than 200 records") in done.text
    told = [line.split(maxsplit=2) for line in done.text.splitlines() if " 021-5555 1234" in line]
    assert told == [["phone.local", f"{count:,}", "021-5555 1234"]]


@pytest.mark.parametrize(
    ("copies", "others"),
    [pytest.param(50_000, 500, id="beyond every block"), pytest.param(1_000, 500, id="all pairs compared")],
)
def test_identical_rows_are_one(match: Match, tmp_path: Path, copies: int, others: int) -> None:
    path = write(tmp_path / "list.csv", [*((f"a{n}", *ANNA) for n in range(copies)), *people(others)])
    done = match(path, "--pairs", tmp_path / "pairs.csv")
    assert done.memory_mb < MOST_MEMORY_MB
    assert done.sizes == [copies] + [1] * others
    assert f"{copies - 1:,} records repeat another one in every field." in done.text
    assert "are not joined with it" not in done.text
    assert f"The largest group has {copies:,} records" in done.text
    # A pair for each copy, not for each two of them.
    with (tmp_path / "pairs.csv").open(encoding="utf-8") as file:
        assert sum(1 for _line in file) <= 1 + copies + others


def test_a_list_that_was_pasted_a_hundred_times(match: Match, tmp_path: Path) -> None:
    persons = people(500)
    rows = [(f"{person[0]}.{copy}", *person[1:]) for copy in range(100) for person in persons]
    done = match(write(tmp_path / "list.csv", rows))
    assert done.memory_mb < MOST_MEMORY_MB
    assert done.sizes == [100] * 500


def test_rows_that_only_have_a_frequent_name(match: Match, tmp_path: Path) -> None:
    rows = [*((f"a{n}", "Anna", "", "", "", "", "") for n in range(20_000)), *people(2_000)]
    done = match(write(tmp_path / "list.csv", rows))
    assert done.memory_mb < MOST_MEMORY_MB
    # A first name alone says little: whether joined or not, it is said.
    assert "19,999 records repeat another one in every field." in done.text
    assert ("are not joined with it" in done.text) or done.sizes[0] == 20_000


@pytest.mark.parametrize("rules", ["persons", "organisations", "companies"])
def test_names_that_are_none(match: Match, tmp_path: Path, rules: str) -> None:
    header = ("id", "name", "phone", "email", "address")
    nothing = (
        "",
        "   ",
        "😀😀😀",
        "…",
        "—",
        "?",
        "\u202e\u202d",
        "\x01\x02",
        "\x1b\x1b",
        "\ufeff",
        "(())",
        "\u3000",
        "'",
    )
    rows = [(f"n{n}", nothing[n % len(nothing)], "", "", "") for n in range(13_000)]
    rows += [(f"o{n}", f"{one[1]} {one[2]} Ltd", *one[4:]) for n, one in enumerate(people(200))]
    done = match(write(tmp_path / "list.csv", rows, header), rules=rules)
    assert done.memory_mb < MOST_MEMORY_MB
    # Who is called nothing is not one with others who are called nothing.
    assert done.sizes == [1] * len(rows)
    assert "13,000 records say nothing in any field that is compared" in done.text
    assert "Without a letter or digit, which counts as nothing: " in done.text


@pytest.mark.parametrize("rules", ["persons", "organisations", "companies"])
def test_names_of_ten_kilobytes(match: Match, tmp_path: Path, rules: str) -> None:
    header = ("id", "name", "phone", "email", "address")
    random_ = random.Random(5)

    def long(letters: str) -> str:
        return "".join(random_.choices(letters, k=10_000))

    rows = [(f"l{n}", long("abcdefgh "), long("12"), long("xyz@."), long("甲乙丙丁1号 ")) for n in range(500)]
    rows += [(f"s{n}", "x" * 10_000 + str(n), "", "", "") for n in range(500)]
    rows += [(f"o{n}", f"{one[1]} {one[2]} Ltd", *one[4:]) for n, one in enumerate(people(200))]
    done = match(write(tmp_path / "list.csv", rows, header), rules=rules)
    assert done.memory_mb < MOST_MEMORY_MB
    assert len(rows) == sum(done.sizes)
    # What differs lies beyond what is read; the others differ within.
    assert done.sizes[0] <= 500
    assert "Too long, so that only the first 400 characters are compared: " in done.text


def test_columns_that_are_empty_throughout(match: Match, tmp_path: Path) -> None:
    done = match(write(tmp_path / "list.csv", [(*one[:4], "", one[5], "") for one in people(300)]))
    assert "Empty throughout and not compared: phone, address" in done.text
    assert done.sizes == [1] * 300
    nothing = match(write(tmp_path / "list.csv", [(f"n{n}", *[""] * 6) for n in range(5_000)]))
    assert "5,000 records say nothing in any field that is compared; each stays by itself." in nothing.text
    assert nothing.sizes == [1] * 5_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("colour,size\nred,4\n", "no column is one of the rule's fields", id="no usable column"),
        pytest.param("id,name\na,Anna\nb,Bert\na,Anna\n", "list.csv:4: the id in column 'id' stands in line 2 too", id="ids twice"),
        pytest.param("name\n\n\n", "the file has no records", id="blank lines"),
        pytest.param("\x00\x00\x00\x00\n\x00\x00", "list.csv:1: the header cannot be read", id="zeros"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_files_that_are_no_lists_are_refused(match: Match, tmp_path: Path, text: str, message: str, lang: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    done = match(path, code=1, lang=lang)
    assert (message in done.error) == (lang == "en"), done.error
    assert not (tmp_path / "clusters.csv").exists()


def test_a_truth_about_other_records_too(match: Match, tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", [*((f"a{n}", *ANNA) for n in range(2)), *people(100)])
    truth = tmp_path / "truth.csv"
    truth.write_text("source_id,cluster\na0,x\na1,x\nnobody,x\nnobody else,y\n", encoding="utf-8")
    done = match(path, "--truth", truth)
    assert [line.split()[-1] for line in done.text.splitlines() if "lines about other records" in line] == ["2"]
    assert [line.split()[-1] for line in done.text.splitlines() if line.startswith(("precision", "recall"))] == [
        "1.0000", "1.0000",
    ]  # fmt: skip


CHINESE = [("1", "上海华东仪表有限公司"), ("2", "上海华东仪表有限公司"), ("3", "沈阳北方阀门厂")]
# Big5 has no simplified characters.
_TRADITIONAL = str.maketrans("华东仪贸厂阳门广阀沈", "華東儀貿廠陽門廣閥瀋")


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        pytest.param("gb18030", None, id="found out"),
        pytest.param("utf-16", None, id="marked"),
        pytest.param("utf-8-sig", None, id="marked as utf-8"),
        pytest.param("big5", "big5", id="declared"),
    ],
)
def test_encodings(match: Match, tmp_path: Path, encoding: str, declared: str | None) -> None:
    names = [*CHINESE, *((str(n), f"广州第{n}贸易行") for n in range(4, 60))]
    rest = [people(1)[0], *people(len(names) - 1)]
    rows = [(*name, *one[4:]) for name, one in zip(names, rest, strict=True)]
    if declared:
        rows = [tuple(text.translate(_TRADITIONAL) for text in row) for row in rows]
    path = write(tmp_path / "list.csv", rows, ("id", "公司", "phone", "email", "address"), encoding)
    done = match(path, *(["--encoding", declared] if declared else []), rules="companies")
    assert done.sizes[:2] == [2, 1]
    assert sum(done.sizes) == len(rows)


def test_a_wrong_encoding_is_said_or_does_no_harm(match: Match, tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", CHINESE, ("id", "公司"), encoding="gb18030")
    done = match(path, "--encoding", "utf-8", rules="companies", code=1)
    assert "list.csv" in done.error
