r"""Reads the last number of a text, exactly: digits, fractions, LaTeX, Chinese numerals.

What follows the last `####` on its line counts, else what the last `\boxed{}` holds, else the whole text; there the
last *sure* number, else the last *unsure* one. Sure are numbers in digits (not those of a name, "H2O", or of a list,
"2. Then ...") and Chinese numerals used as a figure: of several characters ("二十三"), or one before a measure word or
at the end of a sentence. Unsure is "一" before a measure word, which is mostly an article ("一个问题"). Ordinals
("第一"), demonstratives ("这三个") and words ("一般", "三角形") are no numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from qwcli.graders import _numerals as numerals
from qwcli.graders._text import narrow

_LONGEST = 300
"""Digits of a number that is still read; a longer one equals nothing, and costs nothing."""
_TAIL, _REACH = 4_000, 50_000
"""Characters at the end that are read first, as a number is almost always there, and at most."""

_VULGAR = {char: Fraction(unicodedata.numeric(char)).limit_denominator(100) for char in "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}
_SCALE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

_LATEX = re.compile(r"\\[,!;]|\\(?=[%$])|(?<=\d)[\u202f\u2009](?=\d{3})|(?<=\d)\{(?=,\})|(?<=\{,)\}")
_CURRENCY = re.compile(r"(?<![A-Za-z])(?:(?:RMB|USD|CNY|EUR|GBP|JPY|HKD|INR) ?|(?:US|HK|NZ|A|C)?\$|[¥€£₩₹])(?=[-–.\d])")
_POWER = re.compile(r"(?<=10)[⁻⁰¹²³⁴-⁹]{1,5}")

_FORMS = re.compile(
    rf"""
    (?P<sign>(?<![\d)%A-Za-z])[-–]|[负負]|(?<![A-Za-z])(?i:minus|negative)[ ])?
    (?<![A-Za-z_\d])(?<!\d\.)
    (?: (?P<mixed>{numerals.MIXED.replace(" ", "[ ]")})
      | (?:(?P<whole>\d{{1,40}})[ ]?)?
        (?: \\[dt]?frac[ ]?(?:\{{(?P<over>-?\d{{1,40}})\}}[ ]?\{{(?P<under>\d{{1,40}})\}}|(?P<o>\d)(?P<u>\d))
          | (?P<vulgar>[{"".join(_VULGAR)}]) )
      | (?:(?P<units>\d{{1,40}})[ ])?(?<!/)(?P<top>\d{{1,40}})[ ]?/[ ]?(?P<bottom>\d{{1,40}})(?![\d/]|\.\d)
      | 10(?:\^|\*\*)\{{?(?P<ten>[+-]?\d{{1,4}})\}}?
      | (?P<digits>(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)
        (?: [eE](?P<exponent>[+-]?\d{{1,300}})(?![\w.])
          | [ ]?(?:×|x|\*|\\times|\\cdot|·)[ ]?10(?:\^|\*\*)\{{?(?P<power>[+-]?\d{{1,4}})\}}?
          | [ ](?P<scale>thousand|million|billion|trillion)\b )? )
    (?P<percent>[ ]?%)?
    """,
    re.VERBOSE,
)
_LIST_ITEM = re.compile(r"[.)、][ \t]+\S")
_LARGEST_POWER = 400
_CUT_OFF = "".join(numerals.CHARACTERS) + "0123456789.,/^{}+- "


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number as it stands in a text; `value` is `None` where it cannot be read (too long, a division by zero)."""

    value: Fraction | None
    text: str
    percent: bool = False
    sure: bool = True


def last_number(text: str) -> Number | None:
    """The number an answer ends up with, or `None` where there is none."""
    unsure = None
    for part in _parts(text):
        number = _last(part)
        if number and number.sure:
            return number
        unsure = unsure or number
    return unsure


def _parts(text: str) -> Iterator[str]:
    """The parts of a text to look in, the most explicit first."""
    if (at := text.rfind("####")) >= 0:
        yield text[at + 4 : at + 4 + _TAIL].strip().partition("\n")[0]
    if (at := text.rfind("\\boxed{")) >= 0:
        yield _braced(text[at + 7 : at + 300])
    for size in (_TAIL, _REACH):
        if len(text) > size:  # a number cut in two at the beginning is left out
            yield text[-size : -size + _LONGEST].lstrip(_CUT_OFF) + text[-size + _LONGEST :]
    if len(text) <= _REACH:
        yield text


def _braced(text: str) -> str:
    """The text up to the brace that closes it."""
    depth = 1
    for at, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if not depth:
            return text[:at]
    return text


def _last(text: str) -> Number | None:
    """The last sure number of a text, else the last unsure one."""
    text = _POWER.sub(lambda raised: "^" + raised[0].translate(_RAISED), text)
    text = _CURRENCY.sub("", _LATEX.sub("", narrow(text)))
    digits: re.Match[str] | None = None
    for match in _FORMS.finditer(text):
        if not _only_counts(text, match):
            digits = match
    chinese: tuple[int, int] | None = None
    unsure: tuple[int, int] | None = None
    for match in numerals.NUMERAL.finditer(text, digits.end() if digits else 0):
        span = match.start(), numerals.trimmed(text, *match.span())
        kind = numerals.kind(text, *span)
        if kind == "sure":
            chinese = span
        elif kind == "unsure":
            unsure = span
    if chinese or (unsure and not digits):
        start, end = chinese or unsure or (0, 0)
        return _in_chinese(text[start:end], sure=chinese is not None)
    return _in_digits(text, digits) if digits else None


def _only_counts(text: str, match: re.Match[str]) -> bool:
    """Whether the number only counts a line ("2. Then ...") or a step ("第3步")."""
    before = text[max(0, match.start() - 6) : match.start()]
    lead = before.rstrip(" \t*")
    begins_line = lead.endswith("\n") or (not lead and match.start() < 6)
    item = begins_line and len(match.group()) <= 2 and _LIST_ITEM.match(text, match.end()) is not None
    return item or before.endswith("第")


def _in_chinese(text: str, *, sure: bool) -> Number:
    negative = text[0] in "负負"
    under, fraction, over = text.lstrip("负負").partition("分之")
    percent = fraction != "" and under == "百"
    worth = numerals.value(over if fraction else under)
    if fraction and not percent:
        worth = _ratio(worth, numerals.value(under))
    return Number(value=-worth if negative and worth else worth, text=text, percent=percent, sure=sure)


def _in_digits(text: str, match: re.Match[str]) -> Number:
    worth = _worth(match)
    percent = match["percent"] is not None or text[: match.start()].endswith("百分之")
    return Number(value=-worth if match["sign"] and worth else worth, text=match.group().strip(), percent=percent)


def _worth(match: re.Match[str]) -> Fraction | None:
    """The value of a match of `_FORMS`, without its sign."""
    if mixed := match["mixed"]:
        return numerals.value(mixed)
    if ten := match["ten"]:
        return _scaled(Fraction(1), int(ten))
    if match["vulgar"]:
        return int(match["whole"] or 0) + _VULGAR[match["vulgar"]]
    if match["over"] or match["o"]:
        part = _ratio(Fraction(match["over"] or match["o"]), Fraction(match["under"] or match["u"]))
        return None if part is None else int(match["whole"] or 0) + part
    if match["top"]:
        part = _ratio(Fraction(match["top"]), Fraction(match["bottom"]))
        return None if part is None else int(match["units"] or 0) + part
    digits = match["digits"].replace(",", "")
    if len(digits) > _LONGEST:
        return None
    worth = Fraction(digits) * _SCALE.get(match["scale"] or "", 1)
    return _scaled(worth, int(match["exponent"] or match["power"] or 0))


def _ratio(over: Fraction | None, under: Fraction | None) -> Fraction | None:
    return over / under if over is not None and under else None


def _scaled(worth: Fraction, power: int) -> Fraction | None:
    return worth * Fraction(10) ** power if abs(power) <= _LARGEST_POWER else None
