"""Our own dataset is what its card says it is."""

import re
from collections import Counter

from qwcli.store import bundled
from qwcli.store.datasets import open_dataset

LABELS = {"order_status", "return_refund", "cancel_order", "change_address", "payment_problem", "product_question", "damaged_item",
          "invoice_request", "account_access", "complaint", "human_agent"}  # fmt: skip
HAN = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[A-Za-z]{2,}")

DATASET = open_dataset("customer-intents")
CASES = list(DATASET.cases())


def test_counts_labels_and_languages():
    assert (DATASET.count, len(CASES)) == (110, 110)
    assert Counter(case.expected for case in CASES) == dict.fromkeys(LABELS, 10)
    assert Counter(case.lang for case in CASES) == {"zh": 44, "en": 44, "mixed": 22}


def test_ids_and_messages_are_unique_and_ids_carry_the_language():
    assert len({case.id for case in CASES}) == len({case.messages[-1].content for case in CASES}) == 110
    assert all(case.id.split("-")[0] == case.lang for case in CASES)


def test_the_language_named_is_the_language_written():
    for case in CASES:
        text = case.messages[-1].content
        assert bool(HAN.search(text)) == (case.lang != "en"), text
        assert (case.lang == "zh" or LATIN.search(text)) is not None, text


def test_every_row_asks_for_the_label_alone_and_lists_all_labels():
    for case in CASES:
        system, user = case.messages
        assert (system.role, user.role) == ("system", "user")
        assert set(re.findall(r"[a-z]+_[a-z]+|complaint", system.content)) == LABELS


def test_tags_say_channel_difficulty_and_topic():
    for case in CASES:
        channel, difficulty, *topic = case.tags
        assert channel in {"chat", "app", "email", "phone"}
        assert difficulty in {"easy", "hard"}
        assert topic
    hard = Counter(case.expected for case in CASES if "hard" in case.tags)
    assert min(hard[label] for label in LABELS) >= 3


def test_the_card_gives_the_same_counts():
    card = (bundled.folder("datasets") / "README.md").read_text(encoding="utf-8")
    for label in LABELS:
        assert re.search(rf"`{label}` \|[^\n]*\| 10 \|", card), label
    hard = sum("hard" in case.tags for case in CASES)
    assert f"110 rows: 44 `zh`, 44 `en`, 22 `mixed`; {110 - hard} `easy`, {hard} `hard`" in card
