"""What strangers and customers send through the company's forms: real posts to the running intake."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests
from psycopg2.extensions import connection as PgConnection

from cockpit.demo.channels.profile import load_channels
from cockpit.demo.channels.truth import ChannelTruth, write_form_truth
from cockpit.demo.channels.world import World, texts, typed_names
from cockpit.demo.company import Company
from cockpit.demo.draw import Stream, choose, generator
from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _

logger = logging.getLogger(__name__)

SYSTEM = "web_forms"
FAKE, PLACEHOLDER = "fake_registration", "placeholder_phone"

_TIMEOUT_SECONDS = 20
_TRIES = 6
_LONGEST_WAIT_SECONDS = 15.0
_WISHES = ("quotation", "visit", "sample", "brochure")
_QUESTIONS = ("请问最新的报价单在哪里下载？", "流量计标定周期是多久？", "需要防爆证书", "能否安排技术人员上门？")


@dataclass(frozen=True)
class _Form:
    """A form as its sender knows it.

    Attributes:
        share: Of the posts.
        is_signed: Signed by HMAC; else the key is sent.
        company, contact: Its names of these fields.
    """

    share: float
    is_signed: bool
    company: str = "company"
    contact: str = "contact"
    tag: str = ""


FORMS: Mapping[str, _Form] = {
    "registration": _Form(0.56, is_signed=False, tag="www/register"),
    "sample_request": _Form(0.25, is_signed=True, tag="mini-program/2.3"),
    "account_message": _Form(0.15, is_signed=True, contact="nickname", tag="official-account"),
    # Browsers post it themselves, and the intake takes few of them per minute from one address.
    "campaign_page": _Form(0.04, is_signed=False, tag="h5/expo"),
}


@dataclass(frozen=True)
class Submission:
    """One post.

    Attributes:
        key: Its idempotency key; a repeated post has the key and the fields of an earlier one.
        mark: What is wrong with it, as far as a quality rule should see it.
        is_invalid: The intake has to refuse it.
    """

    form: str
    key: str
    fields: Mapping[str, object]
    mark: str | None = None
    is_invalid: bool = False
    is_repeated: bool = False


@dataclass
class FormsReport:
    """What the intake answered.

    Attributes:
        accepted: New submissions by form.
        repeated: Posts that it recognised as sent before.
        refused: Posts with wrong fields.
        marked: Form, mark and submission id of what a quality rule should find.
    """

    accepted: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    refused: int = 0
    marked: list[tuple[str, str, str]] = field(default_factory=list)


def make_submissions(company: Company) -> list[Submission]:
    """The posts of the company's scale, in the order in which they are sent; equal companies give equal ones."""
    channels = load_channels()
    world, rules = World(company, channels), channels.forms
    rng = generator(company.seed, Stream.FORMS)
    count = channels.scales[company.scale].form_posts
    people = world.draw_people(rng, count, 0.4)
    is_fake = world.fake(rng, people, rules.fake_share)
    placeholders = set(world.give_placeholders(rng, people, rules.placeholder_phone_share, ~is_fake).tolist())
    is_invalid = ~is_fake & (rng.random(count) < rules.invalid_share)
    names = typed_names(rng, [str(name) for name in people["company"].tolist()])
    regions = texts(people["region_code"])
    contacts, phones, emails = texts(people["name"]), texts(people["phone"]), texts(people["email"])
    forms = list(FORMS)
    form_of = choose(rng, [form.share for form in FORMS.values()], count).tolist()
    submissions: list[Submission] = []
    for row in range(count):
        form = forms[form_of[row]]
        mark = FAKE if is_fake[row] else PLACEHOLDER if row in placeholders else None
        invalid = bool(is_invalid[row]) and row not in placeholders
        common = {
            FORMS[form].company: names[row].strip(),
            FORMS[form].contact: contacts[row],
            "phone": phones[row] or f"139{20_000_000 + row * 37}",
            "consent": not invalid,
        }
        content = common | _further_fields(form, row, regions[row], emails[row], world)
        key = f"demo-{company.seed}-{company.scale.value}-{row}"
        submissions.append(Submission(form, key, content, None if invalid else mark, invalid))
    valid = [each for each in submissions if not each.is_invalid]
    again = rng.choice(len(valid), max(round(rules.repeated_share * count), 1), replace=False).tolist()
    repeats = [
        Submission(valid[row].form, valid[row].key, valid[row].fields, is_repeated=True)
        for row in again
        # Its rate is kept for what is new.
        if valid[row].form != "campaign_page"
    ]
    return [*submissions, *repeats]


def post_forms(
    base_url: str,
    secrets: Mapping[str, str],
    company: Company,
    truth: PgConnection | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> FormsReport:
    """Post everything; the same call again changes nothing, because the intake knows the keys.

    Args:
        base_url: Of the intake, `http://127.0.0.1:8090`.
        secrets: The shared secret of each form.
        company: As filled.
        truth: Owner of schema truth, prepared by the fill.
        sleep: Waits where the intake asks for it.

    Raises:
        TransientError: the intake does not answer, or is overloaded all the time.
        TerminalError: it refuses what it should take, or takes what it should refuse.
    """
    report = FormsReport()
    planted = ChannelTruth()
    with requests.Session() as session:
        # A proxy of the machine has no business here.
        session.trust_env = False
        for submission in make_submissions(company):
            response = _post(session, base_url, secrets[submission.form], submission, sleep)
            _take_answer(report, submission, response)
    for form, mark, submission_id in report.marked:
        planted.wrong(SYSTEM, form, mark, [submission_id])
    for form, accepted in report.accepted.items():
        planted.count(SYSTEM, form, rows=accepted)
    if truth is not None:
        with truth, truth.cursor() as cursor:
            write_form_truth(cursor, planted)
    logger.info("posted forms: %s accepted, %s repeated, %s refused", sum(report.accepted.values()),
                report.repeated, report.refused)  # fmt: skip
    return report


def _further_fields(form: str, row: int, region_code: str | None, email: str | None, world: World) -> dict[str, object]:
    campaigns = world.channels.behaviour.campaigns
    campaign = campaigns[row % len(campaigns)].campaign
    codes = world.company.products["product_code"]
    match form:
        case "registration":
            fields: dict[str, object] = {"region_code": region_code, "campaign": campaign}
            headcount = world.channels.trade_fair.headcounts[row % len(world.channels.trade_fair.headcounts)]
            return fields | ({"headcount": headcount} if headcount else {}) | ({"email": email} if email else {})
        case "sample_request":
            return {
                "region_code": region_code,
                "product_code": codes.iat[row % len(codes)],
                "quantity": 1 + row % 3,
                "open_id": f"oS{row:07d}",
            }
        case "account_message":
            return {"open_id": f"oM{row:07d}", "content": _QUESTIONS[row % len(_QUESTIONS)]}
        case _other:
            return {"region_code": region_code, "campaign": campaign, "wish": _WISHES[row % len(_WISHES)]}


def _post(
    session: requests.Session, base_url: str, secret: str, submission: Submission, sleep: Callable[[float], None]
) -> requests.Response:
    form = FORMS[submission.form]
    body = json.dumps(submission.fields, ensure_ascii=False, sort_keys=True).encode()
    url = f"{base_url}/forms/{SYSTEM}/{submission.form}"
    for _attempt in range(_TRIES):
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": submission.key,
            "X-Client-Tag": form.tag,
            **(_signature(secret, body) if form.is_signed else {"X-Form-Key": secret}),
        }
        try:
            response = session.post(url, data=body, headers=headers, timeout=_TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise TransientError(
                _("the intake does not answer"), where=url, fix=_("See './cockpit status' and its log.")
            ) from error
        if response.status_code not in (429, 503):
            return response
        sleep(min(float(response.headers.get("Retry-After", "1")), _LONGEST_WAIT_SECONDS))
    raise TransientError(_("the intake has no room for forms"), where=url, found=response.status_code)


def _signature(secret: str, body: bytes) -> dict[str, str]:
    # The clock of this machine, because the intake compares it with its own; it decides nothing else.
    timestamp = str(int(time.time()))
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Form-Timestamp": timestamp, "X-Form-Signature": digest}


def _take_answer(report: FormsReport, submission: Submission, response: requests.Response) -> None:
    status = response.status_code
    if submission.is_invalid and status == 422:
        report.refused += 1
        return
    if submission.is_invalid or status not in (200, 201):
        raise TerminalError(
            _("the intake answers otherwise than its forms say"),
            where=f"{SYSTEM}.{submission.form}",
            found=status,
            allowed="422" if submission.is_invalid else "200, 201",
        )
    if status == 201:
        report.accepted[submission.form] = report.accepted.get(submission.form, 0) + 1
    else:
        report.repeated += 1
    if submission.mark:
        report.marked.append((submission.form, submission.mark, str(response.json()["submission_id"])))
