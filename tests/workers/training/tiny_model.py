"""A sentence-transformers directory of one's own, with random weights: 2 layers of 32 and a few words, in a second."""

import string
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def write_tiny_model(folder: Path, words: list[str]) -> Path:
    """Knows these words and spells all others."""
    letters = [*string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase), *string.punctuation]
    vocabulary = dict.fromkeys([*_SPECIAL, *letters, *string.digits, *words])
    bert = folder.parent / f"{folder.name}-bert"
    bert.mkdir(parents=True)
    (bert / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    transformers: Any = import_module("transformers")  # it defines its names as they are asked for
    transformers.BertTokenizerFast(str(bert / "vocab.txt")).save_pretrained(str(bert))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    transformers.BertModel(config).save_pretrained(str(bert))
    modules = [Transformer(str(bert), max_seq_length=64), Pooling(32), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder), create_model_card=False)
    return folder
