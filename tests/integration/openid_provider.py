"""An OpenID Connect provider with one student, always signed in: code flow, RS256."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_ID, ALGORITHM = "the-only-key", "RS256"
MINUTE = 60


class Provider(ThreadingHTTPServer):
    """One client, one student. A code is valid for one token, and a token for `/userinfo`."""

    def __init__(self, student: dict[str, str], client: tuple[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.student, self.client = student, client
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        #: The parameters of each request for a code or a token, by unused code and by token.
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def authorize(self, asked: dict[str, str]) -> str:
        """The address to redirect the browser to, with a new code."""
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def exchange(self, code: str) -> dict[str, str]:
        """The tokens for a code, which is used up afterwards."""
        asked = self.codes.pop(code)
        token = secrets.token_urlsafe()
        self.tokens.add(token)
        claims = {
            "iss": self.url,
            "sub": self.student["sub"],
            "aud": asked["client_id"],
            "nonce": asked["nonce"],
            "exp": int(time.time()) + MINUTE,
        }
        signed = jwt.encode(claims, self.key, ALGORITHM, headers={"kid": KEY_ID})
        return {"access_token": token, "token_type": "Bearer", "id_token": signed}

    def keys(self) -> dict[str, list[dict[str, str]]]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": KEY_ID, "alg": ALGORITHM}]}


class Answers(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            self._send(302, Location=self.server.authorize(asked))
        elif address.path == "/jwks":
            self._send(200, self.server.keys())
        elif address.path == "/userinfo" and self._word("Bearer") in self.server.tokens:
            self._send(200, self.server.student)
        else:
            self._send(403)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        client = base64.b64decode(self._word("Basic")).decode()
        if self.path == "/token" and client == ":".join(self.server.client):
            self._send(200, self.server.exchange(form["code"][0]))
        else:
            self._send(403)

    def _word(self, scheme: str) -> str:
        return self.headers.get("Authorization", "").removeprefix(f"{scheme} ")

    def _send(self, status: int, content: object = None, **headers: str) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Print nothing."""


@contextmanager
def running(student: dict[str, str], client: tuple[str, str]):
    with Provider(student, client) as provider:
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        yield provider
        provider.shutdown()
