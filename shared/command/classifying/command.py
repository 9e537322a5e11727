"""`longxi classify FILE.csv --out OUT.csv`, `longxi classifier train`, `longxi classifier evaluate`."""

import csv
import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.command.classifying.reading import labelled, messages
from shared.command.failing import plainly
from shared.command.importing.reading import UnreadableFile
from shared.contracts.vocabulary import codes, name
from shared.understanding.classifier import Classifier, shipped
from shared.understanding.training import Message, Report, evaluate, train

app = typer.Typer(help="分类模型 · The model that finds categories", no_args_is_help=True)
_COLUMNS = ("message_id", "level1", "level2", "level3", "confidence", "words")
_LEVELS = 3

Model = Annotated[
    Path | None, typer.Option(help="模型文件，缺省用随平台发布的模型 · a model other than the one shipped")
]
LabelledFile = Annotated[
    Path, typer.Option("--labelled", help="已分类的留言 CSV：subject, body, category · labelled messages")
]
UnlabelledFile = Annotated[
    Path | None,
    typer.Option("--unlabelled", help="未分类的留言 CSV，用来数词 · messages to count words in"),
]


class UnreadableModel(Exception):
    """The file holds no model. The message says why."""


def classify(
    file: Annotated[Path, typer.Argument(help="CSV 文件：message_id, subject, body · the messages")],
    out: Annotated[Path, typer.Option(help="结果写入此 CSV · where the result is written")],
    model: Model = None,
) -> None:
    """按官方分类给每条留言归类 · Give each message its category in the official taxonomy."""
    console = Console(stderr=True)
    started = time.monotonic()
    with plainly(console, UnreadableFile, UnreadableModel, OSError):
        classifier = _classifier(model)
        count = 0
        with out.open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target)
            writer.writerow(_COLUMNS)
            for row in messages(file):
                found = classifier.classify(row.message.subject, row.message.body)
                writer.writerow(
                    [
                        row.message_id,
                        *_names(found.best.category),
                        f"{found.best.confidence:.3f}",
                        " ".join(found.words),
                    ]
                )
                count += 1
    seconds = time.monotonic() - started
    console.print(
        f"{count} 条，用时 {seconds:.1f} 秒；模型 {classifier.version} · {count} messages in {seconds:.1f} s",
        highlight=False,
    )


@app.command("train")
def train_model(
    labelled_file: LabelledFile,
    out: Annotated[Path, typer.Option(help="模型写入此文件 · where the model is written")],
    version: Annotated[str, typer.Option(help="模型的版本名 · the model's name")],
    unlabelled_file: UnlabelledFile = None,
) -> None:
    """用已分类的留言训练模型 · Fit a model; it holds terms and numbers, no sentence of anybody's."""
    console = Console(stderr=True)
    with plainly(console, UnreadableFile, OSError):
        labels = labelled(labelled_file)
        model = train(labels, _unlabelled(unlabelled_file), version=version)
        out.write_text(_written(model), encoding="utf-8")
    console.print(f"用 {len(labels)} 条训练，写入 {out} · trained on {len(labels)}", highlight=False)


@app.command("evaluate")
def evaluate_model(
    labelled_file: LabelledFile,
    unlabelled_file: UnlabelledFile = None,
    repeats: Annotated[int, typer.Option(min=1, max=20, help="交叉验证的遍数 · rounds of five folds")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")] = False,
) -> None:
    """交叉验证：每条都由没见过它的模型来判 · Cross-validate training on labelled messages."""
    console = Console(stderr=True)
    with plainly(console, UnreadableFile, OSError):
        report = evaluate(labelled(labelled_file), _unlabelled(unlabelled_file), repeats=repeats)
    if as_json:
        typer.echo(json.dumps(_as_json(report), ensure_ascii=False))
    else:
        _show(Console(), report)


def _classifier(path: Path | None) -> Classifier:
    if path is None:
        return shipped()
    try:
        return Classifier(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as fault:
        raise UnreadableModel(f"{path}: {fault}") from None


def _unlabelled(path: Path | None) -> list[Message]:
    return [] if path is None else [row.message for row in messages(path)]


def _names(category: str) -> list[str]:
    """The Chinese names of the three levels; empty below the level that the category goes down to."""
    parts = [category[: 2 * level] for level in range(1, _LEVELS + 1)]
    return [name("category", part) if len(part) == 2 * level else "" for level, part in enumerate(parts, 1)]


def _written(model: dict[str, object]) -> str:
    """A line for each term, so that a change of the model can be read."""
    terms = model.pop("terms")
    assert isinstance(terms, dict)
    lines = ",\n".join(
        f"{json.dumps(term, ensure_ascii=False)}:{json.dumps(value, separators=(',', ':'))}"
        for term, value in sorted(terms.items())
    )
    head = json.dumps(model, ensure_ascii=False)
    return f'{head[:-1]}, "terms": {{\n{lines}\n}}}}\n'


def _as_json(report: Report) -> dict[str, object]:
    return {
        "count": report.count,
        "macro_f1": round(report.macro_f1, 4),
        "accuracy": round(report.accuracy, 4),
        "calibration_error": round(report.calibration_error, 4),
        "by_level": {
            level: {"f1": round(f1, 4), "count": count} for level, (f1, count) in report.by_level.items()
        },
        "confused": [
            {"is": is_, "taken_for": taken, "times": times} for is_, taken, times in report.confused
        ],
    }


def _show(console: Console, report: Report) -> None:
    table = Table("类别 category", "F1", "条数 count")
    for level, (f1, count) in report.by_level.items():
        table.add_row(codes("category")[level][0], f"{f1:.3f}", str(count))
    console.print(table)
    console.print(
        f"宏平均 F1 {report.macro_f1:.3f} · 准确率 {report.accuracy:.3f} · 校准误差 ECE {report.calibration_error:.3f}",
        highlight=False,
    )
