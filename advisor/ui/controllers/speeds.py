"""What is known of this computer's speed, for the controllers: functions that import late, called in a worker."""

import contextlib
from typing import TYPE_CHECKING

import msgspec

from advisor import paths
from advisor.errors import StorageError
from advisor.hardware.model import HardwareProfile
from advisor.probe.plan import ProbeResult
from advisor.ui.store import SpeedState

if TYPE_CHECKING:
    from advisor.estimate.model import Roofs
    from advisor.evaluate.compression_plan import CompressionResult
    from advisor.graphs.kernel_case import Calibration

HISTORY_FILE = "history.sqlite"
"""The same as the command line's: what one measured the other knows."""


def calibration_request(profile: HardwareProfile) -> bytes:
    """Return what the job `calibrate` is asked on this computer."""
    from advisor.probe import calibration_plan

    return msgspec.json.encode(calibration_plan.request(profile))


def keep_calibration(answer: bytes, profile: HardwareProfile, probes: tuple[ProbeResult, ...]) -> SpeedState:
    """Add a calibration to the history; errors as `History.open` and `calibration.fitted`."""
    from advisor.estimate import calibration
    from advisor.history.store import History

    found = msgspec.json.decode(answer, type=calibration.Calibration)
    calibration.fitted(found)  # before it is kept: half a calibration is none
    history = History(paths.data_folder() / HISTORY_FILE).open()
    try:
        history.add_calibration(found)
    finally:
        history.close()
    return speed(profile, probes)


def speed(profile: HardwareProfile, probes: tuple[ProbeResult, ...]) -> SpeedState:
    """Return what is known of this computer's speed.

    Args:
        profile: of the computer.
        probes: all that were made; those of other computers are passed over.
    """
    from advisor.estimate import calibration
    from advisor.probe.calibration_plan import runtime_version
    from advisor.report import calibration as words

    here = tuple(probe for probe in probes if probe.fingerprint == profile.fingerprint and probe.outcome == "finished")
    waiting = words.lessons(None, num_made=len(here))
    found = calibration_of(profile)
    if found is None:
        return SpeedState(learned=waiting)
    reasons = calibration.stale(found, profile, runtime_version(), profile.power.source.value)
    if reasons:
        return SpeedState(lines=words.lines(found, calibration.not_used(found, reasons)), learned=waiting)
    return SpeedState(
        created=found.created, lines=words.lines(found, ""),
        learned=words.lessons(_taught(profile, found, here).learned, num_made=len(here)),
    )  # fmt: skip


def _taught(profile: HardwareProfile, found: "Calibration", probes: tuple[ProbeResult, ...]) -> "Roofs":
    from advisor.catalog import own_models
    from advisor.estimate import roofs
    from advisor.recommend import learned

    return learned.taught(roofs.from_profile(profile, calibration=found), probes, own_models.catalog())


def calibration_of(profile: HardwareProfile) -> "Calibration | None":
    """Return the newest calibration of this computer, one that holds if any does.

    A history in trouble is no reason to fail: the page that lists it says so.
    """
    from advisor.estimate import calibration
    from advisor.history.store import History
    from advisor.probe.calibration_plan import runtime_version

    with (
        contextlib.suppress(StorageError),
        contextlib.closing(History(paths.data_folder() / HISTORY_FILE).open()) as history,
    ):
        found = history.calibrations(fingerprint=profile.fingerprint)
        return calibration.best(found, profile, runtime_version())
    return None


def compressions_of(profile: HardwareProfile) -> "tuple[CompressionResult, ...]":
    """Return what compression was measured to cost on this computer, newest first; trouble as `calibration_of`."""
    from advisor.evaluate.compression_plan import KIND, CompressionResult
    from advisor.history.store import History

    with (
        contextlib.suppress(StorageError),
        contextlib.closing(History(paths.data_folder() / HISTORY_FILE).open()) as history,
    ):
        return history.evaluations(KIND, CompressionResult, fingerprint=profile.fingerprint)
    return ()
