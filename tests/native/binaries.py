"""What a shared library of any system is for, read from its bytes: the processor, and the names that it exports."""

from collections.abc import Iterator
from struct import unpack_from


def machine_and_exports(content: bytes) -> tuple[str, set[str]]:
    """Return the file's format with its processor, and the exported names."""
    if content[:4] == b"\x7fELF":
        return {62: "ELF x86_64", 183: "ELF aarch64"}[unpack_from("<H", content, 18)[0]], set(_elf(content))
    if content[:4] == b"\xcf\xfa\xed\xfe":
        kind = {0x01000007: "Mach-O x86_64", 0x0100000C: "Mach-O aarch64"}[unpack_from("<I", content, 4)[0]]
        return kind, set(_macho(content))
    (start,) = unpack_from("<I", content, 0x3C)
    assert content[:2] == b"MZ", content[:4]
    assert content[start : start + 4] == b"PE\0\0"
    return {0x8664: "PE x86_64"}[unpack_from("<H", content, start + 4)[0]], set(_pe(content, start + 24))


def _text(content: bytes, start: int) -> str:
    return content[start : content.index(b"\0", start)].decode()


def _elf(content: bytes) -> Iterator[str]:
    """Yield the defined names of the table of dynamic symbols."""
    (table,) = unpack_from("<Q", content, 0x28)
    size, count = unpack_from("<HH", content, 0x3A)
    sections = [unpack_from("<IIQQQQIIQQ", content, table + size * i) for i in range(count)]
    for section in sections:
        if section[1] == 11:  # SHT_DYNSYM
            for at in range(section[4], section[4] + section[5], 24):
                name, info, _, home = unpack_from("<IBBH", content, at)
                if home and info >> 4:
                    yield _text(content, sections[section[6]][4] + name)


def _pe(content: bytes, optional: int) -> Iterator[str]:
    """Yield the names of the export directory."""
    (count,), (header,) = unpack_from("<H", content, optional - 18), unpack_from("<H", content, optional - 4)
    sections = [unpack_from("<IIII", content, optional + header + 40 * i + 8) for i in range(count)]

    def offset(address: int) -> int:
        return next(address - start + at for size, start, _, at in sections if start <= address < start + size)

    assert unpack_from("<H", content, optional)[0] == 0x20B  # 64 bits
    directory = offset(unpack_from("<I", content, optional + 112)[0])
    (names,), (table,) = unpack_from("<I", content, directory + 24), unpack_from("<I", content, directory + 32)
    for i in range(names):
        yield _text(content, offset(unpack_from("<I", content, offset(table) + 4 * i)[0]))


def _macho(content: bytes) -> Iterator[str]:
    """Yield the names of external symbols that a section defines. Macs with Apple's processors load what is signed."""
    at, kinds = 32, []
    for _ in range(unpack_from("<I", content, 16)[0]):
        kind, size = unpack_from("<II", content, at)
        kinds.append(kind)
        if kind == 2:  # LC_SYMTAB
            symbols, count, texts, _ = unpack_from("<IIII", content, at + 8)
            for symbol in range(symbols, symbols + 16 * count, 16):
                name, form = unpack_from("<IB", content, symbol)
                if form & 1 and form & 0x0E == 0x0E:
                    yield _text(content, texts + name).removeprefix("_")
        at += size
    if unpack_from("<I", content, 4)[0] == 0x0100000C:
        assert 0x1D in kinds, "no code signature"
