"""Wrong answers are of the right one's kind, and never right."""

import re

import pytest

from qwcli.simulator.chance import Chance
from qwcli.simulator.wrong import wrong

LABELS = "Answer with one of: refund_request, order_status, complaint, other.\nMessage: where is my parcel, please?"
LINES = "Labels:\n- refund_request: wants money back\n- order_status: where is it\n- other: the rest\n\nText: hi"
CHINESE = "请从以下意图中选择一个：退款、物流查询、投诉或者其他。用户：我的快递到哪里了？"
WORDS = "Choose: card arrival, lost card, top up failed.\nText: where"


@pytest.mark.parametrize(
    ("gold", "prompt", "kind"),
    [
        ("18", "", r"\d+"),
        ("1,234", "", r"\d,\d{3}"),
        ("12.5", "", r"\d+\.\d"),
        ("3 + 4 = 7\n#### 7", "", r"3 \+ 4 = 7\n#### \d+"),
        ("B", "A or B?", "[ACD]"),
        ("正确答案：B。", "", "正确答案：[ACD]。"),
        ("B. Paris", "", "[ACD]"),
        ("Yes", "", "No"),
        ("是", "", "否"),
        ("refund_request", LABELS, "order_status|complaint|other"),
        ("other", LABELS, "order_status|complaint|refund_request"),
        ("order_status", LINES, "refund_request|other"),
        ("物流查询", CHINESE, "退款|投诉|其他"),
        ("card arrival", WORDS, "lost card|top up failed"),
        ("Paris", "The capital of France", "[A-Z][^.]+\\."),
        ('{"total": 12}', "", r'\{"total": \d+\}'),
    ],
)
def test_wrong_answers_keep_the_kind_and_are_wrong(gold, prompt, kind):
    said = {wrong(gold, prompt, "en", Chance.of(number)) for number in range(50)}
    assert gold not in said
    assert all(re.fullmatch(kind, one) for one in said), said
