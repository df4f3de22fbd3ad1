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
from models.ranker_folder import ARRAYS, MANIFEST, VERSION, load, read_info


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


def test_a_resealed_but_unchanged_folder_loads(folder: Path) -> None:
    reseal(folder)
    assert load(folder).members


@pytest.mark.parametrize("name", [MANIFEST, ARRAYS, "members-0-0-*.ubj"])
@pytest.mark.parametrize("keep", [0.0, 0.5, 0.999])
def test_a_truncated_file_is_found(folder: Path, name: str, keep: float) -> None:
    path = next(folder.glob(name))
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
    reseal(folder, lambda manifest: manifest.update(version=VERSION + 1))
    with pytest.raises(RankerFormatError, match=f"format {VERSION + 1}") as caught:
        load(folder)
    assert "update earmark" in caught.value.hint


def test_an_older_format_asks_to_train_again(folder: Path) -> None:
    reseal(folder, lambda manifest: manifest.update(version=1))
    with pytest.raises(RankerFormatError, match="an older earmark wrote") as caught:
        load(folder)
    assert "train again" in caught.value.hint


def model(manifest: dict) -> dict:  # type: ignore[type-arg]
    """The first model's entry."""
    return manifest["members"][0]["models"][0]  # type: ignore[no-any-return]


def platt(slope: float) -> dict[str, object]:
    return {"name": "platt", "parameters": {"slope": slope, "intercept": 0.0}}


forgeries: dict[str, Callable[[dict], None]] = {  # type: ignore[type-arg]
    "no members": lambda m: m.update(members=[]),
    "members are text": lambda m: m.update(members="abc"),
    "members without models": lambda m: m["members"][0].update(models=[]),
    "unknown family": lambda m: model(m).update(family="os.system"),
    "family is a path": lambda m: model(m).update(family="../../evil"),
    "settings gone": lambda m: model(m).pop("settings"),
    "another family's settings": lambda m: model(m).update(family="tree"),
    "blob of another name": lambda m: model(m).update(blobs={"estimator/booster.ubj": "no-such-file"}),
    "weight above one": lambda m: m["members"][0].update(weight=1.5),
    "weight of nothing": lambda m: m["members"][0].update(weight=0),
    "negative weight": lambda m: m["members"][0].update(weight=-1),
    "weights below one": lambda m: m["members"][0].update(weight=0.5),
    "weight is text": lambda m: m["members"][0].update(weight="heavy"),
    "weight is no number": lambda m: m["members"][0].update(weight="nan"),
    "threshold above one": lambda m: m.update(threshold=7),
    "threshold is text": lambda m: m.update(threshold="high"),
    "negative slope": lambda m: m.update(calibration=platt(slope=-1)),
    "negative slope of a member": lambda m: m["members"][0].update(calibration=platt(slope=-1)),
    "unknown calibration": lambda m: m.update(calibration={"name": "os.system", "parameters": {}}),
    "calibration without parameters": lambda m: m.update(calibration={"name": "platt", "parameters": {}}),
    "other inputs": lambda m: m.update(inputs=["a"]),
    "an input less": lambda m: m.update(inputs=m["inputs"][1:]),
    "inputs in another order": lambda m: m.update(inputs=m["inputs"][::-1]),
    "an input twice": lambda m: m.update(inputs=[*m["inputs"][:-1], m["inputs"][-2]]),
    "inputs that are lists": lambda m: m.update(inputs=[[name] for name in m["inputs"]]),
    "profiles of other columns": lambda m: m["profiles"]["settings"].update(columns=["artist_shoe_size"]),
    "profiles without columns": lambda m: m["profiles"]["settings"].pop("columns"),
    "no profiles": lambda m: m.pop("profiles"),
    "no affinity": lambda m: m.pop("affinity"),
    "no evidence": lambda m: m.pop("out_of_fold"),
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


def changed(place: object, value: float) -> Callable[[np.ndarray], np.ndarray]:
    """The same array with another value at one place."""

    def change(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array[place] = value
        return array

    return change


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("out_of_fold/probability", changed(0, 2.0)),
        ("out_of_fold/new", changed(0, -0.1)),
        ("out_of_fold/new", changed(0, np.nan)),
        ("out_of_fold/liked", changed(0, 2)),
        ("out_of_fold/liked", lambda liked: liked[:, None]),
        ("out_of_fold/liked", lambda liked: liked[:1]),
        ("out_of_fold/liked", np.ones_like),
        ("out_of_fold/liked", np.zeros_like),
        ("out_of_fold/familiar", lambda familiar: familiar.astype(np.int8)),
        ("out_of_fold/artist", lambda artist: artist[:-1]),
        ("background", lambda background: background[:, :3]),
        ("background", lambda background: background[:0]),
        ("background", lambda background: background[0]),
        ("background", changed((0, 0), np.inf)),
        ("background", lambda background: background.astype("U8")),
        ("background", lambda background: background.astype(np.complex128)),
        ("affinity/artists", lambda artists: artists[::-1]),
        ("affinity/artists", lambda artists: artists[:-1]),
        ("affinity/artists", changed(0, 0)),
        ("affinity/likes", changed(0, -1.0)),
        ("affinity/skips", changed(0, 1e300)),
        ("affinity/residuals", changed(0, np.nan)),
        ("affinity/residuals", changed(0, 1e6)),
        ("affinity/variances", changed(0, 1e6)),
        ("affinity/coefficients", changed(0, np.inf)),
        ("affinity/coefficients", changed(3, 1e300)),
        ("affinity/coefficients", lambda coefficients: coefficients[:-1]),
        ("profiles/artists", lambda artists: artists[::-1]),
        ("profiles/artist", changed(0, 10**6)),
        ("profiles/artist", changed(0, -1)),
        ("profiles/codes", lambda codes: codes[:, :-1]),
        ("profiles/counted", lambda counted: counted[:-1]),
        ("known/id_key", lambda keys: keys.astype("U8")),
        ("known/name_key", lambda keys: keys[None]),
        ("trained_on/feature_key", lambda keys: keys.astype(np.float64)),
    ],
)
def test_a_forged_array_is_refused(folder: Path, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    with np.load(folder / ARRAYS) as loaded:
        arrays = dict(loaded)
    np.savez(folder / ARRAYS, **{**arrays, name: change(arrays[name])})
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
