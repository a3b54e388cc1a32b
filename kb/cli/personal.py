"""``xiezhi personal`` and ``xiezhi key``: fields about persons, and the key that keeps them."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

import click

from kb.access.principal import Operator
from kb.cli.context import LANG, Context, faults_as_exit, running_server
from kb.cli.remote import Remote, as_object
from kb.errors import Text
from kb.services import personal as views
from kb.sharing.personal.master import FILE, Master

REASON = click.option("--reason", required=True, help="Why; it goes into the journal. 理由，记入审计日志。")


@click.group()
def personal() -> None:
    """Personal fields: show, erase, expire. 个人信息。"""


@personal.command()
@click.argument("record")
@REASON
@LANG
@click.pass_obj
@faults_as_exit
def show(context: Context, record: str, reason: str) -> None:
    """Show the personal fields of RECORD (an IRI); the journal says so first. 查看一条记录的个人信息。"""
    server = running_server(context.home)
    if server is not None:
        body = json.dumps({"record": record, "reason": reason}).encode()
        found = as_object(Remote(server.url, server.key).ask("/api/personal/read", body))
    else:
        with context.workspace(()) as workspace:
            policy = workspace.policies.current
            reader = Operator(getpass.getuser(), frozenset(policy.roles), policy)
            iri = views.record(record)
            found = views.told(workspace, iri, workspace.vault.read(iri, reader, reason))
    for field in found["fields"]:
        click.echo(f"{field['property']['label'][context.lang]}\t{', '.join(field['values'])}")


@personal.command("list")
@click.pass_obj
@faults_as_exit
def list_(context: Context) -> None:
    """List datasets with personal fields. 列出含个人信息的数据集。"""
    server = running_server(context.home)
    if server is not None:
        found = as_object(Remote(server.url, server.key).ask("/api/personal"))["datasets"]
    else:
        with context.workspace(()) as workspace:
            found = views.listed(workspace.vault.held())
    for one in found:
        click.echo(f"{one['dataset']}\t{one['records']}\t{(one['until'] or '-')[:10]}")


@personal.command()
@click.argument("records", nargs=-1, required=True)
@REASON
@click.pass_obj
@faults_as_exit
def erase(context: Context, records: tuple[str, ...], reason: str) -> None:
    """Erase the personal fields of RECORDS (IRIs) for good. 永久删除个人信息（含历史）。"""
    server = running_server(context.home)
    if server is not None:
        found = _ask(server.url, server.key, "erase", {"records": records, "reason": reason})
    else:
        with context.workspace(()) as workspace:
            iris = [views.record(one) for one in records]
            found = workspace.vault.erase(iris, actor=getpass.getuser(), reason=reason)
    context.say(Text(f"已删除 {found} 条记录的个人信息", f"erased the personal fields of {found} record(s)"))


@personal.command()
@click.pass_obj
@faults_as_exit
def expire(context: Context) -> None:
    """Erase what is older than the retention of its dataset; a server does so daily. 删除到期信息。"""
    server = running_server(context.home)
    if server is not None:
        found = _ask(server.url, server.key, "expire", {})
    else:
        with context.workspace(()) as workspace:
            found = workspace.vault.expire()
    context.say(Text(f"已删除 {found} 条到期记录的个人信息", f"erased {found} record(s) whose time was over"))


@click.group()
def key() -> None:
    """The key for personal fields. 个人信息的密钥。"""


@key.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
@faults_as_exit
def new(context: Context, file: Path) -> None:
    """Make a key and write it into the new FILE, for its owner alone. 生成密钥文件。"""
    made = Master.new()
    made.write(file)
    context.say(
        Text(
            f"密钥 {made.id} 已写入 {file}；设置 {FILE}={file}，并另存一份：丢失即无法解密",
            f"key {made.id} is in {file}; set {FILE}={file}, and keep a copy: what is lost cannot be opened",
        )
    )


@key.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
@faults_as_exit
def rotate(context: Context, file: Path) -> None:
    """Seal everything anew under the key in FILE; no server may run meanwhile. 更换密钥并重新加密。"""
    to = Master.of_file(file)
    with context.workspace(()) as workspace:
        found = workspace.vault.rotate(to, actor=getpass.getuser())
    context.say(
        Text(
            f"{found} 条记录已改用密钥 {to.id}；设置 {FILE}={file}，再销毁旧密钥",
            f"{found} record(s) are sealed with key {to.id}; set {FILE}={file} and destroy the old key",
        )
    )


def _ask(url: str, secret: str, step: str, body: dict[str, Any]) -> int:
    answer = Remote(url, secret).ask(f"/api/personal/{step}", json.dumps(body).encode())
    return int(as_object(answer)["records"])
