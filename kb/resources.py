"""Where the product's data folders are: in the installed wheel or in a checkout."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from kb.errors import ResourceMissing


def folder(name: str) -> Path:
    """Return the data folder *name*: ``"ontology"``, ``"rules"`` or ``"examples"``.

    A wheel carries them in ``kb/_data``. A checkout (also under ``pip install -e``) has them
    beside ``kb``; its ``pyproject.toml`` must be there too, so that a stranger's top-level
    ``rules`` package in site-packages is never read.

    :raises ResourceMissing: where neither exists.
    """
    package = Path(str(files("kb")))
    shipped, checkout = package / "_data" / name, package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    if shipped.is_dir():
        return shipped
    raise ResourceMissing.of(
        "resource.missing",
        f"数据目录 {name} 未安装",
        f"the data folder {name} is not installed",
        where=str(shipped),
        repair=("重新安装 xiezhi-governance", "install xiezhi-governance again"),
    )
