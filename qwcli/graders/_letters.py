"""Finds the option letters an answer decides on.

Every pattern begins at a fixed word or a letter and every repetition is bounded, so reading takes linear time.
Results are letters in alphabetical order, each once ("AC"); the empty text means that no letter was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qwcli.graders._text import narrow

_LONG = 50_000
_SPACES = re.compile(r"\s{2,}|[^\S \n]")
_MARKUP = re.compile(r"[*`$]+|__+|\\[()\[\]]|</?(?:b|strong|em|i|u|mark|span|p|code)>|(?<=\\boxed)\s+")
_STYLED = re.compile(r"\\(?:text|textbf|mathrm|mathbf|textrm|rm|bf)\s?\{")

# What may stand between a statement and its letter, and between a letter and the end of its sentence.
_OPEN = r"[ \n\"'“”‘’「」『』\[\](){}【】《》〈〉<>:→=—–-]{0,8}"
_CLOSE = r"[ \"'“”‘’」』\])}】》〉]{0,6}"
_END = rf"{_CLOSE}(?:[.!,;。、<\n]|$)"
_WRONG = r"(?! ?(?:选项|選項|项|項)?(?: ?is| ?是)?(?: ?(?:not|wrong|incorrect|false)\b|错|錯|不|也))"

# After these an "A" is an option; before any other English word in small letters it is the article.
_AFTER_A = (
    "and|are|as|because|based|but|by|can|correctly|could|describes|does|due|fits|follows|for|from|given|has|here|if|in|is|it|"
    "looks|matches|may|means|must|nor|not|of|on|or|per|refers|says|seems|should|since|so|states|than|that|the|then|they|this|"
    "to|was|we|when|where|which|while|will|with|would"
)
_AFTER_I = "and|as|because|due|for|given|is|or|since"

_LINK = (
    r"(?: (?:is|are|was|would be|should be|must be|will be|has to be|to be)"
    r"(?: (?:therefore|thus|hence|clearly|likely|most likely|probably|definitely|simply|actually|still|indeed))?|"
    r"[ \"'*]{0,2}[:=>\])\n→—-])"
)
_ANSWER = (
    r"(?i:\b(?:answer|choice|option|selection)(?: (?:choice|option|letter))?"
    rf"(?: (?:to|for|here|of|in)\b[^.:\n]{{0,60}}?)?{_LINK})"
)
_OPTION = r"(?:(?i:option|choice|letter|answer)[ :]|选项|選項|选|選)?"
_ANSWER_ZH = r"(?:答案|正解|答え|정답|答)[ \"'“”\])】」]{0,4}(?:应该|應該|应当|应|應|就|当然|显然|理应)?"
_IS_ZH = r"(?:是|为|為|选择|選擇|选|選|は|은|는)"
_TOPIC_ZH = (
    r"(?:正确|正確|错误|錯誤|符合题意|符合題意|恰当|合适|最佳|不当)的?"
    r"(?:一项|一項|选项|選項|说法|說法|表述|做法|判断|叙述|是)?(?:应该|應該|应|應|就|只有)?(?:是|为|為|有|:)"
)
_CONCLUDES = re.compile(r"综上|綜上|总之|總之|(?i:\b(?:in conclusion|in summary|to conclude)\b)")
_OTHER_TONGUES = (
    r"(?i:\b(?:réponse|respuesta|antwort|risposta|resposta|ответ)\b[^.:\n]{0,40}?(?: (?:est|es|ist)\b| è| é|:| —| -))"
)


_AND = r" ?(?:[,、/&+;和与與及或]|以及|, and|, or|and|or) ?"
_CHOOSE = (
    r"(?i:\bI(?:'d| would| will|'ll)? (?:choose|chose|pick|select|go with|go for|opt for|answer)|"
    r"\b(?:going with|choosing|picking|selecting))"
)
_SO = r"(?i:\b(?:so|therefore|thus|hence|it's|it is|that's|must be|should be|would be)\b)|因此|所以|故|综上|綜上|而是"
_IS_ANSWER = (
    r"(?:选项|選項|项|項)? ?(?:is|are|为|為|是|就是) ?"
    r"(?:clearly |indeed |therefore |thus )?(?:the |my )?(?:only |single )?"
    r"(?:correct|right|best|most \w{1,20}|final|正确|正確|最佳|标准)的? ?(?:answer|option|choice|答案|选项|選項)"
)
_IS_CORRECT = (
    r"(?:选项|選項|项|項)?(?:的说法|的表述)? ?(?:is |是|为)?"
    r"(?:(?:correct|right|true)\b|(?:正确|正確|对的|對的)(?!的?(?:答案|说法是)))"
)


class LetterReader:
    """Reads answers to questions with these option letters (`"ABCD"`)."""

    def __init__(self, letters: str) -> None:
        upper, lower = f"[{letters}]", f"[{letters.lower()}]"
        alone = rf"(?<![A-Za-z0-9]){upper}(?![A-Za-z0-9]|['’][a-z]|[+#])"
        letter = rf"{alone}(?! (?<=A )(?!(?:{_AFTER_A})\b)[a-z])(?! (?<=I )(?!(?:{_AFTER_I})\b)[a-z])"
        # "A, C" is one answer of two letters; "B, A is wrong" is not.
        more = rf"(?:{_AND}{_OPEN}{alone}{_CLOSE}){{1,9}}"
        ends = (
            rf"[\n.。;!)\]}}<\"'”】」都均]|,(?! ?{upper}(?![A-Za-z0-9]))|are (?!wrong|incorrect|not)|both|because|since"
        )
        run = rf"(?<![A-Za-z0-9]){upper}{{2,10}}(?![A-Za-z0-9])"
        small = rf"(?<![A-Za-z0-9]){lower}(?=[.)\]}}\"',;:。<\n]|$)"
        named = rf"{_OPEN}{_OPTION}{_OPEN}"
        wrapped = rf"{named}(?P<x>{letter}(?:{more}(?= ?(?:$|{ends})))?|{run}|{small}){_WRONG}"
        not_but = rf"(?:not {_OPTION}{_OPEN}{alone}{_CLOSE},? ?(?:but|rather) )?"
        not_but_zh = rf"(?:不是{_OPEN}{alone}{_CLOSE}[,;]? ?而?)?"
        statements = (
            rf"{_ANSWER}{_OPEN}{not_but}{wrapped}",
            rf"{_ANSWER_ZH}{not_but_zh}{_IS_ZH}{{0,2}}{wrapped}",
            rf"(?<![不未没别])(?<!不能)(?<!不应)(?<!不该)(?:选择|選擇|选|選)(?![项項])(?:了|的是|是|为)?{wrapped}",
            rf"{_TOPIC_ZH}{wrapped}",
            rf"{_CHOOSE}{wrapped}",
            rf"(?:{_SO}|\bnot {upper},? but)[,: ]{{0,2}}{named}(?P<x>{letter})(?={_END})",
            rf"(?<!\b[Ii]f )(?<!如果)(?P<x>{letter}){_CLOSE}{_IS_ANSWER}",
            rf"(?:\\boxed ?\{{|####){wrapped}",
            rf"{_OTHER_TONGUES}(?: (?:la|le|die|opción|option))?{wrapped}",
        )
        self._letters = letters
        self._letter = re.compile(letter)
        self._run = re.compile(run)
        self._only = re.compile(rf"{named}(?P<x>{letter}(?:{more})?|{run}|{lower}){_CLOSE}[.。,]?{_CLOSE}")
        self._statements = tuple(map(re.compile, statements))
        self._said_correct = re.compile(rf"(?P<x>{letter}){_CLOSE}{_IS_CORRECT}")
        self._opens = re.compile(rf"\A{wrapped}{_CLOSE}(?: ?[.:,;。、!)\]}}<\n]| [—–-] |$| (?:because|since|as)\b)")
        self._ends = re.compile(rf"(?:\n|[:→=.。!?]|(?=[(\[【「])){wrapped}{_CLOSE}[.。]?\s*\Z")
        self._quoted = re.compile(rf"(?<![A-Za-z0-9])(?<![A-Za-z0-9] )({upper}):")
        self._label = re.compile(rf"(?<![A-Za-z0-9])({upper})[).:、]")

    def expected(self, text: str) -> str:
        """The letters of an expected text: bare, wrapped ("正确答案：A。") or in small letters."""
        cleaned = _clean(text)
        only = self._only.fullmatch(cleaned)
        return self._in(only["x"]) if only else self.final(text)

    def final(self, text: str) -> str:
        """The letters an answer ends up with; of a very long one its beginning and its end are read."""
        cleaned = _clean(text if len(text) <= _LONG else f"{text[: _LONG // 5]}\n{text[-_LONG:]}")
        if len(cleaned) < 40 and (only := self._only.fullmatch(cleaned)):
            return self._in(only["x"])
        stated: tuple[int, str] = (-1, "")
        for pattern in self._statements:
            for match in pattern.finditer(cleaned):
                stated = max(stated, (match.start("x"), match["x"]))
        if stated[1]:
            return self._in(stated[1])
        concluded = _CONCLUDES.split(cleaned)[1:][-1:]
        if letter := _single(letter for conclusion in concluded for letter in self._letter.findall(conclusion)):
            return letter
        if letter := _single(match["x"] for match in self._said_correct.finditer(cleaned)):
            return letter
        if lone := self._ends.search(cleaned[-80:]):
            return self._in(lone["x"])
        if (lone := self._opens.match(cleaned[:80])) and not self._restates(cleaned):
            return self._in(lone["x"])
        return _single(self._quoted.findall(cleaned))

    def standing(self, text: str) -> str:
        """Every option letter that stands in an answer by itself, or in a run of option letters ("ACD")."""
        cleaned = _clean(text)
        runs = [match.group() for match in self._run.finditer(cleaned)]
        return self._in(
            {match.group() for match in self._letter.finditer(cleaned)}.union(
                *(run for run in runs if len(set(run)) == len(run))
            )
        )

    def _restates(self, cleaned: str) -> bool:
        """Whether the answer goes through the options from the first on, so that its first letter decides nothing."""
        labels = (match[1] for match in self._label.finditer(cleaned[:4000]))
        return next(labels, "") == self._letters[0] and next(labels, "") == self._letters[1]

    def _in(self, found: str | set[str]) -> str:
        """The option letters in what was matched, which may hold "and"; a small letter counts only by itself."""
        found = found.upper() if isinstance(found, str) and len(found) == 1 else found
        return "".join(letter for letter in self._letters if letter in found)


def _single(found: Iterable[str]) -> str:
    """The letter, where only one was found, however often."""
    letters = set(found)
    return letters.pop() if len(letters) == 1 else ""


def _clean(text: str) -> str:
    """Narrow forms, without emphasis, with single spaces and single line ends."""
    plain = _STYLED.sub("{", _MARKUP.sub("", narrow(text)))
    return _SPACES.sub(lambda run: "\n" if "\n" in run[0] else " ", plain).strip()
