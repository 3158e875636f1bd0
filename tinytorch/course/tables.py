"""CSV files of learning platforms: read as they come, written back in the same dialect."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from tinytorch.course.errors import CourseError

__all__ = ["Table", "read_table"]


@dataclass
class Table:
    """A CSV file: header, rows, and what is needed to write it back as the platform wants it."""

    path: Path
    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    mark: str = ""  # a byte order mark, kept
    newline: str = "\r\n"

    def column(self, *names: str) -> int | None:
        """The place of the first of these columns that is there, whatever its case."""
        places = {title.strip().casefold(): place for place, title in reversed(list(enumerate(self.header)))}
        return next((places[name.casefold()] for name in names if name.casefold() in places), None)

    def need(self, *names: str) -> int:
        place = self.column(*names)
        if place is None:
            there = ", ".join(self.header[:12])
            raise CourseError(f"{self.path}: has no column {' or '.join(names)}; its columns are {there}")
        return place

    def text(self) -> str:
        """The file's text; Canvas's names hold commas, and the csv module quotes them."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator=self.newline)
        writer.writerows([self.header, *self.rows])
        return self.mark + out.getvalue()


def read_table(path: Path) -> Table:
    """Read a CSV file in UTF-8 (with or without a mark) or Latin-1, separated by comma, semicolon or tab."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise CourseError(f"{path}: cannot be read ({problem.strerror})") from None
    if b"\0" in data or data.startswith(b"PK"):
        raise CourseError(f"{path}: is no CSV file; export it again from the platform, as CSV")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    if not rows:
        raise CourseError(f"{path}: is empty; export it again from the platform")
    width = len(rows[0])
    filled = [row + [""] * (width - len(row)) for row in rows[1:]]
    return Table(path, rows[0], filled, delimiter, mark, "\r\n" if "\r\n" in text else "\n")
