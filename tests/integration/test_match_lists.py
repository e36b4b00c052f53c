"""`cockpit match` on lists: what it writes, what it says, and how well it finds what is known."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from cockpit.cli import main as command
from cockpit.cli.output import width
from cockpit.rulebook.workspace import REPOSITORY

EXAMPLES = REPOSITORY / "examples" / "lists"

# People who have nothing to do with each other: in a list of three records everything would be frequent.
_GIVEN = (
    "Aaron",
    "Beatrice",
    "Cedric",
    "Dolores",
    "Edmund",
    "Felicia",
    "Gustav",
    "Hilda",
    "Igor",
    "Judith",
    "Kurt",
    "Louise",
)
_FAMILY = (
    "Abbott",
    "Becker",
    "Cooper",
    "Dietrich",
    "Ellis",
    "Fischer",
    "Grant",
    "Hoffmann",
    "Irving",
    "Jansen",
    "Klein",
    "Lambert",
)
OTHERS = [
    (f"o{number}", given, family, f"{1940 + number}-{number % 12 + 1:02d}-{number * 7 % 28 + 1:02d}")
    for number, (given, family) in enumerate(
        (given, _FAMILY[(place * 5 + shift) % 12]) for shift in range(4) for place, given in enumerate(_GIVEN)
    )
]

# Two are one.
THREE = (
    "1,Anna Kowalska,1980-01-02,anna.k@b.example",
    "2,Anna Kowalska,1980-01-02,anna.k@b.example",
    "3,Jan Lis,1960-12-30,jl@c.example",
)


class Match:
    """The command as it is typed; its files lie in one folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.out = folder / "clusters.csv"
        self._capsys = capsys

    def __call__(self, *arguments: object, code: int = 0) -> str:
        self._capsys.readouterr()
        given = ["match", *map(str, arguments), "--out", str(self.out)]
        assert command.main(given) == code, self._capsys.readouterr()
        out, self.error = self._capsys.readouterr()
        return out if code == 0 else self.error

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def people(self, name: str, *lines: str, more: str = "") -> Path:
        """A list with these records, `id,name,born,email`, and the others."""
        rest = "," * more.count(",")
        others = [
            f"{n},{given} {family},{born},{family[::-1]}@{n}{given[::-1]}.example{rest}"
            for n, given, family, born in OTHERS
        ]
        return self.write(name, "\n".join([f"id,name,born,email{more}", *lines, *others, ""]))

    def groups(self) -> set[frozenset[str]]:
        """Ids of each group of at least two records, with their source where there are several."""
        found: dict[str, set[str]] = {}
        with self.out.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        several = len({row["source"] for row in rows}) > 1
        for row in rows:
            name = f"{row['source']}:{row['source_id']}" if several else row["source_id"]
            found.setdefault(row["cluster_id"], set()).add(name)
        return {frozenset(group) for group in found.values() if len(group) > 1}


@pytest.fixture
def match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Match:
    monkeypatch.setenv("COLUMNS", "80")
    return Match(tmp_path, capsys)


def assert_fits(text: str) -> None:
    """Into 80 columns, but for a path that is longer."""
    too_wide = [
        line for line in text.splitlines() if width(line) > 80 and not line.startswith(("Written:", "已写入："))
    ]
    assert too_wide == []


def figures(text: str) -> dict[str, float]:
    """The lines with a title and one number."""
    found = {}
    for line in text.splitlines():
        title, _blank, number = line.strip().rpartition("  ")
        try:
            found[title.strip()] = float(number.replace(",", ""))
        except ValueError:
            continue
    return found


def test_the_example_of_persons(match: Match) -> None:
    text = match(
        EXAMPLES / "persons.csv", "--rules", "persons", "--truth", EXAMPLES / "persons_truth.csv", "--pairs",
        match.folder / "pairs.csv",
    )  # fmt: skip
    found = figures(text)
    assert found["records"] == 40
    assert found["precision"] >= 0.85
    assert found["F1"] >= 0.8
    assert_fits(text)
    groups = match.groups()
    # Given and family name exchanged, and a slip in both.
    assert any({"M007", "M008", "M009"} <= group for group in groups)
    # Three of one name, and a father and his son at one address.
    assert not any({"M013", "M014"} <= group or {"M001", "M006"} <= group for group in groups)
    lines = match.out.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["source,source_id,cluster_id", "persons.csv,M001,persons.csv:M001"]
    assert len(lines) == 41
    with (match.folder / "pairs.csv").open(encoding="utf-8", newline="") as file:
        pairs = list(csv.DictReader(file))
    assert len([pair for pair in pairs if pair["outcome"] == "merge"]) == found["pairs in groups"]
    assert len([pair for pair in pairs if pair["outcome"] == "review"]) == found["pairs for review"]
    weights = [float(pair["weight"]) for pair in pairs]
    assert weights == sorted(weights, reverse=True)
    assert "birth_date: equal +" in pairs[0]["reasons"]


@pytest.mark.parametrize(
    ("files", "rules"),
    [(("persons.csv",), "persons"), (("companies_erp.csv", "companies_crm.csv"), "companies")],
    ids=["persons", "companies"],
)
def test_the_how_to_shows_the_fields_that_are_found(match: Match, files: tuple[str, ...], rules: str) -> None:
    shown = (REPOSITORY / "docs/how-to/match-your-own-list.md").read_text(encoding="utf-8")
    read, fields, *_figures = match(*(EXAMPLES / name for name in files), "--rules", rules).split("\n\n")
    assert read in shown
    assert fields in shown


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_example_of_companies(match: Match, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    monkeypatch.setenv("COCKPIT_LANG", lang)
    text = match(
        EXAMPLES / "companies_erp.csv", EXAMPLES / "companies_crm.csv", "--rules", "companies", "--truth",
        EXAMPLES / "companies_truth.csv",
    )  # fmt: skip
    found = figures(text)
    assert found["准确率" if lang == "zh" else "precision"] == 1
    assert found["F1"] >= 0.8
    assert_fits(text)
    erp, crm = "companies_erp.csv:", "companies_crm.csv:"
    groups = match.groups()
    assert any({erp + "E01", crm + "C01"} <= group for group in groups)
    # A branch, a sister and one brand in two trades stay apart.
    for pair in ({erp + "E02", erp + "E03"}, {erp + "E11", erp + "E12"}, {erp + "E07", erp + "E08"}):
        assert not any(pair <= group for group in groups)


def test_the_order_of_lines_and_files_says_nothing(match: Match) -> None:
    header, *lines = (EXAMPLES / "persons.csv").read_text(encoding="utf-8").splitlines()
    match(EXAMPLES / "persons.csv", "--rules", "persons")
    before = sorted(match.out.read_text(encoding="utf-8").splitlines())
    random.Random(5).shuffle(lines)
    match(match.write("persons.csv", "\n".join([header, *lines])), "--rules", "persons")
    assert sorted(match.out.read_text(encoding="utf-8").splitlines()) == before


def test_files_with_different_columns_are_matched(match: Match) -> None:
    # The one list has names in two columns, the other in one.
    half = len(OTHERS) // 2
    one = match.write(
        "one.csv",
        "id,First Name,Surname,DOB\n1,Anna,Kowalska,1980-01-02\n2,Piotr,Nowak,1975-05-06\n"
        + "".join(f"{','.join(other)}\n" for other in OTHERS[:half]),
    )
    other = match.write(
        "other.csv",
        "Name;Birthday\nKowalska Anna;02.01.1980\nJan Lis;30.12.1960\n"
        + "".join(f"{given} {family};{born}\n" for _id, given, family, born in OTHERS[half:]),
    )
    text = match(one, other, "--rules", "persons")
    assert match.groups() == {frozenset({"one.csv:1", "other.csv:2"})}
    assert "full_name   person_name  First Name + Surname, Name" in text
    assert "line number" in text


def test_rules_of_ones_own(match: Match) -> None:
    rules = match.write(
        "parts.yml",
        "fields:\n  code: {type: identifier, columns: [Part No]}\n  maker: {type: text}\n  size: {type: text}\n"
        "  label: {type: text, is_apart: true}\n",
    )
    parts = match.write(
        "parts.csv",
        "Part No,label,maker,size,x\n"
        "AB-1001,bolt,Rivet & Sons,40 x 8,1\nab1001,bolt,Rivet and Sons,40x8,2\nAB-1001,nut,Rivet & Sons,40 x 8,3\n"
        + "".join(
            f"{n * 7919 % 9000 + 1000}-{n:02d},{family},{given},{n * 31} mm,{n}\n"
            for n, (_id, given, family, _born) in enumerate(OTHERS)
        ),
    )
    text = match(parts, "--rules", rules)
    assert match.groups() == {frozenset({"2", "3"})}
    assert "Not compared: x" in text


def test_columns_can_be_named(match: Match) -> None:
    people = match.write(
        "a.csv",
        "nr,a,b,c\nx,Anna,Kowalska,1980-01-02\ny,Anna,Kowalska,1980-01-02\n"
        + "".join(f"{','.join(other)}\n" for other in OTHERS),
    )
    named = ["--map", "given_name=a", "--map", "family_name=b", "--map", "birth_date=c", "--id", "nr"]
    match(people, "--rules", "persons", *named)
    assert match.groups() == {frozenset({"x", "y"})}
    assert "no column is one of the rule's fields" in match(people, "--rules", "persons", code=1)


def test_a_field_can_be_left_out(match: Match) -> None:
    assert "postcode" in match(EXAMPLES / "persons.csv", "--rules", "persons")
    text = match(EXAMPLES / "persons.csv", "--rules", "persons", "--map", "postcode=")
    assert "Not compared: Postcode" in text


@pytest.mark.parametrize(
    ("truth", "expected"),
    [
        pytest.param("source_id,cluster\n1,a\n2,a\n3,b\n", (1.0, 1.0), id="clusters"),
        pytest.param("Unique ID;True ID\n1;a\n2;b\n3;c\n9;a\n", (0.0, 1.0), id="other names, other records"),
        pytest.param("source_id,cluster\n1,a\n3,a\n", (1.0, 0.0), id="a part of the records"),
        pytest.param("left_id,right_id\n1,2\n", (1.0, 1.0), id="pairs"),
        pytest.param("left_id,right_id\n1,2\n2,3\n", (1.0, 1 / 3), id="a chain of pairs"),
        pytest.param("unique_id_l,unique_id_r,is_match\n1,2,0\n1,3,1\n", (0.0, 0.0), id="pairs that are none"),
    ],
)
def test_truths(match: Match, truth: str, expected: tuple[float, float]) -> None:
    people = match.people("a.csv", *THREE)
    found = figures(match(people, "--rules", "persons", "--truth", match.write("truth.csv", truth)))
    assert (found["precision"], found["recall"]) == pytest.approx(expected, abs=1e-4)


def test_the_list_itself_may_say_the_truth(match: Match) -> None:
    people = match.people(
        "a.csv", *(f"{line},{thing}" for line, thing in zip(THREE, "aab", strict=True)), more=",cluster"
    )
    found = figures(match(people, "--rules", "persons", "--truth", people))
    assert (found["precision"], found["recall"], found["records with truth"]) == (1, 1, 3)


@pytest.mark.parametrize(
    ("content", "options", "code", "message"),
    [
        pytest.param(
            "id,name\n1,A B\n2,C D\n1,E F\n", [], 1,
            "a.csv:4: the id in column 'id' stands in line 2 too (found '1'). Name another column with --id",
            id="ids twice",
        ),
        pytest.param("id,name\n1,A B\n,C D\n", [], 1, "a.csv:3: the record has no id in column 'id'", id="no id"),
        pytest.param("id,name\n1,A B\n", ["--id", "nr"], 1, "found 'nr'; allowed: id, name", id="no such id column"),
        pytest.param("id,x\n1,A B\n", [], 1, "no column is one of the rule's fields (found 'id, x'; allowed: given_name", id="no field"),
        pytest.param("", [], 1, "a.csv: the file is empty", id="empty"),
        pytest.param("id,name\n", [], 1, "a.csv: the file has no records", id="no records"),
        pytest.param("id,name\n1,A\n", ["--map", "nme=name"], 2, "--map: the rule has no such field (found 'nme'; allowed: given_name", id="field"),
        pytest.param("id,name\n1,A\n", ["--map", "full_name=nme"], 2, "--map: there is no such column (found 'nme'; allowed: id, name", id="column"),
        pytest.param("id,name\n1,A\n", ["--map", "full_name"], 2, "is not of the form FIELD=COLUMN", id="form"),
        pytest.param("id,name\n1,A\n", ["--rules", "people"], 2, "no such rules (found 'people'; allowed: companies, organisations, persons, or a file", id="rules"),
        pytest.param("id,name\n1,A\n", ["--truth", "{folder}/a.csv"], 1, "the truth has no column that says which records are one", id="no truth"),
        pytest.param("id,name\n1,A\n", ["--truth", "{folder}/t.csv"], 1, "the truth names none of the records", id="another truth"),
        pytest.param("id,name\n1,A\n", ["--pairs", "{folder}/none/p.csv"], 2, "there is no such folder", id="folder"),
        pytest.param("id,name\n1,A\n", ["--pairs", "{folder}/a.csv"], 2, "it is one of the files that are read", id="over a list"),
        pytest.param("id,name\n1,A\n", ["--pairs", "{folder}/clusters.csv"], 2, "--out and --pairs name one file", id="one file"),
        pytest.param("id,name\n1,A\n", ["--encoding", "utf-8", "again"], 2, "the file is given twice", id="twice"),
    ],
)  # fmt: skip
def test_faults(match: Match, content: str, options: list[str], code: int, message: str) -> None:
    path = match.write("a.csv", content)
    match.write("t.csv", "source_id,cluster\nx,1\ny,1\n")
    rules = [] if "--rules" in options else ["--rules", "persons"]
    files = [path, path] if "again" in options else [path]
    options = [option for option in options if option != "again"]
    error = match(*files, *rules, *(option.format(folder=match.folder) for option in options), code=code)
    assert message in error
    assert not match.out.exists()


def test_malformed_lines_are_said(match: Match) -> None:
    path = match.write("a.csv", "id,name\n1,Anna Lis\n2\n3,Jan Ek\n")
    match(path, "--rules", "persons")
    assert "1 lines are no records and were left out; the first is line 3: wrong number of fields" in match.error
    assert len(match.out.read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("id,name\n1,Anna Lis\n", id="one record"),
        pytest.param("id,name,email\n1,,\n2,,\n", id="nothing in it"),
        pytest.param("id,name\n" + "".join(f"{n},Anna Lis\n" for n in range(50)), id="one name"),
        pytest.param("id,name\n1,=1+1\n2," + "x" * 10_000 + "\n3,\u202e\n", id="strange texts"),
    ],
)
def test_poor_lists_are_matched_too(match: Match, content: str) -> None:
    match(match.write("a.csv", content), "--rules", "persons", "--pairs", match.folder / "p.csv")
    assert len(match.out.read_text(encoding="utf-8").splitlines()) == len(content.splitlines())


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "rules", "least"),
    [
        pytest.param("er_splink_fake_1000/fake_1000.csv.gz", "persons", 0.94, id="fake_1000"),
        pytest.param(
            "er_dedupe_early_childhood/sites_with_true_ids.csv.gz", "organisations", 0.96, id="early childhood"
        ),
    ],
)
def test_public_lists(match: Match, real_data: Path, name: str, rules: str, least: float) -> None:
    path = real_data / name
    assert figures(match(path, "--rules", rules, "--truth", path))["F1"] >= least
