"""Why this worker: a stored decision in sentences, in Chinese and English. Pure; the numbers are those of that moment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.casework.assignments.rules import Filter, Reason, Trigger
from shared.contracts.vocabulary import name
from shared.refusals import Language


@dataclass(frozen=True, slots=True)
class Considered:
    """A candidate of a stored decision. Minutes."""

    worker: UUID
    load: int
    weekly: int
    out: str | None


@dataclass(frozen=True, slots=True)
class Explained:
    """What is told of a decision. Minutes."""

    trigger: str
    worker: UUID | None
    waiting: str | None
    reasons: Sequence[str]
    candidates: Sequence[Considered]
    category: str | None
    grid_owner: UUID | None
    effort: int
    load_before: int
    load_after: int
    tolerance: int
    cap_factor: float
    policy: str


_NAMED = 5
"""So many of those ruled out for one reason are named; a sentence that lists a hundred says nothing."""
Names = Mapping[UUID, str]
"""Staff number and name of each worker, as they are called in a sentence."""
_TEMPLATES: Mapping[str, tuple[str, str]] = {
    "considered": (
        "{trigger}：共考虑 {count} 名工作者，按 {effort} 分钟估算工作量。",
        "{trigger}: {count} workers were considered; the work is estimated at {effort} minutes.",
    ),
    "ruled_out": ("排除{list}。", "Ruled out: {list}."),
    "ruled_out_item": ("{filter}的{names}", "{filter}: {names}"),
    "and_more": ("{names}等 {count} 人", "{names} and others, {count} in all"),
    "chosen": (
        "派给{name}：接手前待办 {before}，接手后 {after}，为每周工时的 {ratio}。",
        "Given to {name}: {before} of open work before, {after} after, {ratio} of a week's hours.",
    ),
    "waits": ("暂未派出：{waiting}。", "Nobody has it yet: {waiting}."),
    "least_loaded": (
        "在可选的 {pool} 人中，{name}接手后的负荷比最低{next}。",
        "Of {pool} who could take it, {name} has the lowest load ratio afterwards{next}.",
    ),
    "next": ("，其次是{name}的 {ratio}", "; next is {name} with {ratio}"),
    "grid_owner_least": ("{name}是所在网格的负责人。", "{name} owns the grid."),
    "grid_owner": (
        "{name}是所在网格的负责人，与最低负荷者相差 {difference} 分钟，在 {tolerance} 分钟（一件平均工作量）以内，因此优先。",
        "{name} owns the grid and carries {difference} minutes more than the least loaded, within the {tolerance} minutes "
        "(one average effort) for which owners are preferred.",
    ),
    "owner_passed": (
        "所在网格的负责人{name}未获优先：负荷比最低者多出 {difference} 分钟，超过 {tolerance} 分钟。",
        "The grid's owner {name} was not preferred: {difference} minutes more than the least loaded, over the {tolerance} allowed.",
    ),
    "longest_without": (
        "负荷相同者中，{name}最久没有接到新件。",
        "Among equals {name} has been without a new case the longest.",
    ),
    "only_candidate": ("{name}是唯一符合条件的人。", "{name} is the only one eligible."),
    "named_by_head": ("由社区负责人指定{name}办理。", "The head named {name}."),
    "same_worker": ("此前由{name}办理，熟悉情况。", "{name} handled it before and knows it."),
    "skill_match": ("具备“{category}”所需的技能。", "Has the skill for “{category}”."),
    "no_skilled_worker": (
        "没有人具备“{category}”所需的技能，已记为技能缺口，因此放宽此条件。",
        "Nobody has the skill for “{category}”, which is recorded as a skill gap; the condition was waived.",
    ),
    "skilled_unavailable": (
        "具备“{category}”技能的人此时都不可派，因此放宽此条件。",
        "Nobody with the skill for “{category}” was available; the condition was waived.",
    ),
    "wish_met": (
        "符合居民由同性别工作者办理的意愿。",
        "Meets the resident's wish for a worker of the same gender.",
    ),
    "wish_not_met": (
        "居民希望由同性别工作者办理，但此时无人可派。",
        "The resident wished for a worker of the same gender, and none was available.",
    ),
    "over_cap": (
        "符合条件的人接手后都会超过工作量上限（每周工时的 {cap}）。",
        "Everyone eligible would pass the cap ({cap} of a week's hours).",
    ),
    "named_unavailable": (
        "负责人指定的人此时不可派，改按规则选择。",
        "The worker whom the head named was not available, so the policy chose.",
    ),
    "took_over": ("{name}接受了同事的转办请求。", "{name} accepted a colleague's offer."),
    "policy": ("依据派遣规则 {policy}。", "By the assignment policy {policy}."),
}


def explain(made: Explained, names: Names, language: Language) -> list[str]:
    """The decision in sentences: who was considered, who was ruled out and why, who was chosen and why."""

    def say(key: str, **values: object) -> str:
        sentence = _TEMPLATES[key][0 if language == "zh" else 1].format(**values)
        return sentence[:1].upper() + sentence[1:] if key == "considered" else sentence

    lines = []
    if made.candidates:
        lines.append(
            say(
                "considered",
                trigger=name("assignment_trigger", made.trigger, language),
                count=len(made.candidates),
                effort=made.effort,
            )
        )
        lines += _ruled_out(made, names, language, say)
    if made.worker is None:
        waiting = name("assignment_waiting", made.waiting or "", language)
        return [*lines, *_because(made, names, language, say), say("waits", waiting=waiting)]
    weekly = next((one.weekly for one in made.candidates if one.worker == made.worker), None)
    if weekly is not None:
        lines.append(
            say(
                "chosen",
                name=names.get(made.worker, "?"),
                before=duration(made.load_before, language),
                after=duration(made.load_after, language),
                ratio=_share(made.load_after, weekly),
            )
        )
    lines += _because(made, names, language, say)
    if made.trigger not in {Trigger.REASSIGNED, Trigger.TRANSFERRED}:
        lines.append(say("policy", policy=made.policy))
    return lines


def duration(minutes: int, language: Language) -> str:
    """`1 小时 20 分`."""
    hours, rest = divmod(minutes, 60)
    if language == "zh":
        return f"{hours} 小时 {rest} 分" if hours and rest else f"{hours} 小时" if hours else f"{rest} 分钟"
    return f"{hours} h {rest} min" if hours and rest else f"{hours} h" if hours else f"{rest} min"


Say = Callable[..., str]


def _ruled_out(made: Explained, names: Names, language: Language, say: Say) -> list[str]:
    items = []
    for each in Filter:
        who = [names.get(one.worker, "?") for one in made.candidates if one.out == each.value]
        if not who:
            continue
        shown = ("、" if language == "zh" else ", ").join(who[:_NAMED])
        if len(who) > _NAMED:
            shown = say("and_more", names=shown, count=len(who))
        items.append(
            say("ruled_out_item", filter=name("assignment_filter", each.value, language), names=shown)
        )
    return [say("ruled_out", list=("；" if language == "zh" else "; ").join(items))] if items else []


def _because(made: Explained, names: Names, language: Language, say: Say) -> list[str]:
    pool = [one for one in made.candidates if one.out is None]
    if Reason.OVER_CAP in made.reasons or made.waiting == "over_cap":
        pool = [one for one in made.candidates if one.out in {None, Filter.CAP_REACHED.value}]
    pool.sort(key=lambda one: (one.load + made.effort) / one.weekly)
    values: dict[str, object] = {
        "name": names.get(made.worker, "?") if made.worker else "",
        "category": name("category", made.category, language) if made.category else "",
        "pool": len(pool),
        "tolerance": made.tolerance,
        "cap": f"{made.cap_factor:.0%}",
        "next": "",
    }
    owner = next((one for one in pool if one.worker == made.grid_owner), None)
    if owner is not None and pool:
        values["difference"] = round(
            (owner.load + made.effort) - (pool[0].load + made.effort) / pool[0].weekly * owner.weekly
        )
    second = next((one for one in pool if one.worker != made.worker), None)
    if second is not None:
        values["next"] = say(
            "next",
            name=names.get(second.worker, "?"),
            ratio=_share(second.load + made.effort, second.weekly),
        )
    both = {Reason.GRID_OWNER, Reason.LEAST_LOADED} <= {*made.reasons}
    keys = ["grid_owner_least" if both and reason == Reason.GRID_OWNER else reason for reason in made.reasons]
    lines = [say(key, **values) for key in keys if key in _TEMPLATES]
    if owner is not None and owner.worker != made.worker and Reason.LEAST_LOADED in made.reasons:
        lines.append(say("owner_passed", **{**values, "name": names.get(owner.worker, "?")}))
    return lines


def _share(minutes: int, weekly: int) -> str:
    return f"{minutes / weekly:.1%}"
