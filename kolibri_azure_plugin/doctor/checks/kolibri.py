"""Is Kolibri configured safely for the internet?"""

from __future__ import annotations

import importlib
import logging
import os

import kolibri
from kolibri.utils.conf import KOLIBRI_HOME

import kolibri_azure_plugin
from kolibri_azure_plugin.cloud.network import (
    CONNECT_TIMEOUT,
    READ_TIMEOUT,
    causes_of,
    explain_unreachable,
    on_app_service,
)
from kolibri_azure_plugin.configuration import origins, preconditions, settings
from kolibri_azure_plugin.configuration.secret_key import find_secret_key
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.outcome import Outcome, failed, passed, skipped, warned
from kolibri_azure_plugin.doctor.registry import EVERY_ROLE, Registry, Scope
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.errors.remedies import RESTART, delete_app_settings, set_app_settings
from kolibri_azure_plugin.errors.wording import counted
from kolibri_azure_plugin.provisioning import first_setup

CHECKS = Registry("kolibri")

#: Kolibri's database in a test deployment without PostgreSQL.
SQLITE_FILE = os.path.join(KOLIBRI_HOME, "db.sqlite3")


@CHECKS.check(
    "version", "This version of Kolibri is supported.", scope=Scope.INSTANCE, roles=EVERY_ROLE
)
def version(_ctx: CheckContext) -> Outcome:
    preconditions.require_supported_kolibri()
    return passed(f"Kolibri {kolibri.__version__} is supported.", version=kolibri.__version__)


@CHECKS.check("plugin", "The plugin is enabled.", scope=Scope.INSTANCE, roles=EVERY_ROLE)
def plugin(_ctx: CheckContext) -> Outcome:
    from kolibri.plugins import config

    own, name = kolibri_azure_plugin.__version__, kolibri_azure_plugin.__name__
    if name in config.ACTIVE_PLUGINS:
        return passed(f"Version {own} is enabled.", version=own)
    return failed(
        "The plugin is disabled: Kolibri starts without it, on SQLite.",
        cause="neither KOLIBRI_PLUGIN_ENABLE nor plugins.json names it",
        remedy=set_app_settings(f"KOLIBRI_PLUGIN_ENABLE={name}"),
        version=own,
    )


@CHECKS.check("settings", "Every setting is valid.", scope=Scope.INSTANCE, roles=EVERY_ROLE)
def settings_(ctx: CheckContext) -> Outcome:
    here = ctx.context
    preconditions.require_preconditions(here.deployment)
    in_force = {
        row.name: f"{getattr(here.settings, field)} ({here.settings.sources[field]})"
        for field, row in settings.rows()
        if here.settings.sources[field] != "default"
    }
    if here.settings.is_test:
        return warned(
            "This is a test deployment: data may be lost with the container.",
            cause="KOLIBRI_AZURE_DEPLOYMENT is test",
            remedy=set_app_settings("KOLIBRI_AZURE_DEPLOYMENT=production"),
            **in_force,
        )
    differing = counted(len(in_force), "setting differs", "settings differ")
    return passed(f"{differing} from the defaults.", **in_force)


@CHECKS.check(
    "origins",
    "Interactive content has its own host name.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
)
def origins_(ctx: CheckContext) -> Outcome:
    deployment = ctx.context.deployment
    origin = origins.require_own_origin(deployment)
    if origin is not None:
        return passed(f"Interactive content comes from {origin}.", origin=str(origin))
    if origins.given_origin(deployment) or not on_app_service():
        return skipped("Kolibri serves it on a separate port")
    return warned(
        "Interactive content does not have its own host name.",
        cause="App Service publishes no second port, so HTML5, H5P and Bloom resources don't open",
        remedy=set_app_settings(f"{origins.VARIABLE}=https://ANOTHER_NAME"),
    )


@CHECKS.check(
    "secret_key",
    "Django's secret key is secret and long enough.",
    scope=Scope.DEPLOYMENT,
    after=("kolibri.settings", "vault.secrets"),
)
def secret_key(ctx: CheckContext) -> Outcome:
    key = find_secret_key(ctx.context)
    if key is None:
        return skipped("a test deployment generates its own")
    return passed(f"The key has {len(key)} characters.")


@CHECKS.check(
    "start",
    "Kolibri's settings load, the plugin's included.",
    scope=Scope.INSTANCE,
    after=(
        "kolibri.version",
        "kolibri.plugin",
        "kolibri.settings",
        "kolibri.patches",
        "kolibri.origins",
        "kolibri.secret_key",
        "content.access",
        "content.account",
        "content.media_access",
        "database.sign_in",
    ),
    timeout=15,
    roles=EVERY_ROLE,
)
def start(ctx: CheckContext) -> Outcome:
    import django

    zip_content_only = ctx.role == settings.ZIP_CONTENT
    sqlite = not ctx.wants_postgresql and not zip_content_only
    if sqlite and not os.path.exists(SQLITE_FILE):
        # Loading the settings would create them.
        return skipped("a test deployment creates its SQLite databases at its first start")

    heard = _ErrorCollector()
    logging.getLogger().addHandler(heard)
    try:
        if zip_content_only:
            # In this role, only this module may load the settings.
            importlib.import_module(settings.ZIP_CONTENT_WSGI_MODULE)
        else:
            django.setup()
    except SystemExit as end:
        # The plugin's own message is in the cause; Kolibri's is only in the log.
        for error in causes_of(end):
            if isinstance(error, KolibriAzureError):
                raise error from end
        return failed(
            "Kolibri rejects its options.",
            cause="\n".join(heard.lines) or f"Kolibri ended with exit code {end.code}",
            remedy="Correct the option that the cause names, in the environment or in options.ini.",
        )
    finally:
        logging.getLogger().removeHandler(heard)
    return passed("Kolibri's settings load.")


class _ErrorCollector(logging.Handler):
    """Collects the messages that are logged as errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(redact(record.getMessage()))


@CHECKS.check("debug", "DEBUG is off.", scope=Scope.INSTANCE, requires=("kolibri.start",))
def debug(_ctx: CheckContext) -> Outcome:
    from django.conf import settings as django_settings

    if not django_settings.DEBUG:
        return passed("DEBUG is off.")
    return failed(
        "DEBUG is on: error pages show settings and source code to any visitor.",
        cause="KOLIBRI_DEBUG is set, or DEBUG in options.ini",
        remedy=delete_app_settings("KOLIBRI_DEBUG"),
    )


@CHECKS.check("https", "Cookies travel over https only, behind a trusted proxy.",
              scope=Scope.INSTANCE, requires=("kolibri.start",), advisory=True)  # fmt: skip
def https(_ctx: CheckContext) -> Outcome:
    from django.conf import settings as django_settings

    proxied = django_settings.SECURE_PROXY_SSL_HEADER is not None
    if proxied and django_settings.SESSION_COOKIE_SECURE and django_settings.CSRF_COOKIE_SECURE:
        return passed("Cookies are https-only.")
    return warned(
        "An attacker who reads the network traffic can take over a session.",
        cause="KOLIBRI_AZURE_HTTPS_PROXY is false",
        remedy=set_app_settings("KOLIBRI_AZURE_HTTPS_PROXY=true"),
    )


@CHECKS.check(
    "hosts",
    "Kolibri answers to its own names only.",
    scope=Scope.INSTANCE,
    requires=("kolibri.start",),
    advisory=True,
)
def hosts(_ctx: CheckContext) -> Outcome:
    from django.conf import settings as django_settings

    names = list(django_settings.ALLOWED_HOSTS)
    if "*" not in names:
        return passed(f"Kolibri answers to {', '.join(names)}.", hosts=names)
    return warned(
        "Kolibri answers to any host name.",
        cause="KOLIBRI_AZURE_ALLOWED_HOSTS is empty, and this is not App Service",
        remedy=set_app_settings("KOLIBRI_AZURE_ALLOWED_HOSTS=APP.azurewebsites.net"),
    )


@CHECKS.check(
    "zip_content",
    "The origin of interactive content answers.",
    scope=Scope.DEPLOYMENT,
    requires=("kolibri.origins",),
    timeout=10,
    advisory=True,
)
def zip_content(ctx: CheckContext) -> Outcome:
    import requests

    origin = origins.require_own_origin(ctx.context.deployment)
    if origin is None:
        return skipped("no such origin is configured")
    try:
        answer = requests.head(f"{origin}/", timeout=(CONNECT_TIMEOUT, READ_TIMEOUT))
    except requests.RequestException as error:
        return warned(
            f"{origin} does not answer.",
            cause=explain_unreachable(error, origin.host)["found"],
            remedy="az webapp show -g GROUP -n ZIP_CONTENT_APP --query state",
        )
    return passed(f"{origin} answers.", status=answer.status_code)


@CHECKS.check(
    "provisioned",
    "Kolibri has a facility and a superuser.",
    scope=Scope.DEPLOYMENT,
    requires=("database.migrations",),
)
def provisioned(ctx: CheckContext) -> Outcome:
    from django.db import connection

    from kolibri_azure_plugin.provisioning.provision import is_provisioned

    done = is_provisioned()
    connection.close()
    if done:
        return passed("Kolibri has a facility and a superuser.")
    if not first_setup.is_wanted(ctx.context):
        return warned(
            "Kolibri is not set up yet.",
            cause="the first visitor finds the setup wizard",
            remedy="kolibri manage provisiondevice",
        )
    setup = first_setup.read(ctx.context)
    return warned(
        f"Facility {setup.facility} and superuser {setup.username} do not exist yet.",
        cause="the database is new; the next start creates both before it serves requests",
        remedy=f"{RESTART}\nor, without a web server: kolibri configure setup",
    )
