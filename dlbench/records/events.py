"""What happens to a trial, as events; the one place that turns them into JSON lines and back.

A run file holds one event a line, and a worker sends its parent such lines too. Lines are strict JSON: NaN and the
infinities, which JSON lacks, are text. A field with its default value has no key, and a key that a class does not
know, such as one of a newer dlbench, is ignored.
"""

from __future__ import annotations

import base64
import functools
import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, TypeVar, get_args

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from dlbench.reading import MAX_INTEGER, plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

NotFinite = Literal["NaN", "Infinity", "-Infinity"]
Whole = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]
if TYPE_CHECKING:
    Number = float
else:
    Number = Whole | float | Annotated[NotFinite, AfterValidator(float)]
Numbers = dict[str, Number]
LIVE: Final = ("index", "of")  # fields of messages alone: whoever watches needs them, no file keeps them
MOST_NUMBERS: Final = 200_000  # in pictures: a run file is read whole, and many of them are
OPENING: Final = b'{"event": "'
Kind = TypeVar("Kind", bound="Event")


class Unreadable(ValueError):
    """A line that is no JSON, or no event."""


class Unsound(ValueError):
    """An event with a field that is missing or wrong; the message is one line that says which."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a trial. index: of the trial among those that a worker was given."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"strict": True}
    index: int = field(default=0, kw_only=True)

    @property
    def kind(self) -> str:
        """What lines call it."""
        return kind_of(type(self))


@dataclass(frozen=True)
class Start(Event):
    """The first of a file: all that is needed to repeat the trial.

    code: of the files that decide the result; None for runs of dlbench 0.1. In timing files, mode: `train` or `infer`;
    process: its number; data: their name, or `synthetic`; sized: whether memory was looked at for this very process.
    """

    schema: Whole
    recipe: dict[str, Any]
    recipe_digest: str
    budget: str
    seed: Whole
    execution: dict[str, Any]
    machine: dict[str, Any]
    versions: dict[str, Any]
    started: str
    code: dict[str, Any] | None = None
    mode: str | None = None
    process: Whole | None = None
    data: str | None = None
    sized: bool | None = None

    @property
    def code_digest(self) -> str:
        """The digest of the code that ran; empty where the run did not keep it."""
        return str(self.code["digest"]) if self.code else ""


@dataclass(frozen=True)
class Ready(Event):
    """Data and model are there. copies: of a model that learns for several seeds at once."""

    dataset_digest: str
    train_examples: Whole
    test_examples: Whole
    parameters: Whole
    multiply_adds: Whole
    copies: Whole | None = None
    code: str | None = None
    data_files: dict[str, str] | None = None


@dataclass(frozen=True)
class Estimate(Event):
    """How long the trial will take, and how long at the full budget; None where that is unknown."""

    seconds: Number | None
    full_seconds: Number | None


@dataclass(frozen=True)
class Lap(Event):
    """Steps that were timed as one; loss is their mean. warm_up: the first of its process. of: the last step to be."""

    step: Whole
    examples: Whole
    seconds: Number
    loss: Number
    counts: Numbers
    warm_up: bool | None = None
    of: Whole = 0


@dataclass(frozen=True)
class Score(Event):
    """A look at the model, on the way or final; examples_per_split: None for all."""

    step: Whole
    final: bool
    examples_per_split: Whole | None
    metrics: Numbers
    seconds: Number


@dataclass(frozen=True)
class Pictures(Event):
    """What a recipe shows of its trained model: by name the shape of an array, and its numbers as a byte each."""

    pictures: dict[str, Any]

    @classmethod
    def of(cls, pictures: Mapping[str, Tensor], index: int = 0) -> Pictures:
        """The event for arrays of numbers in [0, 1], of any shape; numbers beyond are cut off.

        Raises ValueError for more than MOST_NUMBERS, which are no picture.
        """
        if sum(picture.numel() for picture in pictures.values()) > MOST_NUMBERS:
            raise ValueError(f"pictures of more than {MOST_NUMBERS:,} numbers: show fewer or smaller ones")
        contents = {name: {"shape": list(picture.shape), "bytes": _text(picture)} for name, picture in pictures.items()}
        return cls(contents, index=index)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The arrays again, to a 255th."""
        import numpy as np

        return {
            name: np.frombuffer(base64.b64decode(content["bytes"]), dtype=np.uint8).reshape(content["shape"]) / 255
            for name, content in self.pictures.items()
        }


def _text(picture: Tensor) -> str:
    return base64.b64encode((picture.clamp(0, 1) * 255).round().byte().cpu().numpy().tobytes()).decode()


@dataclass(frozen=True)
class Resumed(Event):
    """Another process goes on after this step."""

    step: Whole


@dataclass(frozen=True)
class End(Event):
    """How the trial ended, and its totals, as far as it came: sums over all processes that took part in it."""

    status: str
    message: str
    steps: Whole | None = None
    examples: Whole | None = None
    training_seconds: Number | None = None
    first_step_seconds: Number | None = None
    warm_up_seconds: Number | None = None
    warm_up_examples: Whole | None = None
    wall_seconds: Number | None = None
    peak_memory_bytes: Whole | None = None
    device_peak_bytes: Whole | None = None
    weights_digest: str | None = None
    traceback: str | None = None
    joules: Number | None = None


@dataclass(frozen=True)
class Edge(Event):
    """All events before this step have been sent: the checkpoint may be kept."""

    step: int


@dataclass(frozen=True)
class Note(Event):
    """What a person should know."""

    message: str


@dataclass(frozen=True)
class Busy(Event):
    """Another process runs the trial."""


@dataclass(frozen=True)
class Skipped(Event):
    """Another process has finished the trial meanwhile."""

    status: str


@dataclass(frozen=True)
class Changed(Event):
    """The trial is no longer what was planned."""

    message: str


@dataclass(frozen=True)
class Refused(Event):
    """The user can mend it."""

    message: str


@dataclass(frozen=True)
class Failed(Event):
    """A process failed."""

    message: str
    traceback: str | None = None


@dataclass(frozen=True)
class Done(Event):
    """All that was asked for has been done."""


@dataclass(frozen=True)
class Started(Event):
    """Trials have been given a process."""


@dataclass(frozen=True)
class Waiting(Event):
    """Other processes run so many trials in the folder `out`."""

    trials: int
    out: str


@dataclass(frozen=True)
class Stopped(Event):
    """Nothing more is started."""

    message: str


@dataclass(frozen=True)
class Unlocked(Event):
    """No locks work in the folder `out`."""

    out: str


@dataclass(frozen=True)
class Batch(Event):
    """The batch size that `--batch-size auto` chose, the largest that fits into memory, and how that is known."""

    batch_size: Whole
    largest: Whole | None = None
    why_largest: str = ""


@dataclass(frozen=True)
class Size(Event):
    """The size of what is timed: parameters, peak memory in bytes, and operations; memory by kind, see `memory_kinds`.

    largest_batch_size: that fits into memory, where `--batch-size auto` has looked for it.
    """

    batch_size: Whole
    parameters: Whole
    process_peak_bytes: Number
    device_peak_bytes: Number | None
    flop_per_step: Number | None = None
    parameter_bytes: Whole | None = None
    buffer_bytes: Whole | None = None
    gradient_bytes: Whole | None = None
    optimizer_bytes: Whole | None = None
    activation_bytes: Whole | None = None
    largest_batch_size: Whole | None = None


@dataclass(frozen=True)
class Timing(Event):
    """Raw laps of a process, each of so many steps and examples, and what disturbed them; see `laps`, `disturbance`.

    cpu_seconds: of all threads of the process, in each lap, where laps were asked for one by one.
    batch_seconds: of every single batch of inference, one after the other, in a closed loop after the laps.
    arrivals_per_second: of the open loop after that, whose requests waited and were served; see `measure.latency`.
    """

    first_step_seconds: Number
    steps: Whole
    examples: Whole
    seconds: list[Number]
    ended: str | None = None
    cpu_seconds: list[Number] | None = None
    joules: Number | None = field(kw_only=True)
    uncounted: str | None = None
    before: dict[str, Any] | None = None
    during: dict[str, Any] | None = None
    cores: Whole | None = None
    denormals_flushed: bool | None = None
    gemm_tflops: Number | None = None
    conv_tflops: Number | None = None
    batch_seconds: list[Number] | None = None
    arrivals_per_second: Number | None = None
    waiting_seconds: list[Number] | None = None
    service_seconds: list[Number] | None = None
    late_seconds: Number | None = None


@dataclass(frozen=True)
class Profile(Event):
    """What so many steps took, operation by operation, beside the peaks that the same process measured.

    operations: a mapping each, the fields of `dlbench.measure.roofline.Operation`.
    """

    steps: Whole
    seconds: Number
    operations: list[dict[str, Any]]
    tflops: Number
    gb_per_second: Number
    launch_seconds: Number


@dataclass(frozen=True)
class Built(Event):
    """A process that takes turns is built, and waits for a number of steps."""


@dataclass(frozen=True)
class Turn(Event):
    """A lap of as many steps as were asked for. cpu_seconds: of all threads of the process."""

    steps: Whole
    examples: Whole
    seconds: Number
    cpu_seconds: Number


def kind_of(event: type[Event]) -> str:
    """What lines call events of a class: `Lap` is `lap`."""
    return event.__name__.lower()


CLASSES: Final[Mapping[str, type[Event]]] = {kind_of(event): event for event in Event.__subclasses__()}
OVER: Final = (End, Busy, Skipped, Changed)  # after them a trial is not under way any more


def line(event: Event) -> str:
    """The event as a line of a file, its end included."""
    return _line(event, LIVE)


def message(event: Event) -> str:
    """The event as the line that a worker sends."""
    return _line(event, ())


def parse(text: bytes | str, event_class: type[Kind]) -> Kind:
    """The event of this class in a line; raises Unreadable or Unsound."""
    try:
        event: Kind = _reader(kind_of(event_class)).validate_json(text)
        return event
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if problem["type"] == "json_invalid":
            raise Unreadable(plain(problem["msg"])) from None
        where = ": ".join([kind_of(event_class), *(repr(key) for key in problem["loc"][:1])])
        raise Unsound(plain(f"{where}: {problem['msg']}")) from None


def of_message(text: str) -> Event:
    """The event in a worker's line; raises Unsound, or Unreadable, as a killed worker leaves half a line."""
    name = kind(text.encode())
    if name not in CLASSES:
        raise Unreadable(f"no event is called {name!r}")
    return parse(text, CLASSES[name])


def kind(text: bytes) -> str:
    """What sort of event a line holds, whether it is sound or not; raises Unreadable."""
    if text.startswith(OPENING):
        return text[len(OPENING) : text.find(b'"', len(OPENING))].decode("utf-8", "replace")
    try:
        return str(json.loads(text)["event"])
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise Unreadable(str(error)) from None


def schema(text: bytes) -> object:
    """The schema that the first line of a file names; None if it names none."""
    try:
        return json.loads(text).get("schema")
    except (ValueError, AttributeError, RecursionError):
        return None


def number(value: Any) -> Any:
    """A number that is not finite, which `line` wrote as text, as a number again; anything else as it is."""
    return float(value) if isinstance(value, str) and value in get_args(NotFinite) else value


def _line(event: Event, but: tuple[str, ...]) -> str:
    entries = (entry for entry in fields(event) if entry.name not in but)
    values = {entry.name: value for entry in entries if (value := getattr(event, entry.name)) != entry.default}
    content = {"event": event.kind} | values
    with suppress(ValueError):
        text = json.dumps(content, allow_nan=False)
        if "\\ud" not in text:  # which may be half a pair of surrogates: no text
            return text + "\n"
    return json.dumps(_strict(content), allow_nan=False) + "\n"


@functools.cache
def _reader(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(CLASSES[kind])


def _strict(value: Any) -> Any:
    """The value as strict JSON can hold it: numbers that are not finite as text, and text that is Unicode."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_strict(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    return value
