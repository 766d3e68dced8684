"""Fetching a file in pieces: an interrupted download goes on where it stopped."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from surveys.views.range_files import file_in_ranges

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def get(tmp_path):
    path = tmp_path / "ready.zip"
    path.write_bytes(CONTENT)

    def ask(**headers: str):
        request = RequestFactory().get("/", headers=headers)
        return file_in_ranges(request, path, name="云川县海报.zip", content_type="application/zip")

    return ask


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_whole_file_says_that_pieces_can_be_had(get):
    response = get()
    assert (response.status_code, body(response)) == (200, CONTENT)
    assert response["Accept-Ranges"] == "bytes"
    assert response["Content-Length"] == "1024"
    assert "%E4%BA%91%E5%B7%9D" in response["Content-Disposition"]


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=100-199", 100, 199), ("bytes=1000-", 1000, 1023),
     ("bytes=-24", 1000, 1023), ("bytes=1000-9999", 1000, 1023), ("bytes=-9999", 0, 1023)],
)  # fmt: skip
def test_piece_is_exactly_the_bytes_asked_for(get, wanted, first, last):
    response = get(Range=wanted)
    assert (response.status_code, body(response)) == (206, CONTENT[first : last + 1])
    assert response["Content-Range"] == f"bytes {first}-{last}/1024"
    assert response["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize("wanted", ["bytes=1024-", "bytes=5000-6000", "bytes=-0", f"bytes={10**30}-"])
def test_piece_past_the_end_is_refused(get, wanted):
    response = get(Range=wanted)
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */1024")
    assert "Content-Disposition" not in response


@pytest.mark.parametrize("wanted", ["bytes=9-3", "bytes=-", "bytes=1-2,4-5", "lines=1-2", "bytes=a-b"])
def test_range_that_makes_no_sense_gets_the_whole_file(get, wanted):
    response = get(Range=wanted)
    assert (response.status_code, body(response)) == (200, CONTENT)


def test_download_goes_on_only_if_the_file_is_still_the_same(get):
    mark = get()["ETag"]
    assert get(Range="bytes=10-", **{"If-Range": mark}).status_code == 206
    assert get(Range="bytes=10-", **{"If-Range": get()["Last-Modified"]}).status_code == 206
    assert get(Range="bytes=10-", **{"If-Range": '"another"'}).status_code == 200
