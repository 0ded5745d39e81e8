#!/usr/bin/env python3
"""A file may include only what stands below it. The list of exceptions is empty and stays so."""
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "src"
# From the top down; CMakeLists.txt builds the same order from the bottom up. brain, work and fleet do not know one another.
ORDER = ["app", "cli", "gateway", "brain", "work", "fleet", "messaging", "agent", "ports", "sandbox", "config", "store", "net", "async", "policy", "base"]
SIBLINGS = [{"brain", "work", "fleet"}]
# What the build generates stands beside the layer that declares it.
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
BOOST_JSON = re.compile(r'#\s*include\s+[<"](boost/(json|beast)|base/json\.hpp)')
# Headers that the build makes; they know nothing of the program.
GENERATED = {"openclaw_version.hpp"}
EXCEPTIONS: list[str] = []


def problems_of(path: pathlib.Path) -> list[str]:
    relative = path.relative_to(SOURCE)
    parts = relative.parts
    text = path.read_text(encoding="utf-8")
    found = []
    for included in INCLUDE.findall(text):
        target = included.split("/")
        if included in GENERATED:
            continue
        if not (SOURCE / included).exists():
            found.append(f"{relative}: includes \"{included}\", which is not a path below src/")
            continue
        if parts[0] == "extensions":
            own = "/".join(parts[:3])
            if target[0] == "extensions":
                if not included.startswith(own + "/"):
                    found.append(f"{relative}: an extension may not know another one ({included})")
            elif ORDER.index(target[0]) < ORDER.index("ports"):
                found.append(f"{relative}: an extension stands on ports/ and below, not on {included}")
            continue
        if target[0] == "extensions":
            found.append(f"{relative}: nothing may know an extension ({included})")
            continue
        layer = parts[0]
        if target[0] == layer:
            continue
        if ORDER.index(target[0]) < ORDER.index(layer):
            found.append(f"{relative}: {layer}/ stands below {target[0]}/ and may not include {included}")
        if any(layer in group and target[0] in group for group in SIBLINGS):
            found.append(f"{relative}: {layer}/ and {target[0]}/ do not know one another ({included})")
    if parts[0] == "ports" and path.suffix == ".hpp" and BOOST_JSON.search(text):
        found.append(f"{relative}: headers of ports/ hold neither Beast nor JSON")
    return found


def house_rules(path: pathlib.Path) -> list[str]:
    relative = str(path.relative_to(SOURCE))
    text = path.read_text(encoding="utf-8")
    found = []
    if re.search(r"\bdetached\b", re.sub(r"//.*", "", text)) and relative != "async/scope.cpp":
        found.append(f"{relative}: only async/scope.cpp starts detached coroutines")
    for word in (r"\bsystem\s*\(\"", r"\bpopen\s*\(", r"(?<![\w:.>])fork\s*\(\)", r"\bsqlite3_\w+\("):
        if word.startswith(r"\bsqlite3") and relative.startswith("store/"):
            continue
        if re.search(word, re.sub(r"//.*", "", text)):
            found.append(f"{relative}: {word} is not used here (see HACKING.md)")
    return found


def main() -> int:
    files = sorted(p for p in SOURCE.rglob("*") if p.suffix in (".cpp", ".hpp"))
    problems = [problem for path in files for problem in problems_of(path) + house_rules(path)]
    for problem in problems:
        print(problem)
    print(f"{len(files)} files read, {len(problems)} includes or calls that the layers forbid, {len(EXCEPTIONS)} exceptions")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
