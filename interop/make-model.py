"""Makes a tiny Llama without weights: vLLM fills them in, the same at each start."""

import random
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, PreTrainedTokenizerFast

VOCABULARY = 436
POSITIONS = 8192
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


def main(directory):
    words = tokenizer()
    words.save_pretrained(directory)
    LlamaConfig(
        architectures=["LlamaForCausalLM"],
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=POSITIONS,
        eos_token_id=words.eos_token_id,
        bos_token_id=None,
        torch_dtype="bfloat16",
    ).save_pretrained(directory)


main(sys.argv[1])
