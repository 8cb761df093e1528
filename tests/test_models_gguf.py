"""A package that assembles a GGUF file becomes a checkpoint: the same model and tokenizer, in float32."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from serac.config.models import CheckpointSettings
from serac.errors import MissingSourceError
from serac.models.checkpoints import make_checkpoint
from serac.tasks.chat import ChatTask
from tiny_gemma import TEMPLATE, gemma

gguf = pytest.importorskip("gguf")
pytest.importorskip("accelerate")

WORDS = ["<pad>", "<eos>", "<bos>", "<unk>", "\n", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *"abcdeKLQAynow?:"]


@pytest.fixture(scope="module")
def model() -> Any:
    return gemma(words=len(WORDS), inner=64)  # rows of 8-bit matrices come in blocks of 32 numbers


@pytest.fixture(scope="module")
def file(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model as llama.cpp writes it: matrices in 8 bits, norms plus 1."""
    path, config = tmp_path_factory.mktemp("gguf") / "tiny.gguf", model.config
    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_sliding_window(config.sliding_window)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(WORDS)
    writer.add_token_scores([-float(place) for place in range(len(WORDS))])
    writer.add_token_types([3 if word in WORDS[:4] else 6 if word.startswith("<0x") else 1 for word in WORDS])
    writer.add_pad_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_unk_token_id(3)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.GEMMA3, config.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        values = (tensor + 1 if "norm" in name else tensor).numpy()
        kind = gguf.GGMLQuantizationType.Q8_0 if values.ndim == 2 else gguf.GGMLQuantizationType.F32
        new = names.get_name(name, try_suffixes=(".weight",))
        assert new, name
        writer.add_tensor(new, gguf.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def checkpoint(file: Path, monkeypatch: pytest.MonkeyPatch, checksum: str | None = None) -> CheckpointSettings:
    """Settings of a package that assembles the file."""

    def assemble(path: Path) -> str:
        path.write_bytes(file.read_bytes())
        return str(path)

    package: Any = SimpleNamespace(assemble=assemble)
    monkeypatch.setitem(sys.modules, "tiny_gguf", package)
    sha256 = checksum or hashlib.sha256(file.read_bytes()).hexdigest()
    return CheckpointSettings(
        source="gguf", package="tiny_gguf", sha256=sha256, licence="Some terms", chat_template=TEMPLATE % ""
    )


def test_the_checkpoint_is_the_model_of_the_file(
    file: Path, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "made"
    make_checkpoint(checkpoint(file, monkeypatch), tmp_path, made, tmp_path / "work", seed=0)
    assert "Some terms" in capsys.readouterr().out
    assert sorted(path.name for path in made.iterdir() if path.suffix == ".safetensors") == ["model.safetensors"]
    assert not list((tmp_path / "work").iterdir())
    read = AutoModelForCausalLM.from_pretrained(made).eval()
    assert read.dtype == torch.float32
    for name, tensor in read.state_dict().items():
        torch.testing.assert_close(tensor, model.state_dict()[name], atol=0.01, rtol=0)
    task = ChatTask(AutoTokenizer.from_pretrained(made), 16)
    asked = task.encode_inputs(["Kenya?"])
    assert task.texts(asked["input_ids"]) == ["Kenya?"]
    ids = asked["input_ids"]
    assert torch.equal(read(ids).logits.argmax(-1), model(ids).logits.argmax(-1))


def test_another_file_is_refused(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = checkpoint(file, monkeypatch, "0" * 64)
    with pytest.raises(MissingSourceError, match="SHA-256"):
        make_checkpoint(settings, tmp_path, tmp_path / "made", tmp_path / "work", seed=0)


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    settings = CheckpointSettings(source="gguf", package="no_such_package")
    with pytest.raises(MissingSourceError, match=r"no_such_package.*language-model"):
        make_checkpoint(settings, tmp_path, tmp_path / "made", tmp_path / "work", seed=0)
