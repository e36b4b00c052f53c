"""SQL expressions for a column's text as raw received it, and for the same text in the form that PostgreSQL casts."""

from __future__ import annotations

from cockpit.rulebook.sources import Entity, SourceColumn
from cockpit.rulebook.sources.text_formats import EXCEL_SERIAL, ISO, NumberFormat, date_pattern

# Of no type: what does not have a declared form must not be guessed by PostgreSQL.
_MISFIT = "'?'"

# Excel counts a 29 February 1900 that did not exist, so days before 1 March are wrong in its own files; 9999-12-31.
_FIRST_SERIAL = 61
_AFTER_LAST_SERIAL = 2_958_466

_LONGEST_VALUE = 100
_NUMBERS_END = "1e30"
_FIRST_DAY, _LAST_DAY = "0001-01-01", "9999-12-31"
_WORDS_OF_TIME = "now|today|tomorrow|yesterday|epoch|infinity|allballs"


def received_text(entity: Entity, received: str) -> str:
    """The column's text in a raw row: under its own name, else under a synonym.

    Trimmed; null when empty or when the entity says that the text stands for nothing. A dotted name reaches into
    nested objects where no field has the whole name.
    """
    texts = []
    for name in (received, *entity.columns[received].synonyms):
        paths = [f"payload ->> {quoted(name)}"]
        if "." in name:
            # JSON's null and an empty step of the path find nothing.
            paths.append(f"payload #>> string_to_array({quoted(name)}, '.')")
        for path in paths:
            text = f"nullif(btrim({path}), '')"
            for nothing in filter(None, entity.null_values):
                text = f"nullif({text}, {quoted(nothing)})"
            texts.append(text)
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


def castable_text(text: str, column: SourceColumn, entity: Entity) -> str:
    """The same value as PostgreSQL writes it, `?` when it has none of the declared forms, null when there is none."""
    if column.formats:
        forms = [_form(text, name) for name in column.formats]
        return f"coalesce({', '.join(forms)}, case when {text} is not null then {_MISFIT} end)"
    numbers = column.numbers or entity.numbers
    if numbers and column.type in ("bigint", "integer", "numeric"):
        return _number(text, numbers)
    return text


def fits_type(text: str, kind: str) -> str:
    """SQL that says whether a text is a value of a type that sums and comparisons can go on with; null for null.

    PostgreSQL also takes what no business means: NaN and infinity, which every sum with them becomes, years at the
    end of its range, which the next addition leaves, and words for the present day, which is another one tomorrow.
    """
    valid = f"char_length({text}) <= {_LONGEST_VALUE} and pg_input_is_valid({text}, {quoted(kind)})"
    match kind:
        case "numeric":
            usable = f"abs(cast({text} as numeric)) < {_NUMBERS_END}"
        case "date" | "timestamptz":
            usable = (
                f"cast({text} as {kind}) between '{_FIRST_DAY} UTC' and '{_LAST_DAY} 23:59:59 UTC'"
                f" and {text} !~* '{_WORDS_OF_TIME}'"
            )
        case _other:
            return f"({valid})"
    return f"case when {valid} then {usable} when {text} is not null then false end"


def quoted(text: str) -> str:
    """An SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _form(text: str, name: str) -> str:
    """The text in ISO form when it has this form; null when not."""
    if name == EXCEL_SERIAL:
        # Nested, because only case promises that the cast waits for the test.
        return (
            f"case when {text} ~ '^[0-9]{{1,7}}([.][0-9]{{1,15}})?$' then"
            f" case when cast({text} as numeric) >= {_FIRST_SERIAL} and cast({text} as numeric) < {_AFTER_LAST_SERIAL}"
            " then cast(timestamp '1899-12-30 00:00:00'"
            f" + round(cast({text} as numeric) * 86400) * interval '1 second' as text) end end"
        )
    if name == ISO:
        return f"case when {text} ~ '^[0-9]{{4}}-' then {text} end"
    pattern = date_pattern(name)
    return (
        f"case when {text} ~ {quoted(pattern.expression)}"
        f" then regexp_replace({text}, {quoted(pattern.expression)}, {quoted(pattern.replacement)}) end"
    )


def _number(text: str, numbers: NumberFormat) -> str:
    plain = f"replace({text}, {quoted(numbers.thousands)}, '')" if numbers.thousands else text
    plain = f"replace({plain}, {quoted(numbers.decimal)}, '.')" if numbers.decimal != "." else plain
    return f"case when {text} ~ {quoted(numbers.expression)} then {plain} when {text} is not null then {_MISFIT} end"
