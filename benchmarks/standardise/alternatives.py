"""What libraries do with the same texts, in one process; prints seconds and how many texts they read, as JSON.

Reads the texts from the standard input, one per line. cn2an lies in the environment of benchmarks, the others beside
the platform.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping


def _phonenumbers() -> Callable[[str], bool]:
    import phonenumbers

    def read(text: str) -> bool:
        number = phonenumbers.parse(text, "CN")
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return phonenumbers.is_valid_number(number)

    return read


def _cn2an() -> Callable[[str], bool]:
    import cn2an

    def read(text: str) -> bool:
        cn2an.cn2an(text, "smart")
        return True

    return read


def _stdnum() -> Callable[[str], bool]:
    from stdnum.cn import uscc

    return lambda text: bool(uscc.validate(text))


READERS: Mapping[str, Callable[[], Callable[[str], bool]]] = {
    "phonenumbers": _phonenumbers,
    "cn2an": _cn2an,
    "python-stdnum": _stdnum,
}


def main() -> None:
    """Read all texts once to know which can be read, then measure those that can."""
    read = READERS[sys.argv[1]]()
    texts = sys.stdin.read().split("\n")
    readable = [text for text in texts if _is_read(read, text)]
    started = time.perf_counter()
    for text in readable:
        read(text)
    print(json.dumps({"seconds": time.perf_counter() - started, "read": len(readable), "texts": len(texts)}))


def _is_read(read: Callable[[str], bool], text: str) -> bool:
    try:
        return read(text)
    except Exception:
        # Each library has its own errors; to us they all say that the text cannot be read.
        return False


if __name__ == "__main__":
    main()
