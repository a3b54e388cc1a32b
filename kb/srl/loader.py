"""Rule documents from files, with their imports (`process-imports`)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from kb.errors import SyntaxFault
from kb.srl import errors
from kb.srl.parser import MAX_CHARACTERS, parse
from kb.srl.syntax import Import, RuleSet

REMEMBERED = 100_000
"""The rules of longer documents, in characters, are not kept in memory: they would fill it."""


def load(path: Path, *, root: Path | None = None, max_characters: int = MAX_CHARACTERS) -> RuleSet:
    """Read a rule document and what it imports, directly or not, into one rule set without imports.

    Documents are files below *root*, by default the folder of *path*; nothing else is read. To a document,
    *root* is the whole file system: its base is ``file:///`` and its path below *root*, so that results do
    not depend on where a folder of rules lies. Each file is read once, however often and by whatever name it
    is imported; cycles are legal. Rules come in the order of reading: a document, then its imports.

    :raises SyntaxFault: a document does not parse, or ``srl.import``, ``srl.encoding``, ``srl.too-large``.
    :raises OSError: *path* itself cannot be read.
    :raises ValueError: *path* is not below *root*.
    """
    root = path.parent if root is None else root
    name = path.resolve().relative_to(root.resolve())
    merged = _read(path, name, max_characters)
    rules, data, prefixes = list(merged.rules), dict.fromkeys(merged.data), dict(merged.prefixes)
    seen = {path.resolve()}
    # Depth first, as in the draft's algorithm: the imports of a document come before those of its siblings.
    waiting = list(reversed(merged.imports))
    while waiting:
        wanted = waiting.pop()
        file = _locate(wanted, root)
        if file.resolve() in seen:
            continue
        seen.add(file.resolve())
        try:
            document = _read(file, file.resolve().relative_to(root.resolve()), max_characters)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise errors.import_failed(wanted.span, wanted.iri.value, f"读不了（{reason}）", reason) from None
        rules += document.rules
        data.update(dict.fromkeys(document.data))
        prefixes = {**document.prefixes, **prefixes}
        waiting += reversed(document.imports)
    return RuleSet(tuple(rules), tuple(data), (), prefixes)


def _read(file: Path, name: Path, max_characters: int) -> RuleSet:
    """Parse one file; *name* is its path below the root."""
    with file.open("rb") as stream:
        content = stream.read(4 * max_characters + 1)  # no character of UTF-8 is longer than four bytes
    if len(content) > 4 * max_characters:
        raise errors.too_large(str(file), max_characters)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        zh, en = f"第 {error.start + 1} 个字节不是 UTF-8", f"byte {error.start + 1} is not UTF-8"
        raise errors.unreadable(str(file), zh, en) from None
    base = "file:///" + "/".join(quote(part) for part in name.parts)
    read = _parsed if len(text) <= REMEMBERED else parse
    return read(text, source=str(file), base=base, max_characters=max_characters)


@lru_cache(maxsize=64)
def _parsed(text: str, *, source: str, base: str, max_characters: int) -> RuleSet:
    """Parse a document once: trials and reopened stores read the same files again, and parsing is slow."""
    return parse(text, source=source, base=base, max_characters=max_characters)


def _locate(wanted: Import, root: Path) -> Path:
    """Return the file that *wanted* names, sure to be below *root* and a file."""
    iri = wanted.iri.value
    parts = urlsplit(iri)

    def refused(zh: str, en: str) -> SyntaxFault:
        return errors.import_failed(wanted.span, iri, zh, en)

    if parts.scheme != "file" or parts.netloc:
        raise refused("只能导入本地文件", "only local files can be imported")
    name = unquote(parts.path).lstrip("/")
    if "\0" in name:
        raise refused("文件名不合法", "no file can have this name")
    file = root / name
    try:
        inside, exists = file.resolve().is_relative_to(root.resolve()), file.is_file()
    except (OSError, RuntimeError) as error:  # a name too long, a loop of links
        raise refused("文件名不合法", f"no file can have this name ({error})") from None
    if not inside:
        raise refused(f"文件不在 {root} 之内", f"the file is not inside {root}")
    if not exists:
        raise refused(f"{root} 中没有文件 {name}", f"there is no file {name} in {root}")
    return file
