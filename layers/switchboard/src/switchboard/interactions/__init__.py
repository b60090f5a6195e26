"""An interaction: one call, chat, e-mail or voicemail, as a pure fold over its group's events.

    events → steps (a set: once each, in no order) → the record

Steps of parts of a group may be read anywhere and joined with `|`; the record of the union is that
of the whole. Whatever is lost, repeated or out of order, the fold says what the rest says.
"""

from switchboard.interactions.fold import fold, record_of, record_without_end
from switchboard.interactions.record import Interaction, Outcome, State
from switchboard.interactions.steps import Step, Steps, read_steps

__all__ = [
    "Interaction",
    "Outcome",
    "State",
    "Step",
    "Steps",
    "fold",
    "read_steps",
    "record_of",
    "record_without_end",
]
