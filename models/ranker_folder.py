"""A ranker on disk: a folder of open formats that runs no code when it is loaded.

``ranker.json``
    Format, version, what the ranker is, its settings, and the SHA-256 of every other file and of itself.
``arrays.npz``
    All arrays, uncompressed (so that a small file cannot unpack to a huge one) and without pickle.
``*.ubj``
    XGBoost models, where there are any.

Checksums find damage; every part also checks its own numbers, because whoever can change a file can also change a
checksum.
"""

import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from features.errors import InputError, RankerFormatError
from models.ranker import Ranker
from models.ranker_parts import pack, unpack

FORMAT = "earmark-ranker"
VERSION = 2
MANIFEST = "ranker.json"
ARRAYS = "arrays.npz"
RETRAIN = "train again, or copy the folder again from where it came"


def save_ranker(ranker: Ranker, folder: Path) -> Path:
    """Write a ranker to ``folder``, replacing a ranker that is there, whole or not at all.

    Raises
    ------
    InputError
        If ``folder`` exists and is not a saved ranker.
    """
    if folder.exists() and not (folder / MANIFEST).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not a saved ranker", "choose another folder, or move that one away")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in _files(ranker).items():
            with (staging / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _swap(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


def _swap(staging: Path, folder: Path) -> None:
    """Put a finished folder in place; an old one is moved aside first, since a full folder cannot be overwritten."""
    staging.chmod(0o755)
    if not folder.exists():
        staging.replace(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.replace(aside / "ranker")
    try:
        staging.replace(folder)
    except OSError:
        (aside / "ranker").replace(folder)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _files(ranker: Ranker) -> dict[str, bytes]:
    """Every file of the folder by name."""
    content, arrays, files = pack(ranker)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    files[ARRAYS] = buffer.getvalue()
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    manifest = {"format": FORMAT, "version": VERSION, **content, "files": digests}
    manifest["digest"] = _digest(manifest)
    files[MANIFEST] = json.dumps(manifest, indent=1, allow_nan=False).encode()
    return files


def _digest(manifest: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in manifest.items() if name != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, allow_nan=False).encode()).hexdigest()


def load(folder: str | Path) -> Ranker:
    """Load a saved ranker. Nothing in the folder is executed.

    Raises
    ------
    InputError
        If there is no ranker at ``folder``.
    RankerFormatError
        If it is damaged, was tampered with, or is of a newer format.
    """
    folder = Path(folder)
    manifest = _read_manifest(folder)
    try:
        files = _read_files(folder, manifest)
        return unpack(manifest, _arrays(files[ARRAYS]), files)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, MemoryError) as error:
        raise RankerFormatError(
            f"the ranker at {folder} does not hold what its format asks for: {error}", RETRAIN
        ) from error


def read_info(folder: Path) -> dict[str, Any]:
    """What a saved ranker says of itself, without loading its models; raises as `load`."""
    info = _read_manifest(folder).get("info")
    return info if isinstance(info, dict) else {}


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(f"there is no saved ranker at {folder}", "train one with 'earmark train'")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RankerFormatError(f"{path} is not complete JSON: {error}", RETRAIN) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise RankerFormatError(f"{path} does not describe an earmark ranker", RETRAIN)
    version = manifest.get("version")
    if not isinstance(version, int) or version < 1:
        raise RankerFormatError(f"{path} has no format version", RETRAIN)
    if version < VERSION:
        raise RankerFormatError(
            f"the ranker at {folder} has format {version}, which an older earmark wrote; this one reads {VERSION}",
            "train again: rankers of another format hold other models",
        )
    if version > VERSION:
        raise RankerFormatError(
            f"the ranker at {folder} has format {version}; this earmark reads {VERSION}",
            "update earmark, or train again with this one",
        )
    try:
        digest = _digest(manifest)
    except ValueError as error:
        raise RankerFormatError(f"{path} holds numbers that are not finite", RETRAIN) from error
    if manifest.get("digest") != digest:
        raise RankerFormatError(f"{path} was changed after it was saved: its checksum does not fit", RETRAIN)
    return manifest


def _read_files(folder: Path, manifest: Mapping[str, Any]) -> dict[str, bytes]:
    listed = manifest.get("files")
    if not isinstance(listed, dict) or ARRAYS not in listed:
        raise RankerFormatError(f"{folder / MANIFEST} does not list the ranker's files", RETRAIN)
    files = {}
    for name, digest in listed.items():
        if Path(name).name != name or "\\" in name:
            raise RankerFormatError(f"{folder / MANIFEST} names a file outside its folder: {name!r}", RETRAIN)
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise RankerFormatError(f"{folder / name} cannot be read: {error.strerror}", RETRAIN) from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise RankerFormatError(f"{folder / name} is damaged or was changed: its checksum does not fit", RETRAIN)
        files[name] = content
    return files


def _arrays(content: bytes) -> dict[str, npt.NDArray[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise ValueError("its arrays are compressed")
        with np.load(io.BytesIO(content), allow_pickle=False) as loaded:
            return {name: loaded[name] for name in loaded.files}
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError(f"its arrays cannot be read ({error})") from error
