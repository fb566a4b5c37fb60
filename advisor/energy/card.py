"""What the meters of graphics cards on Linux share: names and files of the sensor folder."""

from pathlib import Path

from advisor.energy.count_file import CountFile, Files
from advisor.energy.meter import MeterError
from advisor.hardware import pci
from advisor.hardware.reading import UnreadableError, find_text
from advisor.hardware.roots import Roots

RULE_FILE = "/etc/udev/rules.d/70-energy-meter-gpu.rules"


def read_name(roots: Roots, card: pci.Card, otherwise: str) -> str:
    """Return what people call a card.

    Args:
        roots: where the list of PCI names is.
        card: the card.
        otherwise: where nothing states a name.
    """
    try:
        return find_text(card.folder / "product_name") or pci.read_name(roots, card.vendor, card.device)
    except UnreadableError:
        return otherwise


def first_readable(paths: tuple[Path, ...], files: Files) -> Path | None:
    """Return the first file that gives a count now, else the first that is there at all, or null.

    Raises:
        PermissionError: none gives a count and one may not be read.
    """
    there: list[Path] = []
    refusal: PermissionError | None = None
    for path in paths:
        try:
            file = CountFile(path, files)
        except PermissionError as error:
            refusal = error
            continue
        except OSError:
            continue
        there.append(path)
        try:
            file.read()
        except (OSError, MeterError):
            continue
        finally:
            file.close()
        return path
    if refusal is not None and not there:
        raise refusal
    return there[0] if there else None


def remedy(driver: str, names: tuple[str, ...]) -> str:
    """Return the rule that lets a group read files of a sensor folder; the user installs it, never the app.

    Args:
        driver: name of the sensors.
        names: of the files.
    """
    files = " ".join(f"/sys/%p/{name}" for name in names)
    return f"""Give a group of trusted people the right to read it. Run once, as administrator:
sudo groupadd --system --force energy
sudo usermod --append --groups energy "$USER"
echo 'SUBSYSTEM=="hwmon", ATTR{{name}}=="{driver}", RUN+="/usr/bin/chgrp -f energy {files}", \
RUN+="/usr/bin/chmod -f g+r {files}"' | sudo tee {RULE_FILE}
sudo udevadm control --reload
sudo udevadm trigger --subsystem-match=hwmon --action=add
Then log out and in again. To undo it: sudo rm {RULE_FILE}, and start the computer again."""
