"""Is Kolibri set up to be on the internet?"""

from __future__ import annotations

import importlib
import logging
import os

import kolibri
from kolibri.utils.conf import KOLIBRI_HOME

import kolibri_azure_plugin
from kolibri_azure_plugin import origins, preconditions, settings, startup
from kolibri_azure_plugin.checks.model import (
    EVERY_ROLE,
    Outcome,
    Registry,
    Scope,
    failed,
    passed,
    skipped,
    warned,
)
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.cloud.network import (
    CONNECT_TIMEOUT,
    READ_TIMEOUT,
    causes_of,
    explain_no_answer,
    on_app_service,
)
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.provisioning import first_setup
from kolibri_azure_plugin.redaction import redact
from kolibri_azure_plugin.zip_content.server import WSGI_MODULE

CHECKS = Registry("kolibri")

#: Kolibri's database in a test deployment without PostgreSQL.
SQLITE_FILE = os.path.join(KOLIBRI_HOME, "db.sqlite3")

SET = "az webapp config appsettings set -g GROUP -n APP --settings"


@CHECKS.check(
    "version", "This version of Kolibri is supported.", scope=Scope.INSTANCE, roles=EVERY_ROLE
)
def version(_subject: Subject) -> Outcome:
    preconditions.require_supported_kolibri()
    return passed(f"Kolibri {kolibri.__version__}.", version=kolibri.__version__)


@CHECKS.check("plugin", "The plugin is switched on.", scope=Scope.INSTANCE, roles=EVERY_ROLE)
def plugin(_subject: Subject) -> Outcome:
    from kolibri.plugins import config

    own, name = kolibri_azure_plugin.__version__, kolibri_azure_plugin.__name__
    if name in config.ACTIVE_PLUGINS:
        return passed(f"Version {own}.", version=own)
    return failed(
        "The plugin is switched off: Kolibri starts without it, on SQLite.",
        cause="neither KOLIBRI_PLUGIN_ENABLE nor plugins.json names it",
        remedy=f"{SET} KOLIBRI_PLUGIN_ENABLE={name}",
        version=own,
    )


@CHECKS.check("settings", "Every setting can be used.", scope=Scope.INSTANCE, roles=EVERY_ROLE)
def settings_(subject: Subject) -> Outcome:
    here = subject.context
    preconditions.require_content_on_share(here.settings, os.environ, here.options)
    if subject.wants_postgresql:
        preconditions.require_own_caches(os.environ, here.options)
        preconditions.require_postgresql(os.environ, here.options)
        preconditions.require_no_password_on_disk(here.options)
    in_force = {
        row.name: f"{getattr(here.settings, field)} ({here.settings.sources[field]})"
        for field, row in settings.rows()
        if here.settings.sources[field] != "default"
    }
    message = f"{len(in_force)} settings differ from their defaults."
    if here.settings.is_test:
        return warned(
            "This is a test deployment: data may be lost with the container.",
            cause="KOLIBRI_AZURE_DEPLOYMENT is test",
            remedy=f"{SET} KOLIBRI_AZURE_DEPLOYMENT=production",
            **in_force,
        )
    return passed(message, **in_force)


@CHECKS.check(
    "origins",
    "Interactive content has a host name of its own.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
)
def origins_(subject: Subject) -> Outcome:
    here = subject.context
    origin = origins.require_own_origin(here.settings, os.environ, here.options)
    if origin is not None:
        return passed(f"{origin}.", origin=str(origin))
    if origins.given_origin(os.environ, here.options) or not on_app_service():
        return skipped("Kolibri serves it on a port of its own")
    return warned(
        "Interactive content has no host name of its own.",
        cause="App Service publishes no second port, so HTML5, H5P and Bloom resources don't open",
        remedy=f"{SET} {origins.VARIABLE}=https://ANOTHER_NAME",
    )


@CHECKS.check(
    "secret_key",
    "Django's secret key is a secret, and long enough.",
    scope=Scope.DEPLOYMENT,
    after=("kolibri.settings", "vault.secrets"),
)
def secret_key(subject: Subject) -> Outcome:
    key = startup.find_secret_key(subject.context)
    if key is None:
        return skipped("a test deployment makes one of its own")
    return passed(f"{len(key)} characters.")


@CHECKS.check(
    "start",
    "Kolibri's settings load with the plugin's part in them.",
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
def start(subject: Subject) -> Outcome:
    import django

    zip_content_only = subject.role == settings.ZIP_CONTENT
    sqlite = not subject.wants_postgresql and not zip_content_only
    if sqlite and not os.path.exists(SQLITE_FILE):
        # To load the settings would make them.
        return skipped("a test deployment makes its SQLite databases when it first starts")

    heard = _Heard()
    logging.getLogger().addHandler(heard)
    try:
        if zip_content_only:
            # The only module that may load them in this role.
            importlib.import_module(WSGI_MODULE)
        else:
            django.setup()
    except SystemExit as end:
        # The plugin's own words are in the cause; Kolibri's are in the log alone.
        for error in causes_of(end):
            if isinstance(error, KolibriAzureError):
                raise error from end
        return failed(
            "Kolibri does not take its options.",
            cause="\n".join(heard.lines) or f"Kolibri ended with exit code {end.code}",
            remedy="Correct the option that is named there, in the environment or in options.ini.",
        )
    finally:
        logging.getLogger().removeHandler(heard)
    return passed("They do.")


class _Heard(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(redact(record.getMessage()))


@CHECKS.check("debug", "DEBUG is off.", scope=Scope.INSTANCE, requires=("kolibri.start",))
def debug(_subject: Subject) -> Outcome:
    from django.conf import settings as django_settings

    if not django_settings.DEBUG:
        return passed("It is.")
    return failed(
        "Kolibri shows its inside to everybody: DEBUG is on.",
        cause="KOLIBRI_DEBUG, or DEBUG in options.ini",
        remedy="az webapp config appsettings delete -g GROUP -n APP --setting-names KOLIBRI_DEBUG",
    )


@CHECKS.check("https", "Cookies travel over https only, behind a trusted proxy.",
              scope=Scope.INSTANCE, requires=("kolibri.start",), advisory=True)  # fmt: skip
def https(_subject: Subject) -> Outcome:
    from django.conf import settings as django_settings

    proxied = django_settings.SECURE_PROXY_SSL_HEADER is not None
    if proxied and django_settings.SESSION_COOKIE_SECURE and django_settings.CSRF_COOKIE_SECURE:
        return passed("They do.")
    return warned(
        "Whoever listens on the line can take over a session.",
        cause="KOLIBRI_AZURE_HTTPS_PROXY is false",
        remedy=f"{SET} KOLIBRI_AZURE_HTTPS_PROXY=true",
    )


@CHECKS.check(
    "hosts",
    "Kolibri answers to its own names only.",
    scope=Scope.INSTANCE,
    requires=("kolibri.start",),
    advisory=True,
)
def hosts(_subject: Subject) -> Outcome:
    from django.conf import settings as django_settings

    names = list(django_settings.ALLOWED_HOSTS)
    if "*" not in names:
        return passed(f"{', '.join(names)}.", hosts=names)
    return warned(
        "Kolibri answers to any host name.",
        cause="KOLIBRI_AZURE_ALLOWED_HOSTS is empty, and this is not App Service",
        remedy=f"{SET} KOLIBRI_AZURE_ALLOWED_HOSTS=APP.azurewebsites.net",
    )


@CHECKS.check(
    "zip_content",
    "The origin of interactive content answers.",
    scope=Scope.DEPLOYMENT,
    requires=("kolibri.origins",),
    timeout=10,
    advisory=True,
)
def zip_content(subject: Subject) -> Outcome:
    import requests

    here = subject.context
    origin = origins.require_own_origin(here.settings, os.environ, here.options)
    if origin is None:
        return skipped("there is none")
    try:
        answer = requests.head(f"{origin}/", timeout=(CONNECT_TIMEOUT, READ_TIMEOUT))
    except requests.RequestException as error:
        return warned(
            f"{origin} does not answer.",
            cause=explain_no_answer(error, origin.host)["found"],
            remedy="az webapp show -g GROUP -n ZIP_CONTENT_APP --query state",
        )
    return passed(f"{origin} answers.", status=answer.status_code)


@CHECKS.check(
    "provisioned",
    "Kolibri has a facility and a superuser.",
    scope=Scope.DEPLOYMENT,
    requires=("database.migrations",),
)
def provisioned(subject: Subject) -> Outcome:
    from django.db import connection

    from kolibri_azure_plugin.provisioning.provision import is_provisioned

    done = is_provisioned()
    connection.close()
    if done:
        return passed("It has.")
    if not first_setup.is_wanted(subject.context):
        return warned(
            "Kolibri is not set up yet.",
            cause="whoever comes first finds the setup wizard",
            remedy="kolibri manage provisiondevice",
        )
    setup = first_setup.read(subject.context)
    return warned(
        f"Facility {setup.facility} and superuser {setup.username} are not there yet.",
        cause="the database is fresh; the next start sets it up, before it serves anybody",
        remedy="az webapp restart -g GROUP -n APP\nor, without a web server: "
        "kolibri configure setup",
    )
