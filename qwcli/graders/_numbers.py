r"""Reads the last number of a text, exactly: digits, fractions, LaTeX, Chinese numerals.

The most explicit part of a text counts: what follows the last `####` on its line; else what the last `\boxed{}` holds;
else the sentence after the last "Answer:", "the answer is" or "答案是" where that begins with a number and calculates
nothing; else a last number in bold that nothing is calculated or concluded after; else the whole text. In that part the
last *sure* number counts, else the last *unsure* one. A number in brackets behind another one of its sentence is a
remark and not the last: "25 m² (5×5)", "$5.00 (rounded to 2 places)", "7 [1]".

Sure are numbers in digits (not those of a name, "H2O", of a unit's exponent, "m^2", or of a list, "2. Then ...") and
Chinese numerals used as a figure: of several characters ("二十三"), or one before a measure word or at the end of a
sentence. Unsure is "一" before a measure word, which is mostly an article ("一个问题"). Ordinals ("第一"),
demonstratives ("这三个") and words ("一般", "三角形") are no numbers.
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
_GROUPS = re.compile(r"(?<![\d.,/^])(?<!\d )([1-9]\d{0,2})((?: \d{3}){1,5})(?![\d/^]| [\d/])")
_EXPONENT = re.compile(r"(?<=[A-Za-zμΩ}米])\^(?:\{[-+]?\d{1,3}\}|[-+]?\d{1,3})")
_MONEY = re.compile(r"(?<![\d.])(\d{1,15}) ?(?:元|块|塊) ?零?(?:(\d) ?[角毛](?: ?(\d) ?分)?|(\d) ?分)(?!钟|鐘)")
_PART_OF = re.compile(r"(?<![\d.])(?:(\d{1,15})又)?(\d{1,15})分之(\d{1,15})(?![\d.])")

_MARKER = re.compile(
    r"(?i:\banswer(?: (?:to|for|here|of) [^.:\n]{0,60}?)?[*_ ]{0,3}(?::| is:?|=))|"
    r"(?:答案|答)[*_ ]{0,3}(?:应该|应|就)?(?:[是为為]|[:：])"
)
_BEGINS = re.compile(
    r"[*_\s$\\(\[:：]{0,8}(?:(?i:about|approximately|roughly|exactly|only|just|simply)|约|約|大约|大約)?[*_ $]{0,4}"
    r"(?:[A-Za-z] ?[=≈] ?)?[-−–+负負]?(?:(?:US)?[$¥￥€£]|\\\$|\\[dt]?frac)?[\d.０-９½¼¾{一二三四五六七八九十百千两零]"
)
_SENTENCE_END = re.compile(r"[.!?](?=\s|[*_)\]]|\Z)|[。！？;；\n]")
_REASON = re.compile(r"(?i:[,;]? \b(?:because|since|which|as|after|if)\b)|[,，]?(?:因为|因為|如果)")
_CALCULATES = re.compile(r"\d[^=\n]{0,40}[=≈]|[=≈][^=\n]{0,40}[=≈]")
_BOLD = re.compile(r"\*\*([^*\n]{1,40})\*\*")
_GOES_ON = re.compile(
    r"(?i:[=≈]|\*\*|\b(?:so|therefore|thus|hence|total|altogether|and|then|plus|minus|times)\b)|所以|因此|故|共|等于|等於|和|再|还|還"
)
_NO_REMARK = re.compile(
    r"(?i:(?:[-+*/×÷=^<>≈:(\[{,]|\b(?:is|are|be|equals|was|of|at|by|and|or|to|than|one|two|three|four|five|six|seven|eight|"
    r"nine|ten|eleven|twelve|\w{2,6}teen|\w{2,5}ty|hundred|thousand|million|billion|dozen|[a-z]|sqrt|log|sin|cos|tan)|"
    r"[是为為于於])\s?)\Z"
)
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
_PLAIN_NUMBER = re.compile(r"[-\d.]+")
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
    yield from _explicit(text[-_TAIL:])
    for size in (_TAIL, _REACH):
        if len(text) > size:  # a number cut in two at the beginning is left out
            yield text[-size : -size + _LONGEST].lstrip(_CUT_OFF) + text[-size + _LONGEST :]
    if len(text) <= _REACH:
        yield text


def _explicit(text: str) -> Iterator[str]:
    """What stands after the last marker of an answer, and in the last bold, where it is a number by itself."""
    marker = next(reversed(tuple(_MARKER.finditer(text))), None)
    if marker and _BEGINS.match(text, marker.end()):
        rest = text[marker.end() : marker.end() + _LONGEST].lstrip("*_ \n")
        end = _SENTENCE_END.search(rest)
        said = rest[: end.start()] if end else rest
        if not _CALCULATES.search(said):
            reason = _REASON.search(said)
            yield said[: reason.start()] if reason else said
    bold = next(reversed(tuple(_BOLD.finditer(text))), None)
    if bold and _BEGINS.match(bold[1]) and not _GOES_ON.search(text, bold.end()) and not _CALCULATES.search(bold[1]):
        yield bold[1]


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
    text = _EXPONENT.sub("", _GROUPS.sub(lambda groups: groups[0].replace(" ", ""), text))
    text = _PART_OF.sub(lambda part: f"{part[1] or ''} {part[3]}/{part[2]}".lstrip(), text)
    text = _MONEY.sub(lambda sum_: f"{sum_[1]}.{sum_[2] or 0}{sum_[3] or sum_[4] or ''}", text)
    found = _last_in(text)
    for _ in range(3):  # several remarks may stand behind one another: "(5×5) [1]"
        if not found or not found[0].sure or (before := _before_remark(text, found[1])) is None:
            break
        earlier = _last_in(before)
        if not earlier or not earlier[0].sure:
            break
        text, found = before, earlier
    return found[0] if found else None


def _before_remark(text: str, at: int) -> str | None:
    """The sentence before the brackets that a number stands in, where they hold a remark on what is before them."""
    opening = max(text.rfind(char, max(0, at - 120), at) for char in "([【")
    if opening < 1:
        return None
    closing = {"(": ")", "[": "]", "【": "】"}[text[opening]]
    inside = text[opening + 1 : opening + 200].partition(closing)
    if not inside[1] or opening + 1 + len(inside[0]) <= at or "\n" in inside[0]:
        return None
    lead = text[max(0, opening - _LONGEST) : opening].rstrip("*_ ")
    factor = (
        text[opening] == "("
        and lead[-1:].isdigit()
        and text[opening - 1].isdigit()
        and _PLAIN_NUMBER.fullmatch(inside[0])
    )
    if factor or _NO_REMARK.search(lead):
        return None
    sentence = _SENTENCE_END.split(lead.rstrip(".。!?"))[-1]
    return sentence.lstrip(_CUT_OFF) if len(sentence) == _LONGEST else sentence


def _last_in(text: str) -> tuple[Number, int] | None:
    """The last number of a text made plain, and where it begins."""
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
        return _in_chinese(text[start:end], sure=chinese is not None), start
    return (_in_digits(text, digits), digits.start()) if digits else None


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
