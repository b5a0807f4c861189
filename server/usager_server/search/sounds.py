"""How a French name sounds, roughly: DUPOND and DUPONT, HÉLÈNE and ELENE, PHILIPPE and FILIPE are one to it."""

import re

from usager_server.remembering import remembering

# In this order; what is said the same way becomes the same letter.
_SAID = (
    ("sch", "s"), ("ch", "s"), ("sh", "s"), ("ph", "f"), ("th", "t"), ("ck", "k"), ("qu", "k"), ("gu", "g"),
    ("eau", "o"), ("au", "o"), ("oe", "e"), ("ae", "e"), ("ai", "e"), ("ei", "e"), ("ay", "e"), ("ey", "e"),
    ("y", "i"), ("q", "k"), ("w", "v"), ("z", "s"), ("x", "s"),
)  # fmt: skip
_SOFT_C, _SOFT_G = re.compile("c(?=[eiy])"), re.compile("g(?=[eiy])")
_DOUBLE = re.compile(r"(.)\1+")
_SILENT = "dehpst"


@remembering(65536)
def sound(word: str) -> str:
    """Return the sound of a normalised word, without its silent end; a word of silent letters keeps its first."""
    text = _SOFT_G.sub("j", _SOFT_C.sub("s", word))
    for spelled, said in _SAID:
        text = text.replace(spelled, said)
    text = _DOUBLE.sub(r"\1", text.replace("c", "k").replace("h", ""))
    return text.rstrip(_SILENT) or text[:1]
