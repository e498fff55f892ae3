"""Runs in the copy: upgrades it, signs certificates, and serves it on the loopback interface.

It is stock Kolibri on SQLite, without this plugin, in a process of its own, with the copy as its
KOLIBRI_HOME. Orders come as lines of JSON on standard input, and each is answered by a line on
`--answers`. It ends when its input does, so it does not outlive its parent.

Only the web application runs. Kolibri's workers would begin with jobs that wait in the school's
database, such as syncs and downloads.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
import uuid
from contextlib import closing
from http.client import HTTPConnection
from queue import Queue
from typing import Any, Callable

LOOPBACK = "127.0.0.1"

#: Requests at once. A sync makes one at a time.
THREADS = 4

#: Seconds of silence until the server closes a connection. The client is busy for longer between
#: two requests while it imports records.
TIMEOUT = 3600

#: Kolibri's sync begins with this address, and waits for it for some seconds only
#: (kolibri.core.discovery.utils.network.client, DEFAULT_SYNC_READ_TIMEOUT).
INFO = "/api/public/info/"
FIRST_ANSWER_SECONDS = 600


def upgrade() -> None:
    """Kolibri's own upgrade, as at any start."""
    from kolibri.utils import main

    def no_backup(*_: Any) -> None:
        """Kolibri would first write the whole database as text. This is a copy already."""

    main.conditional_backup = no_backup
    main.initialize()


def serialize(counter: int) -> None:
    """Write all changed records to Morango's store, as the first step of any sync does.

    :param counter: the number that these changes have among the changes of this identity.
    """
    from kolibri.core.auth.constants.morango_sync import PROFILE_FACILITY_DATA
    from morango.models.core import InstanceIDModel
    from morango.sync.controller import MorangoProfileController

    # An identity of before Morango 0.5 stays in use as long as it is current.
    InstanceIDModel.objects.update(current=False)
    instance, _ = InstanceIDModel.get_or_create_current_instance(clear_cache=True)
    InstanceIDModel.objects.filter(id=instance.id).update(counter=counter - 1)
    MorangoProfileController(PROFILE_FACILITY_DATA).serialize_into_store()


def sign(dataset: str, public_key: str) -> list[Any] | None:
    """Sign a certificate for a facility's whole data, as Kolibri does for a known administrator.

    :returns: the certificate after those that it rests on; None without the right to sign one.
    """
    from kolibri.core.auth.constants.morango_sync import ScopeDefinitions
    from morango.api.serializers import CertificateSerializer
    from morango.models.certificates import Certificate
    from morango.models.fields.crypto import Key

    parent = (
        Certificate.objects.filter(id=dataset)
        .get_descendants(include_self=True)
        .filter(scope_definition_id=ScopeDefinitions.FULL_FACILITY)
        .exclude(_private_key=None)
        .first()
    )
    if parent is None:
        return None
    certificate = Certificate(
        parent=parent,
        profile=parent.profile,
        scope_definition_id=ScopeDefinitions.FULL_FACILITY,
        scope_version=parent.scope_version,
        scope_params=json.dumps({"dataset_id": dataset}),
        public_key=Key(public_key_string=public_key),
        salt=uuid.uuid4().hex,
    )
    certificate.id = certificate.calculate_uuid()
    parent.sign_certificate(certificate)
    certificate.check_certificate()
    certificate.save()
    chain = certificate.get_ancestors(include_self=True)
    return list(CertificateSerializer(chain, many=True).data)


def serve() -> int:
    """Serve the copy in another thread; return the port once it has answered.

    The first request loads all of Kolibri's views, which takes long on a busy machine.
    """
    from cheroot.wsgi import Server
    from kolibri.deployment.default.wsgi import application

    server = Server((LOOPBACK, 0), application, numthreads=THREADS, timeout=TIMEOUT)
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    port = int(server.bind_addr[1])
    with closing(HTTPConnection(LOOPBACK, port, timeout=FIRST_ANSWER_SECONDS)) as first:
        first.request("GET", INFO)
        first.getresponse().read()
    return port


ORDERS: dict[str, Callable[..., Any]] = {
    "upgrade": upgrade,
    "serialize": serialize,
    "sign": sign,
    "serve": serve,
}


def _read_orders(orders: Queue[Any]) -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    # The parent is gone. Nothing here is worth finishing.
    os._exit(0)


def main() -> None:
    """Answer orders until the input ends."""
    answers = os.fdopen(int(sys.argv[1]), "w", encoding="utf-8")
    orders: Queue[Any] = Queue()
    threading.Thread(target=_read_orders, args=(orders,), daemon=True).start()
    while True:
        name, arguments = orders.get()
        try:
            answer = {"answer": ORDERS[name](*arguments)}
        except BaseException as error:  # noqa: BLE001 - Kolibri's upgrade may raise SystemExit
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
