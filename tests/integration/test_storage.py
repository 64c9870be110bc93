"""Where documents lie: a folder and a bucket behave alike, and nothing is there but whole."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from engine.platform.errors import StorageUnavailable
from engine.platform.storage import Storage
from tests import s3

SMALL = b"a letter"
LARGE = os.urandom(12 << 20)


def key(content: bytes) -> str:
    return sha256(content).hexdigest()


@pytest.fixture(scope="module")
def bucket() -> Iterator[Mapping[str, str]]:
    with s3.serving() as environment:
        yield environment


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where to keep documents, once here and once there."""
    if request.param == "folder":
        return str(tmp_path / "below" / "documents")
    for name, value in request.getfixturevalue("bucket").items():
        monkeypatch.setenv(name, value)
    return f"s3://{s3.BUCKET}/{tmp_path.name}"


@pytest.fixture
def storage(place: str) -> Storage:
    return Storage(place)


@pytest.mark.parametrize("content", [SMALL, LARGE, b""], ids=["small", "large", "empty"])
def test_content_comes_back_as_it_was_kept(storage: Storage, content: bytes) -> None:
    storage.put(key(content), BytesIO(content))
    with storage.fetch(key(content)) as found:
        assert found.read() == content
    assert list(storage.names()) == [key(content)]
    assert storage.damage(key(content)) is None


def test_content_kept_twice_is_there_once(storage: Storage) -> None:
    for _ in range(2):
        storage.put(key(SMALL), BytesIO(SMALL))
    assert list(storage.names()) == [key(SMALL)]
    with storage.fetch(key(SMALL)) as found:
        assert found.read() == SMALL


def test_nothing_is_stored_at_first(storage: Storage) -> None:
    assert list(storage.names()) == []
    assert storage.damage(key(SMALL)) == "missing"
    with pytest.raises(StorageUnavailable):
        storage.fetch(key(SMALL))


def test_deleted_content_is_gone(storage: Storage) -> None:
    for content in (SMALL, b"another"):
        storage.put(key(content), BytesIO(content))
    storage.delete(key(SMALL))
    assert list(storage.names()) == [key(b"another")]


def test_content_tells_when_it_was_stored_last(storage: Storage) -> None:
    assert storage.stored_at(key(SMALL)) is None
    begun = datetime.now(UTC).replace(microsecond=0)  # a bucket counts seconds
    storage.put(key(SMALL), BytesIO(SMALL))
    stored = storage.stored_at(key(SMALL))
    assert stored is not None
    assert begun <= stored <= datetime.now(UTC)
    storage.delete(key(SMALL))
    assert storage.stored_at(key(SMALL)) is None


def test_content_that_is_not_its_key_is_altered(storage: Storage) -> None:
    storage.put(key(SMALL), BytesIO(b"forged"))
    assert storage.damage(key(SMALL)) == "altered"
    with pytest.raises(StorageUnavailable):
        storage.fetch(key(SMALL))


@pytest.mark.parametrize("crooked", ["../../etc/passwd", "a", key(SMALL).upper(), key(SMALL) + "/a"])
def test_key_is_never_a_path(storage: Storage, crooked: str) -> None:
    for use in (storage.fetch, storage.damage, storage.delete):
        with pytest.raises(ValueError, match="SHA-256"):
            use(crooked)
    with pytest.raises(ValueError, match="SHA-256"):
        storage.put(crooked, BytesIO(b""))


class Broken(BytesIO):
    """A file that cannot be read to its end."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 0:
            raise OSError("broken")
        return super().read(4)


def test_content_that_breaks_off_is_not_there(storage: Storage) -> None:
    with pytest.raises(StorageUnavailable):
        storage.put(key(SMALL), Broken(SMALL))
    assert list(storage.names()) == []


def test_bucket_that_does_not_exist_is_told(
    bucket: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bucket.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StorageUnavailable):
        Storage("s3://nothing-here").put(key(SMALL), BytesIO(SMALL))


def test_server_that_is_not_there_is_told(bucket: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**bucket, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    for use in (Storage(f"s3://{s3.BUCKET}").fetch, Storage(f"s3://{s3.BUCKET}").damage):
        with pytest.raises(StorageUnavailable):
            use(key(SMALL))


def test_folder_and_files_are_their_owners_alone(tmp_path: Path) -> None:
    Storage(str(tmp_path / "documents")).put(key(SMALL), BytesIO(SMALL))
    for path in (tmp_path / "documents", *(tmp_path / "documents").rglob("*")):
        assert path.stat().st_mode & 0o077 == 0
