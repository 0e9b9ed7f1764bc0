"""Makes what TokenizerCheck takes: texts of many scripts, lengths and oddities, cut anywhere, with the
first 1,024 tokens that the Python library makes of the whole of each.

With `pip install tokenizers`: python3 ids.py TOKENIZER.json OUT.tsv TEXT...
"""

import base64
import pathlib
import random
import sys

from tokenizers import Tokenizer

LENGTHS = [50, 500, 2000, 4000, 5000, 6000, 6100, 6200, 7000, 8000, 9000, 12000, 16000, 20000, 30000, 60000]
TEXTS = 12
ODD = [
    "缓存命中率决定了推理成本，路由器应当把请求送到已有前缀的副本。",
    "プレフィックスキャッシュは再利用される。",
    "الذاكرة المؤقتة للبادئة تعاد استخدامها في كل طلب.",
    "Кэш префикса хранится на реплике до вытеснения.",
    "캐시 적중률을 높인다.",
    "हिन्दी में पाठ कैश",
    "👩‍👩‍👧‍👦🚀🔥 ünïcödé ñandú ß İstanbul",
    "\t\t  \n\n\n    ",
    "0123456789 3.14159e-10 0xDEADBEEF",
    "<|im_start|>user\nhi<|im_end|>",
    "a" * 300,
]

made = random.Random(7)
sources = [pathlib.Path(file).read_text(encoding="utf-8") for file in sys.argv[3:]]


def text(length):
    out = ""
    while len(out) < length:
        if made.random() < 0.5:
            source = made.choice(sources)
            begin = made.randrange(max(1, len(source) - 400))
            out += source[begin : begin + made.randrange(20, 2000)]
        else:
            out += made.choice(ODD) * made.randrange(1, 4)
        if made.random() < 0.3:
            out += " " * made.randrange(20) + "\n" * made.randrange(4)
    return out[:length]


tokenizer = Tokenizer.from_file(sys.argv[1])
tokenizer.no_truncation()
tokenizer.no_padding()
with open(sys.argv[2], "w") as out:
    for one in [text(length) for length in LENGTHS for _ in range(TEXTS)]:
        for special in (True, False):
            ids = tokenizer.encode(one, add_special_tokens=special).ids
            encoded = base64.b64encode(one.encode()).decode()
            out.write(f"{encoded}\t{special}\t{len(ids)}\t{','.join(map(str, ids[:1024]))}\n")
