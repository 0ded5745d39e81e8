#!/usr/bin/env python3
"""A setting that the configuration's schema knows is read somewhere, or is named as without effect."""
import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def source_words() -> set[str]:
    words = set()
    for path in (ROOT / "src").rglob("*.[ch]pp"):
        if not path.stem.endswith("_test"):
            words.update(re.findall(r"\w+", path.read_text()))
    return words


def settings(schema: object, path: tuple[str, ...]):
    if not isinstance(schema, dict):
        return
    for name, below in schema.get("properties", {}).items():
        yield path + (name,)
        yield from settings(below, path + (name,))
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        yield from settings(inner, path + ("*",))
    for choice in schema.get("anyOf", []) + schema.get("oneOf", []):
        yield from settings(choice, path)


class Settings(unittest.TestCase):
    def test_each_is_read_or_named_as_without_effect(self):
        words = source_words()
        forgotten = set()
        for file in sorted((ROOT / "src").rglob("config_schema*.json")):
            content = json.loads(file.read_text())
            for section in content if isinstance(content, list) else [content]:
                known = [tuple(p.split(".")) if p else () for p in section.get("withoutEffect", {})]
                for path in settings(section["schema"], ()):
                    named = any(path[: len(each)] == each for each in known)
                    if path[-1] != "*" and path[-1] not in words and not named:
                        forgotten.add(".".join((section["path"],) + path))
        self.assertEqual(sorted(forgotten), [], "nothing reads these; name them under withoutEffect beside their schema")

    def test_what_is_named_is_in_the_schema(self):
        for file in sorted((ROOT / "src").rglob("config_schema*.json")):
            content = json.loads(file.read_text())
            for section in content if isinstance(content, list) else [content]:
                paths = set(settings(section["schema"], ())) | {()}
                for each in section.get("withoutEffect", {}):
                    self.assertIn(tuple(each.split(".")) if each else (), paths, f"{file}: {each}")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=0))
