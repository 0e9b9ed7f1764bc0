"""Makes a tiny Llama without weights, which vLLM fills in, the same at each start, and two LoRA
adapters with random ones, which is what it wants of an adapter."""

import json
import pathlib
import random
import sys

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, PreTrainedTokenizerFast

VOCABULARY = 436
POSITIONS = 8192
HIDDEN = 64
LAYERS = 2
ADAPTERS = ("one", "two")
ADAPTER_RANK = 8
ADAPTED = ("q_proj", "v_proj")
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "<|{{ message['role'] }}|>\n{{ message['content'] }}\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def text(seed=20261121, words=20_000):
    """Words of syllables, so that there are pairs to merge."""
    chance = random.Random(seed)
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    return [
        " ".join("".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(20))
        for _ in range(words // 20)
    ]


def tokenizer():
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(
        text(),
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=["<|end|>"],
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token="<|end|>",
        chat_template=CHAT_TEMPLATE,
        model_max_length=POSITIONS,
    )


def make_model(directory):
    words = tokenizer()
    words.save_pretrained(directory)
    LlamaConfig(
        architectures=["LlamaForCausalLM"],
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=128,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=POSITIONS,
        eos_token_id=words.eos_token_id,
        bos_token_id=None,
        torch_dtype="bfloat16",
    ).save_pretrained(directory)



def make_adapter(directory, seed):
    directory.mkdir(parents=True, exist_ok=True)
    chance = torch.Generator().manual_seed(seed)

    def weights(rows, columns):
        return torch.randn(rows, columns, generator=chance).to(torch.bfloat16)

    tensors = {}
    for layer in range(LAYERS):
        for projection in ADAPTED:
            prefix = f"base_model.model.model.layers.{layer}.self_attn.{projection}"
            tensors[f"{prefix}.lora_A.weight"] = weights(ADAPTER_RANK, HIDDEN)
            tensors[f"{prefix}.lora_B.weight"] = weights(HIDDEN, ADAPTER_RANK)
    save_file(tensors, directory / "adapter_model.safetensors")
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "tiny",
        "r": ADAPTER_RANK,
        "lora_alpha": 2 * ADAPTER_RANK,
        "target_modules": ADAPTED,
        "bias": "none",
    }
    (directory / "adapter_config.json").write_text(json.dumps(config))


def main(home):
    make_model(home / "model")
    for seed, name in enumerate(ADAPTERS):
        make_adapter(home / "adapters" / name, seed)


main(pathlib.Path(sys.argv[1]))
