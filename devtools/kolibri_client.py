"""An HTTP client that signs in to Kolibri as its interface does."""

from __future__ import annotations

from typing import Any

import requests

TIMEOUT_SECONDS = 60
CSRF_COOKIE = "kolibri_csrftoken"


class KolibriClient:
    """A browser session on one Kolibri.

    `forwarded_https` adds the headers of a proxy that terminates TLS, and sends Secure cookies over
    plain HTTP.
    """

    def __init__(self, url: str, *, forwarded_https: bool = False) -> None:
        self.url = url.rstrip("/")
        self.session = requests.Session()
        self._forwarded_https = forwarded_https
        if forwarded_https:
            self.session.headers["X-Forwarded-Proto"] = "https"

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request, with the CSRF token if there is one; no status raises an error."""
        headers = dict(options.pop("headers", {}))
        token = self.session.cookies.get(CSRF_COOKIE)
        if token:
            headers.setdefault("X-CSRFToken", token)
            headers.setdefault("Referer", f"{self._origin}/")
        options.setdefault("timeout", TIMEOUT_SECONDS)
        answer = self.session.request(method, self.url + path, headers=headers, **options)
        if self._forwarded_https:
            for cookie in self.session.cookies:
                cookie.secure = False
        return answer

    @property
    def _origin(self) -> str:
        """The origin that the browser sees."""
        return self.url.replace("http:", "https:", 1) if self._forwarded_https else self.url

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON at `path`; raises requests.HTTPError if the status is an error."""
        return _json(self.request("GET", path, params=parameters))

    def post(self, path: str, data: Any) -> Any:
        """Send `data` as JSON, and return the JSON answer like :meth:`get`."""
        return _json(self.request("POST", path, json=data))

    def facility(self) -> dict[str, Any]:
        """The first facility, which the sign-in page shows to all visitors."""
        facilities: list[dict[str, Any]] = self.get("/api/auth/facility/")
        return facilities[0]

    def sign_in(self, username: str, password: str = "") -> dict[str, Any]:
        """Sign in to the first facility; return the session from Kolibri's answer."""
        self.request("GET", "/en/auth/")  # sets the CSRF cookie
        credentials = {
            "username": username,
            "password": password,
            "facility": self.facility()["id"],
        }
        session: dict[str, Any] = self.post("/api/auth/session/", credentials)
        return session

    def create_learner(self, username: str, password: str, full_name: str) -> dict[str, Any]:
        """Create a learner's account; the signed-in user must be an admin."""
        account = {
            "username": username,
            "password": password,
            "full_name": full_name,
            "facility": self.facility()["id"],
        }
        learner: dict[str, Any] = self.post("/api/auth/facilityuser/", account)
        return learner


def _json(response: requests.Response) -> Any:
    if not response.ok:
        raise requests.HTTPError(
            f"{response.request.method} {response.url} answered {response.status_code}: "
            f"{response.text[:500]}",
            response=response,
        )
    return response.json()
