"""The list of ASVS points: whole, without doubles, and every test that it names is there."""

import csv
import re

import pytest

from tests.asvs import LIST, Point, function_of, listing, shown

ROOT = LIST.parents[2]
STANDARD = ROOT.parent / "shared" / "data" / "asvs" / "asvs-5.0.0.csv"


def ids() -> list[str]:
    listed = listing()
    return [point.id for point in listed.point] + [id_ for one in listed.left_out for id_ in one.ids]


def test_no_point_stands_twice() -> None:
    assert sorted(set(ids())) == sorted(ids())


@pytest.mark.skipif(not STANDARD.is_file(), reason="the ASVS list (../shared/data/asvs) is not here")
def test_every_point_of_level_1_and_2_is_listed() -> None:
    with STANDARD.open(encoding="utf-8-sig") as file:
        wanted = {row["req_id"] for row in csv.DictReader(file) if row["L"] in ("1", "2")}
    assert set(ids()) == wanted


def test_every_test_that_is_named_exists() -> None:
    gone = []
    for point in listing().point:
        for test in point.tests:
            path, _, name = test.partition("::")
            file = ROOT / path
            if not file.is_file() or not re.search(rf"^\s*(async )?def {name}\(", file.read_text(), re.MULTILINE):
                gone.append(f"{point.id}: {test}")
    assert gone == []


def test_a_point_without_a_test_says_what_there_is() -> None:
    assert [point.id for point in listing().point if not point.tests and not point.note] == []


def test_a_point_counts_when_all_its_tests_passed() -> None:
    point = Point("V0", "", ["tests/a.py::test_x", "tests/a.py::test_y"])
    both = {"tests/a.py::test_x", "tests/a.py::test_y"}
    assert list(shown([point], both, set())) == [point]
    assert list(shown([point], both, {"tests/a.py::test_y"})) == []
    assert list(shown([point], {"tests/a.py::test_x"}, set())) == []
    assert list(shown([Point("V1", "", [])], both, set())) == []


def test_variants_are_one_function() -> None:
    assert function_of("tests/a.py::TestX::test_y[sqlite-a::b]") == "tests/a.py::test_y"
