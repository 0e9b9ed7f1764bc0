"""Makes what TokenizerCost takes: in the given directory a tokenizer.json of 32,000 tokens, a byte-level
BPE of 6 MB of Python's standard library, and text.txt, of files of it that the tokenizer was not made of.

With `pip install tokenizers`: python3 make.py DIRECTORY
"""

import pathlib
import sys
import sysconfig

from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

TRAINING_BYTES = 6_000_000
TEXT_BYTES = 2_000_000

out = pathlib.Path(sys.argv[1])
training, text = [], []
trained = 0
for file in sorted(pathlib.Path(sysconfig.get_path("stdlib")).rglob("*.py")):
    if "site-packages" in file.parts or "dist-packages" in file.parts:
        continue
    if trained < TRAINING_BYTES:
        training.append(str(file))
        trained += file.stat().st_size
    elif sum(map(len, text)) < TEXT_BYTES:
        text.append(file.read_text(errors="ignore"))

made = Tokenizer(models.BPE())
made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
made.train(
    training,
    trainers.BpeTrainer(
        vocab_size=32_000,
        special_tokens=["<|begin|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    ),
)
made.post_processor = processors.TemplateProcessing(
    single="<|begin|> $A", special_tokens=[("<|begin|>", made.token_to_id("<|begin|>"))]
)
made.save(str(out / "tokenizer.json"))
(out / "text.txt").write_text("".join(text))
