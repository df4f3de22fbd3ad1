"""A saved ranker that is damaged, changed or too new fails with a clear error and runs no code."""

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.config import FitConfig
from experiments.fitting import fit
from features.errors import EarmarkError, InputError, RankerFormatError
from models.ranker import Ranker
from models.ranker_folder import ARRAYS, MANIFEST, load, read_info


@pytest.fixture(scope="module")
def saved(demo_ranker: Ranker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_ranker.save(tmp_path_factory.mktemp("saved") / "ranker")


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "ranker"))


def reseal(folder: Path, change: Callable[[dict], None] = lambda _: None) -> None:  # type: ignore[type-arg]
    """Do what a clever forger does: change the manifest and make every checksum fit again."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]}
    change(manifest)
    manifest.pop("digest", None)
    manifest["digest"] = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))


def replace_arrays(folder: Path, **changes: np.ndarray) -> None:
    with np.load(folder / ARRAYS) as loaded:
        arrays = dict(loaded) | {name.replace("__", "/"): values for name, values in changes.items()}
    np.savez(folder / ARRAYS, **arrays)


def test_a_resealed_but_unchanged_folder_loads(folder: Path) -> None:
    reseal(folder)
    assert load(folder).members


@pytest.mark.parametrize("name", [MANIFEST, ARRAYS, "member-0-estimator-booster.ubj"])
@pytest.mark.parametrize("keep", [0.0, 0.5, 0.999])
def test_a_truncated_file_is_found(folder: Path, name: str, keep: float) -> None:
    path = next(folder.glob(name.split("-estimator", maxsplit=1)[0] + "*"))
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(RankerFormatError) as caught:
        load(folder)
    assert caught.value.hint


def test_every_single_changed_byte_of_the_manifest_is_found_or_harmless(
    folder: Path, demo_candidates: pd.DataFrame
) -> None:
    original = (folder / MANIFEST).read_bytes()
    expected = load(folder).predict_proba(demo_candidates)
    for position in range(0, len(original), 97):
        changed = bytearray(original)
        changed[position] ^= 1
        (folder / MANIFEST).write_bytes(bytes(changed))
        try:
            found = load(folder).predict_proba(demo_candidates)
        except EarmarkError:
            continue
        assert np.array_equal(found, expected)


def test_a_missing_file_and_a_missing_folder_are_explained(folder: Path, tmp_path: Path) -> None:
    (folder / ARRAYS).unlink()
    with pytest.raises(RankerFormatError, match="cannot be read"):
        load(folder)
    with pytest.raises(InputError, match="no saved ranker"):
        load(tmp_path / "nothing")


def test_a_newer_format_is_told_apart_from_damage(folder: Path) -> None:
    reseal(folder, lambda manifest: manifest.update(version=2))
    with pytest.raises(RankerFormatError, match="format 2") as caught:
        load(folder)
    assert "update earmark" in caught.value.hint


forgeries: dict[str, Callable[[dict], None]] = {  # type: ignore[type-arg]
    "no members": lambda m: m.update(members=[]),
    "members are text": lambda m: m.update(members="abc"),
    "unknown family": lambda m: m["members"][0].update(family="os.system"),
    "family is a path": lambda m: m["members"][0].update(family="../../evil"),
    "settings gone": lambda m: m["members"][0].pop("settings"),
    "blob of another name": lambda m: m["members"][0].update(blobs={"estimator/booster.ubj": "no-such-file"}),
    "threshold above one": lambda m: m.update(threshold=7),
    "threshold is text": lambda m: m.update(threshold="high"),
    "negative slope": lambda m: m["calibration"].update(slope=-1),
    "other features": lambda m: m.update(features=["a"]),
    "file outside the folder": lambda m: m["files"].update({"../secret": "0"}),
    "absolute file": lambda m: m["files"].update({"/etc/passwd": "0"}),
    "a file name that no system knows": lambda m: m["files"].update({"a\x00b": "0"}),
    "a description that is a list": lambda m: m.update(info=[1]),
    "another format": lambda m: m.update(format="pickle"),
    "version is text": lambda m: m.update(version="1"),
}


@pytest.mark.parametrize("change", forgeries.values(), ids=forgeries.keys())
def test_a_forged_manifest_is_refused(folder: Path, change: Callable[[dict], None]) -> None:  # type: ignore[type-arg]
    reseal(folder, change)
    with pytest.raises(RankerFormatError):
        load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"out_of_fold__probability": np.array([2.0])},
        {"out_of_fold__liked": np.array([[1]])},
        {"out_of_fold__liked": np.array([], dtype=int), "out_of_fold__probability": np.array([])},
        {"background": np.zeros((2, 3))},
        {"background": np.zeros((0, 13))},
        {"known__id_key": np.array(["text"])},
    ],
    ids=str,
)
def test_forged_arrays_are_refused(folder: Path, changes: dict[str, np.ndarray]) -> None:
    replace_arrays(folder, **changes)
    reseal(folder)
    with pytest.raises(RankerFormatError):
        load(folder)


def test_a_pickle_among_the_arrays_is_not_opened(folder: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "exploded",))

    np.savez(folder / ARRAYS, allow_pickle=True, background=np.array([Bomb()], dtype=object))
    reseal(folder)
    with pytest.raises(RankerFormatError):
        load(folder)
    assert not (tmp_path / "exploded").exists()


def test_arrays_that_would_unpack_to_far_more_than_they_weigh_are_refused(folder: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(10_000_000))
    with zipfile.ZipFile(folder / ARRAYS, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("background.npy", buffer.getvalue())
    assert (folder / ARRAYS).stat().st_size < 1_000_000
    reseal(folder)
    with pytest.raises(RankerFormatError, match="compressed"):
        load(folder)


def test_a_booster_that_is_not_one_is_refused(folder: Path) -> None:
    next(folder.glob("*.ubj")).write_bytes(b"{" * 1000)
    reseal(folder)
    with pytest.raises(RankerFormatError):
        load(folder)


def test_saving_replaces_a_ranker_but_nothing_else(demo_ranker: Ranker, folder: Path, tmp_path: Path) -> None:
    demo_ranker.save(folder)
    assert load(folder).members
    mine = tmp_path / "music"
    mine.mkdir()
    (mine / "song.mp3").write_text("do not lose me")
    with pytest.raises(InputError, match="not a saved ranker"):
        demo_ranker.save(mine)
    assert (mine / "song.mp3").exists()
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("home")) == ["music", "ranker"]


def test_every_family_survives_saving(demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame, tmp_path: Path) -> None:
    ranker = fit(demo_tracks, FitConfig(budget_s=None, trials=1, models=("tree",))).ranker
    again = load(ranker.save(tmp_path / "tree"))
    assert np.array_equal(again.predict_proba(demo_candidates), ranker.predict_proba(demo_candidates))
    assert read_info(tmp_path / "tree")["model"] == "tree"


def test_an_array_that_claims_to_be_huge_is_refused(folder: Path) -> None:
    with np.load(folder / ARRAYS) as loaded:
        arrays = dict(loaded)
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)})
    with zipfile.ZipFile(folder / ARRAYS, "w") as archive:
        for name, values in arrays.items():
            content = io.BytesIO()
            np.save(content, values)
            archive.writestr(f"{name}.npy", buffer.getvalue() if name == "background" else content.getvalue())
    reseal(folder)
    with pytest.raises(RankerFormatError):
        load(folder)
