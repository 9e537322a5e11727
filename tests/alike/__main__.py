"""`python -m tests.alike commonness | duplicates | hot-spots`: read the real messages and write what follows from them."""

import argparse
import sys
from pathlib import Path

from services.intake.duplicates import wording
from services.intake.duplicates.wording import Commonness, normalise, pairs
from tests.alike import pages
from tests.alike.letters import rows

ROOT = Path(__file__).parents[2]
COMMONNESS = Path(wording.__file__).with_name("commonness.txt")


def commonness() -> None:
    documents = (set(pairs(normalise(row["subject"]))) | set(pairs(normalise(row["body"]))) for row in rows())
    COMMONNESS.write_text(Commonness.counted(documents), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.alike")
    parser.add_argument("what", choices=["commonness", "duplicates", "hot-spots"])
    match parser.parse_args().what:
        case "commonness":
            commonness()
        case "duplicates":
            pages.write(ROOT / "docs" / "figures" / "duplicates.md", pages.duplicates())
        case "hot-spots":
            pages.write(ROOT / "docs" / "figures" / "hot_spots.md", pages.hot_spots())
    return 0


if __name__ == "__main__":
    sys.exit(main())
