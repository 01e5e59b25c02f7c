"""Damaged and edited files, made from a sound one: the same seed gives the same file.

A test says how many cases it takes in `make test`; in `make soak` it takes 10,000, others in each run:

    for seed in seeds(100):
        path.write_bytes(damaged(content, seed))
"""

import os
import random
import re
import time

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
SOAK_CASES = 10_000
VALUES = [*("0", "-1", "1", "2", "3", "7", "0.5", "1e308", "-0.0", "1e-400", "9" * 30, "true", "false", "null", "nan")]
VALUES += [*('""', '"x"', '"1"', '"../x"', '"\\u0000"', '"\\ud800"', "inf", "1979-05-27")]
VALUES += [*("[]", "{}", "[[1]]", '["a"]', "[1, 2]", '{"a": 1}')]
"""Values of TOML and JSON that a program may not expect."""
SIGNS = ["=", "\n", ",", '"', "#", "[record]\n", "[[a]]\n", "\u00e9", "\u2028", "9" * 5000, "[" * 3000, '{"a":' * 3000]
TOKENS = re.compile(r'"(?:[^"\\\n]|\\.)*"|[\w.+-]+|\s+|.', re.DOTALL)


def seeds(few: int) -> range:
    """Return the seeds of ``few`` cases, or of 10,000 others in each soak."""
    first = time.time_ns()
    return range(first, first + SOAK_CASES) if SOAK else range(few)


def damaged(content: bytes, seed: int) -> bytes:
    """Return a file as a faulty disk, a bad copy or an editor leaves it, with one to four damages."""
    draw = random.Random(seed)
    new = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        _damage(new, content, draw)
    return bytes(new)


def _damage(new: bytearray, content: bytes, draw: random.Random) -> None:
    size = len(new)
    place = draw.randrange(size + 1)
    end = min(size, place + draw.choice((1, 2, 8, 64, 512)))
    other = draw.randrange(len(content) + 1)
    match draw.randrange(9):
        case 0 | 1 if place < size:
            new[place] ^= 1 << draw.randrange(8)
        case 2 if place < size:
            new[place] = draw.randrange(256)
        case 3:
            new[place:place] = draw.randbytes(end - place)
        case 4:
            del new[place:end]
        case 5:
            new[place:place] = content[other : other + draw.choice((1, 20, 300))]
        case 6:
            new[place:end] = content[other : other + end - place]
        case 7:
            new[place:end] = bytes([draw.choice((0, 255, 10))]) * (end - place)
        case 8:
            del new[place:]


def edited(text: str, seed: int) -> str:
    """Return a text such as TOML, JSON or CSV with one to three tokens exchanged, left out, repeated or added."""
    draw = random.Random(seed)
    tokens = TOKENS.findall(text)
    for _ in range(draw.choice((1, 1, 2, 3))):
        place, other = draw.randrange(len(tokens)), draw.randrange(len(tokens))
        values = [k for k, token in enumerate(tokens) if token[0] == '"' or token[0].isalnum() or token[0] == "-"]
        match draw.randrange(8):
            case 0 | 1 | 2 if values:
                tokens[draw.choice(values)] = draw.choice(VALUES)
            case 3 if values:
                tokens[draw.choice(values)] = tokens[draw.choice(values)]
            case 4:
                tokens.insert(place, draw.choice(VALUES + SIGNS))
            case 5:
                tokens[place], tokens[other] = tokens[other], tokens[place]
            case 6:
                tokens[place] = tokens[other]
            case 7 if len(tokens) > 1:
                del tokens[place]
    return "".join(tokens)
