"""Every message can be written, in both languages, from codes; SMS stay short."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.notifications.telling.rules import TELLINGS, facts_by_template
from services.notifications.templates.catalogue import BadTemplates, Templates, check, load
from services.notifications.templates.rules import (
    LANGUAGES,
    MOST_SEGMENTS,
    facts_of,
    problems,
    render_mail,
    render_note,
    render_sms,
    segments,
)
from services.notifications.templates.words import VARIABLES, moment
from shared.contracts.catalogue import BY_TYPE

SIGNATURE = "【龙溪社区】"
FACTS: dict[str, Any] = {
    "reference": "261118-000123-7",
    "category": "010214",
    "urgency": "urgent",
    "due": "2026-12-03T09:30:00+00:00",
    "due_provisional": True,
    "duplicate_reference": "261117-000099-3",
    "rejection_reason": "out_of_scope",
    "return_reason": "wrong_grid",
    "rework_reason": "not_solved",
    "reopen_reason": "came_back",
    "reclassify_reason": "more_urgent",
    "supervision_reason": "slow_progress",
    "due_change_reason": "holiday_notice",
    "stop_cause": "withdrawn",
    "case_result": "resolved",
    "outcome": "partly_resolved",
    "assignment_reasons": ["least_loaded", "grid_owner"],
    "returns": 2,
    "round": 1,
    "load": 2550,
    "cap": 2400,
    "occupation": "4-03.cook",
    "occupations": ["4-03.cook", "4-01.cashier"],
    "score": 0.83,
    "met": ["occupation", "pay"],
    "unmet": ["certificate"],
    "missing_skills": ["food_safety"],
    "training": ["cooking_course"],
    "activity_kind": "handicraft",
    "activity_number": 118,
    "activity_starts": "2026-12-05T06:00:00+00:00",
    "starts_before": "2026-12-04T06:00:00+00:00",
    "decline_until": "2026-12-03T06:00:00+00:00",
    "leave_until": "2026-12-04T06:00:00+00:00",
    "position": 4,
    "activity_cancel_reason": "weather",
    "amount": 2,
    "balance": 14,
    "expires": "2028-11-30T16:00:00+00:00",
    "month": "2026-11-01",
    "earned": 4,
    "spent": 3,
    "expired": 0,
    "minutes": 150,
    "hot_place": "龙溪花园",
    "heat": 12,
    "requests": 9,
    "residents": 7,
    "votes": 4,
    "progress": "dispatch",
}


@pytest.fixture(scope="module")
def templates() -> Templates:
    return load()


def test_the_shipped_templates_are_whole(templates: Templates) -> None:
    check(templates, facts_by_template(), signature=SIGNATURE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_reads_well_in_every_channel(templates: Templates, language: Any) -> None:
    for template in templates.all():
        sms = render_sms(template, language, FACTS)
        note = render_note(template, language, FACTS)
        mail = render_mail(template, language, FACTS, person="张三", community="龙溪社区")
        for text in (sms.text, note.title, note.text, mail.subject, mail.body):
            assert text.strip(), template.code
            assert "{" not in text, template.code
        assert segments(SIGNATURE + sms.text) <= MOST_SEGMENTS[language], template.code
        assert "\n\n\n" not in mail.body, template.code
        # A code that shows through would mean a vocabulary of another name.
        for code in ("out_of_scope", "wrong_grid", "not_solved", "least_loaded", "cooking_course", "4-03"):
            assert code not in note.text + mail.body, template.code


def test_a_name_is_written_in_a_mail_and_nowhere_else(templates: Templates) -> None:
    template = templates.newest("request.filed")
    mail = render_mail(template, "zh", FACTS, person="张三", community="龙溪社区")
    assert mail.body.startswith("张三，您好：")
    assert render_mail(template, "zh", FACTS, person=None, community="龙溪社区").body.startswith("您好：")
    assert "name" not in VARIABLES


@pytest.mark.parametrize(
    ("length", "count"),
    [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)],
)
def test_segments_of_an_sms(length: int, count: int) -> None:
    assert segments("字" * length) == count


def test_a_character_outside_the_basic_plane_counts_twice() -> None:
    assert segments("𠮷" * 35) == 1
    assert segments("𠮷" * 36) == 2


@pytest.mark.parametrize(
    ("time", "language", "words"),
    [
        ("2026-12-03T09:30:00+00:00", "zh", "12月3日周四17:30"),
        ("2026-12-03T09:30:00Z", "en", "Thu 3 Dec 17:30"),
        ("2026-12-31T16:05:00+00:00", "zh", "1月1日周五00:05"),  # the next year in Shanghai
    ],
)
def test_times_are_of_shanghai(time: str, language: Any, words: str) -> None:
    assert moment(time, language) == words


def test_a_provisional_limit_says_so(templates: Templates) -> None:
    template = templates.newest("request.filed")
    assert "（暂定）" in render_sms(template, "zh", FACTS).text
    certain = FACTS | {"due_provisional": False}
    assert "暂定" not in render_note(template, "zh", certain).text
    assert "暂定" not in render_mail(template, "zh", certain, person=None, community="龙溪社区").body


def test_a_code_that_the_vocabulary_lacks_is_shown_as_it_is(templates: Templates) -> None:
    note = render_note(
        templates.newest("request.rejected"), "zh", FACTS | {"rejection_reason": "newer_reason"}
    )
    assert "newer_reason" in note.text


def test_nothing_unmet_needs_no_sentence(templates: Templates) -> None:
    perfect = FACTS | {"unmet": [], "missing_skills": [], "training": []}
    note = render_note(templates.newest("job.matched"), "zh", perfect)
    assert "暂不符合" not in note.text
    assert "帮您报名" not in note.text


def test_variables_of_an_sms_fit_the_provider(templates: Templates) -> None:
    long = FACTS | {"rejection_reason": "x" * 48}
    assert all(
        len(value) <= 35
        for value in render_sms(templates.newest("request.rejected"), "zh", long).parameters.values()
    )


def test_every_fact_is_a_field_of_its_event() -> None:
    for type, tellings in TELLINGS.items():
        for telling in tellings:
            assert set(telling.facts.values()) <= set(BY_TYPE[type].model_fields), (type, telling.template)


def _with_sms(templates: Templates, sms: str) -> list[str]:
    template = templates.newest("request.filed")
    texts = {language: replace(template.texts[language], sms=sms) for language in LANGUAGES}
    changed = replace(template, texts=texts)
    return problems(changed, facts_by_template()["request.filed"], signature=SIGNATURE)


@pytest.mark.parametrize(
    ("sms", "problem"),
    [
        ("您好{resident_name}", "unknown variable 'resident_name'"),
        ("原因{rejection_reason}", "needs 'rejection_reason', which its event lacks"),
        ("说明{provisional_note}", "is not for an SMS"),
        ("长" * 300, "segments"),
        ("  ", "a text is empty"),
    ],
)
def test_a_wrong_template_is_found_at_start(templates: Templates, sms: str, problem: str) -> None:
    assert any(problem in line for line in _with_sms(templates, sms))


def test_a_template_that_nobody_uses_or_that_is_missing_is_found(templates: Templates) -> None:
    facts = facts_by_template()
    spare = dict(facts)
    del spare["request.filed"]
    with pytest.raises(BadTemplates, match="nobody is told with it"):
        check(templates, spare, signature=SIGNATURE)
    with pytest.raises(BadTemplates, match="no template file"):
        check(templates, facts | {"request.lost": frozenset()}, signature=SIGNATURE)


def test_a_file_that_cannot_be_right_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.v1.toml").write_text('code = "a"\nversion = 1\nrecipient = "cat"\ngroup = "receipts"\n')
    with pytest.raises(BadTemplates, match=r"a\.v1\.toml"):
        load(tmp_path)


def test_a_message_keeps_the_words_of_its_version(templates: Templates) -> None:
    template = templates.newest("request.filed")
    both = Templates([template, replace(template, version=2)])
    assert both.newest("request.filed").version == 2
    assert both.version("request.filed", 1) is template
    assert facts_of(template) <= facts_by_template()["request.filed"]
