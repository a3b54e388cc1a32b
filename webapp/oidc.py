"""Logging in through an OpenID provider (OpenID Connect Core 1.0, code flow with PKCE): an option.

It is on where :mod:`kb.access.openid` finds a provider in the environment. Authlib speaks the protocol
(state, nonce, PKCE, signatures). The provider says who somebody is, never what he may: rights are given
here, to a user whom an administrator has tied to the name that the provider has for him
(``xiezhi user add … --subject``).

::

    Forbidden       oidc.refused, oidc.unknown
    ResourceMissing oidc.unreachable
"""

from __future__ import annotations

import logging
from typing import Any, cast
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, current_app, request, session, url_for
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response

from kb.access.accounts import User
from kb.access.openid import Provider
from kb.errors import Forbidden, ResourceMissing, XiezhiError
from webapp.access import gatekeeper
from webapp.accounts import begin, local, not_logged_in

SCOPE = "openid"
"""Nothing but who it is: the name and the address of people stay with the provider."""
TIMEOUT = 10.0
"""Seconds that the provider has for each answer."""
_NEXT = "after-login"
_log = logging.getLogger(__name__)
blueprint = Blueprint("oidc", __name__)


def init_app(app: Flask, provider: Provider) -> None:
    """Offer the way through *provider* in *app*."""
    app.jinja_env.globals["openid"] = urlsplit(provider.issuer).netloc
    oauth = OAuth(app)
    oauth.register(  # type: ignore[no-untyped-call]
        "provider",
        client_id=provider.client,
        client_secret=provider.secret,
        server_metadata_url=f"{provider.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "timeout": TIMEOUT},
    )
    app.extensions["openid"] = oauth
    app.register_blueprint(blueprint)


@blueprint.get("/login/openid")
def leave() -> Response:
    """Send the browser to the provider."""
    session[_NEXT] = local(request.args.get("next"))
    try:
        return cast(Response, _client().authorize_redirect(url_for("oidc.back", _external=True)))
    except (RequestException, AuthlibBaseError, ValueError) as error:
        return not_logged_in(_unreachable(error), session[_NEXT])


@blueprint.get("/login/openid/back")
def back() -> Response:
    """Log in whom the provider names, and go where he wanted to go."""
    target = session.get(_NEXT, "")
    try:
        claims = _client().authorize_access_token()["userinfo"]
        user = _user_of(f"{claims['iss']} {claims['sub']}")
    except RequestException as error:
        return not_logged_in(_unreachable(error), target)
    except (AuthlibBaseError, JoseError, KeyError) as error:
        return _refused(_failed(error), target)
    except Forbidden as error:
        return _refused(error, target)
    return begin(user, target)


def _user_of(subject: str) -> User:
    user = gatekeeper().accounts.of_subject(subject)
    if user is None or user.disabled:
        raise Forbidden.of(
            "oidc.unknown",
            f"没有用户对应此身份：{subject}",
            f"no user belongs to this identity: {subject}",
            repair=(
                f"请管理员执行：xiezhi user add NAME --role ROLE --subject '{subject}'",
                f"ask an administrator for: xiezhi user add NAME --role ROLE --subject '{subject}'",
            ),
        )
    return user


def _refused(error: XiezhiError, target: str) -> Response:
    told = f"log in through OpenID: {error.faults[0].message.en}"
    gatekeeper().trail.refused(f"visitor {request.remote_addr}", told, stranger=True)
    return not_logged_in(error, target)


def _client() -> Any:
    return current_app.extensions["openid"].provider


def _failed(error: Exception) -> XiezhiError:
    return Forbidden.of(
        "oidc.refused",
        f"OpenID 登录没有成功：{error}",
        f"logging in through OpenID did not succeed: {error}",
        repair=("从登录页重新开始", "begin again at the page to log in"),
    )


def _unreachable(error: Exception) -> XiezhiError:
    _log.warning("the OpenID provider: %s", error)
    return ResourceMissing.of(
        "oidc.unreachable",
        "OpenID 提供方没有应答",
        "the OpenID provider does not answer",
        repair=("稍后再试，或用密码登录", "try again later, or log in with a password"),
    )
