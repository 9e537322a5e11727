"""Training: what a few labels teach, what a community's decisions add, and how good it is on the real messages."""

import os
from pathlib import Path

import pytest

from shared.command.classifying.reading import labelled, messages
from shared.understanding.classifier import Classifier, shipped
from shared.understanding.training import Labelled, Message, evaluate, judge, levels, train, train_on_top

_BESIDE = Path(__file__).parents[4] / "shared" / "data"
DATA = Path(os.environ.get("LONGXI_DATA") or _BESIDE)


def made(count: int) -> list[Labelled]:
    """Messages about a word that no glossary has: 共享单车堆 is the community's trouble with traffic."""
    return [
        Labelled(Message(f"第{number}处共享单车堆", "共享单车堆在门口，走不过去"), "06")
        for number in range(count)
    ] + [Labelled(Message(f"第{number}次路灯不亮", "路灯坏了，请修好"), "01") for number in range(count)]


def test_labels_move_what_the_glossary_alone_would_say() -> None:
    model = Classifier(train(made(20), [], version="t"))
    assert model.classify("第9次路灯不亮", "路灯").best.category[:2] == "01"
    assert model.version == "t"


def test_a_community_teaches_words_that_the_glossary_does_not_have() -> None:
    base = shipped()
    before = base.classify("共享单车堆", "共享单车堆得到处是")
    result = train_on_top(base, made(20), version="own-1")
    own = base.changed(version="own-1", by=result.changes)
    after = own.classify("共享单车堆", "共享单车堆得到处是")
    assert result.better
    assert after.best.category[:2] == "06"
    assert after.best.confidence > before.best.confidence
    assert any("单车" in word for word in after.words)


def test_what_fewer_than_four_wrote_is_not_learnt() -> None:
    result = train_on_top(shipped(), made(3), version="own-2")
    assert result.changes["learned"] == {}


def test_a_learnt_word_is_at_most_four_characters_long() -> None:
    result = train_on_top(shipped(), made(20), version="own-3")
    assert result.changes["learned"]
    assert all(len(word) <= 4 for word in result.changes["learned"])


def test_a_report_counts_right() -> None:
    names = levels()

    def sure(level: str, share: float) -> list[float]:
        rest = (1 - share) / (len(names) - 1)
        return [share if name == level else rest for name in names]

    report = judge([("01", sure("01", 0.9)), ("01", sure("04", 0.9)), ("04", sure("04", 0.6))])
    assert report.count == 3
    assert report.accuracy == pytest.approx(2 / 3)
    assert report.by_level["01"][0] == pytest.approx(2 / 3)
    assert report.by_level["04"][0] == pytest.approx(2 / 3)
    assert [count for _, count in report.by_level.values()] == [2, 1]
    assert report.confused == [("01", "04", 1)]
    # Two in the bin of 0.9 of which one is right; one of 0.6 that is right.
    assert report.calibration_error == pytest.approx((2 * 0.4 + 1 * 0.4) / 3)


@pytest.mark.timeout(600)
@pytest.mark.skipif(
    not (DATA / "labelled.csv").is_file(), reason="the real messages are not beside the repository"
)
def test_the_real_messages_are_classified_as_well_as_promised() -> None:
    unlabelled = [row.message for row in messages(DATA / "messages.csv")]
    report = evaluate(labelled(DATA / "labelled.csv"), unlabelled, repeats=1)
    assert report.macro_f1 >= 0.85
    assert report.calibration_error < 0.05
