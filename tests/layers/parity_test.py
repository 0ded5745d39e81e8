#!/usr/bin/env python3
"""The parity page refuses tags that mean nothing, and never says yes without a test."""
import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from generate_parity import ParityError, parity_page  # noqa: E402


def page(source: str, note: str = "", name: str = "src/a_test.cpp") -> str:
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for folder_name in ("src", "tests", "docs/parity"):
            (root / folder_name).mkdir(parents=True)
        feature = {"id": "1.1-a", "section": "1.1 S", "name": "A", "expectation": "e", "tag": "C", "note": note}
        (root / "docs/parity/features.json").write_text(json.dumps([feature]))
        (root / name).write_text(source)
        return parity_page(root)


class Parity(unittest.TestCase):
    def test_an_unknown_tag_is_an_error(self):
        with self.assertRaisesRegex(ParityError, "1.1-b"):
            page("// parity: 1.1-b\nTEST(A, b) {}\n")

    def test_a_tag_without_a_test_below_is_an_error(self):
        with self.assertRaisesRegex(ParityError, "directly above"):
            page("// parity: 1.1-a\nint x;\n")

    def test_yes_needs_a_test(self):
        self.assertIn("| no | *no test*", page(""))
        self.assertIn("| yes | src/a_test.cpp: A.b", page("// parity: 1.1-a\nTEST(A, b) {}\n"))

    def test_every_way_to_write_a_test_counts(self):
        for source in ("test('does it', () => {});", "  it(`does it`, () => {});", "journey('does it', {}, async () => {});"):
            with self.subTest(source):
                self.assertIn("tests/a.test.mjs: does it", page(f"// parity: 1.1-a\n{source}\n", name="tests/a.test.mjs"))

    def test_a_noted_gap_is_partly(self):
        self.assertIn("| partly |", page("// parity: 1.1-a\nTEST(A, b) {}\n", "half"))


if __name__ == "__main__":
    unittest.main()
