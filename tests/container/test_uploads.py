"""nginx sends files from three folders only: never an uploaded list of users."""

from __future__ import annotations

import pytest

from .fronts import ZIPCONTENT, ask, require_nginx, start_front

pytestmark = pytest.mark.slow

PASSWORD = b"a-password-that-was-uploaded"
NAME = "tmp0123abcd.upload.csv"

ADDRESSES = (
    f"/media/temp/{NAME}",
    f"/temp/{NAME}",
    f"/content/../media/temp/{NAME}",
    f"/content/%2e%2e/media/temp/{NAME}",
    f"/content/storage/..%2f..%2f..%2fmedia/temp/{NAME}",
    f"/content/databases/../../media/temp/{NAME}",
    f"/content/zipcontent/../../media/temp/{NAME}",
    f"/content/static/../../media/temp/{NAME}",
    f"/static/../media/temp/{NAME}",
    f"/static../media/temp/{NAME}",
    f"/content../media/temp/{NAME}",
    f"/azure/../media/temp/{NAME}",
    f"//media//temp//{NAME}",
)


def test_nginx_sends_no_uploaded_list(tmp_path):
    require_nginx()
    for folder in ("media/temp", "content", "static"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "media" / "temp" / NAME).write_bytes(PASSWORD)

    with start_front(tmp_path) as front:
        answers = [
            (address, ask(front.url, address, headers))
            for address in ADDRESSES
            for headers in ({}, {"Host": ZIPCONTENT})
        ]

    for address, answer in answers:
        assert answer.status >= 400, address
        assert PASSWORD not in answer.body, address
