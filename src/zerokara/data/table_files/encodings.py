"""The encoding of a text file: UTF-8, or found and reported."""

import codecs
import re

from zerokara.errors import InputError

KNOWN = ("cp932", "cp1252", "cp1251", "gb18030", "cp949", "big5", "euc_jp", "cp1253", "cp1254", "cp1255", "cp1256")
"""The encodings that spreadsheets write in Japan, in Western Europe and elsewhere; where several fit, the first."""
LATIN = ("cp1252", "cp1254")
SYMBOLS = frozenset("€£§°²³µ±×½–—‘’“”…")
"""Letters apart, what tables in cp1252 contain: they alone do not tell an encoding."""
JUDGED_LINES = 1000
"""The most lines to judge by."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decoded(raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of a file and its encoding: the given one, UTF-8, or the most likely one.

    >>> decoded("都市,価格\\n東京,100\\n".encode("cp932"))
    ('都市,価格\\n東京,100\\n', 'cp932')

    Raises:
        InputError: an unknown encoding, or bytes that are no text in it.
    """
    if encoding is not None:
        try:
            return raw.decode(encoding).removeprefix("\ufeff"), codecs.lookup(encoding).name
        except LookupError as error:
            raise InputError(f"unknown encoding {encoding!r}: use utf-8, cp932 (Shift_JIS) or cp1252") from error
        except UnicodeError as error:
            raise _undecodable(raw, encoding, error, "leave --encoding out, or try another") from error
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return decoded(raw[len(mark) :], name)
    if b"\0" in raw[:4096]:
        raise InputError("a CSV file must be text, got binary data: export it as CSV")
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError as error:
        for name in _likely(raw):
            try:
                return raw.decode(name), name
            except UnicodeDecodeError:
                continue
        raise _undecodable(
            raw, "utf-8", error, "save it as 'CSV UTF-8', or name its encoding with --encoding"
        ) from None


def _likely(raw: bytes) -> list[str]:
    """Return encodings from the most likely one, judged by the lines that are not ASCII."""
    from charset_normalizer import from_bytes

    sample = b"\n".join([line for line in raw.splitlines() if not line.isascii()][:JUDGED_LINES])
    western = sample.decode("cp1252", errors="ignore")
    if all(letter.isascii() or letter in SYMBOLS for letter in western):
        return ["cp1252"]
    # A word of accented letters alone is written in another alphabet.
    known = [name for name in KNOWN if name not in LATIN or not re.search(r"[^\W\d_a-zA-Z]{4}", western)]
    matches = [match for match in from_bytes(sample, cp_isolation=known) if match.encoding in known]
    matches.sort(key=lambda match: (match.chaos, KNOWN.index(match.encoding)))
    return [*(match.encoding for match in matches), *known]


def _undecodable(raw: bytes, encoding: str, error: UnicodeError, remedy: str) -> InputError:
    start = getattr(error, "start", 0)
    line = raw.count(b"\n", 0, start) + 1
    return InputError(f"a CSV file must be {encoding} text, got the byte 0x{raw[start]:02x} in line {line}: {remedy}")
