"""Makes tokenizer.json and expected.json: a small byte-level BPE of this project's own documentation,
and what the library that engines use makes of some texts with it.

From the root of the source tree, with `pip install tokenizers` (0.23.3 made what is here):
python3 testkit/src/main/resources/io/warmpath/testkit/tokenizer/make.py
"""

import json
import pathlib

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

here = pathlib.Path(__file__).parent
docs = sorted(pathlib.Path("docs").glob("*.md"))

made = Tokenizer(models.BPE())
made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
made.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(
    vocab_size=600,
    special_tokens=["<|begin|>"],
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    show_progress=False,
)
made.train([str(page) for page in docs], trainer)
made.post_processor = processors.TemplateProcessing(
    single="<|begin|> $A", special_tokens=[("<|begin|>", made.token_to_id("<|begin|>"))]
)
made.save(str(here / "tokenizer.json"))

TEXTS = [
    "hello",
    "A router sends requests that share a prefix to one replica.",
    "  two  spaces,\n\ttabs and\r\nlines\n\n",
    "é, ß, 漢字, 😀😀 and \u200d more",
    '{"tools":[],"messages":[{"content":"hi","role":"user"}]}',
    "".join(f"{number} replicas hold the prefix; " for number in range(300)),
]
expected = [
    {
        "text": text,
        "special": special,
        "ids": made.encode(text, add_special_tokens=special).ids,
    }
    for text in TEXTS
    for special in (True, False)
]
lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in expected)
(here / "expected.json").write_text("[" + lines + "]\n")
