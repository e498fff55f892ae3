"""Where Kolibri checks passwords. nginx has a queue for each place that visitors can reach.

A Kolibri that checks them elsewhere fails here first; then docker/nginx/passwords.conf needs that
place too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import kolibri

KOLIBRI = Path(kolibri.__file__).parent

#: Django and its libraries check passwords only where a view of Kolibri or Morango lets them.
SEARCHED = ("core", "plugins", "deployment", "utils", "dist/morango")

#: A sign-in or a sign-up: the app passes it back to nginx.
SIGNING_IN = {
    "core/auth/api.py: CreateSessionSerializer.validate",
    "core/auth/api.py: BaseSignUpViewSet.perform_create",
}
#: In a header, which nginx sees itself.
IN_A_HEADER = {"dist/morango/api/permissions.py: BasicMultiArgumentAuthentication"}
VIEWS_THAT_READ_IT = {
    "core/auth/api.py: PublicFacilityUserViewSet",
    "dist/morango/api/viewsets.py: CertificateViewSet",
}
#: Called by the ones above.
BACKENDS = {
    "core/auth/backends.py: SuperuserAuthScope.matches_credentials",
    "core/auth/backends.py: BasicUserAuthScope.matches_credentials",
}
#: Closed before a site answers its first request.
SETUP = {"plugins/setup_wizard/api.py: FacilityImportViewSet.grantsuperuserpermissions"}


def test_passwords_are_checked_in_these_places():
    found = {
        f"{path}: {place}"
        for path, place, node in nodes()
        if isinstance(node, ast.Call) and name(node.func) in ("authenticate", "check_password")
    }

    in_a_header = {f"{place}.authenticate_credentials" for place in IN_A_HEADER}
    assert found == SIGNING_IN | in_a_header | BACKENDS | SETUP


def test_these_views_read_a_password_from_a_header():
    found = {
        f"{path}: {place}"
        for path, place, node in nodes()
        if place and name(node).startswith("Basic") and name(node).endswith("Authentication")
    }

    assert found == VIEWS_THAT_READ_IT | IN_A_HEADER


def nodes() -> Iterator[tuple[str, str, ast.AST]]:
    """All of the code, each with its file and the class or method that it is in."""
    for folder in SEARCHED:
        for path in sorted((KOLIBRI / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "/test" in str(path) or path.parts[-2:] == ("settings", "dev.py"):
                continue
            if "authenticat" in text.lower() or "check_password" in text:
                for place, node in inside(ast.parse(text), ""):
                    yield str(path.relative_to(KOLIBRI)), place, node


def inside(node: ast.AST, place: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        within = place
        if isinstance(child, (ast.ClassDef, ast.FunctionDef)):
            within = f"{place}.{child.name}".lstrip(".")
        yield within, child
        yield from inside(child, within)


def name(node: ast.AST) -> str:
    """The last part of a name such as `a.b.name`."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
