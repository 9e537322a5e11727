"""Answer templates: what they may name, whom they fit, and the words that come of them."""

from datetime import UTC, datetime

import pytest

from services.intake.templates.rules import About, Template, UnknownPlaceholder, check, fits, render
from shared.contracts.intake import Outcome

ABOUT = About("261118-000123-7", datetime(2026, 12, 3, 9, 30, tzinfo=UTC), "0105")


def template(
    zh: str = "诉求{reference}已处理。",
    en: str = "Done.",
    category: str | None = None,
    outcome: Outcome | None = None,
) -> Template:
    return Template("已处理", zh, en, category, outcome)


@pytest.mark.parametrize(
    "text",
    ["{name}", "{reference", "reference}", "{}", "{0}", "{due:%Y}", "{due!r}", "{due.year}", "{category[0]}"],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_only_known_placeholders(text: str, language: str) -> None:
    with pytest.raises(UnknownPlaceholder) as refused:
        check(template(zh=text) if language == "zh" else template(en=text))
    assert refused.value.field == language
    assert "{reference}, {due}, {category}" in refused.value.message("zh")
    assert "{{ and }}" in refused.value.message("en")


def test_it_is_rendered_in_both_languages() -> None:
    words = template("诉求{reference}（{category}），时限{due}。{{}}", "Request {reference}, due {due}.")
    check(words)
    assert render(words, ABOUT, "zh").startswith("诉求261118-000123-7（")
    assert "2026年12月3日（周四）17:30。{}" in render(words, ABOUT, "zh")
    assert render(words, ABOUT, "en") == "Request 261118-000123-7, due Thu 3 Dec 2026, 17:30."
    unclassified = About(ABOUT.reference, ABOUT.due, None)
    assert "未分类" in render(words, unclassified, "zh")


@pytest.mark.parametrize(
    ("of", "category", "outcome", "fitting", "reason"),
    [
        (template(), None, None, True, "for all"),
        (template(category="01"), "010503", None, True, "a category above"),
        (template(category="0105"), "0105", None, True, "the category itself"),
        (template(category="010503"), "0105", None, False, "a category below"),
        (template(category="0105"), None, None, False, "not classified yet"),
        (template(outcome=Outcome.RESOLVED), "01", None, True, "the outcome is not decided"),
        (template(outcome=Outcome.RESOLVED), "01", Outcome.RESOLVED, True, "this outcome"),
        (template(outcome=Outcome.RESOLVED), "01", Outcome.EXPLAINED, False, "another"),
    ],
)
def test_whom_it_fits(
    of: Template, category: str | None, outcome: Outcome | None, fitting: bool, reason: str
) -> None:
    assert fits(of, category=category, outcome=outcome) is fitting, reason
