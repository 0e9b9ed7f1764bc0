"""Prints what a wheel requires on this machine, but for what is installed already under a pin."""

import sys
import zipfile
from email.parser import Parser

from packaging.requirements import Requirement

PINNED_ELSEWHERE = {"torch", "torchvision", "torchaudio"}


def main(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    for line in metadata.get_all("Requires-Dist", []):
        requirement = Requirement(line)
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and requirement.name.lower() not in PINNED_ELSEWHERE:
            requirement.marker = None
            print(requirement)


main(sys.argv[1])
