"""Sizes for the dimensions that an ONNX file leaves open: the user's, else a default with its reason. Pure."""

import math
import re
from collections.abc import Mapping, Sequence

from advisor.errors import InvalidInputError
from advisor.graphs.onnx_file.model import Dimension, OnnxHeader, Value
from advisor.probe.onnx_file.plan import FreeDimension

BATCH, SEQUENCE, SAMPLES = 1, 128, 16_000
PIECE_SAMPLES = 512 + 64
"""[samples] One piece of sound for a detector of speech activity that keeps a state between pieces: 512 new samples
at 16 kHz and 64 of the piece before. Source: silero-vad 6.2, `OnnxWrapper`."""
IMAGE, DETECTOR_IMAGE = 224, 640
LINE_HEIGHT, LINE_WIDTH, LINE_TURN_WIDTH = 48, 320, 192
"""[pixels] One line of text as PaddleOCR's recognition and its check of direction read it (`rec_image_shape`,
`cls_image_shape` of its configurations)."""
_CHANNELS = frozenset({1, 3, 4})
_BATCH_NAME = re.compile(r"^(n|b|bs|bsz|.*batch.*)$", re.IGNORECASE)
_SEQUENCE_NAME = re.compile(r"seq|len|token|time_?step", re.IGNORECASE)
_SOUND_NAME = re.compile(r"sample|audio|wav|speech|sound|pcm", re.IGNORECASE)
_STATE_NAME = re.compile(r"^(h|c|h_?0|c_?0|h_?n|c_?n)$|state|hidden|cache|past|memory", re.IGNORECASE)
_HEAD_NAME = re.compile(r"kv_cache_dim|head_?(dim|size)", re.IGNORECASE)
_RATE_NAME = re.compile(r"^(sr|sample_?rate|sampling_?rate|fs)$", re.IGNORECASE)
_DETECTOR_OUTPUT = re.compile(r"^output\d+$|boxes|scores|dets|num_det|bbox", re.IGNORECASE)
_DETECTOR_FILE = re.compile(r"(?<![a-z])(yolo\w*|det\w*|ssd|rcnn|seg\w*)(?![a-z])", re.IGNORECASE)
_LINE_FILE = re.compile(r"(?<![a-z])rec(?![a-z])", re.IGNORECASE)
_TURN_FILE = re.compile(r"(?<![a-z])cls(?![a-z])", re.IGNORECASE)
_LARGEST_LINE = 64
_Choice = tuple[int, str]


class Sizes:
    """The sizes of one file's inputs. What one input fixes for a named dimension holds for all."""

    def __init__(
        self, header: OnnxHeader, file_name: str, shapes: Mapping[str, Sequence[int]], dimensions: Mapping[str, int]
    ) -> None:
        """Take what the user asked for.

        Args:
            header: of the file.
            file_name: its name without the folder: a hint for images.
            shapes: input -> whole shape.
            dimensions: name -> size.

        Raises:
            InvalidInputError: `onnx-shape-invalid`; an input or dimension is not there, or a size contradicts the file.
        """
        self._header = header
        self._file_name = file_name
        self._shapes = {name: tuple(shape) for name, shape in shapes.items()}
        self._named: dict[str, _Choice] = {name: (size, "asked for") for name, size in dimensions.items()}
        self._found: dict[str, FreeDimension] = {}
        self._check_names(dimensions)
        for value in header.inputs:
            if value.name in self._shapes:
                self._take(value, self._shapes[value.name])

    @property
    def free(self) -> tuple[FreeDimension, ...]:
        """Sizes that were open, in the order they were chosen."""
        return tuple(self._found.values())

    def shape(self, value: Value) -> tuple[int, ...]:
        """Return the shape of an input, every dimension fixed.

        Raises:
            InvalidInputError: `onnx-shape-needed`; the file states no shape and the user neither.
        """
        if value.name in self._shapes:
            given = self._shapes[value.name]
            for axis, size in enumerate(given):
                if value.shape is None or not isinstance(value.shape[axis], int):
                    self._note(value, axis, (size, "asked for"))
            return given
        if value.shape is None:
            raise InvalidInputError(
                "onnx-shape-needed",
                f"{self._file_name} does not say how many dimensions its input {value.name!r} has.",
                remedy=f"Say its shape in a terminal, for example: probe FILE --shape {value.name}=1x3x224x224.",
            )
        return tuple(self._size(value, axis, item) for axis, item in enumerate(value.shape))

    def _size(self, value: Value, axis: int, item: Dimension) -> int:
        if isinstance(item, int):
            return item
        choice = self._choice(value, axis, item)
        self._note(value, axis, choice)
        if item is not None:
            self._named.setdefault(item, choice)
        return choice[0]

    def _choice(self, value: Value, axis: int, name: str | None) -> _Choice:
        key = _nameless(value, axis) if name is None else name
        if key in self._named:
            return self._named[key]
        total = None if name is None else self._sum(value, axis, name)
        return self._default(value, axis, name or "") if total is None else total

    def _sum(self, value: Value, axis: int, name: str) -> _Choice | None:
        """Return the size of a dimension that the file writes as a sum of others."""
        parts = [part.strip() for part in name.strip("() ").split("+")]
        if len(parts) < 2:
            return None
        sizes = [int(part) if part.isdigit() else self._choice(value, axis, part)[0] for part in parts]
        return sum(sizes), f"the sum {name}"

    def _default(self, value: Value, axis: int, name: str) -> _Choice:
        known = self._of_cache(value, axis, name) or self._image(value, axis)
        if known is not None:
            return known
        if axis > 0 and self._is_piece(value):
            return PIECE_SAMPLES, "a piece of sound, as detectors of speech activity with a state read it"
        if axis > 0 and (_SOUND_NAME.search(name) or self._is_sound(value, name)):
            return SAMPLES, "one second of sound at 16 kHz"
        if _SEQUENCE_NAME.search(name):
            return SEQUENCE, "a usual length of a sequence"
        if axis == 0 or _STATE_NAME.search(value.name):
            return BATCH, "one at a time"
        return SEQUENCE, "no hint in the file: a usual length of a sequence"

    def _of_cache(self, value: Value, axis: int, name: str) -> _Choice | None:
        """Return the size of a batch or of what a decoder with a cache names."""
        if "past" in name.lower():
            return 0, "nothing was read before"
        if "total" in name.lower():
            return self._total(value, axis), "what is read now and what was read before"
        if _BATCH_NAME.match(name):
            return BATCH, "one at a time"
        if self._header.head_size and _HEAD_NAME.search(name):
            return self._header.head_size, "width of an attention head"
        return (0, "nothing was read before") if axis > 0 and "past" in value.name.lower() else None

    def _total(self, value: Value, axis: int) -> int:
        """Return the sequence and what was read before it, by the first names in the file that mean them."""
        names = [item for other in self._header.inputs for item in other.shape or () if isinstance(item, str)]
        names = [name for name in names if "total" not in name.lower() and "+" not in name]
        now = next((name for name in names if _SEQUENCE_NAME.search(name) and "past" not in name.lower()), "")
        before = next((name for name in names if "past" in name.lower()), "")
        read_now = self._choice(value, axis, now)[0] if now else SEQUENCE
        return read_now + (self._choice(value, axis, before)[0] if before else 0)

    def _is_piece(self, value: Value) -> bool:
        """Tell whether an input is a piece of a sound that comes in pieces: a state is handed on beside it."""
        if value.shape is None or len(value.shape) != 2 or not value.data_type.startswith("float"):
            return False
        others = [other for other in self._header.inputs if other.name != value.name]
        keeps = any(_STATE_NAME.search(other.name) and len(other.shape or ()) == 3 for other in others)
        speech = "vad" in self._file_name.lower() or any(_RATE_NAME.match(other.name) for other in others)
        return keeps and speech

    def _is_sound(self, value: Value, name: str) -> bool:
        """Tell whether a free last dimension of an unhelpful name counts samples of sound."""
        if value.shape is None or len(value.shape) > 3 or not value.data_type.startswith("float"):
            return False
        beside_rate = any(_RATE_NAME.match(other.name) for other in self._header.inputs)
        last = name == "" or not _SEQUENCE_NAME.search(name) or beside_rate
        return bool(last and (_SOUND_NAME.search(value.name) or beside_rate) and not _STATE_NAME.search(value.name))

    def _image(self, value: Value, axis: int) -> _Choice | None:
        places = image_axes(value)
        if places is None or axis not in places:
            return None
        which = places.index(axis)
        if self._header.image_size is not None:
            return self._header.image_size[which], "image size noted in the file"
        height = value.shape[places[0]] if value.shape else None
        line = self._line(height)
        if line is not None:
            return line[which], "one line of text, by the file's name or its height"
        if self._is_detector():
            return DETECTOR_IMAGE, "a usual image of a detector, by names in the file"
        return IMAGE, "a usual image"

    def _line(self, height: Dimension) -> tuple[int, int] | None:
        if isinstance(height, int) and height <= _LARGEST_LINE:
            return height, round(LINE_WIDTH / LINE_HEIGHT * height) if height != LINE_HEIGHT else LINE_WIDTH
        if _LINE_FILE.search(self._file_name):
            return LINE_HEIGHT, LINE_WIDTH
        return (LINE_HEIGHT, LINE_TURN_WIDTH) if _TURN_FILE.search(self._file_name) else None

    def _is_detector(self) -> bool:
        names = any(_DETECTOR_OUTPUT.search(output.name) for output in self._header.outputs)
        boxes = "NonMaxSuppression" in self._header.num_by_operator
        return names or boxes or bool(_DETECTOR_FILE.search(self._file_name))

    def _note(self, value: Value, axis: int, choice: _Choice) -> None:
        item = value.shape[axis] if value.shape is not None else None
        name = item if isinstance(item, str) else _nameless(value, axis)
        self._found.setdefault(name, FreeDimension(name=name, value=choice[0], why=choice[1]))

    def _check_names(self, dimensions: Mapping[str, int]) -> None:
        inputs = [value.name for value in self._header.inputs]
        for name in self._shapes:
            if name not in inputs:
                raise _invalid(f"{self._file_name} has no input named {name!r}.", f"It has: {', '.join(inputs)}.")
        named = [item for value in self._header.inputs for item in value.shape or () if isinstance(item, str)]
        known = {part.strip("() ") for item in named for part in (item, *item.split("+"))}
        known |= {
            _nameless(value, axis)
            for value in self._header.inputs
            for axis, item in enumerate(value.shape or ())
            if item is None
        }
        for name, size in dimensions.items():
            if name not in known:
                there = ", ".join(sorted(known)) or "none; use --shape"
                raise _invalid(f"{self._file_name} has no free dimension named {name!r}.", f"It has: {there}.")
            if size < 0:
                raise _invalid(f"The dimension {name!r} cannot be {size}.", "Give a whole number from 0.")

    def _take(self, value: Value, given: tuple[int, ...]) -> None:
        """Compare the user's shape with the file's and keep the named sizes it fixes."""
        if value.shape is None:
            return
        stated = "x".join(str(item) if item is not None else "?" for item in value.shape) or "a single value"
        fits = len(given) == len(value.shape) and all(
            not isinstance(item, int) or item == size for item, size in zip(value.shape, given, strict=True)
        )
        if not fits:
            asked = "x".join(map(str, given))
            raise _invalid(
                f"The input {value.name!r} of {self._file_name} cannot have the shape {asked}.",
                f"Its shape is {stated}.",
            )
        for item, size in zip(value.shape, given, strict=True):
            if isinstance(item, str):
                self._named.setdefault(item, (size, "asked for"))


def image_axes(value: Value) -> tuple[int, int] | None:
    """Return where height and width are, if an input looks like an image: 3 or 4 dimensions, one of them channels."""
    if value.shape is None or len(value.shape) not in (3, 4):
        return None
    if _STATE_NAME.search(value.name) or not (
        value.data_type.startswith("float") or value.data_type in ("uint8", "int8")
    ):
        return None
    first = len(value.shape) - 3
    front, back = value.shape[first], value.shape[-1]
    large = [item for item in value.shape[first:] if isinstance(item, int) and item in _CHANNELS]
    if not large or (len(value.shape) == 3 and 1 in large):
        return None  # three dimensions with a 1: sound or features rather than a picture
    return (first + 1, first + 2) if front in _CHANNELS else (first, first + 1) if back in _CHANNELS else None


def _nameless(value: Value, axis: int) -> str:
    """Return what a free dimension is called to which the file gives no name."""
    return f"{value.name}[{axis}]"


def num_elements(shape: Sequence[int]) -> int:
    """Return the elements of a shape."""
    return math.prod(shape)


def _invalid(message: str, remedy: str) -> InvalidInputError:
    return InvalidInputError("onnx-shape-invalid", message, remedy=remedy)
