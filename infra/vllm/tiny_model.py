"""A language model that knows nothing: a tokenizer of our own and a small Qwen3 whose weights the server draws itself.

For tests of everything but quality. Nothing is downloaded: vLLM fills in random weights (`--load-format dummy`), and
the tokenizer is trained here on the sample catalog, so that a prompt is about as many tokens as with a real model.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from infra.sample.catalog import sample_items

CONTEXT = 8_192
"""Tokens that prompt and answer share: as many as Attune asks of a server."""

_VOCABULARY = 2_048
_END, _START, _STOP = _SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny_model(directory: Path) -> Path:
    """Writes what vLLM needs of a model into `directory`, the same bytes each time; returns it. A second call finds it
    done."""
    if not (directory / "config.json").exists():
        directory.mkdir(parents=True, exist_ok=True)
        tokenizer = _train()
        tokenizer.save(str(directory / "tokenizer.json"))
        _write(directory / "tokenizer_config.json", _tokenizer_config())
        _write(directory / "config.json", _model_config(tokenizer.get_vocab_size()))  # last: it says that all is there
    return directory


def _train() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=list(_SPECIAL),
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),  # any byte can be written
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    return tokenizer


def _texts() -> Iterator[str]:
    for item in sample_items():
        yield json.dumps({"op": "add", "text": item["title"], "interest": 1})
        yield str(item.get("text", ""))


def _tokenizer_config() -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": CONTEXT,
        "eos_token": _STOP,
        "pad_token": _END,
        "chat_template": _TEMPLATE,
    }


def _model_config(vocabulary: int) -> dict[str, Any]:
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "max_position_embeddings": CONTEXT,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-6,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": False,
        "pad_token_id": _SPECIAL.index(_END),
        "bos_token_id": _SPECIAL.index(_STOP),
        "eos_token_id": _SPECIAL.index(_STOP),
        "dtype": "float32",
    }


def _write(file: Path, fields: dict[str, Any]) -> None:
    file.write_text(json.dumps(fields, indent=1) + "\n")
