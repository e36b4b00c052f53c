"""The page for those who connect a form: its address, fields and an example, in both languages, without scripts."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Iterator
from html import escape

from cockpit.i18n import LANGUAGES, _
from cockpit.intake import auth
from cockpit.intake.credentials import form_sources
from cockpit.intake.describe import example_of
from cockpit.rulebook.sources import FormEntity, FormSource
from cockpit.rulebook.workspace import Workspace

_STYLE = """
body { font: 15px/1.5 system-ui, "Noto Sans SC", "Microsoft YaHei", sans-serif; color: #1d2b36; margin: 0 auto;
       max-width: 62rem; padding: 1.5rem; }
nav { float: right } h2 { margin-top: 2.5rem; border-bottom: 1px solid #c8d3dc }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #e3e9ee }
pre { background: #f3f6f8; padding: .8rem; overflow-x: auto } code { background: #f3f6f8 }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'"


def render(workspace: Workspace, lang: str, address: str) -> tuple[str, str]:
    """The page as HTML and its content security policy.

    Args:
        lang: `en` or `zh`; English for anything else.
        address: Where the intake is reached, without a slash at the end.
    """
    chosen = lang if lang in LANGUAGES else LANGUAGES[0]
    title = _("Forms of {company}", chosen, company=_title(workspace.settings, chosen))
    links = " · ".join(
        f'<a href="?lang={each}">{name}</a>' for each, name in zip(LANGUAGES, ("English", "中文"), strict=True)
    )
    intro = _(
        "A 2xx answer means that the submission is stored. Repeat a post under the same Idempotency-Key, and it is"
        " stored once.",
        chosen,
    )
    sections = [
        part
        for source in form_sources(workspace)
        for form in source.entities
        for part in _section(source, form, chosen, address)
    ]
    text = (
        f'<!doctype html><html lang="{chosen}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f'<nav>{links} · <a href="openapi.json">OpenAPI</a></nav><h1>{escape(title)}</h1><p>{escape(intro)}</p>'
        f"{''.join(sections)}</body></html>"
    )
    return text, POLICY


def _section(source: FormSource, form: str, lang: str, address: str) -> Iterator[str]:
    entity = source.entities[form]
    url = f"{address}/forms/{source.source}/{form}"
    rate = entity.rate_per_minute
    limits = _(
        "At most {bytes} bytes, {client} posts per minute from one address, {form} altogether.",
        lang,
        bytes=entity.max_bytes,
        client=rate.client,
        form=rate.form,
    )
    unknown = (
        _("Other fields are refused.", lang) if source.drift_of(form) == "stop" else _("Other fields are kept.", lang)
    )
    yield f"<h2>{escape(_title(entity, lang))}</h2><p><code>POST {escape(url)}</code></p>"
    yield f"<p>{escape(limits)} {escape(unknown)}</p>"
    heads = (_("Field", lang), _("Meaning", lang), _("Type", lang), _("Needed", lang), _("Allowed", lang))
    yield f"<table><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>"
    for name, column in entity.fields.items():
        is_needed = column.required or name == entity.consent
        allowed = ", ".join(column.values) or (str(column.max_length) if column.type == "text" else "")
        cells = (
            name,
            column.description_zh if lang == "zh" else column.description,
            column.type,
            _("yes", lang) if is_needed else "",
            "true" if name == entity.consent else allowed,
        )
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    yield f"</table><pre>{escape(_example(entity, url))}</pre>"


def _example(entity: FormEntity, url: str) -> str:
    """The post as a command for a shell that has the secret in $SECRET."""
    body = shlex.quote(json.dumps(example_of(entity), ensure_ascii=False))
    if entity.auth.kind == "key":
        return (
            f"curl {url} \\\n  -H 'Content-Type: application/json' \\\n"
            f'  -H "{auth.KEY_HEADER}: $SECRET" \\\n  -d {body}'
        )
    return (
        f"body={body}\ntime=$(date +%s)\n"
        'signature=$(printf %s "$time.$body" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d" " -f1)\n'
        f"curl {url} \\\n  -H 'Content-Type: application/json' \\\n"
        f'  -H "{auth.TIMESTAMP_HEADER}: $time" -H "{auth.SIGNATURE_HEADER}: $signature" \\\n  -d "$body"'
    )


def _title(titled: object, lang: str) -> str:
    return str(getattr(titled, "title_zh" if lang == "zh" else "title"))
