"""Dates and times: what each text says, and what goes to a person."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

import opencc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.domain.normalise.dates.date import DateDeclared, DateRule, DateStandardiser
from cockpit.domain.normalise.dates.parts import Clock, NoSuchTimeError, from_serial, moment, plus_months, with_digits
from cockpit.rulebook.normalisation import load_rule
from cockpit.rulebook.workspace import REPOSITORY
from cockpit.rulebook.yaml_lines import read_yaml

RULES = REPOSITORY / "include/rules/normalisation"
RULE = cast(DateRule, load_rule(RULES, "date"))
SHANGHAI = ZoneInfo("Asia/Shanghai")


def dates(**declared: Any) -> DateStandardiser:
    return DateStandardiser(RULE, DateDeclared(**declared))


DATE = dates()

# Text, value, precision.
READ = [
    ("2026年3月5日", "2026-03-05", "day"),
    ("二〇二六年三月五日", "2026-03-05", "day"),
    ("二零二六年十二月二十三日", "2026-12-23", "day"),
    ("贰零贰陆年叁月伍日", "2026-03-05", "day"),
    ("20260305", "2026-03-05", "day"),
    ("２０２６年3月5日", "2026-03-05", "day"),
    ("2026年3月5日下午2点半", "2026-03-05T14:30+08:00", "minute"),
    ("民国115年3月5日", "2026-03-05", "day"),
    ("民國一百一十五年三月五日", "2026-03-05", "day"),
    ("中華民國115年3月5日", "2026-03-05", "day"),
    ("Thu Mar 05 2026 14:30:00 GMT+0800 (中国标准时间)", "2026-03-05T14:30:00+08:00", "second"),
    ("Thu Mar  5 14:30:00 CST 2026", "2026-03-05T14:30:00+08:00", "second"),
    ("2024-02-29", "2024-02-29", "day"),
    ("13/5/2026", "2026-05-13", "day"),
    ("5/13/2026", "2026-05-13", "day"),
    ("2026.3.5", "2026-03-05", "day"),
    ("2026/03/05 14:30", "2026-03-05T14:30+08:00", "minute"),
    ("2026-03-05 14:30:46", "2026-03-05T14:30:46+08:00", "second"),
    ("2026-03-05T06:30:00Z", "2026-03-05T14:30:00+08:00", "second"),
    ("2026-03-05T14:29:46+08:00", "2026-03-05T14:29:46+08:00", "second"),
    ("2026-03-05T14:29:46.600+08:00", "2026-03-05T14:29:46+08:00", "second"),
    ("2026-03-05T14:30+08:00", "2026-03-05T14:30+08:00", "minute"),
    ("5 Mar 2026", "2026-03-05", "day"),
    ("March 5, 2026", "2026-03-05", "day"),
    ("Mar 5th 2026", "2026-03-05", "day"),
    ("5-Mar-26", "2026-03-05", "day"),
    ("the 5th of March 2026", "2026-03-05", "day"),
    ("Thu, 05 Mar 2026 06:30:00 GMT", "2026-03-05T14:30:00+08:00", "second"),
    ("令和8年3月5日", "2026-03-05", "day"),
    ("令和元年5月1日", "2019-05-01", "day"),
    ("2026年3月5日 星期四", "2026-03-05", "day"),
    ("2026年3月5日（四）", "2026-03-05", "day"),
    ("2026-03-05 24:00", "2026-03-06T00:00+08:00", "minute"),
    ("2026-03-05 23:59:59", "2026-03-05T23:59:59+08:00", "second"),
    ("1772690400", "2026-03-05T14:00:00+08:00", "second"),
    ("1772690400000", "2026-03-05T14:00:00+08:00", "second"),
    ("/Date(1772690400000)/", "2026-03-05T14:00:00+08:00", "second"),
    ("2026-03-05 2:30 PM", "2026-03-05T14:30+08:00", "minute"),
    ("2026-03-05 12:30 AM", "2026-03-05T00:30+08:00", "minute"),
    ("3/13/2026 2pm", "2026-03-13T14:00+08:00", "hour"),
    ("2026年3月5日晚上12点", "2026-03-06T00:00+08:00", "hour"),
    ("2026年3月5日凌晨1点20分", "2026-03-05T01:20+08:00", "minute"),
    ("2026年3月5日中午12点半", "2026-03-05T12:30+08:00", "minute"),
    ("2026年3月5日14时30分20秒", "2026-03-05T14:30:20+08:00", "second"),
    ("2026年3月5日14点一刻", "2026-03-05T14:15+08:00", "minute"),
    ("2026年3月5日 9点整", "2026-03-05T09:00+08:00", "hour"),
    ("20260305143000", "2026-03-05T14:30:00+08:00", "second"),
    ("202603051430", "2026-03-05T14:30+08:00", "minute"),
    ("20260305T143000", "2026-03-05T14:30:00+08:00", "second"),
    ("签订日期：2026年3月5日", "2026-03-05", "day"),
    ("99/12/31", "1999-12-31", "day"),
    ("2026-W10-4", "2026-03-05", "day"),
    ("2026年3月5", "2026-03-05", "day"),
    ("26年3月5日", "2026-03-05", "day"),
    ("2026 3 5", "2026-03-05", "day"),
    ("2026—03—05", "2026-03-05", "day"),
    ("2026-3-5 9:5", "2026-03-05T09:05+08:00", "minute"),
    ("2026-03-05 北京时间14:30", "2026-03-05T14:30+08:00", "minute"),
    ("2026-03-05 14:30 (北京时间)", "2026-03-05T14:30+08:00", "minute"),
    ("2026-03-05T14:30:00.000Z", "2026-03-05T22:30:00+08:00", "second"),
    ("2026-03-05 14:30:00 +0800 CST", "2026-03-05T14:30:00+08:00", "second"),
    ("Thursday, March 5, 2026 at 2:30 PM", "2026-03-05T14:30+08:00", "minute"),
    ("2026. 3. 5.", "2026-03-05", "day"),
    ("2026/3/5 上午 9:05:03", "2026-03-05T09:05:03+08:00", "second"),
    ("2026/3/5 下午 02:30:00", "2026-03-05T14:30:00+08:00", "second"),
    ("31/12/2025", "2025-12-31", "day"),
    ("12/31/2025", "2025-12-31", "day"),
    ("1/1/2026", "2026-01-01", "day"),
    ("5th of March 2026", "2026-03-05", "day"),
    ("2026年3月5日14点三刻", "2026-03-05T14:45+08:00", "minute"),
    ("2026年3月5日14:30分", "2026-03-05T14:30+08:00", "minute"),
    ("2026-03-05T14:30:46.123456789Z", "2026-03-05T22:30:46+08:00", "second"),
    ("2026-03-05T14:30:46-05:00", "2026-03-06T03:30:46+08:00", "second"),
    ("2026-03-05T14:30:46+0800", "2026-03-05T14:30:46+08:00", "second"),
    ("2026-03-05 14:30:46.0", "2026-03-05T14:30:46+08:00", "second"),
    ("2026-03-05 14:30:46,123", "2026-03-05T14:30:46+08:00", "second"),
    ("Sept 5 2026", "2026-09-05", "day"),
    ("5 September 2026", "2026-09-05", "day"),
    ("05-MAR-26 02.30.00.000000 PM", "2026-03-05T14:30:00+08:00", "second"),
    ("05-MAR-2026", "2026-03-05", "day"),
    ("Mar. 5, 2026", "2026-03-05", "day"),
    ("2026 March 5", "2026-03-05", "day"),
    ("民国一百零四年十二月三十一日", "2015-12-31", "day"),
    ("民国115.3.5", "2026-03-05", "day"),
    ("平成31年4月30日", "2019-04-30", "day"),
    ("昭和64年1月7日", "1989-01-07", "day"),
    ("西元2026年3月5日", "2026-03-05", "day"),
    ("公元2026年3月5日", "2026-03-05", "day"),
    ("佛历2569年3月5日", "2026-03-05", "day"),
    ("２０２６／０３／０５　１４：３０", "2026-03-05T14:30+08:00", "minute"),
    ("2026年３月５日", "2026-03-05", "day"),
    ("2026 年 3 月 5 日", "2026-03-05", "day"),
    ("2026年03月05日 14:30:00", "2026-03-05T14:30:00+08:00", "second"),
    ("2026-3-5", "2026-03-05", "day"),
    ("2026-3-05", "2026-03-05", "day"),
    ("13052026", "2026-05-13", "day"),
    ("20260305.0", "2026-03-05", "day"),
    ("2026-03-05 00:00:00", "2026-03-05T00:00:00+08:00", "second"),
    ("2026-03-05T00:00:00", "2026-03-05T00:00:00+08:00", "second"),
    ("2026/3/5 0:00", "2026-03-05T00:00+08:00", "minute"),
    ("周四 2026-03-05", "2026-03-05", "day"),
    ("12/25/25", "2025-12-25", "day"),
    ("有效期至2026-12-31", "2026-12-31", "day"),
    ("'2026-03-05", "2026-03-05", "day"),
    ('"2026-03-05"', "2026-03-05", "day"),
    ("2026-03-05.", "2026-03-05", "day"),
    ("2026-03-05;", "2026-03-05", "day"),
    ("2026_03_05", "2026-03-05", "day"),
    ("2026\\03\\05", "2026-03-05", "day"),
    ("2026。3。5", "2026-03-05", "day"),
    ("2026·3·5", "2026-03-05", "day"),
    ("2026、3、5", "2026-03-05", "day"),
    ("2028-02-29", "2028-02-29", "day"),
    ("2000-02-29", "2000-02-29", "day"),
    ("2026-03-05 下午3时", "2026-03-05T15:00+08:00", "hour"),
    ("2026-03-05 pm 3:00", "2026-03-05T15:00+08:00", "minute"),
    ("2026-03-05 15:00 PM", "2026-03-05T15:00+08:00", "minute"),
    ("2026-03-05 0:30 AM", "2026-03-05T00:30+08:00", "minute"),
    ("2026-03-05 晚上8点半", "2026-03-05T20:30+08:00", "minute"),
    ("2026-03-05 晚8点", "2026-03-05T20:00+08:00", "hour"),
    ("2026-03-05 早8点", "2026-03-05T08:00+08:00", "hour"),
    ("2026-03-05 午夜12点", "2026-03-05T00:00+08:00", "hour"),
    ("2026年3月5日0点", "2026-03-05T00:00+08:00", "hour"),
    ("2026年3月5日零点", "2026-03-05T00:00+08:00", "hour"),
    ("2026年三月五日下午两点半", "2026-03-05T14:30+08:00", "minute"),
    ("二零二六年三月五日下午二时三十分", "2026-03-05T14:30+08:00", "minute"),
]

# Text, candidate if any, outcome, reason.
OPEN = [
    ("26/3/5", None, "review", "ambiguous"),
    ("下午2点半", None, "review", "date_missing"),
    ("46086.604", "2026-03-05T14:29:46+08:00", "review", "excel_serial"),
    ("46086", "2026-03-05", "review", "excel_serial"),
    ("2026-02-30", None, "invalid", "no_such_day"),
    ("2026-13-01", None, "invalid", "no_such_month"),
    ("2023-02-29", None, "invalid", "no_such_day"),
    ("3/5/2026", None, "review", "ambiguous"),
    ("05.03.2026", None, "review", "ambiguous"),
    ("昨天", None, "review", "relative"),
    ("3月5日", None, "review", "year_missing"),
    ("2026年第三季度", "2026-Q3", "review", "incomplete"),
    ("2026Q1", "2026-Q1", "review", "incomplete"),
    ("2026-Q1", "2026-Q1", "review", "incomplete"),
    ("2026年3月", "2026-03", "review", "incomplete"),
    ("2026-03", "2026-03", "review", "incomplete"),
    ("2026", "2026", "review", "incomplete"),
    ("Mar 2026", "2026-03", "review", "incomplete"),
    ("平成32年1月1日", None, "invalid", "no_such_year"),
    ("农历三月初五", None, "review", "lunar"),
    ("2026年正月初五", None, "review", "lunar"),
    ("2026年春节", None, "review", "holiday"),
    ("2026年3月5日(星期五)", "2026-03-05", "review", "weekday_contradicts"),
    ("2026-03-05 24:01", None, "invalid", "no_such_time"),
    ("2026-03-05 25:00", None, "invalid", "no_such_time"),
    ("1800-01-01", "1800-01-01", "review", "implausible_year"),
    ("3026-03-05", "3026-03-05", "review", "implausible_year"),
    ("9999-12-31", "9999-12-31", "review", "implausible_year"),
    ("1900-01-01", "1900-01-01", "review", "placeholder"),
    ("0000-00-00", None, "absent", "no_value"),
    ("2026年3月5日上午12点", None, "review", "doubtful_hour"),
    ("202603", "2026-03", "review", "incomplete"),
    ("260305", None, "review", "ambiguous"),
    ("2026-03-01至2026-03-05", None, "review", "range"),
    ("3月5日-8日", None, "review", "range"),
    ("2026.3.5-3.8", None, "review", "range"),
    ("2026/3/5 - 2026/3/8", None, "review", "range"),
    ("2026年3月5日至8日", None, "review", "range"),
    ("2026-03-05、2026-03-06", None, "review", "several"),
    ("2026年3月5日签订", "2026-03-05", "review", "surrounded_by_text"),
    ("约2026年3月5日", "2026-03-05", "review", "vague"),
    ("2026年3月底", None, "review", "vague"),
    ("2026年3月5日左右", "2026-03-05", "review", "vague"),
    ("2.02603E+07", None, "invalid", "damaged_by_spreadsheet"),
    ("########", None, "invalid", "damaged_by_spreadsheet"),
    ("asdf", None, "invalid", "no_date"),
    ("无", None, "absent", "no_value"),
    ("周五", None, "review", "relative"),
    ("5号", None, "review", "month_missing"),
    ("115/03/05", "2026-03-05", "review", "year_of_another_calendar"),
    ("1150305", "2026-03-05", "review", "year_of_another_calendar"),
    ("2026030514", None, "review", "ambiguous"),
    ("2026年二月三十日", None, "invalid", "no_such_day"),
    ("3/5", None, "review", "year_missing"),
    ("05/03/2026 14:30", None, "review", "ambiguous"),
    ("26/03/05", None, "review", "ambiguous"),
    ("2026年3月5日上午14:30", None, "review", "doubtful_hour"),
    ("3月5日至3月8日", None, "review", "range"),
    ("2026-03-05 ~ 2026-03-08", None, "review", "range"),
    ("2026年3月-5月", None, "review", "range"),
    ("2026年上半年", None, "review", "vague"),
    ("今天", None, "review", "relative"),
    ("45000.25", "2023-03-15T06:00:00+08:00", "review", "excel_serial"),
    ("12345", None, "invalid", "no_date"),
    ("123", None, "invalid", "no_date"),
    ("1e10", None, "invalid", "damaged_by_spreadsheet"),
    ("1.77269E+12", None, "invalid", "damaged_by_spreadsheet"),
    ("-1", None, "invalid", "no_date"),
    ("2026-064", None, "invalid", "no_date"),
    ("2026/13/05", None, "invalid", "no_such_month"),
    ("2026/0/5", None, "invalid", "no_such_month"),
    ("0226-03-05", "0226-03-05", "review", "implausible_year"),
    ("Feb 30, 2026", None, "invalid", "no_such_day"),
    ("31 April 2026", None, "invalid", "no_such_day"),
    ("March 2026", "2026-03", "review", "incomplete"),
    ("Q1 2026", "2026-Q1", "review", "incomplete"),
    ("2026年1季度", "2026-Q1", "review", "incomplete"),
    ("2026一季度", "2026-Q1", "review", "incomplete"),
    ("2026年度", "2026", "review", "incomplete"),
    ("2026年", "2026", "review", "incomplete"),
    ("二〇二六年", "2026", "review", "incomplete"),
    ("二〇二六年三月", "2026-03", "review", "incomplete"),
    ("R8.3.5", None, "invalid", "no_date"),
    ("20260230", None, "invalid", "no_such_day"),
    ("20261301", None, "invalid", "no_such_month"),
    ("05032026", None, "review", "ambiguous"),
    ("Sun Mar 05 2026", "2026-03-05", "review", "weekday_contradicts"),
    ("星期五 2026-03-05", "2026-03-05", "review", "weekday_contradicts"),
    ("2026-03-05 Fri", "2026-03-05", "review", "weekday_contradicts"),
    ("2026/03/05(木)", "2026-03-05", "review", "surrounded_by_text"),
    ("3/5/26", None, "review", "ambiguous"),
    ("30/12/25", None, "review", "ambiguous"),
    ("2026年3月初", None, "review", "vague"),
    ("2026年春", None, "review", "vague"),
    ("2026-03-05之前", "2026-03-05", "review", "vague"),
    ("截至2026年3月5日", "2026-03-05", "review", "vague"),
    ("截止2026年3月5日", "2026-03-05", "review", "vague"),
    ("长期", None, "absent", "no_value"),
    ("预计2026年3月5日", "2026-03-05", "review", "vague"),
    ("2026-03-05(预计)", "2026-03-05", "review", "vague"),
    ("2O26-03-05", None, "invalid", "no_date"),
    ("2026-O3-05", None, "invalid", "no_date"),
    ("明天", None, "review", "relative"),
    ("后天上午9点", None, "review", "relative"),
    ("待定", None, "absent", "no_value"),
    ("tbd", None, "absent", "no_value"),
    ("1970-01-01", "1970-01-01", "review", "placeholder"),
    ("1970-01-01 08:00:00", "1970-01-01T08:00:00+08:00", "review", "placeholder"),
    ("2026-02-29", None, "invalid", "no_such_day"),
    ("2100-02-29", None, "invalid", "no_such_day"),
    ("1900-02-29", None, "invalid", "no_such_day"),
    ("2026-04-31", None, "invalid", "no_such_day"),
    ("2026年13月1日", None, "invalid", "no_such_month"),
    ("2026年3月32日", None, "invalid", "no_such_day"),
    ("2026-03-05 12:60", None, "invalid", "no_such_time"),
    ("2026-03-05 中午", "2026-03-05", "review", "vague"),
    ("2026-03-05 上午", "2026-03-05", "review", "vague"),
    ("下午3点", None, "review", "date_missing"),
    ("14:30", None, "review", "date_missing"),
    ("3pm", None, "review", "date_missing"),
    ("腊月二十三", None, "review", "lunar"),
    ("2026年农历三月初五", None, "review", "lunar"),
    ("丙午年三月初五", None, "review", "lunar"),
    ("中秋节", None, "review", "holiday"),
    ("二十一日", None, "review", "month_missing"),
    ("三月五日", None, "review", "year_missing"),
]

# What is declared, text, value, outcome, reason. 2026-03-05 is a Thursday.
DECLARED: list[tuple[dict[str, Any], str, str | None, str, str]] = [
    ({"order": "ymd"}, "26/3/5", "2026-03-05", "ok", "declared_order"),
    ({"relative_to": "2026-03-05T10:20:30"}, "下午2点半", "2026-03-05T14:30+08:00", "ok", "relative"),
    ({"excel_serial": True}, "46086.604", "2026-03-05T14:29:46+08:00", "ok", "excel_serial"),
    ({"excel_serial": True}, "46086", "2026-03-05", "ok", "excel_serial"),
    ({"excel_serial": True}, "60", None, "invalid", "no_such_day"),
    ({"excel_serial": True}, "20260305", "2026-03-05", "ok", ""),
    ({"order": "dmy"}, "3/5/2026", "2026-05-03", "ok", "declared_order"),
    ({"relative_to": "2026-03-05T10:20:30"}, "昨天", "2026-03-04", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "前天下午3点", "2026-03-03T15:00+08:00", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "昨晚8点", "2026-03-04T20:00+08:00", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "上周五", "2026-02-27", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "下周一", "2026-03-09", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "3天前", "2026-03-02", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "2小时前", "2026-03-05T08:20:30+08:00", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "半年前", "2025-09-05", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "一个月前", "2026-02-05", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "去年3月5日", "2025-03-05", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "上个月5号", "2026-02-05", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "上个月", "2026-02", "review", "incomplete"),
    ({"relative_to": "2026-03-05T10:20:30"}, "3月5日", "2026-03-05", "ok", "year_inferred"),
    ({"relative_to": "2026-03-05T10:20:30"}, "12月30日", "2025-12-30", "ok", "year_inferred"),
    ({"relative_to": "2026-03-05T10:20:30"}, "3 days ago", "2026-03-02", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "yesterday", "2026-03-04", "ok", "relative"),
    ({"order": "ymd"}, "260305", "2026-03-05", "ok", "declared_order"),
    ({"relative_to": "2026-03-05T10:20:30"}, "3/5", None, "review", "year_missing"),
    ({"relative_to": "2026-03-05T10:20:30"}, "3月5日-8日", None, "review", "range"),
    ({"relative_to": "2026-03-05T10:20:30"}, "今天上午10点", "2026-03-05T10:00+08:00", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "今天下午", None, "review", "vague"),
    ({"relative_to": "2026-03-05T10:20:30"}, "本月5日", "2026-03-05", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "下月1日", "2026-04-01", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "下个月1号", "2026-04-01", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "上上周三", "2026-02-18", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "这周日", "2026-03-08", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "last friday", None, "review", "vague"),
    ({"relative_to": "2026-03-05T10:20:30"}, "两周前", "2026-02-19", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "三天后", "2026-03-08", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "3个月前", "2025-12-05", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "一年前", "2025-03-05", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "半小时前", "2026-03-05T09:50:30+08:00", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "10分钟前", "2026-03-05T10:10:30+08:00", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "刚刚", "2026-03-05T10:20:30+08:00", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "in 3 days", "2026-03-08", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "去年", "2025", "review", "incomplete"),
    ({"relative_to": "2026-03-05T10:20:30"}, "去年12月", "2025-12", "review", "incomplete"),
    ({"relative_to": "2026-03-05T10:20:30"}, "前年", "2024", "review", "incomplete"),
    ({"relative_to": "2026-03-05T10:20:30"}, "明年1月1日", "2027-01-01", "ok", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "5号", None, "review", "month_missing"),
    ({"relative_to": "2026-03-05T10:20:30"}, "周五", None, "review", "relative"),
    ({"relative_to": "2026-03-05T10:20:30"}, "2月29日", None, "review", "year_missing"),
    ({"relative_to": "2026-03-05T10:20:30"}, "March 10", "2026-03-10", "ok", "year_inferred"),
    ({"relative_to": "2026-03-05T10:20:30"}, "12-25", None, "review", "year_missing"),
    ({"order": "dmy"}, "05/03/2026 14:30:00", "2026-03-05T14:30:00+08:00", "ok", "declared_order"),
    ({"order": "mdy"}, "05/03/2026", "2026-05-03", "ok", "declared_order"),
    ({"order": "dmy"}, "5/13/2026", None, "review", "contradicts_declared_order"),
    ({"order": "dmy"}, "13.03.2026", "2026-03-13", "ok", "declared_order"),
    ({"order": "ymd"}, "03/05/2026", None, "review", "ambiguous"),
    ({"excel_serial": True}, "1", "1900-01-01", "review", "implausible_year"),
    ({"excel_serial": True}, "0.5", None, "invalid", "no_date"),
    ({"excel_serial": True}, "2958466", None, "invalid", "no_date"),
    ({"excel_serial": True}, "46086.5", "2026-03-05T12:00:00+08:00", "ok", "excel_serial"),
    ({"excel_serial": True}, "46086.99999999", "2026-03-06T00:00:00+08:00", "ok", "excel_serial"),
    ({"excel_serial": True}, "3月5日", None, "review", "year_missing"),
    ({"excel_serial": True}, "45000", "2023-03-15", "ok", "excel_serial"),
    ({"time_zone": "America/New_York"}, "2026-03-05T06:30:00Z", "2026-03-05T01:30:00-05:00", "ok", ""),
    ({"time_zone": "UTC"}, "2026-03-05 14:30", "2026-03-05T14:30+00:00", "ok", ""),
    ({"precision": "month"}, "2026年3月", "2026-03", "ok", ""),
    ({"precision": "month"}, "2026年3月5日", "2026-03-05", "ok", ""),
    ({"precision": "month"}, "2026Q1", "2026-Q1", "review", "incomplete"),
    ({"precision": "quarter"}, "2026Q1", "2026-Q1", "ok", ""),
    ({"precision": "year"}, "2026年", "2026", "ok", ""),
    ({"relative_to": "2026-01-02"}, "12月30日", "2025-12-30", "ok", "year_inferred"),
    ({"relative_to": "2026-12-30"}, "1月2日", "2027-01-02", "ok", "year_inferred"),
    ({"relative_to": "2026-03-31"}, "一个月前", "2026-02-28", "ok", "relative"),
    ({"relative_to": "2026-03-01T00:30:00+08:00"}, "昨晚11点", "2026-02-28T23:00+08:00", "ok", "relative"),
    ({"relative_to": "2026-03-04T20:00:00Z"}, "今天", "2026-03-05", "ok", "relative"),
    ({"relative_to": "2024-02-10"}, "2月29日", "2024-02-29", "ok", "year_inferred"),
    ({"relative_to": "2026-03-05", "order": "dmy"}, "4/3", "2026-03-04", "ok", "year_inferred"),
    ({"relative_to": "2026-03-05", "order": "mdy"}, "4/3", "2026-04-03", "ok", "year_inferred"),
    ({"excel_serial": True}, "2026-03-05", "2026-03-05", "ok", ""),
]


@pytest.mark.parametrize(("text", "value", "precision"), READ, ids=[row[0] for row in READ])
def test_date(text: str, value: str, precision: str) -> None:
    standard = DATE.standardise(text)
    assert (standard.value, standard.outcome, standard.details["precision"]) == (value, "ok", precision)
    assert 0.7 < standard.confidence <= 1


@pytest.mark.parametrize(("text", "value", "outcome", "reason"), OPEN, ids=[row[0] for row in OPEN])
def test_no_guess(text: str, value: str | None, outcome: str, reason: str) -> None:
    standard = DATE.standardise(text)
    assert (standard.value, standard.outcome, standard.reason) == (value, outcome, reason)
    assert standard.confidence <= 0.5


@pytest.mark.parametrize(
    ("declared", "text", "value", "outcome", "reason"), DECLARED, ids=[f"{row[1]} {row[0]}" for row in DECLARED]
)
def test_declared(declared: dict[str, Any], text: str, value: str | None, outcome: str, reason: str) -> None:
    standard = dates(**declared).standardise(text)
    assert (standard.value, standard.outcome, standard.reason) == (value, outcome, reason)


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ("3/5/2026", {"candidates": ["2026-03-05", "2026-05-03"]}),
        ("26/3/5", {"candidates": ["2005-03-26", "2026-03-05"]}),
        ("下午2点半", {"time": "14:30"}),
        ("3月5日", {"month": 3, "day": 5}),
        ("2026-03-01至2026-03-05", {"from": "2026-03-01", "to": "2026-03-05"}),
        ("2026年3月5日至8日", {"from": "2026-03-05", "to": "2026-03-08"}),
        ("2026-03-05、2026-03-06", {"candidates": ["2026-03-05", "2026-03-06"]}),
    ],
)
def test_details(text: str, details: dict[str, Any]) -> None:
    assert DATE.standardise(text).details == details


STANDARDISERS = [
    DATE,
    dates(order="dmy", relative_to="2026-03-05T10:20:30"),
    dates(order="ymd", excel_serial=True, precision="year", time_zone="America/New_York"),
]
WORDS = [
    "2026",
    "年",
    "3",
    "月",
    "5",
    "日",
    "-",
    "/",
    ".",
    " ",
    "T",
    "14:30",
    "Z",
    "+08:00",
    "下午",
    "2点",
    "半",
    "昨天",
]
WORDS += [
    "上周",
    "五",
    "星期",
    "四",
    "民国",
    "115",
    "Mar",
    "march",
    ",",
    "前",
    "天",
    "Q1",
    "至",
    "、",
    "46086.6",
    "三",
    "十",
]
WORDS += [
    "廿",
    "(",
    ")",
    "CST",
    "am",
    "pm",
    "24:00",
    "\ud800",
    "\x00",
    "99",
    "元",
    "令和",
    "/Date(",
    "个",
    "去年",
    "w10",
]
WORDS += ["1772690400", "9999", "0001", "-12:00", "\u200f", "\u0663", "\u3000", "Date(", "二〇二六"]
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=9).map("".join))


@given(TEXTS)
@example("2026" * 1000)
@example("9999年12月31日24:00")
@example("0001-01-01T00:00:00+14:00")
@example("/Date(99999999999999999)/")
@example("2000年")
def test_any_text_gives_a_result_that_is_stable(text: str) -> None:
    for each in STANDARDISERS:
        standard = each.standardise(text)
        other = each.standardise("2026-03-05")
        assert each.standardise_batch([text, "2026-03-05", text]) == [standard, other, standard]
        if standard.outcome == "ok":
            again = each.standardise(str(standard.value))
            assert (again.value, again.outcome) == (standard.value, "ok")


@given(st.dates(date(1900, 1, 2), date(2099, 12, 30)))
@example(date(1970, 1, 2))
def test_the_same_day_in_many_forms(on: date) -> None:
    year, month, number = on.year, on.month, on.day
    weekday = "一二三四五六日"[on.weekday()]
    forms = [
        on.isoformat(),
        f"{year}/{month}/{number}",
        f"{year}.{month:02}.{number:02}",
        f"{year}年{month}月{number}日",
        f"{year}年{month}月{number}号 星期{weekday}",
        f"{year:04}{month:02}{number:02}",
        on.strftime("%d %B %Y"),
        on.strftime("%B %d, %Y"),
        on.strftime("%a %b %d %Y"),
        f"公元{year}年{month}月{number}日",
    ]
    if year > 1911:
        forms.append(f"民国{year - 1911}年{month}月{number}日")
    if on == date(1970, 1, 1):
        return
    values = {form: DATE.standardise(form).value for form in forms}
    assert values == dict.fromkeys(forms, on.isoformat())


@given(st.integers(694_195_200, 4_102_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, SHANGHAI)))
def test_the_same_time_in_many_forms(local: datetime) -> None:
    forms = [
        local.isoformat(),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        local.strftime("%Y/%m/%d %H:%M:%S"),
        local.strftime("%Y%m%d%H%M%S"),
        local.strftime("%Y%m%dT%H%M%S"),
        local.strftime("%Y年%m月%d日 %H时%M分%S秒"),
        local.strftime("%d %b %Y %I:%M:%S %p"),
        local.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ"),
        local.astimezone(ZoneInfo("America/New_York")).isoformat(),
        local.strftime("%a %b %d %Y %H:%M:%S GMT%z (中国标准时间)"),
    ]
    values = {form: DATE.standardise(form).value for form in forms}
    assert values == dict.fromkeys(forms, local.isoformat(timespec="seconds"))


@given(st.integers(61, 73000), st.integers(0, 86399))
def test_serials_count_days_and_seconds(days: int, seconds: int) -> None:
    on, clock = from_serial(Decimal(days) + Decimal(seconds) / 86400)
    assert (on - date(1899, 12, 30)).days == days
    assert (clock is None) == (seconds == 0)
    if clock is not None:
        assert clock.hour * 3600 + clock.minute * 60 + clock.second == seconds


@pytest.mark.parametrize(("serial", "on"), [(1, date(1900, 1, 1)), (59, date(1900, 2, 28)), (61, date(1900, 3, 1))])
def test_serials_around_the_day_that_never_was(serial: int, on: date) -> None:
    assert from_serial(Decimal(serial)) == (on, None)


@pytest.mark.parametrize("serial", ["0", "0.9", "60", "60.5", "2958466"])
def test_serials_of_no_day(serial: str) -> None:
    with pytest.raises(NoSuchTimeError):
        from_serial(Decimal(serial))


TO_TRADITIONAL = opencc.OpenCC("s2t")


@pytest.mark.parametrize("text", [row[0] for row in READ])
def test_width_and_script_say_nothing(text: str) -> None:
    value = DATE.standardise(text).value
    wide = "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)
    for other in (wide, f"\u200b {text}\u3000", TO_TRADITIONAL.convert(text), text.upper(), text.lower()):
        assert DATE.standardise(other).value == value, other


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("二〇二六年三月五日", "2026年3月5日"),
        ("二零二六年十二月三十一日", "2026年12月31日"),
        ("一百一十五年十月二十日", "115年10月20日"),
        ("廿三日", "23日"),
        ("卅一日", "31日"),
        ("三月五", "3月5"),
        ("星期五", "星期五"),
        ("贰零贰陆年壹拾月", "2026年10月"),
    ],
)
def test_numerals(text: str, expected: str) -> None:
    assert with_digits(text) == expected


def test_months_are_as_long_as_they_are() -> None:
    assert plus_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert plus_months(date(2026, 1, 31), -11) == date(2025, 2, 28)
    with pytest.raises(NoSuchTimeError):
        plus_months(date(1, 1, 1), -1)
    assert moment(date(2026, 2, 28), Clock(24), SHANGHAI) == datetime(2026, 3, 1, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "declared",
    [{"order": "ydm"}, {"time_zone": "Mars/Olympus"}, {"relative_to": "yesterday"}, {"precision": "week"}, {"x": 1}],
)
def test_a_wrong_declaration_is_refused(declared: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DateDeclared(**declared)


def test_an_unquoted_date_may_be_declared() -> None:
    declared = DateDeclared(relative_to=date(2026, 3, 5))  # type: ignore[arg-type]
    assert DateStandardiser(RULE, declared).standardise("昨天").value == "2026-03-04"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plausible_years": {"first": 2100, "last": 1900}}, "first is behind last"),
        ({"months": {"january": 13}}, "january"),
        ({"months": {"january": 1}}, "months"),
        ({"zones": {"cst": "8"}}, "cst"),
        ({"two_digit_years_from": 1800}, "two_digit_years_from"),
        ({"eras": [{"words": [], "year_zero": 0}]}, "words"),
    ],
)
def test_a_wrong_rule_is_refused(change: dict[str, Any], message: str) -> None:
    content, _lines = read_yaml(RULES / "date.yml")
    with pytest.raises(ValidationError, match=message):
        DateRule.model_validate({**content, **change})
