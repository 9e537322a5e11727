"""A stored decision reads well in both languages, whatever it was."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.casework.assignments.explanation import Considered, Explained, duration, explain
from services.casework.assignments.rules import Filter, Reason, Trigger
from services.casework.cases.rules import Ending, TransferState, Waiting
from services.casework.workers.rules import Gender
from shared.contracts.casework import GridKind
from shared.contracts.intake import Outcome
from shared.contracts.vocabulary import codes

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
NAMES = {A: "王芳", B: "李强", C: "赵敏"}
WEEK = 2400
MADE = Explained(
    trigger="filed",
    worker=A,
    waiting=None,
    reasons=["least_loaded"],
    candidates=[Considered(A, 60, WEEK, None), Considered(B, 300, WEEK, None)],
    category="0102",
    grid_owner=None,
    effort=60,
    load_before=60,
    load_after=120,
    tolerance=52,
    cap_factor=1.0,
    policy="fair-1-00000000",
)


@pytest.mark.parametrize(
    ("changes", "at", "zh", "en"),
    [
        (
            {},
            2,
            "在可选的 2 人中，王芳接手后的负荷比最低，其次是李强的 15.0%。",
            "Of 2 who could take it, 王芳 has the lowest load ratio afterwards; next is 李强 with 15.0%.",
        ),
        (
            {"reasons": ["only_candidate"], "candidates": [Considered(A, 60, WEEK, None)]},
            2,
            "王芳是唯一符合条件的人。",
            "王芳 is the only one eligible.",
        ),
        (
            {"reasons": ["least_loaded"], "grid_owner": B},
            3,
            "所在网格的负责人李强未获优先：负荷比最低者多出 240 分钟，超过 52 分钟。",
            "The grid's owner 李强 was not preferred: 240 minutes more than the least loaded, over the 52 allowed.",
        ),
        (
            {
                "reasons": ["grid_owner"],
                "grid_owner": A,
                "candidates": [Considered(A, 60, WEEK, None), Considered(B, 20, WEEK, None)],
            },
            2,
            "王芳是所在网格的负责人，与最低负荷者相差 40 分钟，在 52 分钟（一件平均工作量）以内，因此优先。",
            "王芳 owns the grid and carries 40 minutes more than the least loaded, within the 52 minutes (one average "
            "effort) for which owners are preferred.",
        ),
        (
            {"reasons": ["least_loaded", "over_cap"]},
            3,
            "符合条件的人接手后都会超过工作量上限（每周工时的 100%）。",
            "Everyone eligible would pass the cap (100% of a week's hours).",
        ),
        (
            {"worker": None, "waiting": "nobody_available", "reasons": [], "candidates": []},
            0,
            "暂未派出：暂无可派人员。",
            "Nobody has it yet: nobody is available.",
        ),
        (
            {"candidates": [Considered(B, 0, WEEK, "absent") for _ in range(7)] + [MADE.candidates[0]]},
            1,
            "排除当天不在岗的李强、李强、李强、李强、李强等 7 人。",
            "Ruled out: absent today: 李强, 李强, 李强, 李强, 李强 and others, 7 in all.",
        ),
    ],
)
def test_sentences(changes: dict[str, object], at: int, zh: str, en: str) -> None:
    made = replace(MADE, **changes)  # type: ignore[arg-type]
    assert explain(made, NAMES, "zh")[at] == zh
    assert explain(made, NAMES, "en")[at] == en


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_reason_has_its_sentence(reason: Reason, language: str) -> None:
    plain = explain(replace(MADE, reasons=[]), NAMES, language)  # type: ignore[arg-type]
    told = explain(replace(MADE, reasons=[reason.value], grid_owner=A), NAMES, language)  # type: ignore[arg-type]
    assert len(told) == len(plain) + 1
    assert not any("{" in line or reason.value in line for line in told)


@pytest.mark.parametrize("trigger", list(Trigger))
def test_every_trigger_is_told(trigger: Trigger) -> None:
    told = explain(replace(MADE, trigger=trigger.value), NAMES, "en")[0]
    assert told.lower().startswith(codes("assignment_trigger")[trigger.value][1])


def test_a_worker_nobody_knows_the_name_of_does_not_break_the_sentence() -> None:
    assert "?" in explain(MADE, {}, "zh")[1]


@pytest.mark.parametrize(
    ("minutes", "zh", "en"),
    [
        (0, "0 分钟", "0 min"),
        (45, "45 分钟", "45 min"),
        (60, "1 小时", "1 h"),
        (125, "2 小时 5 分", "2 h 5 min"),
    ],
)
def test_durations(minutes: int, zh: str, en: str) -> None:
    assert (duration(minutes, "zh"), duration(minutes, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("assignment_reason", Reason),
        ("assignment_filter", Filter),
        ("assignment_trigger", Trigger),
        ("assignment_waiting", Waiting),
        ("case_ending", Ending),
        ("transfer_state", TransferState),
        ("grid_kind", GridKind),
        ("case_result", Outcome),
        ("gender", Gender),
    ],
)
def test_the_vocabulary_has_every_word_of_the_code_and_no_other(kind: str, words: type[Reason]) -> None:
    assert set(codes(kind)) == {word.value for word in words}
