"""Makes the pictures of the documentation: ``make pictures``.

The demo runs in a temporary folder. A learner signs in and opens a topic. The administrator's page
is shown in several states (status.py). Then the vault gets a wrong database password, and the
doctor runs. Topic and doctor, side by side, become docs/pictures/kolibri-and-doctor.png.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from devtools.browser import Learner, MissingBrowserError, browser_page
from devtools.channel import CHANNEL_NAME
from devtools.channel.content import TOPIC_TITLE
from devtools.demo.cloud import Cloud, running_cloud
from devtools.demo.folder import DemoFolder
from devtools.demo.site import running_site
from devtools.kolibri_process import Kolibri
from devtools.pictures.sheet import sheet
from devtools.pictures.status import photograph_status
from devtools.pictures.terminal import run_in_terminal
from devtools.ports import free_port

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"

#: The size of the learner's browser, and of the whole picture, in pixels.
BROWSER = {"width": 1000, "height": 1200}
SHEET = {"width": 1480, "height": 850}

#: Some of the checks, so that the picture stays readable.
CATEGORIES = ("identity", "vault", "database")
DOCTOR = ("manage", "azure_check", "--only", *CATEGORIES)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kolibri-azure-pictures-") as folder:
        Path(folder).chmod(0o755)
        demo = DemoFolder.open(Path(folder) / "demo")
        demo.prepare(fresh=False)
        with running_cloud(demo) as cloud, browser_page() as page:
            port, zip_port = free_port(), free_port()
            with running_site(demo, cloud, port=port, zip_port=zip_port) as site:
                topic = photograph_topic(page, site.url, cloud)
                save_pictures_of_status(page, site.url, cloud)
            spoil_password(cloud)
            kolibri = Kolibri(demo.home, cloud.settings(demo))
            report = run_in_terminal(
                [sys.executable, "-m", "kolibri", *DOCTOR], kolibri.environment
            )
            compose(page, topic, report, PICTURES / "kolibri-and-doctor.png")


def photograph_topic(page: Page, url: str, cloud: Cloud) -> bytes:
    """A learner's view of a topic, as PNG."""
    page.set_viewport_size(BROWSER)  # type: ignore[arg-type]
    learner = Learner(page, url)
    learner.sign_in(cloud.accounts.learner.name, cloud.accounts.learner.password)
    learner.open_channel(CHANNEL_NAME)
    learner.open_resource(TOPIC_TITLE)
    page.wait_for_load_state("networkidle")
    return page.screenshot()


def save_pictures_of_status(page: Page, url: str, cloud: Cloud) -> None:
    """Save the administrator's page in several states."""
    assert page.context.browser is not None
    database_url = cloud.azure.secrets.get("kolibri-database-url")
    assert database_url is not None
    administrator = cloud.accounts.superuser
    for name, picture in photograph_status(
        page.context.browser, url, database_url.value, (administrator.name, administrator.password)
    ):
        save(picture, PICTURES / f"{name}.png")


def spoil_password(cloud: Cloud) -> None:
    """Store a wrong database password in the vault."""
    current = cloud.azure.secrets.get("kolibri-database-url")
    assert current is not None
    account, _, rest = current.value.rpartition("@")
    user = account.rpartition(":")[0]
    cloud.azure.set_secret("kolibri-database-url", f"{user}:last-years-password@{rest}")


def compose(page: Page, topic: bytes, report: str, path: Path) -> None:
    """Combine both in one picture, side by side."""
    page.set_viewport_size(SHEET)  # type: ignore[arg-type]
    page.set_content(sheet(topic, report))
    save(page.screenshot(), path)


def save(picture: bytes, path: Path) -> None:
    path.write_bytes(picture)
    print(f"{path.name}: {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    try:
        main()
    except MissingBrowserError as error:
        sys.exit(f"error: {error}")
