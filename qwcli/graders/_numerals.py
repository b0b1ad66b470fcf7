"""Chinese numerals, simplified, traditional and formal, also mixed with digits.

What they are worth, and whether one that stands in a text is meant as a figure.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal

_DIGITS = ("零〇", "一壹", "二两兩贰貳", "三叁參", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
_DIGIT = {char: figure for figure, chars in enumerate(_DIGITS) for char in chars}
_UNIT = {
    char: 10**power
    for power, chars in ((1, "十拾"), (2, "百佰"), (3, "千仟"), (4, "万萬"), (8, "亿億"))
    for char in chars
}

CHARACTERS = frozenset(_DIGIT) | frozenset(_UNIT) | frozenset("点點分之")
"""What a numeral is written with."""

_D, _U = f"[{''.join(_DIGIT)}]", f"[{''.join(_UNIT)}]"
_RUN = f"[{''.join(_DIGIT)}{''.join(_UNIT)}]{{1,60}}(?:[点點]{_D}{{1,30}}[万亿萬億]{{0,2}})?"
_PLAIN = r"(?:\d{1,3}(?:,\d{3})+|\d{1,300})(?:\.\d{1,300})?"

NUMERAL = re.compile(rf"[负負]?(?:(?P<under>{_RUN})分之(?P<over>{_RUN})|{_RUN})")
MIXED = rf"(?:{_PLAIN} ?(?:[万亿萬億]|{_U}(?![克米瓦卡帕赫伏焦分])){{1,3}}){{1,4}}(?:\d{{1,4}}(?![\d.,%/]))?"
"""Digits with Chinese units: 1.2万, 3亿, 3万5千."""

_PIECE = re.compile(rf"(?P<plain>{_PLAIN})|(?P<digits>{_D}+)|(?P<unit>{_U})|[点點](?P<decimals>{_D}+)")

_NO_FIGURE_AFTER = "第周週拜期这這那哪每某另同统統唯之其初专專单單"
_MEASURES = (
    "个個只隻块塊元角分人位名天年周岁歲本张張辆輛条條米斤克吨噸公千厘毫升里小点點时時秒次倍页頁枚头頭匹棵朵支双雙套间間层層箱盒袋瓶"
    "杯碗株颗顆粒台部份件场場节節班组組种種项項级級步行列排包筐篮籃桶根道题題句字美英欧度寸尺亩平立艘架把"
)
_WORDS = re.compile(r"角[形函洲]|元[一二三方]|次[方函根项項曲]|分钟热度|点[击評评]|年级|年級|把手|人称|人稱")
_SET_PHRASES = frozenset(
    {"千万", "千萬", "万一", "萬一", "一一", "万千", "千百", "百十", "三五", "万万", "亿万", "十万", "百万", "百萬"}
)
_SENTENCE_ENDS = " \n\t。，,.!！?？;；、)）」”\"'》】]*$}"
_GRAMS = "克瓦卡帕赫"


def value(text: str) -> Fraction | None:
    """What a numeral is worth ("两千零五", "三点五", "一万二", "3万5千"); `None` where it has no value by itself."""
    total = section = Fraction(0)
    number: Fraction | None = None
    unit = 1
    zero = False
    for piece in _PIECE.finditer(text):
        if piece["plain"]:
            number, zero = Fraction(piece["plain"].replace(",", "")), len(piece["plain"]) > 1
        elif digits := piece["digits"]:
            figure = "".join(str(_DIGIT[char]) for char in digits)
            number, zero = Fraction(int(figure)), len(figure) > 1
            continue
        elif decimals := piece["decimals"]:
            part = "".join(str(_DIGIT[char]) for char in decimals)
            number, section, zero = section + (number or 0) + Fraction(int(part), 10 ** len(part)), Fraction(0), True
        else:
            unit = _UNIT[piece["unit"]]
            if unit < 10_000:
                section += (1 if number is None else number) * unit
            elif total < unit:
                total = (total + section + (number or 0)) * unit
                section = Fraction(0)
            else:
                total += (section + (number or 0)) * unit
                section = Fraction(0)
            number, zero = None, False
    if number is not None and unit >= 100 and not zero and number < 10:
        number *= Fraction(unit, 10)  # 一万二 is 12,000, a 一万零二 is 10,002
    worth = total + section + (number or 0)
    return worth if number is not None or worth else None


def kind(text: str, start: int, end: int) -> Literal["sure", "unsure", "none"]:
    """Whether the numeral at `text[start:end]` is meant as a figure, by what stands around it."""
    run = text[start:end].lstrip("负負")
    before, after = text[start - 1 : start] if start else "", text[end : end + 2]
    listed = before in {"", "\n", "(", "（"} and after[:1] in set("、.)）:：") and len(after) == 2
    if (before and before in _NO_FIGURE_AFTER) or (listed and "分之" not in run):
        return "none"
    if len(run) > 1:
        return "unsure" if run in _SET_PHRASES else "sure"
    if run in "百佰千仟万萬亿億":
        return "none"
    ends = not after or after[0] in _SENTENCE_ENDS
    if run in "一壹":
        if ends:
            return "sure" if before and before in "是为為得于於到=:： " else "none"
        return "unsure" if after[0] in _MEASURES and not _WORDS.match(after) else "none"
    if run == "十" and after[:1] == "分":
        return "unsure"
    if ends or (before and before in "于於="):
        return "sure"
    return "sure" if after[0] in _MEASURES and not _WORDS.match(after) else "none"


def trimmed(text: str, start: int, end: int) -> int:
    """The end of the numeral without a 千 that belongs to the unit after it ("三千克" is three kilograms)."""
    return end - 1 if end - start > 1 and text[end - 1] == "千" and text[end : end + 1] and text[end] in _GRAMS else end
