"""Opens workbooks of phaki with openpyxl: compares them cell by cell, or writes them anew."""

import csv
import pathlib
import sys

from openpyxl import Workbook, load_workbook


def sheets(path):
    book = load_workbook(path, data_only=True)
    return {sheet.title: [[cell.value for cell in row] for row in sheet] for sheet in book}


def filled(sheets):
    """Every filled cell by its place; numbers as numbers, texts as texts."""
    return {
        (title, row, column): value
        for title, rows in sheets.items()
        for row, cells in enumerate(rows, 1)
        for column, value in enumerate(cells, 1)
        if value is not None
    }


def compare(one, other):
    one, other = filled(sheets(one)), filled(sheets(other))
    differing = [place for place in one.keys() | other.keys() if one.get(place) != other.get(place)]
    for place in sorted(differing)[:10]:
        print(place, repr(one.get(place)), repr(other.get(place)), file=sys.stderr)
    if differing:
        sys.exit(f"{len(differing)} cells differ")
    print(f"{len(one)} cells are equal")


def shown(value):
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    return value


def compare_csv(path, folder):
    """A workbook and the CSV files of the same documents say the same."""
    by_name = {}
    for file in sorted(pathlib.Path(folder).glob("*.csv")):
        text = file.read_bytes()
        assert text.startswith(b"\xef\xbb\xbf"), file
        by_name[file.stem] = list(csv.reader(text.decode("utf-8-sig").splitlines(keepends=True)))
    cells = 0
    for title, rows in sheets(path).items():
        name = rows[0][0].partition("[")[2].rstrip("]")
        other = by_name.pop(name)
        assert len(rows) == len(other), (title, len(rows), len(other))
        for row, (ours, theirs) in enumerate(zip(rows, other), 1):
            for column, (mine, its) in enumerate(zip(ours, theirs), 1):
                cells += 1
                if isinstance(mine, (int, float)):
                    assert float(its) == float(mine), (title, row, column, mine, its)
                else:
                    guarded = its[1:] if its[:1] == "'" and its[1:2] in "=+-@" else its
                    assert shown(mine) == guarded, (title, row, column, mine, its)
    assert not by_name, by_name.keys()
    print(f"openpyxl: {cells} cells are as in the CSV files")


def rewrite(source, target):
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets(source).items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(target)


if __name__ == "__main__":
    {"compare": compare, "compare-csv": compare_csv, "rewrite": rewrite}[sys.argv[1]](*sys.argv[2:])
