"""The app settings of both templates start the image: only addresses are replaced."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from devtools.arm import Checker, CheckerMissingError
from devtools.arm.combinations import PASSWORD
from devtools.azure_standin import AzureStandin
from devtools.container import visit
from devtools.container.container import Container, Mount, writable
from devtools.container.site import CONTENT, FIRST_START_SECONDS, SUPERUSER, SYSTEM_BUNDLE, Site
from devtools.radius import RadiusServer
from tests.arm.app_settings import SECRETS
from tests.arm.conftest import ARM, NAMES
from tests.arm.settings_rules import MOUNTS
from tests.long_forms import each_or

pytestmark = [pytest.mark.slow, pytest.mark.browser]

DATABASE_RESOURCE = "https://ossrdbms-aad.database.windows.net"

#: The tests' browser reads English.
CHOSEN = {"language": "en"}


@dataclass(frozen=True)
class Web:
    """One Web App of the template."""

    settings: dict[str, str]
    command: str
    shares: dict[str, str]

    @classmethod
    def of(cls, evaluated, symbol):
        configuration = evaluated.named(symbol).at("siteConfig")
        mounts = [each for each in evaluated.resources if each.symbol == MOUNTS[symbol]]
        return cls(
            evaluated.app_settings(symbol),
            configuration.get("appCommandLine") or "",
            {
                mount["shareName"]: mount["mountPath"]
                for each in mounts
                for mount in each.properties.values()
            },
        )


@pytest.fixture(scope="module")
def checker():
    try:
        return Checker()
    except CheckerMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=each_or(("small", "large"), "large"))
def evaluated(request, checker):
    """The production template, with the example's answers for a size."""
    example = json.loads((ARM / "parameters" / f"{request.param}.parameters.json").read_text())
    values = {name: entry["value"] for name, entry in example["parameters"].items()}
    template = json.loads(NAMES["production"].read_text())
    return checker.evaluate(template, {**values, **CHOSEN})


@pytest.fixture(scope="module")
def secrets(evaluated):
    """The secrets that the template writes to the vault."""
    found = evaluated.of_type("Microsoft.KeyVault/vaults/secrets")
    return {each.name.rpartition("/")[2]: each.properties["value"] for each in found}


@pytest.fixture(scope="module")
def platform(tmp_path_factory, postgres):
    """Azure, and the server that asks Entra for PostgreSQL."""
    folder = tmp_path_factory.mktemp("platform")
    with AzureStandin(folder / "azure") as azure:

        def judge(_user: str, password: str) -> str | None:
            verdict = azure.tokens.check(password, DATABASE_RESOURCE)
            return None if verdict else verdict.reason

        with RadiusServer(judge) as radius:
            yield azure, radius


@pytest.fixture(scope="module")
def vault(platform, postgres, secrets):
    """The vault with the template's secrets; the database signs in who has the app's identity."""
    azure, radius = platform
    url = urlsplit(secrets["kolibri-database-url"].replace("<at deployment>", "host"))
    assert url.password is None
    identity, database = url.username, url.path.strip("/")
    postgres.create_role(identity)
    # As an administrator of the server, which the template makes the identity.
    postgres.execute(f'ALTER ROLE "{identity}" CREATEDB')
    postgres.use_radius(identity, port=radius.port, secret=radius.secret)
    postgres.create_database(database, owner=identity)
    address = f"postgresql://{identity}@localhost:{postgres.port}/{database}"
    for name, value in secrets.items():
        azure.set_secret(name, value)
    azure.set_secret("kolibri-database-url", address)
    yield azure
    postgres.drop_database(database)
    postgres.execute(f'DROP ROLE "{identity}"')


@pytest.fixture(scope="module")
def apps(tmp_path_factory, engine, image, vault, authority, evaluated):
    """The two Web Apps, each a site of its own on the shares that the template mounts."""
    folder = tmp_path_factory.mktemp("apps")
    site, content = (
        Site(folder / name, engine, image, vault, authority) for name in ("app", "content")
    )
    shares = {mount.target.rpartition("/")[2]: mount.source for mount in site.mounts}
    client_id = vault.add_identity()
    for each, symbol in ((site, "app"), (content, "contentApp")):
        web = Web.of(evaluated, symbol)
        each.command = web.command
        each.mounts = [
            *(Mount(shares[name], target) for name, target in web.shares.items()),
            *(mount for mount in each.mounts if mount.target in (SYSTEM_BUNDLE, "/drive")),
        ]
        each.settings = moved_here(web.settings, each, content)
        if "KOLIBRI_AZURE_CLIENT_ID" in web.settings:
            each.settings["KOLIBRI_AZURE_CLIENT_ID"] = client_id
    with site, content:
        yield site, content


def moved_here(settings, site: Site, content: Site):
    """The settings with the addresses of this machine; the vault's name leads to the stand-in."""
    return {
        **settings,
        "WEBSITES_PORT": str(site.port),
        "KOLIBRI_AZURE_ALLOWED_HOSTS": "127.0.0.1" if site is content else "localhost",
        "KOLIBRI_ZIP_CONTENT_ORIGIN": content.zip_url,
    }


def test_the_backups_are_mounted_where_the_settings_say(apps, evaluated):
    site, content = apps
    folder = Web.of(evaluated, "app").settings["KOLIBRI_AZURE_BACKUP_FOLDER"]
    assert folder in [mount.target for mount in site.mounts]
    assert folder not in [mount.target for mount in content.mounts]


def test_the_settings_of_the_template_start_the_image(apps, evaluated, secrets):
    site, content = apps
    assert set(secrets) <= SECRETS
    password = secrets["kolibri-superuser-password"]
    with site.start() as app, content.start() as contents:
        app.wait_until_ready(FIRST_START_SECONDS)
        contents.wait_until_ready(180)
        session = site.client()
        session.sign_in(SUPERUSER, password)
        session.create_learner(visit.LEARNER, visit.LEARNER_PASSWORD, visit.LEARNER)
        visit.require_private_facility(site)
        site.import_channel(app)
        visit.require_content_origin(site)
        visit.require_backup(app)
        examined = site.run("check")
        assert examined.code == 0, examined.output
        app.signal("KILL")
        contents.signal("KILL")
    with site.start() as app, content.start() as contents:
        app.wait_until_ready(180)
        contents.wait_until_ready(180)
        visit.require_user(session, SUPERUSER)
        visit.require_channel(session)
        visit.require_content_origin(site)
        for container in (app, contents):
            assert container.stop()[0] == 0


@pytest.fixture
def test_site(tmp_path, engine, image, authority, checker):
    """The Web App of the test template: no share, no vault, no database."""
    template = json.loads(NAMES["test"].read_text())
    evaluated = checker.evaluate(template, {"superuserPassword": PASSWORD})
    given = evaluated.named("app").at("siteConfig", "connectionStrings")
    with (
        AzureStandin(tmp_path / "azure") as azure,
        Site(tmp_path / "app", engine, image, azure, authority) as site,
    ):
        site.mounts = [mount for mount in site.mounts if mount.target in (SYSTEM_BUNDLE, "/drive")]
        site.settings = {
            **Web.of(evaluated, "app").settings,
            # Under these names App Service hands them over, and the app's own host name.
            **{f"CUSTOMCONNSTR_{each['name']}": each["connectionString"] for each in given},
            "WEBSITE_HOSTNAME": "localhost",
            "WEBSITES_PORT": str(site.port),
        }
        yield site


def test_the_settings_of_the_test_template_start_the_image(test_site):
    # App Service leaves the container's own files writable; here the root is read-only.
    with Container.start(
        test_site.engine,
        test_site.image,
        environment=test_site.environment,
        mounts=test_site.mounts,
        options=writable(test_site.engine, CONTENT),
    ) as app:
        app.wait_until_ready(FIRST_START_SECONDS)
        session = test_site.client()
        session.sign_in(SUPERUSER, PASSWORD)
        visit.require_user(session, SUPERUSER)
        test_site.import_channel(app)
        visit.require_channel(session)
        assert app.stop()[0] == 0
