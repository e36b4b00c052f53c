"""Chinese texts that Superset lacks or has wrong, put into the pack that its pages load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from flask import Flask, Response, request
from flask_login import current_user

_CORRECTIONS = Path(__file__).resolve().parent / "superset_texts.zh.yml"
_PATH = "/superset/language_pack/zh/"


def install_language_pack(app: Flask) -> None:
    """Answer the request for the Chinese pack; Superset itself would send the file that it ships."""
    pack = _corrected_pack()

    def send_pack() -> Response | None:
        if request.path != _PATH or not current_user.is_authenticated:
            return None
        answer = Response(pack, mimetype="application/json")
        answer.add_etag()
        return answer.make_conditional(request)

    app.before_request(send_pack)


def _corrected_pack() -> bytes:
    # Superset's modules can be imported only once the application exists.
    from superset.translations.utils import get_language_pack

    pack: dict[str, Any] = get_language_pack("zh") or {}
    texts = pack["locale_data"]["superset"]
    texts |= {text: [chinese] for text, chinese in yaml.safe_load(_CORRECTIONS.read_text(encoding="utf-8")).items()}
    return json.dumps(pack, ensure_ascii=False).encode()
