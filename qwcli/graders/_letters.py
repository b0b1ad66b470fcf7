"""Finds the option letters an answer decides on.

Every pattern begins at a fixed word or a letter and every repetition is bounded, so reading takes linear time.
Results are letters in alphabetical order, each once ("AC"); the empty text means that no letter was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qwcli.graders._text import narrow

_LONG = 50_000
_MOST = 200
"""Statements of one kind that are looked at, from the last one back."""
_SPACES = re.compile(r"\s{2,}|[^\S \n]")
_MARKUP = re.compile(r"[*`$]+|__+|\\[()\[\]]|</?(?:b|strong|em|i|u|mark|span|p|code)>|(?<=\\boxed)\s+")
_STYLED = re.compile(r"\\(?:text|textbf|mathrm|mathbf|textrm|rm|bf)\s?\{")

# What may stand between a statement and its letter, and between a letter and the end of its sentence.
_OPEN = r"[ \n\"'“”‘’「」『』\[\](){}【】《》〈〉<>:→=—–-]{0,8}"
_CLOSE = r"[ \"'“”‘’」』\])}】》〉]{0,6}"
_END = rf"{_CLOSE}(?:[.!,;。、<\n]|$)"
_WRONG = (
    r"(?! ?(?:选项|選項|项|項)?(?: ?is| ?是)?"
    r"(?: ?(?:not|wrong|incorrect|false|less|too|also|unlikely|impossible|irrelevant|ruled|eliminated)\b|错|錯|不|也))"
)

# After these an "A" is an option; before any other English word in small letters it is the article.
_AFTER_A = (
    "and|are|as|because|based|but|by|can|correctly|could|describes|does|due|fits|follows|for|from|given|has|here|if|in|is|it|"
    "looks|matches|may|means|must|nor|not|of|on|or|per|refers|says|seems|should|since|so|states|than|that|the|then|they|this|"
    "to|was|we|when|where|which|while|will|with|would"
)
_AFTER_I = "and|as|because|due|for|given|is|or|since"

_SURELY = (
    r"(?: (?:therefore|thus|hence|clearly|likely|most likely|probably|definitely|certainly|obviously|simply|actually|"
    r"still|indeed|only|just|rather))?"
)
_LINK = (
    rf"(?: (?:is|are|was|would be|should be|must be|will be|has to be|to be){_SURELY}|"
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
    r"(?i:\bI(?:'d| would| will|'ll)? (?:choose|chose|pick|select|go with|go for|opt for|answer|say|guess|"
    r"vote for|lean towards?|lean to)|\b(?:going with|going to say|choosing|picking|selecting|leaning towards?))"
)
_SO = (
    rf"(?i:\b(?:so|therefore|thus|hence|it's|it is|that's|must be|should be|would be)\b{_SURELY})|"
    r"因此|所以|故|综上|綜上|而是|不,是"
)
_AFTER_ALL = r"(?i:\b(?:no|wait|actually|rather|correction|make that|I mean)\b[,: ]{1,2}(?:it's |it is |that's )?)"
_THE_ONE = (
    r"(?i:\b(?:statement|sentence|claim|one|item|assertion|description|exception|conclusion|explanation|reason|figure|"
    rf"example|pair|word|term)\b[^.:;,\n]{{0,80}}? (?:is|are|must be|would be){_SURELY})"
)
_LEAVES = r"(?i:\b(?:leaves|leaving|left with|remains|narrows? (?:it|this) down to)(?: us with| me with| only| just)?)"
_SHOULD_ZH = r"(?<!不)(?:应该|應該|应当|應當|应|應)(?:就)?(?:是|为|為)|我们?(?:认为|觉得|判断|感觉|相信|猜)是"
_ONLY_ZH = r"(?:只能|只可能|一定|必然|显然|顯然|肯定)(?:就)?(?:是|为|為|有)|(?:只|就)?剩下?(?:的|了)?(?:只有|就是|是)?"
_FITS_ZH = r"(?:选项|選項|项|項)?(?:才|最|都|均|是|完全)?(?:符合(?:题|題|要求|条件|條件)|当选|當選|入选|入選)"
_IS_ANSWER = (
    r"(?:选项|選項|项|項)? ?(?:is|are|seems|looks|seems to be|appears to be|为|為|是|就是) ?"
    r"(?:clearly |indeed |therefore |thus )?(?:the |my )?(?:only |single )?"
    r"(?:correct|right|best|better|(?:most|more) (?!common|popular|tempting)\w{1,20}|final|正确|正確|最佳|标准)的? ?"
    r"(?:answer|option|choice|one|statement|explanation|description|fit|match|答案|选项|選項)"
)
_IS_CORRECT = (
    r"(?:选项|選項|项|項)?(?:的说法|的表述)? ?(?:is |是|为)?"
    r"(?:(?:correct|right|true|better|best|"
    r"(?:the )?(?:more|most) (?:accurate|likely|plausible|appropriate|suitable|precise))\b|"
    r"更(?:准确|準確|合适|合適|恰当|恰當|合理|好)|(?:正确|正確|对的|對的)(?!的?(?:答案|说法是)))"
)
# A mark after an option's text, on its line: "B: Paris ✅", "B) Correct", "B. Paris (correct)".
_MARK = r"(?:[✅✔☑✓]|√(?![\w({])|\((?:correct|正确|正確)\)|(?<=[:)—–.-] )(?i:correct|正确|正確)(?![\w的率]))"

# What takes a statement back: a question, somebody else's opinion, a case that is not this one, a denial after it.
_BEFORE, _BEHIND = 160, 90
_SENTENCE_END = re.compile(r"[.。!?;\n]")
_WRONG_ANSWER = re.compile(r"(?i:\b(?:wrong|incorrect|mistaken|tempting|trap) )\Z|(?:错误|錯誤|错|錯)的?\Z")
_REPORTED = re.compile(
    r"(?i:\b(?:people|some|many|students|others|readers|one|you) (?:often |commonly |mistakenly |wrongly )?"
    r"(?:(?:may|might|could|would|will|can) )?(?:be tempted to |often |mistakenly |wrongly )?"
    r"(?:think|say|believe|assume|guess|choose|pick|select|argue|answer)\b)|"
    r"(?:有人|有些人|很多人|许多人|許多人|不少人|人们|人們|有的人|同学|同學|学生|學生|考生)(?:可能|也许|也許|常|会|會|容易|往往){0,3}"
    r"(?:认为|認為|觉得|覺得|以为|以為|说|說|误|誤|选|選|会|會)|(?:误|誤)\Z"
)
_SUPPOSED = re.compile(
    r"(?i:\b(?:if|otherwise)\b(?! (?:I|we|forced|pressed)\b)(?=[^.]{0,140}\bwould\b)(?![^.]{0,140}\bstill\b)|"
    r"\bhad (?:the|it|this|you|they)\b|\b(?:if|whether|suppose|assuming)\b(?! (?:I|we|forced|pressed)\b)[^,]{0,30}\Z)|"
    r"(?:如果|假如|假设|假設|倘若|要是|若)(?!.{0,6}(?:非要|一定要|必须|必須|只能|让我|讓我|硬要|要我|我))"
    r"(?:[^,]{0,8}\Z|[^,]{0,30}(?:问|問|改成|改为|改為|换成|換成|要求的?是|要求选|要求選|要选|要選))|否则|否則"
)
_TURNS = re.compile(r"但|然而|不过|不過|可是|其实|其實|实际上|實際上|(?i:\b(?:but|however|yet)\b)")
_CONCLUSION = re.compile(r"所以|因此|故|从而|從而|(?i:\b(?:so|therefore|thus|hence)\b)")
_BUT = r"[,;.。]? ?(?:but|however,?|though|yet|although|但是?|然而|不过|不過|可是|可惜|其实|其實|实际上|實際上),? ?"
_THIS = r"(?:(?:that|this|it|which|they)(?:'s| is| was| would be)|这|這|那|此|该|該)(?: actually| clearly| also)?"
_NO_ZH = (
    r"(?:错误|錯誤|有误|有誤|误区|誤區|误解|誤解|不对|不對|不正确|不正確|不成立|错|錯)"
    r"(?:的|了|观点|觀點|看法|想法|答案|理解|认识|認識){0,2}(?=[,;.。!\n]|\Z)"
)
_NOT_EN = r"not (?:right|correct|true|so\b|the (?:right|correct|case|best|answer))|mistake|error|trap|misconception"
_DENIED = re.compile(
    rf"{_CLOSE}(?:选项|選項|项|項)? ?(?:吗|嗎|么|吧)? ?\?|"
    rf"(?i:[^,;.。\n!?A-J]{{0,30}}?(?:{_BUT}{_THIS}[^,;.。\n!?]{{0,8}}?"
    rf"(?:{_NOT_EN}|(?:wrong|incorrect|false)\b(?! to| in)|{_NO_ZH})|"
    rf"[,;.。]? ?{_THIS}(?: an?| the)? ?(?:common )?(?:{_NOT_EN})|[,。;] ?{_NO_ZH}))"
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
            rf"(?:{_SHOULD_ZH}|{_ONLY_ZH}){wrapped}",
            rf"{_AFTER_ALL}{named}(?P<x>{letter})(?={_END})",
            rf"{_LEAVES}{named}(?P<x>{letter})(?={_END})",
            rf"{_THE_ONE}{named}(?P<x>{letter})(?={_END})",
            rf"(?P<x>{letter})(?: it is\b)",
            rf"(?P<x>{alone}(?:[、和与與及,]{alone}){{0,9}}){_CLOSE}{_FITS_ZH}",
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
        self._marked = re.compile(rf"(?:\A|\n)[-• \d]{{0,4}}{_OPEN}(?P<x>{upper})[).:、 ][^\n]{{0,200}}?{_MARK}")
        self._named_last = re.compile(
            rf"(?<!than )(?<!not )(?<!unlike )(?<!over )(?<!out )(?<!from )(?<!against )"
            rf"\b(?i:option|statement|choice|answer){wrapped}{_CLOSE}[.。]?\s*\Z"
        )
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
            for match in reversed(tuple(pattern.finditer(cleaned))[-_MOST:]):
                if match.start("x") <= stated[0]:
                    break
                if _stands(cleaned, match):
                    stated = match.start("x"), match["x"]
                    break
        if stated[1]:
            return self._in(stated[1])
        concluded = _CONCLUDES.split(cleaned)[1:][-1:]
        if letter := _single(letter for conclusion in concluded for letter in self._letter.findall(conclusion)):
            return letter
        if letter := _single(match["x"] for match in self._said_correct.finditer(cleaned)):
            return letter
        if letter := _single(match["x"] for match in self._marked.finditer(cleaned)):
            return letter
        if lone := self._ends.search(cleaned[-80:]):
            return self._in(lone["x"])
        if (lone := self._opens.match(cleaned[:80])) and not self._restates(cleaned):
            return self._in(lone["x"])
        if letter := _single(self._quoted.findall(cleaned)):
            return letter
        named = self._named_last.search(cleaned, max(0, len(cleaned) - 80))
        return self._in(named["x"]) if named else ""

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


def _stands(cleaned: str, match: re.Match[str]) -> bool:
    """Whether a statement is the answer's own and is not taken back by what stands around it."""
    lead = _SENTENCE_END.split(cleaned[max(0, match.start() - _BEFORE) : match.start()])[-1]
    lead = _TURNS.split(lead)[-1]
    # "The incorrect statement is A" answers a question for it; "a wrong answer is A" does not.
    wrong = _WRONG_ANSWER.search(lead) and match[0].lower().startswith(("answer", "choice", "option", "答"))
    if wrong or _REPORTED.search(lead):
        return False
    condition = _CONCLUSION.split(lead + cleaned[match.start() : match.start("x")])[-1]
    if _SUPPOSED.search(condition):
        return False
    return not _DENIED.match(cleaned[match.end("x") : match.end("x") + _BEHIND])


def _single(found: Iterable[str]) -> str:
    """The letter, where only one was found, however often."""
    letters = set(found)
    return letters.pop() if len(letters) == 1 else ""


def _clean(text: str) -> str:
    """Narrow forms, without emphasis, with single spaces and single line ends."""
    plain = _STYLED.sub("{", _MARKUP.sub("", narrow(text)))
    return _SPACES.sub(lambda run: "\n" if "\n" in run[0] else " ", plain).strip()
