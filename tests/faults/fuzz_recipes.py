"""Throws mutated recipes, studies and settings at their readers: `python fuzz_recipes.py COUNT SEED FOLDER`.

Only InputError, of one printable line, may come out; anything else ends the program with the input on standard error.
Prints, as JSON, how many inputs were read and how many refused, and the most memory that the process ever held.
"""

import json
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from dlbench.errors import InputError
from dlbench.measure.memory import process_peak_bytes
from dlbench.reading import read_mapping
from dlbench.spec import catalog, recipe, study

HANGS_AFTER_SECONDS = 20
MOST_MESSAGE = 2000
NASTY = [
    b"&a ", b"*a", b"<<: ", b"<<: {a: 1}", b"!!python/name:os.system ", b"!!binary ", b"!!float ", b"? ", b"- ", b": ",
    b"[", b"]", b"{", b"}", b"[" * 60, b"{a: " * 30, b"- " * 40, b"? " * 40, b"'", b'"', b"|\n", b">-\n", b"\n", b"\t",
    b"---\n", b"...\n", b"%YAML 9.9\n", b"#", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b'"\\e[2J"', b'"\\ud800"',
    b"\x1b[2J", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xd9\xa1e\xd9\xa1", b"null", b"~", b"yes", b"=", b"2020-99-99",
    b"1:30:30.5", b".inf", b"-.NaN", b"1e999", b"-1e-999", b"0x" + b"f" * 5000, b"9" * 5000, b"0b_", b"0x_", b"08",
    b"-0", b"1_0", b"9223372036854775808", b"a" * 3000, b"name: ", b"extends: ", b"/dev/zero", b"/dev/stdin", b"./",
    b"..", b"mine", b"resnet-20", b"together: ", b"recipes: ", b"tags: ", b"curve: {points: ",
    b"published: {", b"seeds: ",
]  # fmt: skip
WORDS = [
    "title", "source", "published", "tags", "data", "model", "training", "score", "short", "smoke", "full", "curve",
    "seeds", "together", "extends", "recipes", "tables", "figure", "name", "points", "lr", "", "a b", "é", "\x1b", "\n",
    "variants", "resnet-56", "mine", "a/b", "a:b", "...", "\u2028",
]  # fmt: skip
VALUES = [0, -1, 3, 2**70, 0.5, 1e308, True, None, "", "sgd", "resnet", "plain-56", "xor", "x" * 500, "\ud800", [], {}]


def mutated(content: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """The content after one to five accidents."""
    for _ in range(chance.randint(1, 5)):
        start, end = sorted((chance.randint(0, len(content)), chance.randint(0, len(content))))
        piece = content[start : min(end, start + 200)]
        accident = chance.randrange(6)
        if accident == 0:
            content = content[:start] + bytes([chance.randrange(256)]) + content[start + 1 :]
        elif accident == 1:
            content = content[:start] + content[start + len(piece) :]
        elif accident == 2:
            content = content[:start] + piece * chance.randint(1, 8) + content[start:]
        elif accident == 3:
            content = content[:start] + chance.choice(NASTY) + content[start:]
        elif accident == 4:
            other = chance.choice(others)
            content = content[:start] + other[chance.randint(0, len(other)) :]
        else:
            content = content.replace(b" ".join(piece.split()[:1]) or b" ", chance.choice(NASTY), 1)
    return content


def structure(chance: random.Random, depth: int = 0) -> object:
    """A value of any shape, its keys mostly those of recipes and studies."""
    if depth > 4 or chance.random() < 0.4:
        return chance.choice(VALUES)
    if chance.random() < 0.25:
        return [structure(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    return {chance.choice(WORDS): structure(chance, depth + 1) for _ in range(chance.randint(0, 8))}


def grafted(value: object, chance: random.Random) -> object:
    """What is well formed, with a value or a key changed here and there."""
    if isinstance(value, dict) and chance.random() < 0.97:
        items = {key: grafted(item, chance) for key, item in value.items()}
        if chance.random() < 0.1:
            items[chance.choice(WORDS)] = structure(chance)
        return items
    return structure(chance, 3) if chance.random() < 0.03 else value


def content(chance: random.Random, shipped: list[bytes], mappings: list[object]) -> bytes:
    """The bytes of a file that a stranger sent."""
    kind = chance.random()
    if kind < 0.5:
        return mutated(chance.choice(shipped), chance, shipped)
    made = structure(chance) if kind < 0.6 else grafted(chance.choice(mappings), chance)
    return json.dumps(made, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def setting(chance: random.Random) -> str:
    """Something for `--set`, not often sensible."""
    names = [chance.choice(WORDS) for _ in range(chance.choice([0, 1, 2, 2, 2, 3, 500]))]
    value = chance.choice([json.dumps(structure(chance)), mutated(b"0.1", chance, NASTY).decode("latin-1")])
    return ".".join(names) + chance.choice(["=", "=", "=", "", "=="]) + value


def attempts(chance: random.Random, file: Path) -> Callable[[], object]:
    """One thing a user might do with what a stranger sent."""
    budget = chance.choice(recipe.BUDGETS)
    kind = chance.random()
    if kind < 0.1:
        settings = [setting(chance) for _ in range(chance.randint(1, 2))]
        return lambda: whole("perceptron-xor", budget, settings)
    if kind < 0.15:
        name = mutated(b"resnet-20", chance, NASTY).decode("latin-1")
        return lambda: whole(name, budget, [])
    if kind < 0.3:
        return lambda: study.load(str(file))
    if kind < 0.6:
        return lambda: [whole(f"{file}:{name}", budget, []) for name in catalog.variants(file)]
    return lambda: whole(str(file), budget, [])


def whole(name: str, budget: str, settings: list[str]) -> str:
    """Read a recipe, and all that is made of it before it runs."""
    read = recipe.load(name, budget, settings)
    assert recipe.from_dict(json.loads(json.dumps(read.as_dict())), budget, read.path).digest == read.digest
    return f"{read.title} {read.source}".encode().decode()


def outcome(attempt: Callable[[], object]) -> str:
    """`read` or `refused`; raises what else comes out."""
    try:
        attempt()
    except InputError as error:
        message = str(error)
        assert message.isprintable(), "more than a line, or control characters"
        assert len(message) < MOST_MESSAGE, "no line anybody reads"
        return "refused"
    return "read"


def main(count: int, seed: int, folder: Path) -> None:
    chance = random.Random(seed)
    paths = [*dict.fromkeys(catalog.recipes().values()), *catalog.studies().values()]
    shipped, mappings = [path.read_bytes() for path in paths], [read_mapping(path) for path in paths]
    file = folder / "mine.yaml"
    target = file.open("wb", buffering=0)  # kept open: opening it again would take longer than all the reading
    counts: Counter[str] = Counter()
    for number in range(count):
        sent = content(chance, shipped, mappings)
        target.seek(0)
        target.truncate()
        target.write(sent)
        attempt = attempts(chance, file)
        signal.alarm(HANGS_AFTER_SECONDS)
        try:
            counts[outcome(attempt)] += 1
        except BaseException:
            print(f"input {number} of seed {seed}: {sent!r}", file=sys.stderr)
            raise
        signal.alarm(0)
    print(json.dumps(counts | {"peak_memory_bytes": process_peak_bytes()}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
