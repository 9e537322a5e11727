"""Showing the flow: a live table on a terminal, plain lines otherwise."""

from collections.abc import Callable, Mapping
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from shared.command.running.flow import JOB_STAGES, REQUEST_STAGES, Flow, Step, Story

_LOCAL = ZoneInfo("Asia/Shanghai")
_ROWS = 12


class Screen(Protocol):
    def say(self, text: str) -> None:
        """A sentence for a person."""

    def step(self, step: Step) -> None:
        """A stage that was just reached."""

    def close(self) -> None: ...


class PlainScreen:
    """Lines, for a file, a pipe, or CI."""

    def __init__(self, write: Callable[[str], None], names: Mapping[UUID, str]) -> None:
        self._write = write
        self._names = names

    def say(self, text: str) -> None:
        self._write(text)

    def step(self, step: Step) -> None:
        at = step.at.astimezone(_LOCAL).strftime("%H:%M:%S")
        who = f" → {self._names.get(step.worker, str(step.worker)[-6:])}" if step.worker else ""
        self._write(f"{at}  {step.story.label}  {step.words[0]} {step.words[1]}{who}")

    def close(self) -> None:
        return None


class LiveScreen:
    """A table of the latest requests and seekers that changes in place."""

    def __init__(self, console: Console, flow: Flow) -> None:
        self._flow = flow
        self._live = Live(self._table(), console=console, refresh_per_second=8, transient=True)
        self._live.start()

    def say(self, text: str) -> None:
        self._live.console.print(text)

    def step(self, step: Step) -> None:
        self._live.update(self._table())

    def close(self) -> None:
        self._live.stop()

    def _table(self) -> Group:
        return Group(
            _table("诉求 Requests", REQUEST_STAGES, list(self._flow.requests.values())),
            _table("就业 Jobs", JOB_STAGES, list(self._flow.jobs.values())),
        )


def open_screen(flow: Flow, names: Mapping[UUID, str]) -> Screen:
    console = Console()
    if console.is_terminal:
        return LiveScreen(console, flow)
    return PlainScreen(lambda text: console.print(text, soft_wrap=True, markup=False, highlight=False), names)


def _table(title: str, stages: Mapping[str, tuple[str, str]], stories: list[Story]) -> Table:
    counts = {stage: sum(stage in story.stages for story in stories) for stage in stages}
    table = Table(title=title, title_justify="left")
    table.add_column(f"{len(stories)}")
    for stage, (zh, en) in stages.items():
        table.add_column(f"{zh} {en}\n{counts[stage]}", justify="right")
    for story in sorted(stories, key=_latest, reverse=True)[:_ROWS]:
        cells = [
            story.stages[stage].astimezone(_LOCAL).strftime("%H:%M:%S") if stage in story.stages else "·"
            for stage in stages
        ]
        table.add_row(story.label, *cells)
    return table


def _latest(story: Story) -> float:
    return max((at.timestamp() for at in story.stages.values()), default=0.0)
