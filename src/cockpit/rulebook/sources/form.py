"""Forms that people or programs fill in and post to the intake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, StringConstraints, model_validator

from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule
from cockpit.rulebook.sources.base import DriftPolicy, Entity, SourceBase, SourceColumn

# A page's origin as a browser sends it; no '*', because then any page could post in a visitor's name.
Origin: TypeAlias = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?$")]

# What the intake adds to each submission; a form cannot send them.
SUBMISSION_COLUMNS: Mapping[str, Mapping[str, object]] = {
    "submission_id": {
        "type": "text",
        "required": True,
        "description": "Number that the intake gave to the submission",
        "description_zh": "表单接收服务给出的提交编号",
    },
    "received_at": {
        "type": "timestamp",
        "required": True,
        "description": "When the intake received the submission",
        "description_zh": "表单接收服务收到提交的时间",
    },
    "client_tag": {
        "type": "text",
        "description": "What the sender says about itself, such as the page or version; never an address",
        "description_zh": "提交方自报的标识，例如页面或版本，不含网络地址",
    },
    "idempotency_key": {
        "type": "text",
        "description": "Key under which the sender may repeat the submission without doubling it",
        "description_zh": "幂等键：发送方可用它重复提交而不会重复入库",
    },
}
# Kept in raw beside them, to recognise a replayed request after a restart.
SIGNATURE = "signature"
RESERVED = (*SUBMISSION_COLUMNS, SIGNATURE)


class FormColumn(SourceColumn):
    """One field of a form.

    Attributes:
        max_length: Longest text, in characters.
        pattern: Regular expression that the whole text has to fit.
        example: What a right value looks like; shown on the page for those who connect the form.
    """

    max_length: int = Field(default=500, ge=1, le=20_000)
    pattern: str | None = None
    example: str | None = None

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise MisfitError(_("is not a regular expression"), "pattern") from error
        return self


class FormAuth(Rule):
    """How the sender shows that it may post.

    Attributes:
        kind: `key`, a secret in a header, also for pages in a browser, where it is no secret and origins and rate
            limits protect the form; `hmac`, a signature of time and body, for servers.
        secret: Name of the secret, see docs/how-to/add-a-form.md; `<source>__<form>` when absent.
    """

    kind: Literal["key", "hmac"] = "key"
    secret: str | None = Field(default=None, pattern=IDENTIFIER)


class FormRate(Rule):
    """Posts that are taken per minute.

    Attributes:
        client: From one network address.
        form: Altogether.
    """

    client: int = Field(default=60, ge=1)
    form: int = Field(default=6_000, ge=1)


class FormEntity(Entity):
    """One form; the intake adds the columns submission_id, received_at, client_tag and idempotency_key.

    Attributes:
        key: Always the submission.
        columns: The form's fields.
        auth: How a sender shows that it may post.
        max_bytes: Largest body.
        rate_per_minute: Posts that are taken per minute.
        origins: Pages that may post from a browser, such as https://www.example.com; none when only servers post.
        consent: Boolean field that must be true, because without the person's consent nothing may be stored.
    """

    title: str = Field(min_length=2)
    title_zh: str = Field(min_length=2)
    key: tuple[Literal["submission_id"]] = ("submission_id",)
    columns: dict[str, FormColumn] = Field(min_length=1)  # type: ignore[assignment]  # nobody writes into it
    auth: FormAuth = FormAuth()
    max_bytes: int = Field(default=65_536, ge=256, le=1_048_576)
    rate_per_minute: FormRate = FormRate()
    origins: tuple[Origin, ...] = ()
    consent: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_submission_columns(cls, data: Any) -> Any:
        columns = data.get("columns") if isinstance(data, dict) else None
        if not isinstance(columns, dict):
            return data
        taken = [name for name in RESERVED if name in columns]
        if taken:
            raise MisfitError(_("is a column that the intake fills"), "columns", taken[0])
        return {**data, "columns": {**SUBMISSION_COLUMNS, **columns}}

    @model_validator(mode="after")
    def _known_consent(self) -> Self:
        if self.consent is not None:
            column = self.columns.get(self.consent)
            if column is None or column.type != "boolean":
                fields = [name for name, each in self.fields.items() if each.type == "boolean"]
                raise MisfitError(_("does not name a boolean field"), "consent", allowed=", ".join(fields))
        return self

    @property
    def fields(self) -> dict[str, FormColumn]:
        """What the sender fills in: the columns without the intake's own."""
        return {name: column for name, column in self.columns.items() if name not in SUBMISSION_COLUMNS}


class FormSource(SourceBase):
    """Forms that are posted to the intake; rows come by themselves, so there is no schedule."""

    connector: Literal["form"]
    schedule: None = None
    entities: dict[str, FormEntity] = Field(min_length=1)

    @model_validator(mode="after")
    def _consented(self) -> Self:
        if self.personal_data and self.personal_data.basis == "consent":
            for name, form in self.entities.items():
                if form.consent is None:
                    raise MisfitError(
                        _("personal data rest on consent, and the form does not ask for it"),
                        "entities",
                        name,
                        allowed=_("consent: <boolean field>"),
                    )
        return self

    def secret_of(self, form: str) -> str:
        """Name of the secret by which a sender of this form is known."""
        return self.entities[form].auth.secret or f"{self.source}__{form}"

    def drift_of(self, form: str) -> DriftPolicy:
        """What happens to fields that the form does not have."""
        return self.entities[form].drift or self.drift
