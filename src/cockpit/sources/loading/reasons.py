"""Why a line or record is rejected; kept in ops.rejected_line in English and translated where it is shown."""

from __future__ import annotations

WRONG_FIELD_COUNT = "wrong number of fields"
UNDECODABLE = "bytes that the declared encoding does not have"
NUL_CHARACTER = "NUL character"
UNCLOSED_QUOTE = "quote that is not closed"
TEXT_AFTER_QUOTE = "text after a closing quote"
CARRIAGE_RETURN = "carriage return inside the line"
TOO_LONG = "line is too long"
EMPTY_KEY = "key is empty"
KEY_TOO_LONG = "key is too long"
NOT_JSON = "not JSON"
NOT_AN_OBJECT = "not a JSON object"
TOO_DEEP = "nested too deeply"
WRONG_WIDTH = "wrong width of the line"
ERROR_CELL = "cell with an error value"
NOT_A_LOG_LINE = "not a line of this log format"
REASONS = (
    WRONG_FIELD_COUNT,
    UNDECODABLE,
    NUL_CHARACTER,
    UNCLOSED_QUOTE,
    TEXT_AFTER_QUOTE,
    CARRIAGE_RETURN,
    TOO_LONG,
    EMPTY_KEY,
    KEY_TOO_LONG,
    NOT_JSON,
    NOT_AN_OBJECT,
    TOO_DEEP,
    WRONG_WIDTH,
    ERROR_CELL,
    NOT_A_LOG_LINE,
)
