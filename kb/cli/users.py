"""``xiezhi user`` and ``xiezhi token``: accounts, beside a running server or without one."""

from __future__ import annotations

from datetime import datetime

import click

from kb.access.accounts import TOKEN_DAYS, Accounts
from kb.access.policy import role_names
from kb.cli.context import Context, faults_as_exit
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text
from kb.resources import folder

ROLES = click.option("--role", "roles", multiple=True, help="Role; may be given several times. 角色。")
DEPARTMENT = click.option("--department", help="IRI of his department. 所属部门的 IRI。")
PASSWORD = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    envvar="XIEZHI_PASSWORD",
    help="Asked for, unless given (or in XIEZHI_PASSWORD). 不给出则会询问。",
)


@click.group()
def user() -> None:
    """Users and their roles. 用户与角色。"""


@user.command("add")
@click.argument("name")
@ROLES
@DEPARTMENT
@click.option(
    "--subject",
    help="How the OpenID provider calls him (issuer and name); then he needs no password. OpenID 身份。",
)
@click.option("--password", envvar="XIEZHI_PASSWORD", help="Asked for, unless given. 不给出则会询问。")
@click.pass_obj
@faults_as_exit
def add(
    context: Context,
    name: str,
    roles: tuple[str, ...],
    department: str | None,
    subject: str | None,
    password: str | None,
) -> None:
    """Add the user NAME. 新建用户。"""
    if password is None and subject is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    Accounts(context.home).add(name, password, roles, department=department, known=_known(), subject=subject)
    context.say(Text(f"已建用户 {name}：{'、'.join(roles)}", f"made user {name}: {', '.join(roles)}"))


@user.command("change")
@click.argument("name")
@ROLES
@DEPARTMENT
@click.option("--disable/--enable", "disabled", default=None, help="Whether he may log in. 停用或启用。")
@click.pass_obj
@faults_as_exit
def change(
    context: Context, name: str, roles: tuple[str, ...], department: str | None, disabled: bool | None
) -> None:
    """Change what is given of the user NAME; his sessions end. 修改用户。"""
    Accounts(context.home).change(
        name, roles=roles or None, department=department, disabled=disabled, known=_known()
    )


@user.command("password")
@click.argument("name")
@PASSWORD
@click.pass_obj
@faults_as_exit
def password(context: Context, name: str, password: str) -> None:
    """Set the password of the user NAME. 重设密码。"""
    Accounts(context.home).change(name, password=password)


@user.command("list")
@click.pass_obj
@faults_as_exit
def users(context: Context) -> None:
    """List users with their roles. 列出用户。"""
    for one in Accounts(context.home).users():
        state = "" if not one.disabled else "\t" + Text("已停用", "disabled").in_(context.lang)
        click.echo(f"{one.name}\t{', '.join(sorted(one.roles))}\t{one.department or '-'}{state}")


@user.command("roles")
@click.pass_obj
def roles(context: Context) -> None:
    """List the roles that may be given. 列出可用角色。"""
    click.echo("\n".join(_known()))


@click.group()
def token() -> None:
    """Tokens for programs. 程序用的令牌。"""


@token.command("create")
@click.argument("user")
@click.option("--scope", "scopes", multiple=True, required=True, help="Action that it may take. 权限范围。")
@click.option("--days", default=TOKEN_DAYS, show_default=True, help="How long it lasts. 有效天数。")
@click.option("--label", default="", help="What it is for. 用途。")
@click.pass_obj
@faults_as_exit
def create(context: Context, user: str, scopes: tuple[str, ...], days: int, label: str) -> None:
    """Make a token of USER and print it, once. 新建令牌（只显示一次）。"""
    text, _ = Accounts(context.home).issue(user, scopes, label=label, days=days)
    click.echo(text)


@token.command("list")
@click.argument("user", required=False)
@click.pass_obj
@faults_as_exit
def tokens(context: Context, user: str | None) -> None:
    """List the tokens of USER, or all. 列出令牌。"""
    for one in Accounts(context.home).tokens(user):
        until = datetime.fromtimestamp(one.expires, CHINA_STANDARD_TIME)
        state = Text("已吊销", "revoked").in_(context.lang) if one.revoked else f"{until:%Y-%m-%d}"
        click.echo(f"{one.id}\t{one.user}\t{', '.join(sorted(one.scopes))}\t{state}\t{one.label}")


@token.command("revoke")
@click.argument("identifier")
@click.pass_obj
@faults_as_exit
def revoke(context: Context, identifier: str) -> None:
    """End the token IDENTIFIER. 吊销令牌。"""
    Accounts(context.home).revoke(identifier)


def _known() -> list[str]:
    return role_names(folder("ontology"))
